// What the comment streams of Coral and of Talk 4 draw alike. Both put it in front of their own script.
"use strict";

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

// accountLine names who is signed in, and lets them out.
function accountLine(name, signOut) {
  return element("p", { class: "coral-account" },
    element("span", {}, "Commenting as ", element("strong", { "data-talk": "user" }, name)),
    element("button", { type: "button", class: "coral-link", "data-talk": "sign-out", onclick: signOut }, "Sign out"));
}

function commentForm(post) {
  const box = element("textarea", { id: "coral-comment", rows: "3", maxlength: "2000", required: "",
    "data-talk": "comment", placeholder: "What do you think?" });
  return inputForm("Your comment", box, element("button", { class: "coral-button", "data-talk": "post" }, "Post"), post);
}

// inputForm gives submit what was written, and empties the box where that says that all went well.
function inputForm(label, box, button, submit) {
  const form = element("form", { class: "coral-form" }, element("label", { for: box.id }, label), box, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true"; // a disabled button would lose the keyboard's place
    if (await submit(box.value)) box.value = "";
    form.ariaBusy = "false";
    if (form.isConnected) box.focus();
  });
  return form;
}

// replaceTop changes the controls; whoever was using one by keyboard goes on at the first of the new ones.
function replaceTop(top, ...children) {
  const focused = top.contains(document.activeElement);
  top.replaceChildren(...children);
  if (focused) (top.querySelector("textarea, input") ?? top.querySelector("button"))?.focus();
}
