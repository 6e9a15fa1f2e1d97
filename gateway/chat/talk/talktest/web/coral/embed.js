// The comment embed, in the spirit of Coral 9's: createStreamEmbed puts a stream into the customer's page and talks to
// Coral's API across origins with a Bearer token. Only what a sign-in can touch is modelled.

const CLOCK_TOLERANCE_SECONDS = 0.3;
const UNAVAILABLE = "The comments are not available right now.";
const STYLESHEET = "/assets/css/embed.css";
const POPUP_PATH = "/api/auth/oidc?redirectTo=/embed/auth/callback";
const POPUP_LOOK = 200; // ms

// Coral drops a token it cannot decode, or whose "exp" has passed by the browser's clock, without a word.
function usable(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const { exp } = JSON.parse(atob(payload));
    return exp === undefined || exp + CLOCK_TOLERANCE_SECONDS > Date.now() / 1000;
  } catch {
    return false;
  }
}

class Emitter {
  #listeners = new Map();

  on(name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  off(name, listener) {
    this.#listeners.set(name, (this.#listeners.get(name) ?? []).filter((l) => l !== listener));
  }

  emit(name, ...values) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...values);
  }
}

// Client keeps the token, in memory only. It asks for another when the API answers 401, and not before: the page, since
// 6.3.7, or else Coral's own sign-in window.
class Client {
  #root;
  #token;
  #renew;

  constructor(root, renew) {
    this.#root = root;
    this.#renew = renew;
  }

  set token(token) {
    this.#token = token && usable(token) ? token : undefined;
  }

  async settings() {
    return (await this.#send("GET", "/embed/bootstrap")).json();
  }

  // query asks again where somebody has come in or left meanwhile: the answer is for whoever was there before, and may
  // arrive after theirs.
  async query(id, variables = {}) {
    let asked = this.#token;
    let response = await this.#send("POST", "/api/graphql", { id, variables });
    if (response.status === 401) {
      this.token = undefined;
      const renewed = await this.#renew();
      if (renewed) this.token = renewed;
      asked = this.#token;
      response = await this.#send("POST", "/api/graphql", { id, variables });
    }
    const body = await response.json().catch(() => ({}));
    const message = body.errors?.[0]?.message ?? body.error?.message;
    if (!response.ok || message) throw new Error(message ?? UNAVAILABLE);
    return asked === this.#token ? body.data : this.query("viewer");
  }

  async revoke() {
    const response = await this.#send("DELETE", "/api/auth");
    if (!response.ok && response.status !== 401) throw new Error("Signing out did not work.");
    this.token = undefined;
  }

  async #send(method, path, body) {
    const headers = {};
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (body) headers["Content-Type"] = "application/json";
    try {
      return await fetch(this.#root + path, { method, headers, body: body && JSON.stringify(body) });
    } catch {
      throw new Error(UNAVAILABLE);
    }
  }
}

// Popup is Coral's own sign-in window. Its last page hands a token to the window that opened it, which works for as long
// as no page on the way has cut the tie between the two.
class Popup {
  #root;
  #window;

  constructor(root, onToken) {
    this.#root = root;
    window.addEventListener("message", ({ origin, source, data }) => {
      if (origin === new URL(root).origin && source !== null && source === this.#window) onToken(data.accessToken);
    });
  }

  open() {
    this.#window = window.open(this.#root + POPUP_PATH, "coral-auth", "width=480,height=640");
  }

  async closed() {
    while (this.#window && !this.#window.closed) await new Promise((resolve) => { setTimeout(resolve, POPUP_LOOK); });
  }
}

// Stream draws what the client knows into one element.
class Stream {
  #client;
  #prompt; // begins a sign-in
  #events;
  #top = element("div", { class: "coral-top" });
  #status = element("p", { class: "coral-status", role: "status" });
  #list = element("ol", { class: "coral-list", "data-talk": "comments" });
  #count = element("span", { class: "coral-count" });
  #viewer = null;

  constructor(client, events, prompt) {
    this.#client = client;
    this.#events = events;
    this.#prompt = prompt;
  }

  mount(host) {
    host.replaceChildren(element("section", { class: "coral", "aria-label": "Comments" },
      element("h2", { class: "coral-title" }, "Comments ", this.#count), this.#top, this.#status, this.#list));
    this.#drawTop();
  }

  // refresh asks who the viewer is and what the stream holds.
  refresh() {
    return this.#run("viewer");
  }

  // leave is signing out without a word to the page: what embed.logout() does.
  async leave() {
    await this.#client.revoke();
    await this.refresh();
  }

  // signOut is the link in the stream. It alone fires events.
  async #signOut() {
    try {
      await this.leave();
    } catch (error) {
      this.#say(error.message);
      this.#events.emit("signOut.error", { message: error.message });
      return;
    }
    this.#say("You are signed out.");
    this.#events.emit("signOut.success");
  }

  // run performs one operation and draws what it answers. It says whether that went well.
  async #run(id, variables) {
    this.#say("");
    try {
      this.#draw(await this.#client.query(id, variables));
      return true;
    } catch (error) {
      this.#say(error.message);
      return false;
    }
  }

  #draw({ viewer, comments }) {
    const same = this.#viewer?.id === viewer?.id && this.#viewer?.username === viewer?.username;
    this.#viewer = viewer;
    this.#list.replaceChildren(...comments.map(commentItem));
    this.#count.textContent = comments.length;
    if (!same) this.#drawTop(); // else a half-written comment would be lost
  }

  #drawTop() {
    if (!this.#viewer) return replaceTop(this.#top, this.#signIn());
    const name = this.#viewer.username ?? this.#viewer.email ?? "a new reader";
    return replaceTop(this.#top, accountLine(name, () => this.#signOut()),
      this.#viewer.username ? commentForm((body) => this.#run("createComment", { body })) : this.#usernameForm());
  }

  #signIn() {
    return element("div", { class: "coral-join" },
      element("p", {}, "Join the conversation."),
      element("button", { type: "button", class: "coral-button", "data-talk": "sign-in", onclick: this.#prompt },
        "Sign in to comment"));
  }

  // Coral asks for a name when the token carried none that fits its rules.
  #usernameForm() {
    const box = element("input", { id: "coral-username", minlength: "3", maxlength: "30", required: "",
      autocomplete: "nickname", "data-talk": "username" });
    return inputForm("Choose a username", box,
      element("button", { class: "coral-button", "data-talk": "set-username" }, "Save"),
      (username) => this.#run("setUsername", { username }));
  }

  #say(message) {
    this.#status.textContent = message;
  }
}

// Embed is one stream and how its reader signs in.
class Embed {
  #root;
  #options;
  #events = new Emitter();
  #client;
  #stream;
  #popup;
  #settings = {}; // what this Coral can do, once it has said so

  constructor(options) {
    this.#options = options;
    this.#root = options.rootURL.replace(/\/$/, "");
    this.#client = new Client(this.#root, () => this.#renew());
    this.#client.token = options.accessToken;
    this.#stream = new Stream(this.#client, this.#events, () => this.#prompt());
    this.#popup = new Popup(this.#root, (token) => this.#signedIn(token));
    options.events?.(this.#events);
  }

  on(name, listener) {
    this.#events.on(name, listener);
  }

  off(name, listener) {
    this.#events.off(name, listener);
  }

  async login(token) {
    this.#client.token = token;
    await this.#stream.refresh();
  }

  async logout() {
    await this.#stream.leave().catch(() => {}); // Coral tells nobody
  }

  async render() {
    const href = this.#root + STYLESHEET;
    if (!document.querySelector(`link[href="${CSS.escape(href)}"]`)) document.head.append(element("link", { rel: "stylesheet", href }));
    this.#stream.mount(this.#host());
    this.#settings = await this.#client.settings().catch(() => ({}));
    await this.#stream.refresh();
    this.#events.emit("ready");
  }

  remove() {
    this.#host().replaceChildren();
  }

  #host() {
    return document.getElementById(this.#options.id);
  }

  // prompt tells the page in any case. Where Coral has a way to sign in of its own for the stream, its window opens as
  // well; Coral's own pages stay in theirs.
  #prompt() {
    this.#events.emit("loginPrompt");
    if (this.#settings.ownLogin && location.origin !== this.#root) this.#popup.open();
  }

  // signedIn follows Coral's own window. Tokens that pages bring fire no event.
  async #signedIn(token) {
    await this.login(token);
    this.#events.emit("signedIn");
  }

  async #renew() {
    const { refreshAccessToken } = this.#options;
    if (this.#settings.refreshAccessToken && refreshAccessToken) return new Promise((resolve) => { refreshAccessToken(resolve); });
    if (this.#settings.ownLogin) {
      this.#prompt();
      await this.#popup.closed();
    }
    return undefined;
  }
}

function createStreamEmbed(options) {
  const embed = new Embed(options);
  if (options.autoRender) embed.render();
  return embed;
}

window.Coral = { createStreamEmbed };
