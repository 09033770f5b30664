import base from "../playwright.base.mjs";

export default { ...base, outputDir: "../../target/docs-results" };
