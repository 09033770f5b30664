import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

const folder = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** A server with flags of its own, beside the one that the tests share: `{origin, stop}`. */
export async function startServer(...flags) {
  const child = run(flags, "ignore");
  for await (const line of createInterface({ input: child.stdout })) {
    const [, origin] = /^listening on (.*)$/.exec(line) ?? [];
    if (origin) return { origin, stop: () => child.kill("SIGKILL") };
  }
  throw new Error("The server ended before it listened.");
}

/** What a server says that ends instead of starting: `{status, said}`. */
export async function failToStart(...flags) {
  const child = run(flags, "pipe");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  // A server that starts nonetheless would never end by itself.
  child.stdout.once("data", () => child.kill("SIGKILL"));
  const [status] = await once(child, "close");
  return { status, said };
}

function run(flags, stderr) {
  const { AUTHSIGNAL_LOCAL } = process.env;
  const common = ["--port", "0", "--database", "sqlite::memory:", "--site", folder("target/site"), "--pkg", folder("pkg")];
  return spawn(AUTHSIGNAL_LOCAL, [...common, ...flags], { stdio: ["ignore", "pipe", stderr] });
}
