import { expect } from "@playwright/test";
import { ADDRESS, PHONE } from "./ui-page.mjs";

const PROVEN_BY = [
  ["EMAIL_OTP", { email: ADDRESS }],
  ["EMAIL_MAGIC_LINK", { email: ADDRESS }],
  ["SMS", { phoneNumber: PHONE }],
];

/** Takes the pre-built UI through all of its screens, in whatever language, and calls `visit(name)` on each. */
export async function walkUi(ui, visit, attributes = {}) {
  const { page, server } = ui;
  // Not by what the buttons say: the walk is made in every language.
  const press = (selector) => page.locator(selector).first().click();
  const choose = (method) => press(`.choice[data-method=${method}]`);
  const back = () => press(".foot button:last-child");
  const stands = (selector) => expect(page.locator(selector).first()).toBeVisible();

  await ui.open("grace", { username: "grace", ...attributes });
  await stands(".choices");
  await visit("first-choice");
  for (const [method, mark] of [
    ["PASSKEY", "button.wide"],
    ["SECURITY_KEY", "button.wide"],
    ["EMAIL_MAGIC_LINK", "input[type=email]"],
    ["SMS", "input[type=tel]"],
    ["EMAIL_OTP", "input[type=email]"],
  ]) {
    await choose(method);
    await stands(mark);
    await visit(`enrol-${method.toLowerCase()}`);
    if (method !== "EMAIL_OTP") await back();
  }
  await page.locator("input").fill("grace@example.test");
  await press("form button");
  await stands("input.code");
  await visit("enrol-email_otp-code");
  await back();
  await choose("AUTHENTICATOR_APP");
  await stands(".qr svg");
  await visit("enrol-authenticator_app");
  await page.locator("input.code").fill("000000");
  await press("form button");
  await stands(".note[data-kind=refused]");
  await visit("enrol-wrong-code");
  await choosePairedApp(ui);
  await stands(".codes");
  await visit("recovery-codes");
  await press("button.wide");
  await ui.returned();

  for (const [verificationMethod, address] of PROVEN_BY) {
    const user = `ada-${verificationMethod}`;
    await server.give(user, { verificationMethod, ...address });
    await ui.open(user, attributes);
    await stands(verificationMethod === "EMAIL_MAGIC_LINK" ? ".waiting" : "input.code");
    await visit(`challenge-${verificationMethod.toLowerCase()}`);
  }

  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await server.give("ada", { verificationMethod: "SMS", phoneNumber: PHONE });
  await ui.open("ada", attributes);
  await stands("input.code");
  await press(".foot button");
  await stands(".choices");
  await visit("other-ways");
  await choose("EMAIL_OTP");
  await stands("input.code");
  await page.locator("input.code").fill((await server.message(ADDRESS)).code);
  await press("form button");
  await stands("button.wide");
  await visit("uplift");

  await ui.open("ada", { ...attributes, redirectToSettings: true, scope: "add:authenticators update:authenticators remove:authenticators" });
  await stands(".authenticators");
  await visit("settings");
  await press(".authenticators li:first-child .quiet");
  await stands("input");
  await visit("rename");
  await press(".authenticators li:nth-child(2) .row .quiet:last-child");
  await stands("button.danger");
  await visit("remove");
  await server.advanceClock(600);
  await press("button.danger");
  await stands("input.code");
  await visit("window-over");

  await page.goto("/ui/?x=1");
  await stands("h1");
  await visit("no-token");
  await server.reset();
}

async function choosePairedApp({ page }) {
  const { generate } = await import("otplib");
  const secret = (await page.locator(".secret > span").allTextContents()).join("");
  await page.locator("input.code").fill(await generate({ secret }));
  await page.locator("form button").click();
}
