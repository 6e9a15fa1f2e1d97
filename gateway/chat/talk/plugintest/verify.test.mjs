// Whose tokens Talk takes once the plugin is in it, and what it does to Talk's own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gateway } from './gateway.mjs';
import { jsonwebtoken, Talk } from './talk.mjs';

let gateway, stranger;
before(async () => { [gateway, stranger] = await Promise.all([Gateway.open(), Gateway.open()]); });
after(() => Promise.all([gateway.close(), stranger.close()]));

const start = (more) => new Talk(gateway.env(more)).start();

test("a token of the gateway makes a user of somebody new, and Talk's secret is never asked", async () => {
  const talk = start();
  const user = await talk.request(gateway.token());
  assert.deepEqual([user.id, user.username], ['u-ada', 'ada']);
  assert.equal(talk.modules.secrets.jwt.calls, 0);
});

const now = () => Math.floor(Date.now() / 1000);
const refused = {
  'another issuer': [() => gateway.token({ iss: 'https://elsewhere.example.org/talk' }), /./],
  'another issuer by one slash': [() => gateway.token({ iss: `${gateway.issuer}/` }), /./],
  'another audience': [() => gateway.token({ aud: 'talk-plugin' }), /jwt audience invalid/],
  'several audiences': [() => gateway.token({ aud: ['talk', 'more'] }), /several audiences/],
  'no audience': [() => gateway.token({ aud: undefined }), /jwt audience invalid/],
  'an expired token': [() => gateway.token({ exp: now() - 1 }), /jwt expired/],
  'a key that is not published': [() => gateway.token({}, { kid: 'unknown' }), /does not publish/],
  'no kid': [() => gateway.token({}, { kid: '' }), /no RS256 token with a kid/],
  "a stranger's key under a known kid": [() => gateway.token({}, { key: stranger.keys.first.privateKey }), /invalid signature/],
  "HS256 with the gateway's issuer and Talk's secret": [
    (talk) => gateway.token({}, { key: talk.secret, algorithm: 'HS256' }), /no RS256 token/],
  'HS256 with the public key as its secret': [
    () => gateway.token({}, { key: gateway.keys.first.publicKey.export({ type: 'spki', format: 'pem' }), algorithm: 'HS256' }),
    /no RS256 token/],
  'RS512': [() => gateway.token({}, { algorithm: 'RS512' }), /no RS256 token/],
  'no signature': [() => `${gateway.token().split('.').slice(0, 2).join('.')}.`, /jwt signature is required/],
  'alg none': [() => jsonwebtoken.sign(gateway.claims(), '', { algorithm: 'none', header: { kid: 'first' } }), /no RS256 token/],
  'no exp': [() => gateway.token({ exp: undefined }), /no exp/],
  'no iat': [() => gateway.token({ iat: undefined }), /no iat/],
  'no jti': [() => gateway.token({ jti: undefined }), /no jti/],
  'an empty jti': [() => gateway.token({ jti: '' }), /no jti/],
  'no sub': [() => gateway.token({ sub: undefined }), /no sub/],
  "a sub that is the profile id of a local account": [() => gateway.token({ sub: 'admin@example.org' }), /an address as sub/],
  'pat': [() => gateway.token({ pat: false }), /pat/],
  'no token at all': [() => 'nonsense', /./],
};

for (const [what, [token, reason]] of Object.entries(refused)) {
  test(`refuses ${what}`, async () => {
    const talk = start();
    await assert.rejects(talk.verify(token(talk)), reason);
    assert.equal(await talk.request(token(talk)), null);
    assert.deepEqual(talk.db.docs, []);
  });
}

test("a token of the gateway's is no link for a password, whose subject Talk names", async () => {
  await assert.rejects(start().verify(gateway.token(), { subject: 'password_reset' }), /jwt subject invalid/);
});

test("Talk's own tokens go to Talk's own code, with its options", async () => {
  const talk = start();
  assert.equal((await talk.verify(talk.sign({ sub: 'local' }))).sub, 'local');
  const link = jsonwebtoken.sign({ email: 'a@example.org' }, talk.secret, { subject: 'email_confirm' });
  assert.equal((await talk.verify(link, { subject: 'email_confirm' })).email, 'a@example.org');
  await assert.rejects(talk.verify(link, { subject: 'password_reset' }), /jwt subject invalid/);
  assert.equal(talk.modules.secrets.jwt.calls, 3);
});

test("without a callback Talk's own code answers as it does, and a token of the gateway is a mistake", () => {
  const talk = start();
  const { jwt } = talk.modules.secrets;
  assert.equal(jwt.verify(talk.sign({ sub: 'local' }), {}).sub, 'local');
  assert.throws(() => jwt.verify(gateway.token(), {}), TypeError);
});

test("a revoked token is refused by Talk's own check", async () => {
  const talk = start();
  const token = gateway.token({ jti: 'revoked' });
  talk.revoked.add('revoked');
  await assert.rejects(talk.request(token), /token was revoked/);
});

test('a revoked token that is older than what Talk knows of its reader changes nothing', async () => {
  const talk = start(), issued = (at) => now() - 100 + at;
  await talk.request(gateway.token({ iat: issued(1) }));
  await talk.request(gateway.token({ iat: issued(3), email: 'lovelace@example.org' }));
  const known = structuredClone(talk.db.docs);
  talk.revoked.add('revoked');
  const old = gateway.token({ iat: issued(2), jti: 'revoked', email: 'former@example.org' });
  await assert.rejects(talk.request(old), /token was revoked/);
  assert.deepEqual(talk.db.docs, known);
});

test('no error and no warning quotes a token', async () => {
  const talk = start({ TALK_CHATGATE_JWKS_URL: `${stranger.issuer}/jwks.json` });
  stranger.answer = (res) => res.writeHead(500).end();
  const token = gateway.token();
  await assert.rejects(talk.verify(token), (err) => !err.message.includes(token));
  assert.ok(await talk.request(token) === null);
});

test('while the gateway is down people are strangers, and Talk goes on', async () => {
  const talk = start({ TALK_CHATGATE_JWKS_URL: 'http://127.0.0.1:9/jwks.json' });
  assert.equal(await talk.request(gateway.token()), null);
  assert.equal((await talk.verify(talk.sign({ sub: 'local' }))).sub, 'local');
});
