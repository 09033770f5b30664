// Example: a test in the way of Cypress. It is bundled for the browser and runs beside the app, so that the scripted
// authenticator can take the place of the browser's; what needs Node.js is a task (`tasks.mjs`, for `setupNodeEvents`).
import { ScriptedAuthenticator } from "authsignal-wasm/testing";
import { shop } from "../shop.js";

describe("the shop", () => {
  let authenticator;

  beforeEach(async () => {
    const settings = await cy.task("authsignal:reset");
    authenticator = new ScriptedAuthenticator().install();
    shop(document.body, { ...settings, backend: (user) => cy.task("authsignal:track", user) });
  });

  it("signs a user up and in, and adds an authenticator app inside the window", async () => {
    cy.type("#name", "anna");
    await cy.click("#sign-up", "Welcome, anna");
    await cy.click("#sign-in", "Hello again, anna");
    await cy.click("#add-app", "Scan otpauth://totp/");
  });

  it("tells a user who closes the prompt", async () => {
    authenticator.next("cancel");
    cy.type("#name", "anna");
    await cy.click("#sign-up", "You closed the prompt. Try again?");
  });

  it("closes the window after ten minutes", async () => {
    cy.type("#name", "anna");
    await cy.click("#sign-up", "Welcome, anna");
    await cy.task("authsignal:advance", 601);
    await cy.click("#add-app", "Not added: expired_token");
  });
});
