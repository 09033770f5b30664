import chromium from "../playwright.config.mjs";

/** The same server and habits, with Firefox in the place of Chromium; see ../support/firefox.mjs. */
export default {
  ...chromium,
  testIgnore: [],
  outputDir: "../../../target/e2e/firefox",
  use: { baseURL: chromium.use.baseURL },
};
