// The end of Coral's own sign-in window: the token goes to the page that opened it, if that is one of Coral's own or listed.
"use strict";

const fragment = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
const accessToken = fragment.get("accessToken");

if (accessToken && window.opener) {
  for (const origin of document.body.dataset.origins.split(" ")) window.opener.postMessage({ accessToken }, origin);
  window.close();
} else {
  document.getElementById("notice").textContent = fragment.get("error") ?? "This window has lost the page that opened it.";
}
