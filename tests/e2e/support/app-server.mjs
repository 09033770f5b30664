import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const FOLDERS = {
  vendor: new URL("../../node_modules/@authsignal/browser/dist/", import.meta.url),
  ours: process.env.AUTHSIGNAL_PKG ? pathToFileURL(`${process.env.AUTHSIGNAL_PKG}/`) : new URL("../../../pkg/", import.meta.url),
};
const TYPES = { js: "text/javascript", wasm: "application/wasm" };
const PAGE = "<!doctype html><title>The app</title><link rel=icon href=data:,><button>Pay</button>";

/**
 * The site of an app that launches the pre-built UI: a page, and both packages beneath `/vendor/` and `/ours/`. A real
 * server, because Chromium does not let a page of no address put one of this machine into a frame. The page `/private`
 * tells nobody where its visitors come from. Answers the port.
 */
export async function serveApp() {
  const server = createServer((request, response) => {
    const [, folder, file] = /^\/(vendor|ours)\/(.+)$/.exec(request.url) ?? [];
    const type = file ? TYPES[file.split(".").at(-1)] : "text/html";
    const policy = request.url === "/private" ? { "Referrer-Policy": "no-referrer" } : {};
    response.writeHead(200, { "Content-Type": type, ...policy });
    response.end(file ? readFileSync(new URL(file, FOLDERS[folder])) : PAGE);
  });
  await new Promise((resolve) => server.listen(0, resolve));
  return { port: server.address().port, close: () => new Promise((resolve) => server.close(resolve)) };
}
