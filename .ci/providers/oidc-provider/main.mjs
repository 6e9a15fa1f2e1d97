// Serves npm's oidc-provider on a free loopback port:
//
//   node main.mjs --redirect-uri URI [--post-logout-redirect-uri URI] [--backchannel-logout-uri URI]
//
// It prints {"issuer","client":{"id","secret"}} and obeys "rotate" (see control.mjs): from then on a new key signs, and
// the former one stays published.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Provider } from 'oidc-provider';
import { obey, say } from '../control.mjs';
import { accounts, configuration, newKey } from './configuration.mjs';

const text = { type: 'string' };
const { values } = parseArgs({
  options: { 'redirect-uri': text, 'post-logout-redirect-uri': text, 'backchannel-logout-uri': text },
});

const client = {
  client_id: 'chatgate',
  client_secret: randomBytes(24).toString('base64url'),
  redirect_uris: [values['redirect-uri']],
  post_logout_redirect_uris: [values['post-logout-redirect-uri']].filter(Boolean),
  backchannel_logout_uri: values['backchannel-logout-uri'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_basic',
};
const cookieKeys = [randomBytes(32).toString('base64')];
const keys = [newKey()];
let issuer;
let provider;

function restart() {
  provider = new Provider(issuer, configuration({ keys, cookieKeys, client }));
  provider.on('server_error', (_, err) => console.error(err));
}

function signInPage(wrong) {
  return `<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in</h1>${wrong ? '<p>Wrong name or password.</p>' : ''}
<form method="post"><label>Name <input name="username"></label><label>Password <input name="password" type="password"></label>
<button>Sign in</button></form></html>`;
}

async function readForm(req) {
  let body = '';
  for await (const chunk of req) body += chunk;
  return new URLSearchParams(body);
}

async function interaction(req, res) {
  const form = req.method === 'POST' ? await readForm(req) : undefined;
  const account = form && accounts[form.get('username')];
  if (account?.password !== undefined && account.password === form.get('password')) {
    await provider.interactionFinished(req, res, { login: { accountId: account.claims.sub } });
    return;
  }
  res.writeHead(form ? 401 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(signInPage(form !== undefined));
}

const server = createServer((req, res) => {
  const serve = req.url.startsWith('/interaction/') ? interaction : provider.callback();
  Promise.resolve(serve(req, res)).catch((err) => {
    console.error(err);
    res.writeHead(500).end();
  });
});

server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  restart();
  say({ issuer, client: { id: client.client_id, secret: client.client_secret } });
});

await obey({
  rotate() {
    keys.unshift(newKey());
    restart();
    return { rotated: keys[0].kid };
  },
});
