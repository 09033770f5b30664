/**
 * The vendor's packages from npm, unmodified, in Chromium with a virtual authenticator: an app's page calls
 * `@authsignal/browser`, or shows `@authsignal/react`, and its backend `@authsignal/node`. The sequences are those that
 * Node plays; each namespace that they leave out is called below. What `launch` does, ui-launch.spec.mjs shows.
 */
import { fileURLToPath } from "node:url";
import { Authsignal as Backend } from "@authsignal/node";
import { test as base, expect } from "@playwright/test";
import { build } from "esbuild";
import { invoke } from "../peers/support/invoke.mjs";
import { Phone } from "../peers/support/phone.mjs";
import { SEQUENCES } from "../peers/support/sequences.mjs";
import { SECRET, Server, TENANT } from "../peers/support/server.mjs";
import { Receiver } from "../peers/support/webhooks.mjs";
import { serveApp } from "./support/app-server.mjs";
import { plugIn } from "./support/virtual-authenticator.mjs";

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** `backend`, `server`, `webhooks`, and the app's `origin`: of the file's own; nobody else empties or stops them. */
const test = base.extend({
  ours: [
    async ({}, use) => {
      const webhooks = await Receiver.start();
      const site = ["--site", path("target/site"), "--pkg", path("pkg")];
      const server = await Server.start("--webhook", webhooks.url, ...site);
      const app = await serveApp();
      const backend = new Backend({ apiSecretKey: SECRET, apiUrl: server.api });
      await use({ backend, server, webhooks, origin: `http://localhost:${app.port}` });
      await app.close();
      await server.stop();
      await webhooks.stop();
    },
    { scope: "worker" },
  ],

  /** A page of the app, on a device of its own, with the package loaded. */
  world: async ({ page, ours }, use) => {
    await plugIn(page);
    await page.goto(ours.origin);
    await page.evaluate(
      async ([tenantId, baseUrl, source]) => {
        document.body.innerHTML = "<input autocomplete='username webauthn'>";
        const { Authsignal } = await import("/vendor/index.js");
        globalThis.expired = 0;
        globalThis.authsignal = new Authsignal({ tenantId, baseUrl, onTokenExpired: () => (expired += 1) });
        globalThis.invoke = (0, eval)(source);
      },
      [TENANT, ours.server.api, invoke.toString()],
    );
    const client = (method, ...values) =>
      page.evaluate(([method, values]) => globalThis.invoke(authsignal, method, values), [method, values]);
    // The virtual authenticator's user picks by itself.
    await use({ ...ours, client, page, pick: () => {} });
  },
});

test.describe("@authsignal/browser", () => {
  for (const [name, play] of Object.entries(SEQUENCES)) test(name, async ({ world }) => play(world));

  test("securityKey: one is enrolled inside the window, and meets a challenge", async ({ world }) => {
    const { backend, client, page } = world;
    await plugIn(page, { transport: "usb", hasResidentKey: false, hasUserVerification: false });
    const { token } = await backend.track({ userId: "key", action: "signIn" });
    await client("setToken", token);
    const enrolled = await client("securityKey.enroll");
    expect(enrolled.data?.token, JSON.stringify(enrolled)).toBeTruthy();
    const [key] = await backend.getAuthenticators({ userId: "key" });
    expect(key.verificationMethod).toBe("SECURITY_KEY");
    await client("setToken", (await backend.track({ userId: "key", action: "pay" })).token);
    const verified = await client("securityKey.verify");
    expect(verified.data?.isVerified, JSON.stringify(verified)).toBe(true);
    expect(await backend.validateChallenge({ token: verified.data.token })).toMatchObject({ isValid: true, action: "pay" });
    await client("totp.enroll");
  });

  for (const polling of [false, true]) {
    test(`qrCode ${polling ? "by polling" : "through the socket"}: claimed and approved by a phone`, async ({ world }) => {
      const { backend, page, server } = world;
      const userId = `qr-${polling}`;
      const { token } = await backend.track({ userId, action: "enrol" });
      const phone = new Phone(server, "qr-code");
      await phone.add(token);
      const shown = await page.evaluate(async (polling) => {
        globalThis.states = [];
        const onStateChange = (state, token) => states.push([state, token]);
        return authsignal.qrCode.challenge({ action: "kiosk", custom: { till: "4" }, polling, pollInterval: 100, onStateChange });
      }, polling);
      expect(shown.data, JSON.stringify(shown)).toBeTruthy();
      const { challengeId, expiresAt } = shown.data;
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
      expect(await phone.claim(challengeId)).toMatchObject({ success: true, actionCode: "kiosk", custom: { till: "4" } });
      await expect.poll(() => page.evaluate(() => states[0]?.[0])).toBe("claimed");
      await phone.answer(challengeId, true);
      await expect.poll(() => page.evaluate(() => states.at(-1)[0])).toBe("approved");
      const approved = await page.evaluate(() => states.at(-1)[1]);
      expect(await backend.validateChallenge({ token: approved })).toMatchObject({ isValid: true, userId, action: "kiosk" });
      await page.evaluate(() => authsignal.qrCode.disconnect());
    });
  }
});

test("H: by redirect to the pre-built UI and back, the backend validates the token and reads the user", async ({ world }) => {
  const { backend, origin, page, server } = world;
  const [userId, email] = ["h-redirected", "h-redirected@example.test"];
  await backend.enrollVerifiedAuthenticator({ userId, attributes: { verificationMethod: "EMAIL_OTP", email } });
  const { url } = await backend.track({ userId, action: "signIn", attributes: { redirectUrl: `${origin}/callback?from=app` } });
  // The page is gone before it could answer.
  await page.evaluate((url) => void authsignal.launch(url, { mode: "redirect" }), url).catch(() => {});
  const code = page.getByLabel("Code", { exact: true });
  await expect(code).toBeVisible();
  await code.fill(await codeSent(server, email));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("button", { name: "Not now" }).click();
  await page.waitForURL(`${origin}/callback?**`);
  const back = new URL(page.url()).searchParams;
  expect(back.get("from")).toBe("app");
  const validated = await backend.validateChallenge({ token: back.get("token") });
  expect(validated).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED", userId, action: "signIn" });
  expect(await backend.getUser({ userId })).toMatchObject({ isEnrolled: true });
});

/** The code of the newest message to this address, once there is one. */
const codeSent = async (server, to) => {
  let code;
  await expect.poll(async () => (code = await server.codeSent(to).catch(() => undefined)), `a message to ${to}`).toBeTruthy();
  return code;
};

/** A page that pays, as an app with `@authsignal/react` is written. */
const APP = `
  import { createElement as h, useState } from "react";
  import { createRoot } from "react-dom/client";
  import { AuthsignalProvider, useAuthsignal } from "@authsignal/react";
  const Pay = ({ token }) => {
    const { startChallengeAsync } = useAuthsignal();
    const [said, say] = useState("");
    const pay = () => startChallengeAsync({ token }).then(({ token }) => say(token), ({ code }) => say(code));
    return h("main", null, h("button", { onClick: pay }, "Pay"), h("output", null, said));
  };
  globalThis.show = (settings, token) => {
    document.body.innerHTML = "<div id=app></div>";
    createRoot(document.querySelector("#app")).render(h(AuthsignalProvider, settings, h(Pay, { token })));
  };`;

test.describe("C: @authsignal/react", () => {
  let bundle;
  test.beforeAll(async () => {
    const options = { bundle: true, format: "iife", write: false, outdir: "out", logLevel: "error" };
    const { outputFiles } = await build({
      ...options,
      stdin: { contents: APP, resolveDir: path("tests") },
      define: { "process.env.NODE_ENV": '"production"' },
    });
    bundle = outputFiles.find((file) => file.path.endsWith(".js")).text;
  });

  /** The page, and a token to pay with. */
  const shop = async ({ backend, page, server }, userId) => {
    const { token } = await backend.track({ userId, action: "pay" });
    await page.addScriptTag({ content: bundle });
    await page.evaluate(([settings, token]) => show(settings, token), [{ tenantId: TENANT, baseUrl: server.api }, token]);
    await page.getByRole("button", { name: "Pay" }).click();
    await expect(page.getByRole("heading", { name: "Confirm it's you" })).toBeVisible();
    return page.locator("output");
  };
  const give = (backend, userId, attributes) => backend.enrollVerifiedAuthenticator({ userId, attributes });

  for (const [userId, attributes, address] of [
    ["react-email", { verificationMethod: "EMAIL_OTP", email: "react@example.test" }, "react@example.test"],
    ["react-sms", { verificationMethod: "SMS", phoneNumber: "+15550100155" }, "+15550100155"],
  ]) {
    test(`its dialog takes the code of ${attributes.verificationMethod}, and no other`, async ({ world }) => {
      const { backend, page, server } = world;
      await give(backend, userId, attributes);
      const said = await shop(world, userId);
      const code = page.getByRole("textbox");
      await expect(code).toBeVisible();
      const sent = await codeSent(server, address);
      await code.fill(sent === "000000" ? "111111" : "000000");
      // Once it is refused: what is typed before is cleared with it.
      await expect(code).toHaveValue("");
      await expect(page.getByRole("dialog")).toBeVisible();
      await expect(said).toHaveText("");
      await code.fill(sent);
      await expect(said).not.toHaveText("");
      const validated = await backend.validateChallenge({ token: await said.textContent() });
      expect(validated).toMatchObject({ isValid: true, userId, action: "pay" });
    });
  }

  test("its dialog takes a passkey", async ({ world }) => {
    const { backend, client, page } = world;
    const userId = "react-passkey";
    await client("setToken", (await backend.track({ userId, action: "enrol" })).token);
    await client("passkey.signUp", { username: userId });
    const said = await shop(world, userId);
    const button = page.getByRole("button", { name: "Authenticate with passkey" });
    // It asks by itself when it is shown, and again by its button.
    await Promise.race([button.click({ timeout: 5_000 }).catch(() => {}), expect(said).not.toHaveText("")]);
    await expect(said).not.toHaveText("");
    const validated = await backend.validateChallenge({ token: await said.textContent() });
    expect(validated).toMatchObject({ isValid: true, userId, verificationMethod: "PASSKEY" });
  });
});

// The last one: the server's clock stays ahead.
test("a token that has ended is told by onTokenExpired, and by the error", async ({ world }) => {
  const { backend, client, page, server } = world;
  await client("setToken", (await backend.track({ userId: "late", action: "signIn" })).token);
  await server.advanceClock(601);
  const refused = await client("totp.enroll");
  expect(refused.errorCode ?? refused.error, JSON.stringify(refused)).toMatch(/expired/);
  expect(await page.evaluate(() => expired)).toBe(1);
});
