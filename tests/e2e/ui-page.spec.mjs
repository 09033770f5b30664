import { readFileSync, readdirSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { Keyboard, expectFocusOnScreen } from "./support/hands.mjs";
import { examine, examineThemes, expectNothingCutOff } from "./support/looks.mjs";
import { expect, test } from "./support/test.mjs";
import { ADDRESS, APP } from "./support/ui-page.mjs";
import { walkUi } from "./support/ui-walk.mjs";

const TEXTS = new URL("../../www-demo/site/ui/texts/", import.meta.url);
const LANGUAGES = ["ar", "de", "en", "es", "fr", "ja"];

test.use({ refusals: true });

test.describe("in both themes", () => {
  test.use({ contextOptions: { reducedMotion: "reduce" } });

  test("axe finds nothing on any screen, and each is kept as a picture", async ({ page, request, ui }, info) => {
    test.slow();
    await walkUi({ ui, request }, (name) => examineThemes(page, info, `ui-${name}`));
  });
});

test.describe("in Arabic", () => {
  test.use({ locale: "ar", contextOptions: { reducedMotion: "reduce" } });

  test("every screen reads from right to left", async ({ page, request, ui }, info) => {
    test.slow();
    await walkUi({ ui, request }, async (name) => {
      expect(await page.evaluate(() => getComputedStyle(document.querySelector("h1")).direction), name).toBe("rtl");
      await examine(page, info, `ui-${name}`, "arabic", [["phone", { width: 390, height: 844 }]]);
    });
  });
});

test.describe("in the longest words", () => {
  // What a browser does that enlarges a page: fewer CSS pixels, each of more pixels of the device.
  test.use({ locale: "de", deviceScaleFactor: 2, contextOptions: { reducedMotion: "reduce" } });

  test("every screen fits when it is enlarged, and is worked by keyboard alone", async ({ page, request, ui }) => {
    test.slow();
    const visit = async (name) => {
      await expectFocusOnScreen(page, name);
      await expectNothingCutOff(page, name);
    };
    await walkUi({ ui, request }, visit, new Keyboard(page));
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
  // The pages of a link by e-mail come from the server, with the same texts.
  const program = ["../../server/src/routes/client/magic_link_page.rs", ...scripts];
  const source = program.map((file) => readFileSync(new URL(file, pages), "utf8")).join("\n");
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

// Without `ui`, which takes the browser's word about it for a defect of the page.
test("no text can become a part of the page, or of its program", async ({ page, server }) => {
  await page.goto((await server.track("ada")).url);
  const thrown = await page.evaluate(() => {
    const sinks = {
      markup: () => (document.body.innerHTML = "<p>written</p>"),
      address: () => (document.createElement("script").src = "/ui/main.js"),
      program: () => (document.createElement("script").textContent = "1"),
      worker: () => new Worker("/ui/main.js"),
      policy: () => trustedTypes.createPolicy("default", {}),
    };
    return Object.entries(sinks).map(([name, fill]) => {
      try {
        fill();
        return `${name}: filled`;
      } catch (error) {
        return `${name}: ${error.name}`;
      }
    });
  });
  expect(thrown).toEqual(["markup", "address", "program", "worker", "policy"].map((name) => `${name}: TypeError`));
});

// Without `ui` again: each refusal is a line in the console.
test("what is injected into the page does not run, not even with the nonce of an earlier response", async ({ page, server }) => {
  const { url } = await server.track("ada");
  const [, earlier] = /nonce="([^"]+)"/.exec(await (await page.request.get(url)).text());
  const refused = [];
  page.on("console", (message) => message.type() === "error" && refused.push(message.text()));
  await page.route(url, async (route) => {
    const response = await route.fetch();
    const injected = ["", `nonce="${earlier}"`].map((nonce) => `<script ${nonce}>globalThis.ran = true</script><style ${nonce}>h1 { color: red }</style>`);
    await route.fulfill({ response, body: (await response.text()).replace("</head>", `${injected.join("")}</head>`) });
  });
  await page.goto(url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Set up your first sign-in method");
  expect(await page.evaluate(() => globalThis.ran)).toBe(undefined);
  await expect(page.getByRole("heading", { level: 1 })).not.toHaveCSS("color", "rgb(255, 0, 0)");
  expect(refused.filter((text) => text.includes("Content Security Policy"))).toHaveLength(4);
});

test("nobody is told by a Referer where a request comes from", async ({ page, server, ui }) => {
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const requests = [];
  page.on("request", (request) => requests.push(request.allHeaders().then(({ referer }) => ({ url: request.url(), referer }))));
  await ui.open("ada");
  await ui.button("Leave without changes").click();
  await ui.returned();
  const seen = await Promise.all(requests);
  expect(seen.some(({ url }) => url.startsWith(`${APP}/back`))).toBe(true);
  expect(seen.filter(({ referer }) => referer)).toEqual([]);
});

test("the token leaves the address bar before the rest of the page is there", async ({ page, server }) => {
  const { url } = await server.track("ada");
  const held = [];
  await page.route("**/ui/main.js", (route) => void held.push(route));
  await page.goto(url, { waitUntil: "commit" });
  await expect.poll(() => new URL(page.url()).search).toBe("");
  await expect.poll(() => held.length).toBe(1);
  await held[0].continue();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Set up your first sign-in method");
});

test("an address to go back to that is not registered is not gone to, whatever the answer says", async ({ page, server, ui }) => {
  await page.route("**/v1/client/ui", async (route) => {
    const response = await route.fetch();
    const opened = await response.json();
    opened.action.redirectUrl = "https://attacker.test/back";
    await route.fulfill({ response, json: opened });
  });
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await ui.open("ada");
  await ui.button("Leave without changes").click();
  await expect(ui.heading).toHaveText("That’s it");
  expect(new URL(page.url()).hostname).toBe("localhost");
});

test("the first view weighs less than 40 KB", async ({ page, server, ui }, info) => {
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const sizes = [];
  page.on("response", (response) =>
    sizes.push(response.body().then((body) => [new URL(response.url()).pathname, brotliCompressSync(body).length])),
  );
  await ui.open("ada");
  await expect(ui.code).toBeVisible();
  const files = (await Promise.all(sizes)).filter(([path]) => !path.startsWith("/v1/"));
  const total = files.reduce((sum, [, size]) => sum + size, 0);
  console.log(`the first view: ${total} bytes brotli in ${files.length} files`);
  info.annotations.push({ type: "bytes", description: files.map(([path, size]) => `${path} ${size}`).join("\n") });
  expect(files.length).toBeGreaterThan(10);
  expect(total).toBeLessThan(40 * 1024);
});

test("the time that is left is spoken, and when it is over the user proves again", async ({ page, server, ui }) => {
  await page.clock.install();
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await ui.open("ada", { redirectToSettings: true });
  await ui.enterSentCode();
  await expect(ui.heading).toHaveText("Your sign-in methods");
  const announcer = page.locator("#announcer[role=status]");
  for (const [seconds, left, spoken] of [
    [301, /^4:5\d left/, "5 minutes left for changes."],
    [180, /^1:5\d left/, "2 minutes left for changes."],
    [60, /^0:5\d left/, "Less than a minute left for changes."],
  ]) {
    await page.clock.runFor(seconds * 1000);
    await expect(ui.left).toHaveText(left);
    await expect(announcer).toHaveText(spoken);
  }
  await page.clock.runFor(60_000);
  await expect(ui.heading).toHaveText("Confirm it’s you");
  await expect(ui.note).toContainText("The time for changes is over.");
});

test.describe("in Japanese", () => {
  test.use({ locale: "ja" });

  test("the page of a link speaks as the browser does, unless track has said otherwise", async ({ page, server, ui }) => {
    await server.give("ada", { verificationMethod: "EMAIL_MAGIC_LINK", email: ADDRESS });
    for (const [locale, heading] of [
      [undefined, "ご本人の確認"],
      ["fr", "Confirmez que c’est bien vous"],
    ]) {
      await ui.open("ada", { locale });
      await expect(page.locator(".waiting")).toBeVisible();
      await page.goto((await server.message(ADDRESS)).url);
      await expect(ui.heading).toHaveText(heading);
    }
  });
});

test("when no more proof can be given, the opener hears of it once", async ({ page, server, ui }) => {
  await page.clock.install();
  await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const asked = [];
  await page.route("**/client/ui/renew", (route) => {
    asked.push(route.request().url());
    return route.fulfill({ status: 401, json: { error: "expired_token", errorCode: "expired_token", errorDescription: "over" } });
  });
  await ui.open("ada", { redirectToSettings: true });
  await ui.enterSentCode();
  await expect(ui.heading).toHaveText("Your sign-in methods");
  await page.clock.runFor(610_000);
  await expect(ui.heading).toHaveText("This does not work any more");
  await page.clock.runFor(10_000);
  expect(asked).toHaveLength(1);
});

test("nothing moves for those who want no motion", async ({ page, server, ui }) => {
  await server.give("ada", { verificationMethod: "EMAIL_MAGIC_LINK", email: ADDRESS });
  for (const [reducedMotion, running] of [
    ["no-preference", 1],
    ["reduce", 0],
  ]) {
    await page.emulateMedia({ reducedMotion });
    await ui.open("ada");
    await expect(page.locator(".waiting")).toBeVisible();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(running);
  }
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
