// The pages of the README do what they are there for when they are copied as they stand.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, mock, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { signedOut } from './fakes.mjs';
import { TalkStage, answer } from './talkfakes.mjs';
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

test('the script of the WordPress snippet shows the comments of each post', async () => {
  const [, script] = snippet.match(/<<<'JS'\n([^]*?)\n\tJS/);
  const dataset = { gateway: 'https://sso.example.org', coral: 'https://comments.example.org', story: '7', address: 'https://news.example.org/7' };
  document.querySelectorAll = () => [Object.assign(stage.element, { dataset })];
  runClassic(script);
  await stage.settle();
  const { rootURL, storyID, storyURL } = stage.comments.options;
  assert.deepEqual([rootURL, storyID, storyURL], [dataset.coral, dataset.story, dataset.address]);
});

test('the WordPress snippet escapes whatever it puts into the page, and PHP understands it', async () => {
  const [, html, values] = snippet.match(/sprintf\(\s*'([^']*)',([^]*?)\n\t\);/);
  assert.equal(html.match(/="%s"/g).length, html.match(/%/g).length);
  assert.ok(values.trim().split('\n').every((value) => /^\s*esc_attr\( .* \),?$/.test(value)), values);
  if (spawnSync('php', ['--version']).error) return; // where there is a PHP
  await inFile('snippet.php', `<?php\n${snippet}`, (path) => execFileSync('php', ['-l', path]));
});
