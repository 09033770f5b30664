/** The documentation as its readers see it, and its quick start as they follow it. */
import { readdirSync, readFileSync } from "node:fs";
import { test as base, expect } from "@playwright/test";
import { playwrightFixtures } from "authsignal-wasm/testing";
import { buildSync } from "esbuild";
import { serve } from "../kit/playwright/serve-shop.mjs";

const DOCS = new URL("../../target/docs/", import.meta.url);
const TYPES = { html: "text/html", js: "text/javascript", json: "application/json", css: "text/css" };
const names = readdirSync(DOCS).filter((name) => name.includes("."));
const pages = names.filter((name) => name.endsWith(".html"));

const test = base.extend(playwrightFixtures()).extend({
  site: async ({ page }, use) => {
    const complaints = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    const file = (name) => [TYPES[name.split(".").at(-1)], () => readFileSync(new URL(name, DOCS))];
    const site = await serve(Object.fromEntries(names.map((name) => [`/${name}`, file(name)])));
    await use(site.origin);
    await site.close();
    expect(complaints).toEqual([]);
  },
});

for (const [device, width] of [["a phone", 360], ["a desktop", 1280]]) {
  test(`every page fits ${device}, and every link on it leads somewhere`, async ({ page, site }) => {
    await page.setViewportSize({ width, height: 740 });
    expect(pages).toContain("index.html");
    for (const name of pages) {
      await page.goto(`${site}/${name}`);
      await expect(page.locator("h1")).toHaveCount(1);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), name).toBeLessThanOrEqual(0);
      const links = await page.locator("a[href]").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
      for (const href of links) {
        // The Rust API is written by rustdoc beside these pages; `cargo xtask docs` looks for it.
        if (/^https:|^rust\//.test(href)) continue;
        const [to, anchor] = href.split("#");
        const text = to ? readFileSync(new URL(to, DOCS), "utf8") : await page.content();
        if (anchor) expect(text, `${name} links to ${href}`).toContain(`id="${anchor}"`);
      }
    }
  });
}

test("the search finds a member by a part of its name, and a sentence", async ({ page, site }) => {
  await page.goto(`${site}/index.html`);
  const search = page.getByRole("searchbox");
  await search.fill("LocalServ");
  await page.getByRole("search").getByRole("link", { name: "LocalServer ·", exact: false }).first().click();
  await expect(page).toHaveURL(/api-testing\.html#localserver/);
  await search.fill("wasm-unsafe-eval");
  await expect(page.getByRole("search").getByRole("link", { name: "Content-Security-Policy" })).toBeVisible();
  await search.fill("xyzzyxyzzy");
  await expect(page.getByRole("search")).toContainText("Nothing found");
});

test("the quick start runs as it is written", async ({ page, authsignalServer, virtualAuthenticator }) => {
  const text = readFileSync(new URL("../../www-demo/docs/index.md", import.meta.url), "utf8");
  const blocks = [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code.replaceAll("http://localhost:8787", authsignalServer.origin));
  expect(blocks).toHaveLength(2);
  const [main, config] = blocks;
  const resolveDir = new URL("../kit", import.meta.url).pathname;
  const { outputFiles } = buildSync({ stdin: { contents: main, resolveDir }, bundle: true, format: "esm", write: false });
  const { default: vite } = await import(`data:text/javascript,${encodeURIComponent(config)}`);
  let backend;
  vite.plugins[0].configureServer({ middlewares: { use: (path, handler) => (backend = { path, handler }) } });
  const token = () => new Promise((resolve) => backend.handler({}, { end: resolve }));
  const app = await serve({
    "/": ["text/html", () => `<!doctype html><link rel=icon href=data:,><div id=app></div><script type=module src=/main.js></script>`],
    "/main.js": ["text/javascript", () => outputFiles[0].text],
    [backend.path]: ["application/json", token],
  });
  await page.goto(app.origin);
  for (const [button, said] of [["Sign up", "Signed up"], ["Sign in", /^Signed in/], ["Add an authenticator app", /^otpauth:/]]) {
    await page.getByRole("button", { name: button }).click();
    await expect(page.getByRole("status")).toHaveText(said);
  }
  expect(await virtualAuthenticator.passkeys()).toHaveLength(1);
  await app.close();
});
