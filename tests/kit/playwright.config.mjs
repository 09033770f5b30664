import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: ["playwright/*.spec.mjs", "cypress/*.spec.mjs"],
  outputDir: "../../target/kit/results",
  forbidOnly: true,
  workers: 1,
  // A busy machine is slow.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  use: { browserName: "chromium", launchOptions: { executablePath: process.env.CHROMIUM } },
});
