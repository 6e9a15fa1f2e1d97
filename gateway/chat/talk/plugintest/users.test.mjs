// Which users Talk gets, and what becomes of those it has (P2, P4).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gateway } from './gateway.mjs';
import { Talk } from './talk.mjs';

let gateway;
before(async () => { gateway = await Gateway.open(); });
after(() => gateway.close());

const start = (db, more) => new Talk(gateway.env(more), db).start();
const begun = Math.floor(Date.now() / 1000);
const issued = (at) => begun - 100 + at; // seconds, so that one token is newer than another
const local = (user) => user.profiles.find(({ provider }) => provider === 'local');
const stored = (talk, id = 'u-ada') => talk.db.docs.find((doc) => doc.id === id);

// somebody is a user whom Talk knows from elsewhere.
const somebody = (id, name, profiles, more) => ({
  id, username: name, lowercaseUsername: name.toLowerCase(), profiles, metadata: {},
  status: { username: { status: 'SET', history: [] } }, ...more,
});

test('a new user has a name that they cannot change, and their verified address', async () => {
  const talk = start();
  const user = await talk.request(gateway.token({ email: 'Ada@Example.org' }));
  assert.equal(user.status.username.status, 'SET');
  assert.deepEqual(user.profiles.map(({ provider, id }) => [provider, id]), [['chatgate', 'u-ada'], ['local', 'ada@example.org']]);
  assert.ok(local(user).metadata.confirmed_at instanceof Date);
});

for (const [what, more] of Object.entries({
  'not verified': { email_verified: false },
  'verified as text says': { email_verified: 'true' },
  'without a word on that': { email_verified: undefined },
  'no address': { email: 'admin' },
  'missing': { email: undefined },
})) {
  test(`an address that is ${what} is not stored`, async () => {
    const talk = start();
    assert.deepEqual((await talk.request(gateway.token(more))).profiles, [{ id: 'u-ada', provider: 'chatgate' }]);
  });
}

test('the hook passes on everybody else', () => {
  const { plugin } = start();
  const known = { iss: gateway.issuer, sub: 'u-ada' };
  for (const jwt of [{ ...known, iss: 'https://elsewhere.example.org' }, { iss: gateway.issuer }, { sub: 'u-ada' }]) {
    assert.equal(plugin.tokenUserNotFound({ jwt, token: '' }), null);
  }
});

test('two processes that meet one person at once make one user', async () => {
  const talk = start(), other = start(talk.db);
  const users = await Promise.all([1, 2, 3, 4].map((n) => (n % 2 ? talk : other).plugin.tokenUserNotFound({ jwt: gateway.claims() })));
  assert.equal(talk.db.docs.length, 1);
  assert.deepEqual(new Set(users.map(({ id }) => id)), new Set(['u-ada']));
  assert.equal(stored(talk).profiles.length, 2);
});

test('two people who want one name at once get two', async () => {
  const talk = start();
  await Promise.all(['u-1', 'u-2'].map((sub) => talk.request(gateway.token({ sub, email: undefined }))));
  assert.deepEqual(talk.db.docs.map(({ username }) => username).sort(), ['ada', 'ada_1']);
});

test('an address that somebody has stays theirs', async () => {
  const talk = start();
  talk.db.insert(somebody('u-admin', 'admin', [{ provider: 'local', id: 'ada@example.org' }]));
  const user = await talk.request(gateway.token());
  assert.equal(user.id, 'u-ada');
  assert.equal(local(user), undefined);
  assert.equal(local(stored(talk, 'u-admin')).id, 'ada@example.org');
});

for (const username of ['李明', '12345', '...', '', '   ', undefined, null, 7]) {
  test(`the name ${JSON.stringify(username)} gives way to one that Talk can store`, async () => {
    const user = await start().request(gateway.token({ username }));
    assert.match(user.username, /^user_[a-z]{10}$/);
  });
}

test('names made of ids differ, and stay', async () => {
  const talk = start();
  const [a, b] = await Promise.all(['u-1', 'u-2'].map((sub) => talk.request(gateway.token({ sub, username: '李', email: undefined }))));
  assert.notEqual(a.username, b.username);
  assert.equal((await talk.request(gateway.token({ sub: 'u-1', username: '李', email: undefined }))).username, a.username);
});

test('any other failure of the database is an error', async () => {
  const talk = start();
  talk.modules['services/users'].upsertExternalUser = () => Promise.reject(new Error('no primary'));
  await assert.rejects(talk.request(gateway.token()), /no primary/);
});

test('a new name and a new address arrive with the next token', async () => {
  const talk = start();
  await talk.request(gateway.token({ iat: issued(1) }));
  const user = await talk.request(gateway.token({ iat: issued(2), username: 'ada_lovelace', email: 'lovelace@example.org' }));
  assert.deepEqual([user.username, user.lowercaseUsername, user.metadata.displayName], ['ada_lovelace', 'ada_lovelace', 'ada_lovelace']);
  assert.equal(local(user).id, 'lovelace@example.org');
  assert.equal(user.status.username.history.length, 2);
  assert.equal(user.profiles.length, 2);
});

test('an older token of another tab brings the old name back to nobody', async () => {
  const talk = start(), other = start(talk.db);
  await talk.request(gateway.token({ iat: issued(1) }));
  await talk.request(gateway.token({ iat: issued(2), username: 'lovelace' }));
  await other.request(gateway.token({ iat: issued(1) }));
  assert.equal(stored(talk).username, 'lovelace');
});

test('an older token brings an old address back to nobody, though the name is the same', async () => {
  const talk = start(), other = start(talk.db);
  const first = gateway.token({ iat: issued(1) });
  const second = gateway.token({ iat: issued(2), email: 'second@example.org' });
  await talk.request(first);
  await talk.request(second);
  await other.request(first);
  assert.equal(local(stored(talk)).id, 'second@example.org');
  await talk.request(gateway.token({ iat: issued(3), email: 'third@example.org' }));
  await other.request(second);
  assert.equal(local(stored(talk)).id, 'third@example.org');
});

test('an address that came later is not replaced by one that came before', async () => {
  const talk = start(), other = start(talk.db);
  await talk.request(gateway.token({ iat: issued(1), email: undefined }));
  await talk.request(gateway.token({ iat: issued(3) }));
  await other.request(gateway.token({ iat: issued(2), email: 'before@example.org' }));
  assert.equal(local(stored(talk)).id, 'ada@example.org');
});

test('an older token gives no address to whom a newer one left without, though both arrive at once', async () => {
  const talk = start(), other = start(talk.db);
  await talk.request(gateway.token({ iat: issued(1), email: undefined }));
  const users = talk.modules['services/users'], { findById } = users;
  let newer = () => other.request(gateway.token({ iat: issued(3), username: 'lovelace', email: undefined }));
  users.findById = async (id) => {
    const user = await findById(id), meanwhile = newer;
    newer = () => {};
    await meanwhile();
    return user;
  };
  await talk.request(gateway.token({ iat: issued(2), email: 'before@example.org' }));
  assert.deepEqual([stored(talk).username, local(stored(talk))], ['lovelace', undefined]);
});

test('a token is looked at once', async () => {
  const talk = start();
  await talk.request(gateway.token());
  let reads = 0;
  const users = talk.modules['services/users'], { findById } = users;
  users.findById = (id) => { reads += 1; return findById(id); };
  const token = gateway.token();
  for (let n = 0; n < 5; n++) await talk.request(token);
  assert.equal(reads, 1);
});

test('the same name again writes nothing, though Talk had to change it', async () => {
  const talk = start();
  talk.db.insert(somebody('u-other', 'ada', []));
  await talk.request(gateway.token({ iat: issued(1) }));
  const before = structuredClone(stored(talk));
  await talk.request(gateway.token({ iat: issued(2) }));
  assert.equal(before.username, 'ada_1');
  assert.deepEqual(stored(talk), before);
});

test('a new name that somebody has gets a number', async () => {
  const talk = start();
  talk.db.insert(somebody('u-other', 'lovelace', []));
  await talk.request(gateway.token({ iat: issued(1) }));
  assert.equal((await talk.request(gateway.token({ iat: issued(2), username: 'Lovelace' }))).username, 'Lovelace_1');
});

for (const [was, becomes] of [['SET', 'SET'], ['APPROVED', 'SET'], ['REJECTED', 'CHANGED'], ['CHANGED', 'CHANGED']]) {
  test(`a new name makes of the status ${was} the status ${becomes}`, async () => {
    const talk = start();
    await talk.request(gateway.token({ iat: issued(1) }));
    stored(talk).status.username.status = was;
    const user = await talk.request(gateway.token({ iat: issued(2), username: 'lovelace' }));
    assert.equal(user.status.username.status, becomes);
    assert.equal(user.status.username.history.at(-1).status, becomes);
  });
}

test("a moderator's refusal that arrives during a change of name stays, and the next token tries again", async () => {
  const talk = start();
  await talk.request(gateway.token({ iat: issued(1) }));
  const users = talk.modules['services/users'], { getInitialUsername } = users;
  users.getInitialUsername = async (name) => {
    stored(talk).status.username.status = 'REJECTED';
    return getInitialUsername(name);
  };
  const user = await talk.request(gateway.token({ iat: issued(2), username: 'rude' }));
  assert.deepEqual([user.username, user.status.username.status], ['ada', 'REJECTED']);
  const next = await talk.request(gateway.token({ iat: issued(3), username: 'rude' }));
  assert.deepEqual([next.username, next.status.username.status], ['rude', 'CHANGED']);
});

const newAddress = { iat: issued(2), email: 'new@example.org' };

test("an address that the person chose in Talk stays, and so does a login's", async () => {
  const talk = start();
  await talk.request(gateway.token({ iat: issued(1), email: undefined }));
  stored(talk).profiles.push({ provider: 'local', id: 'own@example.org' });
  assert.equal(local(await talk.request(gateway.token(newAddress))).id, 'own@example.org');

  const other = start();
  await other.request(gateway.token({ iat: issued(1) }));
  stored(other).password = 'a hash';
  assert.equal(local(await other.request(gateway.token(newAddress))).id, 'ada@example.org');
});

test("a new address that is not verified, or is somebody's, changes nothing", async () => {
  const talk = start();
  await talk.request(gateway.token({ iat: issued(1) }));
  await talk.request(gateway.token({ ...newAddress, email_verified: false }));
  assert.equal(local(stored(talk)).id, 'ada@example.org');
  talk.db.insert(somebody('u-other', 'other', [{ provider: 'local', id: 'new@example.org' }]));
  await talk.request(gateway.token({ ...newAddress, iat: issued(3) }));
  assert.equal(local(stored(talk)).id, 'ada@example.org');
});

test('an address that came later is stored', async () => {
  const talk = start();
  await talk.request(gateway.token({ iat: issued(1), email_verified: false }));
  assert.equal(local(await talk.request(gateway.token(newAddress))).id, 'new@example.org');
});

test('a user who is not of the gateway is left alone', async () => {
  const talk = start();
  const theirs = somebody('u-ada', 'Somebody', [{ provider: 'google', id: 'u-ada' }]);
  talk.db.insert(theirs);
  await talk.request(gateway.token());
  assert.deepEqual(stored(talk), { serial: 0, ...theirs });
});

test('an update that fails lets the request go on, and its warning names nobody', async () => {
  const talk = start();
  await talk.request(gateway.token({ iat: issued(1) }));
  talk.User.update = () => Promise.reject(new Error('no primary for ada@example.org'));
  const user = await talk.request(gateway.token({ iat: issued(2), username: 'lovelace' }));
  assert.equal(user.username, 'ada');
  assert.deepEqual(talk.warnings, ['talk-plugin-chatgate: a user could not be updated: Error']);
});

test('with TALK_CHATGATE_UPDATE_USERS=FALSE users stay as they came', async () => {
  const talk = start(undefined, { TALK_CHATGATE_UPDATE_USERS: 'FALSE' });
  await talk.request(gateway.token({ iat: issued(1) }));
  const user = await talk.request(gateway.token({ ...newAddress, username: 'lovelace' }));
  assert.deepEqual([user.username, local(user).id], ['ada', 'ada@example.org']);
});
