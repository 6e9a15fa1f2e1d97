// The cells of the matrix that the Go test chose for one browser. In each, one person signs in from the chat's login
// frame, loads the chat again, and signs out of it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openBrowser } from './browser.mjs';
import { clients } from './clients.mjs';
import { tokenCalls } from './journey.mjs';
import { enterPassword, hook, inRocketChat, press, rc } from './pages.mjs';
import { frameAt, loginFrameOf, until } from './walk.mjs';
import { enterWorld, world } from './world.mjs';

const WAIT = 20_000; // ms
const LOOKS_AGAIN = 2_500; // ms, longer than the chat takes to look whether it is still signed in
const CALLS_AFTER_LOGOUT = 4; // two looks of the chat, at the press and at its own next look, of two calls each

const { stranger, cells } = JSON.parse(process.env.CHATGATE_MATRIX_CELLS);
const policies = { allowed: 'allow', blocked: 'block', partitioned: 'partition' };

// Browsers start slowly, so that one serves all cells of its kind and policy. Each cell has a profile of its own in it.
const browsers = new Map();

function browserFor({ browser: kind, cookies }) {
  const key = `${kind} ${cookies}`;
  if (!browsers.has(key)) browsers.set(key, openBrowser({ kind, thirdPartyCookies: policies[cookies] }));
  return browsers.get(key);
}

after(async () => {
  for (const opening of browsers.values()) await opening.then(({ close }) => close(), () => {});
});

// withPage runs walk(page) for a person who has never been anywhere.
async function withPage(cell, walk) {
  const { browser } = await browserFor(cell);
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT);
    await walk(page).catch(async (error) => {
      error.message += `\n${await shown(page)}`;
      throw error;
    });
  } finally {
    await context.close();
  }
}

// shown is what every frame of the page says, for the message of a failed test.
async function shown(page) {
  const texts = page.frames().map(async (f) => `${f.url()}: ${await f.evaluate(() => document.body?.innerText).catch(String)}`);
  return (await Promise.all(texts)).join('\n').slice(0, 2_000);
}

// openChat opens the chat, or the portal around it, and returns the frame that the chat is in.
async function openChat(page, cell) {
  if (!cell.portal) {
    await page.goto(`${world.rocketchat}/home`);
    return page.mainFrame();
  }
  await page.goto(cell.portal);
  return frameAt(page, world.rocketchat);
}

// ask calls the API from a page or frame, as its own script may, and returns the status.
const ask = (from) => from.evaluate(async (api) => {
  const response = await fetch(api, { method: 'POST', credentials: 'include' });
  return response.status;
}, `${world.gateway}/rocketchat/token`);

// keepsCookies says whether the gateway can have any cookie inside the chat's page: only a browser that blocks them,
// partitioned ones too, leaves it none, and then a press is needed once the chat has forgotten its login (B-12, B-13).
const keepsCookies = ({ browser, cookies, layout }) => !(browser === 'firefox' && cookies === 'blocked' && layout === 'cross-site');

async function walkThrough(cell, page) {
  const client = clients[cell.client];
  await client.prepare(page, world);
  let chat = await openChat(page, cell);
  assert.equal(await client.signIn(page, chat, 'ada'), 'ada');
  if (client.ends) return; // the app has closed the page

  chat = await openChat(page, cell);
  assert.equal(await inRocketChat(chat), 'ada', 'after loading the chat again');
  assert.equal(await ask(chat), keepsCookies(cell) ? 200 : 401, "the status of the chat's own call");
  await staysOut(page, chat, cell);
}

// staysOut signs out in the chat and sees that nothing signs in again or asks in a loop (B-21).
async function staysOut(page, chat, cell) {
  const calls = tokenCalls(page);
  await (cell.portal ? commandLogout(page) : press(chat, rc('logout')));
  const frame = await loginFrameOf(page);
  await until('a button', () => frame.evaluate((selectors) => selectors.some((s) => document.querySelector(s)?.checkVisibility()), [hook('login'), hook('continue')]));
  await pause(LOOKS_AGAIN);
  assert.equal(await chat.evaluate(() => document.body.dataset.state), 'frame', 'nobody is signed in again');
  const settled = calls.count;
  assert.ok(settled <= CALLS_AFTER_LOGOUT, `${settled} calls for a token after signing out`);
  await pause(LOOKS_AGAIN);
  assert.equal(calls.count, settled, 'calls for a token once all is quiet');
}

// commandLogout does what the portal around the chat does: embedded, the chat has no menu of its own.
const commandLogout = (page) => page.evaluate((origin) => {
  document.querySelector('iframe').contentWindow.postMessage({ externalCommand: 'logout' }, origin);
}, world.rocketchat);

for (const cell of cells) {
  test(cell.name, () => {
    enterWorld(cell.world);
    return withPage(cell, (page) => walkThrough(cell, page));
  });
}

// Were the policy not in force, the cells would prove nothing: a session that was begun at the gateway itself reaches
// it from another site's page only where third-party cookies are allowed.
for (const cell of new Map(cells.map((c) => [`${c.browser} ${c.cookies}`, c])).values()) {
  test(`${cell.browser} has third-party cookies ${cell.cookies}`, () => {
    enterWorld(stranger.world);
    return withPage(cell, async (page) => {
      await page.goto(`${world.gateway}/login`);
      await enterPassword(page, 'bob');
      await page.waitForSelector(hook('logout'));
      await page.goto(stranger.portal);
      assert.equal(await ask(page), cell.cookies === 'allowed' ? 200 : 401);
    });
  });
}
