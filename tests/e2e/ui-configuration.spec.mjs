import { readFileSync, writeFileSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { startServer } from "./support/own-server.mjs";
import { Server } from "./support/server.mjs";
import { expect, test as base } from "./support/test.mjs";
import { ADDRESS, UiPage } from "./support/ui-page.mjs";

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24"><circle cx="12" cy="12" r="11" fill="#7b2fbe"/></svg>`;
const CONFIGURATION = {
  theme: {
    name: "Violet Bank",
    logo: "logo.svg",
    colors: { accent: "#6b21a8", "accent-soft": "#f3e8ff", "on-accent": "#fff" },
    darkColors: { accent: "#d8b4fe", "accent-soft": "#3b0764", "on-accent": "#2e1065" },
  },
  texts: { en: { "challenge.title": "Violet wants to know it’s you" }, de: { quit: "Zurück zur Bank" } },
};

/** `configured(configuration)`: the pre-built UI of a server that was started with this `--ui` file. */
const test = base.extend({
  configured: async ({ page, playwright }, use, info) => {
    const open = [];
    await use(async (configuration) => {
      const server = await startServer("--ui", written(info, configuration));
      const request = await playwright.request.newContext({ baseURL: server.origin });
      open.push(() => server.stop(), () => request.dispose());
      const ui = new UiPage(page, new Server(request));
      await ui.server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
      await ui.open("ada");
      return ui;
    });
    for (const close of open) await close();
  },
});

/** Writes a configuration, beside its logo; answers its path. */
function written(info, configuration) {
  writeFileSync(info.outputPath("logo.svg"), LOGO);
  const file = info.outputPath("ui.json");
  writeFileSync(file, typeof configuration === "string" ? configuration : JSON.stringify(configuration));
  return file;
}

const background = (locator) => locator.evaluate((node) => getComputedStyle(node).backgroundColor);
const scheme = (page) => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);

test("name, logo, colours and texts are the configuration's, in both themes", async ({ configured, page }, info) => {
  await page.emulateMedia({ colorScheme: "light" });
  const ui = await configured(CONFIGURATION);
  await expect(page.locator("#brand")).toHaveText("Violet Bank");
  const logo = page.locator("#brand img");
  await expect.poll(() => logo.evaluate((image) => image.naturalWidth)).toBe(24);
  await expect(ui.heading).toHaveText("Violet wants to know it’s you");
  // What the configuration leaves out stays.
  await expect(ui.button("Leave without changes")).toBeVisible();

  expect(await background(ui.button("Confirm"))).toBe("rgb(107, 33, 168)");
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.screenshot({ path: `${info.project.outputDir}/../screenshots/ui-configured-light.png` });

  await page.emulateMedia({ colorScheme: "dark" });
  expect(await background(ui.button("Confirm"))).toBe("rgb(216, 180, 254)");
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.screenshot({ path: `${info.project.outputDir}/../screenshots/ui-configured-dark.png` });
});

test("the configuration of the README is one that can be used", async ({ configured, page }) => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const ui = await configured(/^```json\n([\s\S]*?)^```/m.exec(readme)[1]);
  await expect(page.locator("#brand")).toHaveText("Violet Bank");
  await expect(ui.button("Back to the bank")).toBeVisible();
});

test.describe("to a German browser", () => {
  test.use({ locale: "de" });

  test("the configuration's German is said", async ({ configured }) => {
    const ui = await configured(CONFIGURATION);
    await expect(ui.button("Zurück zur Bank")).toBeVisible();
    await expect(ui.heading).toHaveText("Bestätige, dass du es bist");
  });
});

for (const [colorScheme, other, ground] of [
  ["dark", "light", "rgb(13, 18, 17)"],
  ["light", "dark", "rgb(236, 234, 226)"],
]) {
  test(`a page that is configured to be ${colorScheme} is so on a ${other} device`, async ({ configured, page }) => {
    await page.emulateMedia({ colorScheme: other });
    await configured({ theme: { colorScheme } });
    expect(await background(page.locator("body"))).toBe(ground);
    expect(await scheme(page)).toBe(colorScheme);
  });
}

test("the colours of the light theme do not reach into the dark one", async ({ configured, page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  const ui = await configured({ theme: { colors: { accent: "#6b21a8" } } });
  expect(await background(ui.button("Confirm"))).toBe("rgb(116, 211, 174)");
});

test("a configuration that cannot be used ends the start with one line", async ({}, info) => {
  for (const [configuration, told] of [
    ["not JSON", "expected ident at line 1 column 2"],
    [{ theme: { colors: { accent: "red; }" } } }, "theme.colors.accent is `red; }` and not of the form #rgb or #rrggbb"],
    [{ texts: { en: { "challenge.titel": "Hi" } } }, "texts.en has no key `challenge.titel`"],
  ]) {
    const file = written(info, configuration);
    const [ended, ...said] = await startServer("--ui", file).then(() => "It started.", ({ message }) => message.split("\n"));
    expect(ended).toMatch(/ ended with status 1 before it listened:$/);
    expect(said).toEqual([`authsignal-local: ${file} cannot be used: ${told}`]);
  }
});
