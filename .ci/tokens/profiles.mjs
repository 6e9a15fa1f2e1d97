// How Coral 5 to 9 and Talk 4.12 decide on a token, with the libraries that they ship. Each profile gets the raw token
// and either returns its claims or throws the reason. What would stop Coral's process counts as a refusal here.

import { createPublicKey } from 'node:crypto';
import jsonwebtoken8 from 'jsonwebtoken-8';
import jsonwebtoken9 from 'jsonwebtoken-9';
import jwksRsa from 'jwks-rsa';
import passportJWT from 'passport-jwt';

const libraries = { 'jsonwebtoken 8.5.1': jsonwebtoken8, 'jsonwebtoken 9.0.0': jsonwebtoken9 };

/** Coral with an OpenID Connect integration, given a pushed ID token. */
async function coralOIDC(token, { jwks, issuer, audience }) {
  const { header, payload } = decode(token);
  need(['sub', 'iss', 'aud'].every((name) => typeof payload[name] === 'string'), 'sub, iss and aud must be strings');
  need(typeof payload.exp === 'number', 'exp must be a number');
  const key = await coralKey(jwks, header.kid);
  const claims = agree((library) => library.verify(token, key, { issuer, algorithms: ['RS256'] }));
  need(typeof claims.nonce === 'string', 'no nonce: this stops the Coral process');
  need(Number.isInteger(claims.exp), 'exp must be an integer: Redis refuses it otherwise');
  for (const name of ['email', 'preferred_username', 'picture']) needText(claims, name);
  if ('email_verified' in claims) need(typeof claims.email_verified === 'boolean', 'email_verified must be boolean');
  need(claims.aud === audience, 'aud is not the client id'); // Coral does not look; we promise it (G19)
  return claims;
}

/** Coral with a single sign-on integration: HS256 with the secret's text as the key. */
async function coralSSO(token, { secret }) {
  const { payload } = decode(token);
  need(['sub', 'iss', 'aud', 'exp'].some((name) => !(name in payload)), 'Coral takes this shape for an ID token');
  const claims = agree((library) => library.verify(token, secret, { algorithms: ['HS256'] }));
  const user = claims.user ?? {};
  for (const name of ['id', 'email', 'username']) {
    need(typeof user[name] === 'string' && user[name] !== '', `user.${name} must be a string`);
  }
  if ('role' in user) need(/^(COMMENTER|STAFF|MEMBER|MODERATOR|ADMIN)$/.test(user.role), 'user.role is not one of the five');
  return claims;
}

/** Talk 4: passport-jwt with the public half of our key, in the place of an entry of TALK_JWT_SECRETS. */
async function talk4(token, { jwks, issuer, audience }) {
  const { header } = decode(token);
  const key = await talkKey(jwks, header.kid);
  const options = { issuer, audience, algorithms: ['RS256'] };
  agree((library) => library.verify(token, key, options));
  const claims = await passport(token, { ...options, secretOrKey: key });
  need(claims.pat === undefined, 'pat would be looked up as a personal access token');
  need(typeof claims.sub === 'string' && claims.sub !== '', 'no sub: there is nobody to look up');
  need(typeof claims.jti === 'string' && claims.jti !== '', 'no jti: one logout would refuse all such tokens');
  need(Number.isInteger(claims.exp), 'no exp: a logout fails');
  return claims;
}

export const profiles = { 'coral-oidc': coralOIDC, 'coral-sso': coralSSO, talk4 };

/** Coral's key: per kid, cached, from RSA keys for signatures alone. jwks-rsa looks for nothing else. */
function coralKey(jwksUri, kid) {
  need(typeof kid === 'string', 'no kid in the header');
  const client = jwksRsa({ jwksUri, cache: true, timeout: 30_000 });
  return new Promise((resolve, reject) => {
    client.getSigningKey(kid, (err, key) => (err ? reject(err) : resolve(key.getPublicKey())));
  });
}

/** Talk's key: what an operator pastes, a PEM that is listed under its kid. */
async function talkKey(jwks, kid) {
  const { keys } = await (await fetch(jwks)).json();
  const listed = keys.filter((key) => key.kid === kid && key.kty === 'RSA');
  need(listed.length === 1, `${listed.length} keys for the kid in the header`);
  return createPublicKey({ key: listed[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
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

function passport(token, options) {
  const strategy = new passportJWT.Strategy(
    { ...options, jwtFromRequest: passportJWT.ExtractJwt.fromAuthHeaderAsBearerToken() },
    (claims, done) => done(null, claims),
  );
  return new Promise((resolve, reject) => {
    Object.assign(strategy, { success: resolve, fail: reject, error: reject });
    strategy.authenticate({ headers: { authorization: `Bearer ${token}` } });
  });
}

function decode(token) {
  const decoded = jsonwebtoken8.decode(token, { complete: true });
  need(decoded, 'not a JWT');
  return decoded;
}

function needText(claims, name) {
  if (name in claims) need(typeof claims[name] === 'string' && claims[name] !== '', `${name} must be a string or absent`);
}

function need(ok, reason) {
  if (!ok) throw new Error(reason);
}
