// Runs `shop.cy.js` as Cypress would: bundled for the browser, with tasks in Node.js. Cypress itself is a browser of its own
// that is not to be had from npm; what it lends a test (`describe`, `it`, `cy`) is in `cy.mjs`.
import { test as base, expect } from "@playwright/test";
import { playwrightFixtures } from "authsignal-wasm/testing";
import { bundle, serve } from "../playwright/serve-shop.mjs";
import { lend } from "./cy.mjs";
import { tasks } from "./tasks.mjs";

const PAGE = `<!doctype html><link rel=icon href=data:,><title>Specs</title><div data-cy-root></div>
  <script type=module src=/specs.js></script>`;

const NAMES = [
  "signs a user up and in, and adds an authenticator app inside the window",
  "tells a user who closes the prompt",
  "closes the window after ten minutes",
];

const test = base.extend(playwrightFixtures()).extend({
  /** Opens a page with these specs. */
  specs: async ({ page, authsignalServer }, use) => {
    const known = tasks(authsignalServer);
    await page.exposeFunction("runTask", (task, argument) => known[task](argument));
    await page.addInitScript(lend);
    let site;
    await use(async (script) => {
      site = await serve({ "/": ["text/html", () => PAGE], "/specs.js": ["text/javascript", () => script] });
      await page.goto(site.origin);
    });
    await site.close();
  },
});

const run = (page, name) => page.evaluate((wanted) => window.tests.find((one) => one.name === wanted).run(), name);

for (const name of NAMES) {
  test(`beside the app, in the browser: the shop ${name}`, async ({ page, specs }) => {
    await specs(bundle("cypress/shop.cy.js"));
    expect(await page.evaluate(() => window.tests.map((one) => one.name))).toEqual(NAMES);
    await run(page, name);
  });
}

test("what Cypress refuses is refused here", async ({ page, specs }) => {
  await specs(`
    it("awaits", async () => { await cy.task("authsignal:reset"); });
    it("has a command of the app's", () => { cy.get("body").then(() => setTimeout(() => {
      try { cy.get("body"); } catch (error) { window.refused = error.message; }
    })); });
    it("has a subject at once", () => { cy.type("#name", "anna"); });
  `);
  await expect(run(page, "awaits")).rejects.toThrow("returns a promise");
  await run(page, "has a command of the app's");
  await expect.poll(() => page.evaluate(() => window.refused)).toBe("a command outside of a running test");
  await expect(run(page, "has a subject at once")).rejects.toThrow("cy.type is not a function");
});
