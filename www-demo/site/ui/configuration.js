// What the operator of the server decided: who may open this page, how it looks, what it says.

/** `{tenantId, origins, anyLoopback, theme, texts}` */
export const configuration = JSON.parse(document.getElementById("configuration").textContent);

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Whether a page of this origin may receive a token from here. */
export function isRegistered(origin) {
  if (configuration.origins.includes(origin)) return true;
  const { protocol, hostname } = new URL(origin);
  return configuration.anyLoopback && protocol === "http:" && LOOPBACK.includes(hostname);
}

/** Puts the theme's colours and name in place; what it leaves out stays as in the style sheet. */
export function applyTheme({ name, logoUrl, colorScheme, colors = {} }) {
  const { style } = document.documentElement;
  for (const [part, color] of Object.entries(colors)) style.setProperty(`--${part}`, color);
  if (colorScheme) {
    style.colorScheme = colorScheme;
    document.documentElement.dataset.theme = colorScheme;
  }
  const brand = document.getElementById("brand");
  brand.textContent = name;
  if (logoUrl) {
    const logo = new Image();
    logo.src = logoUrl;
    logo.alt = "";
    brand.prepend(logo);
  }
}
