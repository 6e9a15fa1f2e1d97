// A page with comments, without a browser: stand-ins for Coral's and Talk's embeds, and for what a page remembers.

import { FakeElement, FakeFrame, GATEWAY, Stage } from './fakes.mjs';
import { renderTalk } from './web/chatgate.js';

export const CORAL = 'https://comments.example.org';
export const NOW = 1_795_000_000_000; // ms, where every test begins
export const LIFE = 900; // s

// token is one that the gateway signs at the present moment, or so many seconds ago.
export function token(name, { sub = 'ada', age = 0, life = LIFE, ...claims } = {}) {
  const iat = Math.floor(Date.now() / 1000) - age;
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part({ sub, iat, exp: iat + life, jti: name, ...claims })}.${name}`;
}

// answer is the gateway's to somebody who is signed in. The token is made when the gateway is asked.
export const answer = (name, claims) => () => {
  const text = typeof name === 'string' ? token(name, claims) : name();
  return { status: 200, body: JSON.stringify({ token: text, expires_at: 1 }) };
};

// nameOf is what a test called a token.
export const nameOf = (text) => text?.split('.')[2];

// FakeComments is an embed of either product: it writes down what it is told, and says what the test wants.
class FakeComments {
  told = [];
  #listeners = new Map();
  #any = [];

  constructor(place, options) {
    this.place = place;
    this.options = options;
    options.events?.(this);
  }

  on(name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  onAny(listener) {
    this.#any.push(listener);
  }

  emit(name, ...values) {
    for (const listener of this.#any) listener(name, ...values);
    for (const listener of this.#listeners.get(name) ?? []) listener(...values);
  }

  login(text) {
    this.told.push(`login ${nameOf(text)}`);
  }

  logout() {
    this.told.push('logout');
  }

  remove() {
    this.told.push('remove');
    throw new Error('instance not mounted');
  }
}

// FakeStorage is one of the window's two; several windows of a test may share it.
export class FakeStorage extends Map {
  get length() { return this.size; }
  key(i) { return [...this.keys()][i] ?? null; }
  getItem(key) { return this.get(key) ?? null; }
  setItem(key, value) { this.set(key, String(value)); }
  removeItem(key) { this.delete(key); }
}

class FakeScript extends EventTarget {
  gone = false;

  remove() {
    this.gone = true;
  }
}

// TalkStage is a page that shows comments.
export class TalkStage extends Stage {
  embeds = []; // in the order in which they were made
  scripts = []; // that were put into the page
  element = Object.assign(new FakeElement(), {
    before: (frame) => this.place.append(frame),
    replaceChildren: (child) => { this.element.children = [child]; },
  });

  constructor(timers, { local = new FakeStorage(), session = new FakeStorage() } = {}) {
    super(timers);
    timers.setTime(NOW);
    Object.assign(window, { localStorage: local, sessionStorage: session });
    this.bringScript();
    const make = { iframe: () => Object.assign(new FakeFrame(), { scrollIntoView() {}, focus() {} }), script: () => new FakeScript(), div: () => ({}) };
    globalThis.document = Object.assign(new EventTarget(), {
      hidden: false,
      createElement: (name) => make[name](),
      head: { append: (script) => this.scripts.push(script) },
    });
  }

  // bringScript is what the embed's script does when it runs.
  bringScript() {
    const made = (place, options) => {
      this.embeds.push(new FakeComments(place, options));
      return this.embeds.at(-1);
    };
    window.Coral = { createStreamEmbed: (options) => made(undefined, options), Talk: { render: made } };
  }

  // render shows Coral's comments, or those of Talk 4 with product: 'talk'.
  async render(answers, { product = 'coral', comments = {}, ...options } = {}) {
    this.answers = answers;
    const connection = renderTalk(this.element, {
      gateway: GATEWAY, [product]: { rootURL: CORAL, ...comments }, onState: (state) => this.states.push(state), ...options,
    });
    await this.settle();
    return connection;
  }

  // comments are those that show now.
  get comments() {
    return this.embeds.at(-1);
  }

  // told is what the comments were told, beginning with the token that they were made with.
  get told() {
    const { accessToken, auth_token: authToken } = this.comments.options;
    return [`made ${nameOf(accessToken ?? authToken) ?? 'without'}`, ...this.comments.told];
  }

  get asked() {
    return this.calls.map(({ method }) => method);
  }

  get names() {
    return this.states.map(({ name, code }) => (code === undefined ? name : `${name} ${code}`));
  }

  async say(name, ...values) {
    this.comments.emit(name, ...values);
    await this.settle();
  }

  // refuse is the API's 401: the comments ask for another token. It resolves to what they get, undefined while they wait.
  async refuse() {
    const got = [];
    this.comments.options.refreshAccessToken((text) => got.push(nameOf(text)));
    await this.settle();
    return got;
  }

  // happen is an event of the page's.
  async happen(target, name, more = {}, at = undefined) {
    const event = Object.assign(new Event(name), more);
    if (at) Object.defineProperty(event, 'target', { value: at });
    target.dispatchEvent(event);
    await this.settle();
  }

  // click is on a link.
  click(href) {
    const prefix = /^a\[href\^="(.*)"\]$/;
    return this.happen(document, 'click', {}, { closest: (selector) => (href.startsWith(selector.match(prefix)[1]) ? {} : null) });
  }

  // pass moves the clock in steps, as calls made again begin with a pause.
  async pass(...steps) {
    for (const ms of steps) await this.wait(ms);
  }
}

export { CHAT, GATEWAY, PORTAL } from './fakes.mjs';
