// The comment embed, in the spirit of Coral 9's: createStreamEmbed puts a stream into the customer's page and talks to
// Coral's API across origins with a Bearer token. Only what a sign-in can touch is modelled.
"use strict";

(() => {
  const CLOCK_TOLERANCE_SECONDS = 0.3;
  const UNAVAILABLE = "The comments are not available right now.";
  const STYLESHEET = "/assets/css/embed.css";

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

  // Client keeps the token, in memory only, and asks the page for another when the API answers 401.
  class Client {
    #root;
    #token;
    #refresh;

    constructor(root, token, refresh) {
      this.#root = root;
      this.#refresh = refresh;
      this.token = token;
    }

    get token() {
      return this.#token;
    }

    set token(token) {
      this.#token = token && usable(token) ? token : undefined;
    }

    async query(id, variables = {}) {
      let response = await this.#send("POST", "/api/graphql", { id, variables });
      if (response.status === 401 && (await this.#renew())) {
        response = await this.#send("POST", "/api/graphql", { id, variables });
      }
      if (response.status === 401) {
        this.token = undefined;
        response = await this.#send("POST", "/api/graphql", { id, variables });
      }
      const body = await response.json().catch(() => ({}));
      const message = body.errors?.[0]?.message ?? body.error?.message;
      if (!response.ok || message) throw new Error(message ?? UNAVAILABLE);
      return body.data;
    }

    async revoke() {
      const response = await this.#send("DELETE", "/api/auth");
      if (!response.ok && response.status !== 401) throw new Error("Signing out did not work.");
      this.token = undefined;
    }

    async #renew() {
      if (!this.#refresh) return false;
      this.token = await new Promise((resolve) => this.#refresh(resolve));
      return this.#token !== undefined;
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

  // element("p", { class: "x", onclick: f }, "text", child) builds one element; text is never read as HTML.
  function element(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child !== undefined));
    return node;
  }

  function ago(date) {
    const minutes = Math.round((new Date(date) - Date.now()) / 60000);
    const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    if (minutes > -60) return minutes < 0 ? format.format(minutes, "minute") : "just now";
    if (minutes > -24 * 60) return format.format(Math.round(minutes / 60), "hour");
    return format.format(Math.round(minutes / 60 / 24), "day");
  }

  function commentItem({ author, body, createdAt }) {
    return element("li", { class: "coral-comment" },
      element("div", { class: "coral-avatar", "aria-hidden": "true" }, [...author][0].toUpperCase()),
      element("article", {},
        element("p", { class: "coral-byline" }, element("strong", {}, author), " ",
          element("time", { datetime: createdAt }, ago(createdAt))),
        element("p", { class: "coral-body" }, body)));
  }

  // Stream draws what the client knows into one element.
  class Stream {
    #client;
    #events;
    #top = element("div", { class: "coral-top" });
    #status = element("p", { class: "coral-status", role: "status" });
    #list = element("ol", { class: "coral-list", "data-talk": "comments" });
    #count = element("span", { class: "coral-count" });
    #viewer = null;

    constructor(client, events) {
      this.#client = client;
      this.#events = events;
    }

    mount(host) {
      host.replaceChildren(element("section", { class: "coral", "aria-label": "Comments" },
        element("h2", { class: "coral-title" }, "Comments ", this.#count), this.#top, this.#status, this.#list));
      this.#drawTop();
    }

    // refresh asks who the viewer is and what the stream holds.
    async refresh() {
      const before = this.#viewer?.id;
      await this.#run("viewer");
      if (this.#viewer && this.#viewer.id !== before) this.#events.emit("signedIn");
    }

    async signOut() {
      try {
        await this.#client.revoke();
      } catch (error) {
        this.#say(error.message);
        this.#events.emit("signOut.error", error);
        return;
      }
      await this.refresh();
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

    // drawTop replaces the controls; whoever was using one by keyboard goes on at the first of the new ones.
    #drawTop() {
      const focused = this.#top.contains(document.activeElement);
      if (!this.#viewer) this.#top.replaceChildren(this.#signIn());
      else this.#top.replaceChildren(this.#account(), this.#viewer.username ? this.#commentForm() : this.#usernameForm());
      if (focused) (this.#top.querySelector("textarea, input") ?? this.#top.querySelector("button")).focus();
    }

    #signIn() {
      return element("div", { class: "coral-join" },
        element("p", {}, "Join the conversation."),
        element("button", { type: "button", class: "coral-button", "data-talk": "sign-in",
          onclick: () => this.#events.emit("loginPrompt") }, "Sign in to comment"));
    }

    #account() {
      return element("p", { class: "coral-account" },
        element("span", {}, "Commenting as ",
          element("strong", { "data-talk": "user" }, this.#viewer.username ?? this.#viewer.email ?? "a new reader")),
        element("button", { type: "button", class: "coral-link", "data-talk": "sign-out",
          onclick: () => this.signOut() }, "Sign out"));
    }

    #commentForm() {
      const box = element("textarea", { id: "coral-comment", rows: "3", maxlength: "2000", required: "",
        "data-talk": "comment", placeholder: "What do you think?" });
      return this.#form("Your comment", box, element("button", { class: "coral-button", "data-talk": "post" }, "Post"),
        () => this.#run("createComment", { body: box.value }));
    }

    // Coral asks for a name when the token carried none that fits its rules.
    #usernameForm() {
      const box = element("input", { id: "coral-username", minlength: "3", maxlength: "30", required: "",
        autocomplete: "nickname", "data-talk": "username" });
      return this.#form("Choose a username", box,
        element("button", { class: "coral-button", "data-talk": "set-username" }, "Save"),
        () => this.#run("setUsername", { username: box.value }));
    }

    #form(label, box, button, submit) {
      const form = element("form", { class: "coral-form" }, element("label", { for: box.id }, label), box, button);
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (form.ariaBusy === "true") return;
        form.ariaBusy = "true"; // a disabled button would lose the keyboard's place
        if (await submit()) box.value = "";
        form.ariaBusy = "false";
        if (form.isConnected) box.focus();
      });
      return form;
    }

    #say(message) {
      this.#status.textContent = message;
    }
  }

  function linkStylesheet(root) {
    const href = root + STYLESHEET;
    if (document.querySelector(`link[href="${CSS.escape(href)}"]`)) return;
    document.head.append(element("link", { rel: "stylesheet", href }));
  }

  function createStreamEmbed(options) {
    const events = new Emitter();
    const root = options.rootURL.replace(/\/$/, "");
    const client = new Client(root, options.accessToken, options.refreshAccessToken);
    const stream = new Stream(client, events);
    const host = () => document.getElementById(options.id);
    const embed = {
      on: (name, listener) => events.on(name, listener),
      off: (name, listener) => events.off(name, listener),
      async login(token) {
        client.token = token;
        await stream.refresh();
      },
      logout: () => stream.signOut(),
      async render() {
        linkStylesheet(root);
        stream.mount(host());
        await stream.refresh();
        events.emit("ready");
      },
      remove: () => host().replaceChildren(),
    };
    options.events?.(events);
    if (options.autoRender) embed.render();
    return embed;
  }

  window.Coral = { createStreamEmbed };
})();
