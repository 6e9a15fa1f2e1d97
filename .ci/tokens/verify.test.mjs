// The verifiers are the judges of our tokens, so they are judged first: what Talk and Coral refuse, they must refuse.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import jsonwebtoken from 'jsonwebtoken-9';
import { profiles } from './profiles.mjs';

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const { publicKey, privateKey } = rsa();
const stranger = rsa();
const secret = 'a shared secret of more than thirty-two bytes';
const older = 'another secret, which is about as long as that';
const issuer = 'https://sso.example.org/talk';

/** What the gateway publishes, and how often it was asked. */
const published = { keys: { ours: publicKey }, fetches: 0 };
const server = createServer((_, res) => {
  published.fetches++;
  const keys = Object.entries(published.keys).map(([kid, key]) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }));
  res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
});
let jwks;

before(() => new Promise((resolve) => server.listen(0, '127.0.0.1', () => {
  jwks = `http://127.0.0.1:${server.address().port}/jwks.json`;
  resolve();
})));
after(() => server.close());

const now = Math.floor(Date.now() / 1000);
const idToken = { iss: issuer, aud: 'coral', sub: 'u1', iat: now, exp: now + 900, jti: 'j1', nonce: 'n1' };
const talkToken = { iss: issuer, aud: 'talk', sub: 'u1', iat: now, exp: now + 900, jti: 'j1' };
const ssoToken = { iat: now, exp: now + 900, jti: 'j1', user: { id: 'u1', email: 'ada@example.org', username: 'ada' } };

const sign = (claims, { key = privateKey, alg = 'RS256', kid = 'ours' } = {}) =>
  jsonwebtoken.sign(claims, key, { algorithm: alg, header: kid ? { kid } : {} });
const without = (claims, ...names) => Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));
const hs256 = { key: secret, alg: 'HS256', kid: 'sso-1' };
const user = (change) => sign({ ...ssoToken, user: { ...ssoToken.user, ...change } }, hs256);
const unsigned = (claims) => `${sign(claims).split('.').slice(0, 2).join('.')}.`;

const cases = {
  'coral-oidc': {
    profile: 'coral-oidc',
    settings: () => ({ jwks, issuer, audience: 'coral' }),
    good: [idToken, { ...idToken, email: 'ada@example.org', email_verified: true, preferred_username: 'ada' }].map((c) => sign(c)),
    bad: {
      'another issuer by one slash': [sign({ ...idToken, iss: `${issuer}/` }), /jwt issuer invalid/],
      'another audience': [sign({ ...idToken, aud: 'other' }), /aud is not the client id/],
      'an audience array': [sign({ ...idToken, aud: ['coral'] }), /sub, iss and aud must be strings/],
      'no nonce': [sign(without(idToken, 'nonce')), /no nonce/],
      'no exp': [sign(without(idToken, 'exp')), /exp must be a number/],
      'an exp between two seconds': [sign({ ...idToken, exp: now + 900.5 }), /exp must be an integer/],
      'an expired token': [sign({ ...idToken, exp: now - 1 }), /jwt expired/],
      'an nbf ahead': [sign({ ...idToken, nbf: now + 60 }), /jwt not active/],
      'an empty e-mail': [sign({ ...idToken, email: '' }), /email must be a string/],
      'a null picture': [sign({ ...idToken, picture: null }), /picture must be a string/],
      'email_verified as text': [sign({ ...idToken, email_verified: 'true' }), /email_verified must be boolean/],
      'no kid': [sign(idToken, { kid: '' }), /no kid/],
      'an unknown kid': [sign(idToken, { kid: 'theirs' }), /Unable to find a signing key/],
      'another key under a known kid': [sign(idToken, { key: stranger.privateKey }), /invalid signature/],
      RS512: [sign(idToken, { alg: 'RS512' }), /invalid algorithm/],
      PS256: [sign(idToken, { alg: 'PS256' }), /invalid algorithm/],
      'HS256 with the public key as the secret': [
        sign(idToken, { ...hs256, key: publicKey.export({ type: 'spki', format: 'pem' }), kid: 'ours' }), /invalid algorithm/,
      ],
      'no signature': [unsigned(idToken), /jwt signature is required/],
      'no token at all': ['nonsense', /not a JWT/],
    },
  },
  talk4: {
    profile: 'talk4',
    settings: () => ({ jwks, issuer, audience: 'talk' }),
    good: [sign(talkToken), sign({ ...talkToken, aud: ['talk', 'more'] })],
    bad: {
      'another issuer': [sign({ ...talkToken, iss: 'https://other.example.org' }), /jwt issuer invalid/],
      'another audience': [sign({ ...talkToken, aud: 'other' }), /jwt audience invalid/],
      'an unknown kid': [sign(talkToken, { kid: 'theirs' }), /no key with the kid/],
      'no kid': [sign(talkToken, { kid: '' }), /no key with the kid/],
      'an expired token': [sign({ ...talkToken, exp: now - 1 }), /jwt expired/],
      'no jti': [sign(without(talkToken, 'jti')), /no jti/],
      'no exp': [sign(without(talkToken, 'exp')), /no exp/],
      'no sub': [sign(without(talkToken, 'sub')), /no sub/],
      pat: [sign({ ...talkToken, pat: true }), /pat would be/],
      'another key under a known kid': [sign(talkToken, { key: stranger.privateKey }), /invalid signature/],
      'HS256 where RS256 is the one algorithm': [sign(talkToken, { ...hs256, kid: 'ours' }), /invalid algorithm/],
      'no signature': [unsigned(talkToken), /jwt signature is required/],
    },
  },
  'talk4 by one secret': {
    profile: 'talk4',
    settings: () => ({ secrets: { talk: secret }, issuer, audience: 'talk' }),
    good: [sign(talkToken, hs256), sign(talkToken, { ...hs256, kid: '' })],
    bad: {
      'another secret': [sign(talkToken, { ...hs256, key: older }), /invalid signature/],
      'RS256 where HS256 is the one algorithm': [sign(talkToken), /invalid algorithm/],
    },
  },
  'talk4 by several secrets': {
    profile: 'talk4',
    settings: () => ({ secrets: { talk: secret, own: older }, issuer, audience: 'talk' }),
    good: [sign(talkToken, { ...hs256, kid: 'talk' }), sign(talkToken, { key: older, alg: 'HS256', kid: 'own' })],
    bad: {
      'no kid': [sign(talkToken, { ...hs256, kid: '' }), /no key with the kid/],
      "the other one's kid": [sign(talkToken, { ...hs256, kid: 'own' }), /invalid signature/],
    },
  },
  'coral-sso': {
    profile: 'coral-sso',
    settings: () => ({ secrets: { 'sso-1': secret } }),
    good: [
      sign(ssoToken, hs256), sign(ssoToken, { ...hs256, kid: 'whatever' }), user({ role: 'MODERATOR' }), user({ badges: ['Editor'] }),
      user({ badges: [] }),
    ],
    bad: {
      'the shape of an ID token': [sign({ ...idToken, ...ssoToken }, hs256), /takes this shape/],
      'another secret': [sign(ssoToken, { ...hs256, key: older }), /invalid signature/],
      'an expired token': [sign({ ...ssoToken, exp: now - 1 }, hs256), /jwt expired/],
      'no e-mail': [sign({ ...ssoToken, user: without(ssoToken.user, 'email') }, hs256), /user.email must be/],
      'a number for an id': [user({ id: 7 }), /user.id must be/],
      'a role of our own': [user({ role: 'owner' }), /user.role is not/],
      'null for badges': [user({ badges: null }), /user.badges must be/],
      'an empty avatar': [user({ avatar: '' }), /user.avatar must be/],
      HS512: [sign(ssoToken, { ...hs256, alg: 'HS512' }), /invalid algorithm/],
      RS256: [sign(ssoToken), /invalid algorithm/],
      'no signature': [unsigned(ssoToken), /jwt signature is required/],
    },
  },
  'coral-sso with several secrets': {
    profile: 'coral-sso',
    settings: () => ({ secrets: { 'sso-1': secret, 'sso-0': older } }),
    good: [
      sign(ssoToken, hs256), sign(ssoToken, { key: older, alg: 'HS256', kid: 'sso-0' }), sign(ssoToken, { key: older, alg: 'HS256', kid: '' }),
    ],
    bad: {
      'an unknown kid': [sign(ssoToken, { ...hs256, kid: 'whatever' }), /no secret with the kid/],
      "the other one's kid": [sign(ssoToken, { ...hs256, kid: 'sso-0' }), /invalid signature/],
      'no kid and another secret': [sign(ssoToken, { ...hs256, key: `${secret}.`, kid: '' }), /invalid signature/],
    },
  },
};

for (const [name, { profile, settings, good, bad }] of Object.entries(cases)) {
  const verify = async (token) => (await profiles[profile](settings()))(token);
  good.forEach((token, i) => test(`${name} accepts good token ${i + 1}`, () => verify(token)));
  for (const [what, [token, reason]] of Object.entries(bad)) {
    test(`${name} refuses ${what}`, () => assert.rejects(verify(token), reason));
  }
}

test('coral-oidc goes by the time that it is told', async () => {
  const verify = profiles['coral-oidc']({ jwks, issuer, audience: 'coral' });
  const token = sign(idToken);
  await verify(token, now + 899);
  await assert.rejects(verify(token, now + 900), /jwt expired/);
});

test("Coral's cache of keys", async (t) => {
  const verify = profiles['coral-oidc']({ jwks, issuer, audience: 'coral' });
  const fetches = async (work) => {
    const before = published.fetches;
    await work();
    return published.fetches - before;
  };
  await t.test('asks once for a key that it knows', async () => {
    assert.equal(await fetches(async () => { for (let i = 0; i < 3; i++) await verify(sign(idToken)); }), 1);
  });
  const next = rsa();
  await t.test('takes a new key at once', async () => {
    published.keys = { ours: publicKey, next: next.publicKey };
    assert.equal(await fetches(() => verify(sign(idToken, { key: next.privateKey, kid: 'next' }))), 1);
    await verify(sign(idToken));
  });
  await t.test('takes a key that is gone for a while longer', async () => {
    published.keys = { next: next.publicKey };
    assert.equal(await fetches(() => verify(sign(idToken))), 0);
  });
  await t.test('keeps no refusal, so that each unknown key costs a fetch', async () => {
    const unknown = (i) => assert.rejects(verify(sign(idToken, { kid: `unknown-${i}` })), /Unable to find a signing key/);
    assert.equal(await fetches(async () => { for (let i = 0; i < 5; i++) await unknown(i); }), 5);
  });
  await t.test('holds five keys', async () => {
    published.keys = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((kid) => [kid, publicKey]));
    const use = (kid) => verify(sign(idToken, { kid }));
    for (const kid of ['a', 'b', 'c', 'd', 'e']) await use(kid);
    assert.equal(await fetches(() => use('a')), 0);
    await use('f');
    assert.equal(await fetches(() => use('b')), 1);
  });
});
