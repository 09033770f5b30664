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

  /** Types the code that the newest message to `to` holds; answers the message. */
  async enterSentCode(to = ADDRESS) {
    await expect(this.code).toBeVisible();
    const message = await this.server.message(to);
    await this.code.fill(message.code);
    await this.button("Confirm").click();
    return message;
  }

  /** Opens the link that the newest message holds in a tab of its own, and confirms it there as a person does. */
  async confirmSentLink(to = ADDRESS) {
    await expect(this.page.locator(".waiting")).toBeVisible();
    const mail = await this.page.context().newPage();
    await mail.goto((await this.server.message(to)).url);
    await mail.getByRole("button").click();
  }

  /** Pairs an authenticator app; answers its secret. */
  async pairApp() {
    const secret = await this.appSecret();
    await this.enterAppCode(secret);
    return secret;
  }

  /** The secret as the page spells it, without the spaces between its groups. */
  async appSecret() {
    await expect(this.page.locator(".secret")).toBeVisible();
    const groups = await this.page.locator(".secret > span").allTextContents();
    expect(groups.every((group) => group.length === 4), "groups of four").toBe(true);
    return groups.join("");
  }

  /** The code that an authenticator app shows for `secret` in so many seconds from now. */
  appCode(secret, secondsAhead = 0) {
    return generate({ secret, epoch: Date.now() / 1000 + secondsAhead });
  }

  async enterAppCode(secret, secondsAhead) {
    await this.page.getByLabel("Enter the six digits").fill(await this.appCode(secret, secondsAhead));
    await this.button("Confirm").click();
  }

  /** Waits until the page has gone back to the app; answers the address. */
  async returned() {
    await this.page.waitForURL(`${APP}/**`);
    return new URL(this.page.url());
  }
}
