// The mobile and the desktop client against workspaces that the Go test beside this file opens, one for each scene.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import * as electron from './electron.mjs';
import * as mobile from './mobile.mjs';

const scenes = JSON.parse(process.env.CHATGATE_SCENES);
const { launch } = createRequire(`${process.env.CHATGATE_NODE_MODULES}/`)('puppeteer-core');

let browser;
before(async () => {
  browser = await launch({
    executablePath: process.env.CHATGATE_CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage'],
  });
});
after(() => browser.close());

// scene runs a test in a context of its own, as a phone or a desktop of its own.
function scene(name, walk) {
  test(name, async () => {
    const context = await browser.createBrowserContext();
    try {
      await walk(await context.newPage(), scenes[name]);
    } finally {
      await context.close();
    }
  });
}

async function openApp(page, workspace) {
  await mobile.prepare(page, workspace);
  await mobile.openWebView(page);
}

const pending = (promise, ms) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, ms, 'pending'))]);
const shown = (page, state) => page.waitForSelector(`body[data-state="${state}"]`, { timeout: 10_000 });

scene('the app takes the login that the frame posts', async (page, workspace) => {
  await openApp(page, workspace);
  const me = await mobile.appLogin(page);
  assert.equal(me.username, 'ada');
  await page.waitForFunction(() => location.href === 'about:blank');
});

scene('the app is refused with a token that the server does not know', async (page, workspace) => {
  await openApp(page, workspace);
  await assert.rejects(mobile.appLogin(page), /refuses the app's login with 401/);
});

scene('the app asks by itself and without cookies when the frame says try-iframe-login', async (page, workspace) => {
  await openApp(page, workspace);
  await shown(page, 'frame');
  assert.equal(await pending(mobile.appLogin(page), 4_000), 'pending');
});

scene('the app never notices that the web client within logged in', async (page, workspace) => {
  await openApp(page, workspace);
  await shown(page, 'in');
  assert.equal(await pending(mobile.appLogin(page), 4_000), 'pending');
});

scene('the app fails at an address with the workspace and the word token but no JSON', async (page, workspace) => {
  await mobile.prepare(page, workspace);
  await page.goto(`${workspace}/home?token`);
  await assert.rejects(mobile.appLogin(page), /the app fails at \S+\/home\?token/);
});

scene('the desktop app opens no windows', async (page, workspace) => {
  await electron.prepare(page);
  await page.goto(`${workspace}/home`);
  const frame = await page.waitForFrame((f) => f.url().includes('/frame?client=electron'));
  for (const control of ['#open', '#blank', '#form', '#submit', '#named']) await (await frame.waitForSelector(control)).click();
  const denied = await electron.deniedWindows(page);
  assert.deepEqual(denied.map((address) => new URL(address).pathname), ['/open', '/blank', '/form', '/submit', '/named']);
  assert.equal((await page.browserContext().pages()).length, 1);
});

scene('the desktop app navigates within its window', async (page, workspace) => {
  await electron.prepare(page);
  await page.goto(`${workspace}/home`);
  const frame = await page.waitForFrame((f) => f.url().includes('/frame?client=electron'));
  await Promise.all([page.waitForNavigation(), (await frame.waitForSelector('#top')).click()]);
  assert.equal(new URL(page.url()).pathname, '/top');
});
