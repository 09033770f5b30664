/**
 * The parity suite: every scenario is played against `@authsignal/browser` from npm and against ours, in Chromium, and
 * what each did is compared. What differs must be in differences.json, reviewed, and its scenario must say why.
 *
 * `--accept` writes differences.json and the list in COMPAT.md anew: review the change. `--only TEXT` plays those whose
 * name has the text, `--show` prints what was recorded, `--js-core` plays ours with the core in JavaScript.
 */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { reasonOf, renderList } from "./compat.mjs";
import { gaps } from "./scorecard.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const options = process.argv.slice(2);
const only = options.includes("--only") ? options[options.indexOf("--only") + 1] : "";
const accept = options.includes("--accept");
const reviewed = JSON.parse(await readFile(here("differences.json"), "utf8"));

const bundle = await build({
  entryPoints: ["@authsignal/browser"],
  absWorkingDir: here("."),
  bundle: true,
  format: "esm",
  write: false,
});

// Read once: a build that runs beside must not mix two of them.
const files = (await readdir(here("../../pkg"), { withFileTypes: true })).filter((entry) => entry.isFile());
const built = new Map(await Promise.all(files.map(async ({ name }) => [name, await readFile(here(`../../pkg/${name}`))])));

// The same scenarios with the core in JavaScript, which the wasm's list of differences holds for as well.
if (options.includes("--js-core")) built.set("index.js", built.get("js.js"));

/** How long a scenario may take: no clock but the scripted one runs in it, so that only a slow machine needs any. */
const PATIENCE_MS = 60_000;

const TYPES = { js: "text/javascript", wasm: "application/wasm" };
const contentOf = async (path) => {
  if (path === "/") return ["text/html", "<!doctype html><title>Parity</title><body><script type=module src=/play.js></script>"];
  const type = TYPES[path.split(".").at(-1)];
  if (path === "/peer.js") return [type, bundle.outputFiles[0].text];
  if (path.startsWith("/pkg/")) return [type, built.get(path.slice("/pkg/".length)) ?? ""];
  return [type ?? "text/plain", type ? await readFile(here(`.${path}`)) : ""];
};
const server = createServer(async (request, response) => {
  const [type, body] = await contentOf(new URL(request.url, "http://localhost").pathname);
  response.writeHead(200, { "content-type": type, "cache-control": "max-age=600" }).end(body);
});
await new Promise((resolve) => server.listen(0, "localhost", resolve));
/** The page's address; a scenario may need another host than `localhost`. */
const originOf = (host = "localhost") => `http://${host}:${server.address().port}`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // What a popup's frame or a profiling script would load is not there.
  args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost"],
});

/** A player of its own cookies and storage, which starts each scenario with none. */
const newPlayer = async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(error));
  const open = async (host) => {
    await context.clearCookies();
    await page.goto(originOf(host));
    await page.waitForFunction(() => window.scenarioList);
  };
  return {
    list: async () => {
      await open();
      return page.evaluate(() => window.scenarioList);
    },
    play: async (side, { name, host }) => {
      try {
        await open(host);
        const over = sleep(PATIENCE_MS, { failure: "It never ends.", record: [] }, { ref: false });
        return await Promise.race([over, page.evaluate(([side, name]) => window.play(side, name), [side, name])]);
      } catch (error) {
        return { failure: String(error), record: [] };
      }
    },
  };
};

/** What only one of them did: the lines off a longest common sequence. */
const difference = (peer, ours) => {
  const common = Array.from({ length: peer.length + 1 }, () => new Array(ours.length + 1).fill(0));
  for (let one = peer.length - 1; one >= 0; one -= 1) {
    for (let other = ours.length - 1; other >= 0; other -= 1) {
      common[one][other] =
        peer[one] === ours[other] ? common[one + 1][other + 1] + 1 : Math.max(common[one + 1][other], common[one][other + 1]);
    }
  }
  const result = { peer: [], ours: [] };
  for (let one = 0, other = 0; one < peer.length || other < ours.length; ) {
    if (one < peer.length && other < ours.length && peer[one] === ours[other]) {
      one += 1;
      other += 1;
    } else if (other >= ours.length || (one < peer.length && common[one + 1][other] >= common[one][other + 1])) {
      result.peer.push(peer[one++]);
    } else result.ours.push(ours[other++]);
  }
  return result;
};

const players = await Promise.all([newPlayer(), newPlayer()]);
const scenarios = (await players[0].list()).filter(({ name }) => name.includes(only));
const known = new Set(scenarios.map(({ name }) => name));
if (known.size !== scenarios.length) throw new Error("two scenarios have one name");

const counts = { equal: 0, expected: 0, unexpected: 0 };
const differences = only ? { ...reviewed } : {};
const complain = (name, problem) => {
  counts.unexpected += 1;
  console.log(`UNEXPECTED  ${name}\n${problem}`);
};
const lines = ({ peer, ours }) => [...peer.map((line) => `  - ${line}`), ...ours.map((line) => `  + ${line}`)].join("\n");

const outcomes = new Array(scenarios.length);
let next = 0;
await Promise.all(
  players.map(async ({ play }) => {
    while (next < scenarios.length) {
      const index = next++;
      outcomes[index] = { peer: await play("peer", scenarios[index]), ours: await play("ours", scenarios[index]) };
    }
  }),
);
for (const [index, scenario] of scenarios.entries()) {
  const { name } = scenario;
  const { peer, ours } = outcomes[index];
  if (options.includes("--show")) console.log(`${name}\n peer:\n  ${peer.record.join("\n  ")}\n ours:\n  ${ours.record.join("\n  ")}`);
  const found = difference(peer.record, ours.record);
  const same = found.peer.length + found.ours.length === 0;
  const isReviewed = JSON.stringify(reviewed[name]) === JSON.stringify(found);
  if (!same && reasonOf(scenario) && !ours.failure && !peer.failure) differences[name] = found;
  if (ours.failure || peer.failure) complain(name, `  ${ours.failure ?? peer.failure}`);
  else if (same && reviewed[name] && !accept) complain(name, "  It is in the reviewed list, but there is no difference.");
  else if (same) counts.equal += 1;
  else if (!reasonOf(scenario)) complain(name, lines(found));
  else if (isReviewed || accept) counts.expected += 1;
  else complain(name, `  Not as reviewed:\n${lines(found)}`);
}
for (const name of Object.keys(reviewed)) {
  if (!only && !known.has(name) && !accept) complain(name, "  It is in the reviewed list, but there is no such scenario.");
}
if (!only) for (const gap of gaps(scenarios)) complain("scorecard.mjs", `  ${gap}`);
await browser.close();
server.close();
server.closeAllConnections();

const compat = here("../../COMPAT.md");
const page = await readFile(compat, "utf8");
// As a file holds it: some scenarios have lone surrogates.
const rendered = renderList(page, scenarios, differences).toWellFormed();
if (accept) {
  await writeFile(here("differences.json"), `${JSON.stringify(differences, null, 2)}\n`);
  if (!only) await writeFile(compat, rendered);
} else if (!only && counts.unexpected === 0 && rendered !== page) complain("COMPAT.md", "  Its lists are not those of the suite: run with --accept, and review.");

const { equal, expected, unexpected } = counts;
console.log(`\n${scenarios.length} scenarios, ${equal} equal, ${expected} expected differences, ${unexpected} unexpected differences`);
console.log(`${equal + expected} passed, ${unexpected} failed`);
process.exitCode = unexpected > 0 ? 1 : 0;
