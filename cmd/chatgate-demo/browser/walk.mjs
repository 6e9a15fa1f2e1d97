// Signing in from a chat's login frame, in every browser that puppeteer drives. The chat may be a page or inside one,
// so most of these take the frame it is in; for a page that is its main frame.

import { setTimeout as pause } from 'node:timers/promises';
import { enterPassword, hook, press } from './pages.mjs';
import { world } from './world.mjs';

const WAIT = 20_000; // ms
const LOOK_AGAIN = 100; // ms

// until looks again and again for what find returns, because not every browser tells of every frame and window.
export async function until(what, find) {
  for (const deadline = Date.now() + WAIT; Date.now() < deadline;) {
    const found = await find();
    if (found) return found;
    await pause(LOOK_AGAIN);
  }
  throw new Error(`${what}: not within ${WAIT} ms`);
}

export const frameAt = (page, prefix) => until(`a frame at ${prefix}`, () => page.frames().find((f) => f.url().startsWith(prefix)));

// loginFrameOf is our page for a chat, wherever that is.
export async function loginFrameOf(page, chat = 'rocketchat') {
  const frame = await frameAt(page, `${world.gateway}/${chat}/frame`);
  await frame.waitForSelector('h1');
  return frame;
}

// signInNewWindow signs in through the window that the frame's button opens, which closes by itself. The pages around the
// frame may still move while they load: a mouse that missed the button presses again, one that hit it does not.
export async function signInNewWindow(page, username, chat = 'rocketchat') {
  const opened = await openWindow(page, chat);
  await enterPassword(opened, username);
  await until('the end of the window', () => opened.isClosed());
}

// openWindow presses the frame's button and returns the window that this opens.
export async function openWindow(page, chat) {
  const frame = await loginFrameOf(page, chat);
  const before = await page.browserContext().pages();
  await until('a press that arrives', async () => {
    await press(frame, hook('login'));
    await pause(LOOK_AGAIN);
    return frame.evaluate(() => document.querySelector('[data-frame]').dataset.state !== 'ready');
  });
  return until('a new window', async () => (await page.browserContext().pages()).find((p) => !before.includes(p)));
}

// signInSameWindow signs in through the button that takes the whole window to the provider.
export async function signInSameWindow(page, username, button = hook('login-top')) {
  const frame = await loginFrameOf(page);
  await press(frame, button);
  await enterPassword(page, username);
}
