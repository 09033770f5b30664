// What an app's tests write, in TypeScript with Playwright: compiled, not run.
import { expect, test as base } from "@playwright/test";
import { playwrightFixtures, type PlaywrightTestFixtures, type PlaywrightWorkerFixtures } from "authsignal-wasm/testing";

export const test = base.extend<PlaywrightTestFixtures, PlaywrightWorkerFixtures>(playwrightFixtures({ port: 8787 }));

test("what the fixtures are", async ({ page, authsignalServer, signedInUser, virtualAuthenticator }) => {
  await page.goto(authsignalServer.origin);
  await authsignalServer.clock.advance(601);
  const codes: (string | undefined)[] = (await authsignalServer.outbox()).map((message) => message.code);
  expect([signedInUser.userId, await virtualAuthenticator.passkeys(), codes]).toBeDefined();
});
