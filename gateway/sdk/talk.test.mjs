// What renderTalk does with the answers of the gateway, and with what the comments say.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { FakeElement, problem, signedOut } from './fakes.mjs';
import { CORAL, GATEWAY, LIFE, PORTAL, TalkStage, answer, token } from './talkfakes.mjs';

const AT_80 = LIFE * 800; // ms
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

test('the comments show before the gateway has answered', async () => {
  const unanswered = stage.render([() => new Promise(() => {})]);
  await unanswered;
  assert.deepEqual(stage.told, ['made without']);
  assert.equal(stage.state.name, 'checking');
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
  assert.deepEqual([stage.frame.title, stage.frame.style.height], ['Sign in', '14rem']);
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
