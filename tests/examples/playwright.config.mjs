import { defineConfig } from "@playwright/test";

const APPS = [
  ["react", "dev"],
  ["react", "built"],
  ["vue", "dev"],
  ["vue", "built"],
  ["svelte", "dev"],
  ["svelte", "built"],
  ["plain", "served"],
];

export default defineConfig({
  testDir: ".",
  outputDir: "../../target/examples/results",
  forbidOnly: true,
  // The apps are started once, by the worker.
  workers: 1,
  // A busy machine is slow.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  projects: APPS.map(([name, mode]) => ({ name: `${name}-${mode}`, use: { app: { name, mode } } })),
  use: { browserName: "chromium", launchOptions: { executablePath: process.env.CHROMIUM } },
});
