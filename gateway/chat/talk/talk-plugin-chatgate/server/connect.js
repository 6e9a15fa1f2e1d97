'use strict';

const { fetchJSON } = require('./http');
const { KeySet } = require('./jwks');
const { mountPopup } = require('./popup');
const { load } = require('./settings');
const { People } = require('./users');
const { Verifier, wrapVerify } = require('./verify');

// Talk's own modules are required when they are needed: an image is built without Talk's environment.
function build(settings) {
  const log = text => console.warn(`talk-plugin-chatgate: ${text}`); // eslint-disable-line no-console
  const call = (url, form) => fetchJSON(url, { form, allowHTTP: settings.allowHTTP });
  const people = new People({
    Users: require('services/users'),
    User: require('models/user'),
    follows: settings.updateUsers,
    log,
  });
  const keys = new KeySet({ load: () => call(settings.jwksURL), log });
  const verifier = new Verifier({ issuer: settings.issuer, keys });
  return {
    install() {
      wrapVerify(require('secrets').jwt, {
        issuer: settings.issuer,
        audience: settings.audience,
        verifier,
        accepted: claims => people.update(claims),
      });
    },
    mount(router) {
      if (settings.popup) {
        mountPopup(router, { popup: settings.popup, call, verifier, people, log });
      }
    },
    userOf(jwt) {
      return jwt.iss === settings.issuer && jwt.sub ? people.findOrCreate(jwt) : null;
    },
  };
}

// idle is the plugin without settings, which only Talk's own tests have.
const idle = { install() {}, mount() {}, userOf: () => null };

let connected;

// connect reads the settings and builds the plugin, once in a process.
function connect() {
  if (!connected) {
    const settings = load(process.env, require('config'));
    connected = settings ? build(settings) : idle;
  }
  return connected;
}

module.exports = { connect };
