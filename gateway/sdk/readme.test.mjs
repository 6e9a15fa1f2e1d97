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
const pages = blocks('html');
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

// open runs a page. It finds the elements that the page has, and no others.
async function open(page) {
  const elements = new Map([...page.matchAll(/<(\w+) id="([^"]+)"/g)].map(([, tag, id]) => [id, part(tag)]));
  document.getElementById = (id) => elements.get(id) ?? null;
  document.body = { dataset: {} };
  for (const [, attributes, script] of page.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)) {
    const runs = attributes.includes('module') ? runModule : runClassic;
    await runs(script);
  }
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
  const of = (what) => pages.filter((page) => page.includes(what)).length;
  assert.deepEqual([of('connectRocketChat'), of('coral: {'), of('renewByLogin'), of('talk: {'), of('chatgate.iife.js')], [2, 3, 1, 1, 2]);
});

for (const [at, page] of pages.entries()) {
  const [, name] = readme.slice(0, readme.indexOf(page)).match(/[^]*\n#+ (.*)/);
  if (page.includes('/* as above */')) continue;
  test(`page ${at + 1}, under “${name}”, runs`, async () => {
    await open(page);
    if (page.includes('connectRocketChat')) {
      assert.equal(document.body.dataset.chat, 'sign-in-needed');
      assert.ok(stage.frame ?? stage.element.children[0], 'the frame is in the element for it');
    } else {
      assert.equal(stage.embeds.length, 1);
      assert.deepEqual(stage.asked, ['GET']);
    }
  });
}

test('the button of the page for Talk 4 signs in, and hides when it has', async () => {
  const elements = await open(pages.find((page) => page.includes('<button')));
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
