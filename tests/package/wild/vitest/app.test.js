// @vitest-environment jsdom
import { Authsignal } from "authsignal-wasm";
import { ScriptedAuthenticator } from "authsignal-wasm/testing";
import { expect, test } from "vitest";

test("a sign-in opens the window", async () => {
  const authenticator = new ScriptedAuthenticator().install();
  const authsignal = new Authsignal({ tenantId: "local", baseUrl: process.env.API });
  authsignal.setToken(process.env.TOKEN);
  await authsignal.passkey.signUp({ username: "ada" });
  const { data } = await authsignal.passkey.signIn({ action: "signIn" });
  expect(data.isVerified).toBe(true);
  expect((await authsignal.totp.enroll()).data.uri).toMatch(/^otpauth:/);
  authenticator.uninstall();
});
