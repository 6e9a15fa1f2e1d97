// Where there are several providers, a person is asked once which one is theirs.

import assert from 'node:assert/strict';
import { journey } from './journey.mjs';
import { enterPassword, hook, openAccount, press, textOf } from './pages.mjs';
import { pictures } from './pictures.mjs';

journey('choosing a provider leads there and back', async (page) => {
  await openAccount(page);
  await Promise.all([page.waitForNavigation(), press(page, hook('login'))]);
  assert.match(await textOf(page, 'h1'), /How do you want to sign in/);
  await pictures(page, 'provider-chooser');
  await press(page, hook('login'));
  await enterPassword(page, 'ada');
  await page.waitForSelector(hook('logout'));
});
