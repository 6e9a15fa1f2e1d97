// The page's course: checking, then the login frame, the ordinary form, or in.

import { eventSender, listenForCommands } from './commands.js';
import { IframeLogin } from './iframe.js';
import { Room } from './room.js';
import { Refused, alive, forget, login, logout, storedToken } from './session.js';

const settings = await (await fetch('/web/settings.json')).json();
const room = new Room(document.querySelector('.in'));
const frame = document.querySelector('main.frame');
const tell = eventSender(settings.events);

let current = ''; // the token this page is signed in with

function show(state) {
  document.body.dataset.state = state;
  if (state !== 'frame') frame.replaceChildren();
}

async function resume(token) {
  enter(await login({ resume: token }));
}

function enter(me) {
  const entered = storedToken() !== current;
  current = storedToken();
  room.enter(me);
  show('in');
  if (entered) tell('Custom_Script_Logged_In');
}

// leave is every way out: logout here or in another tab, a token destroyed on the server. The API is called at once.
function leave() {
  current = '';
  room.leave();
  tell('Custom_Script_Logged_Out');
  start();
}

async function signOut() {
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

  // Tokens written straight into the database are not modelled: there are none, so every one is refused.
  iframeToken: (token) => login({ iframe: true, token }).then(enter),

  // A stored token means signed in, or about to be. A second refusal leaves the frame alone: it is the same address.
  showFrame(url) {
    if (storedToken()) return;
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
window.addEventListener('popstate', () => room.open(location.pathname));

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

listenForCommands(settings.commands, {
  'login-with-token': ({ token }) => resume(token),
  logout: signOut,
  go({ path }) {
    history.pushState({}, '', path);
    room.open(path);
  },
});
if (settings.iframe.enabled) iframe.listen();

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
