// What npm installs from the packed tarball. Runs in the folder that it is installed into: PACKED.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const folder = process.env.PACKED;
const installed = join(folder, "node_modules/authsignal-wasm");
const require = createRequire(join(folder, "package.json"));
// Resolves as an app that lies in the folder does.
writeFileSync(join(folder, "app.mjs"), "export const load = (entry = 'authsignal-wasm') => import(entry);");
const { load } = await import(pathToFileURL(join(folder, "app.mjs")));

test("the tarball holds the package and nothing else", () => {
  assert.deepEqual(readdirSync(installed).sort(), [
    "LICENSE",
    "README.md",
    "core.wasm",
    "dist",
    "fallback.js",
    "index.cjs",
    "index.d.cts",
    "index.d.ts",
    "index.js",
    "js-core.js",
    "js.d.ts",
    "js.js",
    "later.js",
    "package.json",
    "testing",
  ]);
});

test("defect 30: the package brings no dependency, used or not", () => {
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const kind of ["dependencies", "peerDependencies", "optionalDependencies"]) assert.equal(manifest[kind], undefined, kind);
  assert.deepEqual(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")), ["authsignal-wasm"]);
});

test("every entry is found, imported and required", async () => {
  const names = (exported) => Object.keys(exported).filter((name) => name !== "default" && name !== "module.exports").sort();
  for (const entry of ["authsignal-wasm", "authsignal-wasm/js", "authsignal-wasm/testing"]) {
    assert.deepEqual(names(await load(entry)), names(require(entry)), entry);
  }
  assert.equal(require("authsignal-wasm/package.json").name, "authsignal-wasm");
  assert.equal(readFileSync(require.resolve("authsignal-wasm/core.wasm")).subarray(0, 4).toString("latin1"), "\0asm");
});

test("no page's script has an expression that looks behind, which Safari before 16.4 cannot read", () => {
  const scripts = readdirSync(installed, { recursive: true }).filter((file) => /\.c?js$/.test(file) && !file.startsWith("testing"));
  assert.ok(scripts.length > 4);
  for (const file of scripts) assert.doesNotMatch(readFileSync(join(installed, file), "utf8"), /\(\?<[=!]/, file);
});

test("its version is a real one", () => {
  const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.notEqual(version, "0.0.0");
});

test("importing and constructing on a server neither throws nor touches a DOM", async () => {
  const { Authsignal } = await load();
  const authsignal = new Authsignal({ tenantId: "a-tenant" });
  assert.match(authsignal.anonymousId, /^[0-9a-f-]{36}$/);
  authsignal.setToken("a.token.here");
  assert.deepEqual(authsignal.binding.state, "none");
});

test("the run-time exports are the peer's and ours", async () => {
  assert.deepEqual(Object.keys(await load()).sort(), [
    "Authsignal",
    "AuthsignalWindowMessage",
    "ErrorCode",
    "VerificationMethod",
    "WebAuthnError",
    "Whatsapp",
    "load",
  ]);
});

test("wrong construction and a wrong token are told with their fix", async () => {
  const { Authsignal } = await load();
  assert.throws(() => new Authsignal(), /tenantId is required/);
  assert.throws(() => new Authsignal({}), { message: "tenantId is required" });
  const authsignal = new Authsignal({ tenantId: "a-tenant" });
  for (const wrong of [undefined, null, "", 7, {}]) {
    assert.throws(() => authsignal.setToken(wrong), /setToken needs a token/);
  }
});

test("the binding window is told to a page that has called nothing yet", async () => {
  const { Authsignal } = await load();
  const claims = { scope: "add:authenticators", exp: Math.floor(Date.now() / 1000) + 600, sub: "ada" };
  const token = ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "x"].join(".");
  const told = await new Promise((resolve) => {
    const authsignal = new Authsignal({ tenantId: "told-first", onBindingChange: (binding) => resolve({ binding, authsignal }) });
    authsignal.setToken(token);
  });
  assert.equal(told.binding.state, "open");
  assert.equal(told.authsignal.binding.userId, "ada");
  told.authsignal.clearToken();
});

test("in Node the core runs without a fetch, imported and required", async () => {
  const forbidden = () => assert.fail("fetched");
  const { fetch } = globalThis;
  globalThis.fetch = forbidden;
  try {
    for (const { Authsignal } of [await load(), require("authsignal-wasm")]) {
      const { errorCode } = await new Authsignal({ tenantId: "tenant-without-token" }).totp.enroll();
      assert.equal(errorCode, "token_not_set");
    }
  } finally {
    globalThis.fetch = fetch;
  }
});
