/** The examples as their readers run them, in a browser: the same in each framework, in development and as built. */
import jsQR from "jsqr";
import { generate } from "otplib";
import { PNG } from "pngjs";
import { examine } from "../e2e/support/looks.mjs";
import { test as base, expect } from "./support/test.mjs";

/** What a person sees and does. */
class Harbour {
  constructor(page, origin) {
    this.page = page;
    this.origin = origin;
    this.alert = page.getByRole("alert").filter({ visible: true });
    this.time = page.getByRole("timer");
    this.listed = page.getByRole("listitem");
    this.code = page.getByLabel("The six digits that the app shows");
  }

  open() {
    return this.page.goto(this.origin);
  }

  press(name) {
    return this.page.getByRole("button", { name, exact: true }).click();
  }

  /** Nothing has gone wrong. */
  isFine() {
    return expect(this.page.locator(".problem")).toHaveCount(0);
  }

  says(name) {
    return expect(this.page.getByRole("heading", { name, exact: true })).toBeVisible();
  }

  async signUp(username) {
    await this.page.getByLabel("User name").fill(username);
    await this.press("Create an account");
    await this.says(`Hello, ${username}`);
  }

  /** The secret that the QR code on the screen has. */
  async scan() {
    const picture = this.page.getByRole("img", { name: "QR code" });
    await expect(picture).toBeVisible();
    const { data, width, height } = PNG.sync.read(await picture.screenshot());
    const { searchParams } = new URL(jsQR(new Uint8ClampedArray(data), width, height).data);
    const typed = await this.page.locator("p.code").textContent();
    expect(typed.replaceAll(" ", "")).toBe(searchParams.get("secret"));
    return searchParams.get("secret");
  }

  async confirm(code) {
    await this.code.fill(code);
    await this.press("Confirm");
  }
}

const test = base.extend({
  harbour: async ({ page, origin, complaints, authsignalServer, virtualAuthenticator }, use) => {
    await use(new Harbour(page, origin));
    expect(complaints, "the page's console and errors").toEqual([]);
  },
});

test("a new user creates an account, and adds an authenticator app inside the window", async ({ harbour, authsignalServer, virtualAuthenticator }) => {
  await harbour.open();
  await harbour.signUp("ada");
  await harbour.says("The window is open");
  await expect(harbour.time).toHaveText(/^(10:00|9:\d\d)$/);
  await expect(harbour.listed).toHaveText(["Passkey"]);

  await harbour.press("Add an authenticator app");
  const secret = await harbour.scan();
  await expect(harbour.code).toBeFocused();
  await harbour.confirm("000000");
  await expect(harbour.alert).toContainText("CODE_INVALID_OR_EXPIRED");
  await harbour.confirm(await generate({ secret }));
  await expect(harbour.listed).toHaveText(["Passkey", "Authenticator app"]);
  await harbour.isFine();

  expect(await virtualAuthenticator.passkeys()).toHaveLength(1);
  const asked = await authsignalServer.requests();
  // Each once: a component that mounts twice asks for nothing twice.
  for (const path of ["/v1/client/user-authenticators/passkey", "/v1/client/user-authenticators/totp"]) {
    expect(asked.filter((request) => request.method === "POST" && request.path === path), path).toHaveLength(1);
  }
});

test("a user signs in by the button, after a prompt that was closed", async ({ page, harbour, signedInUser, virtualAuthenticator }) => {
  // Chromium answers an autofill request at once if there is a passkey, and its user touches it.
  await page.addInitScript(() => {
    globalThis.offers = 0;
    const { get } = CredentialsContainer.prototype;
    CredentialsContainer.prototype.get = function (options) {
      if (options.mediation === "conditional") globalThis.offers += 1;
      return get.call(this, options);
    };
  });
  const offered = (times) => page.waitForFunction((times) => globalThis.offers === times, times);
  const [passkey] = await virtualAuthenticator.passkeys();
  await virtualAuthenticator.forget();
  await harbour.open();
  await offered(1);
  await harbour.press("Sign in with a passkey");
  await expect(harbour.alert).toContainText("user_canceled");

  // In the autofill passkeys are offered again, which the button ends once more.
  await offered(2);
  await virtualAuthenticator.add({ ...passkey, signCount: passkey.signCount + 1 });
  await harbour.press("Sign in with a passkey");
  await harbour.says(`Hello, ${signedInUser.username}`);
  await harbour.says("The window is open");
});

test("a user signs in by the autofill, once", async ({ harbour, signedInUser, authsignalServer }) => {
  await harbour.open();
  await harbour.says(`Hello, ${signedInUser.username}`);
  await harbour.says("The window is open");
  const asked = await authsignalServer.requests();
  expect(asked.filter(({ path }) => path === "/v1/client/verify/passkey")).toHaveLength(1);
});

test("the window closes by the clock", async ({ page, harbour }) => {
  await page.clock.install();
  await harbour.open();
  await harbour.signUp("ada");
  await harbour.says("The window is open");
  await page.clock.fastForward(541_000);
  await expect(harbour.time).toHaveText(/^0:5\d$/);
  await page.clock.fastForward(60_000);
  await harbour.says("The window is closed");
  await expect(harbour.time).toHaveText("0:00");
});

test("what the server calls expired is told, and the passkey opens the window again", async ({ harbour, authsignalServer }) => {
  await harbour.open();
  await harbour.signUp("ada");
  await authsignalServer.clock.advance(601);
  await harbour.press("Add an authenticator app");
  await expect(harbour.alert).toContainText("expired_token");
  await harbour.says("The window is closed");

  await harbour.press("Prove your passkey");
  await harbour.says("The window is open");
  await harbour.isFine();
  await harbour.press("Add an authenticator app");
  await harbour.scan();
});

test("a session alone opens nothing, a token of the backend's does, and signing out ends both", async ({ page, harbour, virtualAuthenticator }) => {
  await harbour.open();
  await harbour.signUp("ada");
  // The token lives in memory.
  await page.reload();
  await harbour.says("Hello, ada");
  await harbour.says("The window is closed");
  await harbour.press("Add an authenticator app");
  await expect(harbour.alert).toContainText("token_not_set");
  await harbour.press("Ask the backend");
  await harbour.says("The window is open");
  await harbour.press("Add an authenticator app");
  await harbour.scan();
  await harbour.press("Cancel");

  await virtualAuthenticator.setUserPresent(false);
  await harbour.press("Sign out");
  await harbour.says("Come aboard");
  await page.reload();
  await harbour.says("Come aboard");
});

test("every state is clean under axe, and is pictured", async ({ page, harbour, authsignalServer, app }, info) => {
  const look = async (state) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await examine(page, info, `${app.name}-${app.mode}-${state}`, colorScheme);
    }
  };
  await harbour.open();
  await harbour.press("Create an account");
  await expect(harbour.alert).toContainText("invalid_username");
  await look("outside");
  await harbour.signUp("ada");
  await look("open");
  await harbour.press("Add an authenticator app");
  await harbour.scan();
  await look("pairing");
  await harbour.press("Cancel");
  await authsignalServer.clock.advance(601);
  await harbour.press("Add an authenticator app");
  await expect(harbour.alert).toContainText("expired_token");
  await look("closed");
});
