// A Talk 4.12.1 as far as plugins see it: the modules that resolve from its root, a database with its unique indexes, and the
// way of a token through its passport strategy.

import { createRequire } from 'node:module';
import Module from 'node:module';
import { fileURLToPath } from 'node:url';

const ci = createRequire(new URL('../../../../.ci/package.json', import.meta.url));
export const jsonwebtoken = ci('jsonwebtoken-8');
export const pluginFolder = fileURLToPath(new URL('../talk-plugin-chatgate/', import.meta.url));
export const requirePlugin = createRequire(pluginFolder);

const duplicate = () => Object.assign(new Error('E11000 duplicate key error'), { code: 11000 });
const at = (value, path) => path.split('.').reduce((v, key) => {
  if (Array.isArray(v)) return v.map((item) => item[key]);
  return v?.[key];
}, value);

// holds says whether a document meets a query, for the operators that the plugin and Talk's services use.
function holds(doc, query) {
  return Object.entries(query).every(([path, wanted]) => meets(at(doc, path), wanted));
}

function meets(value, wanted) {
  if (wanted === null || typeof wanted !== 'object') {
    return Array.isArray(value) ? value.includes(wanted) : value === wanted;
  }
  return Object.entries(wanted).every(([operator, operand]) => {
    switch (operator) {
      case '$elemMatch': return (value ?? []).some((item) => holds(item, operand));
      case '$ne': return !meets(value, operand);
      case '$not': return !meets(value, operand);
      case '$gte': return value >= operand;
      default: throw new Error(`the stand-in has no ${operator}`);
    }
  });
}

function put(doc, path, value) {
  const keys = path.split('.');
  const last = keys.pop();
  keys.reduce((v, key) => (v[key] ??= {}), doc)[last] = value;
}

// Database is the collection of users.
export class Database {
  docs = [];

  find(query) { return this.docs.find((doc) => holds(doc, query)); }

  // check is the three unique indexes: id, lowercaseUsername, and the pair of a profile's id and provider.
  check(doc) {
    const others = this.docs.filter((other) => other.id !== doc.id || other.serial !== doc.serial);
    const profiles = others.flatMap((other) => other.profiles.map((p) => `${p.provider} ${p.id}`));
    if (others.some((o) => o.id === doc.id || o.lowercaseUsername === doc.lowercaseUsername) ||
        doc.profiles.some((p) => profiles.includes(`${p.provider} ${p.id}`))) {
      throw duplicate();
    }
  }

  insert(doc) {
    const stored = { serial: this.docs.length, ...structuredClone(doc) };
    this.check(stored);
    this.docs.push(stored);
  }

  update(query, { $set = {}, $push = {} }) {
    const found = this.find(query);
    if (!found) return;
    const changed = structuredClone(found);
    const position = query.profiles && changed.profiles.findIndex((p) => holds(p, query.profiles.$elemMatch));
    for (const [path, value] of Object.entries($set)) put(changed, path.replace('$', position), value);
    for (const [path, value] of Object.entries($push)) at(changed, path).push(value);
    this.check(changed);
    this.docs[this.docs.indexOf(found)] = changed;
  }
}

const later = () => new Promise((resolve) => setImmediate(resolve));

// services are Talk's, on a database. Each call gives way to others, as one over a network does.
function services(db) {
  const copy = (doc) => (doc ? structuredClone(doc) : null);
  const Users = {
    async findById(id) { await later(); return copy(db.find({ id })); },
    castUsername: (name) => name.replace(/ /g, '_').replace(/[^a-zA-Z_]/g, ''),
    async getInitialUsername(name) {
      const cast = Users.castUsername(name);
      await later();
      for (let n = 0; ; n++) {
        const guess = n === 0 ? cast : `${cast}_${n}`;
        if (!db.find({ lowercaseUsername: guess.toLowerCase() })) return guess;
      }
    },
    async upsertExternalUser(ctx, id, provider, displayName) {
      await later();
      const there = db.find({ id, profiles: { $elemMatch: { id, provider } } });
      if (there) return copy(there);
      const username = await Users.getInitialUsername(displayName);
      if (username === '') throw new Error('users validation failed');
      await later();
      db.insert({
        id, username, lowercaseUsername: username.toLowerCase(), profiles: [{ id, provider }], metadata: { displayName },
        status: { username: { status: 'SET', history: [{ status: 'SET' }] } },
      });
      return copy(db.find({ id }));
    },
  };
  return { Users, User: { async update(query, change) { await later(); db.update(query, change); } } };
}

// Talk is one process of it.
export class Talk {
  config = { ROOT_URL: 'https://talk.example.org/', JWT_ISSUER: 'https://talk.example.org/', JWT_AUDIENCE: 'talk', JWT_USER_ID_CLAIM: 'sub' };
  secret = "the secret of Talk's own tokens";
  db;
  revoked = new Set();
  warnings = [];
  routes = {};

  // env is the plugin's environment; several processes may share a database.
  constructor(env, db = new Database()) {
    this.db = db;
    const { Users, User } = services(db);
    this.User = User;
    this.modules = {
      jsonwebtoken,
      config: this.config,
      secrets: { jwt: this.#ownSecret() },
      'services/users': Users,
      'models/user': User,
      'services/passport': {
        ValidateUserLogin: async (profile, user, done) => done(user ? null : new Error('user not found'), user),
        HandleAuthPopupCallback: (req, res) => (err, user) => { res.popup = { err, user }; },
      },
    };
    this.env = env;
  }

  // #ownSecret is services/jwt.js with the single secret of an HS256 set-up.
  #ownSecret() {
    const secret = this.secret;
    return { calls: 0, verify(token, options, callback) {
      this.calls += 1;
      return jsonwebtoken.verify(token, secret, { ...options, algorithms: ['HS256'] }, callback);
    } };
  }

  // start loads the plugin as a process does that begins to serve.
  start() {
    this.#inside(() => {
      for (const path of Object.keys(requirePlugin.cache)) {
        if (path.startsWith(pluginFolder)) delete requirePlugin.cache[path];
      }
      this.plugin = requirePlugin('./index.js');
      this.plugin.passport({});
      this.plugin.router({ get: (path, handler) => { this.routes[path] = handler; } });
    });
    return this;
  }

  // #inside lets Talk's modules resolve, and takes what the plugin says.
  #inside(work) {
    const { _load } = Module, { env } = process, { warn } = console;
    Module._load = (name, ...rest) => (name in this.modules ? this.modules[name] : _load(name, ...rest));
    process.env = { ...this.env };
    console.warn = (text) => this.warnings.push(text);
    const restore = () => { Module._load = _load; process.env = env; console.warn = warn; };
    let result;
    try {
      result = work();
    } catch (err) {
      restore();
      throw err;
    }
    if (result?.then) return result.finally(restore);
    restore();
    return result;
  }

  sign(claims) { return jsonwebtoken.sign({ iss: this.config.JWT_ISSUER, aud: 'talk', jti: 'own', ...claims }, this.secret); }

  verify(token, options = { issuer: this.config.JWT_ISSUER, audience: 'talk', algorithms: ['HS256'] }) {
    return new Promise((resolve, reject) => this.modules.secrets.jwt.verify(token, options, (err, claims) => (err ? reject(err) : resolve(claims))));
  }

  // request is the way of a token through services/passport.js: the user, null for nobody, or an error for a revoked token.
  request(token) {
    return this.#inside(async () => {
      let jwt;
      try {
        jwt = await this.verify(token);
      } catch {
        return null;
      }
      if (this.revoked.has(jwt.jti)) throw new Error('token was revoked');
      const there = this.db.docs.find((doc) => doc.id === jwt.sub || doc.profiles.some(({ id }) => id === jwt.sub));
      return there ? structuredClone(there) : this.plugin.tokenUserNotFound({ jwt, token });
    });
  }

  // visit opens an address of the plugin's in a browser with these cookies, as cookie-parser hands them over. It rejects where
  // a route lets its promise fail: Express looks at none, and Talk ends its process for one that nobody looks at.
  async visit(path, { query = {}, cookies = {}, method = 'GET' } = {}) {
    const res = new Answer();
    await this.#inside(async () => this.routes[path]({ method, query, cookies }, res, (err) => Object.assign(res, { passed: true, error: err })));
    return res;
  }
}

// Answer is as much of an Express response as the plugin uses.
class Answer {
  statusCode = 200;
  headers = {};
  cookies = {};
  status(code) { this.statusCode = code; return this; }
  set(name, value) { Object.assign(this.headers, typeof name === 'string' ? { [name]: value } : name); return this; }
  cookie(name, value, options) { this.cookies[name] = { value, ...options }; }
  clearCookie(name, options) { this.cookies[name] = { value: '', ...options }; }
  redirect(code, address) { this.statusCode = code; this.address = new URL(address); }
  send(body) { this.body = body; }
}
