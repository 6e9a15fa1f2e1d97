// How Coral 5 to 9 and Talk 4.12 decide on a token, with the libraries that they ship. Each profile is set up once, by what
// an operator enters there, and then judges raw tokens: it returns their claims or throws the reason. What would stop
// Coral's process counts as a refusal here. A judge is told the time in Unix seconds, or takes this machine's.

import { createPublicKey } from 'node:crypto';
import jsonwebtoken8 from 'jsonwebtoken-8';
import jsonwebtoken9 from 'jsonwebtoken-9';
import jwksRsa from 'jwks-rsa';
import passportJWT from 'passport-jwt';

const libraries = { 'jsonwebtoken 8.5.1': jsonwebtoken8, 'jsonwebtoken 9.0.0': jsonwebtoken9 };

/** Coral with an OpenID Connect integration, given a pushed ID token. */
function coralOIDC({ jwks, issuer, audience }) {
  // As Coral has it: one client for the integration, which keeps five keys for ten minutes each, and no refusal.
  const client = jwksRsa({ jwksUri: jwks, cache: true, cacheMaxEntries: 5, cacheMaxAge: 600_000, timeout: 30_000 });
  return async (token, now) => {
    const { header, payload } = decode(token);
    need(['sub', 'iss', 'aud'].every((name) => typeof payload[name] === 'string'), 'sub, iss and aud must be strings');
    need(typeof payload.exp === 'number', 'exp must be a number');
    need(typeof header.kid === 'string', 'no kid in the header');
    const key = await coralKey(client, header.kid);
    const claims = agree((library) => library.verify(token, key, { issuer, algorithms: ['RS256'], clockTimestamp: now }));
    need(typeof claims.nonce === 'string', 'no nonce: this stops the Coral process');
    need(Number.isInteger(claims.exp), 'exp must be an integer: Redis refuses it otherwise');
    for (const name of ['email', 'preferred_username', 'picture']) needText(claims, name);
    if ('email_verified' in claims) need(typeof claims.email_verified === 'boolean', 'email_verified must be boolean');
    need(claims.aud === audience, 'aud is not the client id'); // Coral does not look; we promise it (G19)
    return claims;
  };
}

/** Coral with a single sign-on integration: HS256 with the text of a secret, which the kid picks among several. */
function coralSSO({ secrets }) {
  const active = Object.entries(secrets);
  return async (token, now) => {
    const { header, payload } = decode(token);
    need(['sub', 'iss', 'aud', 'exp'].some((name) => !(name in payload)), 'Coral takes this shape for an ID token');
    const named = active.filter(([kid]) => kid === header.kid);
    const tried = active.length === 1 || header.kid === undefined ? active : named;
    need(tried.length > 0, 'no secret with the kid in the header');
    const claims = firstOf(tried.map(([, secret]) => () =>
      agree((library) => library.verify(token, secret, { algorithms: ['HS256'], clockTimestamp: now }))));
    const user = claims.user ?? {};
    for (const name of ['id', 'email', 'username']) {
      need(typeof user[name] === 'string' && user[name] !== '', `user.${name} must be a string`);
    }
    for (const name of ['url', 'avatar']) needText(user, name, 'user.');
    if ('role' in user) need(/^(COMMENTER|STAFF|MEMBER|MODERATOR|ADMIN)$/.test(user.role), 'user.role is not one of the five');
    if ('badges' in user) need(Array.isArray(user.badges) && user.badges.every((b) => typeof b === 'string'), 'user.badges must be strings');
    return claims;
  };
}

/**
 * Talk 4 by TALK_JWT_SECRETS, which list the public halves of our keys or several secrets by kid, or by TALK_JWT_SECRET,
 * one secret whose kid is ignored. Talk reads them when it starts.
 */
async function talk4({ jwks, secrets, issuer, audience }) {
  const listed = secrets ?? (await pasted(jwks));
  const single = secrets && Object.keys(secrets).length === 1 ? Object.values(secrets)[0] : undefined;
  const algorithm = secrets ? 'HS256' : 'RS256';
  const keyOf = (token) => {
    const key = single ?? listed[decode(token).header.kid];
    need(key !== undefined, 'no key with the kid in the header');
    return key;
  };
  return async (token, now) => {
    const options = { issuer, audience, algorithms: [algorithm] };
    agree((library) => library.verify(token, keyOf(token), { ...options, clockTimestamp: now }));
    const claims = await passport(token, keyOf, { ...options, jsonWebTokenOptions: { clockTimestamp: now } });
    need(claims.pat === undefined, 'pat would be looked up as a personal access token');
    need(typeof claims.sub === 'string' && claims.sub !== '', 'no sub: there is nobody to look up');
    need(typeof claims.jti === 'string' && claims.jti !== '', 'no jti: one logout would refuse all such tokens');
    need(Number.isInteger(claims.exp), 'no exp: a logout fails');
    return claims;
  };
}

export const profiles = { 'coral-oidc': coralOIDC, 'coral-sso': coralSSO, talk4 };

/** Coral's key: from RSA keys for signatures alone. jwks-rsa looks for nothing else. */
function coralKey(client, kid) {
  return new Promise((resolve, reject) => {
    client.getSigningKey(kid, (err, key) => (err ? reject(err) : resolve(key.getPublicKey())));
  });
}

/** What an operator pastes into TALK_JWT_SECRETS: a PEM under each kid. */
async function pasted(jwks) {
  const { keys } = await (await fetch(jwks)).json();
  const pem = (key) => createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return Object.fromEntries(keys.filter((key) => key.kty === 'RSA').map((key) => [key.kid, pem(key)]));
}

/** All versions of the library must say the same; the claims are the first one's. */
function agree(verify) {
  const [claims] = Object.entries(libraries).map(([name, library]) => {
    try {
      return verify(library);
    } catch (err) {
      throw new Error(`${name}: ${err.message}`, { cause: err });
    }
  });
  return claims;
}

/** The first that does not throw; when all do, the last one's reason. */
function firstOf(attempts) {
  let reason;
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch (err) {
      reason = err;
    }
  }
  throw reason;
}

/** Talk's strategy: the cookie before the address before the header, and a key by the raw token. */
function passport(token, keyOf, options) {
  const { ExtractJwt, Strategy } = passportJWT;
  const strategy = new Strategy(
    {
      ...options,
      passReqToCallback: true,
      secretOrKeyProvider: (_, raw, done) => done(null, keyOf(raw)),
      jwtFromRequest: ExtractJwt.fromExtractors([
        (request) => request.cookies.authorization ?? null,
        ExtractJwt.fromUrlQueryParameter('access_token'),
        ExtractJwt.fromAuthHeaderAsBearerToken(),
      ]),
    },
    (_, claims, done) => done(null, claims),
  );
  return new Promise((resolve, reject) => {
    Object.assign(strategy, { success: resolve, fail: reject, error: reject });
    strategy.authenticate({ url: '/api/v1/auth', cookies: {}, headers: { authorization: `Bearer ${token}` } });
  });
}

function decode(token) {
  const decoded = jsonwebtoken8.decode(token, { complete: true });
  need(decoded, 'not a JWT');
  return decoded;
}

function needText(claims, name, path = '') {
  if (name in claims) need(typeof claims[name] === 'string' && claims[name] !== '', `${path}${name} must be a string or absent`);
}

function need(ok, reason) {
  if (!ok) throw new Error(reason);
}
