// A journey is a test in which one person with a fresh browser goes somewhere. Whatever the browser complains about on
// the way fails it, save what the journey expects.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from './browser.mjs';
import { picture } from './pictures.mjs';
import { world } from './world.mjs';

const WAIT = 30_000; // ms

// A token call without a session answers 401, which Chromium reports and the pages expect (B-01).
const expectedAlways = [/^\S+\/token: Failed to load resource: .* 401 /];

// afterChatLogout is what Chromium reports when somebody logs out inside Rocket.Chat: the chat refuses the token that it
// is offered once more, and our frame learns that the person signed out (R10, R12).
export const afterChatLogout = [/\/(api\/v1\/login|rocketchat\/resume): Failed to load resource: .* 401 /];

// journey runs walk(page, browser) in a browser of these options. expected are complaints that belong to the journey.
export function journey(name, walk, { expected = [], ...options } = {}) {
  test(name, async () => {
    const { browser, close } = await openBrowser(options);
    try {
      const complaints = await listen(browser);
      const [page] = await browser.pages();
      page.setDefaultTimeout(WAIT);
      try {
        await walk(page, browser);
      } catch (error) {
        await picture(page, `failed ${name}`);
        error.message += `\n  at ${page.url()}, ${await statusOf(page)}\n  the browser said ${JSON.stringify(complaints)}`;
        throw error;
      }
      const patterns = [...expectedAlways, ...expected];
      assert.deepEqual(complaints.filter((text) => !patterns.some((p) => p.test(text))), [], 'complaints of the browser');
    } finally {
      await close();
    }
  });
}

// statusOf is what the frames of a page show, for the message of a failed test.
async function statusOf(page) {
  const texts = await Promise.all(page.frames().map((f) => f.evaluate(() => document.body?.innerText).catch(() => 'gone')));
  return JSON.stringify(texts.map((text) => text?.slice(0, 300)));
}

// listen collects the errors and warnings of every page and frame: policies that were broken, scripts that threw,
// resources that did not load. Frames of other sites have consoles of their own, hence the session for each target.
async function listen(browser) {
  const complaints = [];
  const attach = async (target) => {
    if (!['page', 'iframe', 'other'].includes(target.type())) return;
    const session = await target.createCDPSession();
    session.on('Log.entryAdded', ({ entry }) => {
      if (entry.level === 'error' || entry.level === 'warning') complaints.push(`${entry.url}: ${entry.text}`);
    });
    session.on('Runtime.exceptionThrown', ({ exceptionDetails: e }) => complaints.push(`${e.url}: ${e.exception?.description}`));
    session.on('Runtime.consoleAPICalled', ({ type, args }) => {
      if (type === 'error' || type === 'warning') complaints.push(`console.${type}: ${args.map((a) => a.value ?? a.description).join(' ')}`);
    });
    await Promise.all([session.send('Log.enable'), session.send('Runtime.enable')]);
  };
  // A target that is gone before it is listened to had nothing to say.
  const attachOr = (target) => attach(target).catch(() => {});
  browser.on('targetcreated', attachOr);
  await Promise.all(browser.targets().map(attachOr));
  return complaints;
}

// tokenCalls counts the calls of Rocket.Chat's client for a token from now on.
export function tokenCalls(page) {
  const calls = { count: 0 };
  page.on('request', (request) => {
    if (request.method() !== 'OPTIONS' && request.url() === `${world.gateway}/rocketchat/token`) calls.count += 1;
  });
  return calls;
}

// whereWeWent collects the addresses and referrers of every request from now on.
export function whereWeWent(page) {
  const seen = [];
  page.on('request', (request) => seen.push(request.url(), request.headers().referer ?? ''));
  return seen;
}
