// What chatgate.js does with the answers of the gateway and the words of the chat.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { connectRocketChat, signOut } from './web/chatgate.js';
import { CHAT, FakeElement, GATEWAY, PORTAL, Stage, login, problem, signedOut } from './fakes.mjs';

let stage;

beforeEach(() => {
  mock.timers.reset();
  stage = new Stage(mock.timers);
});

async function connect(answers, options = {}) {
  stage.answers = answers;
  const connection = connectRocketChat(stage.iframe, {
    gateway: GATEWAY, signIn: stage.place, onState: (state) => stage.states.push(state), ...options,
  });
  await stage.settle();
  return connection;
}

const names = () => stage.states.map(({ name, confirmed }) => (confirmed === undefined ? name : `${name} ${confirmed}`));

test('somebody with a session is signed in to the chat', async () => {
  const connection = await connect([login()]);
  assert.deepEqual(stage.calls.map(({ url, method, credentials }) => ({ url, method, credentials })),
    [{ url: `${GATEWAY}/rocketchat/token`, method: 'POST', credentials: 'include' }]);
  assert.deepEqual(stage.posted, [{ data: { externalCommand: 'login-with-token', token: 'token-1' }, targetOrigin: CHAT }]);
  await stage.chatSays('Custom_Script_Logged_In');
  assert.deepEqual(names(), ['checking', 'connecting', 'connected true']);
  assert.deepEqual(connection.state, { name: 'connected', confirmed: true });
  await stage.wait(60_000);
  assert.equal(stage.logins.length, 1, 'given once, since the chat said so');
});

test('the call has no header and no body, so that there is no preflight', async () => {
  await connect([login()]);
  assert.deepEqual(Object.keys(stage.calls[0]).sort(), ['credentials', 'method', 'signal', 'url']);
});

test('another chat of the gateway is asked by its name', async () => {
  await connect([login()], { chat: 'team-chat', gateway: `${GATEWAY}/` });
  assert.equal(stage.calls[0].url, `${GATEWAY}/team-chat/token`);
});

test('a chat that is loading is given its login once it has loaded', async () => {
  stage.iframe.contentWindow.location.href = 'about:blank';
  await connect([login()]);
  await stage.wait(120_000);
  assert.deepEqual(stage.posted, [], 'a message to a blank page has the wrong receiver');
  stage.iframe.contentWindow.location.href = `${CHAT}/home`;
  await stage.load();
  assert.deepEqual(stage.logins, ['token-1']);
});

test('a chat that listens late is given its login again, with growing gaps', async () => {
  await connect([login()]);
  const given = [];
  for (let second = 0; second < 30; second++) {
    given.push(stage.logins.length);
    await stage.wait(1_000);
  }
  assert.deepEqual(given.slice(0, 9), [1, 2, 2, 3, 3, 3, 3, 4, 4]);
  assert.equal(stage.logins.length, 4);
});

test('a chat whose events are switched off is taken to be signed in', async () => {
  await connect([login()]);
  await stage.wait(1_000);
  await stage.wait(2_000);
  await stage.wait(4_000);
  assert.equal(stage.state.name, 'connecting');
  await stage.wait(8_000);
  assert.deepEqual(stage.state, { name: 'connected', confirmed: false });
  await stage.chatSays('room-opened');
  assert.deepEqual(stage.state, { name: 'connected', confirmed: true });
});

test('the event "startup", which is missing from 7.9 on, means nothing', async () => {
  await connect([login()]);
  await stage.chatSays('startup');
  assert.equal(stage.state.name, 'connecting');
});

test('a chat that says it is out after every try has not taken the login', async () => {
  await connect([login()]);
  for (let i = 0; i < 4; i++) await stage.chatSays('Custom_Script_Logged_Out');
  assert.equal(stage.state.name, 'sign-in-needed');
  assert.ok(stage.frame, 'the gateway finds out why');
});

test('a chat that was signed in before is given its login nevertheless', async () => {
  stage.iframe.contentWindow.location.href = 'about:blank';
  await connect([login()]);
  await stage.chatSays('Custom_Script_Logged_In');
  stage.iframe.contentWindow.location.href = `${CHAT}/home`;
  await stage.load();
  assert.deepEqual(stage.logins, ['token-1'], 'it may have been somebody else');
  assert.deepEqual(stage.state, { name: 'connected', confirmed: true });
});

test('somebody without a session is shown the sign-in frame, and is in after it', async () => {
  await connect([signedOut, login()]);
  assert.equal(stage.state.name, 'sign-in-needed');
  assert.equal(stage.frame.src, `${GATEWAY}/rocketchat/frame?embedder=${encodeURIComponent(PORTAL)}`);
  assert.equal(stage.frame.title, 'Sign in');
  await stage.frameSays({ type: 'chatgate:connected', chat: 'rocketchat' });
  assert.equal(stage.frame, undefined, 'the frame is gone');
  assert.deepEqual(stage.logins, ['token-1']);
  await stage.chatSays('Custom_Script_Logged_In');
  assert.deepEqual(names(), ['checking', 'sign-in-needed', 'connecting', 'connected true']);
});

test('where no cookie reaches the page, the frame hands the login over', async () => { // B-12, B-26
  await connect([signedOut]);
  const frame = stage.frame.contentWindow;
  await stage.frameSays({ type: 'chatgate:connected', chat: 'rocketchat' });
  assert.deepEqual(frame.posted, [{ data: { type: 'chatgate:token', chat: 'rocketchat' }, targetOrigin: GATEWAY }]);
  await stage.frameSays({ type: 'chatgate:token', chat: 'rocketchat', loginToken: 'handed', userId: 'ada' });
  assert.deepEqual(stage.logins, ['handed']);
  assert.equal(stage.frame, undefined);
});

test('a frame that hands nothing over in time is a failure', async () => {
  await connect([signedOut]);
  await stage.frameSays({ type: 'chatgate:connected', chat: 'rocketchat' });
  await stage.wait(10_000);
  assert.equal(stage.state.code, 'sign_in_unanswered');
});

test('a frame that hands over half a login is a failure', async () => {
  await connect([signedOut]);
  await stage.frameSays({ type: 'chatgate:connected', chat: 'rocketchat' });
  await stage.frameSays({ type: 'chatgate:token', chat: 'rocketchat', loginToken: '', userId: 'ada' });
  assert.equal(stage.state.code, 'sign_in_unanswered');
  assert.deepEqual(stage.posted, []);
});

test('a page may put the sign-in frame where it likes, and is told when it goes', async () => {
  const dialog = new FakeElement();
  let closed = 0;
  await connect([signedOut, login()], {
    signIn: (frame) => {
      dialog.append(frame);
      return () => { closed += 1; };
    },
    signInTitle: 'Anmelden',
  });
  const [frame] = dialog.children;
  assert.equal(frame.title, 'Anmelden');
  await stage.frameSays({ type: 'chatgate:connected', chat: 'rocketchat' }, { source: frame.contentWindow });
  assert.deepEqual([dialog.children.length, closed], [0, 1]);
});

test('somebody who signs in inside the chat needs our frame no more', async () => { // P > R > G
  await connect([signedOut]);
  await stage.chatSays('Custom_Script_Logged_In');
  assert.deepEqual(stage.state, { name: 'connected', confirmed: true });
  assert.equal(stage.frame, undefined);
  assert.equal(stage.calls.length, 1);
});

test('somebody who is in the chat already is not shown the frame', async () => {
  stage.answers = [signedOut];
  const asked = connect([signedOut]);
  await stage.chatSays('room-opened');
  await asked;
  assert.deepEqual(stage.state, { name: 'connected', confirmed: true });
});

test('another person at the gateway is signed in after the former one has left', async () => { // R14
  const connection = await connect([login('token-1', 'ada')]);
  await stage.chatSays('Custom_Script_Logged_In');
  stage.answers = [login('token-2', 'bob')];
  connection.refresh();
  await stage.settle();
  assert.deepEqual(stage.commands, ['login-with-token', 'logout']);
  await stage.chatSays('Custom_Script_Logged_Out');
  assert.deepEqual(stage.commands, ['login-with-token', 'logout', 'login-with-token']);
  assert.deepEqual(stage.logins, ['token-1', 'token-2']);
  await stage.chatSays('Custom_Script_Logged_In');
  assert.deepEqual(stage.state, { name: 'connected', confirmed: true });
});

test('another person is signed in even where the chat says nothing', async () => {
  const connection = await connect([login('token-1', 'ada')]);
  for (const ms of [1_000, 2_000, 4_000, 8_000]) await stage.wait(ms);
  stage.answers = [login('token-2', 'bob')];
  connection.refresh();
  await stage.settle();
  await stage.wait(3_000);
  for (const ms of [1_000, 2_000, 4_000, 8_000]) await stage.wait(ms);
  assert.equal(stage.logins.at(-1), 'token-2');
  assert.deepEqual(stage.state, { name: 'connected', confirmed: false });
});

test('signing out leaves the chat and goes to the page that asks', async () => {
  const connection = await connect([login()]);
  await stage.chatSays('Custom_Script_Logged_In');
  connection.signOut();
  await stage.settle();
  assert.equal(stage.commands.at(-1), 'logout');
  assert.deepEqual(stage.opened, [], 'the chat is let leave first');
  await stage.chatSays('Custom_Script_Logged_Out');
  assert.deepEqual(stage.opened, [[`${GATEWAY}/logout`, '_top']]);
  assert.equal(stage.calls.length, 1, 'nothing is asked while leaving');
  assert.equal(stage.state.name, 'signing-out');
});

test('signing out does not wait for a chat that says nothing', async () => {
  const connection = await connect([login()]);
  connection.signOut();
  await stage.settle();
  await stage.wait(3_000);
  assert.deepEqual(stage.opened, [[`${GATEWAY}/logout`, '_top']]);
});

test('signing out of the chat alone offers to continue', async () => {
  const connection = await connect([login()]);
  await stage.chatSays('Custom_Script_Logged_In');
  connection.signOut({ local: true });
  await stage.settle();
  await stage.chatSays('Custom_Script_Logged_Out');
  assert.equal(stage.state.name, 'sign-in-needed');
  assert.ok(stage.frame);
  assert.deepEqual([stage.opened.length, stage.calls.length], [0, 1]);
});

test('a page without a connection can sign out too', () => {
  signOut({ gateway: GATEWAY });
  assert.deepEqual(stage.opened, [[`${GATEWAY}/logout`, '_top']]);
  assert.throws(() => signOut({ gateway: 'javascript:alert(1)//' }), TypeError);
});

for (const [how, options, end] of [
  ['close', {}, (connection) => connection.close()],
  ['its signal', {}, (_, controller) => controller.abort()],
]) {
  test(`after ${how} nothing happens any more`, async () => {
    const controller = new AbortController();
    const connection = await connect([signedOut, login()], { ...options, signal: controller.signal });
    const frame = stage.frame.contentWindow;
    end(connection, controller);
    assert.deepEqual(connection.state, { name: 'closed' });
    assert.equal(stage.frame, undefined);
    await stage.hear({ type: 'chatgate:connected', chat: 'rocketchat' }, { source: frame, origin: GATEWAY });
    await stage.chatSays('Custom_Script_Logged_Out');
    connection.refresh();
    connection.signOut();
    await stage.wait(60_000);
    assert.deepEqual([stage.calls.length, stage.posted.length, stage.opened.length], [1, 0, 0]);
    assert.equal(stage.state.name, 'sign-in-needed', 'the page is told nothing more');
  });
}

test('a signal that is aborted already starts nothing', async () => {
  const connection = await connect([login()], { signal: AbortSignal.abort() });
  assert.deepEqual([connection.state.name, stage.calls.length, stage.states.length], ['closed', 0, 0]);
});

for (const [name, change] of [
  ['without a gateway', { gateway: undefined }],
  ['with a gateway that is a script', { gateway: 'javascript:alert(1)' }],
  ['with a gateway that is a path', { gateway: '/sso' }],
  ['without a place for the sign-in frame', { signIn: undefined }],
  ['with a chat that is an address', { chat: '../talk' }],
  ['with an empty chat', { chat: '' }],
]) {
  test(`a call ${name} throws`, async () => {
    await assert.rejects(connect([login()], change), TypeError);
    assert.equal(stage.calls.length, 0);
  });
}

for (const src of ['', 'about:blank', 'data:text/html,chat', 'blob:https://portal.example.org/1']) {
  test(`an iframe at "${src}" names no chat`, async () => {
    stage.iframe.src = src;
    await assert.rejects(connect([login()]), TypeError);
  });
}

test('a page without an origin of its own is refused', async () => {
  window.location.origin = 'null';
  await assert.rejects(connect([login()]), TypeError);
});

for (const [name, answer, want] of [
  ['a refusal', problem(403, 'access_denied'), { name: 'failed', code: 'access_denied', reference: 'ref-1' }],
  ['a page in place of JSON', { status: 404, body: '<html>' }, { name: 'failed', code: 'http_404', reference: undefined }],
  ['200 without a token', { status: 200, body: '{"userId":"ada"}' }, { name: 'failed', code: 'answer_not_understood', reference: undefined }],
  ['200 with an empty token', login(''), { name: 'failed', code: 'answer_not_understood', reference: undefined }],
  ['200 with a token that is no text', { status: 200, body: '{"loginToken":7,"userId":"ada"}' }, { name: 'failed', code: 'answer_not_understood', reference: undefined }],
]) {
  test(`${name} is told at once and not repeated`, async () => {
    await connect([answer]);
    assert.deepEqual(stage.state, want);
    await stage.wait(120_000);
    assert.deepEqual([stage.calls.length, stage.posted.length], [1, 0]);
  });
}
