// Coral's own login, on a page of Coral's: it goes to the gateway, which asks the provider where nobody is signed in.

import assert from 'node:assert/strict';
import { journey, whereWeWent } from './journey.mjs';
import {
  atProvider, enterPassword, hook, inRocketChat, openRocketChat, press, signOut, talk, textOf, visible, windowBy,
} from './pages.mjs';
import { pictures } from './pictures.mjs';
import { world } from './world.mjs';

const openCoral = async (page) => {
  await page.goto(`${world.coral}/`);
  await visible(page, '.coral-top');
};

const inCoral = (page) => textOf(page, talk('user'));

journey('from Coral’s own button through the provider into Coral, and into the chat without another password', async (page) => { // G23
  const seen = whereWeWent(page);
  await openCoral(page);
  await pictures(page, 'coral-signed-out');
  await press(page, talk('sign-in'));
  await enterPassword(page, 'ada');
  assert.equal(await inCoral(page), 'ada');
  assert.equal(page.url(), `${world.coral}/`, 'Coral’s token does not stay in the address bar');
  await pictures(page, 'coral-signed-in');
  const code = /[?&]code=([^&]+)/;
  const elsewhere = seen.filter((address) => code.test(address)).map((address) => new URL(address).pathname);
  assert.deepEqual([...new Set(elsewhere)].sort(), ['/api/auth/oidc/callback', '/login/callback'], 'a code is in no other address');

  await openRocketChat(page);
  assert.equal(await inRocketChat(page), 'ada', 'it was one sign-in for both');
});

journey('somebody who is signed in already passes through without a page', async (page) => {
  await page.goto(`${world.gateway}/login`);
  await enterPassword(page, 'bob');
  await visible(page, hook('logout'));
  await openCoral(page);
  await press(page, talk('sign-in'));
  assert.equal(await inCoral(page), 'bob');
});

journey('Coral’s sign-in window keeps its tie to the page that opened it', async (page) => {
  await page.goto(world.talk);
  const window = await windowBy(page, () => page.evaluate((address) => {
    globalThis.handedOver = new Promise((resolve) => {
      addEventListener('message', ({ origin, data }) => resolve({ origin, token: data.accessToken }));
    });
    open(address, 'coral-auth', 'width=480,height=640');
  }, `${world.coral}/api/auth/oidc?redirectTo=/embed/auth/callback`));
  await enterPassword(window, 'ada');
  const { origin, token } = await page.evaluate(() => globalThis.handedOver);
  assert.equal(origin, world.coral);
  assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

journey('a request that is wrong ends at a page of ours, and nowhere else', async (page) => { // G26, G27
  const asked = new URL(`${world.gateway}/talk/oauth/authorize`);
  asked.search = new URLSearchParams({
    response_type: 'code', client_id: 'coral', redirect_uri: `${world.coral}/api/auth/oidc/callback`, scope: 'openid', state: 's',
  });
  await page.goto(asked);
  assert.match(await textOf(page, hook('status')), /its request lacks something that protects your sign-in/);
  await pictures(page, 'coral-login-refused');
  asked.searchParams.set('redirect_uri', 'https://evil.example/callback');
  await page.goto(asked);
  const said = await textOf(page, hook('status'));
  assert.ok(said.includes(`${world.coral}/api/auth/oidc/callback`) && !said.includes('evil.example'), said);
  await pictures(page, 'coral-login-elsewhere');
}, { expected: [/\/oauth\/authorize\?\S*: Failed to load resource: .* 400 /] });

journey('after a sign-out Coral’s button asks for a sign-in again', async (page) => { // D20
  await page.goto(`${world.gateway}/login`);
  await enterPassword(page, 'ada');
  await visible(page, hook('logout'));
  await signOut(page);
  await page.waitForFunction(() => location.pathname === '/logout/complete'); // signed out at the provider too
  await openCoral(page);
  await press(page, talk('sign-in'));
  await atProvider(page);
});
