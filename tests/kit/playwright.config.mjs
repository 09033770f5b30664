import base from "../playwright.base.mjs";

export default {
  ...base,
  testMatch: ["playwright/*.spec.mjs", "cypress/*.spec.mjs"],
  outputDir: "../../target/kit/results",
};
