// What every page of ours promises: names, landmarks, contrast, small windows, calm motion, and no script or style in the
// page that its policy would have to allow.

import assert from 'node:assert/strict';
import { narrow, pictures, prefer, schemes, wide } from './pictures.mjs';

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
export async function inspect(page, name, within = page) {
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
