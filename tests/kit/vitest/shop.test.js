// Example: an app's page under Vitest and jsdom, against a real server, with the passkey prompt in the test's hand.
import { screen } from "./screen.js";
import { ScriptedAuthenticator, startLocalServer } from "authsignal-wasm/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { shop } from "../shop.js";

let server;
let authenticator;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server.stop());

beforeEach(async () => {
  await server.reset();
  authenticator = new ScriptedAuthenticator().install();
  const { tenantId, baseUrl } = server;
  const backend = async (username) => (await server.track(username, "signUp", { username })).token;
  shop(document.body, { tenantId, baseUrl, backend });
});
afterEach(() => authenticator.uninstall());

test("a user signs up, signs in, and adds an authenticator app inside the window", async () => {
  screen.type("name", "anna");
  await screen.click("sign-up", "Welcome, anna");
  await screen.click("sign-in", "Hello again, anna");
  await screen.click("add-app", /^Scan otpauth:\/\/totp\//);
  expect((await server.authenticators("anna")).map((one) => one.verificationMethod)).toContain("PASSKEY");
});

test("a user who closes the prompt may try again", async () => {
  screen.type("name", "anna");
  authenticator.next("cancel");
  await screen.click("sign-up", "You closed the prompt. Try again?");
  await screen.click("sign-up", "Welcome, anna");
});

test("a signature that is wrong signs nobody in", async () => {
  await server.signedInUser({ userId: "otto", authenticator });
  authenticator.next("wrong signature");
  await screen.click("sign-in", "Not signed in: invalid_credential");
});

test("after ten minutes the window is closed", async () => {
  await server.signedInUser({ userId: "otto", username: "otto", authenticator });
  await screen.click("sign-in", "Hello again, otto");
  await server.clock.advance(601);
  await screen.click("add-app", "Not added: expired_token");
});
