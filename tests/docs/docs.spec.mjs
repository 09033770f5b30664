/** The documentation as its readers see it, its snippets as they run them, and its quick start as they follow it. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect } from "@playwright/test";
import { playwrightFixtures } from "authsignal-wasm/testing";
import { build } from "esbuild";
import { serve, serveShop } from "../kit/playwright/serve-shop.mjs";

const ROOT = new URL("../../", import.meta.url);
const DOCS = new URL("target/docs/", ROOT);
const SNIPPETS = fileURLToPath(new URL("target/snippets/", ROOT));
const TYPES = { html: "text/html", js: "text/javascript", json: "application/json", css: "text/css", svg: "image/svg+xml", png: "image/png" };
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

  complaints: async ({ page }, use) => {
    const complaints = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await use(complaints);
    expect(complaints).toEqual([]);
  },

  site: async ({ complaints }, use) => {
    const file = (name) => [TYPES[name.split(".").at(-1)], () => readFileSync(new URL(name, DOCS))];
    const site = await serve(Object.fromEntries(names.map((name) => [`/${name}`, file(name)])));
    await use(site.origin);
    await site.close();
    expect(complaints).toEqual([]);
  },
});

/* ---- The pages ---- */

for (const name of pages) {
  test(`${name} fits a phone and a desktop, is clean under axe in both themes, and its links lead somewhere`, async ({ page, site }, info) => {
    await page.goto(`${site}/${name}`);
    await expect(page.locator("h1")).toHaveCount(1);
    for (const [width, colorScheme] of [[360, "dark"], [1280, "light"], [1280, "dark"]]) {
      await page.setViewportSize({ width, height: 740 });
      await page.emulateMedia({ colorScheme });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${info.project.outputDir}/../docs-screenshots/${name.replace(".html", "")}-${width}-${colorScheme}.png` });
      // The reference has thousands of words of code, all in the same few colours: its first pieces stand for the others.
      const { violations } = await new AxeBuilder({ page }).exclude(".code ~ .code ~ .code ~ .code ~ .code").analyze();
      expect.soft(violations, `${width}, ${colorScheme}`).toEqual([]);
    }
    const links = await page.locator("a[href]").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    for (const href of links) {
      if (/^https:/.test(href)) continue;
      const [to, anchor] = href.split("#");
      const text = to ? readFileSync(new URL(to, DOCS), "utf8") : await page.content();
      if (anchor) expect(text, href).toContain(`id="${anchor}"`);
    }
    for (const image of await page.locator("img").all()) {
      await image.scrollIntoViewIfNeeded();
      await expect.poll(() => image.evaluate(({ naturalWidth }) => naturalWidth)).toBeGreaterThan(0);
    }
  });
}

test("the search finds a member by a part of its name, and a sentence", async ({ page, site }) => {
  await page.goto(`${site}/index.html`);
  const search = page.getByRole("searchbox");
  await page.keyboard.press("/");
  await expect(search).toBeFocused();
  await search.fill("LocalServ");
  await page.getByRole("search").getByRole("link", { name: "LocalServer ·", exact: false }).first().click();
  await expect(page).toHaveURL(/api-testing\.html#localserver/);
  await search.fill("wasm-unsafe-eval");
  await expect(page.getByRole("search").getByRole("link", { name: "Content-Security-Policy" }).first()).toBeVisible();
  // What stands in a tag of a snippet, too.
  await search.fill("modulepreload");
  await expect(page.getByRole("search").getByRole("link", { name: "Preloading" })).toBeVisible();
  await search.press("ArrowDown");
  await expect(page.getByRole("search").getByRole("link").first()).toBeFocused();
  await search.fill("xyzzyxyzzy");
  await expect(page.getByRole("search")).toContainText("Nothing found");
  await search.press("Escape");
  await expect(search).toHaveValue("");
});

test("on a phone the menu is closed until it is asked for, and code can be copied", async ({ page, site, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${site}/index.html`);
  const link = page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "Error codes" });
  await expect(link).toBeHidden();
  await page.getByText("Pages", { exact: true }).click();
  await link.click();
  await expect(page).toHaveURL(/errors\.html/);
  await page.getByRole("button", { name: "Copy" }).first().click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("WebAuthnError");
});

test("every code of the types is explained", async () => {
  const types = readFileSync(new URL("pkg-template/index.d.ts", ROOT), "utf8");
  const listed = (type) => new RegExp(`export type ${type} =([\\s\\S]*?);\\n`).exec(types)[1].match(/(?<=\| ")\w+/g);
  const page = readFileSync(new URL("errors.html", DOCS), "utf8");
  const all = ["ErrorCode", "OwnErrorCode", "WebAuthnErrorCode"].flatMap(listed);
  expect(all.length).toBeGreaterThan(25);
  expect(all.filter((code) => !page.includes(`<td><code>${code}</code></td>`))).toEqual([]);
});

/* ---- The snippets ---- */

/** A snippet as it was compiled, with this server's tenant and address, and what it leaves to the reader. */
const snippet = (path, { baseUrl, origin, secret }) =>
  read(path)
    .replace('tenantId: "your-tenant-id"', `tenantId: "local", baseUrl: "${baseUrl}"`)
    .replace('apiSecretKey: "your-api-secret"', `apiSecretKey: "${secret}", apiUrl: "${baseUrl}"`)
    .replace("https://cdn.example.com/", "/")
    .replaceAll("http://localhost:8787", origin);

const snippets = ["js", "ts"].flatMap((folder) =>
  readdirSync(SNIPPETS + folder).filter((name) => /-line-\d+\./.test(name)).map((name) => `${folder}/${name}`),
);
const read = (path) => readFileSync(SNIPPETS + path, "utf8");
const isPlaywright = (path) => read(path).includes('from "@playwright/test"');
/** Those of an app's page: the quick start is an app of its own, and has a test of its own. */
const ofPages = snippets.filter((path) => !/docs-quick-start-/.test(path) && !/authsignal-wasm\/testing|@authsignal\/node/.test(read(path)));

test("every snippet is run by a test", () => {
  const elsewhere = snippets.filter((path) => !ofPages.includes(path)).map((path) => path.replace(/^.*?docs-|-line.*/g, ""));
  expect(elsewhere).toEqual(["binding", "quick-start", "quick-start", "self-hosting", "testing", "testing"]);
});

for (const path of ofPages) {
  test(`the snippet ${path} runs in a page`, async ({ page, authsignalServer, signedInUser }) => {
    const { tenantId, baseUrl } = authsignalServer;
    const complaints = [];
    // A code of the reader's is wrong here, which the server answers with a 4xx.
    page.on("console", (message) => message.type() === "error" && !/status of 4/.test(message.text()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    const code = snippet(path, authsignalServer);
    const run = `await import("./snippet");`;
    // Once there is an instance, there is a core, and nothing more is loaded.
    const isLoading = /\bload\(/.test(code);
    const given = `import { Authsignal } from "authsignal-wasm";
      globalThis.tokenFromBackend = ${JSON.stringify(signedInUser.token)};
      ${isLoading ? run : ""}
      globalThis.authsignal = new Authsignal(${JSON.stringify({ tenantId, baseUrl })});
      authsignal.setToken(tokenFromBackend);
      ${isLoading ? "await authsignal.totp.enroll();" : run}
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
    let fetches = 0;
    const wasm = () => {
      fetches += 1;
      return readFileSync(new URL("pkg/core.wasm", ROOT));
    };
    const app = await serve({
      "/": ["text/html", () => `<!doctype html><link rel=icon href=data:,><script type=module src=/main.js></script>`],
      "/main.js": ["text/javascript", () => outputFiles[0].text],
      "/core.wasm": ["application/wasm", wasm],
    });
    await page.addInitScript(() => {
      globalThis.compiled = 0;
      for (const way of ["instantiate", "instantiateStreaming"]) {
        const { [way]: real } = WebAssembly;
        WebAssembly[way] = async (...given) => {
          const made = await real(...given);
          globalThis.compiled += 1;
          return made;
        };
      }
    });
    await page.goto(app.origin);
    await page.waitForFunction(() => globalThis.ended);
    expect(complaints).toEqual([]);
    // esbuild carries no wasm along: it is there where the snippet says where it is.
    const cores = code.includes("/core.wasm") ? 1 : 0;
    expect([fetches, await page.evaluate(() => globalThis.compiled)]).toEqual([cores, cores]);
    const requests = await authsignalServer.requests();
    const signsIn = /^(?:try \{\n  )?const .*passkey\.signIn/m.test(code);
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

for (const path of snippets.filter((path) => /authsignal-wasm\/testing|@authsignal\/node/.test(read(path)) && !isPlaywright(path))) {
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

test("the commands of the pages that move the server's clock do", async ({ authsignalServer }) => {
  const commands = ["quick-start", "self-hosting"].flatMap((name) =>
    [...readFileSync(new URL(`www-demo/docs/${name}.md`, ROOT), "utf8").matchAll(/^curl [\s\S]*?(?=^```)/gm)].map(([command]) => command),
  );
  expect(commands).toHaveLength(2);
  for (const command of commands) {
    const before = await authsignalServer.clock.now();
    await promisify(execFile)("sh", ["-c", command.replace("http://localhost:8787", authsignalServer.origin)]);
    const seconds = ((await authsignalServer.clock.now()) - before) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(600);
  }
});

/* ---- The quick start ---- */

/** A fresh app, as Vite's template `vanilla` has it: the page, and the package as npm installs it. */
const freshApp = (main, config) => {
  const folder = new URL("target/quick-start/", ROOT);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(new URL("src/", folder), { recursive: true });
  writeFileSync(new URL("package.json", folder), JSON.stringify({ private: true, type: "module", dependencies: { "authsignal-wasm": "*" } }));
  writeFileSync(new URL("index.html", folder), `<!doctype html><link rel=icon href=data:,><div id=app></div><script type=module src=/src/main.js></script>`);
  writeFileSync(new URL("src/main.js", folder), main);
  writeFileSync(new URL("vite.config.js", folder), config);
  cpSync(new URL("pkg/", ROOT), new URL("node_modules/authsignal-wasm/", folder), { recursive: true });
  return fileURLToPath(folder);
};

test("the quick start runs as it is written, in Vite", async ({ page, complaints, authsignalServer, virtualAuthenticator }) => {
  const text = readFileSync(new URL("www-demo/docs/quick-start.md", ROOT), "utf8");
  const blocks = [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code.replaceAll("http://localhost:8787", authsignalServer.origin));
  expect(blocks).toHaveLength(2);
  const { createServer } = await import("vite");
  const vite = await createServer({ root: freshApp(...blocks), server: { host: "localhost", port: 0 }, logLevel: "error" });
  await vite.listen();
  await page.goto(vite.resolvedUrls.local[0]);
  for (const [button, said] of [["Sign up", "Signed up"], ["Sign in", /^Signed in/], ["Add an authenticator app", /^otpauth:/]]) {
    await page.getByRole("button", { name: button }).click();
    await expect(page.getByRole("status")).toHaveText(said);
  }
  expect(await virtualAuthenticator.passkeys()).toHaveLength(1);
  expect(complaints).toEqual([]);

  await authsignalServer.clock.advance(601);
  await page.getByRole("button", { name: "Add an authenticator app" }).click();
  await expect(page.getByRole("status")).toHaveText(/expired/);
  // The browser logs the refusal.
  complaints.length = 0;
  await vite.close();
});
