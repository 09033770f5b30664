import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** A file of `tests/kit`, bundled for a browser. */
export const bundle = (file) => {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(`../${file}`, import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
};

const PAGE = `<!doctype html><title>The shop</title><link rel="icon" href="data:,"><body><script type="module">
  import { shop } from "/shop.js";
  const settings = await (await fetch("/settings")).json();
  const backend = async (user) => (await fetch("/token?user=" + encodeURIComponent(user))).text();
  shop(document.body, { ...settings, backend });
</script>`;

/** A site on a port of its own, by path: the type, and what answers. `{origin, close}`. */
export const serve = async (files) => {
  const site = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const [type, answer] = files[pathname] ?? [];
    if (!answer) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": type });
    response.end(await answer(searchParams));
  });
  await new Promise((resolve) => site.listen(0, "localhost", resolve));
  const close = () => {
    site.closeAllConnections();
    return new Promise((resolve) => site.close(resolve));
  };
  return { origin: `http://localhost:${site.address().port}`, close };
};

/** The app with its backend, which knows this server's secret. */
export const serveShop = (authsignal) => {
  const { tenantId, baseUrl } = authsignal;
  const token = async (query) => {
    const username = query.get("user");
    return (await authsignal.track(username, "signUp", { username })).token;
  };
  return serve({
    "/": ["text/html", () => PAGE],
    "/shop.js": ["text/javascript", () => bundle("shop.js")],
    "/settings": ["application/json", () => JSON.stringify({ tenantId, baseUrl })],
    "/token": ["text/plain", token],
  });
};
