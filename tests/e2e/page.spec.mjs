import { examineThemes, expectNothingCutOff } from "./support/looks.mjs";
import { expect, test } from "./support/test.mjs";
import { walk } from "./support/walk.mjs";

test.use({ refusals: true });

test.describe("in both themes", () => {
  test.use({ contextOptions: { reducedMotion: "reduce" } });

  test("axe finds nothing in any state of the page, and each is kept as a picture", async ({ demo, page }, info) => {
    test.slow();
    await walk(demo, (state) => examineThemes(page, info, `demo-${state}`));
  });
});

test("every state of the page fits on 320 pixels, and with text twice as large", async ({ demo, page }) => {
  await walk(demo, (state) => expectNothingCutOff(page, state));
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
