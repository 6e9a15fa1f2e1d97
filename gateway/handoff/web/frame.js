// The page inside a chat's frame. Signed out it holds a hand-off ready, so that a press is a plain submit, which no
// browser stops, and asks for the outcome. Nothing here navigates, or needs cookies or storage (B-07, B-12). Times are ms.

const FETCH_WITHIN = 25_000;
const HINT_AFTER = 10_000; // the window may be out of sight, or blocked
const FRESH = 30_000; // what a hand-off needs for a press
const MOST_TRIES = 2; // logins for a press, or a load

// pollAfter is the pause before the next look.
export const pollAfter = (away) => (away < 30_000 ? 1_000 : away < 120_000 ? 2_000 : 5_000);

// backOff is the pause after so many useless answers, or the server's Retry-After in seconds.
export const backOff = (misses, retryAfter) => Math.max(Math.min(1_000 * 2 ** misses, 60_000), retryAfter * 1_000 || 0);

const page = globalThis.document?.querySelector('[data-frame]'); // none in a test of the above
const { chat, parent, embedder, signedIn } = page?.dataset ?? {};
const find = (selector) => page.querySelector(selector);
const key = `chatgate.${chat}.${parent}`; // a page and the chat in it may both have one
const inKey = `${key}.in`;

let handoff; // {id, secret, ends, mode}; no mode before a press
let began; // when it was pressed
let timer; // until the next question
let hinting;
let resting = false; // no look meanwhile
let misses = 0;
let tries = 0;
let pressed = false; // until then the focus stays with the chat
let again; // what Try again does

// show makes the parts of a state and of its group visible.
function show(state, group) {
  for (const part of page.querySelectorAll('[data-show]')) {
    const names = part.dataset.show.split(' ');
    part.hidden = !names.includes(state) && !names.includes(group);
  }
  find('[data-chatgate="login"]').classList.toggle('second', ['continue', 'refused'].includes(group));
  page.dataset.state = state;
  again = undefined;
  clearTimeout(hinting);
}

// fail tells a problem once, in this page's words if it has any.
function fail({ code, detail, request_id: reference }, group, retry) {
  if (page.dataset.state === code) return;
  const own = find(`[role="alert"] [data-show="${code}"]`);
  show(own ? code : detail ? 'detail' : 'failure', group);
  page.dataset.state = code;
  again = retry;
  find('[data-show="detail"]').textContent = detail;
  find('code').textContent = reference;
  find('code').parentElement.hidden = !reference;
  if (pressed) find('[role="alert"]').focus();
}

// Storage that is switched off throws.
function stored(act) {
  try {
    return act(window.sessionStorage);
  } catch {
    return undefined;
  }
}

async function ask(route, body) {
  try {
    const response = await fetch(`/${chat}/${route}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(FETCH_WITHIN),
    });
    return { status: response.status, retryAfter: response.headers.get('Retry-After'), answer: await response.json() };
  } catch {
    return { status: 0, answer: { code: 'offline' } };
  }
}

function later(act, ms) {
  clearTimeout(timer);
  timer = setTimeout(act, ms);
}

// ready offers to sign in; whoever was in before and signed out may choose the account.
function ready() {
  show('ready');
  prepare(signedIn !== undefined || stored((s) => s.getItem(inKey)));
}

// prepare gets the form a hand-off, and another when that grows old.
async function prepare(another) {
  if (another !== undefined) find('[name="prompt"]').disabled = !another;
  if (document.hidden || handoff?.mode || handoff?.ends - Date.now() > FRESH) return;
  const top = Array.from(window.location.ancestorOrigins ?? []).slice(1).at(-1) ?? ''; // Firefox does not tell
  const { status, retryAfter, answer } = await ask('handoff', { embedder: embedder === undefined ? '' : parent, top });
  if (handoff?.mode) return;
  if (status === 200) {
    misses = 0;
    use({ ...answer, ends: Date.now() + answer.expiresIn * 1_000 });
    later(prepare, answer.expiresIn * 1_000 - FRESH);
    if (again === ready) ready();
  } else {
    if (!handoff && ['ready', 'expired'].includes(page.dataset.state)) fail(answer, 'failed', ready);
    later(prepare, backOff(misses++, retryAfter));
  }
}

function use(made) {
  handoff = made;
  find('[name="handoff"]').value = made.id;
  find('form').classList.remove('unready');
}

function drop() {
  clearTimeout(timer);
  handoff = undefined;
  find('form').classList.add('unready');
  stored((s) => s.removeItem(key));
}

// wait follows a press. One for this window shows nothing until the page is back.
function wait() {
  if (handoff.mode === 'top') {
    clearTimeout(timer);
    resting = false;
    show('leaving');
    return;
  }
  show('waiting');
  began = Date.now();
  hinting = setTimeout(() => show('waiting', 'hint'), HINT_AFTER);
  if (!resting) later(look, pollAfter(0));
}

// look redeems the hand-off, or learns how it stands.
async function look() {
  if (resting) return;
  resting = true;
  const { status, retryAfter, answer } = await ask('handoff/redeem', { id: handoff.id, secret: handoff.secret });
  resting = false;
  if (!handoff) return;
  if (status === 202) {
    pending(answer.failed);
  } else if (status === 200) {
    drop();
    deliver(answer);
  } else if (status === 403) {
    drop();
    refuse(answer);
  } else if (status === 410) {
    drop();
    show('expired');
    prepare();
  } else {
    resting = true;
    later(lookAgain, backOff(misses++, retryAfter));
    if (misses > 1 || status !== 0) fail(answer, 'failed', lookNow);
  }
}

function lookAgain() {
  resting = false;
  look();
}

function lookNow() {
  show('finishing');
  lookAgain();
}

// pending goes on waiting, unless the person is back here without a sign-in.
function pending(failed) {
  const back = handoff.mode === 'top';
  misses = 0;
  if (back) handoff.mode = '';
  if (failed) fail({ code: failed }, 'denied');
  else if (back) ready();
  else if (page.dataset.state !== 'waiting') wait();
  if (!back) later(look, pollAfter(Date.now() - began));
}

// deliver gives a login to the connector's script. A chat that takes it ends this page.
function deliver(detail) {
  tries += 1;
  show('finishing');
  stored((s) => s.setItem(inKey, '1'));
  page.dispatchEvent(new CustomEvent('chatgate:deliver', { detail }));
}

function notTaken() {
  stored((s) => s.removeItem(inKey));
  if (tries < MOST_TRIES) resume(false);
  else refuse({ code: 'login_refused' });
}

// resume asks for the session's login, which confirm says is wanted.
async function resume(confirm) {
  show('checking');
  const { status, answer } = await ask('resume', confirm ? { confirm } : {});
  if (status === 200) {
    deliver(answer);
  } else if (tries > 0 && ['session_required', 'just_given'].includes(answer.code)) {
    refuse({ ...answer, code: 'login_refused' });
  } else if (answer.code === 'session_required') {
    ready();
  } else if (find(`[role="status"] [data-show~="${answer.code}"]`)) {
    show(answer.code, answer.code === 'signed_out_everywhere' ? 'out' : 'continue');
    prepare(true);
  } else if (status === 403) {
    refuse(answer);
  } else {
    fail(answer, 'failed', () => resume(confirm));
  }
}

// refuse lets whom the chat keeps out try again, or as somebody else.
function refuse(problem) {
  fail(problem, 'refused', () => resume(true));
  prepare(true);
}

function seen() {
  if (document.hidden) return;
  if (handoff?.mode) look();
  else if (!find('form').hidden) prepare();
}

function press(act) {
  pressed = true;
  tries = 0;
  act();
}

function begin() {
  page.addEventListener('chatgate:refused', notTaken);
  find('form').addEventListener('submit', ({ submitter }) => press(() => {
    handoff.mode = submitter.value;
    stored((s) => s.setItem(key, JSON.stringify(handoff)));
    wait();
  }));
  find('[data-chatgate="continue"]').addEventListener('click', () => press(() => resume(true)));
  find('[data-chatgate="retry"]').addEventListener('click', () => press(again));
  document.addEventListener('visibilitychange', seen);
  window.addEventListener('pageshow', ({ persisted }) => persisted && seen());

  const kept = stored((s) => JSON.parse(s.getItem(key)));
  if (kept?.ends > Date.now()) {
    use(kept);
    wait();
    lookNow();
  } else if (signedIn === undefined) {
    ready();
  } else {
    resume(false);
  }
}

if (page) begin();
