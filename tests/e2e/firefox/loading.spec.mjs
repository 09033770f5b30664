// The rows of tests/package/support/matrix.mjs in Firefox, from the package as it is installed.
import { expect, test as base } from "@playwright/test";
import { FORBIDDEN_BY, IN_JAVASCRIPT, OF_ANOTHER_TYPE, SPOILED, STREAMED, STREAMED_UNDER, CONNECTING_ELSEWHERE, arrange } from "../../package/support/matrix.mjs";
import { Site } from "../../package/support/site.mjs";
import { ENROLLED, enroll } from "../../package/support/test.mjs";
import { Firefox } from "../support/firefox.mjs";
import { Server } from "../support/server.mjs";

/** What the page's console is told, of ours and of violations: WebDriver has no way to read it. */
const LISTEN = `globalThis.said = { errors: [], warnings: [] };
console.error = (...values) => said.errors.push(values.join(" "));
console.warn = (label, details) => said.warnings.push({ label, code: details.code, cause: String(details.cause), remedy: details.remedy });
addEventListener("securitypolicyviolation", ({ violatedDirective }) => said.errors.push(violatedDirective));
addEventListener("error", ({ message }) => said.errors.push(message));
addEventListener("unhandledrejection", ({ reason }) => said.errors.push(String(reason)));`;

const test = base.extend({
  firefox: [
    async ({}, use) => {
      const firefox = await Firefox.start();
      await use(firefox);
      await firefox.stop();
    },
    { scope: "worker" },
  ],
  site: async ({}, use) => {
    const site = await Site.start();
    site.files["/said.js"] = LISTEN;
    site.files["/"] = site.files["/"].replace("<script", "<script src=/said.js></script><script");
    await use(site);
    await site.close();
  },
});

/**
 * An enrolment with a token of the backend, as a ceremony would need a click: which files of the package were asked for, and what was
 * said meanwhile.
 */
const succeeds = async ({ firefox, site, request, baseURL }) => {
  const server = new Server(request);
  await server.reset();
  await firefox.goto(site.origin);
  const frame = { evaluate: (body, values) => firefox.evaluate(`return (${body})(...arguments)`, values) };
  await expect.poll(() => firefox.evaluate("return Boolean(window.library)")).toBe(true);
  // WebDriver knows no `undefined`.
  expect(await enroll(frame, server, baseURL)).toEqual({ ...ENROLLED, error: null });
  // Sorted: what is refused at once is not waited for.
  return { files: site.asked.filter((path) => path.startsWith("/pkg/")).sort(), ...(await firefox.evaluate("return window.said")) };
};

const warned = (code) => [{ label: "[Authsignal] core.wasm", code, cause: expect.stringMatching(/\w/), remedy: expect.stringMatching(/\w/) }];

test("the wasm is streamed, and nothing else is loaded", async ({ firefox, site, request, baseURL }) => {
  expect(await succeeds({ firefox, site, request, baseURL })).toEqual({ files: [...STREAMED].sort(), errors: [], warnings: [] });
});

for (const row of STREAMED_UNDER) {
  test(`the wasm is streamed under ${row.name}`, async ({ firefox, site, request, baseURL }) => {
    arrange(site, row, baseURL);
    expect(await succeeds({ firefox, site, request, baseURL })).toEqual({ files: [...STREAMED].sort(), errors: [], warnings: [] });
  });
}

for (const row of FORBIDDEN_BY) {
  test(`the core runs in JavaScript under ${row.name}`, async ({ firefox, site, request, baseURL }) => {
    arrange(site, row, baseURL);
    const { files, warnings } = await succeeds({ firefox, site, request, baseURL });
    expect(files).toEqual([...STREAMED, ...IN_JAVASCRIPT].sort());
    expect(warnings).toEqual(warned("wasm_blocked"));
  });
}

test("a CSP whose connect-src leaves the page's own site out costs the wasm and no more", async ({ firefox, site, request, baseURL }) => {
  arrange(site, CONNECTING_ELSEWHERE, baseURL);
  const { files, warnings } = await succeeds({ firefox, site, request, baseURL });
  expect(files).toEqual([STREAMED[0], ...IN_JAVASCRIPT].sort());
  expect(warnings).toEqual(warned("wasm_not_found"));
});

test("wasm served as text/html runs all the same", async ({ firefox, site, request, baseURL }) => {
  arrange(site, OF_ANOTHER_TYPE, baseURL);
  const { files, warnings } = await succeeds({ firefox, site, request, baseURL });
  expect(files).toEqual([...STREAMED, "/pkg/fallback.js"].sort());
  expect(warnings).toEqual(warned("wasm_wrong_type"));
});

for (const row of SPOILED) {
  test(`${row.name} is replaced by the core in JavaScript`, async ({ firefox, site, request, baseURL }) => {
    arrange(site, row, baseURL);
    const { files, errors, warnings } = await succeeds({ firefox, site, request, baseURL });
    expect({ files, errors, warnings }).toEqual({ files: [...STREAMED, ...IN_JAVASCRIPT].sort(), errors: [], warnings: warned(row.code) });
  });
}

test("without WebAssembly the same core runs in JavaScript", async ({ firefox, site, request, baseURL }) => {
  site.files["/said.js"] += "delete globalThis.WebAssembly;";
  const { errors, files, warnings } = await succeeds({ firefox, site, request, baseURL });
  expect(files.filter((file) => !STREAMED.includes(file))).toEqual([...IN_JAVASCRIPT].sort());
  expect({ errors, warnings }).toEqual({ errors: [], warnings: warned("wasm_unsupported") });
});
