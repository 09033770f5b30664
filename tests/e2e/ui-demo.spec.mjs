import { expect, test } from "./support/test.mjs";

// The demo page and the pre-built UI share an origin here; that they need not is shown in ui-launch.spec.mjs.

async function proveAndFinish(ui) {
  await ui.getByRole("button", { name: "Use your passkey" }).click();
  await expect(ui.getByRole("heading", { level: 1 })).toHaveText("Your sign-in methods");
  await ui.getByRole("button", { name: "Done" }).click();
}

test("the demo page launches the pre-built UI in a popup", async ({ demo, page }) => {
  await demo.open();
  await demo.signUp();
  await page.getByRole("button", { name: "In a popup" }).click();
  await proveAndFinish(page.frameLocator("#__authsignal-popup-iframe"));
  await expect(demo.note("prebuilt")).toContainText("Back, with a proof.");
  await expect(demo.windowTime).toHaveText(/^(10:00|9:5\d)$/);
});

test.use({ refusals: true });

test("the demo page launches the pre-built UI in a window", async ({ context, demo, page }) => {
  await demo.open();
  const { username } = await demo.signUp();
  const opened = context.waitForEvent("page");
  await page.getByRole("button", { name: "In a window" }).click();
  // The virtual authenticator lives in the first tab, so the window is left without a proof.
  const popup = await opened;
  await popup.getByRole("button", { name: "Leave without changes" }).click();
  await expect(demo.note("prebuilt")).toContainText("Back, without a proof.");
  await expect(page.locator("#session-name")).toHaveText(username);
});

test("the demo page launches the pre-built UI by redirect", async ({ demo, page }) => {
  await demo.open();
  await demo.signUp();
  await page.getByRole("button", { name: "By redirect" }).click();
  await proveAndFinish(page);
  await expect(demo.note("prebuilt")).toContainText("Back, with a proof.");
  expect(page.url()).not.toContain("token");
});

for (const colorScheme of ["light", "dark"]) {
  for (const [device, viewport] of [
    ["phone", { width: 390, height: 844 }],
    ["desktop", { width: 1280, height: 900 }],
  ]) {
    test.describe(`on a ${device} in the ${colorScheme} theme`, () => {
      test.use({ colorScheme, viewport });

      test("a picture of the popup over the demo page", async ({ demo, page }, info) => {
        await demo.open();
        await demo.signUp();
        await page.getByRole("button", { name: "In a popup" }).click();
        const popup = page.frameLocator("#__authsignal-popup-iframe");
        await popup.getByRole("button", { name: "Use your passkey" }).click();
        await expect(popup.getByRole("heading", { level: 1 })).toHaveText("Your sign-in methods");
        await page.screenshot({ path: `${info.project.outputDir}/../screenshots/demo-popup-${device}-${colorScheme}.png` });
      });
    });
  }
}
