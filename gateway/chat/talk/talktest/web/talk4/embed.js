// Talk 4's script for the page around the comments: Coral.Talk.render puts Talk's own page into a frame and speaks with
// it in pym's messages. Only what a sign-in can touch is modelled.
"use strict";

(() => {
  const SEPARATOR = "xPYMx";

  // Bridge is one frame and the messages to and from it, which pym words "pymxPYMx<frame>xPYMx<kind>xPYMx<text>".
  class Bridge {
    #frame;
    #origin;
    #listeners = new Map();

    constructor(host, address, title) {
      this.#origin = new URL(address).origin;
      this.#frame = Object.assign(document.createElement("iframe"), {
        id: `${host.id}_iframe`, name: `${host.id}_iframe`, title, src: address,
      });
      Object.assign(this.#frame.style, { border: "0", width: "1px", minWidth: "100%" });
      this.onMessage("height", (height) => { this.#frame.style.height = `${Number(height)}px`; });
      window.addEventListener("message", this.#hear);
      host.append(this.#frame);
    }

    onMessage(kind, listener) {
      this.#listeners.set(kind, listener);
    }

    // sendMessage loses what is sent before the frame has loaded, as pym's does.
    sendMessage(kind, text = "") {
      this.#frame.contentWindow.postMessage(["pym", this.#frame.id, kind, text].join(SEPARATOR), this.#origin);
    }

    remove() {
      window.removeEventListener("message", this.#hear);
      this.#frame.remove();
    }

    #hear = ({ data, origin, source }) => {
      if (source !== this.#frame.contentWindow || origin !== this.#origin || typeof data !== "string") return;
      const [name, id, kind, text] = data.split(SEPARATOR);
      if (name === "pym" && id === this.#frame.id) this.#listeners.get(kind)?.(text);
    };
  }

  class Emitter {
    #listeners = [];

    on(name, listener) {
      this.#listeners.push({ name, listener });
    }

    onAny(listener) {
      this.#listeners.push({ listener });
    }

    off(name, listener) {
      this.#listeners = this.#listeners.filter((l) => l.name !== name || l.listener !== listener);
    }

    emit(name, value) {
      for (const { name: wanted, listener } of this.#listeners) {
        if (wanted === undefined) listener(name, value);
        else if (wanted === name || (wanted.endsWith("**") && name.startsWith(wanted.slice(0, -2)))) listener(value);
      }
    }
  }

  // Embed is what render returns. What is called before there is a frame waits for it.
  class Embed {
    #host;
    #options;
    #onAuthChanged;
    #events = new Emitter();
    #bridge;
    #queue = [];

    constructor(host, { events, onAuthChanged, lazy, ...options }) {
      this.#host = host;
      this.#options = options;
      this.#onAuthChanged = onAuthChanged;
      events?.(this.#events);
      if (lazy) this.#loadInView();
      else this.#load();
    }

    on(name, listener) {
      this.#events.on(name, listener);
    }

    off(name, listener) {
      this.#events.off(name, listener);
    }

    login(token) {
      this.#whenRendered(() => this.#bridge.sendMessage("login", token));
    }

    logout() {
      this.#whenRendered(() => this.#bridge.sendMessage("logout"));
    }

    remove() {
      this.#bridge?.remove();
    }

    #whenRendered(act) {
      if (this.#bridge) act();
      else this.#queue.push(act);
    }

    #loadInView() {
      const observer = new IntersectionObserver(([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        observer.disconnect();
        this.#load();
      });
      observer.observe(this.#host);
    }

    #load() {
      const { talk, asset_id, asset_url, title = "Comments" } = this.#options;
      const query = new URLSearchParams({ asset_url: asset_url ?? location.origin + location.pathname, childId: `${this.#host.id}_iframe` });
      if (asset_id) query.set("asset_id", asset_id);
      this.#bridge = new Bridge(this.#host, `${talk.replace(/\/?$/, "/")}embed/stream?${query}`, title);
      // The token travels in this message, never in the address.
      this.#bridge.onMessage("getConfig", () => this.#bridge.sendMessage("config", JSON.stringify(this.#options)));
      this.#bridge.onMessage("coral-auth-changed", (user) => this.#onAuthChanged?.(user ? JSON.parse(user) : null));
      this.#bridge.onMessage("event", (text) => {
        const { eventName, value } = JSON.parse(text);
        this.#events.emit(eventName, value);
      });
      for (const act of this.#queue.splice(0)) act();
    }
  }

  window.Coral = { Talk: { render: (host, options) => new Embed(host, options) } };
})();
