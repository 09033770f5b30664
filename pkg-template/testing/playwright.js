/** Fixtures for Playwright: `base.extend(playwrightFixtures())`, with the app's own `@playwright/test`. */
import { startLocalServer } from "./local-server.js";

/** The authenticator of a page in Chromium, by the DevTools protocol. */
class VirtualAuthenticator {
  #session;
  #authenticatorId;

  static async add(page, options) {
    const added = new VirtualAuthenticator();
    added.#session = await page.context().newCDPSession(page);
    await added.#session.send("WebAuthn.enable", { enableUI: false });
    const { authenticatorId } = await added.#session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        ctap2Version: "ctap2_1",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        ...options,
      },
    });
    added.#authenticatorId = authenticatorId;
    return added;
  }

  async passkeys() {
    return (await this.#send("getCredentials")).credentials;
  }

  async forget() {
    await this.#send("clearCredentials");
  }

  async setUserVerified(isUserVerified) {
    await this.#send("setUserVerified", { isUserVerified });
  }

  async setUserPresent(isUserPresent) {
    await this.#send("setAutomaticPresenceSimulation", { enabled: isUserPresent });
  }

  async add(credential) {
    await this.#send("addCredential", { credential });
  }

  #send(method, parameters) {
    return this.#session.send(`WebAuthn.${method}`, { authenticatorId: this.#authenticatorId, ...parameters });
  }
}

// Playwright reads which fixtures a fixture needs from the names in its first parameter's braces.
export const playwrightFixtures = (options = {}) => ({
  authsignalServerPerWorker: [
    async ({}, use, { parallelIndex }) => {
      // Of those workers that run at the same time, each has a number of its own.
      const port = options.port ? options.port + parallelIndex : 0;
      const server = await startLocalServer({ ...options, port });
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],

  authsignalServer: async ({ authsignalServerPerWorker }, use) => {
    await authsignalServerPerWorker.reset();
    await use(authsignalServerPerWorker);
  },

  virtualAuthenticatorOptions: [{}, { option: true }],

  virtualAuthenticator: async ({ page, virtualAuthenticatorOptions }, use) => {
    await use(await VirtualAuthenticator.add(page, virtualAuthenticatorOptions));
  },

  signedInUser: async ({ authsignalServer, virtualAuthenticator }, use) => {
    const { authenticator, ...user } = await authsignalServer.signedInUser();
    await virtualAuthenticator.add(await authenticator.export(user.credentialId));
    await use(user);
  },
});
