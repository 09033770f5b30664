// Proving an authenticator that is already there, by each of the methods.

import { element } from "../dom.js";
import { Refused, dataOf } from "./session.js";
import { CODE_FIELD, button, form, present, say, screen } from "./stage.js";
import { address, text } from "./texts.js";

const RECOVERY_FIELD = { class: "code", autocapitalize: "none", autocomplete: "off", spellcheck: "false", dir: "ltr" };
const POLL_MILLISECONDS = 1500;

/**
 * The methods that can be proven, best first: the first that the user has is asked for unless they choose another.
 * WhatsApp is there only if it was the last way to the phone number.
 */
const ORDER = [
  "PASSKEY",
  "SECURITY_KEY",
  "PUSH",
  "AUTHENTICATOR_APP",
  "EMAIL_OTP",
  "EMAIL_MAGIC_LINK",
  "WHATSAPP",
  "SMS",
  "RECOVERY_CODE",
];

/**
 * Resolves once the user has proven one of their methods; the session then holds the token of the open window.
 * `enrolled` maps each method that they have to where its messages go.
 */
export async function challenge(page, enrolled) {
  const methods = ORDER.filter((method) => enrolled.has(method));
  let method = methods[0];
  for (;;) {
    const outcome = await present((done, signal) => challengeScreen(page, method, methods, enrolled, done, signal));
    if (outcome === "verified") {
      page.whenExpired = undefined;
      return;
    }
    if (outcome === "other") method = (await present((done) => waysScreen(page, methods, done))) ?? method;
  }
}

function waysScreen(page, methods, done) {
  return screen(
    text("ways.title"),
    text("ways.one"),
    element(
      "ul",
      { class: "choices" },
      ...methods.map((method) =>
        element("li", {}, button(text(`method.${method}`), "choice", () => done(method), { "data-method": method })),
      ),
    ),
    element("div", { class: "foot" }, button(text("back"), "quiet", () => done())),
  );
}

function challengeScreen(page, method, methods, enrolled, done, signal) {
  // The token can end before anything was proven; with a fresh one the same screen starts over.
  page.whenExpired = () => done("again");
  const verified = async (data) => {
    if (!data.isVerified) throw wrongCode(data);
    await page.session.take(data.token);
    done("verified");
  };
  return screen(
    text("challenge.title"),
    text("challenge.why"),
    ...DRIVERS[method](page, verified, enrolled.get(method), signal),
    element(
      "div",
      { class: "foot" },
      ...(methods.length > 1 ? [button(text("other"), "quiet", () => done("other"))] : []),
      button(text("quit"), "quiet", () => page.quit()),
    ),
  );
}

/** What each method puts on the screen; `verified(data)` ends it. */
const DRIVERS = {
  PASSKEY: ({ authsignal, session }, verified) => [
    element("p", { class: "hint" }, text("passkey.hint")),
    button(text("passkey.use"), "primary wide", async () =>
      verified(dataOf(await authsignal.passkey.signIn({ token: session.token }))),
    ),
  ],

  SECURITY_KEY: ({ authsignal }, verified) => [
    element("p", { class: "hint" }, text("security-key.hint")),
    button(text("security-key.use"), "primary wide", async () => verified(dataOf(await authsignal.securityKey.verify()))),
  ],

  AUTHENTICATOR_APP: ({ authsignal }, verified) => [
    form(text("code.app"), CODE_FIELD, text("code.confirm"), async (code) =>
      verified(dataOf(await authsignal.totp.verify({ code: digits(code) }))),
    ),
  ],

  EMAIL_OTP: (page, verified, to, signal) => sentCode(page.authsignal.email, page, verified, to, signal),
  SMS: (page, verified, to, signal) => sentCode(page.authsignal.sms, page, verified, to, signal),
  WHATSAPP: (page, verified, to, signal) => sentCode(page.authsignal.whatsapp, page, verified, to, signal),

  EMAIL_MAGIC_LINK: (page, verified, to, signal) => {
    const { emailML } = page.authsignal;
    const ask = async () => {
      dataOf(await emailML.challenge());
      const result = await emailML.checkVerificationStatus({ signal });
      if (!signal.aborted) await verified(dataOf(result));
    };
    const sent = [element("p", {}, text("link.sent", { to: address(to) }))];
    return [elsewhere(page, { sent, wait: text("link.wait"), again: text("link.again") }, ask, signal)];
  },

  PUSH: (page, verified, _, signal) => {
    const { authsignal, opened } = page;
    const ask = async () => {
      const { challengeId } = dataOf(await authsignal.push.challenge({ action: opened.action.actionCode }));
      for (;;) {
        await pause(POLL_MILLISECONDS, signal);
        if (signal.aborted) return;
        const data = await patient(() => authsignal.push.verify({ challengeId }));
        if (signal.aborted) return;
        if (data?.isVerified) return verified(data);
        // Which ends the action, too: no other method could prove anything to it.
        if (data?.isConsumed) return page.end("error.push_denied", "push.declined");
      }
    };
    const number = opened.action.numberMatch;
    const sent = [
      element("p", {}, text("push.sent")),
      ...(number ? [element("p", {}, text("push.number")), element("p", { class: "number" }, number)] : []),
    ];
    return [elsewhere(page, { sent, wait: text("push.wait"), again: text("push.again") }, ask, signal)];
  },

  RECOVERY_CODE: ({ session }, verified) => [
    form(text("code.recovery"), RECOVERY_FIELD, text("code.confirm"), async (code) =>
      verified(await session.verifyRecoveryCode(code)),
    ),
  ],
};

/** A code that is sent as soon as the screen stands. */
function sentCode(channel, { start }, verified, to, signal) {
  start(async () => dataOf(await channel.challenge()), signal);
  return [
    element("p", {}, text("code.sent", { to: address(to) })),
    form(text("code.label"), CODE_FIELD, text("code.confirm"), async (code) =>
      verified(dataOf(await channel.verify({ code: digits(code) }))),
    ),
    button(text("code.again"), "quiet", async () => {
      dataOf(await channel.challenge());
      say("info", text("code.sent-again"));
    }),
  ];
}

/**
 * What is done on another device. The page shows what has been `sent`, and that it waits; if that comes to nothing, it
 * waits no more and offers to `ask` again.
 */
export function elsewhere({ start }, { sent, wait, again }, ask, signal) {
  const node = element("div", { tabindex: "-1" });
  const begin = () => {
    node.replaceChildren(...sent, element("p", { class: "waiting" }, wait));
    start(async () => {
      try {
        await ask();
      } catch (error) {
        node.replaceChildren(
          button(again, "primary wide", () => {
            begin();
            node.focus();
          }),
        );
        throw error;
      }
    }, signal);
  };
  begin();
  return node;
}

/** The data of an answer that is asked for again and again: nothing while there is no connection. */
async function patient(call) {
  const result = await call();
  return result.errorCode === "network_error" ? undefined : dataOf(result);
}

/** Codes are often pasted with spaces. */
export function digits(code) {
  return code.replaceAll(/\s/g, "");
}

/** A verification that failed, in the shape of a refusal. */
export function wrongCode({ failureReason = "CODE_INVALID_OR_EXPIRED" }) {
  return new Refused({ errorCode: failureReason });
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
