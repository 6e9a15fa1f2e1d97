// The chat itself: a room with something in it. Messages live in this page only.

const sample = [
  ['Mara Lindqvist', '08:52', 'Good morning! The release notes for this week are up.'],
  ['Tomás Reyes', '08:57', 'Thank you. One question: does the new single sign-on cover the comments as well?'],
  ['Mara Lindqvist', '08:58', 'Yes. Sign in once, and chat and comments both know you.'],
  ['Yuki Tanaka', '09:04', 'Just tried it. I was in before my coffee was ready ☕'],
];

export class Room {
  // tell hears what happens in the room.
  constructor(root, tell) {
    this.root = root;
    this.tell = tell;
    this.entered = false;
    this.list = root.querySelector('.messages');
    this.input = root.querySelector('.composer input');
    this.links = [...root.querySelectorAll('nav a')];
    this.leave();
    root.querySelector('.composer').addEventListener('submit', (event) => this.send(event));
    root.querySelector('nav').addEventListener('click', (event) => this.follow(event));
  }

  // enter shows whose session this is.
  enter({ username, name }) {
    this.name = name || username;
    this.root.querySelector('[data-rc="user"]').textContent = username;
    this.root.querySelector('[data-name]').textContent = this.name;
    this.root.querySelector('[data-avatar]').replaceWith(avatar(this.name));
    if (!this.entered) this.announce();
    this.entered = true;
  }

  // leave takes the person's traces off the page.
  leave() {
    this.entered = false;
    this.root.querySelector('[data-rc="user"]').textContent = '';
    this.root.querySelector('[data-name]').textContent = '';
    this.messages = { '/channel/general': [...sample] };
    this.open(location.pathname + location.search);
  }

  // open shows a room by its path, such as /channel/engineering?layout=embedded. Any other path shows #general. The
  // layout "embedded" leaves the messages alone on the page.
  open(path) {
    const { pathname, searchParams } = new URL(path, location.href);
    document.body.dataset.layout = searchParams.get('layout') ?? '';
    const link = this.links.find((room) => room.pathname === pathname) ?? this.links[0];
    for (const other of this.links) other.removeAttribute('aria-current');
    link.setAttribute('aria-current', 'page');
    const label = link.textContent.trim().replace('# ', '#');
    this.path = link.pathname;
    this.root.querySelector('[data-room]').textContent = label;
    this.input.placeholder = `Message ${label}`;
    this.list.replaceChildren(...(this.messages[this.path] ?? []).map(message));
    if (this.entered) this.announce();
  }

  announce() {
    const name = this.path.split('/').pop();
    this.tell('room-opened', { name, t: this.path.startsWith('/direct/') ? 'd' : 'c' });
  }

  // setStatus is one of online, away, busy and offline.
  setStatus(status) {
    this.root.querySelector('.me').dataset.status = status;
  }

  follow(event) {
    const link = event.target.closest('a');
    if (!link) return;
    event.preventDefault();
    history.pushState({}, '', link.pathname);
    this.open(link.pathname);
  }

  send(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    const now = new Date().toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
    (this.messages[this.path] ??= []).push([this.name, now, text]);
    this.list.append(message([this.name, now, text]));
    this.list.lastChild.scrollIntoView({ block: 'end' });
    this.input.value = '';
    this.tell('new-message', { msg: text });
  }
}

function message([name, time, text]) {
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
