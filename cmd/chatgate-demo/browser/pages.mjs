// What a person does on each page, by the stable hooks: data-chatgate on ours, data-rc and data-talk on the chats'.

import { world } from './world.mjs';

export const hook = (name) => `[data-chatgate="${name}"]`;
export const rc = (name) => `[data-rc="${name}"]`;
export const talk = (name) => `[data-talk="${name}"]`;

export const textOf = (within, selector) => within.waitForSelector(selector).then((found) => found.evaluate((e) => e.innerText.trim()));

// visible waits until a hook is to be seen: our pages hide what does not apply.
export const visible = (within, selector) => within.waitForSelector(selector, { visible: true });

// alerted waits for words in the alert that shows. It looks by the clock, because a page behind another paints nothing.
export const alerted = (within, words) => within.waitForFunction(
  (w) => document.querySelector('[role="alert"]')?.innerText.includes(w), { polling: 100 }, words);

// press waits for a control and presses it with the mouse.
export async function press(within, selector) {
  await visible(within, selector);
  await within.click(selector);
}

const arrive = (page, prefix) => page.waitForFunction((p) => location.href.startsWith(p), {}, prefix);

// Rocket.Chat

export async function openRocketChat(page) {
  await page.goto(`${world.rocketchat}/home`);
}

// loginFrame is our page inside Rocket.Chat's, once its script has shown something.
export async function loginFrame(page) {
  await page.waitForSelector('body[data-state="frame"]');
  const frame = await page.waitForFrame((f) => f.url().startsWith(`${world.gateway}/rocketchat/frame`));
  await frame.waitForSelector('h1');
  return frame;
}

// inRocketChat is the username that the chat shows.
export async function inRocketChat(page) {
  await page.waitForSelector('body[data-rc="state"][data-state="in"]');
  return textOf(page, rc('user'));
}

// windowBy is the window that an act opens. Its opener knows nothing of it, so that puppeteer's event for that says nothing.
export async function windowBy(page, act) {
  const context = page.browserContext();
  const known = context.targets();
  await act();
  const target = await context.waitForTarget((t) => t.type() === 'page' && !known.includes(t), { timeout: 30_000 });
  return target.page();
}

// closed waits until a window has closed itself.
export async function closed(window) {
  if (!window.isClosed()) await new Promise((resolve) => { window.once('close', resolve); });
}

// The provider

export const atProvider = (page) => arrive(page, world.provider);

export async function enterPassword(page, username) {
  await atProvider(page);
  const box = await page.waitForSelector('input[name="username"]');
  await box.evaluate((e) => { e.value = ''; });
  await box.type(username);
  await page.type('input[name="password"]', username);
  await page.click('button[type="submit"]');
}

// signInToRocketChat goes all the way from the chat's page into the chat, through a window that the login frame opens.
export async function signInToRocketChat(page, username) {
  await openRocketChat(page);
  return signInFrom(page, await loginFrame(page), username);
}

// signInFrom presses the login frame's main button, whatever stands on it.
export async function signInFrom(page, frame, username) {
  const window = await windowBy(page, () => press(frame, hook('login')));
  await enterPassword(window, username);
  await closed(window);
  return inRocketChat(page);
}

// The gateway

export async function openAccount(page) {
  await page.goto(world.gateway);
}

export async function signOut(page) {
  await openAccount(page);
  await Promise.all([page.waitForNavigation(), press(page, hook('logout'))]);
}
