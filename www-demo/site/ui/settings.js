// The list of what the user has: add, rename, remove.

import { element } from "../dom.js";
import { challengeable } from "./authenticators.js";
import { enrol } from "./enrol.js";
import { button, copyButton, form, present, say, screen } from "./stage.js";
import { address, language, text } from "./texts.js";

/** Resolves when the user is done. */
export async function settings(page) {
  let said = [];
  for (;;) {
    page.whenExpired = undefined;
    const authenticators = (await page.insist(() => page.session.authenticators())).filter((one) => one.verifiedAt);
    page.enrolled = challengeable(authenticators, page.opened);
    const shown = present((done) => settingsScreen(page, authenticators, done));
    say(...said);
    const outcome = await shown;
    said = [];
    if (outcome === "done") return;
    if (outcome === "codes") await recoveryCodes(page);
    if (outcome === "add") {
      const method = await enrol(page, "enrol.title");
      if (method) said = ["done", text("settings.added", { name: text(`method.${method}`) })];
    }
    if (outcome?.said) said = ["done", outcome.said];
  }
}

/** New recovery codes, shown once. */
export async function recoveryCodes(page) {
  const codes = await page.insist(() => page.session.newRecoveryCodes());
  await present((done) => {
    const shown = screen(
      text("codes.title"),
      text("codes.why"),
      element("ul", { class: "codes", dir: "ltr" }, ...codes.map((code) => element("li", {}, code))),
      copyButton("codes.copy", codes.join("\n"), "codes.copied"),
      button(text("codes.saved"), "primary wide", () => done()),
    );
    // Gone by a key pressed in passing, they would be lost.
    shown.dataset.stays = "";
    return shown;
  });
}

/** What a person calls this authenticator. */
function nameOf({ displayName, webauthnCredential, email, phoneNumber, verificationMethod }) {
  const to = email ?? phoneNumber;
  return (
    displayName ??
    webauthnCredential?.aaguidMapping?.name ??
    (to ? address(to) : text(`method.${verificationMethod}`))
  );
}

function settingsScreen(page, authenticators, done) {
  const isLast = authenticators.length === 1;
  return screen(
    text("settings.title"),
    "",
    element("ul", { class: "authenticators" }, ...authenticators.map((one) => item(page, one, isLast, done))),
    ...(isLast ? [element("p", { class: "hint" }, text("settings.last"))] : []),
    ...(page.session.may("add") ? [button(text("settings.add"), "primary wide", () => done("add"))] : []),
    element(
      "div",
      { class: "foot" },
      ...(page.opened.recoveryCodes && page.session.may("add") && page.session.may("update")
        ? [button(text("settings.codes"), "quiet", () => done("codes"))]
        : []),
      button(text("settings.done"), "quiet", () => done("done")),
    ),
  );
}

function item(page, authenticator, isLast, done) {
  const { userAuthenticatorId, verificationMethod, verifiedAt } = authenticator;
  const name = nameOf(authenticator);
  const node = element("li", { "data-method": verificationMethod });
  const since = new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(verifiedAt));
  const method = text(`method.${verificationMethod}`);

  const rest = (focus) => {
    node.replaceChildren(
      element("strong", {}, name),
      element("span", { class: "hint" }, ...(name === method ? [] : [`${method} · `]), text("settings.since", { date: since })),
      element(
        "span",
        { class: "row" },
        ...(page.session.may("update")
          ? [button(text("rename"), "quiet", rename, { "aria-label": text("rename.which", { name }) })]
          : []),
        ...(page.session.may("remove") && !isLast
          ? [button(text("remove"), "quiet", remove, { "aria-label": text("remove.which", { name }) })]
          : []),
      ),
    );
    if (focus) node.querySelector(`[aria-label="${CSS.escape(focus)}"]`)?.focus();
  };
  const cancel = (which) => button(text("cancel"), "quiet", () => rest(which), { "data-cancel": "" });

  const rename = () => {
    node.replaceChildren(
      form(text("rename.label"), { value: authenticator.displayName ?? "", maxlength: "64", autocomplete: "off" }, text("save"), async (typed) => {
        await page.session.rename(userAuthenticatorId, typed);
        done({ said: text("settings.renamed") });
      }),
      cancel(text("rename.which", { name })),
    );
    node.querySelector("input").select();
  };
  const remove = () => {
    node.replaceChildren(
      element("strong", { tabindex: "-1" }, text("remove.ask", { name })),
      element("span", { class: "hint" }, text("remove.warning")),
      element(
        "span",
        { class: "row" },
        button(text("remove"), "danger", async () => {
          await page.session.remove(userAuthenticatorId);
          done({ said: text("settings.removed", { name }) });
        }),
        cancel(text("remove.which", { name })),
      ),
    );
    node.querySelector("strong").focus();
  };

  rest();
  return node;
}
