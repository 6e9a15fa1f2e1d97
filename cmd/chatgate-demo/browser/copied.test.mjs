// A page that was copied from the README of chatgate.js: whoever copies it has comments that people sign in to.

import assert from 'node:assert/strict';
import { journey } from './journey.mjs';
import { press, talk, textOf, visible } from './pages.mjs';
import { loginFrameOf, signInNewWindow } from './walk.mjs';
import { world } from './world.mjs';

journey('a page copied from the README shows comments, and signs in to them', async (page) => { // G30
  await page.goto(world.talk);
  await visible(page, `${talk('comments')} li`);
  await press(page, talk('sign-in'));
  await loginFrameOf(page, 'talk');
  await signInNewWindow(page, 'ada', 'talk');
  assert.equal(await textOf(page, talk('user')), 'ada');
});
