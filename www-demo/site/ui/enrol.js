// Adding an authenticator, by each of the methods.

import { element } from "../dom.js";
import { digits, elsewhere, wrongCode } from "./challenge.js";
import { dataOf } from "./session.js";
import { CODE_FIELD, button, copyButton, form, present, screen } from "./stage.js";
import { address, text } from "./texts.js";

/** Resolves with the method that was added, or with nothing if the user went back. `title` is the key of the heading. */
export async function enrol(page, title) {
  for (;;) {
    const method = await present((done) => choiceScreen(page, title, done));
    if (!method || (await enrolBy(page, method))) return method;
  }
}

/** Creates a passkey wherever the user wants to keep it: on this device, on another one, or on a key. */
export async function createPasskey({ authsignal, opened, session }) {
  const name = opened.user.username ?? opened.user.email ?? opened.user.userId;
  const data = dataOf(
    await authsignal.passkey.signUp({ username: name, displayName: name, authenticatorAttachment: null }),
  );
  if (data.token) await session.take(data.token);
}

/** Adds by this one method; resolves with whether it was added. */
function enrolBy(page, method) {
  return present((done, signal) => {
    page.whenExpired = undefined;
    const added = async (data) => {
      if (data.isVerified === false) throw wrongCode(data);
      if (data.token) await page.session.take(data.token);
      done(true);
    };
    const body = element("div", { tabindex: "-1" });
    const replace = (...nodes) => {
      body.replaceChildren(...nodes);
      // What was used is gone, and the focus with it.
      const field = body.querySelector("input");
      if (field) field.focus();
      else if (body.isConnected) body.focus();
    };
    replace(...DRIVERS[method](page, added, replace, signal));
    return screen(
      text(`method.${method}`),
      "",
      body,
      element("div", { class: "foot" }, button(text("back"), "quiet", () => done(false))),
    );
  });
}

function choiceScreen(page, title, done) {
  page.whenExpired = undefined;
  const canCreate = Boolean(globalThis.PublicKeyCredential);
  const methods = page.opened.methods.filter(
    (method) => method in DRIVERS && (canCreate || (method !== "PASSKEY" && method !== "SECURITY_KEY")),
  );
  return screen(
    text(title),
    text("enrol.why"),
    element(
      "ul",
      { class: "choices" },
      ...methods.map((method) =>
        element("li", {}, button(text(`method.${method}`), "choice", () => done(method), { "data-method": method })),
      ),
    ),
    element(
      "div",
      { class: "foot" },
      title === "enrol.first"
        ? button(text("quit"), "quiet", () => page.quit())
        : button(text("back"), "quiet", () => done()),
    ),
  );
}

/** What each method puts on the screen; `added(data)` ends it, `replace(...nodes)` goes on to its next part. */
const DRIVERS = {
  PASSKEY: (page, added) => [
    element("p", { class: "hint" }, text("passkey.hint")),
    button(text("passkey.add"), "primary wide", async () => {
      await createPasskey(page);
      await added({});
    }),
  ],

  SECURITY_KEY: ({ authsignal }, added) => [
    element("p", { class: "hint" }, text("security-key.hint")),
    button(text("security-key.add"), "primary wide", async () => added(dataOf(await authsignal.securityKey.enroll()))),
  ],

  AUTHENTICATOR_APP: ({ authsignal, start }, added, replace, signal) => {
    start(async () => {
      const { uri, secret } = dataOf(await authsignal.totp.enroll());
      // The encoder is as large as the rest of the page, and most visits never need it.
      const { qrCode } = await import("../qr.js");
      replace(
        element("p", {}, text("app.scan")),
        element("div", { class: "qr" }, qrCode(uri, text("app.qr"))),
        element("p", {}, text("app.by-hand")),
        element("p", { class: "secret", dir: "ltr" }, ...secret.match(/.{1,4}/g).map((group) => element("span", {}, group))),
        element(
          "p",
          { class: "row" },
          copyButton("app.copy", secret, "app.copied"),
          element("a", { class: "quiet", href: uri }, text("app.open")),
        ),
        form(text("code.app"), CODE_FIELD, text("code.confirm"), async (code) =>
          added(dataOf(await authsignal.totp.verify({ code: digits(code) }))),
        ),
      );
    }, signal);
    return [];
  },

  EMAIL_OTP: ({ authsignal, opened }, added, replace) =>
    byCode(authsignal.email, "email", emailField(opened), ["email.label", "email.send-code"], added, replace),

  SMS: ({ authsignal, opened }, added, replace) =>
    byCode(authsignal.sms, "phoneNumber", phoneField(opened), ["phone.label", "phone.send"], added, replace),

  // The client has no call for it: it is an enrolment of the phone number, whose code goes another way.
  WHATSAPP: ({ authsignal, opened, session }, added, replace) => {
    const channel = { enroll: ({ phoneNumber }) => session.enrolWhatsapp(phoneNumber), verify: authsignal.sms.verify };
    return byCode(channel, "phoneNumber", phoneField(opened), ["phone.label", "phone.send"], added, replace);
  },

  EMAIL_MAGIC_LINK: (page, added, replace, signal) => {
    const { emailML } = page.authsignal;
    return [
      form(text("email.label"), emailField(page.opened), text("email.send-link"), async (email) => {
        const send = async () => dataOf(await emailML.enroll({ email }));
        await send();
        let isSent = true;
        const ask = async () => {
          if (!isSent) await send();
          isSent = false;
          const result = await emailML.checkVerificationStatus({ signal });
          if (!signal.aborted) await added(dataOf(result));
        };
        const sent = [element("p", {}, text("link.sent", { to: address(email) }))];
        replace(elsewhere(page, { sent, wait: text("link.wait"), again: text("link.again") }, ask, signal));
      }),
    ];
  },
};

/** An address that gets a code. */
function byCode(channel, parameter, field, [label, action], added, replace) {
  return [
    form(text(label), field, text(action), async (to) => {
      dataOf(await channel.enroll({ [parameter]: to }));
      replace(
        element("p", {}, text("code.sent", { to: address(to) })),
        form(text("code.label"), CODE_FIELD, text("code.confirm"), async (code) =>
          added(dataOf(await channel.verify({ code: digits(code) }))),
        ),
      );
    }),
  ];
}

/** An address that the backend has given stands there already. */
function emailField({ user }) {
  return { type: "email", autocomplete: "email", dir: "ltr", value: user.email ?? "" };
}

function phoneField({ user }) {
  return { type: "tel", autocomplete: "tel", dir: "ltr", value: user.phoneNumber ?? "" };
}
