import * as api from "example-shared/api.js";
import { dataOf } from "example-shared/explain.js";
import { METHODS, clock } from "example-shared/format.js";
import { useState } from "react";
import type { Session } from "./App";
import { authsignal, useSecondsLeft } from "./authsignal";
import { Pairing } from "./Pairing";
import { Problem } from "./Problem";
import { useAction } from "./useAction";

const WINDOW_SECONDS = 600;

export function Account({ session, refresh }: { session: Session; refresh: () => Promise<void> }) {
  const left = useSecondsLeft();
  const [pairing, setPairing] = useState<{ uri: string; secret: string }>();
  const { busy, problem, run } = useAction();

  /** A verified challenge opens the window: the client keeps the token that it was answered with. */
  const prove = () =>
    run(async () => {
      const { token } = dataOf(await authsignal.passkey.signIn({ action: "prove" }));
      await api.signIn(token!);
      await refresh();
    });
  /** So does a token that the backend has issued for it. */
  const ask = () => run(async () => authsignal.setToken((await api.tokenToAdd()).token));
  /** Inside the window, the next call needs no parameter. */
  const add = () => run(async () => setPairing(dataOf(await authsignal.totp.enroll())));
  const confirm = (code: string) =>
    run(async () => {
      const { isVerified, failureReason } = dataOf(await authsignal.totp.verify({ code }));
      if (!isVerified) throw { errorCode: failureReason ?? "CODE_INVALID_OR_EXPIRED" };
      setPairing(undefined);
      await refresh();
    });

  return (
    <main>
      <h1>Hello, {session.user?.username}</h1>
      <section className="card window" aria-labelledby="window">
        <div className="ring">
          <svg viewBox="0 0 120 120" aria-hidden="true">
            <circle cx="60" cy="60" r="54" />
            {left > 0 && (
              <circle
                className="left"
                cx="60"
                cy="60"
                r="54"
                pathLength="1"
                strokeDasharray="1"
                strokeDashoffset={1 - Math.min(1, left / WINDOW_SECONDS)}
              />
            )}
          </svg>
          <span role="timer" aria-label="Time left in the window">
            {clock(left)}
          </span>
        </div>
        <div>
          <h2 id="window">{left ? "The window is open" : "The window is closed"}</h2>
          <p className="soft">
            {left ? "Until it closes, you may add an authenticator." : "Prove an authenticator that you have, and you may add another."}
          </p>
          {!left && (
            <div className="row">
              <button disabled={busy} onClick={prove}>
                Prove your passkey
              </button>
              <button className="quiet" disabled={busy} onClick={ask}>
                Ask the backend
              </button>
            </div>
          )}
        </div>
      </section>
      <section className="card" aria-labelledby="authenticators">
        <h2 id="authenticators">Your authenticators</h2>
        <ul className="list">
          {session.authenticators.map((method) => (
            <li key={method}>{METHODS[method] ?? method}</li>
          ))}
        </ul>
        {pairing ? (
          <Pairing {...pairing} busy={busy} onCode={confirm} onCancel={() => setPairing(undefined)} />
        ) : (
          <div className="row">
            <button className="primary" disabled={busy} onClick={add}>
              Add an authenticator app
            </button>
          </div>
        )}
        <Problem problem={problem} />
      </section>
    </main>
  );
}
