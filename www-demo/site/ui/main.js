import { byId, element } from "../dom.js";
import { query } from "./address.js";
import { challengeable } from "./authenticators.js";
import { challenge } from "./challenge.js";
import { configuration, showBrand } from "./configuration.js";
import { createPasskey, enrol } from "./enrol.js";
import { Exit } from "./exit.js";
import { Refused, Session } from "./session.js";
import { recoveryCodes, settings } from "./settings.js";
import { button, onComplaint, onEscape, present, say, screen, setAside } from "./stage.js";
import { hasText, speak, text } from "./texts.js";

const BASE_URL = `${location.origin}/v1`;
/** Remaining seconds at which the time is spoken. */
const SPOKEN_SECONDS = [300, 120, 60];

const session = new Session(configuration.tenantId, BASE_URL, () => showTimeLeft());
const exit = new Exit(query.get("mode") === "popup");

/** What all screens share. */
const page = {
  authsignal: session.authsignal,
  session,
  /** What the server said this page is to do. */
  opened: undefined,
  /** The methods that the user can prove. */
  enrolled: new Map(),
  /** Set by a screen that has its own way to go on with a fresh token; otherwise the user proves again. */
  whenExpired: undefined,
  quit: () => leave(),
  end: (reason, title) => end(reason, title),
  /** Runs what a screen begins by itself; of a screen that is over nothing is said any more. */
  start: (work, signal) => work().catch((error) => signal.aborted || complain(error)),
  /** Asks for what there is no screen without: again when there is a connection, or the user has proven themselves. */
  insist: async (ask) => {
    for (;;) {
      try {
        return await connected(ask);
      } catch (error) {
        if (error.code !== "expired_token") throw error;
        if (!(await expired())) throw OVER;
      }
    }
  },
};

/** Thrown where nothing can be done here any more, and the page says so already. */
const OVER = new Error("The time of this page is over.");

async function begin() {
  showBrand();
  document.body.dataset.popup = exit.isPopup;
  await speak(navigator.languages, configuration.texts);
  if (exit.isPopup) new ResizeObserver(() => exit.resized(Math.ceil(byId("card").offsetHeight))).observe(byId("card"));

  const token = query.get("token");
  if (!token) return end("error.no-token");
  await session.take(token);
  try {
    page.opened = await connected(() => session.open());
  } catch (error) {
    report(error);
    return end(hasText(`error.${error.code}`) ? `error.${error.code}` : "error.no-token");
  }
  const { action } = page.opened;
  if (action.redirectUrl) exit.redirectUrl = action.redirectUrl;
  if (action.locale) await speak([action.locale, ...navigator.languages], configuration.texts);
  setInterval(() => {
    showTimeLeft();
    if (!isOver && session.may("add") && session.left === 0) expired();
  }, 1000);

  exit.ready();
  try {
    await visit();
  } catch (error) {
    if (error === OVER) return;
    report(error);
    return end("error.other", undefined, { description: error.message });
  }
  leave();
}

/** Asks, as often as it takes while there is no connection. */
async function connected(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error.code !== "network_error") throw error;
      const asked = present((done) =>
        screen(text("error.offline"), text("error.network_error"), button(text("again"), "primary wide", () => done())),
      );
      exit.ready();
      await asked;
    }
  }
}

/** The whole visit, from the first screen to the last. */
async function visit() {
  const { action, user, promptToEnroll = [] } = page.opened;
  const maySkip = ["add", "update", "remove"].some((operation) => session.may(operation));

  if (user.isEnrolled) {
    page.enrolled = challengeable(await page.insist(() => session.authenticators()), page.opened);
    if (!(action.redirectToSettings && maySkip)) await challenge(page, page.enrolled);
  } else {
    await enrol(page, "enrol.first");
    if (page.opened.recoveryCodes) await recoveryCodes(page);
  }
  if (action.redirectToSettings) return settings(page);
  if (!user.isEnrolled) return;
  if (query.get("force_enrollment") === "true") await enrol(page, "enrol.title");
  else if (promptToEnroll.includes("PASSKEY") && !page.enrolled.has("PASSKEY")) await uplift();
}

/** A passkey, offered after a challenge by something weaker. */
async function uplift() {
  page.whenExpired = undefined;
  await present((done) =>
    screen(
      text("uplift.title"),
      text("uplift.why"),
      button(text("passkey.add"), "primary wide", async () => {
        await createPasskey(page);
        done();
      }),
      element("div", { class: "foot" }, button(text("later"), "quiet", () => done())),
    ),
  );
}

// ---- The end of the time -------------------------------------------------------------------------------------------

let spokenAt = Infinity;

function showTimeLeft() {
  const { left } = session;
  const isOpen = session.may("add") && left > 0;
  byId("left").hidden = !isOpen;
  if (!isOpen) return;

  byId("left").textContent = text("left", { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` });
  const due = SPOKEN_SECONDS.find((seconds) => left <= seconds && left > seconds - 5 && seconds < spokenAt);
  if (due) {
    spokenAt = due;
    byId("announcer").textContent = due > 60 ? text("left.spoken", { minutes: due / 60 }) : text("left.last-minute");
  }
}

let renewing;

/**
 * The token has ended: with a fresh one the user proves again, and finds the screen as they left it. Resolves with
 * whether there is a fresh one.
 */
function expired() {
  renewing ??= renew().finally(() => {
    renewing = undefined;
  });
  return renewing;
}

async function renew() {
  const putBack = setAside();
  try {
    await connected(() => session.renew());
  } catch (error) {
    report(error);
    end("error.expired_token");
    return false;
  }
  spokenAt = Infinity;
  if (page.whenExpired) {
    page.whenExpired();
    return true;
  }
  // Nobody has a method yet that could be proven: the fresh token may add the first one, as the old one might.
  if (page.enrolled.size > 0) {
    const proven = challenge(page, page.enrolled);
    say("info", text("left.over"));
    await proven;
  }
  putBack();
  return true;
}

// ---- What goes wrong -----------------------------------------------------------------------------------------------

/** What the opener need not hear of: what the user may put right here, and what never reached the API. */
const UNREPORTED = [
  "CODE_INVALID_OR_EXPIRED",
  "MAX_ATTEMPTS_EXCEEDED",
  "network_error",
  "challenge_expired",
];

function report({ code, status }) {
  if (!UNREPORTED.includes(code)) exit.failed(code, status);
}

async function complain(error) {
  if (error instanceof Refused) {
    if (error.code === "expired_token") return expired();
    report(error);
    return say(
      "refused",
      hasText(`error.${error.code}`) ? text(`error.${error.code}`) : text("error.other", { description: error.message }),
    );
  }
  if (error.code === "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED") return say("refused", text("error.known-device"));
  if (error.name === "NotAllowedError" || error.name === "AbortError") return say("refused", text("error.cancelled"));
  if (!globalThis.PublicKeyCredential) return say("refused", text("error.unsupported"));
  say("refused", text("error.other", { description: error.message }));
}

// ---- The way out ---------------------------------------------------------------------------------------------------

/** Hands the token in hand back. If there is nobody to take it, the page says that it is over. */
function leave() {
  if (!exit.leave(session.token)) present(() => screen(text("done.title"), text("done.why")));
}

let isOver = false;

/** Nothing can be done here any more. */
function end(reason, title = "error.title", values = {}) {
  isOver = true;
  present(() =>
    screen(
      text(title),
      text(reason, values),
      ...(session.token ? [button(text("continue"), "primary wide", () => leave())] : []),
    ),
  );
  exit.ready();
}

// Last, so that all of the above is there when the first answer comes.
onComplaint(complain);
onEscape(() => exit.mayEscape && leave());
await begin();
