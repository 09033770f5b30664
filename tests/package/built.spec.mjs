// The package in apps as they are built and written, without a plugin or a setting for it.
import { build } from "esbuild";
import { SIGNED_IN, expect, signIn, test } from "./support/test.mjs";

const APP = `import * as library from "authsignal-wasm"; globalThis.library = library;`;

for (const [format, script] of [
  ["esm", "<script type=module src=/built.js></script>"],
  ["iife", "<script defer src=/built.js></script>"],
]) {
  test(`an app that esbuild bundles as ${format} has its core inside`, async ({ page, site, said, server, authenticator, baseURL }) => {
    const { outputFiles, warnings } = await build({
      stdin: { contents: APP, resolveDir: process.env.PACKED },
      bundle: true,
      format,
      write: false,
      logLevel: "silent",
    });
    expect(warnings.filter(({ id }) => id !== "empty-import-meta")).toEqual([]);
    site.files["/built.js"] = outputFiles[0].text;
    site.files["/"] = `<!doctype html><title>The app</title><link rel=icon href=data:,>${script}`;
    await page.goto(site.origin);
    expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
    // esbuild does not carry the wasm along, and nothing is asked for in vain.
    expect(site.asked).toEqual(["/", "/built.js"]);
    expect(said.errors).toEqual([]);
  });
}

test("an import without use leaves nothing in a bundle", async () => {
  for (const contents of [`import "authsignal-wasm";`, `import { Authsignal, load } from "authsignal-wasm/js"; export {};`]) {
    const { outputFiles } = await build({ stdin: { contents, resolveDir: process.env.PACKED }, bundle: true, minify: true, format: "esm", write: false });
    expect(outputFiles.map(({ text }) => text.trim())).toEqual([""]);
  }
});

test("a classic script has the global `authsignal`, in one file", async ({ page, site, said, server, authenticator, baseURL }) => {
  site.files["/"] =
    "<!doctype html><title>The app</title><link rel=icon href=data:,><script src=/pkg/dist/index.min.js></script><script>library = authsignal</script>";
  await page.goto(site.origin);
  expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
  expect(site.asked).toEqual(["/", "/pkg/dist/index.min.js"]);
  expect(said).toEqual({ errors: [], warnings: [] });
});
