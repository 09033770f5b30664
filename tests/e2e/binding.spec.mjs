import { expect, test } from "./support/test.mjs";

test("a proven passkey opens the window, and an authenticator app is added inside it", async ({ demo, server }) => {
  await demo.open();
  const { userId, username } = await demo.signUp();
  await demo.signOut();
  await expect(demo.windowTime).toHaveText("closed");

  await demo.signIn();
  await expect(demo.windowTime).toHaveText(/^(10:00|9:5\d)$/);

  await demo.addButton.click();
  await expect(demo.pairing).toBeVisible();
  const secret = await demo.secret();
  const scanned = await demo.scannedUri();
  expect(scanned.protocol).toBe("otpauth:");
  expect(scanned.searchParams.get("secret")).toBe(secret);
  expect(decodeURIComponent(scanned.pathname)).toContain(username);
  expect(await server.methods(userId)).toEqual(["PASSKEY"]);

  await demo.confirmCode(secret);
  await expect(demo.note("app")).toContainText("The authenticator app is added.");
  await expect(demo.listed).toHaveText(["Passkey", "Authenticator app"]);
  expect(await server.methods(userId)).toEqual(["AUTHENTICATOR_APP", "PASSKEY"]);
});

test("the remaining time ticks", async ({ demo, page }) => {
  await page.clock.install();
  await demo.open();
  await demo.signUp();
  await page.clock.runFor(150_000);
  await expect(demo.windowTime).toHaveText(/^7:[23]\d$/);
});

test("adding an authenticator does not prolong the window", async ({ demo, server }) => {
  await demo.open();
  await demo.signUp();
  await server.advanceClock(300);
  await demo.addButton.click();
  await demo.confirmCode(await demo.secret(), 300);
  await expect(demo.listed).toHaveText(["Passkey", "Authenticator app"]);
  await expect(demo.windowTime).toHaveText(/^(5:00|4:5\d)$/);
});

test("a token from the backend with the scope adds an authenticator without a challenge", async ({ demo, server }) => {
  await demo.open();
  const { userId } = await demo.signUp();
  await demo.reload();
  await expect(demo.windowTime).toHaveText("closed");

  await demo.addWithTokenButton.click();
  await expect(demo.pairing).toBeVisible();
  await demo.confirmCode(await demo.secret());
  await expect(demo.listed).toHaveText(["Passkey", "Authenticator app"]);
  expect(await server.methods(userId)).toEqual(["AUTHENTICATOR_APP", "PASSKEY"]);
});

test("a wrong code adds nothing, and the right one after it does", async ({ demo, server }) => {
  await demo.open();
  const { userId } = await demo.signUp();
  await demo.addButton.click();
  const secret = await demo.secret();

  await demo.code.fill("000000");
  await demo.confirmButton.click();
  await expect(demo.note("app")).toContainText("CODE_INVALID_OR_EXPIRED");
  expect(await server.methods(userId)).toEqual(["PASSKEY"]);

  await demo.confirmCode(secret);
  await expect(demo.listed).toHaveText(["Passkey", "Authenticator app"]);
});

test("a cancelled sign-in changes nothing, and says so", async ({ demo, server }) => {
  await demo.open();
  const { userId } = await demo.signUp();
  await demo.signOut();
  await demo.authenticator.forget();

  await demo.signInButton.click();
  await expect(demo.note("sign-in")).toContainText("cancelled");
  await expect(demo.note("sign-in")).toContainText("NotAllowedError");
  await expect(demo.windowTime).toHaveText("closed");
  expect(await server.methods(userId)).toEqual(["PASSKEY"]);
});

test("a cancelled sign-up leaves an account without a passkey, and the next try gives it one", async ({ demo, page, server }) => {
  // Chromium's virtual authenticator cannot decline a creation, so the first one is declined for it.
  await page.addInitScript(() => {
    const { create } = CredentialsContainer.prototype;
    CredentialsContainer.prototype.create = function () {
      CredentialsContainer.prototype.create = create;
      return Promise.reject(new DOMException("The user declined.", "NotAllowedError"));
    };
  });
  await demo.open();
  await page.getByLabel("User name").fill("ada");
  const answer = page.waitForResponse("**/demo/sign-up");
  await demo.signUpButton.click();
  const { userId } = await (await answer).json();
  await expect(demo.note("account")).toContainText("cancelled");
  expect(await server.authenticators(userId)).toEqual([]);

  await demo.signUpButton.click();
  await expect(demo.listed).toHaveText(["Passkey"]);
  expect(await server.methods(userId)).toEqual(["PASSKEY"]);
});

test.describe("the server refuses", () => {
  test.use({ refusals: true });

  test("with neither a challenge nor a scope, and stores nothing", async ({ demo, server }) => {
    await demo.open();
    const { userId } = await demo.signUp();
    const before = await server.authenticators(userId);

    await demo.attempt("With neither").click();
    await expect(demo.note("attack")).toContainText("may not add an authenticator");
    await expect(demo.note("attack")).toContainText("insufficient_scope");
    await expect(demo.windowTime).toHaveText("closed");
    expect(await server.authenticators(userId)).toEqual(before);
  });

  test("once the window has closed: expired_token, and onTokenExpired is called once", async ({ demo, server }) => {
    await demo.open();
    const { userId } = await demo.signUp();
    await demo.signIn();
    const before = await server.authenticators(userId);

    await demo.clockButton.click();
    await expect(demo.note("attack")).toContainText("On the server it is");
    await expect(demo.windowTime).toHaveText("closed");

    await demo.addButton.click();
    await expect(demo.note("app")).toContainText("the window has closed");
    await expect(demo.note("app")).toContainText("expired_token");
    await expect(demo.callbacks("onTokenExpired")).toHaveCount(1);
    await expect(demo.pairing).toBeHidden();
    expect(await server.authenticators(userId)).toEqual(before);
  });

  test("a code that comes after the window, though its key was made inside it", async ({ demo, server }) => {
    await demo.open();
    const { userId } = await demo.signUp();
    await demo.signIn();
    await demo.addButton.click();
    const secret = await demo.secret();

    await demo.clockButton.click();
    await expect(demo.note("attack")).toContainText("On the server it is");
    await demo.confirmCode(secret);
    await expect(demo.note("app")).toContainText("expired_token");
    expect(await server.methods(userId)).toEqual(["PASSKEY"]);
  });

  test("the token from before the challenge, though the challenge succeeded", async ({ demo, server }) => {
    await demo.open();
    const { userId } = await demo.signUp();

    await demo.attempt("With the token from before").click();
    await expect(demo.note("attack")).toContainText("insufficient_scope");
    expect(await server.methods(userId)).toEqual(["PASSKEY"]);
  });

  test("a second enrolment with the token of the first", async ({ demo, page, server }) => {
    await demo.open();
    const { userId, token } = await demo.signUp();

    const answer = await page.evaluate(async (spent) => {
      const { Authsignal } = await import("/pkg/index.js");
      const authsignal = new Authsignal({ tenantId: "local", baseUrl: `${location.origin}/v1` });
      authsignal.setToken(spent);
      return authsignal.totp.enroll();
    }, token);

    expect(answer.errorCode).toBe("insufficient_scope");
    expect(answer).not.toHaveProperty("data");
    expect(await server.methods(userId)).toEqual(["PASSKEY"]);
  });

  test("a passkey of an account that was reset", async ({ demo, server }) => {
    await demo.open();
    await demo.signUp();
    await server.reset();
    await demo.reload();

    await demo.signInButton.click();
    await expect(demo.note("sign-in")).toContainText("unknown_credential");
    // The client told the browser, and the browser forgot the passkey.
    await expect.poll(() => demo.authenticator.passkeys()).toEqual([]);
  });
});
