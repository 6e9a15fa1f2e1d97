// What a reader does in the newspaper, whose comments are Coral's or, in a frame, Talk 4's.

import { press, talk, textOf } from './pages.mjs';
import { frameAt, loginFrameOf, pressUntil, signInNewWindow, until } from './walk.mjs';
import { world } from './world.mjs';

const dataOf = (page) => page.evaluate(() => ({ ...document.body?.dataset })).catch(() => ({})); // a page that is being left says nothing

export async function openNews(page) {
  await page.goto(world.talk, { waitUntil: 'domcontentloaded' }); // what comes after that is waited for by what it shows
  await until('a word on whether somebody is signed in', async () => ![undefined, 'checking'].includes((await dataOf(page)).state));
}

// newsState waits until the page has a state of chatgate.js.
export const newsState = (page, state) => until(`the state ${state}`, async () => (await dataOf(page)).state === state);

// commentsOf is where the comments are.
export async function commentsOf(page) {
  const { product, root } = await dataOf(page);
  const within = product === 'talk' ? await frameAt(page, `${root}/embed/stream`) : page;
  await within.waitForSelector(`${talk('comments')} li`);
  return within;
}

// inNews is the username that the comments show.
export async function inNews(page) {
  await newsState(page, 'connected');
  return textOf(await commentsOf(page), talk('user'));
}

export async function postComment(page, text) {
  const comments = await commentsOf(page);
  await comments.type(talk('comment'), text);
  await press(comments, talk('post'));
  await until('the comment', () => comments.$eval(talk('comments'), (list, t) => list.innerText.includes(t), text));
}

// pressIn presses a button in the comments until the page is in another state.
async function pressIn(page, button, state) {
  await pressUntil(async () => ![undefined, state].includes((await dataOf(page)).state), await commentsOf(page), button);
}

// askToSignIn shows our frame where nobody is signed in.
export const askToSignIn = (page) => pressIn(page, talk('sign-in'), 'signed-out');

// signInToNews goes all the way from the comments' button to their box.
export async function signInToNews(page, username) {
  await askToSignIn(page);
  await loginFrameOf(page, 'talk');
  await signInNewWindow(page, username, 'talk');
  return inNews(page);
}

// leaveComments signs out inside them.
export async function leaveComments(page) {
  await pressIn(page, talk('sign-out'), 'connected');
  await newsState(page, 'signed-out');
}
