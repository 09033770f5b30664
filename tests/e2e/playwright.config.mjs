import { defineConfig } from "@playwright/test";

const { AUTHSIGNAL_LOCAL_URL, CHROMIUM } = process.env;
if (!AUTHSIGNAL_LOCAL_URL) {
  throw new Error("AUTHSIGNAL_LOCAL_URL is not set. `cargo xtask test e2e` starts a server and sets it.");
}

export default defineConfig({
  testDir: ".",
  // Firefox has a configuration of its own.
  testIgnore: "firefox/**",
  outputDir: "../../target/e2e/results",
  forbidOnly: true,
  // The tests share one server, and each begins by emptying it.
  workers: 1,
  // A busy machine is slow; how fast the page is, no test judges.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  use: {
    baseURL: AUTHSIGNAL_LOCAL_URL,
    browserName: "chromium",
    launchOptions: {
      executablePath: CHROMIUM,
      // A site that is not registered anywhere, for the tests of what it must not get.
      args: ["--host-resolver-rules=MAP attacker.test 127.0.0.1"],
    },
    trace: "retain-on-failure",
  },
});
