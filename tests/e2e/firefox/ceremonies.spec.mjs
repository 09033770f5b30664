import { expect, test as base } from "@playwright/test";
import { generate } from "otplib";
import { serveApp } from "../support/app-server.mjs";
import { Firefox } from "../support/firefox.mjs";
import { Server } from "../support/server.mjs";
import { ADDRESS } from "../support/ui-page.mjs";

const test = base.extend({
  server: async ({ request }, use) => {
    const server = new Server(request);
    await server.reset();
    await use(server);
  },
  firefox: async ({}, use) => {
    const firefox = await Firefox.start();
    await use(firefox);
    await firefox.stop();
  },
});

test("a proven passkey opens the window, and an authenticator app is added inside it", async ({ baseURL, firefox }) => {
  await firefox.goto(baseURL);
  await firefox.fill("username", "ada");
  await firefox.press("Create passkey");
  await expect.poll(() => firefox.text("#account-note")).toContain("The account has its passkey.");
  await firefox.press("Sign out");
  await expect.poll(() => firefox.text("#window-time")).toBe("closed");

  await firefox.press("Sign in with a passkey");
  await expect.poll(() => firefox.text("#window-time")).toMatch(/^(10:00|9:5\d)$/);
  await firefox.press("Add, inside the window");
  await expect.poll(() => firefox.text("#secret")).not.toBe("");
  const secret = (await firefox.text("#secret")).replaceAll(/\s/g, "");
  await firefox.fill("code", await generate({ secret }));
  await firefox.press("Confirm");
  await expect.poll(() => firefox.text("#authenticators")).toMatch(/Passkey[^]*Authenticator app/);
});

test("the key of an account that has one is not made twice", async ({ baseURL, firefox }) => {
  await firefox.goto(baseURL);
  await firefox.fill("username", "ada");
  await firefox.press("Create passkey");
  await expect.poll(() => firefox.text("#account-note")).toContain("The account has its passkey.");
  const thrown = await firefox.evaluate(`
    return (async () => {
      const { Authsignal } = await import("/pkg/index.js");
      const authsignal = new Authsignal({ tenantId: "local", baseUrl: location.origin + "/v1" });
      const response = await fetch("/demo/token", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ action: "manageAuthenticators", scope: "add:authenticators" }),
      });
      const { token } = await response.json();
      try {
        return await authsignal.passkey.signUp({ token, username: "ada", authenticatorAttachment: null });
      } catch ({ name, code }) {
        return { name, code };
      }
    })();
  `);
  expect(thrown).toEqual({ name: "InvalidStateError", code: "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED" });
});

test("in the pre-built UI a passkey is created, and proves its user", async ({ firefox, server }) => {
  const open = async () => firefox.goto((await server.track("ada", { redirectToSettings: true })).url);
  await open();
  await firefox.press("Passkey");
  await firefox.press("Create a passkey");
  await expect.poll(() => firefox.text("h1")).toBe("Save your recovery codes");
  expect(await server.methods("ada")).toEqual(["PASSKEY"]);

  await open();
  await firefox.press("Use your passkey");
  await expect.poll(() => firefox.text("h1")).toBe("Your sign-in methods");
});

test("in the pre-built UI a security key is registered, and proves its user", async ({ firefox, server }) => {
  const open = async () => firefox.goto((await server.track("ada", { redirectToSettings: true })).url);
  await open();
  await firefox.press("Security key");
  await firefox.press("Register a security key");
  await expect.poll(() => firefox.text("h1")).toBe("Save your recovery codes");
  expect(await server.methods("ada")).toEqual(["SECURITY_KEY"]);

  await open();
  await firefox.press("Use your security key");
  await expect.poll(() => firefox.text("h1")).toBe("Your sign-in methods");
});

test("in the pre-built UI an e-mail code authorises adding a passkey", async ({ firefox, server }) => {
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await firefox.goto((await server.track("ada", { redirectToSettings: true })).url);
  await firefox.fill("field", (await server.message(ADDRESS)).code);
  await firefox.press("Confirm");
  await firefox.press("Add a method");
  await firefox.press("Passkey");
  await firefox.press("Create a passkey");
  await expect.poll(() => firefox.text("#note")).toBe("Passkey has been added.");
  expect(await server.methods("ada")).toEqual(["EMAIL_OTP", "PASSKEY"]);
});

test("the pre-built UI in a popup offers a passkey after a challenge, and hands the token over", async ({ firefox, server }) => {
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const { url } = await server.track("ada");
  const { port, close } = await serveApp();
  await firefox.goto(`http://localhost:${port}/`);
  await firefox.evaluate(
    // The outcome goes into the page: globals of such a script are gone with it.
    `import("/ours/index.js").then(async ({ Authsignal }) => {
       const authsignal = new Authsignal({ tenantId: "local", baseUrl: new URL(arguments[0]).origin + "/v1" });
       document.body.dataset.token = (await authsignal.launch(arguments[0], { mode: "popup" })).token;
     });`,
    url,
  );
  await firefox.enterFrame("__authsignal-popup-iframe");
  await firefox.fill("field", (await server.message(ADDRESS)).code);
  await firefox.press("Confirm");
  await firefox.press("Create a passkey");
  await firefox.enterFrame();
  await expect.poll(() => firefox.evaluate("return document.body.dataset.token")).toBeTruthy();
  await close();
  const token = await firefox.evaluate("return document.body.dataset.token");
  expect(await server.validate(token)).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED" });
  expect(await server.methods("ada")).toEqual(["EMAIL_OTP", "PASSKEY"]);
});
