// A Talk with the plugin in it, on loopback, for tests that have a real gateway. It prints its origin, reads the plugin's
// environment as one line of JSON from its input, starts with it, and says so. Until then it is a Talk without the plugin, to
// which everybody is nobody. It ends with its input.

import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Talk } from './talk.mjs';

let talk;
const shown = ({ id, username, profiles }) => ({ id, username, profiles: profiles.map(({ provider }) => provider) });
const bearer = (req) => (req.headers.authorization ?? '').replace(/^Bearer /, '');

// routes are as many of Talk's own as its embed and the gateway call.
const routes = {
  async 'GET /api/v1/auth'(req, url, res) {
    try {
      const user = await talk.request(bearer(req));
      return user ? json(res, 200, shown(user)) : res.writeHead(204).end();
    } catch (err) {
      return json(res, 401, { error: err.message });
    }
  },
  async 'DELETE /api/v1/auth'(req, url, res) {
    talk.revoked.add((await talk.verify(bearer(req))).jti);
    res.writeHead(204).end();
  },
  'GET /api/v1/auth/chatgate': visit,
  'GET /api/v1/auth/chatgate/callback': visit,
};

const json = (res, status, body) => res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const cookieLine = ([name, { value, maxAge, httpOnly, path }]) =>
  `${name}=${value}; Path=${path}; SameSite=Lax${httpOnly ? '; HttpOnly' : ''}; Max-Age=${(maxAge ?? 0) / 1000}`;

async function visit(req, url, res) {
  const cookies = Object.fromEntries((req.headers.cookie ?? '').split('; ').filter(Boolean).map((pair) => pair.split('=')));
  const answer = await talk.visit(url.pathname, { query: Object.fromEntries(url.searchParams), cookies });
  res.setHeader('set-cookie', Object.entries(answer.cookies).map(cookieLine));
  if (answer.address) return res.writeHead(answer.statusCode, { location: answer.address.href }).end();
  if (answer.popup?.user) return json(res, 200, shown(answer.popup.user));
  return json(res, answer.statusCode, { error: answer.popup?.err?.message ?? answer.body, warnings: talk.warnings });
}

const server = createServer((req, res) => {
  const url = new URL(req.url, `http://${req.headers.host}`);
  const route = routes[`${req.method} ${url.pathname}`];
  if (!route) return res.writeHead(404).end();
  if (!talk) return res.writeHead(204).end();
  return Promise.resolve(route(req, url, res)).catch((err) => json(res, 500, { error: err.message }));
});

server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  console.log(origin);
  const input = createInterface({ input: process.stdin });
  input.once('line', (line) => {
    talk = new Talk(JSON.parse(line));
    talk.config.ROOT_URL = origin;
    talk.start();
    console.log('started');
  });
  input.once('close', () => process.exit());
});
