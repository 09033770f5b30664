import base from "../playwright.config.mjs";

// A build of Next.js takes a while.
export default { ...base, testIgnore: [], timeout: 300_000, outputDir: "../../../target/e2e/wild-results" };
