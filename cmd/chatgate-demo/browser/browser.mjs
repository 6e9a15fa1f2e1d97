// The browsers, as people have them. What openBrowser returns is driven the same way whichever it is.

import { openChromium } from './chromium.mjs';
import { openFirefox } from './firefox.mjs';

const open = { chromium: openChromium, firefox: openFirefox };

// openBrowser starts a browser with a profile of its own. thirdPartyCookies is 'allow', 'block', or in Firefox
// 'partition', which is its default.
export function openBrowser({ kind = 'chromium', thirdPartyCookies = 'allow' } = {}) {
  return open[kind](thirdPartyCookies);
}
