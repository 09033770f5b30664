import * as api from "example-shared/api.js";
import { useCallback, useEffect, useState } from "react";
import { Account } from "./Account";
import { authsignal } from "./authsignal";
import { SignIn } from "./SignIn";

export type Session = Awaited<ReturnType<typeof api.session>>;

export function App() {
  // Undefined until the backend has said who is signed in.
  const [session, setSession] = useState<Session>();
  const refresh = useCallback(async () => setSession(await api.session()), []);
  useEffect(() => {
    refresh().catch(() => setSession({ user: null, authenticators: [] }));
  }, [refresh]);

  const signedIn = useCallback(
    async (token: string) => {
      await api.signIn(token);
      await refresh();
    },
    [refresh],
  );
  const signOut = async () => {
    authsignal.clearToken();
    await api.signOut();
    await refresh();
  };

  return (
    <>
      <header className="top">
        <p className="brand">
          Harbour <span className="tag">React</span>
        </p>
        {session?.user && (
          <button className="quiet" onClick={signOut}>
            Sign out
          </button>
        )}
      </header>
      {session && (session.user ? <Account session={session} refresh={refresh} /> : <SignIn onSignedIn={signedIn} />)}
    </>
  );
}
