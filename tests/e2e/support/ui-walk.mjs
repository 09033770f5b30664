import { expect } from "@playwright/test";
import { Mouse } from "./hands.mjs";
import { Phone } from "./phone.mjs";
import { ADDRESS, PHONE } from "./ui-page.mjs";
import { plugIn } from "./virtual-authenticator.mjs";

const ALL_SCOPES = "add:authenticators update:authenticators remove:authenticators";

/**
 * Takes the pre-built UI through all of its screens, in whatever language, and calls `visit(name)` on each. The fixtures
 * are the test's: `{ui, request}`; `hands` do what a person does.
 */
export async function walkUi(fixtures, visit, hands = new Mouse()) {
  const walk = new Walk(fixtures, visit, hands);
  await walk.throughEnrolment();
  await walk.throughChallenges();
  await walk.throughSettings();
  await walk.throughEndings();
}

// Not by what the buttons say: the walk is made in every language.
class Walk {
  constructor({ ui, request }, visit, hands) {
    Object.assign(this, { ui, page: ui.page, server: ui.server, request, visit, hands });
  }

  press(selector, key) {
    return this.hands.press(this.page.locator(selector).first(), key);
  }

  type(text, selector = "input") {
    return this.hands.type(this.page.locator(selector), text);
  }

  choose(method) {
    return this.press(`.choice[data-method=${method}]`, "Space");
  }

  back() {
    return this.press(".foot button:last-child");
  }

  /** Waits for what marks a screen, and visits it. */
  async at(selector, name) {
    await expect(this.page.locator(selector).first()).toBeVisible();
    if (name) await this.visit(name);
  }

  async throughEnrolment() {
    const { server, ui } = this;
    await ui.open("grace", { username: "grace" });
    await this.at(".choices", "enrol-first");
    for (const [method, mark] of [
      ["PASSKEY", "button.wide"],
      ["SECURITY_KEY", "button.wide"],
      ["SMS", "input[type=tel]"],
      ["WHATSAPP", "input[type=tel]"],
      ["EMAIL_OTP", "input[type=email]"],
      ["EMAIL_MAGIC_LINK", "input[type=email]"],
    ]) {
      await this.choose(method);
      await this.at(mark, `enrol-${method.toLowerCase()}`);
      const [to, sent] = { EMAIL_OTP: ["grace@example.test", "input.code"], EMAIL_MAGIC_LINK: [ADDRESS, ".waiting"] }[method] ?? [];
      if (to) {
        await this.type(to);
        await this.press("form button");
        await this.at(sent, `enrol-${method.toLowerCase()}-sent`);
      }
      await this.back();
    }
    await this.choose("AUTHENTICATOR_APP");
    await this.at(".qr svg", "enrol-authenticator_app");
    await this.type("000000");
    await this.press("form button");
    await this.at(".note[data-kind=refused]", "enrol-wrong-code");
    await this.type(await ui.appCode(await ui.appSecret()));
    await this.press("form button");
    await this.at(".codes", "recovery-codes");
    await this.press("button.wide");
    await ui.returned();

    await ui.open("grace");
    await this.at("input.code", "challenge-authenticator_app");
    await server.reset();
  }

  async throughChallenges() {
    const { page, server, ui } = this;
    for (const [verificationMethod, mark, address] of [
      ["EMAIL_OTP", "input.code", { email: ADDRESS }],
      ["EMAIL_MAGIC_LINK", ".waiting", { email: ADDRESS }],
      ["SMS", "input.code", { phoneNumber: PHONE }],
      ["WHATSAPP", "input.code", { phoneNumber: PHONE }],
    ]) {
      const user = `user-${verificationMethod}`;
      await server.give(user, { verificationMethod, ...address });
      await ui.open(user);
      await this.at(mark, `challenge-${verificationMethod.toLowerCase()}`);
      if (verificationMethod !== "EMAIL_MAGIC_LINK") continue;
      await page.goto((await server.message(ADDRESS)).url);
      await this.at("button", "link");
      await this.press("button");
      await expect(page.locator("button")).toHaveCount(0);
      await this.at("h1", "link-confirmed");
    }
    for (const method of ["PASSKEY", "SECURITY_KEY"]) {
      if (method === "SECURITY_KEY") {
        await plugIn(page, { transport: "usb", hasResidentKey: false, hasUserVerification: false });
      }
      const user = `user-${method}`;
      await ui.open(user, { username: user });
      await this.choose(method);
      await this.press("button.wide");
      await this.at(".codes");
      await ui.open(user);
      await this.at("button.wide", `challenge-${method.toLowerCase()}`);
    }
    await this.press(".foot button");
    await this.choose("RECOVERY_CODE");
    await this.at("input.code", "challenge-recovery_code");

    const phone = new Phone(this.request);
    await phone.enrol((await server.track("user-PUSH", { scope: "add:authenticators" }, "addPhone")).token);
    await ui.open("user-PUSH", { custom: { numberMatch: "42" } });
    await this.at(".number", "challenge-push");
    await expect(async () => phone.answer(false, "42")).toPass();
    await this.at("button.wide", "challenge-push-declined");
    await this.press("button.wide");
    await ui.returned();

    await server.give("ada", { verificationMethod: "EMAIL_OTP", email: "walker@example.test" });
    await server.give("ada", { verificationMethod: "SMS", phoneNumber: PHONE });
    await ui.open("ada");
    await this.at("input.code");
    await server.message("walker@example.test");
    await this.press(".foot button");
    await this.at(".choices", "other-ways");
    await this.choose("EMAIL_OTP");
    await this.at("input.code");
    await this.type((await server.message("walker@example.test")).code);
    await this.press("form button");
    await this.at("button.wide", "passkey-offered");
  }

  async throughSettings() {
    const { page, server, ui } = this;
    await ui.open("ada", { redirectToSettings: true, scope: ALL_SCOPES });
    await this.at(".authenticators", "settings");
    await this.press(".authenticators li:first-child .quiet");
    await this.at("input", "rename");
    await page.keyboard.press("Escape");
    await this.at(".authenticators li:first-child strong");
    await expect(page.locator(".authenticators li:first-child .quiet").first()).toBeFocused();
    await this.press(".authenticators li:nth-child(2) .row .quiet:last-child");
    await this.at("button.danger", "remove");
    await this.press("button.danger");
    await this.at(".note[data-kind=done]", "settings-last");
    await this.press("button.wide");
    await this.at(".choices", "enrol");
    await server.advanceClock(600);
    await this.choose("AUTHENTICATOR_APP");
    await this.at("input.code", "window-over");
  }

  async throughEndings() {
    const { page, server, ui } = this;
    await ui.open("ada", { redirectUrl: undefined });
    await this.at("input.code");
    await this.back();
    await this.at("h1", "done");
    const { url } = await server.track("ada");
    await server.advanceClock(7200);
    await page.goto(url);
    await this.at("h1", "time-over");
    await page.goto("/ui/?x=1");
    await this.at("h1", "no-token");

    const tracked = await server.track("ada");
    await page.route("**/v1/client/ui", (route) => route.abort());
    await page.goto(tracked.url);
    await this.at("button.wide", "offline");
    await page.unroute("**/v1/client/ui");
    await this.press("button.wide");
    await this.at("input.code");
  }
}
