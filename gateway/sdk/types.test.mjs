// The types say of the script what is so: pages that use it rightly compile, and pages that do not are told.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as script from './web/chatgate.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const modules = at('../../.ci/node_modules/');
const missing = !existsSync(`${modules}typescript`) && process.env.CI !== 'true' && 'TypeScript is not installed';

// mistakesIn are what the compiler says of a page. The page lies beside the types, and on no disk.
function mistakesIn(text) {
  const ts = createRequire(modules)('typescript');
  const page = at('web/page.ts');
  const options = {
    strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022,
    moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === page || fileExists(name);
  host.getSourceFile = (name, ...rest) => (name === page ? ts.createSourceFile(name, text, options.target) : getSourceFile(name, ...rest));
  const found = ts.getPreEmitDiagnostics(ts.createProgram([page], options, host));
  return found.map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
}

test('the types and the script export the same', () => {
  const declared = [...readFileSync(at('web/chatgate.d.ts'), 'utf8').matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(script).sort());
});

test('a page that uses everything compiles', { skip: missing }, () => {
  assert.deepEqual(mistakesIn(`
    import { connectRocketChat, signOut, type RocketChatState } from './chatgate.js';
    const controller = new AbortController();
    const connection = connectRocketChat(document.createElement('iframe'), {
      gateway: 'https://sso.example.org', chat: 'team-chat', signInTitle: 'Anmelden', signal: controller.signal,
      signIn: (frame) => { document.body.append(frame); return () => undefined; },
      onState(state: RocketChatState) {
        if (state.name === 'failed') console.log(state.code.length, state.reference?.length);
        if (state.name === 'connected' && state.confirmed) connection.refresh();
      },
    });
    connection.signOut({ local: true });
    connection.signOut();
    connection.close();
    signOut({ gateway: 'https://sso.example.org' });
  `), []);
});

test('a page with comments that uses everything compiles', { skip: missing }, () => {
  assert.deepEqual(mistakesIn(`
    import { renderTalk, type TalkState } from './chatgate.js';
    const place = document.body;
    const common = { gateway: 'https://sso.example.org', chat: 'comments', signedIn: true, signIn: place, signInTitle: 'Anmelden' };
    const comments = renderTalk(place, {
      ...common, signal: new AbortController().signal,
      coral: { rootURL: 'https://c.example.org', storyID: '7', renewByLogin: true, containerClassName: 'dark', events: (e) => e.on('ready', () => {}) },
      onState(state: TalkState) {
        if (state.name === 'failed') console.log(state.code.length, state.reference?.length);
        if (state.name === 'signed-out') comments.signIn();
      },
    });
    comments.refresh();
    comments.signOut({ local: true });
    comments.close();
    renderTalk(place, { ...common, signIn: (frame) => place.append(frame), talk: { rootURL: 'https://t.example.org', asset_id: '7', lazy: true } });
  `), []);
});

test('a page with the classic script compiles', { skip: missing }, () => {
  assert.deepEqual(mistakesIn(`
    /// <reference path="./chatgate.d.ts" />
    chatgate.connectRocketChat(document.createElement('iframe'), { gateway: 'https://sso.example.org', signIn: document.body }).close();
  `), []);
});

for (const [mistake, line, told] of [
  ['forgets the place for the sign-in frame', 'connectRocketChat(iframe, { gateway });', /Property 'signIn' is missing/],
  ['forgets the gateway', 'connectRocketChat(iframe, { signIn });', /Property 'gateway' is missing/],
  ['connects what is no iframe', 'connectRocketChat(document.body, { gateway, signIn });', /not assignable to parameter of type 'HTMLIFrameElement'/],
  ['reads a code of every state', 'connectRocketChat(iframe, { gateway, signIn, onState: (s) => s.code });', /Property 'code' does not exist/],
  ['waits for a state that there is not', "connectRocketChat(iframe, { gateway, signIn }).state.name === 'open';", /no overlap/],
  ['writes the state', "connectRocketChat(iframe, { gateway, signIn }).state = { name: 'checking' };", /read-only/],
  ['signs out of nowhere', 'signOut();', /Expected 1 arguments/],
  ['shows comments of nothing', 'renderTalk(signIn, { gateway });', /not assignable/],
  ['shows two kinds of comments', "renderTalk(signIn, { gateway, coral: { rootURL: '' }, talk: { rootURL: '' } });", /not assignable/],
  ['brings a token of its own', "renderTalk(signIn, { gateway, coral: { rootURL: '', accessToken: 'x' } });", /not assignable/],
]) {
  test(`a page that ${mistake} is told`, { skip: missing }, () => {
    const found = mistakesIn(`
      import { connectRocketChat, renderTalk, signOut } from './chatgate.js';
      const iframe = document.createElement('iframe');
      const [gateway, signIn] = ['https://sso.example.org', document.body];
      ${line}
    `);
    assert.equal(found.length, 1);
    assert.match(found[0], told);
  });
}
