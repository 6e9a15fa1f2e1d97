// A customer's page that embeds the chat: with chatgate.js, which signs people in to it, and without.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { journey, tokenCalls, whereWeWent } from './journey.mjs';
import { enterPassword, hook, openAccount, press, rc, textOf, visible } from './pages.mjs';
import { pictures } from './pictures.mjs';
import { until } from './walk.mjs';
import { world } from './world.mjs';

// What Chromium reports when a login has ended in the chat: the chat is offered it once more by itself, and our frame
// learns that the person signed out (R12).
const afterChatLogout = [/\/(api\/v1\/login|web\/session|rocketchat\/resume)\S*: Failed to load resource: .* 401 /];

const portal = (name) => `[data-portal="${name}"]`;

const open = (page, shape = '') => page.goto(`${world.portal}/${shape}`);

const portalState = (page, state) => page.waitForSelector(`body[data-portal="state"][data-state="${state}"]`);

// frameIn is what an iframe of a page shows. It changes processes when it loads, so it is looked for until it stays.
const frameIn = (page, selector) => until(`a page in ${selector}`, async () => {
  try {
    const frame = await (await page.$(selector)).contentFrame();
    return (await frame.$('h1')) && frame;
  } catch {
    return undefined;
  }
});

const chatOf = (page) => frameIn(page, portal('chat'));

// signInFrame is the gateway's page that chatgate.js shows. On a busy machine puppeteer may lose a frame that changes
// processes while it is attached to; a person would not notice, and the test loads the page once more.
async function signInFrame(page) {
  const selector = `${portal('sign-in')} iframe`;
  try {
    return await frameIn(page, selector);
  } catch {
    await page.reload();
    await portalState(page, 'sign-in-needed');
    return frameIn(page, selector);
  }
}

// inChat is the username that the embedded chat shows.
async function inChat(page) {
  const chat = await chatOf(page);
  await chat.waitForSelector('body[data-rc="state"][data-state="in"]');
  return textOf(chat, rc('user'));
}

// signInFrom presses the frame's button, and goes through the window that it opens.
async function signInFrom(frame, browser, username) {
  const opened = new Promise((resolve) => { browser.once('targetcreated', resolve); });
  await press(frame, `${hook('login')}:not(:disabled)`);
  const window = await (await opened).page();
  await enterPassword(window, username);
}

async function signInToPortal(page, browser, username, shape) {
  await open(page, shape);
  await portalState(page, 'sign-in-needed');
  await signInFrom(await signInFrame(page), browser, username);
  await portalState(page, 'connected');
  return inChat(page);
}

for (const [cookies, thirdPartyCookies] of [['allowed', 'allow'], ['blocked', 'block']]) {
  journey(`from a portal into its chat, with third-party cookies ${cookies}`, async (page, browser) => { // B-11, B-26
    const seen = whereWeWent(page);
    await open(page);
    await portalState(page, 'sign-in-needed');
    const frame = await signInFrame(page);
    await visible(frame, hook('login'));
    await pictures(page, `portal-sign-in-${cookies}`);
    await signInFrom(frame, browser, 'ada');
    await portalState(page, 'connected');
    assert.equal(await inChat(page), 'ada');
    assert.equal(await page.$(`${portal('sign-in')} iframe`), null, 'the sign-in frame is gone');
    await page.waitForSelector('body[data-confirmed="true"]');
    await pictures(page, `portal-connected-${cookies}`);

    const login = await (await chatOf(page)).evaluate(() => localStorage.getItem('Meteor.loginToken'));
    assert.ok(login);
    assert.deepEqual(seen.filter((address) => address.includes(login)), [], 'B-15');
    assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, '']);

    await open(page);
    await portalState(page, 'connected');
    assert.equal(await inChat(page), 'ada', 'still in after loading the portal again');
  }, { thirdPartyCookies });

  journey(`in a portal without the script, by the chat's own login frame, with third-party cookies ${cookies}`, async (page, browser) => { // B-26: P > R > G
    await open(page, '?plain');
    const chat = await chatOf(page);
    await signInFrom(await frameIn(chat, 'iframe[data-rc="login-frame"]'), browser, 'ada');
    assert.equal(await inChat(page), 'ada');
    await open(page, '?plain');
    assert.equal(await inChat(page), 'ada', 'still in after loading the portal again');
  }, { thirdPartyCookies });
}

for (const thirdPartyCookies of ['allow', 'block']) {
  journey(`in the portal's own window, coming back to the portal, with third-party cookies: ${thirdPartyCookies}`, async (page) => { // B-16
    await open(page);
    await portalState(page, 'sign-in-needed');
    await press(await signInFrame(page), `${hook('login-top')}:not(:disabled)`);
    await enterPassword(page, 'ada');
    await portalState(page, 'connected');
    assert.equal(page.url(), `${world.portal}/`);
    assert.equal(await inChat(page), 'ada');
    // The chat's own login frame may be there for a moment. It asks too, and is told that the login is on its way (D13).
  }, { thirdPartyCookies, expected: [/\/resume: Failed to load resource: .* (401|409) /] });
}

journey('where no cookie at all reaches the portal\'s call, the frame hands the login over', async (page, browser) => { // B-12
  await page.evaluateOnNewDocument((origin) => {
    if (window.origin !== origin) return;
    const { fetch } = window;
    window.fetch = (url, options) => fetch(url, { ...options, credentials: 'omit' });
  }, world.portal);
  assert.equal(await signInToPortal(page, browser, 'ada'), 'ada');
}, { thirdPartyCookies: 'block' });

journey('another person at the gateway is another person in the chat', async (page, browser) => { // R14
  await signInToPortal(page, browser, 'ada');
  await page.goto(`${world.gateway}/login?chat=rocketchat&prompt=select_account`);
  await enterPassword(page, 'bob');
  await page.waitForFunction((chat) => location.href.startsWith(chat), {}, world.rocketchat);
  await open(page);
  await portalState(page, 'connected');
  const chat = await chatOf(page);
  await chat.waitForFunction((selector) => document.querySelector(selector)?.innerText === 'bob', {}, rc('user'));
}, { expected: afterChatLogout });

journey('with the classic script', async (page, browser) => {
  assert.equal(await signInToPortal(page, browser, 'ada', '?classic'), 'ada');
  assert.equal(await page.evaluate(() => typeof globalThis.chatgate.connectRocketChat), 'function');
});

journey('somebody who is signed in already sees no sign-in at all', async (page) => {
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  await open(page);
  await portalState(page, 'connected');
  assert.equal(await inChat(page), 'ada');
});

journey('signing out of the portal ends the chat and the session', async (page, browser) => { // B-21
  await signInToPortal(page, browser, 'ada');
  await Promise.all([page.waitForNavigation(), press(page, portal('sign-out'))]);
  assert.equal(page.url(), `${world.gateway}/logout`, 'the gateway asks');
  await Promise.all([page.waitForNavigation(), press(page, hook('logout'))]);
  await open(page);
  await portalState(page, 'sign-in-needed');
  const frame = await signInFrame(page);
  assert.match(await textOf(frame, hook('login')), /Sign in/);
}, { expected: afterChatLogout });

journey('leaving the chat alone leaves the session, and Continue brings the person back', async (page, browser) => {
  await signInToPortal(page, browser, 'ada');
  await press(page, portal('leave'));
  await portalState(page, 'sign-in-needed');
  const frame = await signInFrame(page);
  await press(frame, hook('continue'));
  await portalState(page, 'connected');
  assert.equal(await inChat(page), 'ada');
}, { expected: afterChatLogout });

journey('logged out inside the chat, a person stays out until they press Continue', async (page, browser) => { // R12, R16
  await signInToPortal(page, browser, 'ada');
  await page.waitForSelector('body[data-confirmed="true"]');
  const calls = tokenCalls(page);
  const chat = await chatOf(page);
  await chat.$eval(rc('logout'), (button) => button.click()); // the embedded layout does not show it
  await portalState(page, 'sign-in-needed');
  const frame = await signInFrame(page);
  await visible(frame, hook('continue'));
  await pictures(page, 'portal-continue');
  await pause(3_000);
  assert.ok(calls.count <= 3, `calls for a token after logging out: ${calls.count}`);
  await portalState(page, 'sign-in-needed');
  await press(frame, hook('continue'));
  await portalState(page, 'connected');
  assert.equal(await inChat(page), 'ada');
}, { expected: afterChatLogout });

journey('a page that is not listed can neither frame the sign-in nor read a token', async (page) => { // B-03, B-06
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  const stranger = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>Stranger</title><div id="sign-in"></div>
      <iframe id="frame" src="${world.gateway}/rocketchat/frame?embedder=${world.portal}"></iframe>
      <iframe id="chat" src="${world.rocketchat}/home"></iframe>`);
  });
  await new Promise((resolve) => { stranger.listen(0, '127.0.0.1', resolve); });
  try {
    await page.goto(`http://stranger.localhost:${stranger.address().port}`);
    const framed = await (await page.$('#frame')).contentFrame();
    assert.match(framed.url(), /^chrome-error:/);
    const read = await page.evaluate((url) => fetch(url, { method: 'POST', credentials: 'include' }).then((r) => r.text(), (e) => e.name),
      `${world.gateway}/rocketchat/token`);
    assert.equal(read, 'TypeError');
    const states = await page.evaluate(connectAsStranger, world.gateway);
    assert.deepEqual(states, ['checking', 'failed unreachable']);
  } finally {
    stranger.closeAllConnections();
    stranger.close();
  }
}, { expected: [/frame-ancestors|CORS policy|ERR_FAILED| 403 /] });

// connectAsStranger uses the script, which any page may load, as a page that may not.
async function connectAsStranger(gateway) {
  const { connectRocketChat } = await import(`${gateway}/sdk/v1/chatgate.js`);
  const states = [];
  return new Promise((resolve) => {
    connectRocketChat(document.getElementById('chat'), {
      gateway,
      signIn: document.getElementById('sign-in'),
      onState({ name, code }) {
        states.push(code ? `${name} ${code}` : name);
        if (name === 'failed') resolve(states);
      },
    });
  });
}
