// What a customer's page does to let its readers comment with the sign-in they have at the gateway: it renders the
// comments with chatgate.js, says where the sign-in frame goes, and shows what state that is in.

const { gateway, chat, product, root } = document.body.dataset;
const part = (id) => document.getElementById(id);

// The module has been loaded by the page's script element, which checks its hash: this import gets that very text.
const { renderTalk } = await import(`${gateway}/sdk/v1/chatgate.js`);

const article = {
  coral: { storyID: 'the-quiet-boat', storyURL: location.origin + location.pathname },
  talk: { asset_id: 'the-quiet-boat', asset_url: location.origin + location.pathname },
};

const troubles = {
  access_denied: 'Your account may not comment here.',
  clock_wrong: 'The clock of this computer is wrong. Set it right to comment.',
  embed_unavailable: 'The comments are not available right now.',
  unreachable: 'Signing in is not available right now. You can still read the comments.',
};

function show({ name, code, reference }) {
  Object.assign(document.body.dataset, { state: name, code: code ?? '' });
  part('account').hidden = name !== 'connected';
  part('enter').hidden = name !== 'signed-out' && name !== 'failed';
  part('sign-in').hidden = name !== 'sign-in-needed';
  part('notice').textContent = name === 'failed' ? troubleOf(code, reference) : '';
}

function troubleOf(code, reference) {
  const told = troubles[code] ?? `You cannot comment at the moment (${code}).`;
  return reference ? `${told} Reference: ${reference}` : told;
}

const comments = renderTalk(part('comments'), {
  gateway, chat, signIn: part('sign-in'), onState: show, [product]: { rootURL: root, ...article[product] },
});

part('enter').addEventListener('click', () => comments.signIn());
