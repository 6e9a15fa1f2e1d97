// What stops Talk's start (P6), and what does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requirePlugin, Talk } from './talk.mjs';

const { load } = requirePlugin('./server/settings.js');
const talk = { ROOT_URL: 'https://talk.example.org/', JWT_ISSUER: 'https://talk.example.org/', JWT_USER_ID_CLAIM: 'sub' };
const least = {
  TALK_CHATGATE_ISSUER: 'https://sso.example.org/talk', TALK_CHATGATE_AUDIENCE: 'talk',
  TALK_CHATGATE_JWKS_URL: 'https://sso.example.org/talk/jwks.json',
};
const client = { TALK_CHATGATE_CLIENT_ID: 'window', TALK_CHATGATE_CLIENT_SECRET: 'secret' };

test('three settings are enough for tokens that pages push', () => {
  assert.deepEqual(load(least, talk), {
    issuer: 'https://sso.example.org/talk', audience: 'talk', jwksURL: 'https://sso.example.org/talk/jwks.json',
    allowHTTP: false, updateUsers: true, popup: null,
  });
});

test("two more open the sign-in window, at the issuer's addresses unless others are set", () => {
  assert.deepEqual(load({ ...least, ...client }, talk).popup, {
    clientID: 'window', clientSecret: 'secret',
    authorizationURL: 'https://sso.example.org/talk/oauth/authorize', tokenURL: 'https://sso.example.org/talk/oauth/token',
    callbackURL: 'https://talk.example.org/api/v1/auth/chatgate/callback',
  });
  const inside = { TALK_CHATGATE_AUTHORIZATION_URL: 'https://a.example.org/a', TALK_CHATGATE_TOKEN_URL: 'https://t.example.org/t' };
  const { authorizationURL, tokenURL } = load({ ...least, ...client, ...inside }, talk).popup;
  assert.deepEqual([authorizationURL, tokenURL], ['https://a.example.org/a', 'https://t.example.org/t']);
});

const stops = {
  'nothing': [{}, /missing TALK_CHATGATE_ISSUER, TALK_CHATGATE_AUDIENCE, TALK_CHATGATE_JWKS_URL$/],
  'a client id without its secret': [{ ...least, TALK_CHATGATE_CLIENT_ID: 'w' }, /missing TALK_CHATGATE_CLIENT_SECRET$/],
  'a client secret alone': [{ TALK_CHATGATE_CLIENT_SECRET: 's' }, /missing .*JWKS_URL, TALK_CHATGATE_CLIENT_ID$/],
  'an issuer with a final slash': [{ ...least, TALK_CHATGATE_ISSUER: 'https://sso.example.org/talk/' }, /ISSUER must not end in a slash/],
  'an issuer that is no URL': [{ ...least, TALK_CHATGATE_ISSUER: 'sso' }, /ISSUER is no URL/],
  'an issuer of http': [{ ...least, TALK_CHATGATE_ISSUER: 'http://sso.example.org/talk' }, /ISSUER must begin with https/],
  'keys over http': [{ ...least, TALK_CHATGATE_JWKS_URL: 'http://sso.example.org/jwks.json' }, /JWKS_URL must begin with https/],
  'keys over ftp, even in a test': [
    { ...least, TALK_CHATGATE_ALLOW_HTTP: 'TRUE', TALK_CHATGATE_JWKS_URL: 'ftp://sso.example.org/k' }, /JWKS_URL must begin with https/],
  'a password in an address': [{ ...least, TALK_CHATGATE_JWKS_URL: 'https://a:b@sso.example.org/k' }, /JWKS_URL must have neither/],
  'a token address of http': [{ ...least, ...client, TALK_CHATGATE_TOKEN_URL: 'http://sso.example.org/t' }, /TOKEN_URL must begin/],
  "the window's tokens for all of Talk": [{ ...least, ...client, TALK_CHATGATE_CLIENT_ID: 'talk' }, /must differ/],
};

for (const [what, [env, reason]] of Object.entries(stops)) {
  test(`${what} stops the start, and says what to mend`, () => {
    assert.throws(() => load(env, talk), reason);
    assert.throws(() => new Talk(env).start(), reason);
  });
}

test("Talk's own settings have to leave room", () => {
  assert.throws(() => load(least, { ...talk, JWT_ISSUER: least.TALK_CHATGATE_ISSUER }), /TALK_JWT_ISSUER must stay Talk's own/);
  assert.throws(() => load(least, { ...talk, JWT_USER_ID_CLAIM: 'user.id' }), /TALK_JWT_USER_ID_CLAIM must be sub/);
});

test("with a window Talk's own address is https too, or the cookie of an attempt would be open to its neighbours", () => {
  const plain = { ...talk, ROOT_URL: 'http://talk.example.org/' }, test = { TALK_CHATGATE_ALLOW_HTTP: 'TRUE' };
  assert.throws(() => load({ ...least, ...client }, plain), /TALK_ROOT_URL must begin with https/);
  assert.equal(load(least, plain).popup, null);
  const { callbackURL } = load({ ...least, ...client, ...test }, plain).popup;
  assert.equal(callbackURL, 'http://talk.example.org/api/v1/auth/chatgate/callback');
});

test('a message never holds the secret', () => {
  assert.throws(() => load({ ...client }, talk), (err) => !err.message.includes('secret'));
});

test("under NODE_ENV=test nothing has to be set, and the plugin does nothing", async () => {
  const idle = new Talk({ NODE_ENV: 'test' }).start();
  assert.equal((await idle.verify(idle.sign({ sub: 'local' }))).sub, 'local');
  assert.equal(idle.plugin.tokenUserNotFound({ jwt: { iss: 'https://sso.example.org/talk', sub: 'u' } }), null);
  assert.deepEqual(idle.routes, {});
});
