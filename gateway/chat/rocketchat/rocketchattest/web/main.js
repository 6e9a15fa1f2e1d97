// The page's course: checking, then the login frame, the ordinary form, or in. Without storage there is none: broken.

import { eventSender, listenForCommands } from './commands.js';
import { IframeLogin } from './iframe.js';
import { Room } from './room.js';
import { Refused, alive, forget, login, logout, storedToken } from './session.js';

const frame = document.querySelector('main.frame');

function show(state) {
  document.body.dataset.state = state;
  if (state !== 'frame') frame.replaceChildren();
}

// count keeps numbers of this page's life where tests can read them: data-api-calls, data-frame-loads.
function count(name) {
  document.body.dataset[name] = Number(document.body.dataset[name]) + 1;
}

try {
  storedToken();
} catch (error) {
  show('broken'); // a frame of another site while the browser blocks its storage: the real client fails here, too
  document.querySelector('.broken code').textContent = error.message;
  throw error;
}

const settings = await (await fetch('/web/settings.json')).json();
const tell = eventSender(settings.events);
const room = new Room(document.querySelector('.in'), tell);

let current = ''; // the token this page is signed in with

async function resume(token) {
  enter(await login({ resume: token }));
}

function enter(me) {
  const entered = storedToken() !== current;
  current = storedToken();
  show('in');
  if (entered) tell('Custom_Script_Logged_In');
  room.enter(me);
}

// leave is every way out: logout here or in another tab, a token destroyed on the server. The API is called at once.
function leave() {
  current = '';
  room.leave();
  tell('Custom_Script_Logged_Out');
  start();
}

// signOut leaves once: until then nobody is who the page is signed in as, so that watch does not leave as well.
async function signOut() {
  current = '';
  await logout();
  leave();
}

// start looks for somebody to be: nobody is signed in here.
function start() {
  if (!settings.iframe.enabled) {
    show('form');
    return;
  }
  show('checking');
  iframe.call(settings.iframe.callsSignedOut);
}

const iframe = new IframeLogin(settings.iframe, {
  resume,
  asked: () => count('apiCalls'),

  // Tokens written straight into the database are not modelled: there are none, so every one is refused.
  iframeToken: (token) => login({ iframe: true, token }).then(enter),

  // A stored token means signed in, or about to be. A second refusal leaves the frame alone: it is the same address.
  showFrame(url, { evenSignedIn = false } = {}) {
    if (storedToken() && !evenSignedIn) return;
    if (!frame.firstChild) frame.append(loginFrame(url));
    show('frame');
  },

  showForm() {
    if (document.body.dataset.state === 'checking') show('form');
  },
});

// loginFrame has a title, an address and a size: no sandbox and no delegated features, as in the real client.
function loginFrame(url) {
  const element = document.createElement('iframe');
  element.title = 'Login';
  element.src = url;
  element.style.height = '100%';
  element.style.width = '100%';
  element.dataset.rc = 'login-frame';
  element.addEventListener('load', () => count('frameLoads'));
  return element;
}

// resumeStored signs in with the token in localStorage. A server out of reach keeps it waiting there.
async function resumeStored() {
  try {
    await resume(storedToken());
  } catch (error) {
    if (!(error instanceof Refused)) return;
    forget();
    leave();
  }
}

// watch stands for the server's push and for Meteor's look at localStorage, which other tabs write to.
async function watch() {
  const stored = storedToken();
  if (stored && stored !== current) {
    await resumeStored();
  } else if (stored !== current) {
    leave();
  } else if (stored && !(await alive()) && stored === current) {
    forget();
    leave();
  }
}

for (const name of document.querySelectorAll('[data-site]')) name.textContent = settings.siteName;
document.title = settings.siteName;
window.addEventListener('popstate', () => room.open(location.pathname + location.search));

document.querySelector('[data-rc="logout"]').addEventListener('click', signOut);
document.querySelector('.form form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const error = form.querySelector('.error');
  error.textContent = '';
  try {
    enter(await login({ user: form.elements.user.value, password: form.elements.password.value }));
    form.reset();
  } catch (reason) {
    error.textContent = reason instanceof Refused ? 'User not found or incorrect password' : 'The server cannot be reached';
  }
});

function go(path) {
  history.pushState({}, '', path);
  room.open(path);
}

listenForCommands(settings.commands, {
  'login-with-token': ({ token }) => resume(token),
  'set-user-status': ({ status }) => room.setStatus(status),
  go: ({ path }) => go(path),
  logout() {
    history.pushState({}, '', '/home');
    return signOut();
  },
});
if (settings.iframe.enabled) iframe.listen();

if (settings.events.startup) tell('startup', true);
if (storedToken()) {
  if (settings.iframe.enabled) iframe.call(settings.iframe.callsSignedIn);
  await resumeStored();
} else {
  start();
}
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await watch();
}
