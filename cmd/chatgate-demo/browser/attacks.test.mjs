// Five ways to come by somebody else's sign-in, or to have one made behind their back. Mallory has a browser of his own
// and pages of his own; Ada's browser allows third-party cookies, which is when there is most to take.

import assert from 'node:assert/strict';
import { journey } from './journey.mjs';
import { enterPassword, hook, inRocketChat, openAccount, openRocketChat, press } from './pages.mjs';
import { withStranger } from './stranger.mjs';
import { until } from './walk.mjs';
import { tokensMade, world } from './world.mjs';

// What the browser reports when it, or we, refuse something.
const refusals = [/Failed to load resource/, /frame-ancestors/, /CORS policy/, /^console\.error/, /MIME type/, /ERR_BLOCKED_BY_RESPONSE/];

const attack = (name, walk) => journey(name, walk, { expected: refusals });

// Mallory's browser has no cookie of Ada's.
async function mallorysPage(browser) {
  const page = await (await browser.createBrowserContext()).newPage();
  await page.goto(`${world.gateway}/rocketchat/frame`);
  return page;
}

// post sends JSON from a page of the gateway's own, as the frame's script does.
const post = (page, path, body) => page.evaluate(async (address, text) => {
  const response = await fetch(address, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: text });
  return { status: response.status, answer: await response.json() };
}, path, JSON.stringify(body));

async function makeHandOff(page) {
  const { status, answer } = await post(page, '/rocketchat/handoff', {});
  assert.equal(status, 200);
  return answer;
}

const redeem = (page, { id, secret }) => post(page, '/rocketchat/handoff/redeem', { id, secret });

// session is the status with which the gateway tells this browser who it is.
async function session(page) {
  const answer = await page.goto(`${world.gateway}/session`);
  return answer.status();
}

async function signInAtGateway(page, username) {
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, username);
  await page.waitForSelector(hook('logout'));
}

attack('a hand-off that Mallory planted by a link gets nobody', async (page, browser) => { // B-08
  const mallory = await mallorysPage(browser);
  const planted = await makeHandOff(mallory);
  const query = new URLSearchParams({ handoff: planted.id, id: planted.id, mode: 'window' });
  for (const path of ['/login/start', '/login', '/rocketchat/frame', '/rocketchat/handoff', '/']) {
    await page.goto(`${world.gateway}${path}?${query}`);
  }
  await signInAtGateway(page, 'ada');
  assert.equal((await redeem(mallory, planted)).status, 202, 'his hand-off still waits');
  assert.equal(await tokensMade(), 0);
});

attack("a form of Mallory's page starts nothing", async (page, browser) => { // B-08
  const mallory = await mallorysPage(browser);
  const planted = await makeHandOff(mallory);
  await signInAtGateway(page, 'ada');
  const form = `<form method="post" action="${world.gateway}/login/start"><input name="handoff" value="${planted.id}"><input name="mode" value="window"></form>`;
  const hidden = form.replaceAll('"', '&quot;');
  const pages = {
    'a form': `${form}<script>document.forms[0].submit()</script>`,
    'a form whose origin is null': `<iframe sandbox="allow-scripts allow-forms allow-top-navigation" srcdoc="${hidden.replace('&gt;', '>').replace('<form', '<form target=_top')}<script>document.forms[0].submit()</script>"></iframe>`,
  };
  for (const [what, body] of Object.entries(pages)) {
    await withStranger(body, async (address) => {
      const refused = page.waitForResponse((r) => r.url() === `${world.gateway}/login/start`);
      await page.goto(address).catch(() => {}); // the form may leave before the page has loaded
      assert.equal((await refused).status(), 403, what);
    });
  }
  assert.equal((await redeem(mallory, planted)).status, 202, 'his hand-off still waits');
  assert.equal(await tokensMade(), 0);
});

attack('a callback that comes to another browser signs nobody in there', async (page, browser) => { // B-09
  const mallory = await mallorysPage(browser);
  const copied = await stopAtCallback(page);
  const answer = await mallory.goto(copied);
  assert.equal(answer.status(), 400);
  assert.equal(await session(mallory), 401);
  assert.equal(await session(page), 401, 'Ada was never let through either');
  assert.equal(await tokensMade(), 0);
});

// stopAtCallback signs in up to the provider's answer, which never arrives, and returns it.
async function stopAtCallback(page) {
  await openAccount(page);
  await press(page, hook('login'));
  let callback;
  await page.setRequestInterception(true);
  const stop = (request) => {
    if (!request.url().startsWith(`${world.gateway}/login/callback`)) return request.continue();
    callback = request.url();
    return request.abort();
  };
  page.on('request', stop);
  await enterPassword(page, 'ada');
  await until('a callback', () => callback);
  page.off('request', stop);
  await page.setRequestInterception(false);
  return callback;
}

attack('a page that nobody listed frames nothing of ours', async (page) => { // B-06
  await signInAtGateway(page, 'ada');
  const frames = ['/', '/rocketchat/frame', '/rocketchat/frame?embedder=http://stranger.localhost', '/talk/frame', '/talk/frame?embedder=http://stranger.localhost', '/login', '/logout', '/login/done'];
  const body = frames.map((path) => `<iframe src="${world.gateway}${path}"></iframe>`).join('');
  await withStranger(body, async (address) => {
    await page.goto(address);
    assert.deepEqual(shown(page), frames.map(() => 'chrome-error'));
  });
  // The chat lets itself be framed here; our page inside it looks at all that is above it.
  await withStranger(`<iframe src="${world.rocketchat}/home?layout=embedded"></iframe>`, async (address) => {
    await signOutOfTheWay(page);
    await page.goto(address);
    await until('our page in the chat', () => page.frames().length === 3);
    await until('its refusal', () => shown(page).includes('chrome-error'));
  });
  assert.equal(await tokensMade(), 0);
});

const shown = (page) => page.frames().slice(1).map((frame) => frame.url().split(':')[0]);

// signOutOfTheWay takes the session away, with which the chat would sign in by its API and show no frame.
const signOutOfTheWay = (page) => page.browserContext().deleteMatchingCookies({ name: '__Host-chatgate', url: world.gateway });

attack("Mallory's page reads no token and has none made", async (page) => { // B-03, B-04
  await signInAtGateway(page, 'ada');
  await withStranger('<h1>Kittens</h1>', async (address) => {
    for (const api of [`${world.gateway}/rocketchat/token`, `${world.gateway}/talk/token`]) {
      await page.goto(address);
      const got = await page.evaluate(takeToken, api);
      assert.deepEqual(got, { cors: 'refused', 'no-cors': 'refused', preflight: 'refused', script: 'refused' }, api);
      await page.goto(api);
      assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /token":|loginToken/i);
    }
  });
  assert.equal(await tokensMade(), 0, 'tokens made for a page that is not listed');
  await openRocketChat(page);
  assert.equal(await inRocketChat(page), 'ada', 'the same session has one made for the chat');
  assert.equal(await tokensMade(), 1);
});

// takeToken runs in Mallory's page and says what each of his ways came to.
async function takeToken(api) {
  const attempt = (options) => fetch(api, { method: 'POST', credentials: 'include', ...options }).then((r) => r.type, () => 'refused');
  const script = new Promise((resolve) => {
    const element = Object.assign(document.createElement('script'), { src: api });
    element.onload = () => resolve('ran');
    element.onerror = () => resolve('refused');
    document.head.append(element);
  });
  return {
    cors: await attempt({}),
    'no-cors': await attempt({ mode: 'no-cors' }),
    preflight: await attempt({ headers: { 'Content-Type': 'application/json' }, body: '{}' }),
    script: await script,
  };
}
