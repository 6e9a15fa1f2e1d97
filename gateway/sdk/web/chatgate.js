// chatgate.js signs a person in to a chat that a page of yours embeds, with the session they have at the gateway. It
// needs the page's origin in three lists: the gateway's embedOrigins with token: true, and Rocket.Chat's "Receive
// Origins" and "Send Target Origin" of General > Iframe Integration.
//
// A login token travels in the body of the gateway's answer and in messages with one named receiver. It is never put
// into an address, the console or storage, and no message is believed unless its window and its origin are the right
// ones.

const CALL_WITHIN = 25_000; // ms
const ANSWER_WITHIN = 10_000; // ms, for the sign-in page to hand over a login
const LEAVE_WITHIN = 3_000; // ms, for the chat to say that it is signed out
const LONGEST_WAIT = 60_000; // ms; an answer that asks for more patience is final
const POST_GAPS = [1_000, 2_000, 4_000, 8_000]; // ms after each time the chat is given a login
const RETRY_GAPS = [2_000, 8_000]; // ms before a call that failed in passing is made again
const AUTOMATIC = { calls: 3, within: 60_000 }; // what happens without anybody's wish (R16)

// What Rocket.Chat's events say of whether somebody is in. It has not sent "startup" since 7.9: nothing waits for that.
const WORDS = new Map([['Custom_Script_Logged_In', 'in'], ['room-opened', 'in'], ['Custom_Script_Logged_Out', 'out']]);

// connectRocketChat keeps a Rocket.Chat that the page shows in an iframe signed in as the person at the gateway. It
// throws a TypeError when it is called wrongly; whatever goes wrong later is a state.
function connectRocketChat(iframe, options) {
  const connection = new Connection(checked(iframe, options));
  return {
    get state() { return connection.state; },
    refresh: () => connection.refresh(),
    signOut: (how) => connection.signOut(how),
    close: () => connection.close(),
  };
}

// signOut takes the window to the gateway's page that asks and then ends the session and every chat's login.
function signOut({ gateway }) {
  window.open(`${originOf(gateway, 'gateway')}/logout`, '_top');
}

// Failure is what keeps a person out: a code of the gateway's or of ours, and the reference to tell an operator. One
// that is passing may be tried again, after the time that the gateway asks for.
class Failure extends Error {
  constructor(code, { reference, passing = false, after } = {}) {
    super(code);
    Object.assign(this, { code, reference, passing, after });
  }
}

function checked(iframe, { gateway, chat = 'rocketchat', signIn, signInTitle = 'Sign in', onState = () => {}, signal } = {}) {
  if (typeof signIn !== 'function' && typeof signIn?.append !== 'function') {
    throw new TypeError('signIn: must be an element, or a function that takes the sign-in frame');
  }
  if (!/^[a-z][a-z0-9-]*$/.test(chat)) throw new TypeError('chat: must be the name of a chat at the gateway');
  return {
    iframe, chat, signIn, signInTitle, onState, signal,
    gateway: originOf(gateway, 'gateway'),
    chatOrigin: originOf(iframe.src, "iframe's src"),
    ownOrigin: originOf(window.location.origin, "page's origin"),
  };
}

// originOf refuses what has no origin of its own, such as a data: address: a message to it would have no receiver.
function originOf(address, name) {
  if (!/^https?:\/\//.test(address)) throw new TypeError(`${name}: must be an https address`);
  return new URL(address).origin;
}

// Connection decides what happens next. Only one course runs at a time: a new one ends the one before.
class Connection {
  state = Object.freeze({ name: 'closed' });
  #options;
  #chat;
  #frame;
  #given; // the last login that the chat was given
  #automatic = new Budget(AUTOMATIC);
  #course = new AbortController();
  #closed = new AbortController();

  constructor(options) {
    this.#options = options;
    this.#chat = new Chat(options, this.#closed.signal, (word, before) => this.#heard(word, before));
    this.#frame = new SignInFrame(options, this.#closed.signal, () => this.#run((signal) => this.#signedIn(signal)));
    if (options.signal?.aborted) this.close();
    options.signal?.addEventListener('abort', () => this.close(), { signal: this.#closed.signal });
    this.#automatic.take();
    this.refresh();
  }

  refresh() {
    this.#run((signal) => this.#connect(signal));
  }

  signOut({ local = false } = {}) {
    this.#run(async (signal) => {
      this.#enter({ name: 'signing-out' });
      await this.#chat.leave(signal);
      if (local) this.#needSignIn();
      else signOut(this.#options);
    });
  }

  close() {
    this.#course.abort();
    this.#closed.abort();
    this.#frame.hide();
    this.state = Object.freeze({ name: 'closed' });
  }

  async #run(course) {
    if (this.#closed.signal.aborted) return;
    this.#course.abort();
    const { signal } = (this.#course = new AbortController());
    try {
      await course(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      this.#fail(error);
    }
  }

  // fail does not shut anybody out of a chat that they are in, because the gateway cannot be asked just now.
  #fail({ code, reference, passing }) {
    if (passing && this.#chat.inside) {
      this.#stayIn();
      return;
    }
    this.#frame.hide();
    this.#enter({ name: 'failed', code, reference });
  }

  // enter tells the page in a task of its own, so that an error thrown there is the page's own.
  #enter(state) {
    const { name, confirmed } = this.state;
    if (state.name === name && state.confirmed === confirmed) return;
    this.state = Object.freeze(state);
    queueMicrotask(() => {
      if (!this.#closed.signal.aborted) this.#options.onState(state);
    });
  }

  async #connect(signal) {
    this.#enter({ name: 'checking' });
    const login = await this.#ask(signal);
    if (login !== undefined) await this.#logIn(login, signal);
    else if (this.#chat.inside) this.#stayIn();
    else this.#needSignIn();
  }

  // signedIn follows a sign-in in our frame. Where the browser keeps the frame's cookie from this page, the frame itself
  // hands the login over (B-12, B-26).
  async #signedIn(signal) {
    const login = (await this.#ask(signal)) ?? (await this.#frame.handOver(signal));
    this.#frame.hide();
    await this.#logIn(login, signal);
  }

  // renew follows a sign-out in the chat. The gateway may not know of it yet and answer with the very login that has
  // ended; the chat would refuse that, whereas the frame finds out and offers what is left to do (R12).
  async #renew(wasInside, signal) {
    if (!this.#automatic.take()) throw new Failure('too_many_attempts');
    this.#enter({ name: 'checking' });
    const login = await this.#ask(signal);
    const ended = wasInside && (this.#given?.loginToken ?? login?.loginToken) === login?.loginToken;
    if (login === undefined || ended) this.#needSignIn();
    else await this.#logIn(login, signal);
  }

  // ask makes the call, and again when it failed in passing, until that has happened too often.
  async #ask(signal) {
    for (const gap of RETRY_GAPS) {
      try {
        return await askForLogin(this.#options, signal);
      } catch (error) {
        const wait = error.after ?? gap;
        if (!error.passing || wait > LONGEST_WAIT) throw error;
        await pause(wait, signal);
        if (!this.#automatic.take()) throw error;
      }
    }
    return askForLogin(this.#options, signal);
  }

  // logIn gives the chat a login until it says that somebody came in: it may be loading still, and drops what comes too
  // early. A chat that has said nothing in the end has its events switched off, or had nothing new to say. One that says
  // it is signed out has not taken the login.
  async #logIn(login, signal) {
    this.#enter({ name: 'connecting' });
    await this.#chat.loaded(signal);
    if (this.#given && this.#given.userId !== login.userId) await this.#chat.leave(signal);
    this.#given = login;
    for (const gap of POST_GAPS) {
      this.#chat.post({ externalCommand: 'login-with-token', token: login.loginToken });
      if (this.#chat.inside) this.#enter({ name: 'connected', confirmed: true });
      if ((await this.#chat.stirred(gap, signal)) === 'in') break;
    }
    if (this.#chat.inside === false) this.#needSignIn();
    else this.#enter({ name: 'connected', confirmed: this.#chat.inside === true });
  }

  #needSignIn() {
    this.#frame.show();
    this.#enter({ name: 'sign-in-needed' });
  }

  // stayIn leaves somebody alone who is in the chat without us: by the chat's own login frame, or a login that goes on.
  #stayIn() {
    this.#course.abort();
    this.#frame.hide();
    this.#given = undefined;
    this.#enter({ name: 'connected', confirmed: true });
  }

  // heard is told "in" or "out" by the chat, and whether somebody was in before.
  #heard(word, wasInside) {
    const { name } = this.state;
    if (word === 'out' && name === 'connected') this.#run((signal) => this.#renew(wasInside, signal));
    if (word === 'in' && name === 'connected') this.#enter({ name, confirmed: true });
    if (word === 'in' && (name === 'sign-in-needed' || name === 'failed')) this.#stayIn();
  }
}

// Chat is Rocket.Chat's window. Its page may come and go in the iframe; its origin is fixed.
class Chat {
  inside; // whether somebody is signed in there; undefined before it has said anything
  #iframe;
  #origin;
  #waiting = [];

  constructor({ iframe, chatOrigin }, closed, heard) {
    this.#iframe = iframe;
    this.#origin = chatOrigin;
    iframe.addEventListener('load', () => this.#wake('loaded'), { signal: closed });
    hear(() => iframe.contentWindow, chatOrigin, closed, ({ eventName }) => {
      const word = WORDS.get(eventName);
      if (word === undefined) return;
      const before = this.inside;
      this.inside = word === 'in';
      this.#wake(word);
      heard(word, before);
    });
  }

  #wake(word) {
    for (const wake of this.#waiting.splice(0)) wake(word);
  }

  post(message) {
    if (!this.#blank()) this.#iframe.contentWindow.postMessage(message, this.#origin);
  }

  // loaded waits for the iframe to leave the blank page that it begins with.
  async loaded(signal) {
    while (this.#blank()) await this.stirred(Infinity, signal);
  }

  // A message to a blank page has the wrong receiver, and browsers complain of it.
  #blank() {
    try {
      return (this.#iframe.contentWindow?.location.href ?? 'about:blank') === 'about:blank';
    } catch {
      return false; // another origin: no page of ours
    }
  }

  // stirred is "loaded", "in" or "out" as soon as that happens, or undefined when nothing does for that many ms.
  stirred(within, signal) {
    return Promise.race([new Promise((resolve) => { this.#waiting.push(resolve); }), pause(within, signal)]);
  }

  // leave signs out inside the chat. One that says so is waited for; one that has never said anything gets a moment.
  async leave(signal) {
    this.post({ externalCommand: 'logout' });
    if (this.inside !== false) await this.stirred(LEAVE_WITHIN, signal);
    this.inside &&= false;
  }
}

// SignInFrame is the gateway's page in a frame of this page: signing in, and what is in its way, are its business.
class SignInFrame {
  #options;
  #element;
  #takeAway; // what the page wants done when the element goes
  #answered; // takes a login that the frame hands over

  constructor(options, closed, onConnected) {
    this.#options = options;
    hear(() => this.#element?.contentWindow, options.gateway, closed, (message) => {
      if (message.chat !== options.chat) return;
      if (message.type === 'chatgate:connected') onConnected();
      if (message.type === 'chatgate:token') this.#answered?.(message);
    });
  }

  show() {
    const { gateway, chat, ownOrigin, signIn, signInTitle } = this.#options;
    this.hide();
    this.#element = document.createElement('iframe');
    this.#element.title = signInTitle;
    this.#element.src = `${gateway}/${chat}/frame?embedder=${encodeURIComponent(ownOrigin)}`;
    Object.assign(this.#element.style, { border: '0', width: '100%', height: '100%' });
    if (typeof signIn === 'function') this.#takeAway = signIn(this.#element);
    else signIn.append(this.#element);
  }

  hide() {
    this.#element?.remove();
    if (typeof this.#takeAway === 'function') this.#takeAway();
    this.#element = this.#takeAway = this.#answered = undefined;
  }

  async handOver(signal) {
    const { gateway, chat } = this.#options;
    const answer = new Promise((resolve) => { this.#answered = resolve; });
    this.#element.contentWindow.postMessage({ type: 'chatgate:token', chat }, gateway);
    const login = loginIn(await Promise.race([answer, pause(ANSWER_WITHIN, signal)]));
    if (login === undefined) throw new Failure('sign_in_unanswered');
    return login;
  }
}

// Budget lets so many things happen within so many ms.
class Budget {
  #calls;
  #within;
  #taken = [];

  constructor({ calls, within }) {
    this.#calls = calls;
    this.#within = within;
  }

  take() {
    const now = Date.now();
    this.#taken = this.#taken.filter((at) => now - at < this.#within);
    if (this.#taken.length >= this.#calls) return false;
    this.#taken.push(now);
    return true;
  }
}

// askForLogin is one call of the gateway's token API: a login, or undefined for somebody who has to sign in. It has no
// header and no body, so that browsers send it without asking first.
async function askForLogin({ gateway, chat }, signal) {
  const call = new AbortController();
  const late = setTimeout(() => call.abort(), CALL_WITHIN);
  const stop = () => call.abort();
  signal.addEventListener('abort', stop);
  try {
    return await answerOf(await fetch(`${gateway}/${chat}/token`, { method: 'POST', credentials: 'include', signal: call.signal }));
  } catch (error) {
    // A page that is not listed cannot read the refusal: to a script it looks like a network that is down.
    throw error instanceof Failure ? error : new Failure('unreachable', { passing: true });
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', stop);
  }
}

async function answerOf(response) {
  const body = await response.json().catch(() => undefined);
  if (response.status === 401) return undefined;
  if (!response.ok) {
    const after = Number(response.headers.get('Retry-After')) * 1000 || undefined;
    throw new Failure(typeof body?.code === 'string' ? body.code : `http_${response.status}`, {
      reference: typeof body?.request_id === 'string' ? body.request_id : undefined, passing: response.status === 429 || response.status >= 500, after,
    });
  }
  const login = loginIn(body);
  if (login === undefined) throw new Failure('answer_not_understood');
  return login;
}

// loginIn takes a login out of what came from outside.
function loginIn(value) {
  const { loginToken, userId } = value ?? {};
  return [loginToken, userId].every((part) => typeof part === 'string' && part !== '') ? { loginToken, userId } : undefined;
}

// hear calls handler with the objects that one window at one origin sends, and with nobody else's.
function hear(sender, origin, closed, handler) {
  window.addEventListener('message', ({ data, source, origin: from }) => {
    if (source !== null && source === sender() && from === origin && typeof data === 'object' && data !== null) handler(data);
  }, { signal: closed });
}

// pause ends after so many ms, or fails once its course has ended.
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = ms === Infinity ? undefined : setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

export { connectRocketChat, signOut };
