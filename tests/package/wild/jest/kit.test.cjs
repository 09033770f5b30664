/** @jest-environment jsdom */
// In a jsdom that has no `fetch`, no TextEncoder and no `crypto.subtle`.
const { ScriptedAuthenticator, startLocalServer } = require("authsignal-wasm/testing");

let server;
beforeAll(async () => (server = await startLocalServer()));
afterAll(() => server.stop());

test("the test kit signs a user up at a server of its own", async () => {
  expect(globalThis.fetch).toBeUndefined();
  const { token, authenticator } = await server.signedInUser({ userId: "anna" });
  expect((await server.validate(token)).userId).toBe("anna");
  const { response } = await authenticator.get({ publicKey: { challenge: new Uint8Array(32) } });
  expect(response.signature).toBeInstanceOf(ArrayBuffer);
});

test("what the test says happens, also under fake timers", async () => {
  const authenticator = new ScriptedAuthenticator().install().next("time out");
  jest.useFakeTimers();
  const pending = navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), timeout: 60_000 } });
  jest.advanceTimersByTime(60_000);
  await expect(pending).rejects.toThrow(expect.objectContaining({ name: "NotAllowedError" }));
  jest.useRealTimers();
  authenticator.uninstall();
});
