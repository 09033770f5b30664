// Example: an app's page under Playwright, with the fixtures of authsignal-wasm/testing.
import { test as base, expect } from "@playwright/test";
import { playwrightFixtures } from "authsignal-wasm/testing";
import { serveShop } from "./serve-shop.mjs";

const test = base.extend(playwrightFixtures()).extend({
  shop: async ({ page, authsignalServer }, use) => {
    const { origin, close } = await serveShop(authsignalServer);
    await page.goto(origin);
    await use({
      act: (button) => page.getByRole("button", { name: button }).click(),
      says: (text) => expect(page.getByRole("status")).toHaveText(text),
      named: (name) => page.getByLabel("Name").fill(name),
    });
    await close();
  },
});

test("a new user signs up with a passkey", async ({ virtualAuthenticator, shop, authsignalServer }) => {
  await shop.named("anna");
  await shop.act("Sign up");
  await shop.says("Welcome, anna");
  expect(await virtualAuthenticator.passkeys()).toHaveLength(1);
  expect(await authsignalServer.authenticators("anna")).toHaveLength(1);
});

test("a user who has a passkey signs in, and adds an authenticator app inside the window", async ({ signedInUser, shop }) => {
  await shop.act("Sign in");
  await shop.says(`Hello again, ${signedInUser.username}`);
  await shop.act("Add an authenticator app");
  await shop.says(/^Scan otpauth:\/\/totp\//);
});

test("after ten minutes the window is closed", async ({ signedInUser, shop, authsignalServer }) => {
  await shop.act("Sign in");
  await shop.says(`Hello again, ${signedInUser.username}`);
  await authsignalServer.clock.advance(601);
  await shop.act("Add an authenticator app");
  await shop.says("Not added: expired_token");
});

test("a user without the passkey is told so, and may try again", async ({ signedInUser, virtualAuthenticator, shop }) => {
  const [passkey] = await virtualAuthenticator.passkeys();
  await virtualAuthenticator.forget();
  await shop.act("Sign in");
  await shop.says("You closed the prompt. Try again?");
  await virtualAuthenticator.add({ ...passkey, signCount: passkey.signCount + 1 });
  await shop.act("Sign in");
  await shop.says(`Hello again, ${signedInUser.username}`);
});
