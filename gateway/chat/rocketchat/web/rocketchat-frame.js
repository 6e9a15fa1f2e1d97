// The page inside Rocket.Chat's login frame. Signed out it waits for a press. Signed in it asks for the session's login
// once and posts it to the parent. It never navigates, reloads or asks in a loop by itself: a second try follows a
// refusal or a silence of the chat, and there is no third.

const ANSWER_WITHIN = 10_000; // ms; a chat that took the login removes this frame long before
const FETCH_WITHIN = 25_000; // ms
const JUST_SIGNED_IN = 5 * 60_000; // ms

const page = document.querySelector('[data-frame]');
const { chat, parent: parentOrigin } = page.dataset;
const startedKey = `chatgate.sign-in.${chat}`;

let waiting; // the timer of a posted login that nobody has answered yet
let tries = 0; // logins posted since the page loaded, or since a press

const text = (name) => page.querySelector(`template[data-text="${name}"]`)?.content.textContent;

// show makes one state visible; its sentence goes into the live region, and into nothing else.
function show(state, sentence) {
  for (const part of page.querySelectorAll('[data-show]')) part.hidden = part.dataset.show !== state;
  page.querySelector('[data-status]').textContent = sentence;
}

// fail tells an error, with the reference by which an operator finds its cause, and takes the focus there.
function fail(problem) {
  const alert = page.querySelector('[data-alert]');
  const reference = page.querySelector('[data-reference]');
  show('failed', '');
  alert.textContent = text(problem.code) ?? problem.detail ?? text('failed');
  reference.hidden = !problem.request_id;
  reference.querySelector('code').textContent = problem.request_id ?? '';
  alert.focus();
}

// Storage may be switched off for this page, and then throws.
function stored(act) {
  try {
    return act(window.sessionStorage);
  } catch {
    return undefined;
  }
}

// ready offers to sign in. Who began to sign in here a moment ago and still has no session sees why that may be.
function ready() {
  const started = Number(stored((s) => s.getItem(startedKey)));
  page.querySelector('[data-cookies]').hidden = !(Date.now() - started < JUST_SIGNED_IN);
  show('ready', text('ready'));
}

// resume asks for the session's login. Confirm says that the person pressed Continue.
async function resume(request) {
  show('waiting', text('checking'));
  let response;
  let answer;
  try {
    response = await fetch(`/${chat}/resume`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(FETCH_WITHIN),
    });
    answer = await response.json();
  } catch {
    fail({ code: 'offline' });
    return;
  }
  if (response.ok) post(answer.loginToken);
  else refused(answer);
}

function refused(problem) {
  switch (problem.code) {
    case 'session_required':
      ready();
      break;
    case 'just_given':
      if (tries > 0) fail({ ...problem, code: 'login_refused' });
      else show('continue', text(problem.code));
      break;
    case 'signed_out_of_chat':
    case 'token_unverified':
    case 'held':
      show('continue', text(problem.code));
      break;
    default:
      fail(problem);
  }
}

// post gives the login to the parent, to be read by one origin only. A chat that takes it removes this page.
function post(loginToken) {
  tries += 1;
  show('waiting', text('finishing'));
  window.parent.postMessage({ event: 'login-with-token', loginToken }, parentOrigin);
  waiting = setTimeout(notTaken, ANSWER_WITHIN);
}

function notTaken() {
  clearTimeout(waiting);
  waiting = undefined;
  if (tries < 2) resume({});
  else fail({ code: 'login_refused' });
}

window.addEventListener('message', ({ data, source, origin }) => {
  if (source !== window.parent || origin !== parentOrigin || data?.event !== 'login-error') return;
  if (waiting !== undefined) notTaken();
});

page.querySelector('[data-chatgate="continue"]').addEventListener('click', () => {
  tries = 0;
  resume({ confirm: true });
});

for (const link of page.querySelectorAll('a[target="_top"]')) {
  link.addEventListener('click', () => stored((s) => s.setItem(startedKey, String(Date.now()))));
}

if (page.dataset.signedIn === undefined) {
  ready();
} else {
  stored((s) => s.removeItem(startedKey));
  resume({});
}
