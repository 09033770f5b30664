// Example: a component test of Cypress. It is bundled for the browser and runs in the frame that the app is mounted into,
// so that the scripted authenticator can take the place of the browser's; what needs Node.js is a task (`tasks.mjs`, for
// `setupNodeEvents`).
import { ScriptedAuthenticator } from "authsignal-wasm/testing";
import { shop } from "../shop.js";

describe("the shop", () => {
  let authenticator;

  beforeEach(() => {
    cy.task("authsignal:reset").then((settings) => {
      // Asked for ahead: a command that the app gave while others wait for what it shows would wait behind them.
      cy.task("authsignal:track", "anna").then((token) => {
        authenticator = new ScriptedAuthenticator().install();
        shop(document.querySelector("[data-cy-root]"), { ...settings, backend: async () => token });
      });
    });
  });

  afterEach(() => authenticator.uninstall());

  it("signs a user up and in, and adds an authenticator app inside the window", () => {
    cy.get("#name").type("anna");
    cy.contains("button", "Sign up").click();
    cy.contains("[role=status]", "Welcome, anna");
    cy.contains("button", "Sign in").click();
    cy.contains("[role=status]", "Hello again, anna");
    cy.contains("button", "Add an authenticator app").click();
    cy.contains("[role=status]", "Scan otpauth://totp/");
  });

  it("tells a user who closes the prompt", () => {
    authenticator.next("cancel");
    cy.get("#name").type("anna");
    cy.contains("button", "Sign up").click();
    cy.get("[role=status]").should("have.text", "You closed the prompt. Try again?");
  });

  it("closes the window after ten minutes", () => {
    cy.get("#name").type("anna");
    cy.contains("button", "Sign up").click();
    cy.contains("[role=status]", "Welcome, anna");
    cy.task("authsignal:advance", 601);
    cy.contains("button", "Add an authenticator app").click();
    cy.get("[role=status]").should("have.text", "Not added: expired_token");
  });
});
