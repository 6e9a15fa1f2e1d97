// How renderTalk keeps the comments of a page signed in past the life of a token, and lets go when it has to.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { problem, signedOut } from './fakes.mjs';
import { LIFE, TalkStage, answer, token } from './talkfakes.mjs';

const AT_80 = LIFE * 800; // ms
const unavailable = problem(503, 'store_unavailable');

let stage;

beforeEach(() => {
  mock.timers.reset();
  stage = new TalkStage(mock.timers);
});

// given renders comments that have the token "one", after which the gateway answers as told.
async function given(answers, options) {
  const connection = await stage.render([answer('one'), ...answers], options);
  assert.equal(stage.state.name, 'connected');
  return connection;
}

const fallAsleep = () => { document.hidden = true; };

async function wakeUp() {
  document.hidden = false;
  await stage.happen(document, 'visibilitychange');
}

test('at 80 % of its life a token is renewed, and kept until Coral asks', async () => { // G30
  await given([answer('two')]);
  await stage.wait(AT_80 - 1);
  assert.deepEqual(stage.asked, ['GET']);
  await stage.wait(1);
  assert.deepEqual(stage.asked, ['GET', 'POST']);
  assert.deepEqual(stage.told, ['made without', 'login one'], 'a comment that somebody writes is not lost');
  await stage.wait(LIFE * 200);
  assert.deepEqual(await stage.refuse(), ['two']);
  assert.deepEqual(stage.asked, ['GET', 'POST']);
  assert.deepEqual(stage.names, ['checking', 'connected']);
});

for (const [name, options] of [
  ['Coral before 6.3.7', { comments: { renewByLogin: true } }],
  ['Talk 4', { product: 'talk' }],
]) {
  test(`${name} is given the next token at 80 % of the last one’s life`, async () => { // G30
    await given([answer('two'), answer('three')], options);
    await stage.say('query.CoralEmbedStream_Embed.ready');
    await stage.wait(AT_80);
    await stage.wait(AT_80);
    assert.deepEqual(stage.told.slice(-3), ['login one', 'login two', 'login three']);
    assert.deepEqual(stage.asked, ['GET', 'POST', 'POST']);
  });
}

test('Coral before 6.3.7 is not told that it may ask, and not of what is ours', async () => {
  await given([], { comments: { renewByLogin: true } });
  const { refreshAccessToken, renewByLogin } = stage.comments.options;
  assert.deepEqual([refreshAccessToken, renewByLogin], [undefined, undefined]);
});

test('a token that the gateway gave out before is renewed as early as it has to be', async () => { // D18
  await stage.render([answer('one', { age: 300 }), answer('two')]);
  await stage.wait(AT_80 - 300_000);
  assert.deepEqual(stage.asked, ['GET', 'POST']);
});

test('a late clock does not renew a token late', async () => {
  await stage.render([answer('one', { age: -600 }), answer('two')]);
  await stage.wait(AT_80);
  assert.deepEqual(stage.asked, ['GET', 'POST']);
});

test('a token that is refused before its time is renewed at once, by POST', async () => { // D9
  await given([answer('two')]);
  assert.deepEqual(await stage.refuse(), ['two']);
  assert.deepEqual([stage.asked, stage.told], [['GET', 'POST'], ['made without', 'login one']]);
});

test('a page whose integration is switched off does not ask for ever', async () => { // D11
  await given([answer('two')]);
  for (let i = 0; i < 20; i++) await stage.refuse();
  assert.deepEqual([stage.calls.length, stage.names.at(-1)], [3, 'failed too_many_attempts']);
});

test('a session that ended at the gateway ends in the comments, quietly', async () => {
  await given([signedOut, answer('two')]);
  await stage.wait(AT_80);
  assert.deepEqual(stage.told, ['made without', 'login one', 'logout']);
  assert.deepEqual([stage.state.name, stage.frame], ['signed-out', undefined]);
  await stage.say('loginPrompt');
  assert.equal(stage.state.name, 'connected', 'nothing keeps the person out');
});

test('comments whose token was refused begin anew when there is no other', async () => {
  await given([signedOut]);
  assert.deepEqual(await stage.refuse(), [], 'no answer, which would open Coral’s own window');
  assert.equal(stage.embeds.length, 2);
  assert.deepEqual([stage.told, stage.state.name], [['made without'], 'signed-out']);
  assert.deepEqual(stage.element.children, [{ id: stage.comments.options.id }]);
});

test('comments that are gone are not listened to', async () => {
  await given([signedOut, answer('two')]);
  const [first] = stage.embeds;
  await stage.refuse();
  first.emit('loginPrompt');
  await stage.settle();
  assert.deepEqual(stage.asked, ['GET', 'POST']);
});

test('a token that ended while nobody looked cannot sign out', async () => {
  await given([signedOut]);
  fallAsleep();
  await stage.wait(LIFE * 2_000);
  await wakeUp();
  assert.equal(stage.embeds.length, 2, 'the comments begin anew');
  assert.deepEqual([stage.told, stage.state.name], [['made without'], 'signed-out']);
});

test('another person at the gateway is signed in at the next renewal', async () => {
  await given([answer('two', { sub: 'bob' })]);
  await stage.wait(AT_80);
  assert.deepEqual([stage.told, stage.embeds.length], [['made two'], 2]);
});

const bobs = answer('two', { sub: 'bob' });

test('what one person has written is not sent with the token of another', async () => {
  await given([bobs]);
  const [first] = stage.embeds;
  assert.deepEqual(await stage.refuse(), [], 'no answer, with which Coral would send it');
  assert.deepEqual([stage.told, stage.state.name], [['made two'], 'connected'], 'the comments begin anew');
  assert.deepEqual([first.told, stage.element.children], [['login one', 'logout', 'remove'], [{ id: stage.comments.options.id }]]);
  assert.deepEqual(await stage.refuse(), ['two'], 'what the other person writes is sent');
});

for (const [name, options, draft] of [
  ['Coral', {}, 'coral:postCommentFormBody'],
  ['Coral before 6.3.7', { comments: { renewByLogin: true } }, 'coral:replyCommentFormBody-42'],
  ['Talk 4', { product: 'talk' }, 'talkPymStorage:DraftArea_comment-draft'],
]) {
  test(`${name} signs one person out before it begins anew for another, and keeps nothing unsent of theirs`, async () => {
    const order = [];
    const connection = await given([bobs], options);
    await stage.say('query.CoralEmbedStream_Embed.ready');
    const [first] = stage.embeds;
    window.sessionStorage.set(draft, 'of Ada').set('of the page', 'stays');
    first.logout = () => {
      order.push(`logout with ${stage.embeds.length} embed`);
      first.emit('signOut.success'); // at once, as no product does
      first.options.onAuthChanged?.(null);
    };
    first.remove = () => {
      order.push('remove');
      window.sessionStorage.set(draft, 'of Ada'); // the last that it does
    };
    await stage.wait(AT_80);
    assert.deepEqual([order, stage.told, stage.embeds.length], [['logout with 1 embed', 'remove'], ['made two'], 2]);
    assert.deepEqual([...window.sessionStorage], [['of the page', 'stays']]);
    first.emit('signOut.success');
    first.options.onAuthChanged?.(null);
    assert.deepEqual([connection.state.name, window.localStorage.size], ['connected', 0], 'not taken for a sign-out of theirs');
    await stage.happen(window, 'pageshow', { persisted: true });
    assert.equal(stage.asked.at(-1), 'POST', 'a GET could answer the token that was revoked'); // D18
  });

  test(`${name} keeps what the same person has not sent`, async () => {
    await given([answer('two')], options);
    window.sessionStorage.set(draft, 'of Ada');
    await stage.wait(AT_80);
    assert.deepEqual([stage.embeds.length, window.sessionStorage.get(draft)], [1, 'of Ada']);
  });
}

test('comments that cannot sign out begin anew for another person all the same, without storage too', async () => {
  await given([bobs]);
  stage.comments.logout = () => { throw new Error('not rendered'); };
  window.sessionStorage.key = window.sessionStorage.removeItem = () => { throw new Error('denied'); };
  window.sessionStorage.set('coral:postCommentFormBody', 'of Ada');
  await stage.refuse();
  assert.deepEqual([stage.told, stage.state.name], [['made two'], 'connected']);
});

test('what has waited for a press of one person does not go with the token of another', async () => {
  await given([problem(500, 'internal', { 'Retry-After': '3600' }), bobs]);
  const got = await stage.refuse();
  await stage.say('loginPrompt');
  assert.deepEqual([got, stage.told, stage.embeds.length], [[], ['made two'], 2]);
});

test('what has waited for the frame does not go with the token that another person’s frame hands over', async () => { // B-26
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  await handOver('one');
  await stage.wait(LIFE * 1_000);
  const got = await stage.refuse();
  await handOver('two', { sub: 'bob' });
  assert.deepEqual([got, stage.told, stage.embeds.length], [[], ['made two'], 2]);
});

test('what comes after a sign-out does not go with the token of whoever has signed in since', async () => {
  await given([signedOut, bobs]);
  await stage.wait(AT_80);
  assert.deepEqual(await stage.refuse(), []);
  assert.deepEqual([stage.told, stage.embeds.length], [['made two'], 2]);
});

test('what was on its way when another person came does not go with their token', async () => {
  await given([bobs, answer('three', { sub: 'bob' })]);
  const { refreshAccessToken } = stage.comments.options;
  await stage.wait(AT_80);
  refreshAccessToken(() => assert.fail('answered'));
  await stage.settle();
  assert.deepEqual([stage.asked, stage.told], [['GET', 'POST'], ['made two']]);
});

test('what somebody has written who came in by a login of Coral’s own does not go with our token', async () => {
  await stage.render([answer('one'), signedOut, signedOut, answer('two')]);
  await stage.wait(AT_80);
  await stage.say('signedIn');
  assert.deepEqual([stage.state.name, await stage.refuse()], ['connected', []]);
  assert.deepEqual([stage.told, stage.embeds.length], [['made two'], 2]);
});

test('what has waited goes with a token of the same person, who has pressed sign-in meanwhile', async () => {
  await given([problem(500, 'internal', { 'Retry-After': '3600' }), answer('two')]);
  const got = await stage.refuse();
  await stage.say('loginPrompt');
  assert.deepEqual([got, stage.embeds.length], [['two'], 1]);
});

test('a person is told by the user id where a token has no subject', async () => { // G15
  const user = { sub: null, user: { id: 'ada' } };
  await stage.render([answer('one', user), answer('two', user), answer('three', { sub: null, user: { id: 'bob' } })]);
  await stage.wait(AT_80);
  await stage.wait(AT_80);
  assert.deepEqual(stage.embeds[0].told, ['login one', 'logout', 'remove']);
  assert.deepEqual(stage.told, ['made three']);
});

test('a page out of sight renews nothing, and catches up when it is seen', async () => {
  await given([answer('two')], { comments: { renewByLogin: true } });
  fallAsleep();
  await stage.wait(LIFE * 3_000);
  assert.deepEqual(stage.asked, ['GET'], 'an unseen page keeps no session alive');
  await wakeUp();
  assert.deepEqual(stage.told, ['made without', 'login one', 'login two']);
});

test('a page that is seen before its time does nothing', async () => {
  await given([answer('two')]);
  await stage.wait(AT_80 / 2);
  await wakeUp();
  assert.deepEqual(stage.asked, ['GET']);
});

test('nobody is signed out because the gateway is down, while the token is good', async () => {
  await given([unavailable, unavailable, unavailable, answer('two')]);
  await stage.pass(AT_80, 2_000, 8_000);
  assert.deepEqual([stage.asked.length, stage.names], [4, ['checking', 'connected']]);
  await stage.wait(60_000);
  assert.equal(stage.asked.length, 5);
  assert.deepEqual(await stage.refuse(), ['two']);
});

test('a gateway that stays down is told when the token has ended, and asked once a minute', async () => {
  await given(['offline']);
  await stage.pass(AT_80, 2_000, 8_000);
  for (let minute = 0; minute < 4; minute++) await stage.pass(60_000, 2_000, 8_000);
  assert.equal(stage.names.at(-1), 'failed unreachable');
  assert.deepEqual(stage.told, ['made without', 'login one']);
  stage.answers = [answer('two')];
  await stage.wait(60_000);
  assert.equal(stage.state.name, 'connected');
});

test('a network that is back is noticed before the minute is over', async () => {
  await given([problem(503, 'store_unavailable', { 'Retry-After': '3600' }), answer('two')]);
  await stage.wait(AT_80);
  await stage.wait(30_000);
  await stage.happen(window, 'online');
  assert.deepEqual(await stage.refuse(), ['two']);
});

test('what somebody has written waits until the gateway is back', async () => {
  await given([unavailable, unavailable, answer('two')]);
  const got = await stage.refuse();
  await stage.pass(2_000, 8_000);
  assert.deepEqual(got, []);
  await stage.wait(60_000);
  assert.deepEqual(got, ['two']);
});

test('what somebody has written waits for a press, where the gateway was down for good', async () => {
  const connection = await stage.render([answer('one'), problem(500, 'internal', { 'Retry-After': '3600' }), answer('two')]);
  await stage.wait(LIFE * 500);
  fallAsleep();
  await stage.wait(LIFE * 1_000);
  const got = await stage.refuse();
  assert.deepEqual([got, stage.names.at(-1)], [[], 'failed internal']);
  connection.refresh();
  await stage.settle();
  assert.deepEqual([got, stage.state.name], [['two'], 'connected']);
});

test('somebody who may not comment any more is signed out of the comments and told', async () => {
  await given([problem(403, 'access_denied')]);
  await stage.wait(AT_80);
  assert.equal(stage.told.at(-1), 'logout');
  assert.deepEqual(stage.state, { name: 'failed', code: 'access_denied', reference: 'ref-1' });
});

test('a gateway that asks for patience gets it', async () => {
  await given([problem(429, 'too_many_requests', { 'Retry-After': '30' }), answer('two')]);
  await stage.pass(AT_80, 29_000);
  assert.equal(stage.calls.length, 2);
  await stage.wait(1_000);
  assert.equal(stage.calls.length, 3);
});

// handOver is a sign-in where no cookie of the gateway's reaches the page.
async function handOver(name, claims) {
  await stage.frameSays({ type: 'chatgate:connected', chat: 'talk' });
  await stage.frameSays({ type: 'chatgate:token', chat: 'talk', token: token(name, claims), expires_at: 1 });
  assert.equal(stage.state.name, 'connected');
}

test('without cookies a reader goes on until Coral refuses the token, and what is written waits for the frame', async () => { // B-26
  await stage.render([signedOut]);
  await stage.say('loginPrompt');
  await handOver('one');
  await stage.wait(AT_80);
  assert.deepEqual([stage.told, stage.state.name, stage.frame], [['made without', 'login one'], 'connected', undefined]);
  await stage.wait(LIFE * 200);
  const got = await stage.refuse();
  assert.deepEqual([got, stage.state.name], [[], 'sign-in-needed']);
  await handOver('two');
  assert.deepEqual([got, stage.told, stage.frame], [['two'], ['made without', 'login one'], undefined]);
});

test('without cookies a reader of Talk 4 is signed out before the token ends', async () => {
  await stage.render([signedOut], { product: 'talk' });
  await stage.say('action.SHOW_SIGNIN_DIALOG');
  await handOver('one');
  await stage.wait(AT_80);
  assert.deepEqual([stage.told.at(-1), stage.state.name], ['logout', 'signed-out']);
});

test('a network that comes and goes asks three times a minute at the most', async () => {
  await given([problem(503, 'store_unavailable', { 'Retry-After': '3600' })]);
  await stage.wait(AT_80);
  for (let i = 0; i < 20; i++) await stage.happen(window, 'online');
  assert.equal(stage.calls.length, 1 + 3);
  stage.answers = [answer('two')];
  await stage.wait(60_000);
  assert.deepEqual(await stage.refuse(), ['two']);
});

test('a page from the history asks who is signed in now', async () => {
  await given([answer('two', { sub: 'bob' })]);
  await stage.happen(window, 'pageshow', { persisted: true });
  assert.deepEqual(stage.asked, ['GET', 'GET']);
  assert.deepEqual(stage.told, ['made two']);
});

test('a page that is shown for the first time does not ask twice', async () => {
  await given([answer('two')]);
  await stage.happen(window, 'pageshow', { persisted: false });
  assert.deepEqual(stage.asked, ['GET']);
});

test('going back and forth asks three times a minute at the most', async () => {
  await given([answer('two')]);
  for (let i = 0; i < 20; i++) await stage.happen(window, 'pageshow', { persisted: true });
  assert.equal(stage.calls.length, 3);
});

test('refresh asks again, and leaves alone who has the same token', async () => {
  const kept = answer('one')();
  const connection = await stage.render([kept], { comments: { renewByLogin: true } });
  connection.refresh();
  await stage.settle();
  assert.deepEqual(stage.told, ['made without', 'login one']);
});

test('Talk 4 is given its token when its frame can hear', async () => {
  await given([], { product: 'talk' });
  assert.deepEqual(stage.told, ['made without'], 'what is said earlier is lost');
  await stage.say('query.CoralEmbedStream_Embed.ready');
  assert.deepEqual(stage.told, ['made without', 'login one']);
});

test('Talk 4 begins with the token where that is there first', async () => {
  delete window.Coral;
  await stage.render([answer('one')], { product: 'talk', comments: { asset_id: '7', asset_url: 'https://portal.example.org/7' } });
  assert.deepEqual(stage.scripts.map(({ src }) => src), ['https://comments.example.org/static/embed.js']);
  stage.bringScript();
  await stage.happen(stage.scripts[0], 'load');
  const { talk, rootURL, asset_id: asset } = stage.comments.options;
  assert.deepEqual([stage.told, talk, rootURL, asset], [['made one'], 'https://comments.example.org', undefined, '7']);
  assert.equal(stage.comments.place, stage.element.children[0]);
});

test('Talk 4 keeps a token between visits: whoever it knows is looked up at the gateway', async () => {
  await stage.render([signedOut], { product: 'talk' });
  stage.answers = [answer('one')];
  stage.comments.options.onAuthChanged({ id: 'ada' });
  await stage.settle();
  await stage.say('query.CoralEmbedStream_Embed.ready');
  assert.deepEqual([stage.told, stage.state.name], [['made without', 'login one'], 'connected']);
});

test('a page may listen to Talk 4 as well', async () => {
  const heard = [];
  await given([], { product: 'talk', comments: { onAuthChanged: (user) => heard.push(user), events: (e) => e.on('ready', () => heard.push('ready')) } });
  stage.comments.options.onAuthChanged({ id: 'ada' });
  await stage.say('ready');
  assert.deepEqual(heard, [{ id: 'ada' }, 'ready']);
});

test('a press on sign-in in Talk 4 is one', async () => {
  await stage.render([signedOut], { product: 'talk' });
  await stage.say('action.SHOW_SIGNIN_DIALOG');
  assert.equal(stage.state.name, 'sign-in-needed');
});
