import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const EXAMPLES = new URL("../../../www-demo/examples/", import.meta.url);
const VITE = fileURLToPath(new URL("node_modules/vite/bin/vite.js", EXAMPLES));
/** How long an app may take until it is served: that of a busy machine. */
const START_MS = 60_000;

const freePort = async () => {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
};

const run = (name, script, env) =>
  spawn(process.execPath, script, {
    cwd: fileURLToPath(new URL(`${name}/`, EXAMPLES)),
    // The colours of the test runner's terminal are not for what is read here.
    env: { ...process.env, ...env, FORCE_COLOR: undefined, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });

const build = async (name, env) => {
  const building = run(name, [VITE, "build", "--logLevel", "warn"], env);
  let said = "";
  building.stdout.on("data", (text) => (said += text));
  const [status] = await once(building, "close");
  if (status !== 0) throw new Error(`vite build of ${name} ended with status ${status}: ${said}`);
  return said;
};

/**
 * Serves an example as its README says: `mode` is `dev`, `built` (`vite build`, then `vite preview`), or `served` for the
 * one that needs no building. `{origin, stop}`.
 */
export const startApp = async ({ name, mode }, apiUrl) => {
  const port = await freePort();
  const env = { AUTHSIGNAL_URL: apiUrl, PORT: port };
  if (mode === "built") await build(name, env);
  const flags = ["--port", port, "--strictPort"];
  const scripts = { dev: [VITE, ...flags], built: [VITE, "preview", ...flags], served: ["serve.js"] };
  const app = run(name, scripts[mode], env);
  const origin = `http://localhost:${port}`;
  await new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => reject(new Error(`${name} is not served: ${said}`)), START_MS);
    app.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
      if (!said.includes(`${origin}/`)) return;
      clearTimeout(timer);
      resolve();
    });
    app.once("exit", (status) => reject(new Error(`${name} ended with status ${status}: ${said}`)));
  });
  return { origin, stop: () => app.kill() };
};
