import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../target/docs-results",
  forbidOnly: true,
  workers: 1,
  // A busy machine is slow.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  use: { browserName: "chromium", launchOptions: { executablePath: process.env.CHROMIUM } },
});
