// What a customer's page does to let its readers comment with the sign-in they already have: ask the gateway for a
// token, hand it to the embed, and send the reader to the gateway when there is none.
"use strict";

(() => {
  const { coralUrl, tokenUrl, loginUrl } = document.body.dataset;
  const here = location.origin + location.pathname + location.search;
  const signInURL = `${loginUrl}?return_to=${encodeURIComponent(here)}`;
  const element = (id) => document.getElementById(id);

  function enter(state, notice = "") {
    document.body.dataset.state = state;
    element("account").hidden = state !== "in";
    element("enter").hidden = state !== "out";
    element("notice").textContent = notice;
  }

  // ask resolves to a token, or to the state the page is in without one.
  async function ask(method) {
    try {
      const response = await fetch(tokenUrl, { method, credentials: "include", cache: "no-store" });
      const body = await response.json();
      if (response.ok) return { token: body.token };
      if (response.status === 403) return { state: "refused", notice: body.detail };
      return { state: "out", notice: response.status === 401 ? "" : body.detail };
    } catch {
      return { state: "out", notice: "Signing in is not available right now. You can still read the comments." };
    }
  }

  // renew serves the embed when Coral no longer takes the token.
  async function renew(next) {
    const { token, state, notice } = await ask("POST");
    if (!token) enter(state, notice);
    next(token);
  }

  function listen(events) {
    events.on("loginPrompt", () => location.assign(signInURL));
    events.on("signedIn", () => enter("in"));
    events.on("signOut.success", () => enter("out"));
    // Ready without having signed in: the gateway gave a token, but Coral did not take it.
    events.on("ready", () => document.body.dataset.state === "checking" && enter("out"));
  }

  async function start() {
    enter("checking");
    if (!window.Coral) return enter("out", "The comments are not available right now.");
    const { token, state, notice } = await ask("GET");
    if (!token) enter(state, notice);
    Coral.createStreamEmbed({
      id: "comments",
      rootURL: coralUrl,
      storyID: "the-quiet-boat",
      storyURL: here,
      accessToken: token,
      refreshAccessToken: token ? renew : undefined,
      events: listen,
      autoRender: true,
    });
  }

  // A page that comes out of the back-forward cache shows who was signed in when it went there.
  addEventListener("pageshow", (event) => event.persisted && start());
  element("enter").href = signInURL;
  start();
})();
