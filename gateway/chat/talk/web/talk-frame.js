// Hands a token to the page that embeds the comments, when that page asks for it, once (B-26). It goes to no other origin
// (B-14).

const page = document.querySelector('[data-frame]');
const { chat, parent } = page.dataset;

let kept; // what the page may ask for

const post = (message) => window.parent.postMessage(message, parent);

page.addEventListener('chatgate:deliver', ({ detail: { token, expires_at } }) => {
  kept = { token, expires_at };
  post({ type: 'chatgate:connected', chat });
});

window.addEventListener('message', ({ data, source, origin }) => {
  if (source !== window.parent || origin !== parent || kept === undefined) return;
  if (data?.type !== 'chatgate:token' || data.chat !== chat) return;
  post({ type: 'chatgate:token', chat, ...kept });
  kept = undefined;
});
