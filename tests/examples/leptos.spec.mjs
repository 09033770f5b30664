/** The page in Leptos as `cargo xtask example leptos` serves it. */
import { generate } from "otplib";
import { expect, test } from "./support/test.mjs";

test("the page in Leptos is served, and a new user adds an authenticator app inside the window", async ({ page, origin, complaints, authsignalServer, virtualAuthenticator }) => {
  const press = (name) => page.getByRole("button", { name }).click();
  await page.goto(origin);
  await press("Create a passkey");
  await press("Sign in");
  await expect(page.getByRole("status")).toHaveText("Authenticators can be added for 10 minutes.");
  await press("Add an authenticator app");
  await page.getByLabel("Code").fill(await generate({ secret: await page.locator("code").textContent() }));
  await press("Confirm");
  await expect(page.getByText("The authenticator app is added.")).toBeVisible();
  expect(await virtualAuthenticator.passkeys()).toHaveLength(1);
  expect(complaints, "the page's console and errors").toEqual([]);
});
