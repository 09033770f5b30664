// The customer's own application server, and the local server's controls. The page never holds the API secret.

/** What the backend answered when it said no; carries the API's code. */
export class BackendError extends Error {
  constructor(status, { errorCode, errorDescription } = {}) {
    super(errorDescription ?? `The demo backend answered ${status}.`);
    this.name = "BackendError";
    this.code = errorCode ?? `http_${status}`;
  }
}

/** GET without a body, POST with one. */
export async function backend(path, body) {
  const response = await fetch(
    path,
    body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) },
  );
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new BackendError(response.status, answer);
  return answer;
}
