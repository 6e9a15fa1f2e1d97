// Talk 4's own page inside the frame: it takes a token from the page around it, asks who that is, and shows the comments.
"use strict";

const SEPARATOR = "xPYMx";
const UNAVAILABLE = "The comments are not available right now.";

const query = new URLSearchParams(location.search);
const part = (id) => document.getElementById(id);

// The page around this one is the article's, and no other page's messages count.
const pageOrigin = new URL(query.get("asset_url")).origin;

const post = (kind, text = "") => window.parent.postMessage(["pym", query.get("childId"), kind, text].join(SEPARATOR), pageOrigin);

// storage is the browser's, or none: where cookies of other sites are blocked a frame may not keep anything.
const storage = (() => {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
})();

// token is what requests carry: the page's, the address's, then the one that an earlier visit kept. login replaces it.
const token = {
  given: undefined,
  get value() {
    return this.given ?? new URLSearchParams(location.hash.slice(1)).get("access_token") ?? storage?.getItem("token") ?? undefined;
  },
  keep(value) {
    this.given = value;
    storage?.setItem("token", value);
  },
  clear() {
    storage?.removeItem("token");
  },
};

async function send(method, path, body) {
  const headers = {};
  if (token.value) headers.Authorization = `Bearer ${token.value}`;
  if (body) headers["Content-Type"] = "application/json";
  return fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
}

let user = null;

// enter shows who is signed in now. For the same person nothing is drawn anew: a half-written comment would be lost.
function enter(next) {
  const same = user?.id === next?.id;
  user = next;
  if (!same) drawTop();
}

// checkLogin is what Talk asks first, and after each login. Only a sign-in that works is told to the page: it hears
// nothing of a token that is refused.
async function checkLogin() {
  let found = null;
  const asked = token.value;
  try {
    const response = await send("GET", "/auth");
    if (token.value !== asked) return; // somebody came in or left meanwhile, and what follows is theirs to ask
    if (response.status === 200) ({ user: found } = await response.json());
    else token.clear();
  } catch {
    say(UNAVAILABLE);
  }
  enter(found);
  if (found) post("coral-auth-changed", JSON.stringify(found));
}

// logout forgets the person whatever the server says. The page's own token stays what it is: who loads the frame with it
// again is refused everything.
async function logout() {
  await send("DELETE", "/auth").catch(() => {});
  token.clear();
  token.given = undefined;
  enter(null);
  say("You are signed out.");
  post("coral-auth-changed");
}

// run performs one operation and draws what it answers. It says whether that went well.
async function run(operationName, variables = {}) {
  say("");
  try {
    const response = await send("POST", "/graph/ql", { operationName, variables });
    const body = await response.json();
    const message = body.errors?.[0]?.message ?? body.error?.message;
    if (!response.ok || message) throw new Error(message ?? UNAVAILABLE);
    part("comments").replaceChildren(...body.data.comments.map(commentItem));
    part("count").textContent = body.data.comments.length;
    return true;
  } catch (error) {
    say(error.message);
    return false;
  }
}

function drawTop() {
  if (!user) replaceTop(part("top"), signInLine());
  else replaceTop(part("top"), accountLine(user.username, logout), commentForm((body) => run("PostComment", { body })));
}

// signInLine only tells the page that somebody wants to come in: without talk-plugin-auth, Talk leaves the rest to that.
function signInLine() {
  return element("div", { class: "coral-join" },
    element("p", {}, "Join the conversation."),
    element("button", { type: "button", class: "coral-button", "data-talk": "sign-in", onclick: () => tell("action.SHOW_SIGNIN_DIALOG") },
      "Sign in to comment"));
}

const tell = (eventName) => post("event", JSON.stringify({ eventName }));

function say(message) {
  part("status").textContent = message;
}

const orders = {
  async config(text) {
    ({ auth_token: token.given } = JSON.parse(text));
    await checkLogin();
    await run("CoralEmbedStream_Embed");
    tell("query.CoralEmbedStream_Embed.ready");
  },
  login(text) {
    token.keep(text);
    return checkLogin();
  },
  logout,
};

addEventListener("message", ({ data, source, origin }) => {
  if (source !== window.parent || origin !== pageOrigin || typeof data !== "string") return;
  const [name, id, kind, text] = data.split(SEPARATOR);
  if (name === "pym" && id === query.get("childId")) orders[kind]?.(text);
});

new ResizeObserver(() => post("height", Math.ceil(document.documentElement.getBoundingClientRect().height))).observe(document.body);
drawTop();
post("getConfig");
