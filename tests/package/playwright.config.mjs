import e2e from "../e2e/playwright.config.mjs";

if (!process.env.PACKED) throw new Error("PACKED is not set. `cargo xtask test package` packs, installs and sets it.");

export default { ...e2e, testMatch: "*.spec.mjs", testIgnore: /package.wild/, outputDir: "../../target/e2e/package-results" };
