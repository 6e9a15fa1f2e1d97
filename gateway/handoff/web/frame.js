// The page inside a chat's frame. Signed out it prepares a hand-off, so that a press submits the form by itself and
// nothing stops the new window; then it asks the server until the sign-in there is finished. Signed in it asks for the
// session's login. Either way the script beside this one, which knows the chat, gives the login to the parent:
//
//   chatgate:deliver                    the login, in detail
//   chatgate:taken, chatgate:refused    what became of it, where the parent says
//
// It never navigates, reloads or signs anybody in by itself, and needs neither cookies nor storage (B-07, B-12).

const FETCH_WITHIN = 25_000; // ms
const HINT_AFTER = 10_000; // ms without a sign-in, when the window may be out of sight or blocked
const RENEW_BEFORE = 30_000; // ms; a press so near to the end of a hand-off could come too late
const MOST_TRIES = 2; // logins delivered for one press, or one load

// pollAfter is how long to wait before asking again, when the person has been away for so many ms.
export const pollAfter = (waited) => (waited < 30_000 ? 1_000 : waited < 120_000 ? 2_000 : 5_000);

// backOff is the wait after so many answers in a row that were none.
export const backOff = (misses) => Math.min(1_000 * 2 ** misses, 60_000);

// retryAfter reads the header of that name, seconds or a date (RFC 9110, Section 10.2.3), as ms from now.
export function retryAfter(header, now) {
  const ms = /^\d+$/.test(header ?? '') ? header * 1_000 : Date.parse(header) - now;
  return Math.max(ms || 0, 0);
}

// without a document there is nothing but the above, for tests.
const page = globalThis.document?.querySelector('[data-frame]');
const { chat, parent, embedder, signedIn } = page?.dataset ?? {};
const find = (selector) => page.querySelector(selector);

let handoff; // {id, secret, ends, mode}; the mode is that of the last press, none before
let began; // when the person was last sent to sign in
let timer; // of the next thing to ask the server
let notBefore = 0; // when the server wants to be asked again
let misses = 0; // answers in a row that were none
let hinting;
let asking = false;
let tries = 0;
let pressed = false; // the focus is the chat's until then
let told; // the failure that shows
let act; // what the first button does

const text = (name) => find('template').content.getElementById(name)?.textContent;

// show makes one state visible. Its sentence goes into the live region; a failure has a place of its own.
function show(state, sentence = text(state)) {
  page.dataset.state = state;
  for (const part of page.querySelectorAll('[data-show]')) part.hidden = !part.dataset.show.split(' ').includes(state);
  find('[data-status]').textContent = state === 'failed' ? '' : sentence;
  find('[data-hint]').textContent = '';
  if (state !== 'failed') told = undefined;
  clearTimeout(hinting);
}

// first gives the button above the form, which stands for an act of this page, its word and its work.
function first(hook, word, work) {
  const button = find('[data-act]');
  button.dataset.chatgate = hook;
  button.textContent = text(word);
  act = work;
}

// offer makes the form ready to be pressed, with this word on it. Another says that the provider shall ask for the account.
function offer(word, another = word === 'another') {
  const login = find('[data-chatgate="login"]');
  login.textContent = text(word);
  login.classList.toggle('second', !find('[data-act]').parentElement.hidden);
  find('[name="prompt"]').disabled = !another;
  return handoff ? undefined : renew();
}

// Storage may be switched off for this page, and then throws.
function stored(work) {
  try {
    return work(window.sessionStorage, `chatgate.${chat}`);
  } catch {
    return undefined;
  }
}

async function ask(route, body) {
  try {
    const response = await fetch(`/${chat}/${route}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(FETCH_WITHIN),
    });
    const wait = retryAfter(response.headers.get('Retry-After'), Date.now());
    return { status: response.status, wait, answer: await response.json() };
  } catch {
    return { status: 0, wait: 0, answer: { code: 'offline' } };
  }
}

function later(work, ms) {
  clearTimeout(timer);
  timer = setTimeout(work, ms);
}

// renew gets a hand-off. Top is the page in the address bar, where a sign-in in the same window returns to.
async function renew() {
  const ancestors = window.location.ancestorOrigins ?? [];
  const top = ancestors[ancestors.length - 1] ?? '';
  const { status, wait, answer } = await ask('handoff', {
    embedder: embedder === undefined ? '' : parent, top: top === ancestors[0] ? '' : top,
  });
  if (handoff?.mode) return;
  if (status === 200) {
    misses = 0;
    use({ ...answer, ends: Date.now() + answer.expiresIn * 1_000 });
    later(seen, answer.expiresIn * 1_000 - RENEW_BEFORE);
    if (told && act === begin) ready();
  } else if (!handoff) {
    misses += 1;
    if (page.dataset.state === 'ready' || page.dataset.state === 'expired') fail(answer, begin);
    later(renew, Math.max(wait, backOff(misses)));
  }
}

// use puts a hand-off into the form.
function use(made) {
  handoff = made;
  find('[name="handoff"]').value = made.id;
  find('form').classList.remove('unready');
}

// drop forgets a hand-off that has done its work, or cannot do it any more.
function drop() {
  handoff = undefined;
  find('form').classList.add('unready');
  stored((s, key) => s.removeItem(key));
}
