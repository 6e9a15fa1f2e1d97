// What a customer's page does to have its people signed in to the chat that it shows: it connects the chat's iframe, and
// shows what state that is in.

const { gateway, chat } = document.body.dataset;
const part = (name) => document.querySelector(`[data-portal="${name}"]`);

// The classic script has set the global. The module has been loaded by the page's script element, which checks its hash:
// this import gets that very text.
const { connectRocketChat } = globalThis.chatgate ?? (await import(`${gateway}/sdk/v1/chatgate.js`));

const words = {
  checking: 'Opening the chat…',
  'sign-in-needed': '',
  connecting: 'Signing you in to the chat…',
  connected: '',
  'signing-out': 'Signing out…',
  failed: '',
};

const troubles = {
  access_denied: 'Your account may not use the chat.',
  account_deactivated: 'Your account in the chat is switched off.',
  chat_unavailable: 'The chat does not answer at the moment.',
  unreachable: 'The sign-in service cannot be reached.',
};

function show(state) {
  const { name, code, reference } = state;
  Object.assign(document.body.dataset, { state: name, confirmed: state.confirmed ?? '', code: code ?? '' });
  part('status').textContent = words[name];
  part('sign-in').hidden = name !== 'sign-in-needed';
  part('leave').hidden = part('sign-out').hidden = name !== 'connected';
  part('trouble').hidden = name !== 'failed';
  part('trouble').querySelector('[role="alert"]').textContent = name === 'failed' ? troubleOf(code, reference) : '';
}

function troubleOf(code, reference) {
  const told = troubles[code] ?? `The chat cannot be opened (${code}).`;
  return reference ? `${told} Reference: ${reference}` : told;
}

const connection = connectRocketChat(part('chat'), { gateway, chat, signIn: part('sign-in'), onState: show });

part('sign-out').addEventListener('click', () => connection.signOut());
part('leave').addEventListener('click', () => connection.signOut({ local: true }));
part('again').addEventListener('click', () => connection.refresh());
