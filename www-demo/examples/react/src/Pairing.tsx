import { grouped } from "example-shared/format.js";
import { qrCode } from "example-shared/qr.js";
import { type SubmitEvent, useMemo, useState } from "react";

type Props = {
  uri: string;
  secret: string;
  busy: boolean;
  onCode: (code: string) => void;
  onCancel: () => void;
};

export function Pairing({ uri, secret, busy, onCode, onCancel }: Props) {
  const { size, path } = useMemo(() => qrCode(uri), [uri]);
  const [code, setCode] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onCode(code.replace(/\s/g, ""));
  };
  return (
    <div className="pairing">
      <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR code for the authenticator app">
        <path d={path} />
      </svg>
      <div>
        <p>Scan this with your authenticator app, or type the key:</p>
        <p className="code">{grouped(secret)}</p>
      </div>
      <form onSubmit={submit}>
        <label htmlFor="code">The six digits that the app shows</label>
        <div className="row">
          <input
            id="code"
            className="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={7}
            autoFocus
            value={code}
            onChange={(event) => setCode(event.target.value)}
          />
          <button className="primary" disabled={busy}>
            Confirm
          </button>
          <button type="button" className="quiet" onClick={onCancel}>
            Cancel
          </button>
        </div>
      </form>
    </div>
  );
}
