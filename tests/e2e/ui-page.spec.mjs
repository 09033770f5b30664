import { readFileSync, readdirSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "./support/test.mjs";
import { ADDRESS, APP } from "./support/ui-page.mjs";
import { walkUi } from "./support/ui-walk.mjs";

const TEXTS = new URL("../../www-demo/site/ui/texts/", import.meta.url);
const LANGUAGES = ["ar", "de", "en", "es", "fr", "ja"];
const DEVICES = [
  ["phone", { width: 390, height: 844 }],
  ["desktop", { width: 1280, height: 900 }],
];

test.use({ refusals: true });

for (const colorScheme of ["light", "dark"]) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("axe finds nothing on any screen", async ({ page, ui }) => {
      test.slow();
      await walkUi(ui, async (name) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations, name).toEqual([]);
      });
    });

    for (const [device, viewport] of DEVICES) {
      test.describe(device, () => {
        test.use({ viewport });

        test("a picture of every screen", async ({ page, ui }, info) => {
          await walkUi(ui, picture(page, info, `${device}-${colorScheme}`));
        });
      });
    }
  });
}

test.describe("in Arabic on a phone", () => {
  test.use({ locale: "ar", viewport: DEVICES[0][1], contextOptions: { reducedMotion: "reduce" } });

  test("every screen reads from right to left", async ({ page, ui }, info) => {
    const take = picture(page, info, "phone-arabic");
    await walkUi(ui, async (name) => {
      expect(await page.evaluate(() => getComputedStyle(document.querySelector("h1")).direction), name).toBe("rtl");
      await take(name);
    });
  });
});

test.describe("at 320 pixels, in the longest words", () => {
  test.use({ locale: "de", viewport: { width: 320, height: 640 } });

  test("nothing reaches over the edge of any screen", async ({ page, ui }) => {
    await walkUi(ui, async (name) => {
      const over = await page.evaluate(() =>
        [...document.querySelectorAll("body *")]
          .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
          .map((node) => node.outerHTML.slice(0, 80)),
      );
      expect(over, name).toEqual([]);
    });
  });
});

test("every language says everything", async () => {
  const files = readdirSync(TEXTS).sort();
  expect(files).toEqual(LANGUAGES.map((language) => `${language}.json`));
  const read = (file) => JSON.parse(readFileSync(new URL(file, TEXTS), "utf8"));
  const english = read("en.json");
  for (const file of files) {
    const texts = read(file);
    expect(Object.keys(texts), file).toEqual(Object.keys(english));
    for (const [key, sentence] of Object.entries(texts)) {
      const named = (pattern) => [...pattern.matchAll(/\{\w+\}/g)].map(String).sort();
      expect(named(sentence), `${file}: ${key}`).toEqual(named(english[key]));
    }
  }
});

test("the page says nothing that there is no text for, and there is no text that it does not say", async () => {
  const pages = new URL("../../www-demo/site/ui/", import.meta.url);
  const scripts = readdirSync(pages).filter((file) => file.endsWith(".js"));
  const source = scripts.map((file) => readFileSync(new URL(file, pages), "utf8")).join("\n");
  const keys = Object.keys(JSON.parse(readFileSync(new URL("en.json", TEXTS), "utf8")));
  const said = [...source.matchAll(/\b(?:text|copyButton|end)\("([^"]+)"/g)].map(([, key]) => key);
  expect(said.length).toBeGreaterThan(30);
  expect(said.filter((key) => !keys.includes(key))).toEqual([]);

  const composed = [...source.matchAll(/`(\w+\.)\$\{/g)].map(([, prefix]) => prefix);
  const unsaid = keys.filter((key) => !source.includes(`"${key}"`) && !composed.some((prefix) => key.startsWith(prefix)));
  expect(unsaid).toEqual([]);
});

for (const [language, heading] of [
  ["de-AT", "Bestätige, dass du es bist"],
  ["fr", "Confirmez que c’est bien vous"],
  ["es-MX", "Confirma que eres tú"],
  ["ja", "ご本人の確認"],
  ["pt", "Confirm it’s you"],
]) {
  test.describe(`a browser that prefers ${language}`, () => {
    test.use({ locale: language });

    test("is answered in the nearest language", async ({ server, ui }) => {
      await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
      await ui.open("ada");
      await expect(ui.heading).toHaveText(heading);
    });
  });
}

test("the locale of track goes before the browser's", async ({ page, server, ui }) => {
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await ui.open("ada", { locale: "fr" });
  await expect(ui.heading).toHaveText("Confirmez que c’est bien vous");
  await expect(page.locator("html")).toHaveAttribute("lang", "fr");
});

test("the policy of the page is strict, and its nonce is new each time", async ({ request, server }) => {
  const { url } = await server.track("ada", { redirectUrl: `${APP}/back` });
  const [first, second] = [await request.get(url), await request.get(url)];
  const policy = first.headers()["content-security-policy"];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).toContain("frame-ancestors");
  expect(policy).toContain("'wasm-unsafe-eval'");
  expect(policy).not.toMatch(/'unsafe-inline'|'unsafe-eval'|\s\*[\s;]/);
  expect(first.headers()["referrer-policy"]).toBe("no-referrer");

  const nonce = (response) => /'nonce-([^']+)'/.exec(response.headers()["content-security-policy"])[1];
  expect(nonce(first)).not.toBe(nonce(second));
  expect(await first.text()).toContain(nonce(first));
});

test("the first view weighs less than 40 KB", async ({ page, server, ui }) => {
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const sizes = [];
  page.on("response", (response) =>
    sizes.push(response.body().then((body) => [new URL(response.url()).pathname, brotliCompressSync(body).length])),
  );
  await ui.open("ada");
  await expect(ui.code).toBeVisible();
  const total = (await Promise.all(sizes)).reduce((sum, [, size]) => sum + size, 0);
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThan(40 * 1024);
});

test("a proof can be given by keyboard alone", async ({ page, server, ui }) => {
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await ui.open("ada", { redirectToSettings: true });
  await expect(ui.heading).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(ui.code).toBeFocused();
  await page.keyboard.type((await server.message(ADDRESS)).code);
  await page.keyboard.press("Enter");
  await expect(ui.heading).toHaveText("Your sign-in methods");
  await expect(ui.heading).toBeFocused();
});

function picture(page, info, suffix) {
  return async (name) => {
    await page.screenshot({ path: `${info.project.outputDir}/../screenshots/ui-${name}-${suffix}.png`, fullPage: true });
  };
}
