// Gives a login to the page around the frame, and to no other origin (B-14). A page that embeds Rocket.Chat is only told
// that there is one, and gets it when it asks, once (B-26).

const ANSWER_WITHIN = 10_000; // ms

const page = document.querySelector('[data-frame]');
const { chat, parent, embedder } = page.dataset;

let unanswered; // the timer of a login that was posted
let kept; // what an embedding page may ask for

const post = (message) => window.parent.postMessage(message, parent);

function refused() {
  clearTimeout(unanswered);
  unanswered = undefined;
  page.dispatchEvent(new CustomEvent('chatgate:refused'));
}

page.addEventListener('chatgate:deliver', ({ detail: { loginToken, userId } }) => {
  if (embedder === undefined) {
    post({ event: 'login-with-token', loginToken });
    unanswered = setTimeout(refused, ANSWER_WITHIN);
    return;
  }
  kept = { loginToken, userId };
  post({ type: 'chatgate:connected', chat });
});

window.addEventListener('message', ({ data, source, origin }) => {
  if (source !== window.parent || origin !== parent) return;
  if (data?.event === 'login-error' && unanswered !== undefined) refused();
  if (data?.type === 'chatgate:token' && data.chat === chat && kept !== undefined) {
    post({ type: 'chatgate:token', chat, ...kept });
    kept = undefined;
  }
});
