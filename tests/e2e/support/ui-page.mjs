import { expect } from "@playwright/test";
import { generate } from "otplib";

/** Where the app waits for its user; no server stands behind it, the tests answer for it. */
export const APP = "http://localhost:4200";
export const ADDRESS = "ada@example.test";
export const PHONE = "+15550100123";

/** The pre-built UI, by what a person sees and does on it. */
export class UiPage {
  constructor(page, server) {
    this.page = page;
    this.server = server;
    this.heading = page.getByRole("heading", { level: 1 });
    this.note = page.locator("#note");
    this.left = page.getByRole("timer");
    this.listed = page.locator(".authenticators > li > strong");
    this.code = page.getByLabel("Code", { exact: true });
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** Tracks for `userId`, and opens the page at the URL that comes back. */
  async open(userId, attributes = {}) {
    const tracked = await this.server.track(userId, { redirectUrl: `${APP}/back?kept=1`, ...attributes });
    await this.page.route(`${APP}/**`, (route) => route.fulfill({ contentType: "text/html", body: "<title>The app</title>" }));
    await this.page.goto(tracked.url);
    await expect(this.heading).toBeVisible();
    return tracked;
  }

  /** Types the code that the newest message to `to` holds. */
  async enterSentCode(to = ADDRESS) {
    await expect(this.code).toBeVisible();
    await this.code.fill((await this.server.message(to)).code);
    await this.button("Confirm").click();
  }

  /** Pairs an authenticator app; answers its secret. */
  async pairApp() {
    await expect(this.page.locator(".secret")).toBeVisible();
    const secret = (await this.page.locator(".secret > span").allTextContents()).join("");
    await this.page.getByLabel("Enter the six digits").fill(await generate({ secret }));
    await this.button("Confirm").click();
    return secret;
  }

  /** Waits until the page has gone back to the app; answers the address. */
  async returned() {
    await this.page.waitForURL(`${APP}/**`);
    return new URL(this.page.url());
  }
}
