'use strict';

const crypto = require('crypto');
const { URL } = require('url');
const { refuse } = require('./page');
const { PROVIDER } = require('./users');

const LIFE = 10 * 60 * 1000; // milliseconds to sign in at the gateway
const START = '/api/v1/auth/chatgate';
const CALLBACK = `${START}/callback`;

const base64url = bytes => bytes.toString('base64').replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const random = () => base64url(crypto.randomBytes(32));
const hash = text => crypto.createHash('sha256').update(text).digest();
const same = (a, b) => typeof a === 'string' && typeof b === 'string' && crypto.timingSafeEqual(hash(a), hash(b));

// cookieFor is the cookie that binds an attempt to its browser. With https its name keeps every other host, such as a
// neighbour below the same domain, from setting it (RFC 6265bis, Section 4.1.3.2).
function cookieFor(callbackURL) {
  const secure = callbackURL.startsWith('https:');
  return {
    name: secure ? '__Host-chatgate' : 'chatgate',
    options: { httpOnly: true, sameSite: 'lax', secure, path: '/' },
  };
}

// readAttempt reads the cookie's value: state, nonce and PKCE verifier. Whoever sends the cookie chooses its type too: Talk's
// cookie-parser makes an object, an array or a number of a value that begins with j:.
function readAttempt(value) {
  if (typeof value !== 'string') {
    return null;
  }
  const [state, nonce, verifier, more] = value.split('.');
  return state && nonce && verifier && more === undefined ? { state, nonce, verifier } : null;
}

// authorizationAddress is where the gateway signs people in (OpenID Connect Core 1.0, Section 3.1.2.1), with PKCE
// (RFC 7636, Section 4.3).
function authorizationAddress(popup, attempt) {
  const url = new URL(popup.authorizationURL);
  const asked = {
    response_type: 'code',
    scope: 'openid profile email',
    client_id: popup.clientID,
    redirect_uri: popup.callbackURL,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: base64url(hash(attempt.verifier)),
    code_challenge_method: 'S256',
  };
  Object.keys(asked).forEach(name => url.searchParams.set(name, asked[name]));
  return url.toString();
}

// Popup is the sign-in window (P5): it sends people to the gateway, and makes a user of Talk of who comes back.
class Popup {
  constructor({ popup, call, verifier, people, log }) {
    Object.assign(this, { popup, call, verifier, people, log, cookie: cookieFor(popup.callbackURL) });
  }

  start(req, res) {
    const attempt = { state: random(), nonce: random(), verifier: random() };
    const value = `${attempt.state}.${attempt.nonce}.${attempt.verifier}`;
    res.cookie(this.cookie.name, value, Object.assign({ maxAge: LIFE }, this.cookie.options));
    res.set('Cache-Control', 'no-store');
    res.redirect(302, authorizationAddress(this.popup, attempt));
  }

  // callback takes the attempt before anything else, so that an address is good for one try.
  async callback(req, res, next) {
    const attempt = readAttempt(req.cookies && req.cookies[this.cookie.name]);
    res.clearCookie(this.cookie.name, this.cookie.options);
    res.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' });
    const { state, code } = req.query;
    if (!attempt || !same(state, attempt.state)) {
      return refuse(res, 400, 'This window is not good any more.');
    }
    if (typeof code !== 'string' || code === '' || 'error' in req.query) {
      return refuse(res, 403, 'You were not signed in.');
    }
    let claims;
    try {
      claims = await this.exchange(code, attempt);
    } catch (err) {
      this.log(`a sign-in window ended without a user: ${err.message}`);
      return refuse(res, 502, 'The sign-in could not be checked.');
    }
    return this.signIn(claims, req, res, next);
  }

  // exchange redeems the code, and resolves with the claims of the ID token that came for it.
  async exchange(code, { nonce, verifier }) {
    const answer = await this.call(this.popup.tokenURL, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.popup.callbackURL,
      client_id: this.popup.clientID,
      client_secret: this.popup.clientSecret,
      code_verifier: verifier,
    });
    return this.verifier.verify(answer.id_token, { audience: this.popup.clientID, nonce });
  }

  // signIn ends in Talk's own code, which checks the user, signs a token of Talk's and tells the page that opened this one.
  async signIn(claims, req, res, next) {
    const { ValidateUserLogin, HandleAuthPopupCallback } = require('services/passport');
    await this.people.update(claims);
    const user = await this.people.findOrCreate(claims);
    await ValidateUserLogin({ id: claims.sub, provider: PROVIDER }, user, HandleAuthPopupCallback(req, res, next));
  }
}

// guarded lets no promise of a route fail unseen. Express looks at none, and Talk ends its process for one that fails.
const guarded = handle => async (req, res, next) => {
  try {
    await handle(req, res, next);
  } catch (err) {
    next(err);
  }
};

// onGET leaves HEAD alone, which Express hands to routes of GET as well: it promises to change nothing (RFC 9110, Section
// 9.2.1), and would begin an attempt or take one (S30).
const onGET = handle => (req, res, next) => (req.method === 'GET' ? handle(req, res, next) : next());

// mountPopup adds the two routes.
function mountPopup(router, parts) {
  const popup = new Popup(parts);
  const add = (path, handle) => router.get(path, onGET(guarded(handle)));
  add(START, (req, res) => popup.start(req, res));
  add(CALLBACK, (req, res, next) => popup.callback(req, res, next));
}

module.exports = { mountPopup };
