import { expect } from "@playwright/test";

/** Takes the demo page through all of its states, and calls `visit(name)` in each. */
export async function walk(demo, visit) {
  await demo.open();
  await visit("1-start");

  await demo.signUp();
  await visit("2-first-passkey");

  await demo.signIn();
  await visit("3-window-open");

  await demo.addButton.click();
  await expect(demo.pairing).toBeVisible();
  await visit("4-pairing");

  await demo.code.fill("000000");
  await demo.confirmButton.click();
  await expect(demo.note("app")).toContainText("CODE_INVALID_OR_EXPIRED");
  await visit("5-wrong-code");

  await demo.confirmCode(await demo.secret());
  await expect(demo.listed).toHaveCount(2);
  await visit("6-both-listed");

  await demo.attempt("With neither").click();
  await expect(demo.note("attack")).toContainText("insufficient_scope");
  await visit("7-refused");

  await demo.signIn();
  await demo.clockButton.click();
  await expect(demo.note("attack")).toContainText("On the server it is");
  await demo.addButton.click();
  await expect(demo.note("app")).toContainText("expired_token");
  for (const summary of await demo.page.locator(".wire > summary").all()) await summary.click();
  await demo.page.locator(".wire[data-step=app] li summary").first().click();
  await visit("8-window-closed");

  await demo.reload();
  await demo.authenticator.forget();
  await demo.signInButton.click();
  await expect(demo.note("sign-in")).toContainText("cancelled");
  await visit("9-cancelled");
}
