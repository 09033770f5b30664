import { claimsOf, scopesOf } from "../tokens.js";

/** The API said no: `{errorCode, errorDescription}`, and the HTTP status where this page made the request itself. */
export class Refused extends Error {
  constructor({ errorCode, errorDescription }, status) {
    super(errorDescription);
    this.code = errorCode;
    this.status = status;
  }
}

/** The data of a result of the client, or `Refused`. */
export function dataOf(result) {
  if ("error" in result) throw new Refused(result);
  return result.data;
}

/** The token in hand, and what it is worth; the routes that only this page uses. The token lives here and in the client. */
export class Session {
  #authsignal;
  #tenantId;
  #baseUrl;
  #token;
  #claims;
  #serverAhead = 0;
  #renewal;

  #changed;

  /** `changed` is called whenever another token is in hand. */
  constructor(authsignal, tenantId, baseUrl, changed) {
    this.#authsignal = authsignal;
    this.#tenantId = tenantId;
    this.#baseUrl = baseUrl;
    this.#changed = changed;
  }

  get token() {
    return this.#token;
  }

  get actionCode() {
    return this.#claims.other.actionCode;
  }

  /** A newer token is in hand. */
  take(token) {
    this.#token = token;
    this.#claims = claimsOf(token);
    this.#authsignal.setToken(token);
    this.#changed();
  }

  /** A token that was minted just now: its `iat` tells the server's time. */
  takeFresh(token) {
    this.#serverAhead = claimsOf(token).iat * 1000 - Date.now();
    this.take(token);
  }

  /** Whether the token says that it may `add`, `update` or `remove`; the server has the last word. */
  may(operation) {
    return scopesOf(this.#claims).includes(`${operation}:authenticators`);
  }

  /** Seconds until the token ends. */
  get left() {
    return Math.max(0, Math.ceil(this.#claims.exp - (Date.now() + this.#serverAhead) / 1000));
  }

  /** What this page is to do, and for whom. */
  async open() {
    const opened = await this.#call("GET", "ui");
    this.#serverAhead = Date.parse(opened.now) - Date.now();
    this.#renewal = opened.renewal;
    this.#changed();
    return opened;
  }

  /** After the token's end: a token of the same action that may be challenged, and nothing more. */
  async renew() {
    const tenant = `Basic ${btoa(encodeURIComponent(this.#tenantId))}`;
    const { token } = await this.#call("POST", "ui/renew", { renewal: this.#renewal }, tenant);
    this.takeFresh(token);
  }

  authenticators() {
    return this.#call("GET", "user-authenticators");
  }

  rename(userAuthenticatorId, displayName) {
    return this.#call("PATCH", `user-authenticators/${encodeURIComponent(userAuthenticatorId)}`, { displayName });
  }

  remove(userAuthenticatorId) {
    return this.#call("DELETE", `user-authenticators/${encodeURIComponent(userAuthenticatorId)}`);
  }

  /** New recovery codes; the old ones end. */
  async newRecoveryCodes() {
    return (await this.#call("POST", "recovery-codes", {})).recoveryCodes;
  }

  async verifyRecoveryCode(verificationCode) {
    const { accessToken, ...data } = await this.#call("POST", "verify/recovery-code", { verificationCode });
    return { ...data, token: accessToken };
  }

  async #call(method, path, body, authorization = `Bearer ${this.#token}`) {
    let response;
    try {
      response = await fetch(`${this.#baseUrl}/client/${path}`, {
        method,
        headers: { Authorization: authorization, "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
      });
    } catch (error) {
      throw new Refused({ errorCode: "network_error", errorDescription: error.message });
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(answer, response.status);
    return answer;
  }
}
