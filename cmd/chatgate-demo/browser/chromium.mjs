// Chromium is started by its own command line and only then connected to, because the arguments that puppeteer launches
// browsers with switch the partitioning of storage and the pop-up blocker off.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { trust } from './world.mjs';

const { connect } = createRequire(`${process.env.CHATGATE_NODE_MODULES}/`)('puppeteer-core');

const START_WITHIN = 30_000; // ms
const END_WITHIN = 5_000; // ms

// preferences are what the switch for third-party cookies in the settings writes into a profile. The default is told as
// well: Chrome's is to allow them, Debian builds its Chromium to block them.
const preferences = (allow) => ({ profile: { cookie_controls_mode: allow ? 0 : 1, block_third_party_cookies: !allow } });

export async function openChromium(thirdPartyCookies) {
  const profile = await mkdtemp(join(tmpdir(), 'chatgate-browser-'));
  await mkdir(join(profile, 'Default'));
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences(thirdPartyCookies === 'allow')));
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
  const here = ['*.localhost', ...trust.names].map((name) => `MAP ${name} 127.0.0.1`);
  return spawn(process.env.CHATGATE_CHROMIUM, [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage',
    `--host-resolver-rules=${here.join(', ')}`, '--window-size=1280,900', '--lang=en-GB',
    ...(trust.spki ? [`--ignore-certificate-errors-spki-list=${trust.spki}`] : []),
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
