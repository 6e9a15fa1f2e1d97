// Coral's own page: it takes the token Coral's login leaves in the fragment, and out of the address bar.
"use strict";

const fragment = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
document.getElementById("notice").textContent = fragment.get("error") ?? "";

Coral.createStreamEmbed({
  id: "comments",
  rootURL: location.origin,
  accessToken: fragment.get("accessToken"),
  autoRender: true,
  events: (events) => events.on("loginPrompt", () => location.assign("/api/auth/oidc?redirectTo=/")),
});
