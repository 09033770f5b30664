import { expect } from "@playwright/test";
import jsQR from "jsqr";
import { generate } from "otplib";
import { PNG } from "pngjs";

/** The demo page, by what a person sees and does on it. */
export class DemoPage {
  constructor(page, authenticator) {
    this.page = page;
    this.authenticator = authenticator;
    const button = (name) => page.getByRole("button", { name });
    this.signUpButton = button("Create passkey");
    this.signInButton = button("Sign in with a passkey");
    this.addButton = button("Add, inside the window");
    this.addWithTokenButton = button("Add, with a backend token");
    this.code = page.getByLabel("The six digits that the app shows");
    this.confirmButton = button("Confirm");
    this.clockButton = button("Move the clock 10 minutes");
    this.pairing = page.locator("#pairing");
    this.windowTime = page.getByRole("timer");
    this.listed = page.locator("#authenticators > li > strong");
  }

  /** What the step of this name (account, sign-in, app, attack) says about how it went. */
  note(step) {
    return this.page.locator(`#${step}-note`);
  }

  /** The button of one of the attempts to get around the rule. */
  attempt(heading) {
    return this.page.locator(".attempts > li").filter({ hasText: heading }).getByRole("button", { name: "Try it" });
  }

  /** How often the client has called the page back under this name. */
  callbacks(name) {
    return this.page.locator(`[data-callback="${name}"]`);
  }

  async open() {
    await this.page.goto("/");
    await this.started();
  }

  /** The last that the page's script does at its start is to show this button. */
  async started() {
    await expect(this.page.getByRole("button", { name: "Reset", exact: true })).toBeVisible();
  }

  async reload() {
    await this.page.reload();
    await this.started();
  }

  /** Creates an account with its first passkey; answers what the backend said: `{userId, username, token}`. */
  async signUp(username = "ada") {
    await this.page.getByLabel("User name").fill(username);
    const answer = this.page.waitForResponse("**/demo/sign-up");
    await this.signUpButton.click();
    const account = await (await answer).json();
    await expect(this.note("account")).toContainText("The account has its passkey.");
    return account;
  }

  async signIn() {
    await this.signInButton.click();
    await expect(this.note("sign-in")).toContainText("has opened the window.");
  }

  async signOut() {
    const loaded = this.page.waitForEvent("load");
    await this.page.getByRole("button", { name: "Sign out" }).click();
    await loaded;
    await this.started();
  }

  /** The secret as the page spells it, without the spaces between its groups. */
  async secret() {
    await expect(this.pairing).toBeVisible();
    const groups = await this.page.locator("#secret > span").allTextContents();
    expect(groups.slice(0, -1).every((group) => group.length === 4), "groups of four").toBe(true);
    return groups.join("");
  }

  /** The QR code as a camera would read it: from the pixels of the screen. */
  async scannedUri() {
    const { data, width, height } = PNG.sync.read(await this.page.locator("#qr").screenshot());
    const found = jsQR(new Uint8ClampedArray(data), width, height);
    expect(found, "a QR code on the screen").not.toBeNull();
    return new URL(found.data);
  }

  /** Types the code that an authenticator app shows for `secret` in so many seconds from now. */
  async confirmCode(secret, secondsAhead = 0) {
    await this.code.fill(await generate({ secret, epoch: Date.now() / 1000 + secondsAhead }));
    await this.confirmButton.click();
  }
}
