// Pictures of every page and state, for people to look at: written when CHATGATE_SCREENSHOTS names a directory.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

const directory = process.env.CHATGATE_SCREENSHOTS;

const PAINTED_WITHIN = 500; // ms

export const schemes = ['light', 'dark'];
export const wide = { width: 1280, height: 800 };
export const narrow = { width: 320, height: 640 };

export async function prefer(page, scheme, motion = 'no-preference') {
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: scheme },
    { name: 'prefers-reduced-motion', value: motion },
  ]);
}

// drawn waits until every frame of the page has taken on a scheme: those of other sites hear of it later. What is out of
// sight is never painted, and therefore not waited for.
async function drawn(page, scheme) {
  await page.bringToFront(); // a page behind another one is not painted
  await Promise.all(page.frames().map(async (frame) => {
    await frame.waitForFunction((s) => matchMedia(`(prefers-color-scheme: ${s})`).matches, { polling: 50 }, scheme);
    await frame.evaluate((most) => new Promise((resolve) => {
      setTimeout(resolve, most);
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    }), PAINTED_WITHIN);
  }));
}

// picture writes name.png as the page is.
export async function picture(page, name) {
  if (!directory) return;
  await mkdir(directory, { recursive: true });
  await page.bringToFront(); // a page behind another one is not painted
  await page.screenshot({ path: join(directory, `${name.replaceAll(/[^\w.-]+/g, '-')}.png`) });
}

// isFirefox says which browser shows a page. Firefox has no way to be told of another scheme (WebDriver BiDi).
const isFirefox = async (page) => /firefox/i.test(await page.browser().version());

// pictures writes the page in both schemes, wide and narrow, and leaves it wide and light; in Firefox once, as it is. Of a
// long page it shows the part that the selector finds.
export async function pictures(page, name, selector = 'body') {
  if (!directory) return;
  if (await isFirefox(page)) {
    await picture(page, `${name}-firefox`);
    return;
  }
  for (const [size, viewport] of Object.entries({ narrow, wide })) {
    await page.setViewport(viewport);
    await page.$eval(selector, (part) => part.scrollIntoView());
    for (const scheme of ['dark', 'light']) {
      await prefer(page, scheme);
      await drawn(page, scheme);
      await picture(page, `${name}-${size}-${scheme}`);
    }
  }
}
