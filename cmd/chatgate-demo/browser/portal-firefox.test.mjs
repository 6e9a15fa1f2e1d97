// A customer's page that embeds the chat, as Firefox shows it: portal, chat and gateway are three sites.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from './browser.mjs';
import { rc } from './pages.mjs';
import { frameAt, signInNewWindow, signInSameWindow, until } from './walk.mjs';
import { world } from './world.mjs';

const stateOf = (page) => page.$eval('body', ({ dataset }) => ({ ...dataset }));

const reaches = (page, state) => until(`the state ${state}`, async () => (await stateOf(page).catch(() => ({}))).state === state);

// inChat is the username that the embedded chat shows.
async function inChat(page) {
  const chat = await frameAt(page, world.rocketchat);
  await chat.waitForSelector('body[data-state="in"]');
  return chat.$eval(rc('user'), (element) => element.textContent);
}

for (const [way, signIn] of [['a new window', signInNewWindow], ['the same window', signInSameWindow]]) {
  test(`through ${way} into the portal's chat, and still there after loading it again`, async () => {
    const { browser, close } = await openBrowser({ kind: 'firefox', thirdPartyCookies: 'partition' });
    try {
      const [page] = await browser.pages();
      await page.goto(world.portal);
      await reaches(page, 'sign-in-needed');
      await signIn(page, 'ada');
      await reaches(page, 'connected');
      assert.equal(await inChat(page), 'ada');

      await page.goto(world.portal);
      await reaches(page, 'connected');
      assert.equal(await inChat(page), 'ada');
    } finally {
      await close();
    }
  });
}
