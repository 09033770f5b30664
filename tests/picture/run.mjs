// Makes the picture of the README: the pre-built UI as it asks for a proof, opens the window, and adds a passkey.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium, request } from "@playwright/test";
import { PNG } from "pngjs";
import { Server } from "../e2e/support/server.mjs";
import { ADDRESS, UiPage } from "../e2e/support/ui-page.mjs";
import { plugIn } from "../e2e/support/virtual-authenticator.mjs";

const { AUTHSIGNAL_LOCAL_URL: baseURL, CHROMIUM } = process.env;
const FILE = fileURLToPath(new URL("../../www-demo/pre-built-ui.png", import.meta.url));
const CARD_WIDTH = 376;

const browser = await chromium.launch({ executablePath: CHROMIUM });
const context = await browser.newContext({
  baseURL,
  colorScheme: "light",
  locale: "en",
  reducedMotion: "reduce",
  viewport: { width: CARD_WIDTH, height: 640 },
});
const page = await context.newPage();
const api = await request.newContext({ baseURL });
await plugIn(page);
const server = new Server(api);
await server.reset();
const ui = new UiPage(page, server);

const cards = [];
const take = async () => {
  // Without the marks of a mouse, of the focus and of a cursor.
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement.blur());
  cards.push((await page.locator("#card").screenshot({ caret: "hide" })).toString("base64"));
};

await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
await ui.open("ada", { username: "ada", redirectToSettings: true });
await ui.code.fill((await server.message(ADDRESS)).code);
await take();
await ui.button("Confirm").click();
await ui.button("Add a method").click();
await ui.button("Passkey").waitFor();
await take();
await ui.button("Passkey").click();
await ui.button("Create a passkey").click();
await ui.note.filter({ hasText: "Passkey has been added." }).waitFor();
await take();

const sheet = await context.newPage();
await sheet.setViewportSize({ width: 3 * CARD_WIDTH + 160, height: 640 });
await sheet.setContent(`
  <style>
    body { margin: 0; background: #eceae2; font: 40px sans-serif; color: #53605b; }
    main { display: inline-flex; gap: 20px; align-items: center; padding: 30px; }
    img { border-radius: 16px; display: block; }
  </style>
  <main>${cards.map((card) => `<img src="data:image/png;base64,${card}">`).join("→")}</main>`);
// Flat colours compress best unfiltered, and slowly.
const picture = PNG.sync.read(await sheet.locator("main").screenshot());
writeFileSync(FILE, PNG.sync.write(picture, { colorType: 2, deflateLevel: 9, deflateStrategy: 0, filterType: 0 }));

await api.dispose();
await browser.close();
