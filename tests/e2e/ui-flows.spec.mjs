import { expect, test } from "./support/test.mjs";
import { Phone } from "./support/phone.mjs";
import { ADDRESS, APP, PHONE } from "./support/ui-page.mjs";

const EMAIL = { verificationMethod: "EMAIL_OTP", email: ADDRESS };
const ALL_SCOPES = "add:authenticators update:authenticators remove:authenticators";

test("an e-mail code authorises adding a passkey", async ({ server, ui }) => {
  await server.give("ada", EMAIL);
  await ui.open("ada", { redirectToSettings: true });
  await expect(ui.heading).toHaveText("Confirm it’s you");
  await ui.enterSentCode();

  await expect(ui.heading).toHaveText("Your sign-in methods");
  await expect(ui.left).toHaveText(/^(10:00|9:5\d) left for changes$/);
  await ui.button("Add a method").click();
  await ui.button("Passkey").click();
  await ui.button("Create a passkey").click();
  await expect(ui.note).toHaveText("Passkey has been added.");
  await expect(ui.listed).toHaveCount(2);
  expect(await server.methods("ada")).toEqual(["EMAIL_OTP", "PASSKEY"]);

  await ui.button("Done").click();
  const back = await ui.returned();
  expect(back.searchParams.get("kept")).toBe("1");
  const validated = await server.validate(back.searchParams.get("token"));
  expect(validated).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED", userId: "ada" });
});

test("the three scopes with redirectToSettings skip the challenge", async ({ server, ui }) => {
  await server.give("ada", EMAIL);
  await ui.open("ada", { redirectToSettings: true, scope: ALL_SCOPES });
  await expect(ui.heading).toHaveText("Your sign-in methods");
  await ui.button("Add a method").click();
  await ui.button("Authenticator app").click();
  await ui.pairApp();
  await expect(ui.note).toHaveText("Authenticator app has been added.");
  expect(await server.methods("ada")).toEqual(["AUTHENTICATOR_APP", "EMAIL_OTP"]);
});

test("the first sign-in method is set up without proof, and recovery codes are shown once", async ({ server, ui }) => {
  await ui.open("ada", { username: "ada" });
  await expect(ui.heading).toHaveText("Set up your first sign-in method");
  await ui.button("Passkey").click();
  await ui.button("Create a passkey").click();
  await expect(ui.heading).toHaveText("Save your recovery codes");
  await expect(ui.page.locator(".codes > li")).toHaveCount(10);
  await ui.button("I have saved them").click();
  await ui.returned();
  expect(await server.methods("ada")).toEqual(["PASSKEY"]);
});

test("a passkey is offered after a challenge by something weaker", async ({ server, ui }) => {
  await server.give("ada", EMAIL);
  await ui.open("ada");
  await ui.enterSentCode();
  await expect(ui.heading).toHaveText("Sign in faster next time");
  await ui.button("Create a passkey").click();
  await ui.returned();
  expect(await server.methods("ada")).toEqual(["EMAIL_OTP", "PASSKEY"]);
});

test("whoever leaves without a proof goes back with a token that says so", async ({ server, ui }) => {
  await server.give("ada", EMAIL);
  await ui.open("ada");
  await ui.button("Leave without changes").click();
  const back = await ui.returned();
  const validated = await server.validate(back.searchParams.get("token"));
  expect(validated).toMatchObject({ isValid: false, state: "CHALLENGE_REQUIRED" });
});

test("another way can be chosen", async ({ server, ui }) => {
  await server.give("ada", EMAIL);
  await server.give("ada", { verificationMethod: "SMS", phoneNumber: PHONE });
  await ui.open("ada", { redirectToSettings: true });
  await ui.button("Try another way").click();
  await ui.button("Code by text message").click();
  await ui.enterSentCode(PHONE);
  await expect(ui.heading).toHaveText("Your sign-in methods");
});

test("methods are renamed and removed, but never the last one", async ({ server, ui }) => {
  await server.give("ada", EMAIL);
  await server.give("ada", { verificationMethod: "SMS", phoneNumber: PHONE });
  await ui.open("ada", { redirectToSettings: true, scope: ALL_SCOPES });

  await ui.page.locator("[data-method=SMS]").getByRole("button", { name: /^Rename/ }).click();
  await ui.page.getByRole("textbox", { name: "Name" }).fill("My phone");
  await ui.button("Save").click();
  await expect(ui.listed).toHaveText([/ada|a\*/, "My phone"]);

  await ui.button("Remove My phone").click();
  await expect(ui.page.getByText("Remove My phone?")).toBeFocused();
  await ui.button("Remove").click();
  await expect(ui.note).toHaveText("My phone has been removed.");
  await expect(ui.page.getByText("The last method cannot be removed.")).toBeVisible();
  await expect(ui.button(/^Remove/)).toHaveCount(0);
  expect(await server.methods("ada")).toEqual(["EMAIL_OTP"]);
});

test("a recovery code opens the window, once", async ({ page, server, ui }) => {
  await ui.open("ada", { username: "ada" });
  await ui.button("Authenticator app").click();
  await ui.pairApp();
  const code = await page.locator(".codes > li").first().textContent();
  await ui.button("I have saved them").click();
  await ui.returned();

  for (const isAccepted of [true, false]) {
    await ui.open("ada", { redirectToSettings: true });
    await ui.button("Try another way").click();
    await ui.button("Recovery code").click();
    await page.getByLabel("Enter one of the recovery codes").fill(code);
    await ui.button("Confirm").click();
    if (isAccepted) await expect(ui.heading).toHaveText("Your sign-in methods");
    else await expect(ui.note).toHaveText("This code is wrong or too old.");
  }
});

/** Each method: what its owner does to add it, and later to prove it. */
const METHODS = [
  {
    name: "Passkey",
    stored: "PASSKEY",
    add: (ui) => ui.button("Create a passkey").click(),
    prove: (ui) => ui.button("Use your passkey").click(),
  },
  {
    name: "Authenticator app",
    stored: "AUTHENTICATOR_APP",
    add: (ui) => ui.pairApp(),
    // No code counts twice: the next one is half a minute younger.
    prove: (ui, secret) => ui.enterAppCode(secret, 30),
  },
  { name: "Code by e-mail", stored: "EMAIL_OTP", ...byCode(ADDRESS, "E-mail address") },
  { name: "Code by text message", stored: "SMS", ...byCode(PHONE, "Phone number with country code") },
  { name: "Code by WhatsApp", stored: "SMS", through: "whatsapp", ...byCode(PHONE, "Phone number with country code") },
  {
    name: "Link by e-mail",
    stored: "EMAIL_MAGIC_LINK",
    add: async (ui) => {
      await ui.page.getByLabel("E-mail address").fill(ADDRESS);
      await ui.button("Send a link").click();
      await ui.confirmSentLink();
    },
    prove: (ui) => ui.confirmSentLink(),
  },
];

function byCode(to, label) {
  return {
    add: async (ui) => {
      await ui.page.getByLabel(label).fill(to);
      await ui.button("Send a code").click();
      await ui.enterSentCode(to);
    },
    prove: (ui) => ui.enterSentCode(to),
  };
}

for (const { name, stored, through, add, prove } of METHODS) {
  test(`${name}: added as the first method, it proves its owner the next time`, async ({ server, ui }) => {
    await ui.open("ada", { username: "ada" });
    await ui.button(name).click();
    const secret = await add(ui);
    await expect(ui.heading).toHaveText("Save your recovery codes");
    await ui.button("I have saved them").click();
    await ui.returned();
    expect(await server.methods("ada")).toEqual([stored]);

    await ui.open("ada", { redirectToSettings: true });
    await expect(ui.heading).toHaveText("Confirm it’s you");
    const message = await prove(ui, secret);
    if (through) expect(message.kind).toBe(through);
    await expect(ui.heading).toHaveText("Your sign-in methods");
    await ui.button("Done").click();
    const token = (await ui.returned()).searchParams.get("token");
    expect(await server.validate(token)).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED" });
  });
}

test.describe("with a key at hand", () => {
  test.use({ virtualAuthenticatorOptions: { transport: "usb", hasResidentKey: false, hasUserVerification: false } });

  test("a security key is registered, and proves its user", async ({ page, server, ui }) => {
    await ui.open("ada", { username: "ada" });
    await ui.button("Security key").click();
    await ui.button("Register a security key").click();
    await expect(ui.heading).toHaveText("Save your recovery codes");
    expect(await server.methods("ada")).toEqual(["SECURITY_KEY"]);

    await ui.open("ada", { redirectToSettings: true });
    await ui.button("Use your security key").click();
    await expect(ui.heading).toHaveText("Your sign-in methods");
  });
});

test("a new code is sent on request, and ends the old one", async ({ server, ui }) => {
  await server.give("ada", EMAIL);
  await ui.open("ada", { redirectToSettings: true });
  const old = await server.message(ADDRESS);
  await ui.button("Send a new code").click();
  await expect(ui.note).toContainText("A new code is on its way.");
  await ui.code.fill(old.code);
  await ui.button("Confirm").click();
  await expect(ui.note).toHaveText("This code is wrong or too old.");
  await ui.enterSentCode();
  await expect(ui.heading).toHaveText("Your sign-in methods");
});

test("a cancelled passkey prompt can be tried again, or left for another way", async ({ authenticator, server, ui }) => {
  await ui.open("ada", { username: "ada" });
  await ui.button("Passkey").click();
  await ui.button("Create a passkey").click();
  await expect(ui.heading).toHaveText("Save your recovery codes");
  await authenticator.forget();

  await ui.open("ada");
  await ui.button("Use your passkey").click();
  await expect(ui.note).toHaveText("The prompt was closed, or it took too long. You can try again.");
  await expect(ui.button("Try another way")).toBeVisible();
});

test("the token leaves the address bar and the history at once", async ({ page, server, ui }) => {
  await server.give("ada", EMAIL);
  await ui.open("ada");
  expect(page.url()).not.toContain("token");
  expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, document.cookie]))).not.toContain("eyJ");
});

test.describe("the server refuses", () => {
  test.use({ refusals: true });

  test("a second page with the token from before the challenge", async ({ context, page, server, ui }) => {
    await server.give("ada", EMAIL);
    const { url, token } = await ui.open("ada", { redirectToSettings: true });
    await ui.enterSentCode();
    await expect(ui.heading).toHaveText("Your sign-in methods");

    const second = await context.newPage();
    await second.goto(url);
    await expect(second.getByRole("heading", { level: 1 })).toHaveText("Confirm it’s you");
    const answer = await second.evaluate(async (old) => {
      const { Authsignal } = await import("/pkg/index.js");
      const authsignal = new Authsignal({ tenantId: "local", baseUrl: `${location.origin}/v1` });
      authsignal.setToken(old);
      return authsignal.totp.enroll();
    }, token);
    expect(answer.errorCode).toBe("insufficient_scope");
    expect(await server.methods("ada")).toEqual(["EMAIL_OTP"]);
  });

  test("what comes after the window: the user proves again, and finds what was typed", async ({ page, server, ui }) => {
    await server.give("ada", EMAIL);
    await ui.open("ada", { redirectToSettings: true });
    await ui.enterSentCode();
    await page.getByRole("button", { name: /^Rename/ }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("My mail");

    await server.advanceClock(600);
    await ui.button("Save").click();
    await expect(ui.heading).toHaveText("Confirm it’s you");
    await expect(ui.note).toContainText("Nothing that you typed is lost.");
    await ui.enterSentCode();

    await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("My mail");
    await ui.button("Save").click();
    await expect(ui.note).toHaveText("The new name is saved.");
    await expect(ui.listed).toHaveText(["My mail"]);
  });

  test("a token that has ended before the page is opened", async ({ page, server, ui }) => {
    await server.give("ada", EMAIL);
    const { url } = await server.track("ada", { redirectUrl: `${APP}/back` });
    await server.advanceClock(600);
    await page.goto(url);
    await expect(ui.heading).toHaveText("This does not work any more");
    await expect(page.getByText("Your time on this page is over.")).toBeVisible();
  });
});

test("without a token the page says what to do", async ({ page, ui }) => {
  await page.goto("/ui/?x=1");
  await expect(ui.heading).toHaveText("This does not work any more");
});

test("t9: a visit of the link alone proves nothing; a person's confirmation does", async ({ context, request, server, ui }) => {
  await server.give("ada", { verificationMethod: "EMAIL_MAGIC_LINK", email: ADDRESS });
  await ui.open("ada", { redirectToSettings: true });
  await expect(ui.page.getByText("Waiting for the link to be confirmed")).toBeVisible();
  const { url } = await server.message(ADDRESS);

  // As a mail scanner does it, twice.
  for (let visit = 0; visit < 2; visit++) expect((await request.get(url)).status()).toBe(200);
  const mail = await context.newPage();
  await mail.goto(url);
  await expect(ui.heading).toHaveText("Confirm it’s you");

  await mail.getByRole("button").click();
  await expect(ui.heading).toHaveText("Your sign-in methods");
});

test("a phone approves, if the number is the right one", async ({ request, server, ui }) => {
  const { token } = await server.track("ada", { scope: "add:authenticators" }, "addPhone");
  const phone = new Phone(request);
  await phone.enrol(token);

  await ui.open("ada", { redirectToSettings: true, custom: { numberMatch: "42" } });
  await expect(ui.page.locator(".number")).toHaveText("42");
  await expect(async () => phone.answer(true, "42")).toPass();
  await expect(ui.heading).toHaveText("Your sign-in methods");
});

test("a phone that declines ends the waiting, and its user goes back with a token that says so", async ({ request, server, ui }) => {
  const { token } = await server.track("ada", { scope: "add:authenticators" }, "addPhone");
  const phone = new Phone(request);
  await phone.enrol(token);

  await ui.open("ada", { redirectToSettings: true });
  await expect(async () => phone.answer(false, null)).toPass();
  await expect(ui.heading).toHaveText("Request declined");
  await expect(ui.page.getByText("Waiting for your phone")).toHaveCount(0);
  await ui.button("Continue").click();
  const validated = await server.validate((await ui.returned()).searchParams.get("token"));
  expect(validated).toMatchObject({ isValid: false, state: "CHALLENGE_FAILED" });
});

test.describe("without a connection", () => {
  test.use({ refusals: true });

  test("a link that could not be sent is sent later", async ({ page, server, ui }) => {
    await server.give("ada", { verificationMethod: "EMAIL_MAGIC_LINK", email: ADDRESS });
    await page.route("**/challenge/email-magic-link", (route) => route.abort());
    await ui.open("ada", { redirectToSettings: true });
    await expect(ui.note).toHaveText("There is no connection. Nothing was changed. Try again.");
    await page.unroute("**/challenge/email-magic-link");
    await ui.button("Send a new link").click();
    await ui.confirmSentLink();
    await expect(ui.heading).toHaveText("Your sign-in methods");
  });

  test("the list of methods waits for it", async ({ page, server, ui }) => {
    await server.give("ada", EMAIL);
    await page.route("**/client/user-authenticators", (route) => route.abort());
    await ui.open("ada", { redirectToSettings: true, scope: ALL_SCOPES });
    await expect(ui.heading).toHaveText("No connection");
    await page.unroute("**/client/user-authenticators");
    await ui.button("Try again").click();
    await expect(ui.heading).toHaveText("Your sign-in methods");
  });
});

test("what the page cannot go on after is said, with a way back to the app", async ({ page, server, ui }) => {
  await server.give("ada", EMAIL);
  await page.route("**/client/user-authenticators", (route) =>
    route.fulfill({ status: 200, contentType: "application/json", body: '{"errorDescription": "none"}' }),
  );
  await ui.open("ada");
  await expect(ui.heading).toHaveText("This does not work any more");
  await ui.button("Continue").click();
  const validated = await server.validate((await ui.returned()).searchParams.get("token"));
  expect(validated).toMatchObject({ isValid: false, state: "CHALLENGE_REQUIRED" });
});
