// A reader of the newspaper from the first visit to the last sign-out, in one kind of browser: once for each visit, in a
// world of its own.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBrowser } from './browser.mjs';
import { askToSignIn, commentsOf, inNews, leaveComments, newsState, openNews, postComment, signInToNews } from './news.mjs';
import { hook, openAccount, press } from './pages.mjs';
import { picture, pictures } from './pictures.mjs';
import { until } from './walk.mjs';
import { enterWorld, forward, world } from './world.mjs';

const WAIT = 20_000; // ms
const MINUTE = 60_000; // ms

// REVOKED_WITHIN is how long the end of a token may take where the machine is busy: the gateway gives the comments' server
// five seconds to take it back, and asks again one second after a failure and five after the next.
const REVOKED_WITHIN = 30_000; // ms

const { kind, visits } = JSON.parse(process.env.CHATGATE_COMMENTS);

// Browsers start slowly, so that one serves all readers under its policy. Each has a profile of its own in it.
const browsers = new Map();

function browserFor(policy) {
  if (!browsers.has(policy)) browsers.set(policy, openBrowser({ kind, thirdPartyCookies: policy }));
  return browsers.get(policy);
}

after(async () => {
  for (const opening of browsers.values()) await opening.then(({ close }) => close(), () => {});
});

// watch keeps, in each page of the newspaper, which calls for a token it has made and what they brought.
function watch() {
  const real = window.fetch;
  window.tokenCalls = [];
  window.fetch = async (...asked) => {
    const answer = await real(...asked);
    if (!String(asked[0]).endsWith('/talk/token')) return answer;
    const { token } = await answer.clone().json();
    window.tokenCalls.push({ method: asked[1].method, status: answer.status, token });
    return answer;
  };
}

const callsOf = (page) => page.evaluate(() => window.tokenCalls);

const lastToken = async (page) => (await callsOf(page)).findLast(({ token }) => token !== undefined).token;

let passed; // ms, in this world

// setAhead runs in a page, whose clock it moves.
function setAhead(ms) {
  const before = Date.now;
  Date.now = () => before() + ms;
}

// passTime moves the clocks of the world and of the page.
async function passTime(page, ms) {
  await forward(ms);
  passed += ms;
  await page.evaluateOnNewDocument(setAhead, ms);
  await page.evaluate(setAhead, ms);
}

// wake is what a page hears when its laptop is opened again. It waits for the renewal that follows.
async function wake(page) {
  const before = await lastToken(page);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await until('a renewal', async () => (await lastToken(page)) !== before);
  assert.equal((await callsOf(page)).at(-1).method, 'POST');
}

// taken says whether the comments' server still takes a token, whatever the page around thinks.
async function taken(page, token) {
  const comments = await commentsOf(page);
  return comments.evaluate(async (bearer, talk4, coral) => {
    const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' };
    if (talk4) return (await fetch('/api/v1/auth', { headers })).status === 200;
    const answer = await fetch(`${coral}/api/graphql`, { method: 'POST', headers, body: '{"id": "viewer"}' });
    return answer.ok && (await answer.json()).data.viewer !== null;
  }, token, world.profile === 'talk4', await page.evaluate(() => document.body.dataset.root));
}

// withReader runs walk(page) for a person who has never been anywhere.
async function withReader(policy, walk) {
  const { browser } = await browserFor(policy);
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT);
    await page.evaluateOnNewDocument(watch);
    await walk(page).catch(async (error) => {
      await picture(page, `failed ${kind} ${policy} ${world.profile}`);
      error.message += `\n${await shown(page)}`;
      throw error;
    });
  } finally {
    await context.close();
  }
}

// shown is what every frame of the page says, for the message of a failed test.
async function shown(page) {
  const calls = await page.evaluate(() => JSON.stringify(window.tokenCalls.map(({ method, status }) => [method, status]))).catch(String);
  const texts = page.frames().map(async (f) => `${f.url()}: ${await f.evaluate(() => document.body?.innerText.slice(-600)).catch(String)}`);
  return [await page.evaluate(() => JSON.stringify(document.body.dataset)).catch(String), calls, ...(await Promise.all(texts))].join('\n');
}

// readsUnasked: people who are signed out cost the gateway one call in a tab (D18).
async function readsUnasked(page) {
  await openNews(page);
  await newsState(page, 'signed-out');
  await commentsOf(page);
  assert.deepEqual((await callsOf(page)).map(({ method, status }) => `${method} ${status}`), ['GET 401']);
  await openNews(page);
  await newsState(page, 'signed-out');
  assert.deepEqual(await callsOf(page), [], 'the second page asks nothing');
}

// staysSignedIn: a token is renewed before its life of 15 minutes is over, and once it is over too (G30). Coral asks for
// that itself, when it is refused; Talk 4 cannot.
async function staysSignedIn(page) {
  await passTime(page, 13 * MINUTE);
  await wake(page);
  await postComment(page, 'After thirteen minutes');
  const before = await lastToken(page);
  await passTime(page, 20 * MINUTE);
  if (world.profile === 'talk4') await wake(page);
  await postComment(page, 'After thirty-three minutes');
  assert.notEqual(await lastToken(page), before);
  assert.equal(await inNews(page), 'ada');
}

// staysOut: a sign-out inside the comments holds in every tab, until somebody presses (D10, D18).
async function staysOut(page) {
  const before = await lastToken(page);
  const other = await page.browserContext().newPage();
  await other.evaluateOnNewDocument(watch);
  await other.evaluateOnNewDocument(setAhead, passed);
  await openNews(other);
  await page.bringToFront();
  await leaveComments(page);
  await newsState(other, 'signed-out');
  for (const tab of [page, other]) {
    await openNews(tab);
    await newsState(tab, 'signed-out');
    assert.deepEqual(await callsOf(tab), [], 'nobody asks for a token');
  }
  await other.close();
  await page.bringToFront();
  if (world.profile !== 'coral-oidc') assert.equal(await taken(page, before), false, 'the token is revoked');
  await askToSignIn(page);
  assert.equal(await inNews(page), 'ada', 'the session still lives, and a press is enough');
  assert.notEqual(await lastToken(page), before);
  await postComment(page, 'Back again');
}

// endsEverywhere: signed out at the gateway, nobody is in the comments, and tokens that can be revoked are (D20, G31).
async function endsEverywhere(page) {
  const token = await lastToken(page);
  assert.equal(await taken(page, token), true);
  await openAccount(page);
  await press(page, hook('logout'));
  await until('home from the provider', () => page.url().startsWith(`${world.gateway}/logout/complete`));
  await openNews(page);
  await newsState(page, 'signed-out');
  if (world.profile === 'coral-oidc') assert.equal(await taken(page, token), true, 'which Coral does not revoke (G22)');
  else await until('the end of the token', async () => !(await taken(page, token)), REVOKED_WITHIN);
}

for (const { policy, world: described } of visits) {
  test(`${described.profile} in ${kind}, third-party cookies: ${policy}`, async () => {
    enterWorld(described);
    passed = 0;
    await withReader(policy, async (page) => {
      await readsUnasked(page);
      assert.equal(await signInToNews(page, 'ada'), 'ada');
      await postComment(page, 'Good morning');
      if (kind === 'chromium') await pictures(page, `comments-${world.profile}-${policy}`, '#comments');
      await openNews(page);
      assert.equal(await inNews(page), 'ada', 'after loading the page again');
      await staysSignedIn(page);
      await staysOut(page);
      await endsEverywhere(page);
      assert.equal(await signInToNews(page, 'bob'), 'bob', 'another person');
    });
  });
}
