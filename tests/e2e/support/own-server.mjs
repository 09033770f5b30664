import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startLocalServer } from "../../../pkg/testing/testing.js";

const folder = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const PACKAGE = process.env.AUTHSIGNAL_PKG ?? folder("pkg");
const PAGES = ["--site", folder("target/site"), "--pkg", PACKAGE];

/** A server with flags of its own, beside the one that the tests share: the kit's. Rejects with what it says instead of starting. */
export function startServer(...flags) {
  return startLocalServer({ flags: [...PAGES, ...flags] });
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
  const settings = ["--database", `sqlite:${database}`, "--secret", secret, ...PAGES];
  const child = spawn(process.env.AUTHSIGNAL_LOCAL, [...flags, ...settings], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("listening on ")) return { origin: publicUrl, secret, stop: () => child.kill("SIGKILL") };
  }
  throw new Error("The server ended before it listened.");
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
