'use strict';

const { URL } = require('url');

const required = ['TALK_CHATGATE_ISSUER', 'TALK_CHATGATE_AUDIENCE', 'TALK_CHATGATE_JWKS_URL'];
const ofPopup = ['TALK_CHATGATE_CLIENT_ID', 'TALK_CHATGATE_CLIENT_SECRET'];

const fail = text => {
  throw new Error(`talk-plugin-chatgate cannot start: ${text}`);
};

const isTrue = text => String(text).toUpperCase() === 'TRUE';
const isFalse = text => String(text).toUpperCase() === 'FALSE';

// missing names what is not set. The sign-in window is either not wanted, or wanted with both of its settings.
function missing(env) {
  const wanted = ofPopup.some(name => env[name]) ? required.concat(ofPopup) : required;
  return wanted.filter(name => !env[name]);
}

function checkURL(name, value, allowHTTP) {
  let url;
  try {
    url = new URL(value);
  } catch (err) {
    fail(`${name} is no URL`);
  }
  if (url.protocol !== 'https:' && !(allowHTTP && url.protocol === 'http:')) {
    fail(`${name} must begin with https://`);
  }
  if (url.username || url.password || url.hash) {
    fail(`${name} must have neither a user nor a fragment`);
  }
  return value;
}

function popupSettings(env, issuer, rootURL) {
  const allowHTTP = isTrue(env.TALK_CHATGATE_ALLOW_HTTP);
  const address = (name, fallback) => checkURL(name, env[name] || fallback, allowHTTP);
  const clientID = env.TALK_CHATGATE_CLIENT_ID;
  if (clientID === env.TALK_CHATGATE_AUDIENCE) {
    // A token for the sign-in window would sign in everywhere in Talk.
    fail('TALK_CHATGATE_CLIENT_ID and TALK_CHATGATE_AUDIENCE must differ');
  }
  return {
    clientID,
    clientSecret: env.TALK_CHATGATE_CLIENT_SECRET,
    authorizationURL: address('TALK_CHATGATE_AUTHORIZATION_URL', `${issuer}/oauth/authorize`),
    tokenURL: address('TALK_CHATGATE_TOKEN_URL', `${issuer}/oauth/token`),
    callbackURL: `${checkURL('TALK_ROOT_URL', rootURL, allowHTTP).replace(/\/$/, '')}/api/v1/auth/chatgate/callback`,
  };
}

// load reads the settings (P6). talk is Talk's own configuration. It returns null where Talk's tests run without any, and
// throws an error that names everything that is missing.
function load(env, talk) {
  const names = missing(env);
  if (names.length > 0) {
    return env.NODE_ENV === 'test' ? null : fail(`missing ${names.join(', ')}`);
  }
  if (talk.JWT_USER_ID_CLAIM && talk.JWT_USER_ID_CLAIM !== 'sub') {
    fail('TALK_JWT_USER_ID_CLAIM must be sub, which is its default');
  }
  const allowHTTP = isTrue(env.TALK_CHATGATE_ALLOW_HTTP);
  const issuer = checkURL('TALK_CHATGATE_ISSUER', env.TALK_CHATGATE_ISSUER, allowHTTP);
  if (issuer.endsWith('/')) {
    fail('TALK_CHATGATE_ISSUER must not end in a slash, as it does not in tokens');
  }
  if (issuer === talk.JWT_ISSUER) {
    // Talk signs with its own issuer: its own tokens would be taken for the gateway's, and refused.
    fail('TALK_JWT_ISSUER must stay Talk\'s own, and not be the gateway\'s');
  }
  return {
    issuer,
    audience: env.TALK_CHATGATE_AUDIENCE,
    jwksURL: checkURL('TALK_CHATGATE_JWKS_URL', env.TALK_CHATGATE_JWKS_URL, allowHTTP),
    allowHTTP,
    updateUsers: !isFalse(env.TALK_CHATGATE_UPDATE_USERS),
    popup: env.TALK_CHATGATE_CLIENT_ID ? popupSettings(env, issuer, talk.ROOT_URL) : null,
  };
}

module.exports = { load };
