// Visits pages, a few at a time, and prints as JSON what each looks like once it has become quiet: {name: page}. The Go
// tests beside this folder say which, and what they want to see.

import { createRequire } from 'node:module';

const { launch } = createRequire(`${process.env.CHATGATE_NODE_MODULES}/`)('puppeteer-core');

const AT_ONCE = 3;
const QUIET = 400; // ms without a request
const PATIENCE = 120_000; // ms; machines that run everything at once are slow

const waiting = Object.entries(JSON.parse(process.env.CHATGATE_SCENES));
const browser = await launch({
  executablePath: process.env.CHATGATE_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage'],
});
try {
  const seen = {};
  const visitNext = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) seen[next[0]] = await visit(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitNext));
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}

async function visit(address) {
  const page = await browser.newPage();
  try {
    page.setDefaultTimeout(PATIENCE);
    await page.goto(address);
    await page.waitForSelector('body:not([data-state="checking"])');
    await page.waitForNetworkIdle({ idleTime: QUIET });
    await page.waitForFunction(() => document.body.dataset.state !== 'frame' || document.body.dataset.frameLoads > 0);
    return await page.evaluate(() => ({
      state: document.body.dataset.state,
      user: document.querySelector('[data-rc="user"]').textContent,
      apiCalls: Number(document.body.dataset.apiCalls),
      frameLoads: Number(document.body.dataset.frameLoads),
    }));
  } finally {
    await page.close();
  }
}
