import { serveApp } from "./support/app-server.mjs";
import { Keyboard } from "./support/hands.mjs";
import { expect, test as base } from "./support/test.mjs";
import { ADDRESS } from "./support/ui-page.mjs";

/** `app`: a page of another origin than the UI's, which launches it with a package of its choice. */
const test = base.extend({
  app: async ({ page, server, baseURL }, use) => {
    await server.give("ada", { verificationMethod: "EMAIL_OTP", email: ADDRESS });
    const { port, close } = await serveApp();
    await use(new App(page, server, baseURL, port));
    await page.close();
    await close();
  },
});

class App {
  constructor(page, server, baseURL, port) {
    this.page = page;
    this.server = server;
    this.baseURL = baseURL;
    this.origin = `http://localhost:${port}`;
    this.attacker = `http://attacker.test:${port}`;
    this.popup = page.frameLocator("#__authsignal-popup-iframe");
  }

  /** Tracks, and launches the URL; what comes of it is kept in the page. */
  async launch(folder, options, { origin = this.origin, path = "/" } = {}) {
    const { url } = await this.server.track("ada", { redirectUrl: `${this.origin}/back` });
    await this.page.goto(origin + path);
    await this.page.getByRole("button", { name: "Pay" }).focus();
    await this.page.evaluate(
      async ([folder, url, options, baseURL]) => {
        const { Authsignal } = await import(`/${folder}/index.js`);
        globalThis.messages = [];
        globalThis.errors = [];
        addEventListener("message", ({ data }) => messages.push(typeof data === "string" ? JSON.parse(data) : data));
        const authsignal = new Authsignal({ tenantId: "local", baseUrl: `${baseURL}/v1` });
        const onError = (error) => errors.push(error);
        globalThis.launched = Promise.resolve(authsignal.launch(url, { ...options, onError })).catch((error) => ({ error }));
      },
      [folder, url, options, this.baseURL],
    );
  }

  /** What `launch` came to. */
  outcome() {
    return this.page.evaluate(() => launched);
  }

  /** What the UI has told the app, without the heights. */
  async events() {
    const messages = await this.page.evaluate(() => messages);
    return messages.filter((message) => message.event).map((message) => message.event);
  }

  /** Proves the e-mail code in the UI, wherever it stands. */
  async enterCode(ui) {
    await expect(ui.getByLabel("Code", { exact: true })).toBeVisible();
    await ui.getByLabel("Code", { exact: true }).fill((await this.server.message(ADDRESS)).code);
    await ui.getByRole("button", { name: "Confirm" }).click();
  }

  /** Proves it, and declines the passkey that is offered then. */
  async prove(ui) {
    await this.enterCode(ui);
    await ui.getByRole("button", { name: "Not now" }).click();
  }
}

for (const [whose, folder] of [
  ["the vendor's package", "vendor"],
  ["our package", "ours"],
]) {
  test.describe(`launched by ${whose}`, () => {
    test("by redirect, it comes back with a token that proves the challenge", async ({ app, page, server }) => {
      await app.launch(folder, { mode: "redirect" }).catch(() => {});
      await app.prove(page);
      await page.waitForURL(`${app.origin}/back?**`);
      const token = new URL(page.url()).searchParams.get("token");
      expect(await server.validate(token)).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED" });
    });

    test("in a popup, it grows with its content, answers with the token, and gives the focus back", async ({ app, page, server }) => {
      await app.launch(folder, { mode: "popup" });
      await expect(app.popup.getByRole("heading", { level: 1 })).toHaveText("Confirm it’s you");
      await expect
        .poll(async () => {
          const frame = await page.locator("#__authsignal-popup-iframe").boundingBox();
          const card = await app.popup.locator("#card").boundingBox();
          return Math.abs(frame.height - card.height);
        })
        .toBeLessThanOrEqual(2);

      await app.prove(app.popup);
      const { token } = await app.outcome();
      expect(await server.validate(token)).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED" });
      expect(await app.events()).toEqual(["AUTHSIGNAL_READY", "AUTHSIGNAL_CLOSE_POPUP"]);
      await expect(page.locator("#__authsignal-popup-iframe")).toHaveCount(0);
      await expect(page.getByRole("button", { name: "Pay" })).toBeFocused();
    });

    test("in a popup, within a page of another origin, a passkey is created and then used", async ({ app, authenticator, server }) => {
      await app.launch(folder, { mode: "popup" });
      await app.enterCode(app.popup);
      await app.popup.getByRole("button", { name: "Create a passkey" }).click();
      expect((await app.outcome()).token).toBeTruthy();
      expect(await server.methods("ada")).toEqual(["EMAIL_OTP", "PASSKEY"]);
      expect(await authenticator.passkeys()).toHaveLength(1);

      await app.launch(folder, { mode: "popup" });
      await app.popup.getByRole("button", { name: "Use your passkey" }).click();
      const { token } = await app.outcome();
      expect(await server.validate(token)).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED" });
    });

    test("in a popup that is closed by Escape, it answers without a token", async ({ app, page }) => {
      await app.launch(folder, { mode: "popup" });
      await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
      await page.locator("#__authsignal-popup-container").press("Escape");
      expect((await app.outcome()).token).toBeUndefined();
      await expect(page.getByRole("button", { name: "Pay" })).toBeFocused();
    });

    test("in a popup that is left by Escape inside, it answers with a token that says that nothing was proven", async ({ app, page, server }) => {
      await app.launch(folder, { mode: "popup" });
      await app.popup.getByLabel("Code", { exact: true }).press("Escape");
      const { token } = await app.outcome();
      expect(await server.validate(token)).toMatchObject({ isValid: false, state: "CHALLENGE_REQUIRED" });
      await expect(page.locator("#__authsignal-popup-iframe")).toHaveCount(0);
      await expect(page.getByRole("button", { name: "Pay" })).toBeFocused();
    });

    test("in a popup, by keyboard alone, it answers with the token, and the focus never leaves it", async ({ app, page, server }) => {
      await app.launch(folder, { mode: "popup" });
      await expect(app.popup.getByLabel("Code", { exact: true })).toBeVisible();
      const keyboard = new Keyboard(page);
      await keyboard.type(app.popup.getByLabel("Code", { exact: true }), (await server.message(ADDRESS)).code);
      await page.keyboard.press("Enter");
      await expect(app.popup.getByRole("heading", { level: 1 })).toHaveText("Sign in faster next time");

      // More often than there are stops inside.
      for (let stop = 0; stop < 8; stop++) {
        await page.keyboard.press("Tab");
        await expect(page.getByRole("button", { name: "Pay" })).not.toBeFocused();
      }
      await keyboard.press(app.popup.getByRole("button", { name: "Not now" }), "Space");
      expect(await server.validate((await app.outcome()).token)).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED" });
    });

    test("in a popup on a small screen, all of it can be reached", async ({ app, page }) => {
      await page.setViewportSize({ width: 320, height: 256 });
      await app.launch(folder, { mode: "popup" });
      const leave = app.popup.getByRole("button", { name: "Leave without changes" });
      await new Keyboard(page).reach(leave);
      const { y, height } = await leave.boundingBox();
      expect(y >= 0 && y + height <= 256, `the button at ${y}`).toBe(true);
    });

    test("the page beneath a popup neither scrolls nor takes the focus until it is closed", async ({ app, page }) => {
      await app.launch(folder, { mode: "popup" });
      await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
      const overflow = () => page.evaluate(() => document.body.style.overflow);
      const isInPopup = () => page.evaluate(() => Boolean(document.activeElement.closest("#__authsignal-popup-container")));
      expect(await overflow()).toBe("hidden");
      await page.evaluate(() => document.querySelector("button").focus());
      await expect.poll(isInPopup).toBe(true);

      await page.locator("#__authsignal-popup-container").press("Escape");
      await expect(page.locator("#__authsignal-popup-iframe")).toHaveCount(0);
      expect(await overflow()).toBe("");
    });

    test("a popup that may not be closed stays, whatever is pressed", async ({ app, page }) => {
      await app.launch(folder, { mode: "popup", popupOptions: { isClosable: false } });
      await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
      await page.locator("#__authsignal-popup-container").press("Escape");
      await page.locator("#__authsignal-popup-overlay").click({ position: { x: 5, y: 5 } });
      // The vendor's does not tell the page inside, where Escape is the same as its button to leave.
      if (folder === "ours") await app.popup.getByLabel("Code", { exact: true }).press("Escape");
      await app.prove(app.popup);
      expect(await app.outcome()).toHaveProperty("token");
    });

    test("in a window, it answers with the token and is closed", async ({ app, context, server }) => {
      const opened = context.waitForEvent("page");
      await app.launch(folder, { mode: "window" });
      const popup = await opened;
      await app.prove(popup);
      const { token } = await app.outcome();
      expect(await server.validate(token)).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED" });
      await expect.poll(() => popup.isClosed()).toBe(true);
    });

    test("in a window that is not told by whom, it still finds the app", async ({ app, context, server }) => {
      const opened = context.waitForEvent("page");
      await app.launch(folder, { mode: "window" }, { path: "/private" });
      const popup = await opened;
      expect(await popup.evaluate(() => document.referrer)).toBe("");
      await app.prove(popup);
      expect(await server.validate((await app.outcome()).token)).toMatchObject({ isValid: true });
    });

    test("what the API refuses inside reaches onError, and leaving still answers", async ({ app, page, server }) => {
      await app.launch(folder, { mode: "popup" });
      await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
      await server.advanceClock(7200);
      await app.popup.getByRole("button", { name: "Send a new code" }).click();
      await expect(app.popup.getByText("Your time on this page is over.")).toBeVisible();
      expect(await page.evaluate(() => errors)).toContainEqual(expect.objectContaining({ errorCode: "expired_token" }));
      await app.popup.getByRole("button", { name: "Continue" }).click();
      expect(await app.outcome()).toHaveProperty("token");
    });

    test("an origin that is not registered gets neither the page in a frame nor a message", async ({ app, context, page }) => {
      const refusal = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
      await app.launch(folder, { mode: "popup" }, { origin: app.attacker });
      await refusal;
      expect(await app.events()).toEqual([]);

      // With and without saying who it is.
      for (const path of ["/", "/private"]) {
        const opened = context.waitForEvent("page");
        await app.launch(folder, { mode: "window" }, { origin: app.attacker, path });
        const popup = await opened;
        await popup.getByRole("button", { name: "Leave without changes" }).click();
        await expect(popup.getByRole("heading", { level: 1 })).toHaveText("That’s it");
        expect(await app.events()).toEqual([]);
        await popup.close();
      }
    });
  });
}

for (const mode of ["popup", "window"]) {
  test(`the same messages pass in a ${mode}, whoever has launched it`, async ({ app, context, page }) => {
    const traffic = [];
    for (const folder of ["vendor", "ours"]) {
      const requests = [];
      const note = (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
      context.on("request", note);
      const opened = mode === "window" && context.waitForEvent("page");
      await app.launch(folder, { mode });
      const ui = opened ? await opened : app.popup;
      await expect(ui.getByRole("heading", { level: 1 })).toHaveText("Confirm it’s you");
      await app.prove(ui);
      const { token } = await app.outcome();
      context.off("request", note);
      const messages = await page.evaluate(() => messages);
      traffic.push({
        messages: messages.filter(({ event }) => event).map((message) => (message.token === token ? { ...message, token: "of the outcome" } : message)),
        heights: [...new Set(messages.map(({ height }) => height).filter(Boolean))],
        // Each package loads its own files.
        requests: requests.filter((request) => !request.includes(`/${folder}/`)).sort(),
      });
    }
    const [vendor, ours] = traffic;
    expect(ours).toEqual(vendor);
    expect(ours.messages).toEqual([{ event: "AUTHSIGNAL_READY" }, { event: "AUTHSIGNAL_CLOSE_POPUP", token: "of the outcome" }]);
    expect(ours.heights.length > 0).toBe(mode === "popup");
  });
}

test("the same requests are made by redirect, whoever has launched it, and the same comes back", async ({ app, context, page }) => {
  const traffic = [];
  for (const folder of ["vendor", "ours"]) {
    const requests = [];
    const note = (request) => requests.push(`${request.method()} ${request.url().replace(/token=[^&]+/, "token=…")}`);
    context.on("request", note);
    await app.launch(folder, { mode: "redirect" }).catch(() => {});
    await app.prove(page);
    await page.waitForURL(`${app.origin}/back?**`);
    context.off("request", note);
    traffic.push(requests.filter((request) => !request.includes(`/${folder}/`)).sort());
  }
  const [vendor, ours] = traffic;
  expect(ours).toEqual(vendor);
  expect(ours).toContain(`GET ${app.baseURL}/ui/?token=…`);
  expect(ours).toContain(`GET ${app.origin}/back?token=…`);
});

test("t12: our package listens to the page that it has opened, and to nobody else", async ({ app, baseURL, context, page }) => {
  await app.launch("ours", { mode: "popup" });
  await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
  const forged = JSON.stringify({ event: "AUTHSIGNAL_CLOSE_POPUP", token: "forged" });
  // A page that is closed takes along what it has just sent: each message is awaited.
  const arrived = (count) =>
    expect.poll(async () => (await app.events()).filter((event) => event === "AUTHSIGNAL_CLOSE_POPUP").length).toBe(count);

  // The app's own origin; a frame without an origin; a site of another name; the right origin, but another page of it.
  await page.evaluate((message) => postMessage(message, "*"), forged);
  await page.evaluate((message) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    frame.srcdoc = `<script>parent.postMessage(${JSON.stringify(message)}, "*")</script>`;
    document.body.append(frame);
  }, forged);
  await arrived(2);
  for (const [at, elsewhere] of [`${app.attacker}/`, `${baseURL}/favicon.svg`].entries()) {
    const opened = context.waitForEvent("page");
    await page.evaluate((url) => void open(url), elsewhere);
    const other = await opened;
    await other.waitForURL(elsewhere);
    await other.evaluate((message) => opener.postMessage(message, "*"), forged);
    await arrived(3 + at);
    await other.close();
  }
  await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();

  await app.popup.getByRole("button", { name: "Leave without changes" }).click();
  const { token } = await app.outcome();
  expect(token).not.toBe("forged");
});

for (const [whose, folder, code] of [
  ["the vendor's package", "vendor", undefined],
  ["our package, with a code", "ours", "popup_blocked"],
]) {
  test(`a window that the browser blocks is told at once by ${whose}`, async ({ app, page }) => {
    await page.addInitScript(() => {
      globalThis.open = () => null;
    });
    await page.goto(`${app.origin}/`);
    const thrown = await page.evaluate(
      async ([folder, url]) => {
        const { Authsignal } = await import(`/${folder}/index.js`);
        try {
          await new Authsignal({ tenantId: "local" }).launch(`${url}/ui/?token=x`, { mode: "window" });
        } catch ({ message, code }) {
          return { message, code };
        }
      },
      [folder, app.baseURL],
    );
    expect(thrown).toEqual({ message: "Window is not initialized", code });
  });
}

test("a window that its user closes settles the promise, with a code", async ({ app, context }) => {
  const opened = context.waitForEvent("page");
  await app.launch("ours", { mode: "window" });
  const popup = await opened;
  await popup.waitForLoadState();
  await popup.close();
  expect(await app.outcome()).toMatchObject({ errorCode: "window_closed" });
});

test("a popup that the app takes out of the page settles the promise, with a code", async ({ app, page }) => {
  await app.launch("ours", { mode: "popup" });
  await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
  await page.locator("#__authsignal-popup-container").evaluate((container) => container.remove());
  expect(await app.outcome()).toMatchObject({ errorCode: "window_closed" });
});

test("what the API refuses reaches onError, and a popup that is closed then settles the promise with its code", async ({ app, page, server }) => {
  await app.launch("ours", { mode: "popup" });
  await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
  await server.advanceClock(7200);
  await app.popup.getByRole("button", { name: "Send a new code" }).click();
  await expect(app.popup.getByText("Your time on this page is over.")).toBeVisible();
  await page.locator("#__authsignal-popup-container").press("Escape");
  expect(await app.outcome()).toMatchObject({ errorCode: "expired_token" });
  expect(await page.evaluate(() => errors)).toContainEqual({ errorCode: "expired_token", statusCode: 401 });
});

test("what the API refuses in a window settles the promise with its code when the window is closed", async ({ app, context, server }) => {
  const opened = context.waitForEvent("page");
  await app.launch("ours", { mode: "window" });
  const popup = await opened;
  await expect(popup.getByRole("heading", { level: 1 })).toBeVisible();
  await server.advanceClock(7200);
  await popup.getByRole("button", { name: "Send a new code" }).click();
  await expect(popup.getByText("Your time on this page is over.")).toBeVisible();
  await popup.close();
  expect(await app.outcome()).toMatchObject({ errorCode: "expired_token" });
});

test("a window that navigates away hands over nothing, and its end settles the promise, with a code", async ({ app, context }) => {
  const opened = context.waitForEvent("page");
  await app.launch("ours", { mode: "window" });
  const popup = await opened;
  await expect(popup.getByRole("heading", { level: 1 })).toBeVisible();
  await popup.goto(`${app.origin}/elsewhere`);
  await popup.evaluate(() => opener.postMessage(JSON.stringify({ event: "AUTHSIGNAL_CLOSE_POPUP", token: "forged" }), "*"));
  await expect.poll(() => app.events()).toContain("AUTHSIGNAL_CLOSE_POPUP");
  await popup.close();
  expect(await app.outcome()).toMatchObject({ token: undefined, errorCode: "window_closed" });
});

test("nothing moves in a popup for those who want no motion", async ({ app, page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await app.launch("ours", { mode: "popup" });
  await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
  const moving = () => document.getAnimations().length;
  expect(await page.evaluate(moving)).toBe(0);
  expect(await page.locator("#__authsignal-popup-content").evaluate((node) => getComputedStyle(node).transitionProperty)).toBe("none");
});

test("a frame that navigates away hands over nothing, and Escape still ends it", async ({ app, page }) => {
  await app.launch("ours", { mode: "popup" });
  await expect(app.popup.getByRole("heading", { level: 1 })).toBeVisible();
  await page.frames()[1].goto(`${app.origin}/elsewhere`);
  await page.frames()[1].evaluate(() => parent.postMessage(JSON.stringify({ event: "AUTHSIGNAL_CLOSE_POPUP", token: "forged" }), "*"));
  await page.locator("#__authsignal-popup-container").press("Escape");
  expect(await app.outcome()).toMatchObject({ errorCode: "window_closed" });
});
