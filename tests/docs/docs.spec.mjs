/** The documentation as its readers see it, and its quick start as they follow it. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test as base, expect } from "@playwright/test";
import { playwrightFixtures } from "authsignal-wasm/testing";
import { build, buildSync } from "esbuild";
import { serve, serveShop } from "../kit/playwright/serve-shop.mjs";

const DOCS = new URL("../../target/docs/", import.meta.url);
const SNIPPETS = fileURLToPath(new URL("../../target/snippets/", import.meta.url));
const TYPES = { html: "text/html", js: "text/javascript", json: "application/json", css: "text/css" };
const names = readdirSync(DOCS).filter((name) => name.includes("."));
const pages = names.filter((name) => name.endsWith(".html"));

const test = base.extend(playwrightFixtures()).extend({
  freePort: async ({}, use) => {
    const server = createServer().listen(0);
    await once(server, "listening");
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    await use(port);
  },
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

/** A snippet as it was compiled, with this server's tenant and address, and what it leaves to the reader. */
const snippet = (path, { baseUrl, origin }) =>
  read(path)
    .replace('tenantId: "your-tenant-id"', `tenantId: "local", baseUrl: "${baseUrl}"`)
    .replaceAll("http://localhost:8787", origin);

const snippets = ["js", "ts"].flatMap((folder) =>
  readdirSync(SNIPPETS + folder).filter((name) => /-line-\d+\./.test(name)).map((name) => `${folder}/${name}`),
);
const read = (path) => readFileSync(SNIPPETS + path, "utf8");
const isPlaywright = (path) => read(path).includes('from "@playwright/test"');
/** Those of an app's page: the quick start is an app of its own, and has a test of its own. */
const ofPages = snippets.filter((path) => !/docs-index-/.test(path) && !/authsignal-wasm\/testing|@authsignal\/node/.test(read(path)));

test("every snippet is run by a test", () => {
  const elsewhere = snippets.filter((path) => !ofPages.includes(path)).map((path) => path.replace(/^.*?docs-|-line.*/g, ""));
  expect(elsewhere).toEqual(["index", "index", "self-hosting", "testing", "testing"]);
});

for (const path of ofPages) {
  test(`the snippet ${path} runs in a page`, async ({ page, authsignalServer, signedInUser }) => {
    const { tenantId, baseUrl } = authsignalServer;
    const complaints = [];
    // A code of the reader's is wrong here, which the server answers with a 4xx.
    page.on("console", (message) => message.type() === "error" && !/status of 4/.test(message.text()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    const code = snippet(path, authsignalServer);
    const given = `import { Authsignal } from "authsignal-wasm";
      globalThis.tokenFromBackend = ${JSON.stringify(signedInUser.token)};
      globalThis.authsignal = new Authsignal(${JSON.stringify({ tenantId, baseUrl })});
      authsignal.setToken(tokenFromBackend);
      await import("./snippet");
      globalThis.ended = true;`;
    const resolveDir = fileURLToPath(new URL("../kit", import.meta.url));
    const plugin = {
      name: "snippet",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^\.\/snippet$/ }, () => ({ path: "snippet", namespace: "snippet" }));
        onLoad({ filter: /.*/, namespace: "snippet" }, () => ({ contents: code, loader: "ts", resolveDir }));
      },
    };
    const { outputFiles } = await build({ stdin: { contents: given, resolveDir }, bundle: true, format: "esm", write: false, plugins: [plugin] });
    const app = await serve({
      "/": ["text/html", () => `<!doctype html><link rel=icon href=data:,><script type=module src=/main.js></script>`],
      "/main.js": ["text/javascript", () => outputFiles[0].text],
    });
    await page.goto(app.origin);
    await page.waitForFunction(() => globalThis.ended);
    expect(complaints).toEqual([]);
    const requests = await authsignalServer.requests();
    const signsIn = /^const .*passkey\.signIn/m.test(code);
    expect(requests.some(({ path, status }) => path.endsWith("verify/passkey") && status === 200)).toBe(signsIn);
    await app.close();
  });
}

/** Runs a snippet as a file beside this one, where it finds what it imports. */
const runInNode = async (name, code, ...command) => {
  const file = fileURLToPath(new URL(name, import.meta.url));
  writeFileSync(file, code);
  return promisify(execFile)(process.execPath, [...command, file]).finally(() => rmSync(file));
};

for (const path of snippets.filter((path) => /testing-line|self-hosting-line/.test(path) && !isPlaywright(path))) {
  test(`the snippet ${path} runs in Node.js`, async ({ authsignalServer }) => {
    await runInNode(".snippet.mjs", snippet(path, authsignalServer));
  });
}

for (const path of snippets.filter(isPlaywright)) {
  test(`the snippet ${path} is a test that an app passes`, async ({ freePort }) => {
    const app = await serveShop({ tenantId: "local", baseUrl: `http://localhost:${freePort}/v1` });
    const code = read(path).replace("8787", freePort).replace("http://localhost:5173", app.origin);
    const playwright = fileURLToPath(new URL("../node_modules/@playwright/test/cli.js", import.meta.url));
    const config = fileURLToPath(new URL("playwright.config.mjs", import.meta.url));
    const output = fileURLToPath(new URL("../../target/docs-snippet-results", import.meta.url));
    const { stdout } = await runInNode("snippet.spec.ts", code, playwright, "test", "--config", config, "--output", output);
    expect(stdout).toMatch(/1 passed/);
    await app.close();
  });
}

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
