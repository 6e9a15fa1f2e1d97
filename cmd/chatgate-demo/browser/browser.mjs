// Chromium as people have it. It is started by its own command line and only then connected to, because the arguments
// that puppeteer launches browsers with switch the partitioning of storage and the pop-up blocker off.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { connect } = createRequire(`${process.env.CHATGATE_NODE_MODULES}/`)('puppeteer-core');

const START_WITHIN = 30_000; // ms
const END_WITHIN = 5_000; // ms

// preferences are what the switch for third-party cookies in the settings writes into a profile. The default is told as
// well: Chrome's is to allow them, Debian builds its Chromium to block them.
const preferences = (allow) => ({ profile: { cookie_controls_mode: allow ? 0 : 1, block_third_party_cookies: !allow } });

// openBrowser starts Chromium with a profile of its own. thirdPartyCookies: false blocks them.
export async function openBrowser({ thirdPartyCookies = true } = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'chatgate-browser-'));
  await mkdir(join(profile, 'Default'));
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences(thirdPartyCookies)));
  const chromium = startChromium(profile);
  const close = () => endChromium(chromium, profile);
  try {
    const browser = await connect({ browserWSEndpoint: await address(chromium), defaultViewport: null });
    return { browser, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function startChromium(profile) {
  return spawn(process.env.CHATGATE_CHROMIUM, [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage',
    '--host-resolver-rules=MAP *.localhost 127.0.0.1', '--window-size=1280,900', '--lang=en-GB',
    `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
}

// address is where Chromium says that it listens. Its other lines are read on, so that it never waits for a reader.
function address(chromium) {
  const lines = createInterface({ input: chromium.stderr });
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('Chromium did not say where it listens')), START_WITHIN).unref();
    lines.on('line', (line) => {
      const found = line.match(/^DevTools listening on (ws:\S+)$/);
      if (found) resolve(found[1]);
    });
    chromium.once('error', reject);
    chromium.once('exit', (code) => reject(new Error(`Chromium ended with ${code}`)));
  });
}

async function endChromium(chromium, profile) {
  const runs = chromium.pid !== undefined && chromium.exitCode === null && chromium.signalCode === null;
  if (runs) {
    const ended = once(chromium, 'exit');
    const stubborn = setTimeout(() => chromium.kill('SIGKILL'), END_WITHIN);
    chromium.kill('SIGTERM');
    await ended;
    clearTimeout(stubborn);
  }
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
