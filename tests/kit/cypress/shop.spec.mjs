// Runs `shop.cy.js` as Cypress would: bundled for the browser, with tasks in Node.js. Cypress itself comes with a browser
// of its own by a download that is not npm's; what it lends a test (`describe`, `it`, `cy`) are the lines below.
import { test as base, expect } from "@playwright/test";
import { playwrightFixtures } from "authsignal-wasm/testing";
import { bundle, serve } from "../playwright/serve-shop.mjs";
import { tasks } from "./tasks.mjs";

const test = base.extend(playwrightFixtures());
const PAGE = "<!doctype html><link rel=icon href=data:,><title>Specs</title><script type=module src=/specs.js></script>";

/** What Cypress puts into the page, as far as the example uses it. */
const lend = () => {
  const befores = [];
  window.tests = [];
  window.describe = (_, define) => define();
  window.beforeEach = (before) => befores.push(before);
  window.it = (name, test) => {
    const run = async () => {
      for (const step of [...befores, test]) await step();
    };
    window.tests.push({ name, run });
  };
  window.cy = {
    task: (name, argument) => window.runTask(name, argument),
    type: (selector, text) => (document.querySelector(selector).value = text),
    async click(selector, said) {
      const status = document.querySelector("[role=status]");
      status.textContent = "";
      document.querySelector(selector).click();
      await new Promise((resolve, reject) => {
        const look = () => {
          const { textContent } = status;
          if (textContent.startsWith(said)) resolve();
          else if (textContent) reject(new Error(`the page says "${textContent}", not "${said}"`));
        };
        new MutationObserver(look).observe(status, { childList: true });
      });
    },
  };
};

const NAMES = [
  "signs a user up and in, and adds an authenticator app inside the window",
  "tells a user who closes the prompt",
  "closes the window after ten minutes",
];

for (const name of NAMES) {
  test(`beside the app, in the browser: the shop ${name}`, async ({ page, authsignalServer }) => {
    const known = tasks(authsignalServer);
    await page.exposeFunction("runTask", (task, argument) => known[task](argument));
    await page.addInitScript(lend);
    const site = await serve({
      "/": ["text/html", () => PAGE],
      "/specs.js": ["text/javascript", () => bundle("cypress/shop.cy.js")],
    });
    await page.goto(site.origin);
    expect(await page.evaluate(() => window.tests.map((one) => one.name))).toEqual(NAMES);
    await page.evaluate((wanted) => window.tests.find((one) => one.name === wanted).run(), name);
    await site.close();
  });
}
