// connectRocketChat: a Rocket.Chat that the page shows in an iframe.

import { Course } from './course.js';
import { Failure, Gateway, chatNamed, hear, originOf, pause } from './gateway.js';
import { SignInFrame, signOut } from './signin.js';

const LEAVE_WITHIN = 3_000; // ms, for the chat to say that it is signed out
const POST_GAPS = [1_000, 2_000, 4_000, 8_000]; // ms after each time the chat is given a login

// What Rocket.Chat's events say of whether somebody is in. It has not sent "startup" since 7.9: nothing waits for that.
const WORDS = new Map([['Custom_Script_Logged_In', 'in'], ['room-opened', 'in'], ['Custom_Script_Logged_Out', 'out']]);

// connectRocketChat keeps a Rocket.Chat that the page shows in an iframe signed in as the person at the gateway. It
// throws a TypeError when it is called wrongly; whatever goes wrong later is a state.
function connectRocketChat(iframe, options) {
  const connection = new Connection(chatOptions(iframe, options));
  return {
    get state() { return connection.state; },
    refresh: () => connection.refresh(),
    signOut: (how) => connection.signOut(how),
    close: () => connection.close(),
  };
}

function chatOptions(iframe, { gateway, chat = 'rocketchat', signIn, signInTitle = 'Sign in', onState = () => {}, signal } = {}) {
  if (typeof signIn !== 'function' && typeof signIn?.append !== 'function') {
    throw new TypeError('signIn: must be an element, or a function that takes the sign-in frame');
  }
  return {
    iframe, signIn, signInTitle, onState, signal,
    gateway: originOf(gateway, 'gateway'),
    chat: chatNamed(chat),
    chatOrigin: originOf(iframe.src, "iframe's src"),
    ownOrigin: originOf(window.location.origin, "page's origin"),
  };
}

// Connection decides what happens next.
class Connection {
  #options;
  #course;
  #gateway;
  #chat;
  #frame;
  #given; // the last login that the chat was given

  constructor(options) {
    this.#options = options;
    this.#course = new Course(options, (failure) => this.#fail(failure));
    this.#gateway = new Gateway(options, loginIn);
    const { ended } = this.#course;
    this.#chat = new Chat(options, ended, (word, before) => this.#heard(word, before));
    this.#frame = new SignInFrame(options, ended, loginIn, () => this.#course.run((signal) => this.#signedIn(signal)));
    this.#gateway.mayAct();
    this.refresh();
  }

  get state() {
    return this.#course.state;
  }

  refresh() {
    this.#course.run((signal) => this.#connect(signal));
  }

  signOut({ local = false } = {}) {
    this.#course.run(async (signal) => {
      this.#enter({ name: 'signing-out' });
      await this.#chat.leave(signal);
      if (local) this.#needSignIn();
      else signOut(this.#options);
    });
  }

  close() {
    this.#course.end();
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

  #enter(state) {
    this.#course.enter(state);
  }

  async #connect(signal) {
    this.#enter({ name: 'checking' });
    const login = await this.#gateway.ask('POST', signal);
    if (login !== undefined) await this.#logIn(login, signal);
    else if (this.#chat.inside) this.#stayIn();
    else this.#needSignIn();
  }

  // signedIn follows a sign-in in our frame. Where the browser keeps the frame's cookie from this page, the frame itself
  // hands the login over (B-12, B-26).
  async #signedIn(signal) {
    const login = (await this.#gateway.ask('POST', signal)) ?? (await this.#frame.handOver(signal));
    this.#frame.hide();
    await this.#logIn(login, signal);
  }

  // renew follows a sign-out in the chat. The gateway may not know of it yet and answer with the very login that has
  // ended; the chat would refuse that, whereas the frame finds out and offers what is left to do (R12).
  async #renew(wasInside, signal) {
    if (!this.#gateway.mayAct()) throw new Failure('too_many_attempts');
    this.#enter({ name: 'checking' });
    const login = await this.#gateway.ask('POST', signal);
    const ended = wasInside && (this.#given?.loginToken ?? login?.loginToken) === login?.loginToken;
    if (login === undefined || ended) this.#needSignIn();
    else await this.#logIn(login, signal);
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
    this.#course.stop();
    this.#frame.hide();
    this.#given = undefined;
    this.#enter({ name: 'connected', confirmed: true });
  }

  // heard is told "in" or "out" by the chat, and whether somebody was in before.
  #heard(word, wasInside) {
    const { name } = this.state;
    if (word === 'out' && name === 'connected') this.#course.run((signal) => this.#renew(wasInside, signal));
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

// loginIn takes a login out of what came from outside.
function loginIn(value) {
  const { loginToken, userId } = value ?? {};
  return [loginToken, userId].every((part) => typeof part === 'string' && part !== '') ? { loginToken, userId } : undefined;
}

export { connectRocketChat };
