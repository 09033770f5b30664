import { playwrightFixtures } from "../../../pkg/testing/testing.js";

/** The test kit's fixtures of an authenticator in Chromium, as apps extend their tests with them. */
export const { virtualAuthenticator, virtualAuthenticatorOptions } = playwrightFixtures();

/** The same where there is no fixture, or a second one is needed; `options` as of the DevTools protocol. */
export async function plugIn(page, options = {}) {
  let plugged;
  await virtualAuthenticator({ page, virtualAuthenticatorOptions: options }, (authenticator) => {
    plugged = authenticator;
  });
  return plugged;
}
