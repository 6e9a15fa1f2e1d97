// How often the gateway is asked for its keys, and what happens when it answers badly (P3).

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { Gateway } from './gateway.mjs';
import { requirePlugin } from './talk.mjs';

const { KeySet } = requirePlugin('./server/jwks.js');
const { fetchJSON, LIMIT } = requirePlugin('./server/http.js');
const { publicPEM } = requirePlugin('./server/pem.js');

let gateway;
before(async () => { gateway = await Gateway.open(); });
after(() => gateway.close());
beforeEach(() => { gateway.fetches = 0; gateway.answer = null; });

const minutes = 60 * 1000;

// keySet has a clock that the test moves.
function keySet() {
  const clock = { now: 0 }, told = [], options = { allowHTTP: true };
  const load = () => fetchJSON(`${gateway.issuer}/jwks.json`, options);
  return { clock, told, options, keys: new KeySet({ load, log: (text) => told.push(text), now: () => clock.now }) };
}

const down = (res) => res.writeHead(503).end();

test('a published key is written as the PEM that everybody else writes', async () => {
  const { keys } = keySet();
  assert.equal(await keys.find('first'), gateway.keys.first.publicKey.export({ type: 'spki', format: 'pem' }));
});

for (const bits of [2048, 2056, 3072]) {
  test(`a key of ${bits} bits is read back as it was`, () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
    const jwk = publicKey.export({ format: 'jwk' });
    assert.deepEqual(createPublicKey(publicPEM(jwk)).export({ format: 'jwk' }), jwk);
  });
}

test('a key serves for ten minutes without a question', async () => {
  const { keys, clock } = keySet();
  await keys.find('first');
  clock.now = 10 * minutes - 1;
  await keys.find('first');
  assert.equal(gateway.fetches, 1);
  clock.now = 10 * minutes;
  await keys.find('first');
  assert.equal(gateway.fetches, 2);
});

test('unknown kids cause one fetch in 30 seconds', async () => {
  const { keys, clock } = keySet();
  for (let n = 0; n < 20; n++) await assert.rejects(keys.find(`unknown-${n}`), /does not publish/);
  assert.equal(gateway.fetches, 1);
  clock.now = 30 * 1000;
  await assert.rejects(keys.find('unknown'), /does not publish/);
  assert.equal(gateway.fetches, 2);
});

test('a new key is found by the first token that it signed', async () => {
  const { keys, clock } = keySet();
  await keys.find('first');
  gateway.addKey('second');
  clock.now = 1 * minutes;
  assert.match(await keys.find('second'), /^-----BEGIN PUBLIC KEY-----/);
  delete gateway.keys.second;
});

test('a key that was removed is refused after ten minutes', async () => {
  const { keys, clock } = keySet();
  gateway.addKey('second');
  await keys.find('second');
  delete gateway.keys.second;
  clock.now = 10 * minutes;
  await assert.rejects(keys.find('second'), /does not publish/);
});

test('several verifications share one fetch', async () => {
  const { keys } = keySet();
  await Promise.all([keys.find('first'), keys.find('first'), assert.rejects(keys.find('unknown')), keys.find('first')]);
  assert.equal(gateway.fetches, 1);
});

test('while the gateway is down the last good keys stay, and it is asked again every 30 seconds', async () => {
  const { keys, clock, told } = keySet();
  await keys.find('first');
  gateway.answer = down;
  for (clock.now = 10 * minutes; clock.now < 11 * minutes; clock.now += 1000) await keys.find('first');
  assert.equal(gateway.fetches, 3);
  assert.match(told[0], /1 are kept: status 503/);
});

test('without any good keys a token is refused, and the next one after 30 seconds is not', async () => {
  const { keys, clock } = keySet();
  gateway.answer = down;
  await assert.rejects(keys.find('first'), /does not publish/);
  gateway.answer = null;
  await assert.rejects(keys.find('first'), /does not publish/);
  clock.now = 30 * 1000;
  await keys.find('first');
});

const json = (value) => (res) => res.setHeader('content-type', 'application/json').end(JSON.stringify(value));
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
const bad = {
  'an answer that never comes': [() => {}, /no answer within 100 ms/],
  'an answer that trickles': [(res) => { res.write('{'); }, /no answer within 100 ms/],
  'an answer that is too long': [(res) => res.end(`{"keys":["${'x'.repeat(LIMIT)}"]}`), /longer than/],
  'an answer that breaks off': [(res) => { res.write('{'); setImmediate(() => res.destroy()); }, /broke off|aborted|hang up/],
  'a redirect': [(res) => res.writeHead(302, { location: `${gateway.issuer}/keys` }).end(), /status 302/],
  'text': [(res) => res.end('secret text'), /no JSON object$/],
  'null': [json(null), /no JSON object$/],
  'no set': [json({}), /no JWK Set/],
  'an empty set': [json({ keys: [] }), /no RS256 key/],
  'keys for something else': [json({ keys: [null, { ...ec, kid: 'first' }, { kty: 'oct', k: 'c2VjcmV0', kid: 'first' }] }), /no RS256 key/],
  'a key for encryption': [() => json({ keys: gateway.jwks().keys.map((key) => ({ ...key, use: 'enc' })) }), /no RS256 key/],
  'a key that is too short': [json({ keys: [{ ...weak, kid: 'first' }] }), /less than 2048 bits/],
  'a key that is no number': [json({ keys: [{ kty: 'RSA', kid: 'first', n: 'no number', e: 'AQAB' }] }), /not base64url/],
  'a key that is zero': [json({ keys: [{ kty: 'RSA', kid: 'first', n: 'AAAA', e: 'AQAB' }] }), /is zero/],
};

for (const [what, [answer, reason]] of Object.entries(bad)) {
  test(`${what} leaves the last good keys in place`, async () => {
    const { keys, clock, told, options } = keySet();
    await keys.find('first');
    gateway.answer = what === 'a key for encryption' ? answer() : answer;
    if (String(reason).includes('within')) options.timeout = 100; // milliseconds
    clock.now = 10 * minutes;
    await keys.find('first');
    assert.match(told.join(), reason);
  });
}

test('http is called only when a test says so, and nothing but http and https ever', async () => {
  await assert.rejects(fetchJSON(`${gateway.issuer}/jwks.json`), /only https/);
  await assert.rejects(fetchJSON('ftp://127.0.0.1/jwks.json'), /only https/);
  assert.equal(gateway.fetches, 0);
});
