// The kit speaks with its server whatever the test has made of `fetch`.
import { startLocalServer } from "authsignal-wasm/testing";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";

let server;
beforeAll(async () => {
  server = await startLocalServer();
});
afterEach(() => vi.unstubAllGlobals());
afterAll(() => server.stop());

/** A bit of everything that the kit asks its server. */
const use = async () => {
  await server.reset();
  const { token, userId } = await server.signedInUser();
  expect((await server.validate(token)).isValid).toBe(true);
  expect(await server.authenticators(userId)).toHaveLength(1);
  await server.clock.advance(1);
  await expect(server.restore("none")).rejects.toThrow("POST /local/restore answered 404");
};

test("without a fetch, as in Jest's jsdom", async () => {
  vi.stubGlobal("fetch", undefined);
  await use();
});

test("with the app's fetch replaced, which is asked for nothing", async () => {
  const fetch = vi.fn(async () => new Response("{}"));
  vi.stubGlobal("fetch", fetch);
  await use();
  expect(fetch).not.toHaveBeenCalled();
});

test("a server that is gone is told as what it is", async () => {
  const gone = await startLocalServer();
  await gone.stop();
  await expect(gone.reset()).rejects.toThrow(/POST \/local\/reset .*ECONNREFUSED/);
});
