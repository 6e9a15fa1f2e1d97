// Firefox is launched by puppeteer, over WebDriver BiDi, with the preferences that its settings page would write.

import { createRequire } from 'node:module';
import { trust } from './world.mjs';

const { launch } = createRequire(`${process.env.CHATGATE_NODE_MODULES}/`)('puppeteer-core');

const START_WITHIN = 60_000; // ms

// network.cookie.cookieBehavior: all, none in other sites' pages, or a jar for each site.
const behaviours = { allow: 0, block: 1, partition: 5 };

// Over BiDi a frame that goes to another site in the middle of a question leaves puppeteer with a promise that it looks
// after only a moment later. The runner of tests would take that for a failure; whoever asked the question hears of it
// anyway.
const handledLate = /Not allowed to define cross-origin object as property/;

function waitForPuppeteer() {
  const runner = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (reason, promise) => {
    if (handledLate.test(reason?.message)) return;
    for (const listener of runner) listener(reason, promise);
  });
}

export async function openFirefox(thirdPartyCookies) {
  waitForPuppeteer();
  const browser = await launch({
    browser: 'firefox',
    executablePath: process.env.CHATGATE_FIREFOX,
    acceptInsecureCerts: true, // the authority of the tests is nobody's; Firefox has no way to name one certificate
    defaultViewport: null,
    timeout: START_WITHIN,
    extraPrefsFirefox: {
      'network.dns.localDomains': trust.names.join(','),
      'network.cookie.cookieBehavior': behaviours[thirdPartyCookies],
      'network.cookie.CHIPS.enabled': true,
      'dom.disable_open_during_load': true, // the pop-up blocker, which puppeteer switches off
    },
  });
  return { browser, close: () => browser.close() };
}
