import { element } from "./dom.js";
import { tokenName } from "./tokens.js";

/** Longer strings (keys, signatures, attestations) are cut: their bytes teach nothing. */
const LONGEST = 44;
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g;

let step = "account";

/** Runs `work`, and shows beneath the step of this name what goes over the wire meanwhile. */
export async function during(name, work) {
  step = name;
  return work();
}

/** Shows that the client called the page back. */
export function noteCallback(name) {
  add(step, element("li", { class: "callback", "data-callback": name }, `${name}() was called`));
}

/** What belongs to the steps; the rest is the page's own equipment. */
const SHOWN = /^\/(v1|demo|local)\//;

/** Watches `fetch` from here on. Must come before the first request; what the caller sees is untouched. */
export function tapFetch() {
  const original = globalThis.fetch;
  globalThis.fetch = async (...input) => {
    const request = new Request(...input);
    if (!SHOWN.test(new URL(request.url).pathname)) return original(request);
    const name = step;
    const sent = await request.clone().text();
    const response = await original(request);
    const got = await response.clone().text();
    add(name, entry(request, sent, response, got));
    return response;
  };
}

function entry(request, sent, response, got) {
  const { pathname, search } = new URL(request.url);
  const authorization = request.headers.get("Authorization");
  return element(
    "li",
    request.method === "GET" ? { "data-read": pathname } : {},
    element(
      "details",
      {},
      element(
        "summary",
        {},
        element("span", { class: "verb" }, request.method),
        " ",
        element("span", { class: "path" }, pathname + search),
        " ",
        element("span", { class: "status", "data-ok": response.ok }, String(response.status)),
      ),
      ...(authorization ? [element("p", {}, `Authorization: ${namesFor(authorization)}`)] : []),
      ...body("sent", sent),
      ...body("answered", got),
    ),
  );
}

function body(title, text) {
  if (!text) return [];
  return [element("p", {}, `${title}:`), element("pre", { tabindex: "0", "aria-label": title }, readable(text))];
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), (_, value) => (typeof value === "string" ? shorten(value) : value), 2);
  } catch {
    return shorten(text);
  }
}

function shorten(text) {
  const named = namesFor(text);
  return named.length > LONGEST && !named.includes(" ") ? `${named.slice(0, LONGEST)}…` : named;
}

/** Tokens by their short names: the trace of a session must not hold what would open it. */
function namesFor(text) {
  return text.replace(JWT, (token) => tokenName(token));
}

function add(name, item) {
  const panel = document.querySelector(`.wire[data-step="${name}"]`);
  if (!panel.firstChild) {
    panel.append(element("summary", {}, "On the wire ", element("span", { class: "count" })), element("ol"));
  }
  const list = panel.querySelector("ol");
  // Reading the same thing again tells nothing new.
  if (item.dataset.read && list.lastChild?.dataset.read === item.dataset.read) list.lastChild.remove();
  list.append(item);
  panel.querySelector(".count").textContent = String(list.childElementCount);
}
