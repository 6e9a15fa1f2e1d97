// Every page of ours, held to what all of them promise: names, landmarks, contrast, small windows, calm motion, and no
// script or style of a page that its policy would have to allow.

import assert from 'node:assert/strict';
import { journey } from './journey.mjs';
import {
  atProvider, enterPassword, hook, inNews, loginFrame, openAccount, openNews, openRocketChat, press, talk, visible, windowBy,
} from './pages.mjs';
import { narrow, pictures, prefer, schemes, wide } from './pictures.mjs';
import { world } from './world.mjs';

// findings runs inside a page and says what is wrong with it. Hidden parts are not looked at.
function findings() {
  const found = [];
  const must = (holds, what) => holds || found.push(what);
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.hidden, .skip');
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);

  must(document.documentElement.lang !== '', 'html has a lang');
  must(document.title.trim() !== '', 'there is a title');
  must(all('h1').length === 1, 'there is one h1');
  must(all('[role="status"], [role="alert"], [role="log"]').length > 0, 'there is a live region');
  must(document.querySelectorAll('script:not([src]), style, [style], [onclick]').length === 0, 'nothing is inline');
  for (const e of all('a[href], button, input:not([type="hidden"]), textarea')) {
    const name = e.getAttribute('aria-label') ?? (e.labels?.[0]?.innerText || e.innerText);
    must(name.trim() !== '', `a name for ${e.outerHTML}`);
  }
  for (const img of all('img')) must(img.hasAttribute('alt'), `an alt for ${img.outerHTML}`);
  must(document.documentElement.scrollWidth <= innerWidth, `fits ${innerWidth} px, not ${document.documentElement.scrollWidth}`);
  return found.concat(faintTexts());

  // faintTexts are those with less than 4.5:1 against the nearest background behind them (WCAG 2.2, 1.4.3).
  function faintTexts() {
    const faint = new Set();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const e = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || !shown(e) || e.closest('script, noscript, template')) continue;
      const ratio = contrast(colour(getComputedStyle(e).color), behind(e));
      if (ratio < 4.5) faint.add(`${ratio.toFixed(2)}:1 for "${texts.currentNode.data.trim().slice(0, 30)}"`);
    }
    return [...faint];
  }

  function behind(e) {
    for (let box = e; box; box = box.parentElement) {
      const background = colour(getComputedStyle(box).backgroundColor);
      if (background[3] > 0) return background;
    }
    return getComputedStyle(document.documentElement).colorScheme === 'dark' ? [18, 18, 18, 1] : [255, 255, 255, 1];
  }

  // colour reads rgb(), rgba() and whatever else a canvas can paint.
  function colour(css) {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  }

  function contrast(a, b) {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  }

  function luminance([r, g, b]) {
    const [R, G, B] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  }
}

// inspect looks at a page, or at a frame in it, in both schemes, wide and narrow, and with reduced motion.
async function inspect(page, name, within = page) {
  await pictures(page, name);
  const found = [];
  for (const viewport of [narrow, wide]) {
    await page.setViewport(viewport);
    for (const scheme of schemes) {
      await prefer(page, scheme, 'reduce');
      const here = await within.evaluate(findings);
      found.push(...here.map((what) => `${name}, ${viewport.width} px, ${scheme}: ${what}`));
    }
  }
  const moving = await within.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length);
  if (moving > 0) found.push(`${name}: something moves under prefers-reduced-motion`);
  assert.deepEqual(found, []);
}

const signedOut = {
  '/': 'account-signed-out',
  '/logout': 'signed-out-already',
  '/login/done': 'sign-in-done',
  '/login/callback?state=old': 'error-over',
  '/login?return_to=https://evil.example/': 'error-return-to',
  '/nowhere': 'error-not-found',
};

journey('what anybody can open, signed out', async (page) => {
  for (const [path, name] of Object.entries(signedOut)) {
    await page.goto(world.gateway + path);
    await inspect(page, name);
  }
}, { expected: [new RegExp(`^${world.gateway}\\S*: Failed to load resource: .* (400|404) `), /Scripts may close only the windows/] });

journey('the login frame, signed out', async (page) => {
  await openRocketChat(page);
  const frame = await loginFrame(page);
  await visible(frame, hook('login'));
  await inspect(page, 'rocketchat-frame-signed-out', frame);
  const window = await windowBy(page, () => press(frame, hook('login')));
  await atProvider(window);
  await page.bringToFront();
  await visible(frame, '[data-show="waiting"]');
  await inspect(page, 'rocketchat-frame-waiting', frame);
});

journey('the login frame in the desktop app', async (page) => { // B-17
  await page.goto(`${world.gateway}/rocketchat/frame?client=electron`);
  await visible(page, hook('login'));
  assert.equal(await page.$(hook('login-top')), null, 'the one button is the main one');
  await inspect(page, 'rocketchat-frame-electron');
});

journey('the login frame while it asks', async (page) => {
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  await page.setRequestInterception(true);
  page.on('request', (request) => request.url().endsWith('/resume') || request.continue());
  await page.goto(`${world.gateway}/rocketchat/frame`);
  await visible(page, '.spinner');
  await inspect(page, 'rocketchat-frame-checking');
});

journey('the account page and the question before signing out, signed in', async (page) => {
  await openAccount(page);
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
  await inspect(page, 'account-signed-in');
  await page.goto(`${world.gateway}/logout`);
  await inspect(page, 'sign-out-question');
});

journey('the newspaper, signed out and in', async (page) => {
  await openNews(page);
  await inspect(page, 'news-signed-out');
  await press(page, talk('sign-in'));
  await enterPassword(page, 'ada');
  await inNews(page);
  await inspect(page, 'news-signed-in');
  await pictures(page, 'news-comments', '#comments');
});
