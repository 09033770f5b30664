// How the core comes to run, from the package as it is installed: whatever the page, the server or the browser forbid.
import { SIGNED_IN, expect, signIn, test, warningsOf } from "./support/test.mjs";

test("an ordinary page streams the wasm, and loads nothing else", async ({ page, site, said, server, authenticator, baseURL }) => {
  await page.goto(site.origin);
  expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
  expect(site.asked).toEqual(["/", "/app.js", "/pkg/index.js", "/pkg/core.wasm"]);
  expect(said).toEqual({ errors: [], warnings: [] });
});

test("without WebAssembly the same core runs in JavaScript", async ({ page, site, said, server, authenticator, baseURL }) => {
  await page.addInitScript(() => delete globalThis.WebAssembly);
  await page.goto(site.origin);
  expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
  expect(site.asked).toEqual(["/", "/app.js", "/pkg/index.js", "/pkg/fallback.js", "/pkg/js-core.js"]);
  expect(said.errors).toEqual([]);
  expect(await warningsOf(said)).toEqual([
    { label: "[Authsignal] core.wasm", code: "wasm_unsupported", cause: expect.stringContaining("WebAssembly"), remedy: expect.any(String) },
  ]);
});
