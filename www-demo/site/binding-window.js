import { byId, svg } from "./dom.js";
import { serverTime } from "./server-clock.js";
import { tokenName } from "./tokens.js";

/** From here on the window counts as closing soon: long enough to finish typing a code. */
const ENDING_SECONDS = 120;
/** Remaining seconds at which the time is spoken; every second would drown everything else. */
const SPOKEN_SECONDS = [300, 120, 60, 30];

/**
 * The binding window, drawn as one: shutters that open, and light that sinks with the time that is left. It shows what
 * the token in hand would be worth to the server right now.
 */
export class BindingWindow {
  #read;
  #held;
  #end;
  #length = 0;
  #serverAhead = 0;
  #state = "closed";
  #left = 0;
  #light;

  /** `read` answers the client's `binding`. */
  constructor(read) {
    this.#read = read;
    this.#light = drawWindow(byId("window-picture"));
    this.#render();
    setInterval(() => this.#render(), 1000);
  }

  /** The client holds this newer token; `why` says in a few words where it comes from. */
  async take(token, why) {
    this.#held = { why, name: tokenName(token) };
    await this.update();
  }

  /** Looks at the server's clock again, and at the client's window. */
  async update() {
    this.#serverAhead = (await serverTime()) - Date.now();
    const { expiresAt } = this.#read();
    // A token minted by an enrolment ends with the window that allowed it: the light must not jump back to full.
    if (expiresAt !== this.#end) this.#length = this.#secondsTo(expiresAt);
    this.#end = expiresAt;
    this.#render();
  }

  #secondsTo(moment) {
    return Math.max(0, Math.ceil((Date.parse(moment) - Date.now() - this.#serverAhead) / 1000));
  }

  #render() {
    const { state, left, label, why, token } = this.#look();
    const time = state === "open" || state === "ending" ? clock(left) : "";

    for (const id of ["window", "bar"]) byId(id).dataset.state = state;
    setText("window-time", time || "closed");
    setText("window-why", why);
    setText("bar-label", label);
    setText("bar-time", time);
    setText("bar-token", token);

    const share = time ? Math.min(1, left / this.#length) : 0;
    this.#light(share);
    byId("bar-fill").setAttribute("width", 100 * share);

    this.#announce(state, left, label);
    this.#state = state;
    this.#left = left;
  }

  #look() {
    const closed = { state: "closed", left: 0, label: "Binding window closed" };
    if (!this.#held) return { ...closed, why: "No token in hand. Sign in to open it.", token: "no token in hand" };

    const { why, name } = this.#held;
    const { expiresAt, scopes } = this.#read();
    const left = this.#secondsTo(expiresAt);
    if (left === 0) {
      return {
        ...closed,
        state: "ended",
        label: "Binding window has closed",
        why: "Its time is over. Sign in to open it again.",
        token: `${name} · expired`,
      };
    }
    const token = `${name} · ${rights(scopes)}`;
    if (!scopes.includes("add:authenticators")) return { ...closed, why, token };
    return { state: left <= ENDING_SECONDS ? "ending" : "open", left, label: "Binding window open", why, token };
  }

  #announce(state, left, label) {
    const isOpen = state === "open" || state === "ending";
    const wasOpen = this.#state === "open" || this.#state === "ending";
    const spoken = SPOKEN_SECONDS.find((seconds) => this.#left > seconds && left <= seconds);
    if (isOpen && (!wasOpen || spoken)) setText("announcer", `${label}: ${inWords(left)} left.`);
    if (!isOpen && wasOpen) setText("announcer", `${label}.`);
  }
}

/** Writes only what changed, so that screen readers are not told the same thing every second. */
function setText(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function inWords(seconds) {
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
}

function rights(scopes) {
  const words = scopes.map((scope) => scope.replace(":authenticators", ""));
  return words.length ? `may ${words.join(", ")}` : "without a scope";
}

/** Draws the window into `picture`; the answer sets how much light is left, from 0 to 1. */
function drawWindow(picture) {
  const arch = "M40 276V120a90 90 0 0 1 180 0v156z";
  const light = svg("rect", { class: "light", x: 40, width: 180 });
  const shutter = (side, x) =>
    svg(
      "g",
      { class: `shutter ${side}` },
      svg("path", {
        class: "panel",
        d: side === "left" ? "M40 276V120a90 90 0 0 1 90-90v246z" : "M220 276V120a90 90 0 0 0-90-90v246z",
      }),
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((slat) =>
        svg("path", { class: "slat", d: `M${x} ${126 + slat * 18}h58` }),
      ),
    );
  picture.append(
    svg("defs", {}, svg("clipPath", { id: "arch" }, svg("path", { d: arch }))),
    svg("g", { "clip-path": "url(#arch)" }, svg("path", { class: "night", d: arch }), light),
    svg("path", { class: "bars", d: "M130 30v246M40 120h180M40 172h180M40 224h180" }),
    shutter("left", 56),
    shutter("right", 146),
    svg("path", { class: "frame", d: arch }),
    svg("rect", { class: "sill", x: 22, y: 276, width: 216, height: 12, rx: 3 }),
  );
  return (share) => {
    light.setAttribute("y", 276 - 246 * share);
    light.setAttribute("height", 246 * share);
  };
}
