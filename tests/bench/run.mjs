// Speed and memory beside the peer, as ratios: fresh pages of the same browser, ours and the peer's in turn, so that
// whatever slows the machine slows both. Run by `cargo xtask bench`, which has built pkg/ and the peer's bundle.
//
// A ratio is that of two pages of one round; told are the median of all rounds and the quartiles. Where it is work that is
// measured and not waiting, it is the processor's time of the page's main thread, which other programs do not lengthen.
// `--rounds N` and `--clicks N` say how often; `target/bench/bench.svg` is the plot.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { cpus, loadavg } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { plot } from "./plot.mjs";

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "30" }, clicks: { type: "string", default: "10" } },
});
const CALLS = 1_000;
const WARM_CLICKS = 5;
const LATENCIES_MS = [0, 100, 300];
const THROTTLES = [1, 4];
const root = fileURLToPath(new URL("../../", import.meta.url));
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** What is compared: both cores, and the peer, which both are held against. */
const SIDES = { wasm: "/pkg/index.js", js: "/pkg/js.js", peer: "/peer/bundle.js" };
const OURS = ["wasm", "js"];
const FOLDERS = { pkg: "pkg", peer: "target/peer" };

/** What is measured, and the ratio to the peer that we want at most. */
const MEASURES = {
  constructed: { says: "import to constructed", target: 1.0 },
  usable: { says: "import to first method usable", target: 1.1 },
  script: { says: "script time, to the first answer", target: 0.8 },
  call: { says: "one totp.enroll(), immediate stub", target: 1.2 },
  memory: { says: `memory after ${CALLS} calls`, target: 1.0 },
};

/** Which click it is: the first of a page, the first of one that has preloaded all sides' files, a later one. */
const CLICKS = { cold: "cold", hinted: "preloaded", warm: "warm" };

const PAGE = "<!doctype html><title>bench</title><link rel=icon href=data:,><button>Sign in</button>";

/** The same page with the hints that the documentation names for a package, and for the peer what goes for its one file. */
const HINTS = Object.fromEntries(
  Object.entries(SIDES).map(([side, entry]) => [`/hinted/${side}`, `<link rel=modulepreload href=${entry}>`]),
);
HINTS["/hinted/wasm"] += "<link rel=preload as=fetch type=application/wasm crossorigin href=/pkg/core.wasm>";
const OFFER = { challengeId: "1", options: { challenge: "AAAA", rpId: "localhost", allowCredentials: [], timeout: 60_000 } };

/** How long the server lets each request wait: a round trip of that latency. */
let latency = 0;
const files = new Map();
const contentOf = async (path) => {
  const [, folder, ...rest] = path.split("/");
  const file = rest.join("/");
  if (!(folder in FOLDERS) || !/^[\w-]+\.\w+$/.test(file)) return;
  // From memory: a disk that is busy is not what is measured.
  if (!files.has(path)) files.set(path, await readFile(join(root, FOLDERS[folder], file)).catch(() => undefined));
  return files.get(path);
};
const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/" || pathname in HINTS) {
    return response.writeHead(200, { "content-type": "text/html" }).end((HINTS[pathname] ?? "") + PAGE);
  }
  await sleep(latency);
  if (pathname.startsWith("/v1/")) return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(OFFER));
  const bytes = await contentOf(pathname);
  if (!bytes) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(pathname)] ?? "text/plain", "cache-control": "max-age=600" }).end(bytes);
});

/* ---- In the page ---- */

/** The API answers at once, everything else goes to the server. */
const stubApi = () => {
  const real = globalThis.fetch;
  const body = JSON.stringify({ uri: "otpauth://totp/a?secret=B", secret: "B", userAuthenticatorId: "c" });
  globalThis.fetch = (address, options) =>
    String(address).includes("/client/")
      ? Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } }))
      : real(address, options);
};

/** Linear memories are kept in sight: the browser does not count them as the heap's. */
const watchMemories = () => {
  globalThis.memories = [];
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const instantiate = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await instantiate.apply(WebAssembly, given);
      globalThis.memories.push(...Object.values(made.instance.exports).filter((one) => one instanceof WebAssembly.Memory));
      return made;
    };
  }
};

/** From the import to the first answer. */
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

const callMany = async (calls) => {
  const { totp } = globalThis.authsignal;
  for (let call = 0; call < calls; call += 1) await totp.enroll();
};

/** From a click to `navigator.credentials.get`. The first click imports the package, as pages do that load it on demand. */
const click = async (entry) => {
  const asked = new Promise((resolve) => {
    const get = async () => {
      resolve(performance.now());
      throw new DOMException("Cancelled", "NotAllowedError");
    };
    Object.defineProperty(navigator, "credentials", { value: { get }, configurable: true });
  });
  const button = document.querySelector("button");
  const clicked = new Promise((resolve, reject) => {
    const signIn = async ({ timeStamp }) => {
      const { Authsignal } = await import(entry);
      globalThis.authsignal ??= new Authsignal({ tenantId: "bench", baseUrl: `${location.origin}/v1` });
      const ended = globalThis.authsignal.passkey.signIn().then(reject, () => {});
      resolve({ time: (await asked) - timeStamp, ended });
    };
    button.addEventListener("click", (event) => signIn(event).catch(reject), { once: true });
  });
  button.click();
  const { time, ended } = await clicked;
  await ended;
  return time;
};

/* ---- Around it ---- */

/** What the page holds after a collection: objects, the buffers behind them, and linear memory. */
const held = async (devtools, page) => {
  // What the browser holds for a script's objects goes only after they have gone.
  for (let time = 0; time < 3; time += 1) await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await devtools.send("Runtime.getHeapUsage");
  const linear = await page.evaluate(() => globalThis.memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0));
  return usedSize + embedderHeapUsedSize + backingStorageSize + linear;
};

/** What the main thread has worked, in seconds of the processor's: `ScriptDuration` leaves out what DevTools evaluates. */
const worked = async (devtools) => {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration").value;
};

const inFreshPage = async (browser, use, path = "/") => {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    await page.goto(new URL(path, origin).href);
    return await use(page, devtools);
  } finally {
    await context.close();
  }
};

const measureStart = (browser, side) =>
  inFreshPage(browser, async (page, devtools) => {
    await page.evaluate(stubApi);
    // What it takes to evaluate anything at all.
    const before = await worked(devtools);
    await page.evaluate(() => ({}));
    const ready = await worked(devtools);
    const times = await page.evaluate(start, SIDES[side]);
    const script = (await worked(devtools)) - ready - (ready - before);
    await page.evaluate(callMany, 100); // Warm.
    const warm = await worked(devtools);
    await page.evaluate(callMany, CALLS);
    return { ...times, script, call: (await worked(devtools)) - warm };
  });

/** In a page of its own, as keeping linear memories in sight takes time. */
const measureMemory = (browser, side) =>
  inFreshPage(browser, async (page, devtools) => {
    await page.evaluate(stubApi);
    await page.evaluate(watchMemories);
    const empty = await held(devtools, page);
    await page.evaluate(start, SIDES[side]);
    await page.evaluate(callMany, CALLS);
    return { memory: (await held(devtools, page)) - empty };
  });

const measureClicks = (browser, side, throttle) =>
  inFreshPage(browser, async (page, devtools) => {
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: throttle });
    const cold = await page.evaluate(click, SIDES[side]);
    const warm = [];
    for (let time = 0; time < WARM_CLICKS; time += 1) warm.push(await page.evaluate(click, SIDES[side]));
    return { cold, warm: quantile(warm, 0.5) };
  });

/** The first click in a page that has fetched by then what its hints name, as a page that somebody reads has. */
const measureHintedClick = (browser, side, throttle) => {
  const path = `/hinted/${side}`;
  const use = async (page, devtools) => {
    const hinted = HINTS[path].match(/(?<=href=)[^>]+/g);
    const fetched = (paths) => paths.every((path) => performance.getEntriesByName(location.origin + path).length > 0);
    await page.waitForFunction(fetched, hinted);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: throttle });
    return { hinted: await page.evaluate(click, SIDES[side]) };
  };
  return inFreshPage(browser, use, path);
};

/** Linear between neighbours. */
const quantile = (numbers, share) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
};

/** Each side once, the first another one each time. */
const inTurn = async (round, measure) => {
  const sides = Object.keys(SIDES);
  const result = {};
  for (const index of sides.keys()) {
    const side = sides[(index + round) % sides.length];
    result[side] = await measure(side);
  }
  return result;
};

/** Of what a list of rounds says under a name: ours over the peer's, and the peer's own. */
const compare = (rounds, name) => {
  const ratios = (side) => rounds.map((round) => round[side][name] / round.peer[name]);
  const spread = (numbers) => ({ q1: quantile(numbers, 0.25), median: quantile(numbers, 0.5), q3: quantile(numbers, 0.75) });
  return {
    ...Object.fromEntries(OURS.map((side) => [side, spread(ratios(side))])),
    peer: spread(rounds.map((round) => round.peer[name])),
  };
};

/** How wide the first column is. */
const SAYS = 40;
const show = ({ q1, median, q3 }) => `${median.toFixed(2)} (${q1.toFixed(2)} to ${q3.toFixed(2)})`.padEnd(22);
const told = [];
const heading = (says, rest) => {
  told.push({ heading: says });
  console.log(`\n${says.padEnd(SAYS)} ${"wasm".padEnd(22)} ${"JavaScript core".padEnd(22)} ${rest}`);
};
const row = (says, compared, rest) => {
  told.push({ says, ...compared });
  console.log(`${says.padEnd(SAYS)} ${show(compared.wasm)} ${show(compared.js)} ${rest}`);
};

await new Promise((ready) => server.listen(0, "localhost", ready));
const origin = `http://localhost:${server.address().port}/`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM });
try {
  console.log(`Chromium ${browser.version()}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}`);
  const starts = [];
  for (let round = 0; round < Number(options.rounds); round += 1) {
    const times = await inTurn(round, (side) => measureStart(browser, side));
    const memories = await inTurn(round, (side) => measureMemory(browser, side));
    starts.push(Object.fromEntries(Object.keys(SIDES).map((side) => [side, { ...times[side], ...memories[side] }])));
    if (round % 10 === 9) console.error(`${round + 1} of ${options.rounds} rounds of starts`);
  }
  heading("ours / peer: median (quartiles)", "target");
  for (const [name, { says, target }] of Object.entries(MEASURES)) {
    row(says, { ...compare(starts, name), target }, `<= ${target.toFixed(1)}`);
  }

  const clicks = LATENCIES_MS.flatMap((latency) => THROTTLES.map((throttle) => ({ latency, throttle, rounds: [] })));
  for (let round = 0; round < Number(options.clicks); round += 1) {
    for (const condition of clicks) {
      latency = condition.latency;
      const measure = async (side) => ({
        ...(await measureClicks(browser, side, condition.throttle)),
        ...(await measureHintedClick(browser, side, condition.throttle)),
      });
      condition.rounds.push(await inTurn(round, measure));
    }
    if (round % 5 === 4) console.error(`${round + 1} of ${options.clicks} rounds of clicks`);
  }
  heading("click to navigator.credentials", "peer, ms");
  for (const state of Object.keys(CLICKS)) {
    for (const { latency, throttle, rounds } of clicks) {
      const compared = compare(rounds, state);
      row(`${CLICKS[state]}, latency ${latency} ms, processor ${throttle}x`, compared, compared.peer.median.toFixed(1));
    }
  }
  const folder = join(root, "target/bench");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "bench.svg"), plot(told, OURS));
  console.log(`\nload ${loadavg()[0].toFixed(1)}; the plot is target/bench/bench.svg`);
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}
