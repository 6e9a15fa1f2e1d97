// One sign-in opens both chats, from whichever side a person comes.

import assert from 'node:assert/strict';
import { afterChatLogout, journey, tokenCalls, whereWeWent } from './journey.mjs';
import {
  atProvider, closed, enterPassword, hook, inRocketChat, loginFrame, openRocketChat, press, rc, signInFrom, signInToRocketChat,
  textOf, visible, windowBy,
} from './pages.mjs';
import { askToSignIn, inNews, newsState, openNews, postComment, signInToNews } from './news.mjs';
import { pictures } from './pictures.mjs';
import { askForWindow } from './walk.mjs';
import { world } from './world.mjs';

journey('from Rocket.Chat through the provider into the chat, then into the comments', async (page, browser) => {
  const seen = whereWeWent(page);
  await openRocketChat(page);
  const frame = await loginFrame(page);
  await visible(frame, hook('login'));
  assert.equal(await textOf(frame, hook('login')), 'Sign in');

  const window = await windowBy(page, () => press(frame, hook('login')));
  await atProvider(window);
  await visible(frame, '[data-show="waiting"]');
  await pictures(window, 'provider-sign-in');
  await enterPassword(window, 'ada');
  await closed(window);
  assert.equal(await inRocketChat(page), 'ada');
  await pictures(page, 'rocketchat-room');

  await openNews(page);
  assert.equal(await inNews(page), 'ada', 'signed in to the comments without another password');
  await postComment(page, 'Good morning from the chat');
  const secrets = await secretsOf(page, browser);
  assert.deepEqual(seen.filter((address) => secrets.some((secret) => address.includes(secret))), [], 'B-15');
});

journey('from the newspaper through the provider into the comments, then into the chat', async (page) => {
  await openNews(page);
  await newsState(page, 'signed-out');
  assert.equal(await signInToNews(page, 'ada'), 'ada');
  assert.equal(page.url(), `${world.talk}/`);

  await openRocketChat(page);
  assert.equal(await inRocketChat(page), 'ada', 'signed in to the chat without another password');
});

journey('with third-party cookies blocked, a person signs in by the new window and stays in', async (page) => { // B-11, B-13
  const calls = tokenCalls(page);
  assert.equal(await signInToRocketChat(page, 'ada'), 'ada');
  await page.evaluate(() => localStorage.clear());
  const before = calls.count;
  await openRocketChat(page);
  assert.equal(await inRocketChat(page), 'ada', 'the chat asked for itself, with the cookie of its own partition');
  assert.ok(calls.count > before);
}, { thirdPartyCookies: 'block' });

journey('with third-party cookies blocked, the comments open without another password', async (page) => { // B-12, G29
  await signInToRocketChat(page, 'ada');
  await openNews(page);
  await newsState(page, 'signed-out');
  await askToSignIn(page);
  await askForWindow(page, 'talk');
  assert.equal(await inNews(page), 'ada');
  await openNews(page);
  assert.equal(await inNews(page), 'ada', 'with the cookie of its own partition');
}, { thirdPartyCookies: 'block' });

for (const thirdPartyCookies of ['allow', 'block']) {
  journey(`in the same window, third-party cookies: ${thirdPartyCookies}`, async (page) => { // B-16
    const seen = whereWeWent(page);
    await openRocketChat(page);
    await press(await loginFrame(page), hook('login-top'));
    await enterPassword(page, 'ada');
    assert.equal(await inRocketChat(page), 'ada');
    assert.equal(page.url(), `${world.rocketchat}/`, 'no code, token or state stays in the address bar');
    const login = await page.evaluate(() => localStorage.getItem('Meteor.loginToken'));
    assert.deepEqual(seen.filter((address) => address.includes(login)), [], 'B-15');
  }, { thirdPartyCookies });
}

journey('back from the provider without a sign-in, the button works again', async (page) => { // B-18
  await openRocketChat(page);
  await press(await loginFrame(page), hook('login-top'));
  await atProvider(page);
  await page.goBack();
  assert.equal(await signInFrom(page, await loginFrame(page), 'ada'), 'ada');
});

journey('a wrong password can be corrected', async (page) => {
  await openRocketChat(page);
  const frame = await loginFrame(page);
  const window = await windowBy(page, () => press(frame, hook('login')));
  await atProvider(window);
  await window.type('input[name="username"]', 'ada');
  await window.type('input[name="password"]', 'wrong');
  await window.click('button[type="submit"]');
  await visible(window, '[role="alert"]');
  await pictures(window, 'provider-wrong-password');
  await enterPassword(window, 'ada');
  assert.equal(await inRocketChat(page), 'ada');
}, { expected: [/\/sign-?in\S*: Failed to load resource: .* 401 /] });

journey('another account in the same browser takes the place of the first', async (page) => { // R14, D27
  await signInToRocketChat(page, 'ada');
  await press(page, rc('logout'));
  const frame = await loginFrame(page);
  await visible(frame, hook('login'));
  assert.equal(await textOf(frame, hook('login')), 'Use another account');
  assert.equal(await signInFrom(page, frame, 'bob'), 'bob');
  await openNews(page);
  assert.equal(await inNews(page), 'bob');
}, { expected: afterChatLogout });

journey('with the keyboard alone', async (page) => { // B-27
  await openRocketChat(page);
  const frame = await loginFrame(page);
  await visible(frame, hook('login'));
  await tabTo(page, frame, hook('login'));
  const window = await windowBy(page, () => page.keyboard.press('Enter'));
  await atProvider(window);
  await window.waitForFunction(() => document.activeElement.name === 'username');
  await window.keyboard.type('ada');
  await window.keyboard.press('Tab');
  await window.keyboard.type('ada');
  await window.keyboard.press('Enter');
  assert.equal(await inRocketChat(page), 'ada');
});

// secretsOf are the person's session here and their login at Rocket.Chat, where it leaves the browser.
async function secretsOf(page, browser) {
  const session = (await browser.cookies()).find((cookie) => cookie.name === '__Host-chatgate').value;
  await openRocketChat(page);
  const login = await page.evaluate(() => localStorage.getItem('Meteor.loginToken'));
  assert.ok(session && login);
  return [session, login];
}

// tabTo presses Tab until the focus is where it should be, and says what was met when it never gets there.
async function tabTo(page, frame, selector) {
  const met = [];
  while (met.length < 5) {
    await page.keyboard.press('Tab');
    if (await frame.evaluate((s) => document.activeElement.matches(s), selector)) return;
    met.push(await frame.evaluate(() => document.activeElement.outerHTML.slice(0, 80)));
  }
  assert.fail(`${selector} is not among the first stops: ${met.join(' | ')}`);
}
