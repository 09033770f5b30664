// What an app's tests write with the kit. Playwright's fixtures, whose types need those of Node.js, are in tests/kit.
import { ScriptedAuthenticator, startLocalServer } from "authsignal-wasm/testing";

export const scripted = async () => {
  const server = await startLocalServer({ flags: ["--ui", "looks.json"] });
  const authenticator = new ScriptedAuthenticator({ origin: server.origin }).install().next("cancel", "wrong signature");
  // @ts-expect-error No such behaviour.
  authenticator.next("explode");
  // @ts-expect-error The clock moves by a number of seconds.
  await server.clock.advance("10 minutes");
  const { token, authenticator: own } = await server.signedInUser({ authenticator });
  await server.signedInUser({ origin: "http://localhost:5173" });
  await server.faults({ path: "verify", outcome: { json: 429 } }, { path: "totp", delayMilliseconds: 50 });
  return [token, own.passkeys[0]?.credentialId];
};
