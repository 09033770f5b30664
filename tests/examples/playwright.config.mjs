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
  projects: [
    ...APPS.map(([name, mode]) => ({ name: `${name}-${mode}`, testMatch: "examples.spec.mjs", use: { app: { name, mode } } })),
    // A page of its own, whose cases are in Rust: that it is served, and works.
    { name: "leptos-served", testMatch: "leptos.spec.mjs", use: { app: { name: "leptos", mode: "served" } } },
  ],
};
