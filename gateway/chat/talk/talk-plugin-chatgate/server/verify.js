'use strict';

const jsonwebtoken = require('jsonwebtoken');

// decode reads a token without believing it; null when it is none.
const decode = token => {
  try {
    return jsonwebtoken.decode(token, { complete: true });
  } catch (err) {
    return null;
  }
};

const isText = value => typeof value === 'string' && value !== '';

// checkShape refuses what is signed and would do harm in Talk all the same: without a jti one sign-out refuses the tokens of
// everybody, without an exp a sign-out fails, with pat the token is looked up as a personal access token, and an e-mail
// address as sub is the profile id of somebody's local account.
function checkShape(claims, audience) {
  const refuse = text => {
    throw new Error(`the token ${text}`);
  };
  if (!isText(claims.jti) || !isText(claims.sub)) refuse('has no jti or no sub');
  if (typeof claims.exp !== 'number' || typeof claims.iat !== 'number') refuse('has no exp or no iat');
  if ('pat' in claims) refuse('has pat');
  if (claims.sub.includes('@')) refuse('has an address as sub');
  if (claims.aud !== audience) refuse('is for several audiences');
}

// Verifier verifies what the gateway has signed: RS256 alone, so that no text that Talk knows is ever a key (P3).
class Verifier {
  constructor({ issuer, keys }) {
    Object.assign(this, { issuer, keys });
  }

  // verify resolves with the claims of a token for an audience, and rejects for any other token. A subject and a nonce are
  // compared when they are given.
  async verify(token, { audience, subject, nonce }) {
    const decoded = decode(token);
    if (!decoded || !isText(decoded.header.kid) || decoded.header.alg !== 'RS256') {
      throw new Error('the token is no RS256 token with a kid');
    }
    const key = await this.keys.find(decoded.header.kid);
    const claims = jsonwebtoken.verify(token, key, { algorithms: ['RS256'], issuer: this.issuer, audience, subject });
    checkShape(claims, audience);
    if (nonce !== undefined && claims.nonce !== nonce) {
      throw new Error('the token has another nonce');
    }
    return claims;
  }
}

// wrapVerify lets secret, the object that verifies all of Talk's tokens, take the gateway's as well. Every token of another
// issuer goes to Talk's own code unchanged, and so does what makes no sense. accepted hears of each good token before Talk
// does, and so before Talk asks whether it was revoked: what it does with a token that was has to be what the gateway said of
// that person once, and never undo what a newer token brought.
function wrapVerify(secret, { issuer, audience, verifier, accepted }) {
  const original = secret.verify;
  secret.verify = function verify(token, options, callback) {
    const decoded = decode(token);
    if (!decoded || !decoded.payload || decoded.payload.iss !== issuer) {
      return original.apply(this, arguments);
    }
    if (typeof callback !== 'function') {
      throw new TypeError('a token of the gateway is verified with a callback');
    }
    // Talk verifies links for confirmations and passwords by their subject, and a token of the gateway is neither.
    verifier
      .verify(token, { audience, subject: options && options.subject })
      .then(async claims => {
        await accepted(claims);
        return claims;
      })
      .then(claims => process.nextTick(callback, null, claims), err => process.nextTick(callback, err));
  };
}

module.exports = { Verifier, wrapVerify };
