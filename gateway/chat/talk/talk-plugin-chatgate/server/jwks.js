'use strict';

const { publicPEM } = require('./pem');

const FRESH = 10 * 60 * 1000; // milliseconds for which a key is used without asking again
const PAUSE = 30 * 1000; // milliseconds between two fetches, whatever tokens say

const usable = jwk =>
  jwk &&
  jwk.kty === 'RSA' &&
  typeof jwk.kid === 'string' &&
  (jwk.use === undefined || jwk.use === 'sig') &&
  (jwk.alg === undefined || jwk.alg === 'RS256');

// read makes a map from kid to PEM of a JWK Set (RFC 7517, Section 5).
function read(set) {
  if (!Array.isArray(set.keys)) {
    throw new Error('the answer is no JWK Set');
  }
  const keys = new Map(set.keys.filter(usable).map(jwk => [jwk.kid, publicPEM(jwk)]));
  if (keys.size === 0) {
    throw new Error('the JWK Set has no RS256 key');
  }
  return keys;
}

// KeySet keeps the gateway's public keys (P3). A key serves for ten minutes without a question; then, and when a token names
// a key that is not there, the set is fetched, at most once in 30 seconds however many tokens ask. The last good set stays
// while the gateway does not answer.
class KeySet {
  // load fetches the JWK Set; log is told, without words of a token, when that fails; now is the time in milliseconds.
  constructor({ load, log, now = Date.now }) {
    Object.assign(this, { load, log, now, keys: new Map(), fetched: -Infinity, tried: -Infinity, running: null });
  }

  // find resolves with the PEM of a key, and rejects when there is none.
  async find(kid) {
    if (!this.keys.has(kid) || this.now() - this.fetched >= FRESH) {
      await this.refresh();
    }
    if (!this.keys.has(kid)) {
      throw new Error('the token names a key that the gateway does not publish');
    }
    return this.keys.get(kid);
  }

  // refresh fetches the set, or waits for whoever is fetching it, and never rejects.
  refresh() {
    if (!this.running && this.now() - this.tried >= PAUSE) {
      this.tried = this.now();
      this.running = this.reload();
    }
    return this.running;
  }

  async reload() {
    try {
      this.keys = read(await this.load());
      this.fetched = this.now();
    } catch (err) {
      this.log(`the gateway's keys could not be read, ${this.keys.size} are kept: ${err.message}`);
    }
    this.running = null;
  }
}

module.exports = { KeySet };
