// What a sign-out does, here and in other tabs; and what others may try with the page's messages and storage.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { problem, signedOut } from './fakes.mjs';
import { CORAL, FakeStorage, GATEWAY, TalkStage, answer, nameOf, token } from './talkfakes.mjs';

const ATTACKER = 'https://attacker.example';
const OUT = `chatgate.out.talk@${GATEWAY}`;
const connected = { type: 'chatgate:connected', chat: 'talk' };
const handed = () => ({ type: 'chatgate:token', chat: 'talk', token: token('of the attacker', { sub: 'mallory' }), expires_at: 1 });
const other = { postMessage: () => assert.fail('nobody else is written to') };

let stage;

beforeEach(() => {
  mock.timers.reset();
  stage = new TalkStage(mock.timers);
});

for (const [name, options, leave] of [
  ['in Coral', {}, () => stage.say('signOut.success')],
  ['in Talk 4', { product: 'talk' }, async () => {
    stage.comments.options.onAuthChanged(null);
    await stage.settle();
  }],
  ['by the page', {}, async (connection) => {
    connection.signOut({ local: true });
    await stage.settle();
  }],
]) {
  test(`a sign-out ${name} lasts, over a reload and in another tab, until somebody presses`, async () => {
    const local = window.localStorage;
    await leave(await stage.render([answer('one')], options));
    assert.deepEqual([stage.state.name, local.get(OUT)], ['signed-out', '1']);
    await stage.wait(3_600_000);
    assert.equal(stage.calls.length, 1, 'nothing is renewed');

    for (const session of [window.sessionStorage, new FakeStorage()]) { // a reload, and a new tab
      mock.timers.reset();
      stage = new TalkStage(mock.timers, { local, session });
      await stage.render([answer('two')], { ...options, signedIn: true });
      assert.deepEqual([stage.calls.length, stage.state.name], [0, 'signed-out']);
    }
    await stage.say(options.product ? 'action.SHOW_SIGNIN_DIALOG' : 'loginPrompt');
    assert.deepEqual(stage.asked, ['POST'], 'a GET could answer the token that was revoked'); // D10, D18
    assert.deepEqual([stage.state.name, local.has(OUT)], ['connected', false]);
  });
}

test('after a sign-out in the comments the next sign-in brings another token', async () => { // D10
  await stage.render([answer('one'), answer('two')], { product: 'talk' });
  await stage.say('query.CoralEmbedStream_Embed.ready');
  stage.comments.options.onAuthChanged(null);
  await stage.say('action.SHOW_SIGNIN_DIALOG');
  assert.deepEqual(stage.told, ['made without', 'login one', 'login two']);
});

test('the page signs the comments out, which have their token revoked', async () => {
  const connection = await stage.render([answer('one')]);
  connection.signOut({ local: true });
  await stage.say('signOut.success');
  assert.deepEqual([stage.told, stage.opened], [['made without', 'login one', 'logout'], []]);
});

test('signing out of everything is the gateway’s business, which asks first', async () => { // G31
  const connection = await stage.render([answer('one')]);
  connection.signOut();
  await stage.settle();
  assert.deepEqual([stage.state.name, stage.opened], ['signing-out', [[`${GATEWAY}/logout`, '_top']]]);
  assert.deepEqual([stage.told, window.localStorage.size], [['made without', 'login one'], 0], 'somebody may think again');
});

test('a page that comes back from there asks who is signed in now', async () => {
  const connection = await stage.render([answer('one'), signedOut]);
  connection.signOut();
  await stage.happen(window, 'pageshow', { persisted: true });
  assert.deepEqual([stage.told.at(-1), stage.state.name], ['logout', 'signed-out']);
});

test('once the comments have been signed out, no token is taken that may be revoked', async () => { // D18
  const connection = await stage.render([answer('one'), problem(403, 'access_denied'), answer('two')]);
  await stage.wait(720_000);
  connection.refresh();
  await stage.settle();
  assert.deepEqual(stage.asked, ['GET', 'POST', 'POST']);
  assert.equal(stage.told.at(-1), 'login two');
});

test('signing out in the middle of a sign-in ends that', async () => {
  const connection = await stage.render([signedOut]);
  await stage.say('loginPrompt');
  connection.signOut({ local: true });
  await stage.settle();
  assert.deepEqual([stage.frame, stage.state.name], [undefined, 'signed-out']);
});

test('our own sign-out is not taken for the person’s', async () => {
  await stage.render([answer('one'), signedOut, answer('two')]);
  await stage.wait(720_000);
  await stage.say('signOut.success');
  assert.equal(window.localStorage.has(OUT), false);
  await stage.say('loginPrompt');
  await stage.say('signOut.success');
  assert.equal(stage.state.name, 'connected', 'an echo that comes late');
});

test('a sign-out in another tab is one here', async () => {
  await stage.render([answer('one')]);
  await stage.happen(window, 'storage', { key: OUT, newValue: '1' });
  assert.deepEqual([stage.told.at(-1), stage.state.name], ['logout', 'signed-out']);
  await stage.wait(3_600_000);
  assert.equal(stage.calls.length, 1);
});

for (const [name, event] of [
  ['a press in another tab', { key: OUT, newValue: null }],
  ['a sign-out of another chat', { key: `chatgate.out.talk-two@${GATEWAY}`, newValue: '1' }],
  ['anything else', { key: null, newValue: null }],
]) {
  test(`${name} signs nobody out here`, async () => {
    await stage.render([answer('one')]);
    await stage.happen(window, 'storage', event);
    assert.equal(stage.state.name, 'connected');
  });
}

test('a sign-out in another tab does not take the frame from somebody who signs in', async () => {
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  await stage.happen(window, 'storage', { key: OUT, newValue: '1' });
  assert.equal(stage.state.name, 'sign-in-needed');
});

test('a page from the history learns of a sign-out that it has slept through', async () => {
  await stage.render([answer('one')]);
  window.localStorage.set(OUT, '1');
  await stage.happen(window, 'pageshow', { persisted: true });
  assert.deepEqual([stage.told.at(-1), stage.state.name, stage.calls.length], ['logout', 'signed-out', 1]);
});

test('a refused token brings nobody back who has signed out in another tab', async () => {
  await stage.render([answer('one'), answer('two')]);
  window.localStorage.set(OUT, '1');
  assert.deepEqual(await stage.refuse(), []);
  assert.deepEqual([stage.told, stage.state.name, stage.calls.length], [['made without'], 'signed-out', 1]);
});

for (const [name, storage] of [
  ['throws when it is looked for', { get() { throw new Error('SecurityError'); } }],
  ['throws when it is used', { get() { return { getItem() { throw new Error('denied'); }, setItem() { throw new Error('full'); }, removeItem() { throw new Error('denied'); } }; } }],
]) {
  test(`storage that ${name} is survived, and this page remembers a sign-out`, async () => {
    for (const which of ['localStorage', 'sessionStorage']) Object.defineProperty(window, which, { configurable: true, ...storage });
    const connection = await stage.render([answer('one')]);
    await stage.say('signOut.success');
    connection.refresh();
    await stage.settle();
    assert.deepEqual([stage.calls.length, stage.state.name], [1, 'signed-out']);
    await stage.say('loginPrompt');
    assert.deepEqual([stage.calls.length, stage.state.name], [2, 'connected']);
    for (const which of ['localStorage', 'sessionStorage']) delete window[which];
  });
}

for (const [name, from] of [
  ['another window at the gateway’s origin', () => ({ source: other, origin: GATEWAY })],
  ['the frame’s window after it went to another origin', () => ({ origin: ATTACKER })],
  ['the frame’s window at an origin that begins alike', () => ({ origin: `${GATEWAY}.attacker.example` })],
  ['the comments', () => ({ source: other, origin: CORAL })],
  ['the page itself', () => ({ source: window, origin: window.location.origin })],
  ['nobody', () => ({ source: null, origin: GATEWAY })],
]) {
  test(`a sign-in to the comments reported by ${name} is ignored`, async () => {
    await stage.render([signedOut, signedOut, answer('one')]);
    await stage.say('loginPrompt');
    await stage.frameSays(connected, from());
    assert.deepEqual([stage.calls.length, stage.state.name], [2, 'sign-in-needed']);
  });

  test(`a token handed over by ${name} is ignored`, async () => {
    await stage.render([signedOut]);
    await stage.say('loginPrompt');
    await stage.frameSays(connected);
    await stage.frameSays(handed(), from());
    assert.deepEqual(stage.told, ['made without']);
  });
}

test('a token that nobody asked for is ignored', async () => {
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  await stage.frameSays(handed());
  assert.deepEqual([stage.told, stage.state.name], [['made without'], 'sign-in-needed']);
});

test('a token for another chat is ignored', async () => { // token audience, B-26
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  await stage.frameSays({ ...connected, chat: 'rocketchat' });
  assert.equal(stage.calls.length, 2);
  await stage.frameSays(connected);
  await stage.frameSays({ ...handed(), chat: 'rocketchat' });
  assert.deepEqual(stage.told, ['made without']);
});

test('half a token that the frame hands over is a failure', async () => {
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  await stage.frameSays(connected);
  await stage.frameSays({ ...handed(), token: 'a.b' });
  assert.deepEqual([stage.names.at(-1), stage.told], ['failed sign_in_unanswered', ['made without']]);
});

test('everything that is posted names its one receiver', async () => { // B-14
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  const frame = stage.frame.contentWindow;
  await stage.frameSays(connected);
  await stage.frameSays(handed());
  assert.deepEqual(frame.posted.map(({ targetOrigin }) => targetOrigin), [GATEWAY]);
});

test('a token is in no storage, no address and not in the console', async () => { // B-15
  const written = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug']) mock.method(console, method, (...values) => written.push(values));
  const connection = await stage.render([answer('one'), answer('two'), signedOut, signedOut]);
  await stage.wait(720_000);
  await stage.refuse();
  await stage.wait(720_000);
  connection.signIn();
  await stage.settle();
  const addresses = [stage.frame.src, ...stage.calls.map(({ url }) => url), ...stage.scripts.map(({ src }) => src)];
  connection.signOut({ local: true });
  await stage.settle();
  mock.restoreAll();
  assert.deepEqual([...window.localStorage.values(), ...window.sessionStorage.values()], ['1']);
  assert.deepEqual([written, addresses.filter((address) => /eyJ/.test(address))], [[], []]);
  assert.equal(nameOf(token('x')), 'x');
});
