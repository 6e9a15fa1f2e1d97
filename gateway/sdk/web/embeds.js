// The comments of Coral 5 to 9 and of Talk 4: their scripts, and what both can do.

import { Failure } from './gateway.js';

// What each product's script brings, and how the comments begin. told has what they may say: that somebody wants to sign
// in, has come in or has left, and that a token was refused, for which refill is to find another. drafts is what the names
// begin with under which both keep, in the page's session storage, what has not been sent, and from which they fill the
// boxes of whoever comes next. Coral drops all of them itself at a sign-out that succeeds.
const PRODUCTS = {
  coral: {
    script: '/assets/js/embed.js', drafts: 'coral:',
    present: () => window.Coral?.createStreamEmbed !== undefined, open: openCoral,
  },
  talk: {
    script: '/static/embed.js', drafts: 'talkPymStorage:DraftArea',
    present: () => window.Coral?.Talk !== undefined, open: openTalk,
  },
};

// Coral asks for another token from 6.3.7 on. It says signedIn of its own login only, not of a token that it is given.
function openCoral(place, { renewByLogin, events, ...options }, token, told) {
  return window.Coral.createStreamEmbed({
    autoRender: true,
    ...options,
    id: place.id,
    accessToken: token,
    refreshAccessToken: renewByLogin ? undefined : told.refill,
    events: (emitter) => {
      emitter.on('loginPrompt', told.wanted);
      emitter.on('signedIn', told.entered);
      emitter.on('signOut.success', told.left);
      events?.(emitter);
    },
  });
}

// Talk loses what is said to its frame before that has spoken for the first time.
function openTalk(place, { rootURL, events, onAuthChanged, ...options }, token, told) {
  let orders = []; // those that wait
  const order = (act) => (orders === undefined ? act() : orders.push(act));
  const comments = window.Coral.Talk.render(place, {
    ...options,
    talk: rootURL,
    auth_token: token,
    events: (emitter) => {
      emitter.onAny(() => {
        for (const act of orders?.splice(0) ?? []) act();
        orders = undefined;
      });
      emitter.on('action.SHOW_SIGNIN_DIALOG', told.wanted);
      events?.(emitter);
    },
    onAuthChanged: (user) => {
      if (user) told.entered();
      else told.left();
      onAuthChanged?.(user);
    },
  });
  return {
    login: (text) => order(() => comments.login(text)),
    logout: () => order(() => comments.logout()),
    remove: () => comments.remove(),
  };
}

// Embed is the comments in an element of the page's. They show as soon as their script is there, whoever is signed in.
class Embed {
  #element;
  #options;
  #product;
  #closed;
  #told;
  #place; // the comments are in an element of their own, so that they can begin anew
  #comments;
  #token; // what the comments are to have

  constructor({ element, product, comments }, closed, told) {
    this.#element = element;
    this.#product = PRODUCTS[product];
    this.#options = comments;
    this.#closed = closed;
    this.#told = (place) => Object.fromEntries(Object.entries(told).map(([name, handler]) => [name, (value) => {
      if (place === this.#place && !closed.aborted) handler(value);
    }]));
  }

  // open shows the comments, once. A page may have closed them while their script was on its way.
  async open() {
    if (!this.#product.present()) await loaded(this.#options.rootURL + this.#product.script);
    if (this.#closed.aborted) return;
    if (!this.#product.present()) throw new Failure('embed_unavailable');
    if (this.#comments === undefined) this.#begin();
  }

  #begin() {
    this.#place = document.createElement('div');
    this.#place.id = `chatgate-${Math.random().toString(36).slice(2)}`;
    this.#element.replaceChildren(this.#place);
    this.#comments = this.#product.open(this.#place, this.#options, this.#token, this.#told(this.#place));
  }

  login(token) {
    this.#token = token;
    this.#comments?.login(token);
  }

  // logout has the comments revoke their token, for which that has to be good still.
  logout() {
    this.#token = undefined;
    this.#comments?.logout();
  }

  // beginAnew is for comments whose token is not good any more, with which they cannot sign out.
  beginAnew() {
    this.#token = undefined;
    if (this.#comments === undefined) return;
    this.#remove();
    this.#begin();
  }

  // beginFor is for another person's token. The comments sign out first, and are not waited for: where their token is dead
  // they cannot. They are not given the new token, which would go when their sign-out ends, and nothing that they say counts
  // any more. What the former person had not sent goes in any case.
  beginFor(token) {
    this.#token = token;
    if (this.#comments !== undefined) {
      this.#place = undefined;
      attempt(() => this.#comments.logout());
      this.#remove();
    }
    attempt(() => forgetDrafts(window.sessionStorage, this.#product.drafts));
    if (this.#comments !== undefined) this.#begin();
  }

  // remove fails for comments that have never been in sight; their place goes all the same.
  #remove() {
    attempt(() => this.#comments.remove());
  }
}

// attempt is for what may fail with nothing lost.
function attempt(act) {
  try {
    act();
  } catch {
    // What comes next does without.
  }
}

function forgetDrafts(storage, prefix) {
  const names = Array.from({ length: storage.length }, (_, i) => storage.key(i));
  for (const name of names) if (name.startsWith(prefix)) storage.removeItem(name);
}

const scripts = new Map(); // those that have been put into the page, by their addresses

// loaded puts a script into the page, unless it is there.
function loaded(address) {
  if (!scripts.has(address)) {
    scripts.set(address, new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement('script'), { src: address, async: true });
      script.addEventListener('load', resolve);
      script.addEventListener('error', () => {
        scripts.delete(address);
        script.remove();
        reject(new Failure('embed_unavailable'));
      });
      document.head.append(script);
    }));
  }
  return scripts.get(address);
}

export { Embed };
