// The browsers, as people have them. What openBrowser returns is driven the same way whichever it is.

import { openChromium } from './chromium.mjs';
import { openFirefox } from './firefox.mjs';

const open = { chromium: openChromium, firefox: openFirefox };

// openBrowser starts a browser with a profile of its own. thirdPartyCookies is 'allow', 'block', or in Firefox
// 'partition', which is its default. trust is the world's: names to be found on this machine, and whose certificate
// holds for them.
export function openBrowser({ kind = 'chromium', thirdPartyCookies = 'allow', trust = { names: [] } } = {}) {
  return open[kind]({ thirdPartyCookies, trust });
}
