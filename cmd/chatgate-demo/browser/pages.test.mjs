// Every page of ours, held to what all of them promise.

import assert from 'node:assert/strict';
import { inspect } from './inspect.mjs';
import { journey } from './journey.mjs';
import { askToSignIn, inNews, openNews } from './news.mjs';
import { enterPassword, hook, loginFrame, openAccount, openRocketChat, press, talk, visible } from './pages.mjs';
import { pictures } from './pictures.mjs';
import { loginFrameOf, signInNewWindow } from './walk.mjs';
import { world } from './world.mjs';

const signedOut = {
  '/': 'account-signed-out',
  '/logout': 'signed-out-already',
  '/login/done': 'sign-in-done',
  '/login/callback?state=old': 'error-over',
  '/login?return_to=https://evil.example/': 'error-return-to',
  '/nowhere': 'error-not-found',
};

journey('what anybody can open, signed out', async (page) => {
  for (const [path, name] of Object.entries(signedOut)) {
    await page.goto(world.gateway + path);
    await inspect(page, name);
  }
}, { expected: [new RegExp(`^${world.gateway}\\S*: Failed to load resource: .* (400|404) `), /Scripts may close only the windows/] });

journey('the login frame, signed out', async (page) => {
  await openRocketChat(page);
  const frame = await loginFrame(page);
  await visible(frame, hook('login'));
  await inspect(page, 'rocketchat-frame-signed-out', frame);
});

journey('the login frame in the desktop app', async (page) => { // B-17
  await page.goto(`${world.gateway}/rocketchat/frame?client=electron`);
  await visible(page, hook('login'));
  assert.equal(await page.$(hook('login-top')), null, 'the one button is the main one');
  await inspect(page, 'rocketchat-frame-electron');
});

journey('the login frame while it asks', async (page) => {
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  await page.setRequestInterception(true);
  page.on('request', (request) => request.url().endsWith('/resume') || request.continue());
  await page.goto(`${world.gateway}/rocketchat/frame`);
  await visible(page, '.spinner');
  await inspect(page, 'rocketchat-frame-checking');
});

journey('the account page and the question before signing out, signed in', async (page) => {
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  await inspect(page, 'account-signed-in');
  await page.goto(`${world.gateway}/logout`);
  await inspect(page, 'sign-out-question');
});

journey('the newspaper, signed out and in', async (page) => {
  await openNews(page);
  await inspect(page, 'news-signed-out');
  await askToSignIn(page);
  const frame = await loginFrameOf(page, 'talk');
  await visible(frame, hook('login'));
  await inspect(page, 'talk-frame', frame);
  await pictures(page, 'news-sign-in', talk('sign-in-frame'));
  await signInNewWindow(page, 'ada', 'talk');
  await inNews(page);
  await inspect(page, 'news-signed-in');
  await pictures(page, 'news-comments', '#comments');
});
