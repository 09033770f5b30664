/** The app under test in the examples: a page that signs a user up and in, and adds an authenticator app. */
import { Authsignal } from "authsignal-wasm";

/** Puts the page into `root`. `backend` answers what the app's backend would: the token of a `track` call. */
export const shop = (root, { tenantId, baseUrl, backend }) => {
  const authsignal = new Authsignal({ tenantId, baseUrl });
  root.innerHTML = `
    <label>Name <input id="name" autocomplete="username webauthn"></label>
    <button id="sign-up">Sign up</button>
    <button id="sign-in">Sign in</button>
    <button id="add-app">Add an authenticator app</button>
    <output role="status"></output>`;
  const say = (text) => (root.querySelector("output").textContent = text);
  const on = (id, act) =>
    root.querySelector(`#${id}`).addEventListener("click", async () => {
      try {
        say(await act());
      } catch (error) {
        say(error.name === "NotAllowedError" ? "You closed the prompt. Try again?" : `Failed: ${error.message}`);
      }
    });
  on("sign-up", async () => {
    const username = root.querySelector("#name").value;
    const token = await backend(username);
    const { data, errorDescription } = await authsignal.passkey.signUp({ token, username });
    return data ? `Welcome, ${username}` : errorDescription;
  });
  on("sign-in", async () => {
    const { data, errorCode } = await authsignal.passkey.signIn({ action: "signIn" });
    return data?.isVerified ? `Hello again, ${data.username}` : `Not signed in: ${errorCode}`;
  });
  on("add-app", async () => {
    const { data, errorCode } = await authsignal.totp.enroll();
    return data ? `Scan ${data.uri}` : `Not added: ${errorCode}`;
  });
};
