// How the core comes to run, from the package as it is installed: whatever the page, the server or the browser forbid.
import { readFileSync } from "node:fs";
import { CONNECTING_ELSEWHERE, FORBIDDEN_BY, IN_JAVASCRIPT, OF_ANOTHER_TYPE, SPOILED, STREAMED, STREAMED_UNDER, arrange } from "./support/matrix.mjs";
import { PAGE, wasm } from "./support/site.mjs";
import { ENROLLED, SIGNED_IN, enroll, expect, signIn, test, warningsOf } from "./support/test.mjs";

/** The one structured warning, of this code. */
const warned = (code) => [
  { label: "[Authsignal] core.wasm", code, cause: expect.stringMatching(/\w/), remedy: expect.stringMatching(/\w/) },
];
/** What the site was asked for, without the page itself. */
const packageFiles = ({ asked }) => asked.filter((path) => path.startsWith("/pkg/"));

/** A sign-in with the whole way to it. */
const succeeds = async ({ page, site, server, baseURL }) => {
  await page.goto(site.origin);
  expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
};

test("an ordinary page streams the wasm, and loads nothing else", async ({ page, site, said, server, authenticator, baseURL }) => {
  await succeeds({ page, site, server, baseURL });
  expect(packageFiles(site)).toEqual(STREAMED);
  expect(said).toEqual({ errors: [], warnings: [] });
});

for (const text of ["pkg-template/README.md", "www-demo/docs/loading.md"]) {
  test(`the hints of ${text} fetch both files before a script asks, and no file twice`, async ({ page, site, said, server, authenticator, baseURL }) => {
    const [, hints] = /^```html\n([\s\S]*?)^```/m.exec(readFileSync(new URL(`../../${text}`, import.meta.url), "utf8"));
    site.files["/"] = PAGE.replace("<script", `${hints.replaceAll("/authsignal-wasm/", "/pkg/")}<script`);
    site.files["/app.js"] = `globalThis.begin = async () => void (globalThis.library = await import("/pkg/index.js"));`;
    await page.goto(site.origin);
    const fetched = () => packageFiles(site).sort();
    await expect.poll(fetched).toEqual([...STREAMED].sort());
    await page.evaluate(() => begin());
    expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
    expect(fetched()).toEqual([...STREAMED].sort());
    expect(said).toEqual({ errors: [], warnings: [] });
  });
}

test("the download starts with the first instance, not with the import, and is one for all", async ({ page, site, said }) => {
  await page.goto(site.origin);
  await page.waitForFunction(() => globalThis.library);
  await page.waitForLoadState("networkidle");
  expect(packageFiles(site)).toEqual(["/pkg/index.js"]);
  const downloaded = page.waitForResponse(/core\.wasm$/);
  await page.evaluate(() => {
    for (const tenantId of ["one", "one", "another"]) new library.Authsignal({ tenantId });
  });
  await downloaded;
  await page.evaluate(() => Promise.all([library.load(), library.load()]));
  expect(packageFiles(site)).toEqual(STREAMED);
  expect(said).toEqual({ errors: [], warnings: [] });
});

for (const entry of ["index.js", "js.js"]) {
  test(`importing ${entry} does nothing that a page could tell`, async ({ page, site, said }) => {
    await page.addInitScript(watchGlobals);
    site.files["/app.js"] = "";
    await page.goto(site.origin);
    const told = await page.evaluate(async (entry) => {
      const before = describeGlobals();
      await import(`/pkg/${entry}`);
      return { used, changed: describeGlobals() !== before, cookie: document.cookie, page: document.documentElement.outerHTML };
    }, entry);
    expect(told).toEqual({ used: [], changed: false, cookie: "", page: expect.not.stringContaining("authsignal") });
    expect(packageFiles(site)).toEqual([`/pkg/${entry}`]);
    expect(said).toEqual({ errors: [], warnings: [] });
  });
}

/** `used`: what of the page's powers is used; `describeGlobals()`: every global and what it inherits. */
function watchGlobals() {
  globalThis.used = [];
  const powers = "fetch setTimeout setInterval queueMicrotask addEventListener postMessage XMLHttpRequest WebSocket Worker BroadcastChannel open";
  for (const name of powers.split(" ")) {
    const note = () => void used.push(name);
    globalThis[name] = new Proxy(globalThis[name], { apply: note, construct: note });
  }
  for (const name of ["localStorage", "sessionStorage", "indexedDB", "crypto", "WebAssembly", "navigator"]) {
    const value = globalThis[name];
    Object.defineProperty(globalThis, name, { configurable: true, get: () => (used.push(name), value) });
  }
  const members = (value) => Reflect.ownKeys(value).map((key) => [String(key), Object.getOwnPropertyDescriptor(value, key).value]);
  const named = (value) => (Object(value) === value ? typeof value : String(value));
  globalThis.describeGlobals = () =>
    members(globalThis)
      .flatMap(([name, value]) => [[name, value], ...(typeof value === "function" && value.prototype ? members(value.prototype) : [])])
      .map(([name, value]) => `${name} ${named(value)}`)
      .join("\n");
}

/* ---- What a Content-Security-Policy forbids ---- */

for (const row of STREAMED_UNDER) {
  test(`the wasm is streamed under ${row.name}`, async ({ page, site, said, server, authenticator, baseURL }) => {
    arrange(site, row, baseURL);
    await succeeds({ page, site, server, baseURL });
    expect(packageFiles(site)).toEqual(STREAMED);
    expect(said).toEqual({ errors: [], warnings: [] });
  });
}

for (const row of FORBIDDEN_BY) {
  test(`the core runs in JavaScript under ${row.name}, and no console complains`, async ({ page, site, said, server, authenticator, baseURL }) => {
    arrange(site, row, baseURL);
    await succeeds({ page, site, server, baseURL });
    expect(packageFiles(site)).toEqual([...STREAMED, ...IN_JAVASCRIPT]);
    expect(said.errors).toEqual([]);
    expect(await warningsOf(said)).toEqual(warned("wasm_blocked"));
  });

  test(`authsignal-wasm/js has nothing to complain about under ${row.name}`, async ({ page, site, said, server, authenticator, baseURL }) => {
    arrange(site, row, baseURL);
    site.files["/app.js"] = site.files["/app.js"].replace("index.js", "js.js");
    await succeeds({ page, site, server, baseURL });
    expect(packageFiles(site)).toEqual(["/pkg/js.js"]);
    expect(said).toEqual({ errors: [], warnings: [] });
  });
}

test("a CSP whose connect-src leaves the page's own site out costs the wasm and no more", async ({ page, site, said, server, authenticator, baseURL }) => {
  arrange(site, CONNECTING_ELSEWHERE, baseURL);
  await succeeds({ page, site, server, baseURL });
  expect(packageFiles(site)).toEqual([STREAMED[0], ...IN_JAVASCRIPT]);
  // The browser's own.
  expect(said.errors.length).toBeGreaterThan(0);
  for (const error of said.errors) expect(error).toMatch(/core\.wasm.*Content Security Policy|connect-src/);
  expect(await warningsOf(said)).toEqual(warned("wasm_not_found"));
});

/* ---- How a server serves the wasm ---- */

test("wasm served as text/html runs all the same", async ({ page, site, said, server, authenticator, baseURL }) => {
  arrange(site, OF_ANOTHER_TYPE, baseURL);
  await succeeds({ page, site, server, baseURL });
  expect(packageFiles(site)).toEqual([...STREAMED, "/pkg/fallback.js"]);
  expect(said.errors).toEqual([]);
  expect(await warningsOf(said)).toEqual(warned("wasm_wrong_type"));
});

for (const row of SPOILED) {
  test(`${row.name} is replaced by the core in JavaScript`, async ({ page, site, said, server, authenticator, baseURL }) => {
    arrange(site, row, baseURL);
    await succeeds({ page, site, server, baseURL });
    expect(packageFiles(site)).toEqual([...STREAMED, ...IN_JAVASCRIPT]);
    expect(said.errors).toEqual((row.complaint ?? []).map((text) => expect.stringMatching(text)));
    expect(await warningsOf(said)).toEqual(warned(row.code));
  });
}

test("a connection that breaks off in the wasm is no obstacle either", async ({ page, site, said, server, authenticator, baseURL }) => {
  site.answer = (path) => path.endsWith(".wasm") && [200, "application/wasm", wasm().subarray(0, 100), { "content-length": 5000 }];
  await succeeds({ page, site, server, baseURL });
  expect(await warningsOf(said)).toEqual(warned("wasm_invalid"));
});

test("what cannot be loaded offline is loaded once the network is back", async ({ page, site, server, authenticator, baseURL }) => {
  await page.goto(site.origin);
  await page.context().setOffline(true);
  const first = await page.evaluate(async (baseURL) => {
    globalThis.authsignal = new library.Authsignal({ tenantId: "local", baseUrl: `${baseURL}/v1` });
    const loaded = await library.load().then(() => "loaded", (error) => error instanceof Error);
    return [loaded, await authsignal.totp.enroll()];
  }, baseURL);
  expect(first).toEqual([true, expect.objectContaining({ errorCode: "core_unavailable", error: expect.stringContaining("could not be loaded") })]);
  await page.context().setOffline(false);
  expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
});

for (const [what, file] of [
  ["the way around", "fallback.js"],
  ["the core in JavaScript", "js-core.js"],
]) {
  test(`${what}, once lost on the way, is loaded by the next call`, async ({ page, site, server, authenticator, baseURL }) => {
    await page.addInitScript(() => delete globalThis.WebAssembly);
    await page.goto(site.origin);
    await page.waitForFunction(() => globalThis.library);
    let lost = 0;
    await page.route(`**/${file}*`, (route) => ((lost += 1) === 1 ? route.abort() : route.continue()));
    expect(await page.evaluate(() => library.load().then(() => "loaded", () => "refused"))).toBe("refused");
    expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
    expect(lost).toBeGreaterThan(1);
  });
}

test("an address that mentions a CSP is not taken for one, and an instance that comes later tells of it", async ({ page, site, said, server, authenticator, baseURL }) => {
  const address = "/docsportal/core.wasm";
  site.answer = (path) => path === address && [404, "text/html", "not here"];
  site.files["/app.js"] += `\nglobalThis.loaded = library.load({ wasm: "${address}" });
    new library.Authsignal({ tenantId: "local", enableLogging: true });`;
  await page.goto(site.origin);
  await page.evaluate(() => loaded);
  expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
  expect(await warningsOf(said)).toEqual(warned("wasm_not_found"));
});

/* ---- A core that traps ---- */

/** `traps`: whether each export throws in the place of what it does; `made`: how many cores there were. */
function breakCores() {
  Object.assign(globalThis, { traps: false, made: 0 });
  const breakable = (value) =>
    typeof value !== "function" ? value : (...given) => {
      if (traps) throw new Error("unreachable");
      return value(...given);
    };
  globalThis.broken = (exports) => {
    made += 1;
    return Object.fromEntries(Object.entries(exports).map(([name, value]) => [name, breakable(value)]));
  };
  if (!globalThis.WebAssembly) return;
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (...given) => {
    const { instance } = await instantiateStreaming.apply(WebAssembly, given);
    return { instance: { exports: broken(instance.exports) } };
  };
}

for (const without of ["", " without WebAssembly"]) {
  test(`a core that traps rejects every call that waits, and the next one gets a fresh core${without}`, async ({ page, site, server, baseURL }) => {
    if (without) await page.addInitScript(() => delete globalThis.WebAssembly);
    await page.addInitScript(breakCores);
    const wrapper = `import { core as whole } from "/pkg/js-core.js?whole"; export const core = (imports) => broken(whole(imports));`;
    site.answer = (path, query) => path.endsWith("/js-core.js") && !query && [200, "text/javascript", wrapper];
    await page.goto(site.origin);
    const { token } = await server.track("ada");
    const told = await page.evaluate(
      async ([baseURL, token]) => {
        const authsignal = new library.Authsignal({ tenantId: "local", baseUrl: `${baseURL}/v1` });
        authsignal.setToken(token);
        await library.load();
        const rejection = (call) => call.then(() => "resolved", ({ code, cause }) => [code, cause.message]);
        const { fetch } = globalThis;
        let asked = 0;
        const waiting = new Promise((ready) => {
          globalThis.fetch = () => new Promise(() => (asked += 1) === 2 && ready());
        });
        const calls = [authsignal.totp.enroll(), authsignal.email.challenge()].map(rejection);
        await waiting;
        traps = true;
        calls.push(rejection(authsignal.sms.challenge()));
        const rejected = await Promise.all(calls);
        Object.assign(globalThis, { traps: false, fetch });
        const { data } = await authsignal.totp.enroll();
        return { rejected, uri: data?.uri, made };
      },
      [baseURL, token],
    );
    expect(told).toEqual({ rejected: Array(3).fill(["core_failed", "unreachable"]), uri: expect.stringMatching(/^otpauth:/), made: 2 });
  });
}

test("a core that traps gives up the autofill that it had under way, and the next one arms it again", async ({ page, site, server, authenticator, baseURL }) => {
  await page.addInitScript(breakCores);
  site.files["/"] = PAGE.replace("</title>", "</title><input autocomplete=webauthn>");
  await page.goto(site.origin);
  const told = await page.evaluate(async (baseURL) => {
    const authsignal = new library.Authsignal({ tenantId: "local", baseUrl: `${baseURL}/v1` });
    await library.load();
    let pending = 0;
    navigator.credentials.get = ({ signal }) =>
      new Promise((_, reject) => {
        pending += 1;
        signal.addEventListener("abort", () => {
          pending -= 1;
          reject(signal.reason);
        });
      });
    const ended = authsignal.passkey.signIn({ autofill: true }).then(() => "resolved", ({ code }) => code);
    while (pending === 0) await new Promise((resolve) => setTimeout(resolve));
    traps = true;
    await authsignal.totp.enroll().catch(() => {});
    traps = false;
    const left = pending;
    authsignal.passkey.signIn({ autofill: true }).catch(() => {});
    while (pending === 0) await new Promise((resolve) => setTimeout(resolve));
    return [await ended, left, pending];
  }, baseURL);
  expect(told).toEqual(["core_failed", 0, 1]);
});

test("a part that cannot be loaded is told by its code, and leaves no window open", async ({ page, site, baseURL }) => {
  site.answer = (path) => path.endsWith("/later.js") && [404, "text/plain", "not here"];
  await page.goto(site.origin);
  const told = await page.evaluate(async (baseURL) => {
    const authsignal = new library.Authsignal({ tenantId: "local", baseUrl: `${baseURL}/v1` });
    let closed = 0;
    globalThis.open = () => ({ close: () => (closed += 1) });
    const code = (call) => call.then(() => "resolved", ({ code }) => code);
    return [
      await code(authsignal.launch("/ui?token=t", { mode: "window" })),
      await code(authsignal.launch("/ui?token=t", { mode: "popup" })),
      await code(authsignal.qrCode.challenge({ action: "a" })),
      closed,
    ];
  }, baseURL);
  expect(told).toEqual([...Array(3).fill("core_unavailable"), 1]);
});

/* ---- What the browser or the page lacks ---- */

test("without WebAssembly the same core runs in JavaScript", async ({ page, site, said, server, authenticator, baseURL }) => {
  await page.addInitScript(() => delete globalThis.WebAssembly);
  await succeeds({ page, site, server, baseURL });
  expect(packageFiles(site)).toEqual(["/pkg/index.js", ...IN_JAVASCRIPT]);
  expect(said.errors).toEqual([]);
  expect(await warningsOf(said)).toEqual(warned("wasm_unsupported"));
});

test("without enableLogging nothing is said about a way around", async ({ page, site, said, server, authenticator, baseURL }) => {
  await page.addInitScript(() => delete globalThis.WebAssembly);
  await page.goto(site.origin);
  expect(await signIn(page, server, baseURL, { enableLogging: false })).toEqual(SIGNED_IN);
  expect(said).toEqual({ errors: [], warnings: [] });
});

for (const [what, hostile] of [
  ["polluted prototypes", pollute],
  ["frozen intrinsics", freeze],
]) {
  for (const without of ["", " without WebAssembly"]) {
    test(`${what} do not matter${without}`, async ({ page, site, said, server, authenticator, baseURL }) => {
      if (without) await page.addInitScript(() => delete globalThis.WebAssembly);
      await page.addInitScript(hostile);
      await succeeds({ page, site, server, baseURL });
      expect(said.errors).toEqual([]);
      const cancelled = await page.evaluate(async (baseURL) => {
        const cause = new DOMException("closed", "NotAllowedError");
        navigator.credentials.get = () => Promise.reject(cause);
        const authsignal = new library.Authsignal({ tenantId: "local", baseUrl: `${baseURL}/v1` });
        authsignal.clearToken();
        const error = await authsignal.passkey.signIn({ action: "a" }).catch((error) => error);
        return [error instanceof library.WebAuthnError, error.name, error.cause === cause];
      }, baseURL);
      expect(cancelled).toEqual([true, "NotAllowedError", true]);
    });
  }
}

for (const without of ["", " without WebAssembly"]) {
  test(`under the lockdown of SES all is the same${without}`, async ({ page, site, said, server, authenticator, baseURL }) => {
    if (without) await page.addInitScript(() => delete globalThis.WebAssembly);
    site.files["/ses.js"] = readFileSync(new URL("../node_modules/ses/dist/ses.umd.js", import.meta.url), "utf8");
    site.files["/"] = PAGE.replace("<script", "<script charset=utf-8 src=/ses.js></script><script>lockdown()</script><script");
    await succeeds({ page, site, server, baseURL });
    expect(await page.evaluate(() => [Object.isFrozen(Array.prototype), Object.isFrozen(Promise)])).toEqual([true, true]);
    expect(said.errors).toEqual([]);
  });
}

/** What a script of the app's may have put in everyone's way, by accident or not. (The browser itself reads some names.) */
function pollute() {
  Object.assign(Object.prototype, {
    polluted: "yes",
    baseUrl: "https://attacker.test",
    enableLogging: true,
    wasm: "/attacker.wasm",
    token: "attacker's",
    challengeId: "attacker's",
    autofill: true,
    timeout: 1,
    onVerificationStarted: () => 0,
    polling: true,
  });
  Array.prototype.last = function () {
    return this[this.length - 1];
  };
}

/** As `lockdown()` of SES does: what is inherited can't be assigned to any more. */
function freeze() {
  const seen = new Set();
  const visit = (value) => {
    if (Object(value) !== value || seen.has(value)) return;
    seen.add(value);
    Object.freeze(value);
    visit(Object.getPrototypeOf(value));
    for (const { value: inner, get, set } of Object.values(Object.getOwnPropertyDescriptors(value))) [inner, get, set].forEach(visit);
  };
  const names =
    "Object Function Array Error TypeError Promise Map Set WeakMap String Number Boolean Symbol RegExp Date Math JSON Reflect ArrayBuffer Uint8Array Int32Array Float64Array DataView BigInt Proxy";
  for (const name of names.split(" ")) visit(globalThis[name]);
}

/* ---- Other places than a page ---- */

test("in a sandboxed frame of no origin a token is used", async ({ page, site, said, server, baseURL }) => {
  site.headers["access-control-allow-origin"] = "*";
  site.files["/"] = "<!doctype html><title>Host</title><link rel=icon href=data:,><iframe sandbox=allow-scripts src=/frame.html></iframe>";
  site.files["/frame.html"] = PAGE.replace("type=module", "type=module crossorigin");
  // The local server answers loopback pages only, and a sandboxed one has no address.
  await page.route(`${baseURL}/**`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "access-control-allow-origin": "*", "access-control-allow-headers": "*" } });
  });
  await page.goto(site.origin);
  const frame = page.frames()[1];
  await frame.waitForFunction(() => globalThis.library);
  expect(await enroll(frame, server, baseURL)).toEqual(ENROLLED);
  expect(said).toEqual({ errors: [], warnings: [] });
});

test("in a frame of another site a token is used", async ({ page, site, said, server, baseURL }) => {
  site.files["/"] = `<!doctype html><title>Host</title><link rel=icon href=data:,><iframe src=${site.origin}/frame.html></iframe>`;
  site.files["/frame.html"] = PAGE;
  await page.goto(site.origin.replace("localhost", "127.0.0.1"));
  const frame = page.frames()[1];
  await frame.waitForFunction(() => globalThis.library);
  expect(await enroll(frame, server, baseURL)).toEqual(ENROLLED);
  expect(said).toEqual({ errors: [], warnings: [] });
});

for (const entry of ["index.js", "js.js"]) {
  test(`in a Web Worker a token is used, by ${entry}`, async ({ page, site, said, server, baseURL }) => {
    site.files["/worker.js"] = `import * as library from "/pkg/${entry}"; globalThis.library = library; postMessage("ready");`;
    site.files["/app.js"] = `globalThis.worker = new Worker("/worker.js", { type: "module" }); worker.onmessage = () => (globalThis.ready = true);`;
    const appeared = page.waitForEvent("worker");
    await page.goto(site.origin);
    const worker = await appeared;
    await page.waitForFunction(() => globalThis.ready);
    await worker.evaluate(() => void new library.Authsignal({ tenantId: "local" }));
    // As in a page: with the first instance, and not at the first call.
    if (entry === "index.js") await expect.poll(() => packageFiles(site)).toEqual(STREAMED);
    expect(await enroll(worker, server, baseURL)).toEqual(ENROLLED);
    expect(said).toEqual({ errors: [], warnings: [] });
  });
}

test("in a Web Worker that is a classic script a token is used", async ({ page, site, said, server, baseURL }) => {
  site.files["/worker.js"] = `importScripts("/pkg/dist/index.min.js"); globalThis.library = authsignal; postMessage("ready");`;
  site.files["/app.js"] = `globalThis.worker = new Worker("/worker.js"); worker.onmessage = () => (globalThis.ready = true);`;
  const appeared = page.waitForEvent("worker");
  await page.goto(site.origin);
  const worker = await appeared;
  await page.waitForFunction(() => globalThis.ready);
  expect(await enroll(worker, server, baseURL)).toEqual(ENROLLED);
  expect(said).toEqual({ errors: [], warnings: [] });
});

/* ---- Wasm from the host ---- */

for (const [what, given] of [
  ["an address", "'/elsewhere.wasm'"],
  ["a URL", "new URL('/elsewhere.wasm', location)"],
  ["a response", "await fetch('/elsewhere.wasm')"],
  ["a promise of a response", "fetch('/elsewhere.wasm')"],
  ["bytes", "await (await fetch('/elsewhere.wasm')).arrayBuffer()"],
  ["a typed array", "new Uint8Array(await (await fetch('/elsewhere.wasm')).arrayBuffer())"],
  ["a module", "await WebAssembly.compileStreaming(fetch('/elsewhere.wasm'))"],
  ["a promise of a module", "WebAssembly.compileStreaming(fetch('/elsewhere.wasm'))"],
]) {
  test(`the host gives the wasm as ${what}`, async ({ page, site, said, server, authenticator, baseURL }) => {
    site.answer = (path) => path === "/elsewhere.wasm" && [200, "application/wasm", wasm()];
    site.files["/app.js"] += `\nglobalThis.loaded = (async () => library.load({ wasm: ${given} }))();`;
    await page.goto(site.origin);
    await page.evaluate(() => loaded);
    expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
    expect(packageFiles(site).filter((path) => ![...STREAMED, "/pkg/fallback.js"].includes(path))).toEqual([]);
    expect(site.asked.filter((path) => path.endsWith(".wasm"))).toEqual(["/elsewhere.wasm"]);
    expect(said).toEqual({ errors: [], warnings: [] });
  });
}

test("what the host gives and is no wasm is replaced by the core in JavaScript", async ({ page, site, said, server, authenticator, baseURL }) => {
  site.files["/app.js"] += `\nglobalThis.loaded = library.load({ wasm: Promise.reject(new Error("none")) });`;
  await page.goto(site.origin);
  await page.evaluate(() => loaded);
  expect(await signIn(page, server, baseURL)).toEqual(SIGNED_IN);
  expect(packageFiles(site)).toEqual(["/pkg/index.js", ...IN_JAVASCRIPT]);
  expect(said).toEqual({ errors: [], warnings: [] });
});
