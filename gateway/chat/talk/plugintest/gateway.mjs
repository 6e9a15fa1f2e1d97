// A gateway as far as the plugin calls it: published keys and a token endpoint, each of which may misbehave.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { jsonwebtoken } from './talk.mjs';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });

export class Gateway {
  keys = { first: pair() };
  fetches = 0;
  posts = [];
  // answer, when it is set, is what the JWKS address does in place of answering.
  answer = null;
  // redeem says what the token endpoint answers for a form: an id_token, or a status.
  redeem = () => ({ status: 400 });
  #number = 0;

  static async open() {
    const gateway = new Gateway();
    gateway.server = createServer((req, res) => gateway.serve(req, res));
    await new Promise((resolve) => gateway.server.listen(0, '127.0.0.1', resolve));
    gateway.origin = `http://127.0.0.1:${gateway.server.address().port}`;
    gateway.issuer = `${gateway.origin}/talk`;
    return gateway;
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  env(more = {}) {
    return {
      TALK_CHATGATE_ISSUER: this.issuer, TALK_CHATGATE_AUDIENCE: 'talk', TALK_CHATGATE_JWKS_URL: `${this.issuer}/jwks.json`,
      TALK_CHATGATE_ALLOW_HTTP: 'TRUE', ...more,
    };
  }

  serve(req, res) {
    if (req.method === 'POST') return this.#token(req, res);
    this.fetches += 1;
    if (this.answer) return this.answer(res, req);
    res.setHeader('content-type', 'application/json').end(JSON.stringify(this.jwks()));
  }

  jwks() {
    const jwk = ([kid, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' });
    return { keys: Object.entries(this.keys).map(jwk) };
  }

  async #token(req, res) {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    this.posts.push(form);
    const { status = 200, ...body } = this.redeem(form);
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  addKey(kid) { this.keys[kid] = pair(); }

  // claims are those of the connector's tokens.
  claims(more = {}) {
    const now = Math.floor(Date.now() / 1000);
    this.#number += 1;
    return {
      iss: this.issuer, aud: 'talk', sub: 'u-ada', jti: `j${this.#number}`, iat: now, exp: now + 900,
      username: 'ada', email: 'ada@example.org', email_verified: true, ...more,
    };
  }

  // token signs claims; a claim that is undefined is left out.
  token(more = {}, { kid = 'first', key = this.keys.first.privateKey, algorithm = 'RS256' } = {}) {
    const claims = Object.fromEntries(Object.entries(this.claims(more)).filter(([, value]) => value !== undefined));
    return jsonwebtoken.sign(claims, key, { algorithm, noTimestamp: !('iat' in claims), header: kid ? { kid } : {} });
  }
}
