/** What all of our Playwright suites share: spread it, and `use` in it. */
export default {
  testDir: ".",
  forbidOnly: true,
  // The tests of a suite share what they stand on, a server most of all.
  workers: 1,
  // A busy machine is slow; how fast a page is, no test judges.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  use: { browserName: "chromium", launchOptions: { executablePath: process.env.CHROMIUM } },
};
