// What others may try with the page's messages, and what must never turn into a loop.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { connectRocketChat } from './web/chatgate.js';
import { CHAT, GATEWAY, Stage, login, problem, signedOut } from './fakes.mjs';

const ATTACKER = 'https://attacker.example';

let stage;

beforeEach(() => {
  mock.timers.reset();
  stage = new Stage(mock.timers);
});

async function connect(answers) {
  stage.answers = answers;
  const connection = connectRocketChat(stage.iframe, {
    gateway: GATEWAY, signIn: stage.place, onState: (state) => stage.states.push(state),
  });
  await stage.settle();
  return connection;
}

const connected = { type: 'chatgate:connected', chat: 'rocketchat' };
const handed = { type: 'chatgate:token', chat: 'rocketchat', loginToken: 'of the attacker', userId: 'mallory' };
const other = { postMessage: () => assert.fail('nobody else is written to') };

for (const [name, from] of [
  ['another window at the gateway’s origin', () => ({ source: other, origin: GATEWAY })],
  ['the frame’s window after it went to another origin', () => ({ origin: ATTACKER })],
  ['the frame’s window at an origin that begins alike', () => ({ origin: `${GATEWAY}.attacker.example` })],
  ['the chat', () => ({ source: stage.iframe.contentWindow, origin: CHAT })],
  ['the page itself', () => ({ source: window, origin: window.location.origin })],
  ['nobody', () => ({ source: null, origin: GATEWAY })],
]) {
  test(`a sign-in reported by ${name} is ignored`, async () => {
    await connect([signedOut, login()]);
    await stage.frameSays(connected, from());
    assert.deepEqual([stage.calls.length, stage.state.name], [1, 'sign-in-needed']);
  });

  test(`a login handed over by ${name} is ignored`, async () => {
    await connect([signedOut]);
    await stage.frameSays(connected);
    await stage.frameSays(handed, from());
    assert.deepEqual(stage.posted, []);
  });
}

test('a login that nobody asked for is ignored', async () => {
  await connect([signedOut]);
  await stage.frameSays(handed);
  assert.deepEqual([stage.posted.length, stage.state.name], [0, 'sign-in-needed']);
});

test('a login for another chat is ignored', async () => { // token audience, B-26
  await connect([signedOut]);
  await stage.frameSays({ ...connected, chat: 'talk' });
  assert.equal(stage.calls.length, 1);
  await stage.frameSays(connected);
  await stage.frameSays({ ...handed, chat: 'talk' });
  assert.deepEqual(stage.posted, []);
});

for (const data of [null, undefined, 'chatgate:connected', 7, [], {}]) {
  test(`the message ${JSON.stringify(data)} means nothing`, async () => {
    await connect([signedOut]);
    await stage.frameSays(data);
    await stage.hear(data);
    assert.deepEqual([stage.calls.length, stage.state.name], [1, 'sign-in-needed']);
  });
}

for (const [name, from] of [
  ['another window at the chat’s origin', () => ({ source: other })],
  ['the chat’s window after it went to another origin', () => ({ origin: ATTACKER })],
  ['the gateway', () => ({ source: other, origin: GATEWAY })],
  ['nobody', () => ({ source: null })],
]) {
  test(`a sign-out reported by ${name} is ignored`, async () => {
    await connect([login()]);
    await stage.chatSays('Custom_Script_Logged_In');
    await stage.hear({ eventName: 'Custom_Script_Logged_Out' }, from());
    assert.deepEqual([stage.calls.length, stage.state.name], [1, 'connected']);
  });
}

test('everything that is posted names its one receiver', async () => { // B-14
  const connection = await connect([signedOut]);
  const frame = stage.frame.contentWindow;
  await stage.frameSays(connected);
  await stage.frameSays({ ...handed, userId: 'ada' });
  connection.signOut();
  await stage.settle();
  assert.deepEqual(new Set(stage.posted.map(({ targetOrigin }) => targetOrigin)), new Set([CHAT]));
  assert.deepEqual(new Set(frame.posted.map(({ targetOrigin }) => targetOrigin)), new Set([GATEWAY]));
});

test('an iframe that goes elsewhere is still written to at the chat’s origin only', async () => {
  const connection = await connect([login()]);
  stage.iframe.src = `${ATTACKER}/`;
  connection.refresh();
  await stage.settle();
  assert.deepEqual(new Set(stage.posted.map(({ targetOrigin }) => targetOrigin)), new Set([CHAT]));
});

// A gateway that does not know yet of a sign-out in the chat answers with the login that has just ended.
test('a login that has ended in the chat is not given to it again', async () => {
  await connect([login()]);
  await stage.chatSays('Custom_Script_Logged_In');
  await stage.chatSays('Custom_Script_Logged_Out');
  assert.deepEqual([stage.logins.length, stage.calls.length, stage.state.name], [1, 2, 'sign-in-needed']);
  await stage.wait(120_000);
  assert.deepEqual([stage.logins.length, stage.calls.length], [1, 2]);
});

test('after Continue in the frame the person is in again, even with the same login', async () => {
  await connect([login()]);
  await stage.chatSays('Custom_Script_Logged_In');
  await stage.chatSays('Custom_Script_Logged_Out');
  await stage.frameSays(connected);
  await stage.chatSays('Custom_Script_Logged_In');
  assert.deepEqual([stage.logins.length, stage.state.name], [2, 'connected']);
});

test('a chat that was signed in without us, and out again, is not given the login it may have dropped', async () => {
  await connect([signedOut, login()]);
  await stage.chatSays('Custom_Script_Logged_In');
  await stage.chatSays('Custom_Script_Logged_Out');
  assert.deepEqual([stage.logins.length, stage.state.name], [0, 'sign-in-needed']);
});

test('a login that the chat refused at its end is renewed', async () => {
  await connect([login('token-1'), login('token-2')]);
  await stage.chatSays('Custom_Script_Logged_In');
  await stage.chatSays('Custom_Script_Logged_Out');
  await stage.chatSays('Custom_Script_Logged_In');
  assert.deepEqual(stage.logins, ['token-1', 'token-2']);
  assert.deepEqual(stage.state, { name: 'connected', confirmed: true });
});

test('somebody signed out of the chat is offered to continue', async () => { // R12
  await connect([login(), problem(401, 'signed_out_of_chat')]);
  await stage.chatSays('Custom_Script_Logged_In');
  await stage.chatSays('Custom_Script_Logged_Out');
  assert.equal(stage.state.name, 'sign-in-needed');
});

test('a chat that drops every login gets three in a minute and no more', async () => { // R16
  let made = 0;
  await connect([login('token-0')]);
  for (let i = 0; i < 20; i++) {
    stage.answers = [login(`token-${(made += 1)}`)];
    await stage.chatSays('Custom_Script_Logged_In');
    await stage.chatSays('Custom_Script_Logged_Out');
  }
  assert.equal(stage.calls.length, 3);
  assert.deepEqual(stage.state, { name: 'failed', code: 'too_many_attempts', reference: undefined });
});

test('after three renewals in a minute the page is told, and may try again', async () => {
  const connection = await connect([login('token-0')]);
  for (const token of ['token-1', 'token-2', 'token-3']) {
    stage.answers = [login(token)];
    await stage.chatSays('Custom_Script_Logged_In');
    await stage.chatSays('Custom_Script_Logged_Out');
  }
  assert.deepEqual(stage.state, { name: 'failed', code: 'too_many_attempts', reference: undefined });
  connection.refresh();
  await stage.settle();
  assert.equal(stage.logins.at(-1), 'token-3');
});

test('a gateway that is down is asked three times, and then the page is told', async () => {
  await connect([problem(503, 'chat_unavailable')]);
  await stage.wait(2_000);
  await stage.wait(8_000);
  assert.deepEqual(stage.state, { name: 'failed', code: 'chat_unavailable', reference: 'ref-1' });
  await stage.wait(600_000);
  assert.equal(stage.calls.length, 3);
});

test('a network that comes back is noticed', async () => {
  await connect(['offline', login()]);
  assert.equal(stage.state.name, 'checking');
  await stage.wait(2_000);
  assert.deepEqual(stage.logins, ['token-1']);
});

test('a page that cannot read the answer is told that the gateway is unreachable', async () => {
  await connect(['offline']);
  await stage.wait(2_000);
  await stage.wait(8_000);
  assert.deepEqual(stage.state, { name: 'failed', code: 'unreachable', reference: undefined });
});

test('a gateway that asks for patience gets it', async () => {
  await connect([problem(429, 'too_many_requests', { 'Retry-After': '30' }), login()]);
  await stage.wait(29_000);
  assert.equal(stage.calls.length, 1);
  await stage.wait(1_000);
  assert.equal(stage.calls.length, 2);
});

test('a gateway that asks for more than a minute is not asked again', async () => {
  await connect([problem(429, 'too_many_requests', { 'Retry-After': '3600' })]);
  assert.equal(stage.state.code, 'too_many_requests');
  await stage.wait(4_000_000);
  assert.equal(stage.calls.length, 1);
});

test('nobody is shut out of a chat that they are in because the gateway is down', async () => {
  await connect(['offline']);
  await stage.chatSays('Custom_Script_Logged_In');
  await stage.wait(2_000);
  await stage.wait(8_000);
  assert.deepEqual(stage.state, { name: 'connected', confirmed: true });
});
