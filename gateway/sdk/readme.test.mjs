// The pages of the README do what they are there for when they are copied as they stand.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, mock, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { FakeElement, signedOut } from './fakes.mjs';
import { CORAL, GATEWAY, TalkStage, answer } from './talkfakes.mjs';
import * as chatgate from './web/chatgate.js';

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
const blocks = (language) => [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, text]) => text);
const pages = [...readme.matchAll(/```html\n([^]*?)```(?:\n\n```js\n([^]*?)```)?/g)].map(pageOf);
const policy = new Map(blocks('text')[0].trim().split('\n').map((line) => line.split(' ')).map(([directive, ...sources]) => [directive, sources]));
const [snippet] = blocks('php');

let stage;

beforeEach(() => {
  mock.timers.reset();
  stage = new TalkStage(mock.timers);
  stage.answers = [signedOut, answer('one')];
});

// inFile calls act with the path of a file that has the text.
async function inFile(name, text, act) {
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  try {
    writeFileSync(join(folder, name), text);
    return await act(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// pageOf is a page under its heading, with all that it runs. The file that it brings along is right below it.
function pageOf({ 1: html, 2: file, index }) {
  const [, name] = readme.slice(0, index).match(/[^]*\n#+ (.*)/);
  const scripts = [...html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)].map(([, attributes, inline]) => {
    const source = attributes.match(/src="([^"]+)"/)?.[1];
    return { source, module: attributes.includes('module'), text: source === '/comments.js' ? file : inline };
  });
  return { name, html, scripts, text: html + (file ?? '') };
}

// open runs a page. It finds the elements that the page has, and no others.
async function open(page) {
  const elements = new Map([...page.html.matchAll(/<(\w+) id="([^"]+)"/g)].map(([, tag, id]) => [id, part(tag)]));
  document.getElementById = (id) => elements.get(id) ?? null;
  document.body = { dataset: {} };
  for (const { module, text } of page.scripts) await (module ? runModule : runClassic)(text);
  await stage.settle();
  return elements;
}

function part(tag) {
  if (tag === 'iframe') return stage.iframe;
  return tag === 'button' ? new EventTarget() : stage.element;
}

function runModule(script) {
  const here = script.replace('https://sso.example.org/sdk/v1/chatgate.js', new URL('web/chatgate.js', import.meta.url));
  return inFile('page.mjs', here, (path) => import(pathToFileURL(path)));
}

const runClassic = (script) => new Function('chatgate', script)(chatgate);

test('there is a page for every product and both shapes of the script', () => {
  const of = (what) => pages.filter(({ text }) => text.includes(what)).length;
  assert.deepEqual([of('connectRocketChat'), of('coral: {'), of('renewByLogin'), of('talk: {'), of('chatgate.iife.js')], [2, 3, 1, 1, 2]);
});

for (const [at, page] of pages.entries()) {
  if (page.text.includes('/* as above */')) continue;
  test(`page ${at + 1}, under “${page.name}”, runs`, async () => {
    await open(page);
    if (page.text.includes('connectRocketChat')) {
      assert.equal(document.body.dataset.chat, 'sign-in-needed');
      assert.ok(stage.frame ?? stage.element.children[0], 'the frame is in the element for it');
    } else {
      assert.equal(stage.embeds.length, 1);
      assert.deepEqual(stage.asked, ['GET']);
    }
  });
}

// used are the addresses that a page with Coral's comments uses until its reader signs in, by what has to allow them.
async function used(page) {
  const imported = page.scripts.flatMap(({ text }) => [...text.matchAll(/ from '([^']+)'/g)].map(([, address]) => address));
  await open(page);
  await stage.say('loginPrompt');
  const { rootURL } = stage.comments.options;
  return {
    'script-src': [...page.scripts.map(({ source }) => source ?? 'inline'), ...imported, rootURL],
    'connect-src': [...stage.calls.map(({ url }) => url), rootURL, rootURL.replace('https:', 'wss:')],
    'frame-src': [stage.frame.src],
    'style-src': [rootURL],
  };
}

// sourceOf is what a policy has to list for an address.
function sourceOf(address) {
  if (address.startsWith('/')) return "'self'";
  return URL.canParse(address) ? new URL(address).origin : address;
}

for (const page of pages.filter(({ text }) => text.includes('coral: {'))) {
  test(`the policy of the README lets the page under “${page.name}” run`, async () => {
    stage.answers = [signedOut];
    for (const [directive, addresses] of Object.entries(await used(page))) {
      assert.deepEqual(addresses.map(sourceOf).filter((source) => !policy.get(directive).includes(source)), [], directive);
    }
  });
}

test('no page with comments needs a policy that runs what stands in the page', () => {
  const withComments = pages.filter(({ html }) => html.includes('id="comments"'));
  assert.equal(withComments.length, 4);
  assert.deepEqual(withComments.filter(({ scripts }) => scripts.some(({ source }) => !source)), []);
  assert.doesNotMatch([...policy.values()].join(' '), /unsafe/);
});

test('the button of the page for Talk 4 signs in, and hides when it has', async () => {
  const elements = await open(pages.find(({ html }) => html.includes('<button')));
  const button = elements.get('sign-in');
  assert.equal(button.hidden, false);
  await stage.happen(button, 'click');
  assert.equal(button.hidden, true);
});

// wordpress runs the scripts that the snippet writes for posts, in a page that has the elements.
async function wordpress(posts, elements) {
  document.getElementById = (id) => elements.find((element) => element.id === id) ?? null;
  document.querySelectorAll = () => elements;
  const [, php] = snippet.match(/sprintf\(\s*'([^']*)'/);
  for (const { id, address } of posts) {
    const options = { gateway: GATEWAY, coral: { rootURL: CORAL, storyID: String(id), storyURL: address } };
    const values = [`chatgate-comments-${id}`, options].map((value) => JSON.stringify(value));
    runClassic(php.replaceAll('%s', () => values.shift()));
  }
  await stage.settle();
}

const posts = [{ id: 7, address: 'https://news.example.org/7' }];

test('the script of the WordPress snippet shows the comments of a post', async () => {
  await wordpress(posts, [Object.assign(stage.element, { id: 'chatgate-comments-7' })]);
  const { rootURL, storyID, storyURL } = stage.comments.options;
  assert.deepEqual([rootURL, storyID, storyURL], [CORAL, '7', 'https://news.example.org/7']);
});

test('what an author writes into a WordPress post names no gateway, no Coral and no story', async () => {
  delete window.Coral;
  const dataset = { gateway: 'https://attacker.example', coral: 'https://attacker.example', story: '8', address: 'https://attacker.example/8' };
  const written = Object.assign(new FakeElement(), { id: '', className: 'chatgate-comments', dataset, before() {}, replaceChildren() {} });
  await wordpress(posts, [written, Object.assign(stage.element, { id: 'chatgate-comments-7', dataset })]);
  stage.bringScript();
  for (const script of stage.scripts) await stage.happen(script, 'load');
  assert.deepEqual(stage.scripts.map(({ src }) => src), [`${CORAL}/assets/js/embed.js`]);
  assert.deepEqual(stage.calls.map(({ url }) => url), [`${GATEWAY}/talk/token`]);
  assert.deepEqual(stage.embeds.map(({ options }) => options.storyID), ['7']);
});

test('the script of the WordPress snippet passes over a post that the page does not show', async () => {
  await wordpress([{ id: 8, address: 'https://news.example.org/8' }, ...posts], [Object.assign(stage.element, { id: 'chatgate-comments-7' })]);
  assert.deepEqual(stage.embeds.map(({ options }) => options.storyID), ['7']);
});

test('the WordPress snippet shows nothing of a post that its reader may not read', () => {
  assert.match(snippet, /'publish' !== \$post->post_status \|\| post_password_required\( \$post \)/);
});

test('the WordPress snippet escapes whatever it puts into the page, and PHP understands it', async () => {
  assert.equal(snippet.match(/%/g).length, 3);
  assert.match(snippet, /\(%s\);.*\(place, %s\);.*\n\s*wp_json_encode\( \$place, JSON_HEX_TAG \),\n\s*wp_json_encode\( \$options, JSON_HEX_TAG \)\n/);
  assert.match(snippet, /sprintf\( '<div id="%s"><\/div>', esc_attr\( \$place \) \)/);
  assert.doesNotMatch(snippet, /data-|dataset/);
  if (spawnSync('php', ['--version']).error) return; // where there is a PHP
  await inFile('snippet.php', `<?php\n${snippet}`, (path) => execFileSync('php', ['-l', path]));
});
