// What the operator of the server decided: who may open this page, how it looks, what it says.

/** `{tenantId, origins, anyLoopback, name, hasLogo, texts}` */
export const configuration = JSON.parse(document.getElementById("configuration").textContent);

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Whether a page of this origin may receive a token from here. */
export function isRegistered(origin) {
  if (configuration.origins.includes(origin)) return true;
  // Of a page without an origin of its own, such as a sandboxed frame.
  if (origin === "null") return false;
  const { protocol, hostname } = new URL(origin);
  return configuration.anyLoopback && protocol === "http:" && LOOPBACK.test(hostname);
}

/** Puts the name and the logo in place; the colours are in the page's own style. */
export function showBrand() {
  const brand = document.getElementById("brand");
  brand.textContent = configuration.name;
  if (configuration.hasLogo) {
    const logo = new Image();
    logo.src = "/ui/logo";
    logo.alt = "";
    brand.prepend(logo);
  }
}
