// The account page and the ways into it: what a person sees of their chats and sessions, how they sign out of another
// browser, and how they find their provider.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from './browser.mjs';
import { inspect } from './inspect.mjs';
import { afterChatLogout, journey } from './journey.mjs';
import {
  atProvider, enterPassword, hook, inRocketChat, loginFrame, openAccount, openRocketChat, press, rc, signInToRocketChat, signOut,
  textOf, visible,
} from './pages.mjs';
import { pictures } from './pictures.mjs';
import { signInNewWindow } from './walk.mjs';
import { world } from './world.mjs';

const refusedByChat = [...afterChatLogout, /\/(api\/v1\/login|web\/session): Failed to load resource: .* 401 /];

// act is a press that leads to another page.
const act = (page, selector) => Promise.all([page.waitForNavigation(), press(page, selector)]);

// signInAt signs somebody in at the provider of that title.
async function signInAt(page, title, username) {
  await page.goto(`${world.gateway}/login`);
  await choose(page, title);
  await enterPassword(page, username);
  await page.waitForSelector(hook('logout'));
}

// choose presses the provider of that title on the chooser.
async function choose(page, title) {
  const offered = await page.$$(hook('login'));
  for (const one of offered) {
    if (await one.evaluate((e) => e.innerText) === title) return Promise.all([page.waitForNavigation(), one.click()]);
  }
  throw new Error(`the chooser does not offer ${title}`);
}

// offers are the titles on the chooser.
const offers = (page) => page.$$eval(hook('login'), (all) => all.map((e) => e.innerText));

// withOther walks with another person's browser beside the first one, or with the same person's.
async function withOther(kind, walk) {
  const { browser, close } = await openBrowser({ kind });
  try {
    const [page] = await browser.pages();
    await walk(page);
  } finally {
    await close();
  }
}

// sessionRows are the sessions on the account page, each as its words.
const sessionRows = (page) => page.$$eval('ul[aria-labelledby="sessions"] > li', (all) => all.map((e) => e.innerText));

journey('another browser is signed out from here, and so is its chat', async (page) => { // S72, S90
  await withOther('firefox', async (other) => {
    await openRocketChat(other);
    await signInNewWindow(other, 'carol');
    assert.equal(await inRocketChat(other), 'carol');
    await signInAt(page, 'corp', 'carol');

    const rows = await sessionRows(page);
    assert.equal(rows.length, 2);
    assert.match(rows[0], /Chrome on Linux\s+This browser/);
    assert.match(rows[0], /this machine \(127\.0\.0\.1, your address now\)/);
    assert.match(rows[1], /Firefox on Linux/);
    assert.match(rows[1], /Last seen/);
    assert.ok(await page.$eval('.actions + h2', (heading) => {
      const above = heading.previousElementSibling.getBoundingClientRect();
      return heading.getBoundingClientRect().top - above.bottom >= 24;
    }), 'what signing out reaches stands apart from the button above it');
    await inspect(page, 'account-two-sessions');

    await act(page, hook('end'));
    assert.match(await textOf(page, hook('ended')), /Signed out of the other browser/);
    assert.equal((await sessionRows(page)).length, 1);
    await inspect(page, 'account-other-ended');

    const later = await other.browser().newPage();
    await openAccount(later);
    await visible(later, hook('login'));
    await openRocketChat(later);
    assert.equal(await textOf(await loginFrame(later), hook('login')), 'Sign in');
  });
});

journey('signing out everywhere reaches every browser', async (page) => { // S72
  await withOther('firefox', async (other) => {
    await signInAt(other, 'corp', 'dora');
    await signInToRocketChat(page, 'dora');
    await openAccount(page);
    await Promise.all([page.waitForNavigation(), press(page, hook('logout-everywhere'))]);
    await page.waitForFunction(() => document.querySelector('h1')?.innerText.includes('signed out'));
    await openAccount(other);
    await visible(other, hook('login'));
    await openRocketChat(page);
    await visible(await loginFrame(page), hook('login'));
  });
}, { expected: refusedByChat });

journey('chats say how they stand', async (page) => { // D7, R12
  const state = async (chat) => page.$eval(`[data-chat="${chat}"]`, (e) => [e.dataset.state, e.innerText]);
  await signInAt(page, 'corp', 'ada');
  assert.equal((await state('rocketchat'))[0], 'open');
  await openRocketChat(page);
  assert.equal(await inRocketChat(page), 'ada');
  await openAccount(page);
  assert.equal((await state('rocketchat'))[0], 'connected');

  await openRocketChat(page);
  await inRocketChat(page);
  await press(page, rc('logout'));
  await visible(await loginFrame(page), hook('continue'));
  await openAccount(page);
  const [left, words] = await state('rocketchat');
  assert.equal(left, 'stay-out');
  assert.match(words, /You signed out there/);
  await inspect(page, 'account-stay-out');

  await signOut(page);
  await page.waitForFunction(() => document.querySelector('h1')?.innerText.includes('signed out'));
  await signInAt(page, 'Partners', 'bob');
  const [refused, reason] = await state('rocketchat');
  assert.equal(refused, 'refused');
  assert.match(reason, /open to people of another identity provider/);
  await inspect(page, 'account-refused');
}, { expected: refusedByChat });

journey('an e-mail address leads to its provider', async (page) => { // S31
  await page.goto(`${world.gateway}/login`);
  await inspect(page, 'chooser-by-email');
  await page.type('#email', 'someone@nowhere.example');
  await act(page, hook('email'));
  assert.match(await textOf(page, hook('status')), /We know of no place to sign in/);
  await inspect(page, 'chooser-unknown-address');
  assert.equal(await page.$eval('#email', (e) => e.value), 'someone@nowhere.example');
  await page.$eval('#email', (e) => { e.value = ''; });
  await page.type('#email', 'Bob@Partners.Example');
  await press(page, hook('email'));
  await atProvider(page);
  assert.equal(new URL(page.url()).searchParams.get('login_hint'), 'Bob@Partners.Example');
  await enterPassword(page, 'bob');
  await page.waitForSelector(hook('logout'));
  assert.match(await textOf(page, '.facts'), /Partners/);
  const addresses = await page.evaluate(() => performance.getEntriesByType('navigation').map((entry) => entry.name));
  assert.ok(addresses.every((address) => !/partners\.example/i.test(address)), 'no address of ours holds the e-mail address');
});

journey('a chat offers the provider that it lets in, and no other', async (page) => { // D7
  await page.goto(`${world.gateway}/login?chat=rocketchat`);
  await atProvider(page);
});

journey('the provider used last stands first', async (page) => {
  await page.goto(`${world.gateway}/login`);
  assert.deepEqual(await offers(page), ['corp', 'Partners']);
  await signInAt(page, 'Partners', 'bob');
  await page.goto(`${world.gateway}/login?prompt=select_account`);
  assert.deepEqual(await offers(page), ['Partners', 'corp']);
  assert.match(await textOf(page, '.last'), /Used last in this browser/);
  await inspect(page, 'chooser-last');
});

journey('after signing out the provider asks for the account, once', async (page) => {
  const prompt = () => new URL(page.url()).searchParams.get('prompt');
  await signInAt(page, 'corp', 'ada');
  await signOut(page);
  await page.waitForFunction(() => document.querySelector('h1')?.innerText.includes('signed out'));
  await page.goto(`${world.gateway}/login`);
  await choose(page, 'corp');
  assert.equal(prompt(), 'select_account');
  await enterPassword(page, 'bob');
  await page.waitForSelector(hook('logout'));
  assert.match(await textOf(page, hook('status')), /Bob Kahn/);
  assert.ok(!(await page.cookies(world.gateway)).some((cookie) => cookie.name.endsWith('.choose')), 'asked for ever');
});

journey('without a mouse', async (page) => { // S153
  await withOther('firefox', async (other) => {
    await signInAt(other, 'corp', 'erik');
    await signInAt(page, 'corp', 'erik');
    const focused = () => page.evaluate(() => {
      const e = document.activeElement;
      return { name: e.getAttribute('aria-label') ?? e.innerText, outlined: getComputedStyle(e).outlineStyle !== 'none' };
    });
    const stops = [];
    for (let n = 0; n < 20 && stops.at(-1) !== 'Sign out of Firefox on Linux'; n += 1) {
      await page.keyboard.press('Tab');
      const { name, outlined } = await focused();
      assert.ok(outlined, `the focus on ${name} cannot be seen`);
      stops.push(name);
    }
    assert.deepEqual(stops, ['Comments', 'Rocket.Chat', 'Sign out of Chrome on Linux, this browser', 'Sign out of Firefox on Linux']);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    assert.match(await textOf(page, hook('ended')), /Signed out/);
  });
});

journey('without a script', async (page) => { // S153
  await withOther('firefox', async (other) => {
    await signInAt(other, 'corp', 'fred');
    await page.setJavaScriptEnabled(false);
    await page.goto(`${world.gateway}/login`);
    await page.type('#email', 'ada@partners.example');
    await act(page, hook('email'));
    await page.waitForSelector('input[name="username"]'); // the page between went on by itself
    await openAccount(page);
    await act(page, hook('login'));
    await choose(page, 'corp');
    await page.type('input[name="username"]', 'fred');
    await page.type('input[name="password"]', 'fred');
    await act(page, 'button[type="submit"]');
    await act(page, hook('end'));
    assert.match(await textOf(page, hook('ended')), /Signed out/);
    await openAccount(other);
    await visible(other, hook('login'));
  });
});

journey('in every language, and with a name without end', async (page) => { // B-27
  await signInAt(page, 'corp', 'long');
  for (const language of ['en', 'de', 'fr', 'es', 'ar']) {
    await page.setExtraHTTPHeaders({ 'Accept-Language': language });
    await openAccount(page);
    assert.equal(await page.evaluate(() => document.documentElement.lang), language);
    await inspect(page, `account-${language}`);
    await page.goto(`${world.gateway}/login?prompt=select_account`);
    await inspect(page, `chooser-${language}`);
  }
});

// Firefox shows the same pages, which no other journey through it asks for.
test('the account page and the chooser in Firefox', async () => {
  await withOther('firefox', async (page) => {
    await page.goto(`${world.gateway}/login`);
    await page.type('#email', 'gina@partners.example');
    await press(page, hook('email'));
    await enterPassword(page, 'gina');
    await page.waitForSelector(hook('logout'));
    assert.match(await textOf(page, '.facts'), /Partners/);
    await withOther('chromium', async (other) => {
      await signInAt(other, 'Partners', 'gina');
      await openAccount(page);
      assert.equal((await sessionRows(page)).length, 2);
      await act(page, hook('end'));
      assert.match(await textOf(page, hook('ended')), /Signed out of the other browser/);
      await openAccount(other);
      await visible(other, hook('login'));
    });
    await signOut(page);
    await page.waitForFunction(() => document.querySelector('h1')?.innerText.includes('signed out'));
    await page.goto(`${world.gateway}/login`);
    assert.deepEqual(await offers(page), ['Partners', 'corp']);
    await choose(page, 'Partners');
    assert.equal(new URL(page.url()).searchParams.get('prompt'), 'select_account');
    await pictures(page, 'provider-asks');
  });
});
