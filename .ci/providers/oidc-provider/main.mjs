// Serves npm's oidc-provider on a free loopback port:
//
//   node main.mjs --redirect-uri URI [--post-logout-redirect-uri URI] [--backchannel-logout-uri URI] [--client-jwk JWK]
//
// It prints {"issuer","client":{"id","secret"},"signedClient":{"id","secret"},"keyClient":{"id"}}: the second client gets
// signed userinfo, the third authenticates by the private half of the JWK and is there when one is given. The
// addresses are those of all three.
//
// It obeys "rotate" (see control.mjs): from then on a new key signs, and the former one stays published. Refresh tokens
// come unasked and are good once. A browser signs out at {issuer}/session/end: the form there is
// posted with logout=yes, and every client that the browser signed in to hears of it at its back-channel address
// before the answer.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Provider } from 'oidc-provider';
import { obey, say } from '../control.mjs';
import { accounts, configuration, newKey } from './configuration.mjs';

const text = { type: 'string' };
const { values } = parseArgs({
  options: { 'redirect-uri': text, 'post-logout-redirect-uri': text, 'backchannel-logout-uri': text, 'client-jwk': text },
});

const registration = {
  redirect_uris: [values['redirect-uri']],
  post_logout_redirect_uris: [values['post-logout-redirect-uri']].filter(Boolean),
  backchannel_logout_uri: values['backchannel-logout-uri'],
  backchannel_logout_session_required: true,
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};

function newClient(id, more) {
  const client_secret = randomBytes(24).toString('base64url');
  return { ...registration, client_id: id, client_secret, token_endpoint_auth_method: 'client_secret_basic', ...more };
}

const client = newClient('chatgate');
const signedClient = newClient('chatgate-signed', { userinfo_signed_response_alg: 'RS256' });
const keyClient = values['client-jwk'] && {
  ...registration,
  client_id: 'chatgate-key',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [JSON.parse(values['client-jwk'])] },
};
const clients = [client, signedClient, keyClient].filter(Boolean);
const cookieKeys = [randomBytes(32).toString('base64')];
const keys = [newKey()];
let issuer;
let provider;

function restart() {
  provider = new Provider(issuer, configuration({ keys, cookieKeys, clients }));
  provider.on('server_error', (_, err) => console.error(err));
  provider.on('backchannel.error', (_, err) => console.error(err));
}

function shown({ client_id: id, client_secret: secret }) {
  return { id, secret };
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
  say({ issuer, client: shown(client), signedClient: shown(signedClient), keyClient: keyClient && shown(keyClient) });
});

await obey({
  rotate() {
    keys.unshift(newKey());
    restart();
    return { rotated: keys[0].kid };
  },
});
