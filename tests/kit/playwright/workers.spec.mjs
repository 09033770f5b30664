// Two workers at the same time, where the port of their servers is fixed.
import { test as base, expect } from "@playwright/test";
import { connectLocalServer, playwrightFixtures } from "authsignal-wasm/testing";

const PORT = Number(process.env.FIXED_PORT);
const test = base.extend(playwrightFixtures({ port: PORT }));
test.describe.configure({ mode: "parallel" });

const greet = (server, name) => server.seed({ userId: name, authenticators: [{ verificationMethod: "EMAIL_OTP", email: "a@example.test" }] });
const isGreeted = (server, name) =>
  expect(async () => expect(await server.authenticators(name)).toHaveLength(1)).toPass({ timeout: 60_000 });

for (const [own, theirs] of [["anna", "otto"], ["otto", "anna"]]) {
  test(`a worker has a server of its own, from the fixed port on: ${own}`, async ({ authsignalServer }, { parallelIndex }) => {
    expect(authsignalServer.origin).toBe(`http://localhost:${PORT + parallelIndex}`);
    await greet(authsignalServer, own);
    // Neither ends before the other has met it, so that they run at the same time.
    const other = connectLocalServer(`http://localhost:${PORT + 1 - parallelIndex}`);
    await isGreeted(other, theirs);
    await greet(other, `${own}, visiting`);
    await isGreeted(authsignalServer, `${theirs}, visiting`);
    expect(await authsignalServer.authenticators(theirs)).toHaveLength(0);
  });
}
