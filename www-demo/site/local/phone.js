import { byId, element } from "/dom.js";
import { BackendError, backend } from "/backend.js";
import { credentials, forget, generate, inQuery, keep, sign } from "./keys.js";

const LOOK_EVERY = 1000;
const TEN_MINUTES = 600_000;
const TENANT = document.querySelector("meta[name=tenant]").content;

/** Challenges that are on the page, by id. */
const asked = new Map();

/** A call of the client API, as an app makes it. */
async function api(path, { method = "POST", body, token, signature } = {}) {
  const headers = {
    "Content-Type": "application/json",
    Authorization: token ? `Bearer ${token}` : `Basic ${btoa(`${TENANT}:`)}`,
  };
  if (signature) headers["X-Authsignal-Signature"] = signature;
  const response = await fetch(`/v1/client${path}`, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new BackendError(response.status, answer);
  return answer;
}

function say(text) {
  byId("announcer").textContent = text;
}

/** Runs what a button or a form asks for, and shows what went wrong. */
async function attempt(work) {
  const trouble = byId("trouble");
  trouble.hidden = true;
  try {
    await work();
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}

// ---- Users ----

async function pair(userId) {
  const { token } = await backend("/local/track", { userId, action: "addPhone", scope: "add:authenticators" });
  for (const kind of ["push", "qr-code"]) {
    const keys = await generate();
    const body = { publicKey: keys.publicKey, deviceName: "Simulated phone", devicePlatform: "web" };
    const added = await api(`/user-authenticators/${kind}`, { token, body });
    await keep({ ...keys, kind, userId, userAuthenticatorId: added.userAuthenticatorId });
  }
  say(`${userId} is on this phone.`);
}

async function unpair(userId) {
  const { now } = await backend("/local/clock");
  const message = `${Math.floor(Date.parse(now) / TEN_MINUTES)}.0`;
  for (const credential of (await credentials()).filter((one) => one.userId === userId)) {
    const body = { publicKey: credential.publicKey, signature: await sign(credential, message) };
    try {
      await api(`/user-authenticators/${credential.kind}/remove`, { body });
    } catch (error) {
      // It is gone already, with its user.
      if (error.code !== "invalid_credential") throw error;
    }
    await forget(credential);
  }
  say(`${userId} was removed.`);
}

async function drawUsers() {
  const names = [...new Set((await credentials()).map((one) => one.userId))];
  byId("users").replaceChildren(
    ...names.map((userId) => {
      const remove = element("button", { type: "button", class: "quiet" }, "Remove");
      remove.addEventListener("click", () => attempt(() => unpair(userId)).then(drawUsers));
      return element("li", { class: "entry row" }, element("strong", {}, userId), "push and QR code", remove);
    }),
  );
}

// ---- Questions ----

function question({ credential, challengeId, title, facts, hasNumber }) {
  const rows = facts.filter(([, value]) => value);
  const list = rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]);
  const number = element("input", { class: "code", inputmode: "numeric", autocomplete: "off", id: `number-${challengeId}` });
  const numberRow = element("div", {}, element("label", { for: number.id }, "The number on the screen"), number);
  const approve = element("button", { type: "button", class: "primary" }, "Approve");
  const deny = element("button", { type: "button" }, "Deny");
  const entry = element(
    "li",
    { class: "entry" },
    element("p", { class: "entry-top" }, element("span", { class: "kind" }, title)),
    element("dl", { class: "facts" }, ...list),
    ...(hasNumber ? [numberRow] : []),
    element("div", { class: "row" }, approve, deny),
  );
  const answer = (approved) =>
    attempt(async () => {
      const verificationCode = hasNumber ? number.value.trim() : null;
      const signature = await sign(credential, challengeId);
      const body = { publicKey: credential.publicKey, challengeId, signature, approved, verificationCode };
      const { isVerified } = await api(`/user-authenticators/${credential.kind}/challenge`, { body });
      say(isVerified ? "Approved." : "Denied.");
      put(challengeId, undefined);
      if (approved && !isVerified) throw new Error("The number was not the one on the screen: that is a denial.");
    });
  approve.addEventListener("click", () => answer(true));
  deny.addEventListener("click", () => answer(false));
  put(challengeId, entry);
}

/** Puts a question on the page, or takes it away. */
function put(challengeId, entry) {
  asked.get(challengeId)?.remove();
  if (entry) {
    asked.set(challengeId, entry);
    byId("asked").append(entry);
  } else {
    asked.delete(challengeId);
  }
  byId("idle").hidden = asked.size > 0;
}

/** The push challenge that waits for a credential, asked for as the SDKs do: with a signature over a fresh message. */
async function pending(credential) {
  const { message } = await api(`/user-authenticators/push/challenge/sign?${inQuery(credential)}`, { body: {} });
  const signature = await sign(credential, message);
  return api(`/user-authenticators/push/challenge?${inQuery(credential)}`, { method: "GET", signature });
}

async function look() {
  for (const credential of (await credentials()).filter((one) => one.kind === "push")) {
    const found = await pending(credential).catch((error) => {
      // The user is gone, with all that was theirs.
      if (error.code === "invalid_credential") return {};
      throw error;
    });
    for (const [challengeId, entry] of asked) {
      const isOver = entry.dataset.key === credential.publicKey && challengeId !== found.challengeId;
      if (isOver) put(challengeId, undefined);
    }
    if (!found.challengeId || asked.has(found.challengeId)) continue;
    question({
      credential,
      challengeId: found.challengeId,
      title: `Is it you, ${found.userId}?`,
      facts: [
        ["Action", found.actionCode],
        ["Address", found.ipAddress],
        ["Browser", found.userAgent],
      ],
      hasNumber: found.custom?.numberMatch !== undefined,
    });
    asked.get(found.challengeId).dataset.key = credential.publicKey;
    say(`Asked: is it you, ${found.userId}?`);
  }
}

async function watch() {
  if (!document.hidden) {
    // A server that is away for a moment is no trouble to show: the next look tells.
    await look().catch(() => {});
  }
  setTimeout(watch, LOOK_EVERY);
}

// ---- QR codes ----

async function scan(challengeId) {
  const phones = (await credentials()).filter((one) => one.kind === "qr-code");
  if (phones.length === 0) throw new Error("Add a user to this phone first.");
  let refusal;
  for (const credential of phones) {
    const body = { publicKey: credential.publicKey, challengeId, signature: await sign(credential, challengeId) };
    try {
      const claimed = await api("/user-authenticators/qr-code/challenge/claim", { body });
      const facts = [
        ["Action", claimed.actionCode],
        ["Details", claimed.custom && JSON.stringify(claimed.custom)],
        ["Address", claimed.ipAddress],
      ];
      question({ credential, challengeId, title: `Sign in as ${credential.userId}?`, facts, hasNumber: false });
      say("Scanned.");
      return;
    } catch (error) {
      // The code may be for another user of this phone.
      if (error.code !== "invalid_credential") throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function onSubmit(id, field, work) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    const value = byId(field).value.trim();
    attempt(async () => {
      await work(value);
      byId(field).value = "";
    }).then(drawUsers);
  });
}

onSubmit("pair", "user", pair);
onSubmit("scan", "code", scan);
drawUsers();
watch();
