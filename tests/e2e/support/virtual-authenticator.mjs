/** An authenticator inside Chromium that always finds its user present. */
export class VirtualAuthenticator {
  #cdp;
  #authenticatorId;

  static async add(page, options) {
    const authenticator = new VirtualAuthenticator();
    authenticator.#cdp = await page.context().newCDPSession(page);
    await authenticator.#cdp.send("WebAuthn.enable", { enableUI: false });
    authenticator.#authenticatorId = await authenticator.#plugIn(options);
    return authenticator;
  }

  /** A security key beside it, too. */
  async plugInKey() {
    await this.#plugIn({ transport: "usb", hasResidentKey: false, hasUserVerification: false });
  }

  async #plugIn(options = {}) {
    const { authenticatorId } = await this.#cdp.send("WebAuthn.addVirtualAuthenticator", {
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
    return authenticatorId;
  }

  /** Takes the passkeys away, so that the next prompt ends as if its user had closed it. */
  async forgetPasskeys() {
    await this.#cdp.send("WebAuthn.clearCredentials", { authenticatorId: this.#authenticatorId });
  }

  async passkeys() {
    const { credentials } = await this.#cdp.send("WebAuthn.getCredentials", { authenticatorId: this.#authenticatorId });
    return credentials;
  }
}
