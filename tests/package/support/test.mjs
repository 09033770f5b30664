import { expect } from "@playwright/test";
import { test as base } from "../../e2e/support/test.mjs";
import { Site } from "./site.mjs";

export { expect };

/**
 * `site`: an app's site with the package from the tarball.
 * `said`: what the page's console said: `errors`, and our structured `warnings`.
 */
export const test = base.extend({
  site: async ({ page }, use) => {
    const site = await Site.start();
    await use(site);
    await page.close();
    await site.close();
  },

  said: async ({ page }, use) => {
    const said = { errors: [], warnings: [] };
    page.on("console", async (message) => {
      if (message.type() === "error") said.errors.push(message.text());
      if (message.type() === "warning") said.warnings.push(message);
    });
    page.on("pageerror", (error) => said.errors.push(String(error)));
    await use(said);
  },
});

/** Our warnings as the app could read them: `{code, cause, remedy}`. */
export const warningsOf = async ({ warnings }) =>
  Promise.all(
    warnings.map(async (message) => {
      const [label, details] = message.args();
      if (!details) return message.text();
      const { code, remedy, cause } = await details.evaluate(({ code, remedy, cause }) => ({ code, remedy, cause: String(cause) }));
      return { label: await label.jsonValue(), code, remedy, cause };
    }),
  );

/** A user's first passkey, a sign-in with it, and an authenticator app inside the window that this opened. */
export const signIn = async (frame, server, baseURL, options = {}) => {
  const { token } = await server.track("ada");
  return frame.evaluate(
    async ([baseURL, token, options]) => {
      const authsignal = new library.Authsignal({ tenantId: "local", baseUrl: `${baseURL}/v1`, enableLogging: true, ...options });
      authsignal.setToken(token);
      const signedUp = await authsignal.passkey.signUp({ username: "ada" });
      const signedIn = await authsignal.passkey.signIn({ action: "signInWithPasskey" });
      const app = await authsignal.totp.enroll();
      return { signUp: Boolean(signedUp.data?.token), signIn: signedIn.data?.isVerified, app: app.data?.uri?.split("?")[0], error: signedUp.error ?? signedIn.error ?? app.error };
    },
    [baseURL, token, options],
  );
};

/** What that yields. */
export const SIGNED_IN = { signUp: true, signIn: true, app: expect.stringMatching(/^otpauth:\/\/totp\//), error: undefined };

/** An authenticator app by a token that the backend got: what a place without passkeys can do. */
export const enroll = async (frame, server, baseURL, options = {}) => {
  const { token } = await server.track("ada", { scope: "add:authenticators" });
  return frame.evaluate(
    async ([baseURL, token, options]) => {
      const authsignal = new library.Authsignal({ tenantId: "local", baseUrl: `${baseURL}/v1`, enableLogging: true, ...options });
      authsignal.setToken(token);
      const { data, error } = await authsignal.totp.enroll();
      return { app: data?.uri?.split("?")[0], error };
    },
    [baseURL, token, options],
  );
};

/** What that yields. */
export const ENROLLED = { app: SIGNED_IN.app, error: undefined };
