import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";

const PACKAGE = join(process.env.PACKED, "node_modules/authsignal-wasm");
const TYPES = { html: "text/html", js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm", json: "application/json", css: "text/css" };

/** What the page's script says: it keeps the library for the test to use. */
const APP = `import * as library from "/pkg/index.js";
globalThis.library = library;`;

/** An ordinary page of an app. */
export const PAGE = `<!doctype html><title>The app</title><link rel=icon href=data:,><script type=module src=/app.js></script>`;

/**
 * The site of an app: files by their path, the installed package beneath /pkg/. `headers` come with every answer;
 * `answer(path, query)`, where it answers `[status, type, body]`, takes the place of a file.
 */
export class Site {
  headers = {};
  files = { "/": PAGE, "/app.js": APP };
  /** A folder to serve, in the place of `files`: what a bundler wrote. */
  folder;
  answer = () => undefined;
  /** The paths that were asked for. */
  asked = [];

  static async start() {
    const site = new Site();
    site.server = createServer((request, response) => {
      const { pathname, search } = new URL(request.url, "http://localhost");
      site.asked.push(pathname);
      const [status, type, body, extra] = site.answer(pathname, search) || site.file(pathname);
      response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...site.headers, ...extra }).end(body);
    });
    await new Promise((resolve) => site.server.listen(0, resolve));
    site.port = site.server.address().port;
    site.origin = `http://localhost:${site.port}`;
    return site;
  }

  file(path) {
    if (path in this.files) return [200, TYPES[path.split(".")[1]] ?? "text/html", this.files[path]];
    const [root, rest] = path.startsWith("/pkg/") ? [PACKAGE, path.slice(5)] : [this.folder ?? PACKAGE, path];
    const file = join(root, normalize(rest.endsWith("/") ? `${rest}index.html` : rest));
    if (!existsSync(file)) return [404, "text/plain", "not here"];
    return [200, TYPES[file.split(".").at(-1)] ?? "application/octet-stream", readFileSync(file)];
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export const wasm = () => readFileSync(join(PACKAGE, "core.wasm"));
