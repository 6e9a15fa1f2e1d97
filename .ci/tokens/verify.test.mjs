// The verifiers are the judges of our tokens, so they are judged first: what Talk and Coral refuse, they must refuse.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import jsonwebtoken from 'jsonwebtoken-9';
import { profiles } from './profiles.mjs';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secret = 'a shared secret of more than thirty-two bytes';
const issuer = 'https://sso.example.org/talk';
const server = createServer((_, res) => {
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'ours', use: 'sig', alg: 'RS256' };
  res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [key] }));
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

const cases = {
  'coral-oidc': {
    good: [idToken, { ...idToken, email: 'ada@example.org', email_verified: true, preferred_username: 'ada' }].map((c) => sign(c)),
    bad: {
      'another issuer by one slash': [sign({ ...idToken, iss: `${issuer}/` }), /jwt issuer invalid/],
      'another audience': [sign({ ...idToken, aud: 'other' }), /aud is not the client id/],
      'an audience array': [sign({ ...idToken, aud: ['coral'] }), /sub, iss and aud must be strings/],
      'no nonce': [sign(without(idToken, 'nonce')), /no nonce/],
      'no exp': [sign(without(idToken, 'exp')), /exp must be a number/],
      'an expired token': [sign({ ...idToken, exp: now - 1 }), /jwt expired/],
      'an empty e-mail': [sign({ ...idToken, email: '' }), /email must be a string/],
      'email_verified as text': [sign({ ...idToken, email_verified: 'true' }), /email_verified must be boolean/],
      'no kid': [sign(idToken, { kid: '' }), /no kid/],
      'an unknown kid': [sign(idToken, { kid: 'theirs' }), /Unable to find a signing key/],
      'another key under a known kid': [sign(idToken, { key: stranger.privateKey }), /invalid signature/],
      RS512: [sign(idToken, { alg: 'RS512' }), /invalid algorithm/],
      'no signature': [`${sign(idToken).split('.').slice(0, 2).join('.')}.`, /jwt signature is required/],
      'no token at all': ['nonsense', /not a JWT/],
    },
  },
  talk4: {
    good: [sign(talkToken), sign({ ...talkToken, aud: ['talk', 'more'] })],
    bad: {
      'another issuer': [sign({ ...talkToken, iss: 'https://other.example.org' }), /jwt issuer invalid/],
      'another audience': [sign({ ...talkToken, aud: 'other' }), /jwt audience invalid/],
      'an unknown kid': [sign(talkToken, { kid: 'theirs' }), /0 keys for the kid/],
      'no jti': [sign(without(talkToken, 'jti')), /no jti/],
      'no exp': [sign(without(talkToken, 'exp')), /no exp/],
      'no sub': [sign(without(talkToken, 'sub')), /no sub/],
      pat: [sign({ ...talkToken, pat: true }), /pat would be/],
      'another key under a known kid': [sign(talkToken, { key: stranger.privateKey }), /invalid signature/],
    },
  },
  'coral-sso': {
    good: [sign(ssoToken, hs256), sign({ ...ssoToken, user: { ...ssoToken.user, role: 'MODERATOR' } }, hs256)],
    bad: {
      'the shape of an ID token': [sign({ ...idToken, ...ssoToken }, hs256), /takes this shape/],
      'another secret': [sign(ssoToken, { ...hs256, key: 'a secret that was never agreed on at all' }), /invalid signature/],
      'no e-mail': [sign({ ...ssoToken, user: without(ssoToken.user, 'email') }, hs256), /user.email must be/],
      'a role of our own': [sign({ ...ssoToken, user: { ...ssoToken.user, role: 'owner' } }, hs256), /user.role is not/],
      RS256: [sign(ssoToken), /invalid algorithm/],
    },
  },
};

for (const [name, { good, bad }] of Object.entries(cases)) {
  const verify = (token) => profiles[name](token, { jwks, issuer, audience: name === 'talk4' ? 'talk' : 'coral', secret });
  good.forEach((token, i) => test(`${name} accepts good token ${i + 1}`, () => verify(token)));
  for (const [what, [token, reason]] of Object.entries(bad)) {
    test(`${name} refuses ${what}`, () => assert.rejects(verify(token), reason));
  }
}
