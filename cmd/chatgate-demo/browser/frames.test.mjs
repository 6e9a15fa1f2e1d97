// Every state of the login frame by itself, in a language that is written from the left and in one that is written from
// the right. The server's answers are made up here: some states need an outage, others ten minutes.

import assert from 'node:assert/strict';
import { inspect } from './inspect.mjs';
import { journey } from './journey.mjs';
import { enterPassword, hook, openAccount, press, visible } from './pages.mjs';
import { world } from './world.mjs';

const languages = { en: 'ltr', ar: 'rtl' };

const NEVER = {}; // the answer that does not come
const pending = (failed) => ({ 'handoff/redeem': { status: 202, body: { status: 'pending', failed } } });
const ready = { handoff: { status: 200, body: { id: 'an id', secret: 'a secret', expiresIn: 300 } } };
const problem = (status, code) => ({ status, body: { code, status, request_id: '5f2c91aa' } });

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
};

const signedIn = {
  checking: { answers: { resume: NEVER }, part: '[data-state="checking"]' },
  'stayed-out': { answers: { ...ready, resume: problem(401, 'signed_out_of_chat') }, part: hook('continue') },
  'just-given': { answers: { ...ready, resume: problem(409, 'just_given') }, part: hook('continue') },
  refused: { answers: { ...ready, resume: problem(403, 'access_denied') }, part: '[data-show~="refused"]' },
};

// answer plays the server for the frame's script.
function answer(request, answers) {
  const { pathname } = new URL(request.url());
  const route = pathname.replace(/^\/rocketchat\//, '');
  const made = request.method() === 'POST' ? answers[route] : undefined;
  if (made === undefined) return request.continue();
  if (made === NEVER) return undefined;
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

async function see(browser, language, name, state) {
  const page = await browser.newPage();
  try {
    await page.setRequestInterception(true);
    page.on('request', (request) => answer(request, state.answers));
    await page.evaluateOnNewDocument(before, { kept: state.kept, hurry: state.hurry, key: `chatgate.rocketchat.${world.rocketchat}` });
    await page.goto(`${world.gateway}/rocketchat/frame?lang=${language}${state.query ?? ''}`);
    await visible(page, state.part);
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).direction), languages[language], name);
    await inspect(page, `frame-${name}-${language}`);
  } finally {
    await page.close();
  }
}

const expected = [/Failed to load resource/];

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
