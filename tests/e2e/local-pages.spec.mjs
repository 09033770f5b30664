import { AxeBuilder } from "@axe-core/playwright";
import { expect, listen, test } from "./support/test.mjs";

// The control plane's pages: what a tester sees of mails and webhooks, and the phone in their hand.

const SHOTS = new URL("../../target/e2e/screenshots/", import.meta.url).pathname;
const BASIC = { Authorization: `Basic ${btoa("local:")}` };
const bearer = (token) => ({ Authorization: `Bearer ${token}` });

async function call(request, path, data, headers) {
  const response = await request.post(path, { data, headers });
  expect(response.status(), path).toBe(200);
  return response.json();
}

test.describe("the outbox", () => {
  test("shows a code, a link and a webhook as they are sent, the newest first", async ({ page, request, server }) => {
    const complaints = listen(page, false);
    await page.goto("/local/outbox");
    await expect(page.getByText("Nothing was sent yet.")).toBeVisible();
    const { token } = await server.track("ada");
    const email = { email: "ada@example.test" };
    await call(request, "/v1/client/user-authenticators/email-otp", email, bearer(token));
    const { code } = await server.message("ada@example.test");
    await expect(page.getByRole("listitem").filter({ hasText: "to ada@example.test" })).toContainText(code);
    await call(request, "/v1/client/verify/email-otp", { verificationCode: code }, bearer(token));
    await expect(page.getByRole("listitem").first()).toContainText("authenticator.created");
    const bob = await server.track("bob");
    await call(request, "/v1/client/user-authenticators/email-magic-link", { email: "bob@example.test" }, bearer(bob.token));
    const { url } = await server.message("bob@example.test");
    await expect(page.getByRole("link", { name: "Open the link" })).toHaveAttribute("href", url);
    await page.getByLabel("Only what mentions").fill("ada");
    await expect(page.getByText("bob@example.test")).toHaveCount(0);
    await expect(page.getByRole("listitem")).not.toHaveCount(0);
    expect(complaints).toEqual([]);
  });
});

test.describe("the phone", () => {
  test("approves a push, denies one, and a wrong number is a denial", async ({ page, request, server }) => {
    const complaints = listen(page, false);
    await pair(page, "ada");
    expect(await server.methods("ada")).toEqual(["PUSH", "QR_CODE"]);
    const ask = async (attributes) => {
      const { token } = await server.track("ada", attributes, "pay");
      const { challengeId } = await call(request, "/v1/client/challenge/push", { action: "pay" }, bearer(token));
      const outcome = () => call(request, "/v1/client/verify/push", { challengeId }, bearer(token));
      return outcome;
    };

    const approved = await ask({ ipAddress: "192.0.2.1" });
    await expect(page.getByRole("listitem").filter({ hasText: "Is it you, ada?" })).toContainText("192.0.2.1");
    await page.getByRole("button", { name: "Approve" }).click();
    await expect(page.getByText("Nothing. A push challenge")).toBeVisible();
    const first = await approved();
    expect(first).toMatchObject({ isVerified: true, isConsumed: true });
    expect((await server.validate(first.accessToken)).isValid).toBe(true);

    const denied = await ask({});
    await page.getByRole("button", { name: "Deny" }).click();
    await expect.poll(denied).toMatchObject({ isVerified: false, isConsumed: true });

    const mistaken = await ask({ custom: { numberMatch: "42" } });
    await page.getByLabel("The number on the screen").fill("41");
    await page.getByRole("button", { name: "Approve" }).click();
    await expect(page.getByRole("alert")).toContainText("that is a denial");
    expect(await mistaken()).toMatchObject({ isVerified: false, isConsumed: true });

    const matched = await ask({ custom: { numberMatch: "42" } });
    await page.getByLabel("The number on the screen").fill("42");
    await page.getByRole("button", { name: "Approve" }).click();
    await expect.poll(matched).toMatchObject({ isVerified: true });
    expect(complaints).toEqual([]);
  });

  test("scans a QR code by its id and approves it, after a reload too", async ({ page, request, server }) => {
    await pair(page, "ada");
    await page.reload();
    await expect(page.getByRole("listitem").filter({ hasText: "push and QR code" })).toContainText("ada");
    const body = { action: "kiosk", custom: { till: "4" } };
    const { challengeId, deviceCode } = await call(request, "/v1/client/challenge/qr-code", body, BASIC);
    const state = () => call(request, "/v1/client/verify/qr-code", { challengeId, deviceCode }, BASIC);
    await page.getByLabel("Challenge id").fill(challengeId);
    await page.getByRole("button", { name: "Scan" }).click();
    await expect(page.getByRole("listitem").filter({ hasText: "Sign in as ada?" })).toContainText('{"till":"4"}');
    expect(await state()).toMatchObject({ isClaimed: true, isConsumed: false });
    await page.getByRole("button", { name: "Approve" }).click();
    let collected;
    await expect.poll(async () => (collected = await state()), "approved").toMatchObject({ isVerified: true });
    expect((await server.validate(collected.accessToken)).userId).toBe("ada");
  });

  test("is told why nothing happened", async ({ page, server }) => {
    await page.goto("/local/phone");
    await page.getByLabel("Challenge id").fill("nothing");
    await page.getByRole("button", { name: "Scan" }).click();
    await expect(page.getByRole("alert")).toHaveText("Add a user to this phone first.");
    await pair(page, "ada");
    await page.getByLabel("Challenge id").fill("nothing");
    await page.getByRole("button", { name: "Scan" }).click();
    await expect(page.getByRole("alert")).toContainText("No such code waits");
    // The last authenticator of a user stays.
    await page.getByRole("button", { name: "Remove" }).click();
    await expect(page.getByRole("alert")).toContainText("last authenticator");
    expect(await server.methods("ada")).toHaveLength(1);
  });

  test("holds keys that its page cannot read", async ({ page }) => {
    await pair(page, "ada");
    const readable = await page.evaluate(async () => {
      const { credentials } = await import("/local/files/keys.js");
      const all = await credentials();
      const exported = await Promise.allSettled(all.map(({ privateKey }) => crypto.subtle.exportKey("pkcs8", privateKey)));
      return exported.map(({ status }) => status);
    });
    expect(readable).toEqual(["rejected", "rejected"]);
  });
});

test("neither page lets itself be framed or scripted, nor answers a foreign host", async ({ page, request }) => {
  for (const path of ["/local/outbox", "/local/phone", "/local/files/phone.js"]) {
    const answer = await request.get(path, { headers: { Accept: "text/html" } });
    const policy = answer.headers()["content-security-policy"];
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    const foreign = await request.get(path, { headers: { Accept: "text/html", Host: "attacker.test" } });
    expect(foreign.status()).toBe(403);
  }
  // As they lie on the disk, a slash written otherwise, the pages do nothing.
  for (const file of ["page.html", "phone.html"]) {
    await page.goto(`/%6cocal/${file}`);
    await expect(page.locator("#users li")).toHaveCount(0);
    const scripts = await page.evaluate(() => [...document.scripts].map((script) => script.src));
    expect(scripts.join(), file).not.toContain("/local/files/");
  }
});

async function pair(page, userId) {
  await page.goto("/local/phone");
  await page.getByLabel("User id").fill(userId);
  await page.getByRole("button", { name: "Add to this phone" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "push and QR code" })).toContainText(userId);
}

for (const colorScheme of ["light", "dark"]) {
  for (const [device, viewport] of [
    ["phone", { width: 390, height: 844 }],
    ["desktop", { width: 1280, height: 900 }],
  ]) {
    test.describe(`on a ${device} in the ${colorScheme} theme`, () => {
      test.use({ colorScheme, viewport });

      test("both pages are accessible, and a picture is taken of each", async ({ page, request, server }) => {
        const look = async (name) => {
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(violations, name).toEqual([]);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(over, "nothing reaches over the edge").toBeLessThanOrEqual(0);
          await page.screenshot({ path: `${SHOTS}local-${name}-${device}-${colorScheme}.png`, fullPage: true });
        };
        await pair(page, "ada@example.test");
        const attributes = { ipAddress: "192.0.2.1", userAgent: "Firefox", custom: { numberMatch: "42" } };
        const { token } = await server.track("ada@example.test", attributes, "pay");
        await call(request, "/v1/client/challenge/push", { action: "pay" }, bearer(token));
        await expect(page.getByRole("button", { name: "Approve" })).toBeVisible();
        await look("phone");
        const { token: scoped } = await server.track("ada@example.test", { scope: "add:authenticators" }, "add");
        const email = { email: "ada@example.test" };
        await call(request, "/v1/client/user-authenticators/email-otp", email, bearer(scoped));
        await call(request, "/v1/client/user-authenticators/email-magic-link", email, bearer(scoped));
        await page.goto("/local/outbox");
        await expect(page.getByRole("listitem")).not.toHaveCount(0);
        await look("outbox");
      });
    });
  }
}
