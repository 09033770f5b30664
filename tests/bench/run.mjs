// Speed and memory beside the peer, as ratios: fresh pages of the same browser, ours and the peer's in turn, so that
// whatever slows the machine slows both. Run by `cargo xtask bench`, which has built pkg/ and the peer's bundle.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";

const ROUNDS = 40;
const CALLS = 1_000;
const root = fileURLToPath(new URL("../../", import.meta.url));
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };
const FOLDERS = { ours: "pkg", peer: "target/peer" };
const ENTRIES = { ours: "/ours/index.js", peer: "/peer/bundle.js" };

/** What is measured, and the ratio to the peer that we want at most. */
const MEASURES = {
  constructed: { says: "import to constructed", target: 1.0 },
  usable: { says: "import to first method usable", target: 1.1 },
  script: { says: "script time, to the first answer", target: 0.8 },
  call: { says: "one totp.enroll(), immediate stub", target: 1.2 },
  memory: { says: `memory after ${CALLS} calls`, target: 1.0 },
};

const server = createServer(async (request, response) => {
  const [, side, ...rest] = new URL(request.url, "http://localhost").pathname.split("/");
  const file = rest.join("/");
  if (!(side in FOLDERS) || !/^[\w-]+\.\w+$/.test(file)) {
    response.writeHead(side === "" ? 200 : 404, { "content-type": "text/html" }).end("<!doctype html><title>bench</title>");
    return;
  }
  const bytes = await readFile(join(root, FOLDERS[side], file)).catch(() => null);
  if (bytes) response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(bytes);
  else response.writeHead(404).end();
});

/**
 * In the page: the API answers at once, everything else goes to the server; and linear memories are kept in sight, as
 * the browser does not count them as the heap's.
 */
const stub = () => {
  globalThis.memories = [];
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const instantiate = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await instantiate.apply(WebAssembly, given);
      globalThis.memories.push(...Object.values(made.instance.exports).filter((one) => one instanceof WebAssembly.Memory));
      return made;
    };
  }
  const real = globalThis.fetch;
  const body = JSON.stringify({ uri: "otpauth://totp/a?secret=B", secret: "B", userAuthenticatorId: "c" });
  globalThis.fetch = (address, options) =>
    String(address).includes("/client/")
      ? Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } }))
      : real(address, options);
};

/** In the page: from the import to the first answer. */
const start = async (entry) => {
  const begun = performance.now();
  const { Authsignal } = await import(entry);
  const authsignal = new Authsignal({ tenantId: "bench", baseUrl: "http://localhost/v1" });
  const constructed = performance.now() - begun;
  authsignal.setToken("a.token.here");
  const { data } = await authsignal.totp.enroll();
  const usable = performance.now() - begun;
  if (data?.secret !== "B") throw new Error(`${entry}: totp.enroll() did not answer with what the stub said`);
  globalThis.authsignal = authsignal;
  return { constructed, usable };
};

/** In the page: the time of one call, by many. */
const callMany = async (calls) => {
  const { totp } = globalThis.authsignal;
  const begun = performance.now();
  for (let call = 0; call < calls; call += 1) await totp.enroll();
  return (performance.now() - begun) / calls;
};

/** What the page holds after a collection: objects, the buffers behind them, and linear memory. */
const held = async (devtools, page) => {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await devtools.send("Runtime.getHeapUsage");
  const linear = await page.evaluate(() => globalThis.memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0));
  return usedSize + embedderHeapUsedSize + backingStorageSize + linear;
};

/** What the main thread has worked, in seconds: `ScriptDuration` leaves out what DevTools evaluates. */
const worked = async (devtools) => {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration").value;
};

const measure = async (browser, origin, side) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable");
  await page.goto(origin);
  await page.evaluate(stub);
  const emptyMemory = await held(devtools, page);
  // What it takes to evaluate anything at all.
  const before = await worked(devtools);
  await page.evaluate(() => ({}));
  const ready = await worked(devtools);
  const { constructed, usable } = await page.evaluate(start, ENTRIES[side]);
  const script = (await worked(devtools)) - ready - (ready - before);
  await page.evaluate(callMany, 100); // Warm.
  const call = await page.evaluate(callMany, CALLS);
  const memory = (await held(devtools, page)) - emptyMemory;
  await context.close();
  return { constructed, usable, script, call, memory };
};

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

await new Promise((ready) => server.listen(0, "localhost", ready));
const origin = `http://localhost:${server.address().port}/`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM });
try {
  const samples = { ours: [], peer: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 ? ["ours", "peer"] : ["peer", "ours"];
    for (const side of order) samples[side].push(await measure(browser, origin, side));
    if (round % 10 === 9) console.error(`${round + 1} of ${ROUNDS} rounds`);
  }
  console.log(`${"ours / peer, medians".padEnd(36)} ${"ratio".padStart(6)} ${"target".padStart(7)}`);
  for (const [name, { says, target }] of Object.entries(MEASURES)) {
    const of = (side) => median(samples[side].map((sample) => sample[name]));
    const ratio = of("ours") / of("peer");
    console.log(`${says.padEnd(36)} ${ratio.toFixed(2).padStart(6)} ${`<= ${target.toFixed(1)}`.padStart(7)}`);
  }
} finally {
  await browser.close();
  server.close();
}
