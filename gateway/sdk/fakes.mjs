// A page without a browser: windows that write down what is posted to them, and a gateway that answers as told.

export const GATEWAY = 'https://sso.example.org';
export const CHAT = 'https://chat.example.org';
export const PORTAL = 'https://portal.example.org';

// Messages is an EventTarget whose message events carry what a browser would put there.
class FakeWindow extends EventTarget {
  location = { href: `${CHAT}/home` };
  posted = [];

  postMessage(data, targetOrigin) {
    this.posted.push({ data, targetOrigin });
    this.answer?.(data);
  }
}

export class FakeFrame extends EventTarget {
  contentWindow = new FakeWindow();
  style = {};

  remove() {
    this.parent.children = this.parent.children.filter((child) => child !== this);
  }
}

export class FakeElement {
  children = [];

  append(child) {
    child.parent = this;
    this.children.push(child);
  }
}

// Stage is what the script finds around itself, and what a test moves and looks at.
export class Stage {
  calls = []; // of the gateway's API
  answers = []; // to them; the last one repeats
  opened = []; // windows
  states = [];
  place = new FakeElement();
  iframe = Object.assign(new FakeFrame(), { src: `${CHAT}/home?layout=embedded` });
  #window = Object.assign(new FakeWindow(), { location: { origin: PORTAL } });

  constructor(timers) {
    this.timers = timers;
    timers.enable({ apis: ['setTimeout', 'Date'] });
    globalThis.window = Object.assign(this.#window, { open: (...args) => this.opened.push(args) });
    globalThis.document = { createElement: () => new FakeFrame() };
    globalThis.fetch = (...args) => this.#fetch(...args);
  }

  async #fetch(url, options) {
    this.calls.push({ url, ...options });
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    if (answer === 'offline') throw new TypeError('Failed to fetch');
    const { status, body, headers = {} } = await (typeof answer === 'function' ? answer() : answer);
    return { status, ok: status >= 200 && status < 300, headers: new Headers(headers), json: async () => JSON.parse(body) };
  }

  get posted() {
    return this.iframe.contentWindow.posted;
  }

  // logins are the tokens that the chat was given.
  get logins() {
    return this.posted.filter(({ data }) => data.externalCommand === 'login-with-token').map(({ data }) => data.token);
  }

  get commands() {
    return this.posted.map(({ data }) => data.externalCommand);
  }

  // frame is the sign-in frame, when there is one.
  get frame() {
    return this.place.children[0];
  }

  get state() {
    return this.states.at(-1);
  }

  // hear delivers a message to the page, from the chat unless the test says otherwise.
  async hear(data, { source = this.iframe.contentWindow, origin = CHAT } = {}) {
    this.#window.dispatchEvent(Object.assign(new Event('message'), { data, source, origin }));
    await this.settle();
  }

  chatSays(eventName) {
    return this.hear({ eventName, data: {} });
  }

  frameSays(message, { source = this.frame.contentWindow, origin = GATEWAY } = {}) {
    return this.hear(message, { source, origin });
  }

  async load() {
    this.iframe.dispatchEvent(new Event('load'));
    await this.settle();
  }

  // wait moves the clock and lets everything follow that it sets off.
  async wait(ms) {
    this.timers.tick(ms);
    await this.settle();
  }

  async settle() {
    for (let i = 0; i < 50; i++) await Promise.resolve();
  }
}

export const login = (loginToken = 'token-1', userId = 'ada') => ({ status: 200, body: JSON.stringify({ loginToken, userId }) });

export const problem = (status, code, headers) => ({ status, body: JSON.stringify({ status, code, request_id: 'ref-1' }), headers });

export const signedOut = problem(401, 'session_required');
