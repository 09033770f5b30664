import { Authsignal } from "/pkg/index.js";

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

/**
 * The token in hand, and the routes that only this page uses. The token lives here and in the client; what it is worth,
 * the client says.
 */
export class Session {
  /** The client, which holds the same token. */
  authsignal;

  #tenantId;
  #baseUrl;
  #token;
  #binding;
  #taken;
  #serverAhead = 0;
  #renewal;

  /** `changed` is called whenever another token is in hand. */
  constructor(tenantId, baseUrl, changed) {
    this.#tenantId = tenantId;
    this.#baseUrl = baseUrl;
    this.authsignal = new Authsignal({
      tenantId,
      baseUrl,
      onBindingChange: (binding) => {
        this.#binding = binding;
        this.#taken?.();
        changed();
      },
    });
    this.#binding = this.authsignal.binding;
  }

  get token() {
    return this.#token;
  }

  /** A newer token is in hand; resolves once it is known what it is worth. */
  async take(token) {
    this.#token = token;
    const told = new Promise((resolve) => {
      this.#taken = resolve;
    });
    this.authsignal.setToken(token);
    await told;
  }

  /** Whether the token says that it may `add`, `update` or `remove`; the server has the last word. */
  may(operation) {
    return this.#binding.scopes.includes(`${operation}:authenticators`);
  }

  /** Seconds until the token ends, by the server's clock. */
  get left() {
    const end = Date.parse(this.#binding.expiresAt);
    return Math.max(0, Math.ceil((end - Date.now() - this.#serverAhead) / 1000)) || 0;
  }

  /** What this page is to do, and for whom. */
  async open() {
    const opened = await this.#call("GET", "ui");
    this.#setClock(opened.now);
    this.#renewal = opened.renewal;
    return opened;
  }

  /** After the token's end: a token of the same action that may be challenged, and nothing more. */
  async renew() {
    const tenant = `Basic ${btoa(encodeURIComponent(this.#tenantId))}`;
    const { now, token } = await this.#call("POST", "ui/renew", { renewal: this.#renewal }, tenant);
    this.#setClock(now);
    await this.take(token);
  }

  #setClock(now) {
    this.#serverAhead = Date.parse(now) - Date.now();
  }

  authenticators() {
    return this.#call("GET", "user-authenticators");
  }

  /** Sends a code to a new phone number through WhatsApp; the answer has the shape of the client's. */
  async enrolWhatsapp(phoneNumber) {
    return { data: await this.#call("POST", "user-authenticators/sms", { phoneNumber, smsChannel: "WHATSAPP" }) };
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
