import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { expect, test } from "./support/test.mjs";

// A synchronised passkey that can derive secrets and hold a blob.
test.use({ virtualAuthenticatorOptions: { hasPrf: true, hasLargeBlob: true } });

const text = (value) => Buffer.from(value).toString("base64url");

/**
 * An API whose verifier is `@simplewebauthn/server`, and which asks for the extensions whose buffers travel as text.
 * `seen` is what the client posted.
 */
async function verifier(page, origin) {
  const seen = [];
  let expectedChallenge;
  let credential;
  const extensions = [];
  const expected = () => ({ expectedChallenge, expectedOrigin: origin, expectedRPID: "localhost" });
  const answers = {
    "user-authenticators/passkey/registration-options": async () => {
      const options = await generateRegistrationOptions({
        rpName: "Example",
        rpID: "localhost",
        userName: "ada",
        attestationType: "none",
        authenticatorSelection: { residentKey: "required" },
        extensions: { prf: {}, largeBlob: { support: "required" }, credProps: true },
      });
      expectedChallenge = options.challenge;
      return { options };
    },
    "user-authenticators/passkey": async ({ registrationCredential: response }) => {
      seen.push(response);
      const { verified, registrationInfo } = await verifyRegistrationResponse({ ...expected(), response });
      credential = registrationInfo.credential;
      return { isVerified: verified };
    },
    "user-authenticators/passkey/authentication-options": async () => {
      const options = await generateAuthenticationOptions({
        rpID: "localhost",
        allowCredentials: [{ id: credential.id }],
        extensions: extensions.shift()(credential.id),
      });
      expectedChallenge = options.challenge;
      return { options };
    },
    "verify/passkey": async ({ authenticationCredential: response }) => {
      seen.push(response);
      const verification = { ...expected(), response, credential };
      return { isVerified: (await verifyAuthenticationResponse(verification)).verified };
    },
  };
  await page.route("**/v1/client/**", async (route) => {
    const answer = answers[new URL(route.request().url()).pathname.replace("/v1/client/", "")];
    await route.fulfill({ json: await answer(route.request().postDataJSON()) });
  });
  return { seen, extensions };
}

for (const [browser, isOld] of [["a browser of today", false], ["a browser without WebAuthn JSON", true]]) {
  test(`in ${browser} a passkey verifies, derives secrets and holds a blob`, async ({ page, authenticator, baseURL }) => {
    expect(authenticator).toBeTruthy();
    await page.goto("/");
    const { seen, extensions } = await verifier(page, baseURL);
    await page.evaluate((isOld) => {
      const { toJSON } = PublicKeyCredential.prototype;
      globalThis.natively = [];
      for (const name of ["create", "get"]) {
        const real = navigator.credentials[name].bind(navigator.credentials);
        navigator.credentials[name] = async (options) => {
          const credential = await real(options);
          natively.push(toJSON.call(credential));
          return credential;
        };
      }
      if (!isOld) return;
      delete PublicKeyCredential.prototype.toJSON;
      delete PublicKeyCredential.parseCreationOptionsFromJSON;
      delete PublicKeyCredential.parseRequestOptionsFromJSON;
    }, isOld);

    const first = text("input 1");
    const second = text("input 2");
    extensions.push(
      () => ({ prf: { eval: { first, second } }, largeBlob: { write: text("a large blob") } }),
      (id) => ({ prf: { evalByCredential: { [id]: { first: second } } }, largeBlob: { read: true } }),
    );
    const results = await page.evaluate(async () => {
      const { Authsignal } = await import("/pkg/index.js");
      const authsignal = new Authsignal({ tenantId: "t", baseUrl: `${location.origin}/v1` });
      authsignal.setToken("t");
      const { data: signedUp } = await authsignal.passkey.signUp({ syncCredentials: false });
      const results = [signedUp.registrationResponse];
      for (let time = 0; time < 2; time += 1) {
        const { data } = await authsignal.passkey.signIn({ syncCredentials: false });
        results.push(data.isVerified && data.authenticationResponse);
      }
      return results;
    });

    const [created, written, read] = results.map(({ clientExtensionResults }) => clientExtensionResults);
    expect(created).toMatchObject({ prf: { enabled: true }, largeBlob: { supported: true }, credProps: { rk: true } });
    expect(written.largeBlob).toEqual({ written: true });
    expect(Buffer.from(written.prf.results.first, "base64url")).toHaveLength(32);
    expect(written.prf.results.second).not.toBe(written.prf.results.first);
    expect(read.prf.results).toEqual({ first: written.prf.results.second });
    expect(Buffer.from(read.largeBlob.blob, "base64url").toString()).toBe("a large blob");
    expect(seen).toEqual(results);
    expect(seen).toEqual(await page.evaluate(() => natively));
    // The conversion of our own is loaded where it is needed, and nowhere else.
    const loaded = () => performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/later.js"));
    expect(await page.evaluate(loaded)).toBe(isOld);
  });
}
