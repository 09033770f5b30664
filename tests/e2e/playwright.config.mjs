import base from "../playwright.base.mjs";

const { AUTHSIGNAL_LOCAL_URL } = process.env;
if (!AUTHSIGNAL_LOCAL_URL) {
  throw new Error("AUTHSIGNAL_LOCAL_URL is not set. `cargo xtask test e2e` starts a server and sets it.");
}

export default {
  ...base,
  // Firefox has a configuration of its own.
  testIgnore: "firefox/**",
  outputDir: "../../target/e2e/results",
  use: {
    ...base.use,
    baseURL: AUTHSIGNAL_LOCAL_URL,
    launchOptions: {
      ...base.use.launchOptions,
      // A site that is not registered anywhere, for the tests of what it must not get.
      args: ["--host-resolver-rules=MAP attacker.test 127.0.0.1"],
    },
    trace: "retain-on-failure",
  },
};
