// What renderTalk does with the answers of the gateway and with what people do: who is shown what, and who is signed in.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { FakeElement, problem, signedOut } from './fakes.mjs';
import { CORAL, FakeStorage, GATEWAY, PORTAL, TalkStage, answer, token } from './talkfakes.mjs';

const connected = { type: 'chatgate:connected', chat: 'talk' };

let stage;

beforeEach(() => {
  mock.timers.reset();
  stage = new TalkStage(mock.timers);
});

test('somebody with a session is signed in to the comments', async () => {
  const connection = await stage.render([answer('one')]);
  assert.deepEqual(stage.calls.map(({ url, method, credentials }) => ({ url, method, credentials })),
    [{ url: `${GATEWAY}/talk/token`, method: 'GET', credentials: 'include' }]);
  assert.deepEqual(stage.told, ['made without', 'login one']);
  assert.deepEqual(stage.names, ['checking', 'connected']);
  assert.deepEqual(connection.state, { name: 'connected' });
});

test('the call has no header and no body, so that there is no preflight', async () => {
  await stage.render([answer('one')]);
  assert.deepEqual(Object.keys(stage.calls[0]).sort(), ['credentials', 'method', 'signal', 'url']);
});

test('the comments show before the gateway has answered', async () => {
  await stage.render([() => new Promise(() => {})]);
  assert.deepEqual(stage.told, ['made without']);
  assert.equal(stage.state.name, 'checking');
});

test('comments whose script comes after the answer begin with the token', async () => {
  delete window.Coral;
  await stage.render([answer('one')]);
  stage.bringScript();
  await stage.happen(stage.scripts[0], 'load');
  assert.deepEqual(stage.told, ['made one']);
  assert.equal(stage.state.name, 'connected');
});

test('comments whose script comes after close do not show, and sign nobody in', async () => {
  delete window.Coral;
  const connection = await stage.render([answer('one')], { comments: { rootURL: 'https://late.example.org' } });
  connection.close();
  stage.bringScript();
  await stage.happen(stage.scripts[0], 'load');
  assert.deepEqual([stage.embeds.length, connection.state.name], [0, 'closed']);
});

test('nobody signed in reads the comments, and the frame waits for a press', async () => {
  await stage.render([signedOut]);
  assert.deepEqual(stage.names, ['checking', 'signed-out']);
  assert.deepEqual([stage.told, stage.frame], [['made without'], undefined]);
});

test('a press on sign-in shows the frame, and the comments are signed in after it', async () => {
  await stage.render([signedOut, signedOut, answer('one')]);
  await stage.say('loginPrompt');
  assert.equal(stage.state.name, 'sign-in-needed');
  assert.equal(stage.frame.src, `${GATEWAY}/talk/frame?embedder=${encodeURIComponent(PORTAL)}`);
  assert.deepEqual([stage.frame.title, stage.frame.style.height], ['Sign in', '18rem']);
  await stage.frameSays(connected);
  assert.equal(stage.frame, undefined);
  assert.deepEqual(stage.told, ['made without', 'login one']);
  assert.deepEqual(stage.asked, ['GET', 'POST', 'POST']);
  assert.deepEqual(stage.names, ['checking', 'signed-out', 'checking', 'sign-in-needed', 'connected']);
});

test('a press asks the gateway first, whose cookie may be enough', async () => {
  await stage.render([signedOut, answer('one')]);
  await stage.say('loginPrompt');
  assert.deepEqual([stage.frame, stage.state.name], [undefined, 'connected']);
});

test('where no cookie reaches the page, the frame hands the token over', async () => { // B-26
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  const frame = stage.frame.contentWindow;
  await stage.frameSays(connected);
  assert.deepEqual(frame.posted, [{ data: { type: 'chatgate:token', chat: 'talk' }, targetOrigin: GATEWAY }]);
  await stage.frameSays({ type: 'chatgate:token', chat: 'talk', token: token('handed'), expires_at: 1 });
  assert.deepEqual(stage.told, ['made without', 'login handed']);
  assert.deepEqual([stage.frame, stage.state.name], [undefined, 'connected']);
});

test('a frame that hands nothing over in time is a failure', async () => {
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  await stage.frameSays(connected);
  await stage.wait(10_000);
  assert.deepEqual([stage.names.at(-1), stage.frame], ['failed sign_in_unanswered', undefined]);
});

test('a second press leaves the frame as it is, in the middle of a sign-in', async () => {
  const connection = await stage.render([signedOut]);
  await stage.say('loginPrompt');
  const { frame } = stage;
  connection.signIn();
  await stage.say('loginPrompt');
  assert.equal(stage.frame, frame);
  assert.deepEqual(stage.asked, ['GET', 'POST']);
});

test('the page’s own button does what a press in the comments does', async () => {
  const connection = await stage.render([signedOut]);
  connection.signIn();
  await stage.settle();
  assert.equal(stage.state.name, 'sign-in-needed');
  await stage.frameSays(connected);
  await stage.frameSays({ type: 'chatgate:token', chat: 'talk', token: token('one'), expires_at: 1 });
  connection.signIn();
  await stage.settle();
  assert.deepEqual(stage.told, ['made without', 'login one'], 'somebody who is in stays in');
});

test('a page may put the sign-in frame where it likes, and is told when it goes', async () => {
  const dialog = new FakeElement();
  let closed = 0;
  const signIn = (frame) => {
    dialog.append(frame);
    return () => { closed += 1; };
  };
  await stage.render([signedOut, signedOut, answer('one')], { signIn, signInTitle: 'Anmelden' });
  await stage.say('loginPrompt');
  const [frame] = dialog.children;
  assert.equal(frame.title, 'Anmelden');
  await stage.frameSays(connected, { source: frame.contentWindow });
  assert.deepEqual([dialog.children.length, closed], [0, 1]);
});

test('a gateway that has answered nobody is not asked again in this tab', async () => { // D18
  await stage.render([signedOut]);
  await stage.render([answer('one')]);
  assert.deepEqual(stage.asked, ['GET']);
  assert.equal(stage.state.name, 'signed-out');
});

test('another tab asks for itself', async () => { // D18
  await stage.render([signedOut]);
  window.sessionStorage = new FakeStorage();
  await stage.render([signedOut]);
  assert.deepEqual(stage.asked, ['GET', 'GET']);
});

test('a page that knows its reader to be signed in asks nevertheless', async () => { // D18
  await stage.render([signedOut]);
  await stage.render([answer('one')], { signedIn: true });
  assert.equal(stage.state.name, 'connected');
});

test('the next page asks again, once somebody has been signed in', async () => { // D18
  await stage.render([signedOut, answer('one')]);
  await stage.say('loginPrompt');
  await stage.render([answer('two')]);
  assert.deepEqual(stage.asked, ['GET', 'POST', 'GET']);
});

for (const [way, press] of [
  ['a press in the comments', () => stage.say('loginPrompt')],
  ['a link of the page to the gateway', () => stage.click(`${GATEWAY}/login?return_to=${PORTAL}/`)],
]) {
  test(`after ${way} the page that comes back asks again`, async () => { // D18
    await stage.render([signedOut]);
    await press();
    await stage.render([answer('one')]);
    assert.equal(stage.state.name, 'connected');
  });
}

test('a link to elsewhere is no way to sign in', async () => {
  await stage.render([signedOut]);
  await stage.click(`${GATEWAY}.attacker.example/login`);
  await stage.render([answer('one')]);
  assert.deepEqual(stage.asked, ['GET']);
});

test('the script of the comments is put into the page once', async () => {
  delete window.Coral;
  const other = 'https://other.example.org';
  await stage.render([signedOut], { comments: { rootURL: `${other}/` } });
  await stage.render([signedOut], { comments: { rootURL: other } });
  assert.deepEqual(stage.scripts.map(({ src }) => src), [`${other}/assets/js/embed.js`]);
});

for (const [name, happen] of [
  ['does not load', () => stage.happen(stage.scripts[0], 'error')],
  ['is something else', () => stage.happen(stage.scripts[0], 'load')],
]) {
  test(`without a script, which ${name}, the page is told`, async () => {
    delete window.Coral;
    await stage.render([answer('one')], { comments: { rootURL: `https://${name.length}.example.org` } });
    await happen();
    assert.equal(stage.names.at(-1), 'failed embed_unavailable');
  });
}

test('a script that did not load is tried again by refresh', async () => {
  delete window.Coral;
  const connection = await stage.render([signedOut], { comments: { rootURL: 'https://down.example.org' } });
  await stage.happen(stage.scripts[0], 'error');
  assert.ok(stage.scripts[0].gone);
  connection.refresh();
  await stage.settle();
  stage.bringScript();
  await stage.happen(stage.scripts[1], 'load');
  assert.deepEqual([stage.told, stage.state.name], [['made without'], 'signed-out']);
});

test('what else the page says of the comments is passed on', async () => {
  const heard = [];
  await stage.render([signedOut], {
    comments: { storyID: '7', storyURL: `${PORTAL}/7`, autoRender: false, containerClassName: 'dark', events: (e) => e.on('ready', () => heard.push('ready')) },
  });
  const { storyID, storyURL, autoRender, containerClassName, rootURL, id } = stage.comments.options;
  assert.deepEqual({ storyID, storyURL, autoRender, containerClassName, rootURL, id },
    { storyID: '7', storyURL: `${PORTAL}/7`, autoRender: false, containerClassName: 'dark', rootURL: CORAL, id: stage.element.children[0].id });
  await stage.say('ready');
  assert.deepEqual(heard, ['ready']);
});

test('the comments render by themselves unless the page says otherwise', async () => {
  await stage.render([signedOut]);
  assert.equal(stage.comments.options.autoRender, true);
});

test('somebody who came in by Coral’s own login is looked up at the gateway', async () => {
  await stage.render([signedOut, answer('one')]);
  await stage.say('signedIn');
  assert.deepEqual(stage.asked, ['GET', 'GET']);
  assert.deepEqual([stage.told, stage.state.name], [['made without', 'login one'], 'connected']);
});

test('somebody whom only Coral knows stays in', async () => {
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  await stage.say('signedIn');
  assert.deepEqual([stage.told, stage.frame, stage.state.name], [['made without'], undefined, 'connected']);
});

for (const [name, given, want] of [
  ['a refusal', problem(403, 'access_denied'), { name: 'failed', code: 'access_denied', reference: 'ref-1' }],
  ['a page in place of JSON', { status: 404, body: '<html>' }, { name: 'failed', code: 'http_404', reference: undefined }],
  ['200 without a token', { status: 200, body: '{"expires_at":1}' }, { name: 'failed', code: 'answer_not_understood', reference: undefined }],
  ['200 with a token that is no text', { status: 200, body: '{"token":7}' }, { name: 'failed', code: 'answer_not_understood', reference: undefined }],
  ['200 with text that is no token', { status: 200, body: '{"token":"a.b.c"}' }, { name: 'failed', code: 'answer_not_understood', reference: undefined }],
  ['a token without an end', answer('one', { exp: undefined }), { name: 'failed', code: 'answer_not_understood', reference: undefined }],
  ['a token without a beginning', answer('one', { iat: undefined }), { name: 'failed', code: 'answer_not_understood', reference: undefined }],
  ['a token of nobody', answer('one', { sub: null }), { name: 'failed', code: 'answer_not_understood', reference: undefined }],
  ['a token that has ended by this computer’s clock', answer('one', { age: 1_000 }), { name: 'failed', code: 'clock_wrong', reference: undefined }],
]) {
  test(`${name} is told at once and not repeated, and the comments show`, async () => {
    await stage.render([given]);
    assert.deepEqual(stage.state, want);
    await stage.wait(120_000);
    assert.deepEqual([stage.calls.length, stage.told], [1, ['made without']]);
  });
}

for (const [name, change] of [
  ['without a gateway', { gateway: undefined }],
  ['with a gateway that is a script', { gateway: 'javascript:alert(1)' }],
  ['with a chat that is an address', { chat: '../rocketchat' }],
  ['with a place for the frame that is none', { signIn: 'sign-in' }],
  ['with neither of the two products', { coral: undefined }],
  ['with both products', { talk: { rootURL: CORAL } }],
  ['with Coral at no address', { coral: {} }],
  ['with Coral at a path', { coral: { rootURL: '/coral' } }],
  ['with Coral at a script', { coral: { rootURL: 'javascript:alert(1)' } }],
]) {
  test(`a call ${name} throws`, async () => {
    await assert.rejects(stage.render([signedOut], change), TypeError);
    assert.deepEqual([stage.calls.length, stage.embeds.length], [0, 0]);
  });
}

test('a call without an element throws', async () => {
  stage.element = null;
  await assert.rejects(stage.render([signedOut]), TypeError);
});

for (const [how, options, end] of [
  ['close', {}, (connection) => connection.close()],
  ['its signal', {}, (_, controller) => controller.abort()],
]) {
  test(`after ${how} nothing happens any more, and the comments stay`, async () => {
    const controller = new AbortController();
    const connection = await stage.render([answer('one')], { ...options, signal: controller.signal });
    end(connection, controller);
    assert.deepEqual(connection.state, { name: 'closed' });
    await stage.say('loginPrompt');
    await stage.say('signOut.success');
    await stage.happen(window, 'storage', { key: 'chatgate.out.talk@https://sso.example.org', newValue: '1' });
    connection.refresh();
    connection.signIn();
    connection.signOut();
    await stage.wait(3_600_000);
    assert.deepEqual([stage.calls.length, stage.told, stage.opened.length], [1, ['made without', 'login one'], 0]);
    assert.equal(stage.state.name, 'connected', 'the page is told nothing more');
    assert.equal(stage.element.children.length, 1);
  });
}

test('closing takes the sign-in frame away', async () => {
  const connection = await stage.render([signedOut]);
  await stage.say('loginPrompt');
  connection.close();
  assert.equal(stage.frame, undefined);
});
