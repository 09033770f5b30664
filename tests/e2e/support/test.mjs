import { test as base } from "@playwright/test";
import { DemoPage } from "./demo-page.mjs";
import { Server } from "./server.mjs";
import { UiPage } from "./ui-page.mjs";
import { virtualAuthenticator, virtualAuthenticatorOptions } from "./virtual-authenticator.mjs";

/**
 * `server`: the local server, emptied and with its clock set right.
 * `demo`: the demo page with a virtual authenticator, not opened yet.
 * `ui`: the pre-built UI in the same way.
 * `refusals`: set `test.use({refusals: true})` where the server is meant to say no: the browser logs each 4xx, and each
 * lost request, as an error, and elsewhere such a line is a defect.
 * `authenticator`, `virtualAuthenticatorOptions`: the test kit's; an authenticator that is built into the device, unless
 * the options say otherwise.
 */
export const test = base.extend({
  refusals: [false, { option: true }],
  authenticator: virtualAuthenticator,
  virtualAuthenticatorOptions,

  server: async ({ request }, use) => {
    const server = new Server(request);
    await server.reset();
    await use(server);
  },

  demo: async ({ page, server, authenticator, refusals }, use) => {
    const complaints = listen(page, refusals);
    await use(new DemoPage(page, authenticator));
    base.expect(complaints, "the page's console, errors and requests").toEqual([]);
  },

  ui: async ({ page, server, authenticator, refusals }, use) => {
    const complaints = listen(page, refusals);
    await use(new UiPage(page, server));
    base.expect(complaints, "the page's console, errors and requests").toEqual([]);
  },
});

export { expect } from "@playwright/test";

/** Collects what a clean page never does: errors in the console, unhandled rejections, requests to anyone else. */
export function listen(page, refusals) {
  const complaints = [];
  page.on("console", (message) => {
    const isRefusal = /the server responded with a status of 4\d\d|net::ERR_FAILED/.test(message.text());
    if (message.type() === "error" && !(refusals && isRefusal)) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (hostname !== "localhost" && protocol !== "data:") complaints.push(`request to ${request.url()}`);
  });
  return complaints;
}
