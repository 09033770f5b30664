import { serveApp } from "./support/app-server.mjs";
import { startDeployment } from "./support/own-server.mjs";
import { Server } from "./support/server.mjs";
import { expect, test as base } from "./support/test.mjs";
import { ADDRESS } from "./support/ui-page.mjs";

/** `deployed`: a server in serve mode, one app whose origin is registered there, and one beside it whose is not. */
const test = base.extend({
  deployed: async ({ playwright }, use, info) => {
    const apps = [await serveApp(), await serveApp()];
    const [registered, other] = apps.map(({ port }) => `http://localhost:${port}`);
    const { origin, secret, stop } = await startDeployment(registered, info.outputPath("data.sqlite"));
    const request = await playwright.request.newContext({ baseURL: origin });
    const server = new Server(request, secret);
    await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
    await use({ origin, registered, other, request, server });
    await request.dispose();
    stop();
    for (const { close } of apps) await close();
  },
});

/** Launches the pre-built UI from a page of this origin; what it says is kept there. */
async function launch(page, from, { registered, server }, mode) {
  const { url } = await server.track("ada", { redirectUrl: `${registered}/back` });
  await page.goto(from);
  await page.evaluate(
    async ([url, mode]) => {
      globalThis.messages = [];
      addEventListener("message", ({ data }) => messages.push(data));
      const { Authsignal } = await import("/ours/index.js");
      globalThis.launched = new Authsignal({ tenantId: "local", baseUrl: `${new URL(url).origin}/v1` }).launch(url, { mode });
    },
    [url, mode],
  );
}

const messages = (page) => page.evaluate(() => messages);

test("a deployed page may be framed by the registered origin, and says so in its policy", async ({ deployed, page }) => {
  const { url } = await deployed.server.track("ada");
  const policy = (await deployed.request.get(url)).headers()["content-security-policy"];
  expect(policy.split("; ")).toContain(`frame-ancestors ${deployed.registered}`);

  await launch(page, deployed.registered, deployed, "popup");
  const popup = page.frameLocator("#__authsignal-popup-iframe");
  await popup.getByRole("button", { name: "Leave without changes" }).click();
  const { token } = await page.evaluate(() => launched);
  expect(await deployed.server.validate(token)).toMatchObject({ isValid: false, state: "CHALLENGE_REQUIRED" });
});

test("no other origin may frame a deployed page, or hear of it", async ({ context, deployed, page }) => {
  const refusal = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
  await launch(page, deployed.other, deployed, "popup");
  await refusal;
  expect(await messages(page)).toEqual([]);

  const opened = context.waitForEvent("page");
  await launch(page, deployed.other, deployed, "window");
  const popup = await opened;
  await popup.getByRole("button", { name: "Leave without changes" }).click();
  await expect(popup.getByRole("heading", { level: 1 })).toHaveText("That’s it");
  expect(await messages(page)).toEqual([]);
});

