import { once } from "node:events";
import { createServer } from "node:net";
import base from "../playwright.base.mjs";

const listening = async (port) => {
  const server = createServer().listen(port);
  await once(server, "listening");
  return server;
};

/** The first of two free ports that lie side by side. */
const freePorts = async () => {
  for (;;) {
    const one = await listening(0);
    const { port } = one.address();
    const other = await listening(port + 1).catch(() => undefined);
    for (const server of [one, other]) server?.close();
    if (other) return port;
  }
};

// The workers read this file, too, and get it from here.
process.env.FIXED_PORT ??= String(await freePorts());

export default {
  ...base,
  testMatch: ["playwright/*.spec.mjs", "cypress/*.spec.mjs"],
  // Each has a server of its own.
  workers: 2,
  outputDir: "../../target/kit/results",
};
