import { expect, test } from "./support/test.mjs";

// A regression: the constructor loaded another core beside the one that ran, and the tasks of the first were resumed in it.
test("a second client leaves alone what the first has under way", async ({ page }) => {
  await page.goto("/");
  const outcomes = await page.evaluate(async () => {
    const { Authsignal } = await import("/pkg/index.js");
    const client = () => new Authsignal({ tenantId: "local", baseUrl: `${location.origin}/v1` });
    const first = client();
    first.setToken("no.real.token");
    // The core runs.
    await first.totp.enroll();
    const outcomes = [];
    for (let round = 0; round < 20; round += 1) {
      const calls = Array.from({ length: 10 }, () => first.totp.enroll());
      client();
      // Long enough for another core to be loaded while the calls wait.
      const late = first.passkey.isAvailableOnDevice({ userId: "nobody" });
      outcomes.push(...(await Promise.allSettled([...calls, late])));
    }
    return outcomes.map(({ status, value, reason }) => value?.errorCode ?? value ?? `${status}: ${reason?.code}`);
  });
  expect([...new Set(outcomes)].sort()).toEqual([false, "unauthorized"]);
});
