import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { backend } from "./backend.js";
import { apiUrl } from "./settings.js";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
const PACKAGES = new URL("../", import.meta.url);

/** Serves an example's folder as it is, the packages beneath `/node_modules/`, and the backend: `PORT`, by default 5173. */
export const serve = (folder) => {
  const file = async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const isPackage = pathname.startsWith("/node_modules/");
    const name = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    try {
      // An URL's path never climbs above its root.
      const content = await readFile(new URL(`.${name}`, isPackage ? PACKAGES : folder));
      response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" });
      // The one thing that is not the same everywhere.
      response.end(name === "/index.html" ? String(content).replace("http://localhost:8787/v1", apiUrl) : content);
    } catch {
      response.writeHead(404).end();
    }
  };

  const server = createServer((request, response) => backend(request, response, () => file(request, response)));
  server.listen(Number(process.env.PORT ?? 5173), "localhost", () => {
    console.log(`http://localhost:${server.address().port}/`);
  });
};
