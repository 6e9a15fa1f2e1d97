// renderTalk: the comments of Coral or Talk in the page.

import { Course } from './course.js';
import { Embed } from './embeds.js';
import { Failure, Gateway, chatNamed, originOf } from './gateway.js';
import { Mark } from './marks.js';
import { SignInFrame, signOut } from './signin.js';
import { good, tokenIn } from './tokens.js';

const RENEW_AGAIN = 60_000; // ms, when the gateway could not be asked
const ECHO_WITHIN = 3_000; // ms, for the comments to say that we have signed out

// renderTalk shows the comments in an element, and keeps them signed in as the person at the gateway. It throws a
// TypeError when it is called wrongly; whatever goes wrong later is a state.
function renderTalk(element, options) {
  const comments = new Comments(talkOptions(element, options));
  return {
    get state() { return comments.state; },
    signIn: () => comments.signIn(),
    signOut: (how) => comments.signOut(how),
    refresh: () => comments.refresh(),
    close: () => comments.close(),
  };
}

function talkOptions(element, {
  gateway, chat = 'talk', signedIn = false, signIn = before(element), signInTitle = 'Sign in', onState = () => {}, signal, coral, talk,
} = {}) {
  if (typeof element?.replaceChildren !== 'function') throw new TypeError('element: must be the element for the comments');
  if (typeof signIn !== 'function' && typeof signIn?.append !== 'function') {
    throw new TypeError('signIn: must be an element, or a function that takes the sign-in frame');
  }
  if ((coral === undefined) === (talk === undefined)) throw new TypeError('coral, talk: one of the two must be given');
  const product = coral ? 'coral' : 'talk';
  const { rootURL, ...others } = coral ?? talk;
  originOf(rootURL, `${product}.rootURL`);
  return {
    element, product, signedIn, signIn, signInTitle, onState, signal,
    comments: { ...others, rootURL: rootURL.replace(/\/+$/, '') },
    renewByLogin: product === 'talk' || coral.renewByLogin === true,
    gateway: originOf(gateway, 'gateway'),
    chat: chatNamed(chat),
    ownOrigin: originOf(window.location.origin, "page's origin"),
  };
}

// before is where the sign-in frame goes when the page does not say. Whoever pressed goes on there.
function before(element) {
  return (frame) => {
    frame.style.height = '18rem';
    element.before(frame);
    frame.focus();
    frame.scrollIntoView({ block: 'nearest' });
  };
}

// Comments decides what happens next.
class Comments {
  #options;
  #course;
  #gateway;
  #frame;
  #embed;
  #out; // somebody has signed out here, and is signed in again by a press only
  #nobody; // the gateway has been asked in this tab, and nobody was signed in (D18)
  #inside = false; // whether somebody is signed in to the comments
  #given; // the token that the comments have from us
  #newest; // the last that we have got
  #person; // whose token was the last that the comments had from us, while nobody has come in by their own login
  #waiting = []; // where the comments wait for a token
  #timer;
  #leftAt; // when we signed out of the comments last

  constructor(options) {
    this.#options = options;
    this.#course = new Course(options, (failure) => this.#fail(failure));
    const { ended } = this.#course;
    this.#gateway = new Gateway(options, tokenIn);
    this.#out = new Mark(() => window.localStorage, 'out', options);
    this.#nobody = new Mark(() => window.sessionStorage, 'nobody', options);
    this.#frame = new SignInFrame(options, ended, tokenIn, () => this.#course.run((signal) => this.#signedIn(signal)));
    this.#embed = new Embed(options, ended, {
      wanted: () => this.#wanted(), entered: () => this.#entered(), left: () => this.#left(), refill: (next) => this.#refill(next),
    });
    this.#listen(ended);
    this.#gateway.mayAct();
    this.#start();
  }

  get state() {
    return this.#course.state;
  }

  // signIn is a press.
  signIn() {
    if (this.#inside || this.state.name === 'sign-in-needed') return;
    this.#out.clear();
    this.#nobody.clear();
    this.#course.run(async (signal) => {
      this.#enter({ name: 'checking' });
      const token = await this.#gateway.ask('POST', signal);
      if (token === undefined) this.#frame.show();
      else this.#take(token);
      await this.#enterWhenShown();
    });
  }

  // signOut leaves the comments alone when everything is to end: the gateway asks first, and sees to their tokens then.
  signOut({ local = false } = {}) {
    this.#course.run(() => {
      if (local) {
        this.#out.make();
        this.#forget();
        this.#enter({ name: 'signed-out' });
      } else {
        this.#enter({ name: 'signing-out' });
        signOut(this.#options);
      }
    });
  }

  refresh() {
    this.#course.run((signal) => this.#connect(signal));
  }

  close() {
    this.#course.end();
  }

  #enter(state) {
    this.#course.enter(state);
  }

  // enterWhenShown is the end of a course. Whoever is in, comments that do not show are a failure.
  async #enterWhenShown() {
    const name = this.#frame.shown ? 'sign-in-needed' : this.#inside ? 'connected' : 'signed-out';
    this.#enter({ name });
    await this.#embed.open();
  }

  #start() {
    const alone = !this.#options.signedIn && this.#nobody.made;
    this.#course.run((signal) => (alone ? this.#enterWhenShown() : this.#connect(signal)));
  }

  // connect shows the comments at once and asks the gateway meanwhile. Once we have signed out, a GET could answer the very
  // token that has been revoked (D18).
  async #connect(signal) {
    const shown = this.#embed.open();
    shown.catch(() => {}); // enterWhenShown tells
    if (this.#out.made) {
      this.#forget();
    } else {
      this.#enter({ name: 'checking' });
      this.#settle(await this.#gateway.ask(this.#leftAt === undefined ? 'GET' : 'POST', signal));
    }
    await this.#enterWhenShown();
  }

  // settle does what the gateway's answer calls for. Nobody is sent away who is in by the comments' own login. Nor is
  // somebody whose token came from the frame, because no cookie reaches this page: that nobody is signed in is what the
  // gateway says to it in any case. The frame is shown again when the comments cannot go on.
  #settle(token) {
    if (token !== undefined) {
      this.#take(token);
      return;
    }
    if (this.#given?.handed && !this.#options.renewByLogin && !this.#out.made) {
      if (this.#waiting.length > 0) this.#frame.show();
      return;
    }
    this.#nobody.make();
    if (this.#given !== undefined || this.#waiting.length > 0) this.#forget();
    this.#frame.hide();
  }

  #take(token) {
    this.#nobody.clear();
    this.#frame.hide();
    this.#newest = token;
    this.#give();
    this.#inside = true;
    this.#renewIn(token.renew - Date.now());
  }

  // give is careful with what somebody has written and not sent. Another person's comments begin anew: what is sent again
  // after a refusal, now or later, and what stands in a box, is the former one's, and would go out under the other's name.
  // For the same person, comments that fetch the next token themselves keep theirs until they do: a login draws them anew,
  // and a comment that somebody is writing may be lost.
  #give() {
    const waiting = this.#waiting.length > 0;
    if (this.#person !== this.#newest.person && (this.#person !== undefined || waiting)) this.#beginFor();
    else if (waiting) this.#answer();
    else if (this.#given === undefined || (this.#options.renewByLogin && this.#given.text !== this.#newest.text)) this.#logIn();
  }

  #answer() {
    this.#hold();
    for (const next of this.#waiting.splice(0)) next(this.#given.text);
  }

  #logIn() {
    this.#hold();
    this.#embed.login(this.#given.text);
  }

  #beginFor() {
    this.#hold();
    this.#waiting = [];
    this.#leftAt = Date.now();
    this.#embed.beginFor(this.#given.text);
  }

  #hold() {
    this.#given = this.#newest;
    this.#person = this.#given.person;
  }

  // forget signs out of the comments. A token that was refused, or has ended, cannot sign out any more.
  #forget() {
    const refused = this.#waiting.length > 0 || (this.#given !== undefined && !good(this.#given));
    if (refused) {
      this.#embed.beginAnew();
    } else if (this.#inside) {
      this.#leftAt = Date.now();
      this.#embed.logout();
    }
    this.#drop();
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#inside = false;
    this.#given = this.#newest = undefined;
    this.#waiting = [];
    this.#frame.hide();
  }

  #renewIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), ms);
  }

  // renew is for a page in sight: others would keep a session alive that nobody uses.
  #renew() {
    if (document.hidden) return;
    if (!this.#gateway.mayAct()) {
      this.#renewIn(RENEW_AGAIN);
      return;
    }
    this.#course.run(async (signal) => {
      this.#settle(await this.#gateway.ask('POST', signal));
      await this.#enterWhenShown();
    });
  }

  // signedIn follows a sign-in in our frame. Where the browser keeps the frame's cookie from this page, the frame itself
  // hands a token over (B-26).
  async #signedIn(signal) {
    this.#take((await this.#gateway.ask('POST', signal)) ?? { ...(await this.#frame.handOver(signal)), handed: true });
    await this.#enterWhenShown();
  }

  // fail signs nobody out because the gateway cannot be asked just now.
  #fail({ code, reference, passing, denied }) {
    const passes = passing && this.#newest !== undefined;
    if (passes) this.#renewIn(RENEW_AGAIN);
    if (passes && good(this.#newest)) {
      this.#enter({ name: 'connected' });
      return;
    }
    if (denied) this.#forget();
    this.#frame.hide();
    this.#enter({ name: 'failed', code, reference });
  }

  // wanted is a press on something in the comments that needs a sign-in: whatever we gave them, they have not taken it.
  #wanted() {
    this.#inside = false;
    this.#given = undefined;
    this.signIn();
  }

  // entered is told of everybody who comes in, by a token of ours or by the comments' own login.
  #entered() {
    if (this.#inside) return;
    this.#inside = true;
    this.#person = undefined;
    if (this.state.name === 'checking') return;
    this.#frame.hide();
    this.#enter({ name: 'connected' });
    if (!this.#out.made && this.#gateway.mayAct()) this.refresh();
  }

  // left is told of everybody who signs out of the comments, and of us when we do.
  #left() {
    if (!this.#inside || Date.now() - this.#leftAt < ECHO_WITHIN) return;
    this.#out.make();
    this.#course.stop();
    this.#drop();
    this.#enter({ name: 'signed-out' });
  }

  // refill answers comments whose token was refused. While nobody can say what to answer they wait, and what their reader
  // has written waits with them.
  #refill(next) {
    this.#waiting.push(next);
    if (this.#newest !== this.#given && good(this.#newest)) {
      this.#answer();
      return;
    }
    if (this.state.name === 'sign-in-needed') return;
    this.#course.run(async (signal) => {
      if (!this.#gateway.mayAct()) throw new Failure('too_many_attempts');
      this.#settle(this.#out.made ? undefined : await this.#gateway.ask('POST', signal));
      await this.#enterWhenShown();
    });
  }

  // listen hears what happens to the page: another tab's sign-out, sleep, and a way back through the history.
  #listen(ended) {
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: ended });
    ended.addEventListener('abort', () => clearTimeout(this.#timer));
    on(window, 'storage', ({ key, newValue }) => {
      if (key === this.#out.key && newValue !== null && this.state.name !== 'sign-in-needed') this.#leaveWithTheOthers();
    });
    on(window, 'pageshow', ({ persisted }) => {
      if (persisted && this.#gateway.mayAct()) this.#start();
    });
    for (const [target, name] of [[document, 'visibilitychange'], [window, 'online']]) on(target, name, () => this.#wake());
    on(document, 'click', ({ target }) => {
      if (target.closest?.(`a[href^="${this.#options.gateway}/"]`)) this.#nobody.clear(); // a way to sign in
    });
  }

  #leaveWithTheOthers() {
    this.#course.stop();
    this.#forget();
    this.#enter({ name: 'signed-out' });
  }

  #wake() {
    if (this.#newest !== undefined && Date.now() >= this.#newest.renew) this.#renew();
  }
}

export { renderTalk };
