// Where people sign in and out: pages of the gateway, one of them in a frame of this page.

import { Failure, hear, originOf, pause } from './gateway.js';

const ANSWER_WITHIN = 10_000; // ms, for the sign-in page to hand over a login

// SignInFrame is the gateway's page in a frame of this page: signing in, and what is in its way, are its business.
class SignInFrame {
  #options;
  #read;
  #element;
  #takeAway; // what the page wants done when the element goes
  #answered; // takes a login that the frame hands over

  // read takes a login out of what the frame hands over: undefined when none is there.
  constructor(options, closed, read, onConnected) {
    this.#options = options;
    this.#read = read;
    closed.addEventListener('abort', () => this.hide());
    hear(() => this.#element?.contentWindow, options.gateway, closed, (message) => {
      if (message.chat !== options.chat) return;
      if (message.type === 'chatgate:connected') onConnected();
      if (message.type === 'chatgate:token') this.#answered?.(message);
    });
  }

  get shown() {
    return this.#element !== undefined;
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
    const login = this.#read(await Promise.race([answer, pause(ANSWER_WITHIN, signal)]));
    if (login === undefined) throw new Failure('sign_in_unanswered');
    return login;
  }
}

// signOut takes the window to the gateway's page that asks and then ends the session and every chat's login.
function signOut({ gateway }) {
  window.open(`${originOf(gateway, 'gateway')}/logout`, '_top');
}

export { SignInFrame, signOut };
