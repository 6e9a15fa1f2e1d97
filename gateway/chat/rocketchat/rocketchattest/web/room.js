// The chat itself: a room with something in it. Messages live in this page only.

const sample = [
  ['Mara Lindqvist', '08:52', 'Good morning! The release notes for this week are up.'],
  ['Tomás Reyes', '08:57', 'Thank you. One question: does the new single sign-on cover the comments as well?'],
  ['Mara Lindqvist', '08:58', 'Yes. Sign in once, and chat and comments both know you.'],
  ['Yuki Tanaka', '09:04', 'Just tried it. I was in before my coffee was ready ☕'],
];

export class Room {
  constructor(root) {
    this.root = root;
    this.list = root.querySelector('.messages');
    this.list.replaceChildren(...sample.map(([name, time, text]) => message(name, time, text)));
    root.querySelector('.composer').addEventListener('submit', (event) => this.send(event));
  }

  // enter shows whose session this is.
  enter({ username, name }) {
    this.name = name || username;
    this.root.querySelector('[data-rc="user"]').textContent = username;
    this.root.querySelector('[data-name]').textContent = this.name;
    this.root.querySelector('[data-avatar]').replaceWith(avatar(this.name));
  }

  // leave takes the person's traces off the page.
  leave() {
    this.root.querySelector('[data-rc="user"]').textContent = '';
    this.root.querySelector('[data-name]').textContent = '';
    this.list.replaceChildren(...[...this.list.children].slice(0, sample.length));
  }

  // open shows a room by its path, such as /channel/general.
  open(path) {
    const name = path.split('?')[0].split('/').pop() || 'general';
    this.root.querySelector('[data-room]').textContent = name;
    this.root.querySelector('.composer input').placeholder = `Message #${name}`;
    for (const link of this.root.querySelectorAll('nav a')) {
      link.toggleAttribute('aria-current', link.pathname === path);
      if (link.pathname === path) link.setAttribute('aria-current', 'page');
    }
  }

  send(event) {
    event.preventDefault();
    const input = event.target.elements.message;
    const text = input.value.trim();
    if (!text) return;
    const now = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    this.list.append(message(this.name, now, text));
    this.list.lastChild.scrollIntoView({ block: 'end' });
    input.value = '';
  }
}

function message(name, time, text) {
  const heading = element('div', '');
  heading.append(element('strong', name), element('time', time));
  const item = element('li', '');
  item.append(avatar(name), heading, element('p', text));
  return item;
}

function avatar(name) {
  const initials = name.split(/\s+/).map((word) => word[0]).slice(0, 2).join('').toUpperCase();
  const face = element('span', initials);
  face.className = 'avatar';
  face.setAttribute('aria-hidden', 'true');
  face.dataset.avatar = '';
  face.dataset.tint = [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 5;
  return face;
}

function element(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}
