// Signing in from a chat's login frame, in every browser that puppeteer drives. The chat may be a page or inside one,
// so most of these take the frame it is in; for a page that is its main frame.

import { setTimeout as pause } from 'node:timers/promises';
import { enterPassword, hook, press } from './pages.mjs';
import { world } from './world.mjs';

const WAIT = 40_000; // ms; a machine that is busy takes its time
const LOOK_AGAIN = 100; // ms
const PRESS_AGAIN = 10; // looks

// until looks again and again for what find returns, because not every browser tells of every frame and window.
export async function until(what, find, within = WAIT) {
  for (const deadline = Date.now() + within; Date.now() < deadline;) {
    const found = await find();
    if (found) return found;
    await pause(LOOK_AGAIN);
  }
  throw new Error(`${what}: not within ${within} ms`);
}

export const frameAt = (page, prefix) => until(`a frame at ${prefix}`, () => page.frames().find((f) => f.url().startsWith(prefix)));

// loginFrameOf is our page for a chat, wherever that is.
export async function loginFrameOf(page, chat = 'rocketchat') {
  const frame = await frameAt(page, `${world.gateway}/${chat}/frame`);
  await frame.waitForSelector('h1');
  return frame;
}

// pressUntil presses a control until that has had its effect. Pages move while they load, so that a mouse which missed
// presses again. One that hit it may take a while: the control can be gone by the time of another press, and then that is
// no failure.
export async function pressUntil(arrived, within, selector) {
  await press(within, selector);
  let looks = 0;
  await until(`the effect of a press on ${selector}`, async () => {
    if (await arrived()) return true;
    looks += 1;
    if (looks % PRESS_AGAIN === 0) await within.click(selector).catch(() => {});
    return false;
  });
}

// signInNewWindow signs in through the window that the frame's button opens, which closes by itself.
export async function signInNewWindow(page, username, chat = 'rocketchat') {
  const opened = await openWindow(page, chat);
  await enterPassword(opened, username);
  await until('the end of the window', () => opened.isClosed());
}

// openWindow presses the frame's button and returns the window that this opens, which must stay until it is seen.
export async function openWindow(page, chat) {
  const before = await page.browserContext().pages();
  await askForWindow(page, chat);
  return until('a new window', async () => (await page.browserContext().pages()).find((p) => !before.includes(p)));
}

// askForWindow presses the frame's button. Where the provider asks nothing, the window is gone sooner than a browser tells of
// it. The frame prepares its button only in a page that is in front, and is taken away once it has done its work.
export async function askForWindow(page, chat) {
  await page.bringToFront();
  const frame = await loginFrameOf(page, chat);
  const state = () => frame.evaluate(() => document.querySelector('[data-frame]').dataset.state);
  const left = async () => frame.detached || await state() !== 'ready';
  await pressUntil(() => left().catch(() => frame.detached), frame, hook('login'));
}

// signInSameWindow signs in through the button that takes the whole window to the provider.
export async function signInSameWindow(page, username, button = hook('login-top')) {
  const frame = await loginFrameOf(page);
  await press(frame, button);
  await enterPassword(page, username);
}
