// What people see when something is in the way, and that it never turns into a loop.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { journey, tokenCalls, whereWeWent } from './journey.mjs';
import {
  anotherAccount, atProvider, enterPassword, hook, inRocketChat, loginFrame, openAccount, openRocketChat, press,
  signInToRocketChat, textOf, visible,
} from './pages.mjs';
import { picture, pictures } from './pictures.mjs';
import { act, world } from './world.mjs';

const status = (code) => new RegExp(`^${world.gateway}\\S*: Failed to load resource: .* ${code} `);

journey('a sign-in cancelled at the provider can be begun again, and ends where it was going', async (page) => { // B-18, S26
  await openRocketChat(page);
  await press(await loginFrame(page), hook('login'));
  await atProvider(page);
  await press(page, 'button[name="cancel"]');
  await visible(page, '[role="alert"]');
  assert.match(await textOf(page, 'h1'), /not signed in/);
  await pictures(page, 'error-cancelled');
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  assert.equal(await inRocketChat(page), 'ada');
}, { expected: [status(403)] });

journey('a used callback shows a plain page and signs nobody in', async (page, browser) => { // B-19
  const seen = whereWeWent(page);
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  const callback = seen.find((url) => url.startsWith(`${world.gateway}/login/callback`));
  await browser.deleteMatchingCookies({ name: '__Host-chatgate', url: world.gateway });
  const answer = await page.goto(callback);
  assert.equal(answer.status(), 400);
  assert.match(await textOf(page, 'h1'), /over/);
  await pictures(page, 'error-used-callback');
  await openAccount(page);
  await visible(page, hook('login'));
}, { expected: [status(400)] });

journey('the back button after a sign-in ends on a page, signed in still', async (page) => { // B-19
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  await page.goBack();
  await visible(page, 'h1');
  await openAccount(page);
  await visible(page, hook('logout'));
}, { expected: [status(400)] });

journey('blocked third-party cookies are explained', async (page) => {
  const calls = tokenCalls(page);
  await openRocketChat(page);
  await press(await loginFrame(page), hook('login'));
  await enterPassword(page, 'ada');
  const frame = await loginFrame(page);
  await visible(frame, '[data-cookies]');
  assert.match(await textOf(frame, '[data-cookies]'), /blocks third-party cookies.*Allow them for this site/s);
  await visible(frame, hook('login'));
  await pictures(page, 'rocketchat-frame-cookies-blocked');
  await pause(2_000);
  assert.equal(calls.count, 4, 'calls for a token: two for each time that the chat was loaded');
}, { thirdPartyCookies: false });

journey('a deactivated account is told so, with a reference', async (page) => { // S93
  await signInToRocketChat(page, 'bob');
  await act('deactivate-bob');
  // Deactivation ends the logins, which looks like logging out until the person asks to continue.
  const frame = await loginFrame(page);
  await press(frame, hook('continue'));
  await frame.waitForFunction(() => document.querySelector('[role="alert"]')?.textContent.includes('deactivated'));
  await visible(frame, '[data-reference] code');
  await visible(frame, `[data-show="failed"] ${anotherAccount}`);
  assert.equal(await frame.evaluate(() => document.activeElement.getAttribute('role')), 'alert', 'the focus is on the error');
  await pictures(page, 'rocketchat-frame-deactivated');
}, { expected: [/Failed to load resource: .* (401|403) /] });

journey('a chat that fails is told, and opens once it is back', async (page) => {
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  await act('rocketchat-fails');
  await openRocketChat(page);
  const frame = await loginFrame(page);
  await frame.waitForFunction(() => document.querySelector('[role="alert"]')?.textContent.includes('does not answer'));
  await pictures(page, 'rocketchat-frame-unavailable');
  await act('rocketchat-recovers');
  await press(frame, '[data-show="failed"] a[href=""]');
  assert.equal(await inRocketChat(page), 'ada');
}, { expected: [/Failed to load resource: .* 503 /] });

journey('a page that is not listed cannot frame ours', async (page) => { // B-06, S80
  const stranger = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>Stranger</title>
      <iframe src="${world.gateway}/rocketchat/frame"></iframe><iframe src="${world.gateway}/"></iframe>`);
  });
  await new Promise((resolve) => { stranger.listen(0, '127.0.0.1', resolve); });
  try {
    await page.goto(`http://stranger.localhost:${stranger.address().port}`);
    const shown = page.frames().slice(1).map((frame) => frame.url().split(':')[0]);
    assert.deepEqual(shown, ['chrome-error', 'chrome-error']);
    await picture(page, 'stranger');
  } finally {
    stranger.closeAllConnections();
    stranger.close();
  }
}, { expected: [/frame-ancestors|X-Frame-Options/] });
