// What the plugin is written in: Node 8, which is all that Talk 4 runs on, and JSX for Talk's own build. And that what it says
// of itself is so.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { pluginFolder, Talk } from './talk.mjs';

const ci = createRequire(new URL('../../../../.ci/package.json', import.meta.url));
const acorn = ci('acorn'), ts = ci('typescript');

const read = (path) => readFileSync(join(pluginFolder, path), 'utf8');
const all = readdirSync(pluginFolder, { recursive: true }).filter((path) => /\.\w+$/.test(path));
const scripts = (folder) => all.filter((path) => path.startsWith(folder) && path.endsWith('.js'));
const server = ['index.js', ...scripts('server/')];

// What came after Node 8.3, by the name that it has in a script.
const newGlobals = ['fetch', 'AbortController', 'structuredClone', 'globalThis', 'queueMicrotask', 'BigInt', 'TextEncoder', 'WeakRef', 'atob'];
const newMembers = [
  'fromEntries', 'flat', 'flatMap', 'matchAll', 'replaceAll', 'allSettled', 'any', 'finally', 'at', 'trimStart', 'trimEnd',
  'hasOwn', 'promises', 'pipeline', 'randomUUID', 'createPublicKey', 'base64url', 'description',
];
// Globals now, and of the module url alone then.
const ofURL = ['URL', 'URLSearchParams'];

function* nodes(node) {
  if (Array.isArray(node)) {
    for (const item of node) yield* nodes(item);
  } else if (node && typeof node.type === 'string') {
    yield node;
    for (const value of Object.values(node)) if (value && typeof value === 'object') yield* nodes(value);
  }
}

// tooNew names what a script uses that Node 8 does not have; a syntax that it does not know is thrown.
function tooNew(source) {
  const tree = acorn.parse(source, { ecmaVersion: 2018, sourceType: 'script', allowHashBang: false });
  const found = [];
  const names = new Set();
  for (const node of nodes(tree)) {
    if (node.type === 'Identifier') names.add(node.name);
    if (node.type === 'MemberExpression' && !node.computed && newMembers.includes(node.property.name)) found.push(node.property.name);
    if (node.type === 'Literal' && newMembers.includes(node.value)) found.push(node.value);
    if (node.type === 'ForOfStatement' && node.await) found.push('for await');
    if (node.type === 'FunctionDeclaration' && node.async && node.generator) found.push('async generator');
    if (node.type === 'Literal' && node.regex && /\(\?<|\\p\{/.test(node.regex.pattern)) found.push(node.raw);
  }
  found.push(...newGlobals.filter((name) => names.has(name)));
  if (ofURL.some((name) => names.has(name)) && !/require\('url'\)/.test(source)) found.push('URL as a global');
  return found;
}

for (const path of server) {
  test(`${path} runs on Node 8`, () => assert.deepEqual(tooNew(read(path)), []));
}

for (const [source, what] of Object.entries({
  'a?.b': 'SyntaxError', 'a ?? b': 'SyntaxError', 'try {} catch {}': 'SyntaxError', 'class A { b = 1 }': 'SyntaxError', 'a ||= 1': 'SyntaxError',
  'fetch("a")': 'fetch', 'Object.fromEntries(a)': 'fromEntries', 'a.finally(b)': 'finally', 'a.toString("base64url")': 'base64url',
  'new URL(a)': 'URL as a global', '/(?<a>b)/': '/(?<a>b)/', 'async function a() { for await (const b of c); }': 'for await',
})) {
  test(`the judge finds ${source}`, () => {
    if (what === 'SyntaxError') assert.throws(() => tooNew(source), SyntaxError);
    else assert.deepEqual(tooNew(source), [what]);
  });
}

test('the server needs no package that Talk 4.12.1 does not have', () => {
  const talks = ['jsonwebtoken', 'config', 'secrets', 'services/users', 'services/passport', 'models/user'];
  const nodes8 = ['crypto', 'http', 'https', 'querystring', 'url'];
  for (const path of server) {
    for (const [, name] of read(path).matchAll(/require\('([^']+)'\)/g)) {
      assert.ok(name.startsWith('./') || talks.includes(name) || nodes8.includes(name), `${path} requires ${name}`);
    }
  }
  const { dependencies, license, main } = JSON.parse(read('package.json'));
  assert.deepEqual({ dependencies, license, main }, { dependencies: undefined, license: 'Apache-2.0', main: 'index.js' });
});

for (const path of scripts('client/')) {
  test(`${path} is what Talk's build can read`, () => {
    const { diagnostics } = ts.transpileModule(read(path), {
      reportDiagnostics: true, fileName: path.replace(/js$/, 'jsx'), compilerOptions: { jsx: ts.JsxEmit.React, target: ts.ScriptTarget.ES2018 },
    });
    assert.deepEqual(diagnostics.map(({ messageText }) => messageText), []);
    for (const [, name] of read(path).matchAll(/from '(\.[^']+)'/g)) {
      const target = join(path, '..', name);
      assert.ok(all.includes(target) || all.includes(`${target}.js`), `${path} imports ${name}`);
    }
  });
}

test('the button is in the three places that Talk has for one, and has a text in every language', () => {
  for (const slot of ['authExternalSignIn', 'authExternalSignUp', 'authExternalAdminSignIn']) {
    assert.match(read('client/index.js'), new RegExp(`${slot}: \\[Sign`));
  }
  const asked = ['sign_in', 'sign_up'].map((key) => `talk-plugin-chatgate.${key}`);
  const components = scripts('client/components/').map(read).join('');
  for (const key of asked) assert.ok(components.includes(`t('${key}')`));
  const yaml = read('client/translations.yml');
  for (const language of ['en', 'de', 'fr', 'es', 'ar']) {
    assert.match(yaml, new RegExp(`^${language}:\n  talk-plugin-chatgate:\n    sign_in: "[^"]+"\n    sign_up: "[^"]+"$`, 'm'));
  }
});

test("the sample of plugins.json is Talk's default list with one name more in each half", () => {
  const sample = JSON.parse(read('plugins.sample.json'));
  const ours = 'talk-plugin-chatgate';
  const without = (list) => list.filter((name) => name !== ours);
  assert.deepEqual(without(sample.server), ['talk-plugin-featured-comments', 'talk-plugin-local-auth', 'talk-plugin-profile-data', 'talk-plugin-respect']);
  assert.deepEqual(without(sample.client), [
    'auth', 'author-menu', 'featured-comments', 'flag-details', 'ignore-user', 'local-auth', 'member-since', 'moderation-actions', 'permalink',
    'profile-data', 'respect', 'sort-most-replied', 'sort-most-respected', 'sort-newest', 'sort-oldest', 'viewing-options',
  ].map((name) => `talk-plugin-${name}`));
  assert.ok(sample.server.includes(ours) && sample.client.includes(ours));
});

test('the README has a row for every setting that is read', () => {
  const names = new Set(read('server/settings.js').match(/TALK_CHATGATE_\w+/g));
  assert.deepEqual([...names].filter((name) => !read('README.md').includes(`\n| \`${name}\` |`)), []);
});

test('the README says, where it tells of the window and of sign-out, what Talk keeps in Safari and for how long', () => {
  const readme = read('README.md');
  const between = (from, to) => readme.slice(readme.indexOf(from), readme.indexOf(to));
  for (const part of [between('- **The window**', '## Sign-out'), between('## Sign-out', '## What does not work')]) {
    for (const word of ['Safari', 'cookie', 'TALK_JWT_EXPIRY']) assert.ok(part.includes(word), `${word} is not in ${part}`);
  }
});

test("the hooks take as many arguments as Talk's own check allows", () => {
  const { plugin } = new Talk({ NODE_ENV: 'test' }).start();
  assert.deepEqual(Object.entries(plugin).map(([name, hook]) => [name, hook.length]), [['passport', 1], ['router', 1], ['tokenUserNotFound', 1]]);
});
