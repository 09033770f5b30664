import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "./support/test.mjs";
import { walk } from "./support/walk.mjs";

test.use({ refusals: true });

for (const colorScheme of ["light", "dark"]) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("axe finds nothing in any state of the page", async ({ demo, page }) => {
      await walk(demo, async (state) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations, state).toEqual([]);
      });
    });

    for (const [device, viewport] of [
      ["phone", { width: 390, height: 844 }],
      ["desktop", { width: 1280, height: 900 }],
    ]) {
      test.describe(device, () => {
        test.use({ viewport });

        test("a picture of every state", async ({ demo, page }, info) => {
          const folder = `${info.project.outputDir}/../screenshots`;
          await walk(demo, async (state) => {
            // The bar that sticks to the top belongs at its own place in a picture of the whole page.
            await page.evaluate(() => scrollTo(0, 0));
            await page.screenshot({ path: `${folder}/demo-${state}-${device}-${colorScheme}.png`, fullPage: true });
          });
        });
      });
    }
  });
}

test.describe("at 320 pixels", () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test("nothing in any state of the page reaches over its edge", async ({ demo, page }) => {
    await walk(demo, async (state) => {
      // Code may scroll inside its own box; everything else must fit.
      const over = await page.evaluate(() =>
        [...document.querySelectorAll("body *:not(pre *)")]
          .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
          .map((node) => node.outerHTML.slice(0, 80)),
      );
      expect(over, state).toEqual([]);
    });
  });
});

test("the whole way can be gone by keyboard alone", async ({ demo, page }) => {
  await demo.open();
  const tabTo = async (target) => {
    for (let presses = 0; presses < 40; presses++) {
      if (await target.evaluate((node) => node === document.activeElement)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Forty presses of Tab never reach ${target}.`);
  };

  await tabTo(page.getByLabel("User name"));
  await page.keyboard.type("grace");
  await page.keyboard.press("Enter");
  await expect(demo.note("account")).toContainText("The account has its passkey.");

  await tabTo(demo.signInButton);
  await page.keyboard.press("Enter");
  await expect(demo.note("sign-in")).toContainText("has opened the window.");

  await tabTo(demo.addButton);
  await page.keyboard.press("Space");
  await expect(page.getByRole("heading", { name: "Scan this with your app" })).toBeFocused();

  await tabTo(demo.code);
  await demo.confirmCode(await demo.secret());
  await expect(page.getByRole("heading", { name: "What the account has now" })).toBeFocused();
});

test("opening and closing of the window are spoken", async ({ demo, page }) => {
  await demo.open();
  const announcer = page.locator("#announcer[role=status]");
  await demo.signUp();
  await expect(announcer).toHaveText(/^Binding window open: 10 minutes left\.$/);
  await demo.clockButton.click();
  await expect(announcer).toHaveText("Binding window has closed.");
});

test("the key goes to the clipboard", async ({ context, demo, page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await demo.open();
  await demo.signUp();
  await demo.addButton.click();
  const secret = await demo.secret();
  await page.getByRole("button", { name: "Copy the key" }).click();
  await expect(demo.note("app")).toContainText("The key is in the clipboard.");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
});

test("no token is left in storage, in the address or in the page", async ({ demo, page }) => {
  await demo.open();
  await demo.signUp();
  await demo.signIn();
  const traces = await page.evaluate(() =>
    [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, location.href, document.documentElement.outerHTML].join("\n"),
  );
  expect(traces).not.toMatch(/eyJ[\w-]+\.[\w-]+\./);
});

test("without WebAuthn the page says what is missing", async ({ demo, page }) => {
  await page.addInitScript(() => delete globalThis.PublicKeyCredential);
  await demo.open();
  await expect(page.getByText("This browser has no passkeys (WebAuthn).")).toBeVisible();
});
