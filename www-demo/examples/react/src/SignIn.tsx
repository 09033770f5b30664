import * as api from "example-shared/api.js";
import { dataOf } from "example-shared/explain.js";
import { type SubmitEvent, useEffect, useState } from "react";
import { authsignal } from "./authsignal";
import { Problem } from "./Problem";
import { useAction } from "./useAction";

export function SignIn({ onSignedIn }: { onSignedIn: (token: string) => Promise<void> }) {
  const [username, setUsername] = useState("");
  const { busy, problem, run } = useAction();

  // Passkeys are offered in the field's autofill. A button ends that, and once it has failed they are offered again.
  // StrictMode mounts twice: the first request is ended by its signal, and never seen.
  useEffect(() => {
    if (busy) return;
    const controller = new AbortController();
    const { signal } = controller;
    authsignal.passkey.signIn({ autofill: true, action: "signIn", signal }).then(
      ({ data }) => {
        const token = data?.token;
        if (token) run(() => onSignedIn(token));
      },
      // Ended, or the browser has no autofill for passkeys: the button is there.
      () => {},
    );
    return () => controller.abort();
  }, [busy, onSignedIn]);

  const signIn = () =>
    run(async () => {
      const { token } = dataOf(await authsignal.passkey.signIn({ action: "signIn" }));
      await onSignedIn(token!);
    });

  const signUp = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      // The backend's token is good for one thing: the first authenticator of a new user.
      const { token } = await api.signUp(username.trim());
      authsignal.setToken(token);
      const created = dataOf(await authsignal.passkey.signUp({ username, authenticatorAttachment: null }));
      await onSignedIn(created.token!);
    });
  };

  return (
    <main className="card narrow">
      <h1>Come aboard</h1>
      <p className="soft">Without a password: a passkey is all you need.</p>
      <form className="stack" onSubmit={signUp}>
        <button type="button" className="primary" disabled={busy} onClick={signIn}>
          Sign in with a passkey
        </button>
        <p className="or">or</p>
        <label htmlFor="username">User name</label>
        <input
          id="username"
          autoComplete="username webauthn"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <button disabled={busy}>Create an account</button>
      </form>
      <Problem problem={problem} />
    </main>
  );
}
