// Every state of the login frame by itself, in a language that is written from the left and in one that is written from
// the right. The server's answers are made up here: some states need an outage, others ten minutes.

import assert from 'node:assert/strict';
import { inspect } from './inspect.mjs';
import { journey } from './journey.mjs';
import { enterPassword, hook, openAccount, press, visible } from './pages.mjs';
import { world } from './world.mjs';

const languages = { en: 'ltr', ar: 'rtl' };

const NEVER = {}; // the answer that does not come
const BROKEN = {}; // the connection that fails
const pending = (failed) => ({ 'handoff/redeem': { status: 202, body: { status: 'pending', failed } } });
const ready = { handoff: { status: 200, body: { id: 'an id', secret: 'a secret', expiresIn: 300 } } };
const problem = (status, code, detail) => ({ status, body: { code, status, detail, request_id: '5f2c91aa' } });

// A state: what the server answers, what was pressed before the page was loaded (kept), how its address ends, and
// the part that shows when it is there.
const signedOut = {
  ready: { answers: ready, part: '[data-show~="ready"]' },
  electron: { answers: ready, query: '&client=electron', part: hook('login') },
  waiting: { answers: pending(), kept: 'window', part: '[data-show="waiting"]' },
  hint: { answers: pending(), kept: 'window', hurry: true, part: '[data-show="hint"]' },
  finishing: { answers: { 'handoff/redeem': NEVER }, kept: 'top', part: '[data-state="finishing"]' },
  expired: { answers: { ...ready, 'handoff/redeem': problem(410, 'handoff_over') }, kept: 'window', part: '[data-show="expired"]' },
  cancelled: { answers: pending('provider_denied'), kept: 'window', part: '[data-show="provider_denied"]' },
  'provider-down': { answers: pending('provider_unavailable'), kept: 'window', part: '[data-show="provider_unavailable"]' },
  failed: { answers: { handoff: problem(503, 'store_unavailable') }, part: '[data-show="failure"]' },
  offline: { answers: { handoff: BROKEN }, part: '[data-show="offline"]' },
};

const signedIn = {
  checking: { answers: { resume: NEVER }, part: '[data-state="checking"]' },
  'stayed-out': { answers: { ...ready, resume: problem(401, 'signed_out_of_chat') }, part: hook('continue') },
  'just-given': { answers: { ...ready, resume: problem(409, 'just_given') }, part: hook('continue') },
  'not-verified': { answers: { ...ready, resume: problem(409, 'token_unverified') }, part: hook('continue') },
  held: { answers: { ...ready, resume: problem(401, 'held') }, part: hook('continue') },
  'signed-out-everywhere': { answers: { ...ready, resume: problem(401, 'signed_out_everywhere') }, part: hook('logout') },
  refused: {
    answers: { ...ready, resume: problem(403, 'access_denied', 'You are signed in, but Rocket.Chat is not open to you.') },
    part: '[data-show="detail"]',
  },
  // Nobody takes the login, since no chat is around this page: it is given once more, and then no more (R16).
  'not-taken': {
    answers: { ...ready, resume: { status: 200, body: { loginToken: 'a token', userId: 'an id' } } },
    part: '[data-show="login_refused"]', hurry: true, resumed: 2,
  },
};

// answer plays the server for the frame's script.
function answer(request, answers) {
  const { pathname } = new URL(request.url());
  const route = pathname.replace(/^\/rocketchat\//, '');
  const made = request.method() === 'POST' ? answers[route] : undefined;
  if (made === undefined) return request.continue();
  if (made === NEVER) return undefined;
  if (made === BROKEN) return request.abort();
  return request.respond({ status: made.status, contentType: 'application/json', body: JSON.stringify(made.body) });
}

// before runs in the frame ahead of its own script: what an earlier load of it kept, and a clock that hurries.
function before({ kept, hurry, key }) {
  if (kept) {
    const handoff = { id: 'an id', secret: 'a secret', ends: Date.now() + 300_000, mode: kept };
    sessionStorage.setItem(key, JSON.stringify(handoff));
  }
  if (hurry) {
    const { setTimeout } = window;
    window.setTimeout = (act, ms) => setTimeout(act, ms / 20);
  }
}

const seen = new Set(); // the states that were shown

// shownBy is what a frame shows: its state, and which of the words for several problems.
function shownBy(frame) {
  const words = [...frame.querySelectorAll('[role="alert"] > span:not([hidden])')];
  return [frame.dataset.state, ...words.map((part) => part.dataset.show)];
}

async function see(browser, language, name, state) {
  const page = await browser.newPage();
  let resumed = 0;
  try {
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      if (request.url().endsWith('/resume')) resumed += 1;
      return answer(request, state.answers);
    });
    await page.evaluateOnNewDocument(before, { kept: state.kept, hurry: state.hurry, key: `chatgate.rocketchat.${world.rocketchat}` });
    await page.goto(`${world.gateway}/rocketchat/frame?lang=${language}${state.query ?? ''}`);
    await visible(page, state.part);
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).direction), languages[language], name);
    await inspect(page, `frame-${name}-${language}`);
    for (const shown of await page.$eval('[data-frame]', shownBy)) seen.add(shown);
    if (state.resumed) assert.equal(resumed, state.resumed, name);
  } finally {
    await page.close();
  }
}

// A login that is for the chat's origin does not reach this page, which is nobody's frame.
const expected = [/Failed to load resource/, /Failed to execute 'postMessage'/];

for (const language of Object.keys(languages)) {
  journey(`the login frame in every state, signed out, in ${language}`, async (_, browser) => { // B-27
    for (const [name, state] of Object.entries(signedOut)) await see(browser, language, name, state);
  }, { expected });

  journey(`the login frame in every state, signed in, in ${language}`, async (page, browser) => { // B-27
    await openAccount(page);
    await press(page, hook('login'));
    await enterPassword(page, 'ada');
    await page.waitForSelector(hook('logout'));
    for (const [name, state] of Object.entries(signedIn)) await see(browser, language, name, state);
  }, { expected });
}

// Leaving is what shows between a press and the next page, too short to be looked at here.
journey('no state of the login frame was left out', async (page) => { // B-27
  await page.goto(`${world.gateway}/rocketchat/frame`);
  const all = await page.$$eval('[role] span[data-show]', (parts) => parts.flatMap((part) => part.dataset.show.split(' ')));
  assert.deepEqual(all.filter((state) => !seen.has(state) && state !== 'leaving'), []);
}, { expected });
