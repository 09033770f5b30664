// The package in the tools that apps are built and run by: no plugin, no setting, and nothing in the console.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { ENROLLED, SIGNED_IN, enroll, expect, signIn, test } from "../support/test.mjs";

/** Where the tools and the package are installed: each project is copied into it, and finds them as its parent's. */
const { PACKED } = process.env;
const page = (script) => `<!doctype html><title>The app</title><link rel=icon href=data:,>${script}`;
const MODULE = page("<script type=module src=/app.js></script>");

/** The wasm keeps its name then, and lies where one that was left behind would be looked for. */
const HASHLESS = `export default { build: { rollupOptions: { output: { assetFileNames: "assets/[name][extname]" } } } };\n`;

/**
 * What is built, by which commands, and how it is served: a `folder`, with a `page` where the tool writes none, or the
 * tool's own server. `core`: "wasm" where the tool carries core.wasm along, else "js", without a request in vain.
 */
const SITES = [
  { name: "Vite's server", project: "app", server: "vite --strictPort --port", core: "wasm" },
  { name: "Vite", project: "app", build: "vite build", folder: "dist", core: "wasm" },
  { name: "Vite, assets without a hash", project: "app", files: { "vite.config.mjs": HASHLESS }, build: "vite build", folder: "dist", core: "wasm" },
  { name: "webpack", project: "app", build: "webpack --mode production ./app.js", folder: "dist", page: page("<script defer src=/main.js></script>"), core: "wasm" },
  { name: "Rollup", project: "app", build: "rollup app.js --dir dist --plugin node-resolve", folder: "dist", page: MODULE, core: "js" },
  { name: "esbuild", project: "app", build: "esbuild app.js --bundle --format=esm --outdir=dist", folder: "dist", page: MODULE, core: "js" },
  { name: "esbuild, in chunks", project: "app", build: "esbuild app.js --bundle --splitting --format=esm --outdir=dist", folder: "dist", page: MODULE, core: "js" },
  { name: "Parcel", project: "app", build: "parcel build index.html --no-cache --dist-dir dist", folder: "dist", core: "wasm" },
  { name: "Parcel's server", project: "app", server: "parcel index.html --no-cache --port", core: "wasm" },
  { name: "Bun", project: "app", build: "bun build app.js --outdir dist --target browser", folder: "dist", page: MODULE, core: "js" },
  { name: "Next.js by Turbopack", project: "next", build: "next build", server: "next start --port", core: "wasm" },
  { name: "Next.js by webpack", project: "next", build: "next build --webpack", server: "next start --port", core: "wasm" },
  { name: "the server of Next.js", project: "next", server: "next dev --port", core: "wasm" },
  { name: "SvelteKit", project: "sveltekit", build: "vite build", server: "vite preview --strictPort --port", core: "wasm" },
  { name: "no tool, by an import map", project: "app", folder: ".", page: page('<script type=importmap>{"imports":{"authsignal-wasm":"/pkg/index.js"}}</script><script type=module src=/app.js></script>'), core: "wasm" },
  { name: "no tool, by a classic script", project: "app", folder: ".", page: page("<script src=/pkg/dist/index.min.js></script><script>library = authsignal</script>"), core: "js" },
];

/** The same, where the app names the address of the wasm. */
const ADDRESS = `import * as library from "authsignal-wasm";
import address from "authsignal-wasm/core.wasm";

library.load({ wasm: address });
globalThis.library = library;
`;
const NAMED = [
  { name: "Vite", project: "app", app: ADDRESS.replace(".wasm", ".wasm?url"), build: "vite build", folder: "dist", core: "wasm" },
  { name: "esbuild", project: "app", app: ADDRESS, build: "esbuild app.js --bundle --format=esm --loader:.wasm=file --outdir=dist", folder: "dist", page: MODULE, core: "wasm" },
  { name: "Bun", project: "app", app: ADDRESS, build: "bun build app.js --outdir dist --target browser", folder: "dist", page: MODULE, core: "wasm" },
];

/** The same, in a Web Worker of the app's. */
const WORKERS = [
  { name: "Vite's server", project: "worker", server: "vite --strictPort --port", core: "wasm" },
  { name: "Vite", project: "worker", build: "vite build", folder: "dist", core: "wasm" },
  { name: "webpack", project: "worker", build: "webpack --mode production ./app.js", folder: "dist", page: page("<script defer src=/main.js></script>"), core: "wasm" },
  { name: "Parcel", project: "worker", build: "parcel build index.html --no-cache --dist-dir dist", folder: "dist", core: "wasm" },
];

/** What runs where there is no page. */
const PROGRAMS = [
  ["Node, imported", "node app.mjs"],
  ["Node, required", "node app.cjs"],
  ["Deno, imported", "deno run -A app.mjs"],
  ["Deno, required", "deno run -A app.cjs"],
  ["Bun, imported", "bun app.mjs"],
  ["Bun, required", "bun app.cjs"],
];

/** What runs the tests of apps. */
const RUNNERS = [
  ["Vitest and jsdom", "vitest", "vitest run"],
  ["Jest and jsdom", "jest", "jest --rootDir . --no-cache"],
];

/** A copy of a project, of the test's own: its folder. */
const copyOf = (project, name) => {
  const folder = join(PACKED, "apps", name.replaceAll(/\W+/g, "-").toLowerCase());
  rmSync(folder, { recursive: true, force: true });
  cpSync(new URL(project, import.meta.url), folder, { recursive: true });
  return folder;
};

const environment = { ...process.env, NO_COLOR: "1", NEXT_TELEMETRY_DISABLED: "1", DENO_NO_UPDATE_CHECK: "1" };
// Playwright's, which tools take for theirs.
for (const name of ["FORCE_COLOR", "NODE_OPTIONS", "NODE_ENV"]) delete environment[name];

const programOf = (command) => {
  const [name, ...flags] = command.split(" ");
  return [name === "node" ? process.execPath : join(PACKED, "node_modules/.bin", name), flags];
};

/** Runs a tool to its end: what it said. Rejects with that where it fails. */
const run = async (command, cwd, variables = {}) => {
  const [program, flags] = programOf(command);
  return promisify(execFile)(program, flags, { cwd, env: { ...environment, ...variables } });
};

/** Starts a tool's server, and waits until it answers: `{origin, close}`. */
const start = async (command, cwd) => {
  const port = await freePort();
  const [program, flags] = programOf(command);
  // A group of its own, since tools start further processes.
  const child = spawn(program, [...flags, String(port)], { cwd, env: environment, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = once(child, "exit");
  const close = async () => {
    if (child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await ended;
  };
  const origin = `http://localhost:${port}`;
  try {
    await expect.poll(async () => (await fetch(origin).catch(() => ({}))).ok, { message: said, timeout: 60_000 }).toBe(true);
  } catch (error) {
    await close();
    throw new Error(`${command} does not answer: ${said}`, { cause: error });
  }
  return { origin, close };
};

const freePort = async () => {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
};

/** Builds and serves a row of the tables, with another script where there is an `app` and with `files` of its own, as long as `use` takes. */
const withSite = async ({ name, project, build, server, folder, page, app, files }, site, use) => {
  const copy = copyOf(project, `${project} ${name} ${app ? "changed" : ""}`);
  if (app) writeFileSync(join(copy, "app.js"), app);
  for (const [file, text] of Object.entries(files ?? {})) writeFileSync(join(copy, file), text);
  if (build) await run(build, copy);
  if (server) {
    const started = await start(server, copy);
    return use(started.origin).finally(started.close);
  }
  site.folder = join(copy, folder);
  site.files = page ? { "/": page } : {};
  return use(site.origin);
};

/** The answers that a page got for a core.wasm, of whatever name. */
const wasmOf = (page) => {
  const answers = [];
  page.on("response", (response) => /\.wasm/.test(response.url()) && answers.push(response.status()));
  return answers;
};

for (const row of [...SITES, ...NAMED]) {
  test(`an app by ${row.name} signs in and adds an authenticator${row.app ? ", by the address of the wasm" : ""}`, async ({ page, site, said, server, authenticator, baseURL }) => {
    await withSite(row, site, async (origin) => {
      const answers = wasmOf(page);
      await page.goto(origin);
      await page.waitForFunction(() => globalThis.library);
      expect(await signIn(page, server, baseURL, { enableLogging: false })).toEqual(SIGNED_IN);
      expect(said).toEqual({ errors: [], warnings: [] });
      expect(answers).toEqual(row.core === "wasm" ? [200] : []);
    });
  });
}

test("an import without use leaves nothing of the package in the pages that these tools build", async ({ page, site }) => {
  const built = SITES.filter(({ project, build }) => project === "app" && build);
  expect(built.length).toBeGreaterThan(5);
  for (const row of built) {
    const unused = `import { Authsignal } from "authsignal-wasm";\n\ndocument.title = "Not yet";\n`;
    await withSite({ ...row, app: unused }, site, async (origin) => {
      const loaded = [];
      page.on("response", (response) => loaded.push(response.text()));
      await page.goto(origin);
      await expect(page).toHaveTitle("Not yet");
      page.removeAllListeners("response");
      // Vite writes core.wasm all the same, and esbuild its chunks, for nobody to load.
      for (const text of await Promise.all(loaded)) expect(text, row.name).not.toMatch(/authsignal|tenantId|wasm/i);
    });
  }
});

test("the quick start works in a fresh app of create-vite as it is written", async ({ page, site, said, server, authenticator, baseURL }) => {
  const text = readFileSync(new URL("../../../www-demo/docs/quick-start.md", import.meta.url), "utf8");
  const [, created] = /^npm create vite@latest my-app -- (.*)$/m.exec(text);
  const apps = join(PACKED, "apps");
  mkdirSync(apps, { recursive: true });
  rmSync(join(apps, "my-app"), { recursive: true, force: true });
  await run(`create-vite my-app ${created}`, apps);
  const blocks = [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code.replaceAll("http://localhost:8787", baseURL));
  const files = ["src/main.js", "vite.config.js"];
  expect(blocks).toHaveLength(files.length);
  files.forEach((file, index) => writeFileSync(join(apps, "my-app", file), blocks[index]));
  const installed = "node_modules/authsignal-wasm";
  cpSync(join(PACKED, installed), join(apps, "my-app", installed), { recursive: true });
  const { origin, close } = await start("vite --strictPort --port", join(apps, "my-app"));
  await page.goto(origin);
  for (const [button, told] of [["Sign up", "Signed up"], ["Sign in", /^Signed in/], ["Add an authenticator app", /^otpauth:/]]) {
    await page.getByRole("button", { name: button, exact: true }).click();
    await expect(page.getByRole("status")).toHaveText(told);
  }
  expect(await server.methods("anna")).toEqual(["PASSKEY"]);
  expect(said).toEqual({ errors: [], warnings: [] });
  await close();
});

for (const row of WORKERS) {
  test(`a Web Worker by ${row.name} adds an authenticator`, async ({ page, site, said, server, baseURL }) => {
    await withSite(row, site, async (origin) => {
      const answers = wasmOf(page);
      const appeared = page.waitForEvent("worker");
      await page.goto(origin);
      const worker = await appeared;
      await expect.poll(() => worker.evaluate(() => Boolean(globalThis.library))).toBe(true);
      expect(await enroll(worker, server, baseURL, { enableLogging: false })).toEqual(ENROLLED);
      expect(said).toEqual({ errors: [], warnings: [] });
      expect(answers).toEqual(row.core === "wasm" ? [200] : []);
    });
  });
}

for (const [name, command] of PROGRAMS) {
  test(`${name}: a program adds an authenticator`, async ({ server, baseURL }) => {
    const { token } = await server.track("ada", { scope: "add:authenticators" });
    const { stdout, stderr } = await run(command, copyOf("program", name), { API: `${baseURL}/v1`, TOKEN: token });
    expect(stdout).toMatch(/^otpauth:\/\/totp\//);
    expect(stderr).toBe("");
  });
}

for (const [name, project, command] of RUNNERS) {
  test(`${name}: an app's test adds an authenticator, and no console complains`, async ({ server, baseURL }) => {
    const { token } = await server.track("ada");
    const { stdout, stderr } = await run(command, copyOf(project, name), { API: `${baseURL}/v1`, TOKEN: token });
    expect(stdout + stderr).toMatch(/Tests:? +\d+ passed/);
    expect(stdout + stderr).not.toMatch(/console\.|Error|warn/i);
  });
}
