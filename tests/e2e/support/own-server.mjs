import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const folder = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const PACKAGE = process.env.AUTHSIGNAL_PKG ?? folder("pkg");
const PAGES = ["--site", folder("target/site"), "--pkg", PACKAGE];
const LOCAL = ["--port", "0", "--database", "sqlite::memory:", ...PAGES];

/** A server with flags of its own, beside the one that the tests share: `{origin, stop}`. */
export function startServer(...flags) {
  return listening(run([...LOCAL, ...flags], "ignore"));
}

/**
 * A deployment on this machine, its data in `database`, for pages of `origin` alone: `{origin, secret, stop}`. It has to
 * be told its own address before it listens.
 */
export async function startDeployment(origin, database) {
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  const secret = "a secret that only this test knows";
  const flags = ["serve", "--listen", `127.0.0.1:${port}`, "--public-url", publicUrl, "--origin", origin, "--rp-id", "localhost"];
  const child = run([...flags, "--database", `sqlite:${database}`, "--secret", secret, ...PAGES], "ignore");
  const { stop } = await listening(child);
  return { origin: publicUrl, secret, stop };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const [, origin] = /^listening on (.*)$/.exec(line) ?? [];
    if (origin) return { origin, stop: () => child.kill("SIGKILL") };
  }
  throw new Error("The server ended before it listened.");
}

/** What a server says that ends instead of starting: `{status, said}`. */
export async function failToStart(...flags) {
  const child = run([...LOCAL, ...flags], "pipe");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  // A server that starts nonetheless would never end by itself.
  child.stdout.once("data", () => child.kill("SIGKILL"));
  const [status] = await once(child, "close");
  return { status, said };
}

function run(flags, stderr) {
  return spawn(process.env.AUTHSIGNAL_LOCAL, flags, { stdio: ["ignore", "pipe", stderr] });
}
