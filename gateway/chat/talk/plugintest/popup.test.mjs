// The sign-in window (P5), from the button to the user, and all the ways in which it ends without one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { Gateway } from './gateway.mjs';
import { Talk } from './talk.mjs';

const START = '/api/v1/auth/chatgate', CALLBACK = `${START}/callback`, COOKIE = '__Host-chatgate';
const clientSecret = 'a secret of the sign-in window, long enough';

let gateway;
before(async () => { gateway = await Gateway.open(); });
after(() => gateway.close());
beforeEach(() => { gateway.posts = []; });

const start = (more) =>
  new Talk(gateway.env({ TALK_CHATGATE_CLIENT_ID: 'talk-window', TALK_CHATGATE_CLIENT_SECRET: clientSecret, ...more })).start();

// press is the button: the address at the gateway, and the cookie that the browser then has.
async function press(talk) {
  const answer = await talk.visit(START);
  return { answer, asked: answer.address.searchParams, cookies: { [COOKIE]: answer.cookies[COOKIE].value } };
}

// idToken lets the gateway answer with a token of the window.
const idToken = (asked, more = {}) => {
  gateway.redeem = () => ({
    id_token: gateway.token({ aud: 'talk-window', nonce: asked.get('nonce'), ...more }), access_token: 'a', token_type: 'Bearer',
  });
};

const come = (talk, { asked, cookies }, query) => talk.visit(CALLBACK, { cookies, query: { state: asked.get('state'), code: 'c-1', ...query } });

test('the button leads to the gateway, and the cookie that binds the attempt to the browser is no script\'s', async () => {
  const { answer, asked } = await press(start());
  assert.equal(answer.statusCode, 302);
  assert.equal(answer.address.origin + answer.address.pathname, `${gateway.issuer}/oauth/authorize`);
  const { state, nonce, code_challenge: challenge, ...rest } = Object.fromEntries(asked);
  assert.deepEqual(rest, {
    response_type: 'code', scope: 'openid profile email', client_id: 'talk-window',
    redirect_uri: 'https://talk.example.org/api/v1/auth/chatgate/callback', code_challenge_method: 'S256',
  });
  for (const random of [state, nonce, challenge]) assert.match(random, /^[\w-]{43}$/);
  const { value, ...options } = answer.cookies[COOKIE];
  assert.deepEqual(options, { httpOnly: true, sameSite: 'lax', secure: true, path: '/', maxAge: 600000 });
  assert.equal(createHash('sha256').update(value.split('.')[2]).digest('base64url'), challenge);
  assert.equal(answer.headers['Cache-Control'], 'no-store');
});

test('whoever comes back signed in ends in Talk\'s own code as a user', async () => {
  const talk = start(), attempt = await press(talk);
  idToken(attempt.asked);
  const answer = await come(talk, attempt);
  assert.equal(answer.popup.err, null);
  assert.deepEqual([answer.popup.user.id, answer.popup.user.username], ['u-ada', 'ada']);
  assert.deepEqual(gateway.posts, [{
    grant_type: 'authorization_code', code: 'c-1', redirect_uri: 'https://talk.example.org/api/v1/auth/chatgate/callback',
    client_id: 'talk-window', client_secret: clientSecret, code_verifier: attempt.cookies[COOKIE].split('.')[2],
  }]);
  assert.deepEqual(answer.cookies[COOKIE].value, '');
  assert.equal(answer.headers['Referrer-Policy'], 'no-referrer');
});

test('the window and the page make one user, and the window brings news too', async () => {
  const talk = start(), attempt = await press(talk);
  const now = Math.floor(Date.now() / 1000);
  await talk.request(gateway.token({ iat: now - 10 }));
  idToken(attempt.asked, { iat: now, username: 'lovelace' });
  assert.equal((await come(talk, attempt)).popup.user.username, 'lovelace');
  assert.equal(talk.db.docs.length, 1);
});

// Express lets routes of GET answer HEAD, which whoever looks a link over sends before somebody follows it.
test('HEAD takes no attempt and redeems no code', async () => {
  const talk = start(), attempt = await press(talk);
  idToken(attempt.asked);
  const query = { state: attempt.asked.get('state'), code: 'c-1' };
  for (const path of [START, CALLBACK]) {
    const answer = await talk.visit(path, { method: 'HEAD', cookies: attempt.cookies, query });
    assert.deepEqual([answer.passed, answer.error, answer.cookies, gateway.posts], [true, undefined, {}, []]);
  }
  assert.equal((await come(talk, attempt)).popup.user.id, 'u-ada');
});

test('two attempts in two windows have nothing in common', async () => {
  const talk = start();
  const [a, b] = [await press(talk), await press(talk)];
  for (const name of ['state', 'nonce', 'code_challenge']) assert.notEqual(a.asked.get(name), b.asked.get(name));
});

const refused = {
  'another state': { query: { state: 'x'.repeat(43) }, status: 400 },
  'no state': { query: { state: undefined }, status: 400 },
  'a state given twice': { query: { state: ['a', 'b'] }, status: 400 },
  'no cookie, as in another browser and when an address is replayed': { cookies: {}, status: 400 },
  'a cookie without a verifier': { cookies: { [COOKIE]: 'a.b' }, query: { state: 'a' }, status: 400 },
  'a cookie without anything': { cookies: { [COOKIE]: '..' }, query: { state: '' }, status: 400 },
  // cookie-parser reads what follows j: as JSON.
  'a cookie whose text cannot be had': { cookies: { [COOKIE]: { toString: 1 } }, status: 400 },
  'a cookie that splits itself': { cookies: { [COOKIE]: { split: 1, length: 3 } }, status: 400 },
  'a cookie of several texts': { cookies: { [COOKIE]: ['a.b.c'] }, query: { state: 'a' }, status: 400 },
  'a cookie of texts that have no text': { cookies: { [COOKIE]: [{ toString: 1 }] }, status: 400 },
  'a cookie that is a number': { cookies: { [COOKIE]: 1.5 }, query: { state: '1' }, status: 400 },
  'a cookie that is nothing': { cookies: { [COOKIE]: null }, status: 400 },
  'error= from the gateway': { query: { error: 'access_denied', code: undefined }, status: 403 },
  'error= beside a code': { query: { error: 'access_denied' }, status: 403 },
  'no code': { query: { code: undefined }, status: 403 },
  'two codes': { query: { code: ['a', 'b'] }, status: 403 },
  'a code that the gateway refuses, such as one used before': { redeem: () => ({ status: 400, error: 'invalid_grant' }), status: 502, posts: 1 },
  'an answer without an ID token': { redeem: () => ({ access_token: 'a' }), status: 502, posts: 1 },
  'another nonce': { token: { nonce: 'another' }, status: 502, posts: 1 },
  'no nonce': { token: { nonce: undefined }, status: 502, posts: 1 },
  "an ID token for a page's audience": { token: { aud: 'talk' }, status: 502, posts: 1 },
  'an ID token of another issuer': { token: { iss: 'https://elsewhere.example.org' }, status: 502, posts: 1 },
  'an ID token that expired': { token: { exp: 1 }, status: 502, posts: 1 },
};

for (const [what, { query, cookies, token, redeem, status, posts = 0 }] of Object.entries(refused)) {
  test(`no user comes of ${what}`, async () => {
    const talk = start(), attempt = await press(talk);
    idToken(attempt.asked, token);
    if (redeem) gateway.redeem = redeem;
    const answer = await come(talk, cookies ? { ...attempt, cookies } : attempt, query);
    assert.deepEqual([answer.statusCode, answer.popup, talk.db.docs, gateway.posts.length], [status, undefined, [], posts]);
    assert.match(answer.body, /Close this window/);
    assert.equal(answer.cookies[COOKIE].value, '');
    assert.match(answer.headers['Content-Security-Policy'], /default-src 'none'/);
    assert.ok(!talk.warnings.join().includes(clientSecret));
  });
}

test('the page shows nothing that an address said', async () => {
  const talk = start(), attempt = await press(talk);
  const script = '<script>alert(1)</script>';
  const { body } = await come(talk, attempt, { error: script, error_description: script });
  assert.ok(!body.includes('alert'));
});

test('an ID token of the window is good for nothing else in Talk', async () => {
  const talk = start();
  assert.equal(await talk.request(gateway.token({ aud: 'talk-window', nonce: 'n' })), null);
});

test("a user whom Talk refuses is Talk's to tell", async () => {
  const talk = start(), attempt = await press(talk);
  idToken(attempt.asked);
  talk.modules['services/passport'].ValidateUserLogin = async (profile, user, done) => done(new Error('Account disabled'));
  assert.match((await come(talk, attempt)).popup.err.message, /disabled/);
});

test("a failure of the database is Talk's to answer", async () => {
  const talk = start(), attempt = await press(talk);
  idToken(attempt.asked);
  talk.modules['services/users'].upsertExternalUser = () => Promise.reject(new Error('no primary'));
  assert.match((await come(talk, attempt)).error.message, /no primary/);
});

test("a failure of Talk's own code is Talk's to answer", async () => {
  const talk = start(), attempt = await press(talk);
  idToken(attempt.asked);
  talk.modules['services/passport'].HandleAuthPopupCallback = () => { throw new Error('no template'); };
  assert.match((await come(talk, attempt)).error.message, /no template/);
});

test('below http, which is for a developer, the cookie has a plain name', async () => {
  const talk = new Talk(gateway.env({ TALK_CHATGATE_CLIENT_ID: 'w', TALK_CHATGATE_CLIENT_SECRET: 's' }));
  talk.config.ROOT_URL = 'http://127.0.0.1:3000';
  const answer = await talk.start().visit(START);
  assert.equal(answer.cookies.chatgate.secure, false);
  assert.equal(answer.address.searchParams.get('redirect_uri'), 'http://127.0.0.1:3000/api/v1/auth/chatgate/callback');
});

test('without a client there is no window', () => {
  assert.deepEqual(new Talk(gateway.env()).start().routes, {});
});
