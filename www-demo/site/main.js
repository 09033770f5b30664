import { Authsignal } from "/pkg/index.js";
import { BackendError, backend } from "./backend.js";
import { BindingWindow } from "./binding-window.js";
import { byId, element } from "./dom.js";
import { explainAnswer, explainThrown, explainWrongCode } from "./explain.js";
import { qrCode } from "./qr.js";
import { isMovable } from "./server-clock.js";
import { tokenName } from "./tokens.js";
import { during, noteCallback, tapFetch } from "./wire.js";

tapFetch();

const authsignal = new Authsignal({
  tenantId: "local",
  baseUrl: `${location.origin}/v1`,
  onTokenExpired: () => noteCallback("onTokenExpired"),
  onBindingChange: () => bindingWindow.update(),
});
const bindingWindow = new BindingWindow(() => authsignal.binding);

const METHODS = { PASSKEY: "Passkey", AUTHENTICATOR_APP: "Authenticator app" };
const SCOPE = "add:authenticators";
/** The action under which this page asks the backend for tokens. */
const ACTION = "manageAuthenticators";

/** The element in which each step tells how it went. */
const NOTES = {
  account: "account-note",
  "sign-in": "sign-in-note",
  app: "app-note",
  prebuilt: "prebuilt-note",
  attack: "attack-note",
};

let user = null;

/** An answer that said no, on its way to the note of the step. */
class Refused extends Error {
  constructor(answer) {
    super(answer.errorDescription);
    this.answer = answer;
  }
}

/** The data of a result, or `Refused`. */
function dataOf(result) {
  if ("error" in result) throw new Refused(result);
  return result.data;
}

// ---- The steps -----------------------------------------------------------------------------------------------------

onSubmit("account-form", "account", async () => {
  const username = byId("username").value.trim();
  if (!user && !username) {
    byId("username").focus();
    return say("account", "refused", { what: "Choose a user name first.", next: "Any will do." });
  }
  // After a cancelled ceremony the account exists without an authenticator, so the second try needs a token only.
  const { token } = user ? await backend("/demo/token", { action: ACTION }) : await signUpUser(username);
  authsignal.setToken(token);
  await bindingWindow.take(token, "This token may add the first authenticator, once.");

  const data = dataOf(
    await authsignal.passkey.signUp({
      username: user.username,
      displayName: user.username,
      // Wherever the user wants to keep it: some desktops have no authenticator built in.
      authenticatorAttachment: null,
    }),
  );
  await bindingWindow.take(data.token, "Opened by the account’s first authenticator.");
  say("account", "done", {
    what: "The account has its passkey.",
    next: "As the first authenticator it has opened the window, too. Signing in opens a fresh one.",
  });
});

async function signUpUser(username) {
  const { token, ...created } = await backend("/demo/sign-up", { username });
  showUser(created);
  return { token };
}

onClick("sign-in", "sign-in", async () => {
  const data = dataOf(await authsignal.passkey.signIn({ action: "signIn" }));
  await bindingWindow.take(data.token, "Opened by the passkey you have just proven.");
  const session = await backend("/demo/sign-in", { token: data.token });
  showUser(session.user);
  byId("step-sign-in").dataset.done = true;
  say("sign-in", "done", {
    what: `Welcome back, ${user.username}. Your passkey has opened the window.`,
    next: `The client has swapped its token for ${tokenName(data.token)}.`,
  });
});

onClick("enroll", "app", async () => {
  showSnippet("window");
  await beginPairing();
});

onClick("enroll-backend", "app", async () => {
  showSnippet("backend");
  const { token } = await backend("/demo/token", { action: ACTION, scope: SCOPE });
  authsignal.setToken(token);
  await bindingWindow.take(token, "Granted by the backend, without a challenge.");
  await beginPairing();
});

async function beginPairing() {
  byId("pairing").hidden = true;
  const { uri, secret } = dataOf(await authsignal.totp.enroll());
  byId("qr").replaceChildren(qrCode(uri, "QR code for the authenticator app"));
  byId("secret").replaceChildren(...secret.match(/.{1,4}/g).map((group) => element("span", {}, group)));
  byId("open-app").href = uri;
  byId("copy").onclick = async () => {
    await navigator.clipboard.writeText(secret);
    say("app", "info", { what: "The key is in the clipboard.", next: "Clear it when your app has it." });
  };
  byId("code").value = "";
  byId("pairing").hidden = false;
  byId("pairing-title").focus();
  say("app", "info", { what: "Not added yet.", next: "It counts once a code has shown that your app has the key." });
}

onSubmit("code-form", "app", async () => {
  const code = byId("code").value.replaceAll(/\s/g, "");
  const data = dataOf(await authsignal.totp.verify({ code }));
  if (!data.isVerified) {
    byId("code").select();
    return say("app", "refused", explainWrongCode(data.failureReason));
  }
  if (data.token) await bindingWindow.take(data.token, "Still the same window: adding never prolongs it.");
  byId("pairing").hidden = true;
  say("app", "done", { what: "The authenticator app is added.", next: "Find it in the list below." });
  byId("list-title").focus();
});

byId("pairing-cancel").addEventListener("click", () => {
  byId("pairing").hidden = true;
  say("app", "info", { what: "Not added.", next: "An app that has not shown a code does not count." });
  byId("enroll").focus();
});

for (const mode of ["popup", "window", "redirect"]) {
  onClick(`launch-${mode}`, "prebuilt", async () => {
    const { url } = await backend("/demo/token", { action: ACTION, settings: true });
    const result = await authsignal.launch(url, { mode });
    // By redirect the page is gone by now; what comes back is taken at the next start.
    if (mode !== "redirect") await comeBack(result.token);
  });
}

/** The pre-built page has handed a token back; what it is worth, the backend asks the server. */
async function comeBack(token) {
  if (!token) return say("prebuilt", "info", { what: "Closed.", next: "Nothing was proven, and nothing was changed." });
  const session = await backend("/demo/sign-in", { token }).catch((error) => error);
  if (session instanceof BackendError) {
    const next = "The token that came back proves nothing, and nothing was changed.";
    return say("prebuilt", "refused", { what: "Back, without a proof.", next, code: session.code, description: session.message });
  }
  authsignal.setToken(token);
  await bindingWindow.take(token, "Opened by the proof on the pre-built page.");
  showUser(session.user);
  say("prebuilt", "done", { what: "Back, with a proof.", next: "The token that came back works here, too." });
}

// ---- The attempts --------------------------------------------------------------------------------------------------

onClick("attempt-neither", "attack", async () => {
  const { token } = await backend("/demo/token", { action: ACTION });
  authsignal.setToken(token);
  await bindingWindow.take(token, "The token in hand has neither a challenge nor a scope behind it.");
  await attempt();
});

onClick("attempt-old-token", "attack", async () => {
  const { token } = await backend("/demo/token", { action: ACTION });
  const challenged = dataOf(await authsignal.passkey.signIn({ token }));
  say("attack", "info", { what: `${tokenName(challenged.token)} could add now.`, next: `Trying with ${tokenName(token)}.` });
  authsignal.setToken(token);
  await bindingWindow.take(token, "The token in hand is older than the challenge.");
  await attempt();
});

onClick("attempt-late", "attack", attempt);

async function attempt() {
  dataOf(await authsignal.totp.enroll());
  // Reached in a window that is still open: honest, and harmless, since an unverified app does not count.
  say("attack", "info", { what: "That was allowed:", next: "the window is still open. Move the clock first." });
}

onClick("clock", "attack", async () => {
  const { now } = await backend("/local/clock", { advanceSeconds: 600 });
  await bindingWindow.update();
  say("attack", "info", { what: `On the server it is ${new Date(now).toLocaleTimeString()} now.`, next: "The window has closed." });
});

// ---- The session ---------------------------------------------------------------------------------------------------

onClick("sign-out", "sign-in", async () => {
  await backend("/demo/sign-out", {});
  startOver();
});

onClick("reset", "attack", async () => {
  await backend("/local/reset", {});
  startOver();
});

/** A fresh page is the surest way to let go of every token. */
function startOver() {
  user = null;
  location.reload();
}

function showUser(next) {
  user = next;
  byId("session").hidden = !user;
  byId("session-name").textContent = user?.username ?? "";
  byId("username").disabled = Boolean(user);
  byId("username").value = user?.username ?? "";
}

async function showAuthenticators() {
  const { authenticators } = user ? await backend("/demo/authenticators") : { authenticators: [] };
  const verified = authenticators.filter((authenticator) => authenticator.verifiedAt);
  byId("authenticators").replaceChildren(...verified.map(authenticatorItem));
  byId("sign-up").disabled = verified.length > 0;
  byId("step-account").dataset.done = verified.length > 0;
  byId("step-app").dataset.done = verified.some((authenticator) => authenticator.verificationMethod === "AUTHENTICATOR_APP");
  byId("list-note").textContent = verified.length ? "" : user ? "No authenticator yet." : "Nobody is signed in.";
}

function authenticatorItem({ verificationMethod, verifiedAt, userAuthenticatorId }) {
  return element(
    "li",
    { "data-method": verificationMethod },
    element("strong", {}, METHODS[verificationMethod] ?? verificationMethod),
    element("time", { datetime: verifiedAt }, `since ${new Date(verifiedAt).toLocaleTimeString()}`),
    element("code", {}, userAuthenticatorId.slice(0, 13)),
  );
}

function showSnippet(name) {
  byId("code-window").hidden = name !== "window";
  byId("code-backend").hidden = name !== "backend";
}

// ---- One way to run a step -----------------------------------------------------------------------------------------

function onClick(id, step, work) {
  byId(id).addEventListener("click", () => run(byId(id), step, work));
}

function onSubmit(id, step, work) {
  const form = byId(id);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(form.querySelector("button"), step, work);
  });
}

/** Runs `work` once at a time, tells how it went in the step's note, and brings the list up to date. */
async function run(button, step, work) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  say(step, "", {});
  try {
    await during(step, work);
  } catch (error) {
    say(step, "refused", error instanceof Refused ? explainAnswer(error.answer) : explainThrown(error));
  } finally {
    button.ariaBusy = "false";
  }
  await during("list", showAuthenticators);
}

/** Kinds: `done`, `info`, `refused`, or none for an empty note. */
function say(step, kind, { what, next, code, description }) {
  const note = byId(NOTES[step]);
  note.dataset.kind = kind;
  note.replaceChildren(
    ...(what ? [element("strong", {}, what), " ", next] : []),
    ...(code ? [element("span", { class: "answer" }, element("code", {}, code), " ", description ?? "")] : []),
  );
}

// ---- Start ---------------------------------------------------------------------------------------------------------

await during("list", async () => {
  const session = await backend("/demo/session");
  showUser(session.user);
  await showAuthenticators();
});

const returned = new URLSearchParams(location.search).get("token");
if (returned) {
  history.replaceState(null, "", location.pathname);
  await run(byId("launch-redirect"), "prebuilt", () => comeBack(returned));
}

// The clock and the reset exist in the server's local mode only.
byId("attempt-late-item").hidden = byId("reset").hidden = !(await isMovable());

if (!globalThis.PublicKeyCredential) {
  byId("unsupported").textContent = "This browser has no passkeys (WebAuthn). The page needs one that has.";
  byId("unsupported").hidden = false;
} else if (location.hostname !== "localhost") {
  const here = new URL(location.href);
  here.hostname = "localhost";
  byId("unsupported").replaceChildren(
    "Passkeys are bound to a name, here localhost. ",
    element("a", { href: here.href }, "Open this page at localhost"),
  );
  byId("unsupported").hidden = false;
}
