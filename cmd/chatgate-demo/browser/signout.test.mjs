// Ways out: inside the chat, which stays out until asked otherwise, and at the gateway, which ends both chats.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { afterChatLogout, journey, tokenCalls } from './journey.mjs';
import {
  atProvider, enterPassword, hook, inRocketChat, loginFrame, openAccount, openRocketChat, press, rc, signInToRocketChat, signOut,
  textOf, visible,
} from './pages.mjs';
import { inNews, newsState, openNews } from './news.mjs';
import { pictures } from './pictures.mjs';
import { act, logins, world } from './world.mjs';

journey('logged out inside Rocket.Chat, a person stays out until they press Continue', async (page) => { // R12, B-21
  const calls = tokenCalls(page);
  await signInToRocketChat(page, 'ada');
  const before = calls.count;
  await press(page, rc('logout'));
  const frame = await loginFrame(page);
  await visible(frame, hook('continue'));
  assert.match(await textOf(frame, hook('continue')), /Ada Lovelace/);
  assert.match(await textOf(frame, hook('status')), /You signed out/);
  await pictures(page, 'rocketchat-frame-stay-out');
  await pause(2_000); // longer than the chat takes to look again
  assert.equal(calls.count - before, 2, 'calls for a token after logging out');

  await openRocketChat(page);
  await visible(await loginFrame(page), hook('continue'));
  await press(await loginFrame(page), hook('continue'));
  assert.equal(await inRocketChat(page), 'ada');
  await openRocketChat(page);
  assert.equal(await inRocketChat(page), 'ada', 'still in after loading the page again');
}, { expected: afterChatLogout });

journey('signed out at the gateway, both chats are closed', async (page) => { // B-21, D20
  await signInToRocketChat(page, 'ada');
  await openNews(page);
  assert.equal(await inNews(page), 'ada');
  await openAccount(page);
  assert.match(await textOf(page, hook('status')), /Ada Lovelace/);
  await signOut(page);
  assert.match(await textOf(page, 'h1'), /signed out/);
  await pictures(page, 'signed-out');

  await openRocketChat(page);
  const frame = await loginFrame(page);
  await visible(frame, hook('login'));
  assert.equal(await textOf(frame, hook('login')), 'Sign in');
  await openNews(page);
  await newsState(page, 'signed-out');
}, { expected: [/\/(api\/v1\/login|web\/session): Failed to load resource: .* 401 /] });

journey('signing out asks first when it is a link', async (page) => { // S105
  await signInToRocketChat(page, 'ada');
  await openNews(page);
  await inNews(page);
  await Promise.all([page.waitForNavigation(), press(page, '[data-talk="logout"]')]);
  await Promise.all([page.waitForNavigation(), press(page, hook('logout'))]);
  await page.waitForFunction(() => document.querySelector('h1')?.innerText.includes('signed out')); // home from the provider
  await openNews(page);
  await newsState(page, 'signed-out');
});

journey('signed out here, a person is signed out at the provider too', async (page) => { // S106, S107
  await signInToRocketChat(page, 'ada');
  await signOut(page);
  assert.match(await textOf(page, 'h1'), /signed out/);
  assert.equal(new URL(page.url()).origin, world.gateway, 'home again from the provider');
  assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /still be signed in at your identity provider/);
  await press(page, hook('login'));
  await atProvider(page);
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  assert.match(await textOf(page, hook('status')), /Ada Lovelace/);
  await openRocketChat(page);
  assert.equal(await inRocketChat(page), 'ada');
}, { expected: [/\/(api\/v1\/login|web\/session): Failed to load resource: .* 401 /] });

journey('signed out by the provider, a person is told when the chat asks again', async (page) => { // S108, D20, B-21
  await signInToRocketChat(page, 'ada');
  assert.ok(await logins('ada') > 0);
  await act('provider-ends-ada');
  for (let tries = 0; await logins('ada') > 0; tries += 1) {
    assert.ok(tries < 200, 'the login is alive 20 seconds later');
    await pause(100);
  }
  await openRocketChat(page);
  const frame = await loginFrame(page);
  await visible(frame, hook('login'));
  assert.equal(await textOf(frame, hook('status')), 'Sign in to use Rocket.Chat.');
  assert.equal(await textOf(frame, hook('login')), 'Sign in');
  await pictures(page, 'rocketchat-frame-signed-out-by-provider');
}, { expected: [/\/(api\/v1\/login|web\/session): Failed to load resource: .* 401 /] });
