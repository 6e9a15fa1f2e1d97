// What people see when something is in the way, and that it never turns into a loop.

import assert from 'node:assert/strict';
import { journey, whereWeWent } from './journey.mjs';
import {
  alerted, atProvider, enterPassword, hook, inRocketChat, loginFrame, openAccount, openRocketChat, press, signInFrom,
  signInToRocketChat, textOf, visible, windowBy,
} from './pages.mjs';
import { picture, pictures } from './pictures.mjs';
import { withStranger } from './stranger.mjs';
import { act, world } from './world.mjs';

const status = (code) => new RegExp(`^${world.gateway}\\S*: Failed to load resource: .* ${code} `);

journey('a sign-in cancelled at the provider is told in both windows, and can be begun again in either', async (page) => { // B-18, S26
  await openRocketChat(page);
  const frame = await loginFrame(page);
  const window = await windowBy(page, () => press(frame, hook('login')));
  await atProvider(window);
  await press(window, 'button[name="cancel"]');
  await visible(window, '[role="alert"]');
  assert.match(await textOf(window, 'h1'), /not signed in/);
  await pictures(window, 'error-cancelled');
  await alerted(frame, 'was cancelled');
  await pictures(page, 'rocketchat-frame-cancelled');
  await window.bringToFront();
  await press(window, hook('login'));
  await atProvider(window);
  await press(window, 'button[name="cancel"]');
  await visible(window, hook('login'));
  await page.bringToFront();
  await alerted(frame, 'was cancelled');
  assert.equal(await signInFrom(page, frame, 'ada'), 'ada');
}, { expected: [status(403)] });

journey('a window that is closed, or was never seen, leaves a hint and a button that works', async (page) => { // B-18
  await openRocketChat(page);
  const frame = await loginFrame(page);
  const window = await windowBy(page, () => press(frame, hook('login')));
  await window.close();
  await page.bringToFront();
  await frame.waitForSelector('[data-show="hint"]', { visible: true, timeout: 15_000 });
  await pictures(page, 'rocketchat-frame-hint');
  assert.doesNotMatch(await textOf(frame, hook('status')), /closed/, 'nobody knows what became of the window');
  assert.equal(await textOf(frame, hook('login')), 'Open the sign-in window again');
  assert.equal(await signInFrom(page, frame, 'ada'), 'ada');
});

journey('a hand-off that somebody guessed at is over, and the next press has another', async (page) => { // B-10
  await openRocketChat(page);
  const frame = await loginFrame(page);
  const window = await windowBy(page, () => press(frame, hook('login')));
  await atProvider(window);
  await frame.evaluate(async () => {
    const { id } = JSON.parse(Object.values(sessionStorage).find((text) => text.startsWith('{')));
    const guess = { method: 'POST', body: JSON.stringify({ id, secret: 'a guess' }) };
    for (let i = 0; i < 5; i++) await fetch('/rocketchat/handoff/redeem', guess);
  });
  await page.bringToFront();
  await visible(frame, '[data-show="expired"]');
  await pictures(page, 'rocketchat-frame-expired');
  assert.equal(await signInFrom(page, frame, 'ada'), 'ada');
}, { expected: [status(410)] });

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

journey('a deactivated account is told so, with a reference', async (page) => { // S93
  await signInToRocketChat(page, 'bob');
  await act('deactivate-bob');
  // Deactivation ends the logins, which looks like logging out until the person asks to continue.
  const frame = await loginFrame(page);
  await press(frame, hook('continue'));
  await alerted(frame, 'deactivated');
  await visible(frame, '[data-show~="refused"] code');
  assert.equal(await textOf(frame, hook('login')), 'Use another account');
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
  await alerted(frame, 'Rocket.Chat does not answer');
  await pictures(page, 'rocketchat-frame-unavailable');
  await act('rocketchat-recovers');
  await press(frame, hook('retry'));
  assert.equal(await inRocketChat(page), 'ada');
}, { expected: [/Failed to load resource: .* 503 /] });

journey('a chat that fails while somebody signs in lets them in once it is back', async (page) => { // D28
  await openRocketChat(page);
  const frame = await loginFrame(page);
  const window = await windowBy(page, () => press(frame, hook('login')));
  await atProvider(window);
  await act('rocketchat-fails');
  await enterPassword(window, 'ada');
  await alerted(frame, 'Rocket.Chat does not answer');
  await act('rocketchat-recovers');
  await press(frame, hook('retry'));
  assert.equal(await inRocketChat(page), 'ada');
}, { expected: [/Failed to load resource: .* 503 /] });

journey('a page that is not listed cannot frame ours', async (page) => { // B-06, S80
  const frames = ['/rocketchat/frame', '/'].map((path) => `<iframe src="${world.gateway}${path}"></iframe>`);
  await withStranger(frames.join(''), async (address) => {
    await page.goto(address);
    const shown = page.frames().slice(1).map((frame) => frame.url().split(':')[0]);
    assert.deepEqual(shown, ['chrome-error', 'chrome-error']);
    await picture(page, 'stranger');
  });
}, { expected: [/frame-ancestors|X-Frame-Options/] });
