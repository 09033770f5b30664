import { byId, element } from "/dom.js";
import { backend } from "/backend.js";

const LOOK_EVERY = 1500;

const NAMES = { email: "E-mail", sms: "Text message", whatsapp: "WhatsApp", push: "Push" };

/** What is on the page already: a list that did not change is not drawn anew under the reader's hands. */
let drawn = "";

function time(iso) {
  const local = new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return element("time", { datetime: iso }, local);
}

function copyButton(text) {
  const button = element("button", { type: "button", class: "quiet" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    byId("announcer").textContent = "Copied.";
    button.textContent = "Copied";
  });
  return button;
}

/** The link of a mail, if it is one that a browser may follow: what a user was named is no address to trust. */
function link(url) {
  const { protocol } = new URL(url);
  const isWeb = protocol === "http:" || protocol === "https:";
  return isWeb ? element("a", { href: url, target: "_blank", rel: "noopener" }, "Open the link") : url;
}

function facts(rows) {
  const known = rows.filter(([, value]) => value);
  return element("dl", { class: "facts" }, ...known.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function message({ kind, to, createdAt, code, url, userId, challengeId }) {
  const parts = [];
  if (code) parts.push(element("div", { class: "row" }, element("p", { class: "sent-code" }, code), copyButton(code)));
  if (url) parts.push(element("div", { class: "row" }, link(url), copyButton(url)));
  return element(
    "li",
    { class: "entry" },
    element("p", { class: "entry-top" }, element("span", { class: "kind" }, NAMES[kind] ?? kind), `to ${to}`, time(createdAt)),
    ...parts,
    facts([
      ["User", userId],
      ["Challenge", challengeId],
    ]),
  );
}

function webhook({ type, state, attempts, outcome, createdAt, event }) {
  const said = element("span", { class: "state", "data-state": state }, state);
  return element(
    "li",
    { class: "entry" },
    element("p", { class: "entry-top" }, element("span", { class: "kind" }, "Webhook"), element("code", {}, type), said, time(createdAt)),
    facts([
      ["User", event.data?.userId],
      ["Attempts", attempts ? String(attempts) : ""],
      ["Answer", outcome],
    ]),
    element("details", {}, element("summary", {}, "The event"), element("pre", { tabindex: "0" }, JSON.stringify(event, null, 2))),
  );
}

function draw({ messages, webhooks }) {
  const wanted = byId("wanted").value.trim().toLowerCase();
  const all = [
    ...messages.map((one) => ({ one, make: message })),
    ...webhooks.map((one) => ({ one, make: webhook })),
  ];
  const shown = all.filter(({ one }) => JSON.stringify(one).toLowerCase().includes(wanted));
  // A stable sort: of one moment, what came last stays above.
  shown.reverse().sort((a, b) => b.one.createdAt.localeCompare(a.one.createdAt));
  const text = JSON.stringify(shown);
  if (text === drawn) return;
  drawn = text;
  byId("entries").replaceChildren(...shown.map(({ one, make }) => make(one)));
  byId("empty").hidden = all.length > 0;
}

async function look() {
  const trouble = byId("trouble");
  try {
    draw(await backend("/local/outbox"));
    trouble.hidden = true;
  } catch (error) {
    trouble.textContent = `The outbox cannot be read: ${error.message}`;
    trouble.hidden = false;
  }
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, LOOK_EVERY);
}

byId("wanted").addEventListener("input", look);
document.addEventListener("visibilitychange", () => document.hidden || look());
watch();
