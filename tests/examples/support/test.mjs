import { test as base, expect } from "@playwright/test";
import { playwrightFixtures } from "authsignal-wasm/testing";
import { startApp } from "./app.mjs";

export { expect };

export const test = base.extend(playwrightFixtures()).extend({
  // Which example, and how it is served: `playwright.config.mjs` has them.
  app: [undefined, { option: true, scope: "worker" }],

  origin: [
    async ({ app, authsignalServerPerWorker }, use) => {
      const { origin, stop } = await startApp(app, authsignalServerPerWorker.baseUrl);
      await use(origin);
      stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  /** What a page has logged as an error, or thrown, and need not. */
  complaints: async ({ page }, use) => {
    const complaints = [];
    page.on("console", (message) => {
      const { url } = message.location();
      // The browser logs each refusal of the API's, and the client, as the vendor's, that there is no token.
      const isRefusal = /\/v1\/client\/|\/api\//.test(url) && /status of 4\d\d/.test(message.text());
      if (message.type() !== "error" || isRefusal || /A token has not been set/.test(message.text())) return;
      complaints.push(`${message.text()} ${url}`);
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await use(complaints);
  },
});
