import { Authsignal } from "authsignal-wasm";
import * as api from "example-shared/api.js";
import { dataOf, explain } from "example-shared/explain.js";
import { METHODS, clock, grouped, isOpen } from "example-shared/format.js";
import { qrCode } from "example-shared/qr.js";

const WINDOW_SECONDS = 600;

const authsignal = new Authsignal({
  tenantId: "local",
  baseUrl: document.querySelector("meta[name=authsignal-url]").content,
  onBindingChange: () => showWindow(),
  // The server's clock decides: what it calls expired is worth nothing, whatever the time is here.
  onTokenExpired: () => authsignal.clearToken(),
});

const byId = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("main button")];

// ---- What the page shows --------------------------------------------------------------------------------------------

/** Who is signed in, as the backend knows it. */
async function refresh() {
  const { user, authenticators } = await api.session();
  byId("outside").hidden = Boolean(user);
  byId("inside").hidden = byId("sign-out").hidden = !user;
  byId("name").textContent = user?.username ?? "";
  byId("list").replaceChildren(
    ...authenticators.map((method) => Object.assign(document.createElement("li"), { textContent: METHODS[method] ?? method })),
  );
  showPairing();
  if (user) autofill?.abort();
  else offerAutofill();
}

/** The window: how long it is open still. */
function showWindow() {
  const { binding } = authsignal;
  const left = isOpen(binding) ? Math.ceil(binding.remainingMs / 1000) : 0;
  byId("time").textContent = clock(left);
  byId("left").setAttribute("stroke-dashoffset", 1 - Math.min(1, left / WINDOW_SECONDS));
  byId("left").style.display = left ? "" : "none";
  byId("window").textContent = left ? "The window is open" : "The window is closed";
  byId("hint").textContent = left
    ? "Until it closes, you may add an authenticator."
    : "Prove an authenticator that you have, and you may add another.";
  byId("ways").hidden = left > 0;
}

/** The authenticator app that is being added, or none. */
function showPairing(app) {
  byId("pairing").hidden = !app;
  byId("adding").hidden = Boolean(app);
  if (!app) return;
  const { size, path } = qrCode(app.uri);
  byId("qr").setAttribute("viewBox", `0 0 ${size} ${size}`);
  byId("qr").firstElementChild.setAttribute("d", path);
  byId("secret").textContent = grouped(app.secret);
  byId("code").value = "";
  byId("code").focus();
}

/** What went wrong, or nothing. Told to screen readers, too. */
function showProblem(problem) {
  for (const alert of document.querySelectorAll("[role=alert]")) {
    if (!problem) {
      alert.replaceChildren();
      continue;
    }
    const note = Object.assign(document.createElement("p"), { className: "problem", textContent: `${problem.sentence} ` });
    note.append(Object.assign(document.createElement("code"), { textContent: problem.code }));
    alert.replaceChildren(note);
  }
}

// ---- What the user does ---------------------------------------------------------------------------------------------

/** Runs one thing at a time, and tells what went wrong. */
async function run(work) {
  for (const button of buttons) button.disabled = true;
  showProblem();
  try {
    await work();
  } catch (error) {
    showProblem(explain(error));
    if (!byId("outside").hidden) offerAutofill();
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

const onClick = (id, work) => byId(id).addEventListener("click", () => run(work));
const onSubmit = (id, work) =>
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    run(work);
  });

async function signedIn(token) {
  await api.signIn(token);
  await refresh();
}

// Passkeys are offered in the field's autofill. A button ends that, and once it has failed they are offered again.
let autofill;
async function offerAutofill() {
  autofill?.abort();
  autofill = new AbortController();
  try {
    const { data } = await authsignal.passkey.signIn({ autofill: true, action: "signIn", signal: autofill.signal });
    if (data?.token) await run(() => signedIn(data.token));
  } catch {
    // Ended, or the browser has no autofill for passkeys: the button is there.
  }
}

onClick("sign-in", async () => {
  const { token } = dataOf(await authsignal.passkey.signIn({ action: "signIn" }));
  await signedIn(token);
});

onSubmit("sign-up", async () => {
  const username = byId("username").value.trim();
  // The backend's token is good for one thing: the first authenticator of a new user.
  const { token } = await api.signUp(username);
  authsignal.setToken(token);
  const created = dataOf(await authsignal.passkey.signUp({ username, authenticatorAttachment: null }));
  await signedIn(created.token);
});

// A verified challenge opens the window: the client keeps the token that it was answered with.
onClick("prove", async () => {
  const { token } = dataOf(await authsignal.passkey.signIn({ action: "prove" }));
  await signedIn(token);
});

// So does a token that the backend has issued for it.
onClick("ask", async () => authsignal.setToken((await api.tokenToAdd()).token));

// Inside the window, the next call needs no parameter.
onClick("add", async () => showPairing(dataOf(await authsignal.totp.enroll())));

onSubmit("confirm", async () => {
  const code = byId("code").value.replace(/\s/g, "");
  const { isVerified, failureReason } = dataOf(await authsignal.totp.verify({ code }));
  if (!isVerified) throw { errorCode: failureReason ?? "CODE_INVALID_OR_EXPIRED" };
  await refresh();
});

byId("cancel").addEventListener("click", () => showPairing());

onClick("sign-out", async () => {
  authsignal.clearToken();
  await api.signOut();
  await refresh();
});

// ---- Start ----------------------------------------------------------------------------------------------------------

showWindow();
setInterval(showWindow, 1000);
await run(refresh);
