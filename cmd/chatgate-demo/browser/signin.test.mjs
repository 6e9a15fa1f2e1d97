// One sign-in opens both chats, from whichever side a person comes.

import assert from 'node:assert/strict';
import { afterChatLogout, journey, whereWeWent } from './journey.mjs';
import {
  anotherAccount, atProvider, enterPassword, hook, inNews, inRocketChat, loginFrame, newsState, openNews, openRocketChat, postComment, press, rc,
  signInToRocketChat, talk, textOf, visible,
} from './pages.mjs';
import { pictures } from './pictures.mjs';
import { world } from './world.mjs';

journey('from Rocket.Chat through the provider into the chat, then into the comments', async (page, browser) => {
  const seen = whereWeWent(page);
  await openRocketChat(page);
  const frame = await loginFrame(page);
  assert.equal(await textOf(frame, hook('login')), 'Sign in');

  await press(frame, hook('login'));
  await atProvider(page);
  await pictures(page, 'provider-sign-in');
  await enterPassword(page, 'ada');
  assert.equal(await inRocketChat(page), 'ada');
  assert.equal(page.url(), `${world.rocketchat}/`, 'no code, token or state stays in the address bar');
  await pictures(page, 'rocketchat-room');

  await openNews(page);
  assert.equal(await inNews(page), 'ada', 'signed in to the comments without another password');
  await postComment(page, 'Good morning from the chat');
  const secrets = await secretsOf(page, browser);
  assert.deepEqual(seen.filter((address) => secrets.some((secret) => address.includes(secret))), [], 'B-15');
});

journey('from the newspaper through the provider into the comments, then into the chat', async (page) => {
  await openNews(page);
  await newsState(page, 'out');
  await press(page, talk('sign-in'));
  await enterPassword(page, 'ada');
  assert.equal(await inNews(page), 'ada');
  assert.equal(page.url(), `${world.talk}/`);

  await openRocketChat(page);
  assert.equal(await inRocketChat(page), 'ada', 'signed in to the chat without another password');
});

journey('a wrong password can be corrected', async (page) => {
  await openRocketChat(page);
  await press(await loginFrame(page), hook('login'));
  await atProvider(page);
  await page.type('input[name="username"]', 'ada');
  await page.type('input[name="password"]', 'wrong');
  await page.click('button[type="submit"]');
  await visible(page, '[role="alert"]');
  await pictures(page, 'provider-wrong-password');
  await enterPassword(page, 'ada');
  assert.equal(await inRocketChat(page), 'ada');
}, { expected: [/\/sign-?in\S*: Failed to load resource: .* 401 /] });

journey('another account in the same browser takes the place of the first', async (page) => { // R14, D27
  await signInToRocketChat(page, 'ada');
  await press(page, rc('logout'));
  await press(await loginFrame(page), anotherAccount);
  await enterPassword(page, 'bob');
  assert.equal(await inRocketChat(page), 'bob');
  await openNews(page);
  assert.equal(await inNews(page), 'bob');
}, { expected: afterChatLogout });

journey('with the keyboard alone', async (page) => { // B-27
  const enter = () => page.keyboard.press('Enter');
  await openRocketChat(page);
  const frame = await loginFrame(page);
  await visible(frame, hook('login'));
  await tabTo(page, frame, hook('login'));
  await enter();
  await atProvider(page);
  await page.waitForFunction(() => document.activeElement.name === 'username');
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type('ada');
  await enter();
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
