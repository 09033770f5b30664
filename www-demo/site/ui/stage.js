// The one place where screens stand: building blocks, messages, and one way to run what a button does.

import { byId, element } from "../dom.js";
import { text } from "./texts.js";

const stage = byId("screen");

/**
 * Shows a screen and waits for its outcome. `build(done, signal)` makes the screen's node; `signal` is aborted as soon
 * as the screen is over, so that whatever waits behind it ends.
 */
export function present(build) {
  const over = new AbortController();
  return new Promise((resolve) => {
    const done = (outcome) => {
      over.abort();
      resolve(outcome);
    };
    say();
    put([build(done, over.signal)]);
  });
}

/** Takes the screen that stands aside, as it is, typed text included; the answer puts it back. */
export function setAside() {
  const kept = [...stage.childNodes];
  const focused = document.activeElement;
  return () => {
    put(kept);
    if (stage.contains(focused)) focused.focus();
  };
}

function put(nodes) {
  const isFirst = stage.ariaBusy === "true";
  stage.replaceChildren(...nodes);
  stage.ariaBusy = "false";
  const heading = stage.querySelector("h1");
  document.title = heading.textContent;
  // Nobody has pressed a key yet: a ring around the first heading would only puzzle.
  heading.focus(isFirst ? { focusVisible: false } : {});
}

/** A screen: a heading that takes the focus, a sentence, what there is to do. */
export function screen(title, why, ...content) {
  return element("section", {}, element("h1", { tabindex: "-1" }, title), ...(why ? [element("p", {}, why)] : []), ...content);
}

/** A button that runs `work`; `kind` is `primary`, `quiet` or empty. */
export function button(label, kind, work, attributes = {}) {
  const node = element("button", { type: "button", class: kind, ...attributes }, label);
  node.addEventListener("click", () => run(node, work));
  return node;
}

/** A form with one field and a button; `work` gets what was typed. */
export function form(label, field, action, work) {
  const input = element("input", { id: "field", name: "field", required: "", "aria-describedby": "note", ...field });
  const submit = element("button", { class: "primary" }, action);
  const node = element(
    "form",
    { novalidate: "" },
    element("label", { for: "field" }, label),
    element("div", { class: "row" }, input, submit),
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = input.value.trim();
    if (!typed) return input.focus();
    run(submit, async () => {
      await work(typed);
      if (node.isConnected) input.select();
    });
  });
  return node;
}

/** The field of a one-time code. */
export const CODE_FIELD = { class: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "8", dir: "ltr" };

/**
 * Set by the page: what Escape does where no question is open; an open one it takes back. A screen that is marked
 * `data-stays` is left by its own button alone.
 */
export function onEscape(handler) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
    const question = event.target.closest("li") ?? stage;
    const cancel = question.querySelector("[data-cancel]") ?? stage.querySelector("[data-cancel]");
    if (cancel) cancel.click();
    else if (!stage.querySelector("[data-stays]")) handler();
  });
}

/** Set by the page: what happens to an error that a button's work did not handle itself. */
let complain;
export function onComplaint(handler) {
  complain = handler;
}

async function run(node, work) {
  if (node.ariaBusy === "true") return;
  node.ariaBusy = "true";
  say();
  try {
    await work();
  } catch (error) {
    await complain(error);
  } finally {
    node.ariaBusy = "false";
  }
}

/** Says a sentence below the screen: `done`, `info` or `refused`; nothing at all empties it. */
export function say(kind = "", sentence = "") {
  const note = byId("note");
  note.dataset.kind = kind;
  note.textContent = sentence;
  // Below a long screen on a small one, it would be said to nobody.
  if (sentence) note.scrollIntoView({ block: "nearest" });
}

/** A button that copies `secret`, and says so. */
export function copyButton(label, secret, copied) {
  return button(text(label), "quiet", async () => {
    await navigator.clipboard.writeText(secret);
    say("info", text(copied));
  });
}
