import base from "../playwright.base.mjs";

const APPS = [
  ["react", "dev"],
  ["react", "built"],
  ["vue", "dev"],
  ["vue", "built"],
  ["svelte", "dev"],
  ["svelte", "built"],
  ["plain", "served"],
];

export default {
  ...base,
  outputDir: "../../target/examples/results",
  projects: APPS.map(([name, mode]) => ({ name: `${name}-${mode}`, use: { app: { name, mode } } })),
};
