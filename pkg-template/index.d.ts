/**
 * authsignal-wasm: a drop-in for `@authsignal/browser` 1.21.1 with a core in WebAssembly.
 *
 * Change the import, keep the code. What comes on top of the peer is optional everywhere: `signal` and `timeout` on the
 * calls, {@link Authsignal.binding}, {@link Authsignal.clearToken} and a few options of the constructor.
 *
 * Nothing but the DOM library is needed: `"lib": ["ES2022", "DOM"]`. COMPAT.md lists what differs from the peer.
 *
 * Failures come in three kinds. *Answered*: the promise resolves with `errorCode` and no `data`. *Ceremony*: the browser
 * or the user refused; it rejects with a {@link WebAuthnError}. *Misuse*: it rejects with an `Error` that names the fix.
 */

/* ---- Errors ---- */

/**
 * Codes of {@link AuthsignalResponse.errorCode}, at run time. `network_error` is answered by default; see
 * {@link AuthsignalOptions.throwOnNetworkError}.
 */
export declare const ErrorCode: {
  /** No token: call {@link Authsignal.setToken} first. No request was made. */
  readonly token_not_set: "token_not_set";
  /** The token has expired; `onTokenExpired` was called. Get another from your backend. */
  readonly expired_token: "expired_token";
  /** The request got no answer: offline, DNS, CORS, or a broken connection. */
  readonly network_error: "network_error";
  /** Too many attempts or messages (HTTP 429). Wait before the next. */
  readonly too_many_requests: "too_many_requests";
  /** The credential belongs to someone else, or its signature is wrong. */
  readonly invalid_credential: "invalid_credential";
  /** The server has no such passkey; the browser was told to forget it. */
  readonly unknown_credential: "unknown_credential";
  /** Immediate mode found no passkey on this device. Offer another way to sign in. */
  readonly credential_not_found: "credential_not_found";
  /** This browser has no immediate mode. No request was made. */
  readonly immediate_mediation_not_supported: "immediate_mediation_not_supported";
  /** What answered is not the Authsignal API: HTML, an empty body, `null`. Ours. */
  readonly invalid_response: "invalid_response";
  /** The core could not be loaded, neither core.wasm nor the same in JavaScript: offline, or files are missing. Ours. */
  readonly core_unavailable: "core_unavailable";
  /** The core failed; the call rejected with this `code`. The next call gets a new core. Ours. */
  readonly core_failed: "core_failed";
  /** The call's `timeout` is over, or, as `WebAuthnError.errorCode`, the ceremony's. Ours. */
  readonly timeout: "timeout";
  /** `WebAuthnError.errorCode`: the user, or the browser for them, said no before the time was over. Ours. */
  readonly user_canceled: "user_canceled";
  /** `qrCode.disconnect()` came before the session had begun. Ours. */
  readonly aborted: "aborted";
  /** The browser blocked the window of `launch`; the error that was thrown has this `code`. Ours. */
  readonly popup_blocked: "popup_blocked";
  /** `TokenPayload.errorCode`: the user closed the popup or the window. Ours. */
  readonly window_closed: "window_closed";
  /** The QR code's socket closed or stayed silent; the call rejected with this `code`. Ours. */
  readonly socket_lost: "socket_lost";
  /** The QR code or the magic link is over, and nobody has used it. Ours. */
  readonly challenge_expired: "challenge_expired";
};

/**
 * A code of the API's or the peer's, or any other that the API may answer with. The list is open: keep a default branch.
 * Ours are {@link OwnErrorCode}: apart, so that a `Record<ErrorCode, string>` that was written for the peer stays complete.
 */
export type ErrorCode =
  | "token_not_set"
  | "expired_token"
  | "network_error"
  | "too_many_requests"
  | "invalid_credential"
  | "unknown_credential"
  | "credential_not_found"
  | "immediate_mediation_not_supported"
  | (string & {});

/** Codes that only ours has: answered, or as the `code` of an error that is thrown. */
export type OwnErrorCode =
  /** Answered: what answered is not the Authsignal API. */
  | "invalid_response"
  /** Answered: the core could not be loaded. */
  | "core_unavailable"
  /** Answered: the call's `timeout` is over. Also `WebAuthnError.errorCode` and `TokenPayload.errorCode`. */
  | "timeout"
  /** `WebAuthnError.errorCode`: the user, or the browser for them, said no before the time was over. */
  | "user_canceled"
  /** Answered: `qrCode.disconnect()` came before the session had begun. */
  | "aborted"
  /** Thrown: the browser blocked the window of `launch(url, { mode: "window" })`. Call it from a click. */
  | "popup_blocked"
  /** `TokenPayload.errorCode`: the user closed the popup or the window before the end, and no API error came before. */
  | "window_closed"
  /** Rejected: the QR code's socket closed or stayed silent. */
  | "socket_lost"
  /** Answered by `emailML.checkVerificationStatus()`, or given to the QR code's `onError`: it is over. */
  | "challenge_expired"
  /** Rejected: the core failed. The next call gets a new one; please report the error's `cause`. */
  | "core_failed";

/** The codes as types, as an enum has them: `ErrorCode.expired_token`. */
export declare namespace ErrorCode {
  type token_not_set = "token_not_set";
  type expired_token = "expired_token";
  type network_error = "network_error";
  type too_many_requests = "too_many_requests";
  type invalid_credential = "invalid_credential";
  type unknown_credential = "unknown_credential";
  type credential_not_found = "credential_not_found";
  type immediate_mediation_not_supported = "immediate_mediation_not_supported";
}

/** Codes of {@link WebAuthnError.code}: those of `@simplewebauthn/browser`, which the peer rejects with. */
export type WebAuthnErrorCode =
  | "ERROR_CEREMONY_ABORTED"
  | "ERROR_INVALID_DOMAIN"
  | "ERROR_INVALID_RP_ID"
  | "ERROR_INVALID_USER_ID_LENGTH"
  | "ERROR_MALFORMED_PUBKEYCREDPARAMS"
  | "ERROR_AUTHENTICATOR_GENERAL_ERROR"
  | "ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT"
  | "ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT"
  | "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED"
  | "ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG"
  | "ERROR_AUTO_REGISTER_USER_VERIFICATION_FAILURE"
  | "ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY";

/**
 * What a ceremony (`passkey.signUp`, `passkey.signIn`, `securityKey.enroll`, `securityKey.verify`) rejects with.
 * https://www.w3.org/TR/webauthn-3/#sctn-createCredential
 */
export declare class WebAuthnError extends Error {
  /** What went wrong, by the step of the specification. */
  code: WebAuthnErrorCode;
  /**
   * What browsers leave open in a `NotAllowedError`: `timeout` if the time that the server gave the ceremony was over, else
   * `user_canceled`. Absent for all other errors. Ours.
   */
  errorCode?: "timeout" | "user_canceled";
  /** The browser's own exception. Its `name` (`NotAllowedError`, `InvalidStateError`, ...) is this error's, too. */
  cause: Error;
  constructor(options: { message: string; code: WebAuthnErrorCode; cause: Error; name?: string });
}

/**
 * What every call resolves with: `data`, or the three error fields and no `data` key. `"error" in response` tells them
 * apart.
 */
export type AuthsignalResponse<T> = {
  /** The result; absent if there is an error. `isVerified: false` is a result, too. */
  data?: T;
  /** The error's code; absent on success. */
  errorCode?: ErrorCode | OwnErrorCode;
  /** A sentence for developers; absent on success. */
  errorDescription?: string;
  /** Of status 429: after how many seconds to try again, where the answer's `Retry-After` says so, and the page may read it. */
  retryAfter?: number;
  /** @deprecated Use `errorCode` and `errorDescription`. */
  error?: string;
};

/* ---- What all calls take ---- */

/** Ways to end a call before its time. Ours; the peer has none. */
export interface CallOptions {
  /** Aborts the request or the ceremony, or closes the popup or window: the call rejects with the signal's reason. Absent: it can't be aborted. */
  signal?: AbortSignal;
  /** Milliseconds after which the same happens and the call resolves with the code `timeout`. Absent or 0: no limit. */
  timeout?: number;
}

/* ---- Constructor ---- */

/**
 * The window in which authenticators can be added: what the token that is set permits, and until when. Read from its
 * claims; the token itself is never in it.
 */
export interface Binding {
  /**
   * `open`: the token is valid now and permits `add:authenticators`. `expired`: it is over. `none`: no token, one that adds no
   * authenticators, and one that cannot be read or does not say when it ends.
   */
  readonly state: "none" | "open" | "expired";
  /** When it ends, ISO 8601 in UTC. Absent without a token, or if the token does not say. */
  readonly expiresAt?: string;
  /** Milliseconds until the token ends, whatever it permits: with `none`, too. 0 if it is over or does not say. */
  readonly remainingMs: number;
  /** What the token permits, such as `add:authenticators`. Empty if it names nothing. */
  readonly scopes: readonly string[];
  /** Whose token it is. Absent if the token does not say. */
  readonly userId?: string;
}

/** Options of {@link Authsignal}. */
export type AuthsignalOptions = {
  /** Your tenant's id, from the Authsignal portal. */
  tenantId: string;
  /** The API's address with its version, default `https://api.authsignal.com/v1`. Name your region's. */
  baseUrl?: string;
  /** Domain of the anonymous id's cookie, default the page's host without a leading `www.`. */
  cookieDomain?: string;
  /** Name of the anonymous id's cookie, default `__as_aid`. */
  cookieName?: string;
  /** @deprecated Ignored. */
  trackingHost?: string;
  /** Called, without arguments, when the API answers `expired_token`. Get another token and set it. */
  onTokenExpired?: () => void;
  /** Whether errors that are answered, and a core that had to be loaded otherwise, are logged. Default false. */
  enableLogging?: boolean;
  /**
   * Whether a request without an answer rejects, as the peer's do, instead of `network_error`. Default false. HTML, an empty
   * body and `null`, at which the peer throws, are answered as `invalid_response` either way. Ours.
   */
  throwOnNetworkError?: boolean;
  /**
   * Called whenever the binding window opens, changes or ends, for as long as the page lives: give it to one instance of an app,
   * and not to one in each component. Ours.
   */
  onBindingChange?: (binding: Binding) => void;
  /** Called once ahead of the token's end; see `tokenExpiringMs`. Ours. */
  onTokenExpiring?: (binding: Binding) => void;
  /** How many milliseconds ahead `onTokenExpiring` is called, default 60000. Ours. */
  tokenExpiringMs?: number;
};

/* ---- Results ---- */

/** Ways to verify a user, at run time. */
export declare const VerificationMethod: {
  readonly SMS: "SMS";
  readonly AUTHENTICATOR_APP: "AUTHENTICATOR_APP";
  readonly RECOVERY_CODE: "RECOVERY_CODE";
  readonly EMAIL_MAGIC_LINK: "EMAIL_MAGIC_LINK";
  readonly EMAIL_OTP: "EMAIL_OTP";
  readonly PUSH: "PUSH";
  readonly SECURITY_KEY: "SECURITY_KEY";
  readonly PASSKEY: "PASSKEY";
  readonly VERIFF: "VERIFF";
  readonly IPROOV: "IPROOV";
  readonly PALM_BIOMETRICS_RR: "PALM_BIOMETRICS_RR";
  readonly IDVERSE: "IDVERSE";
  readonly DEVICE: "DEVICE";
  readonly WHATSAPP: "WHATSAPP";
};

/** A known way to verify a user, or one that the API has added since. */
export type VerificationMethod = (typeof VerificationMethod)[keyof typeof VerificationMethod] | (string & {});

/** The methods as types, as an enum has them: `VerificationMethod.PASSKEY`. */
export declare namespace VerificationMethod {
  type SMS = "SMS";
  type AUTHENTICATOR_APP = "AUTHENTICATOR_APP";
  type RECOVERY_CODE = "RECOVERY_CODE";
  type EMAIL_MAGIC_LINK = "EMAIL_MAGIC_LINK";
  type EMAIL_OTP = "EMAIL_OTP";
  type PUSH = "PUSH";
  type SECURITY_KEY = "SECURITY_KEY";
  type PASSKEY = "PASSKEY";
  type VERIFF = "VERIFF";
  type IPROOV = "IPROOV";
  type PALM_BIOMETRICS_RR = "PALM_BIOMETRICS_RR";
  type IDVERSE = "IDVERSE";
  type DEVICE = "DEVICE";
}

/** Where a passkey is: on this device, or on another (a security key, a phone). */
export type AuthenticatorAttachment = "platform" | "cross-platform";

/** What the browser should offer first. https://www.w3.org/TR/webauthn-3/#enum-hints */
export type PublicKeyCredentialHint = "security-key" | "client-device" | "hybrid";

/** An enrolled authenticator, as the user may see it: email and phone number are masked. All dates are ISO 8601. */
export type Authenticator = {
  userAuthenticatorId: string;
  verificationMethod: VerificationMethod;
  createdAt: string;
  /** Absent: not verified yet, and so not enrolled. */
  verifiedAt?: string;
  lastVerifiedAt?: string;
  isDefault?: boolean;
  email?: string;
  phoneNumber?: string;
  displayName?: string;
  username?: string;
  authenticatorAttachment?: AuthenticatorAttachment;
  previousSmsChannel?: "DEFAULT" | "WHATSAPP" | "SMS";
  devicePlatform?: "IOS" | "ANDROID" | "WEB";
  /** When its device could last not be reached, since 1.20. Absent: no error. */
  erroredAt?: string;
  /** Why, since 1.20. */
  errorCode?: string;
  /** Absent unless it is a passkey or a security key. */
  webauthnCredential?: {
    credentialId: string;
    deviceId: string;
    name: string;
    aaguid?: string;
    credentialBackedUp: boolean;
    credentialDeviceType?: "singleDevice" | "multiDevice";
    parsedUserAgent?: {
      ua: string;
      browser: { name?: string; version?: string; major?: string };
      device: { model?: string; type?: string; vendor?: string };
      engine: { name?: string; version?: string };
      os: { name?: string; version?: string };
      cpu: { architecture?: string };
    };
    verifiedAt: string;
    authenticatorAttachment?: AuthenticatorAttachment;
    aaguidMapping?: { name: string; svgIconLight?: string; svgIconDark?: string };
  };
};

/** What an enrolment begins with. Verify it next: until then it does not count. */
export type EnrollResponse = { userAuthenticatorId: string; userId: string };

/** A challenge that was sent. Verify the code that the user got. */
export type ChallengeResponse = { challengeId: string };

/** What an authenticator app needs. Show `uri` as a QR code, and `secret` to type in. */
export type EnrollTotpResponse = {
  /** `otpauth://totp/...`. */
  uri: string;
  /** Base32. */
  secret: string;
} & EnrollResponse;

/** What became of a code. */
export type VerifyResponse = {
  /** A wrong code is no error: it is `false` here, and `failureReason` says why. */
  isVerified: boolean;
  /** A new token, which has been set. Give it to your backend to validate. Absent unless verified. */
  token?: string;
  /** `CODE_INVALID_OR_EXPIRED` or `MAX_ATTEMPTS_EXCEEDED`. Absent if verified. */
  failureReason?: string;
  /** What was enrolled. Absent unless this ends an enrolment. */
  userAuthenticator?: Authenticator;
};

/** A push that was sent. Ask `push.verify` about it. */
export type PushChallengeResponse = {
  challengeId: string;
  /** What became of each device's message, since 1.20. Absent: the API did not say. */
  deliveryResults?: PushDeliveryResult[];
};

/** What became of the message to one device. Since 1.20. */
export type PushDeliveryResult = {
  userAuthenticatorId: string;
  /** Why it was not delivered. Absent: it was. */
  errorCode?: string;
};

/** What became of a push. Neither verified nor consumed: pending. Consumed but not verified: denied. */
export type PushVerifyResponse = {
  isVerified: boolean;
  isConsumed: boolean;
  /** A new token. It is *not* set for you: call {@link Authsignal.setToken}. Absent unless verified. */
  token?: string;
  /** @deprecated Never present: the types of 1.16.0 called `token` so. */
  accessToken?: string;
};

/** A QR code's challenge. Show `challengeId` as a QR code. */
export type QrCodeChallengeResponse = {
  challengeId: string;
  /** ISO 8601. */
  expiresAt: string;
  /** Present with `polling` only. */
  deviceCode?: string;
};

/** What became of a QR code. */
export type QrCodeVerifyResponse = { isClaimed: boolean; isVerified: boolean; isConsumed: boolean; token?: string };

/** The life of a QR code's challenge. `approved` and `rejected` end it. */
export type ChallengeState = "unclaimed" | "claimed" | "approved" | "rejected";

/** Options of the peer's socket client, for programs that name them. */
export interface WebSocketQrCodeOptions {
  token?: string;
  action: string;
  custom?: Record<string, unknown>;
  /** Milliseconds. */
  refreshInterval?: number;
  onRefresh?: (challengeId: string, expiresAt: string) => void;
  onStateChange?: (state: ChallengeState, accessToken?: string) => void;
}

/** What the peer's socket client resolves with, for programs that name it. */
export interface WebSocketQrCodeResponse {
  challengeId: string;
  expiresAt: string;
  state: ChallengeState;
}

/* ---- WebAuthn JSON ---- */

/** How an authenticator can be reached. */
export type AuthenticatorTransport = "ble" | "cable" | "hybrid" | "internal" | "nfc" | "smart-card" | "usb";

/** A credential, named. Buffers are base64url in all the JSON forms. */
export interface PublicKeyCredentialDescriptorJSON {
  id: string;
  type: "public-key";
  transports?: AuthenticatorTransport[];
}

/** Options of a registration. https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialcreationoptionsjson */
export interface PublicKeyCredentialCreationOptionsJSON {
  rp: { id?: string; name: string };
  user: { id: string; name: string; displayName: string };
  challenge: string;
  pubKeyCredParams: { type: "public-key"; alg: number }[];
  /** Milliseconds. */
  timeout?: number;
  excludeCredentials?: PublicKeyCredentialDescriptorJSON[];
  authenticatorSelection?: {
    authenticatorAttachment?: AuthenticatorAttachment;
    requireResidentKey?: boolean;
    residentKey?: "discouraged" | "preferred" | "required";
    userVerification?: "discouraged" | "preferred" | "required";
  };
  hints?: PublicKeyCredentialHint[];
  attestation?: "direct" | "enterprise" | "indirect" | "none";
  extensions?: object;
}

/** Options of an authentication. https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialrequestoptionsjson */
export interface PublicKeyCredentialRequestOptionsJSON {
  challenge: string;
  /** Milliseconds. */
  timeout?: number;
  rpId?: string;
  allowCredentials?: PublicKeyCredentialDescriptorJSON[];
  userVerification?: "discouraged" | "preferred" | "required";
  hints?: PublicKeyCredentialHint[];
  extensions?: object;
}

/** What a registration yields. https://www.w3.org/TR/webauthn-3/#dictdef-registrationresponsejson */
export interface RegistrationResponseJSON {
  id: string;
  rawId: string;
  response: {
    clientDataJSON: string;
    attestationObject: string;
    authenticatorData?: string;
    transports?: AuthenticatorTransport[];
    publicKeyAlgorithm?: number;
    publicKey?: string;
  };
  /** Absent: the browser did not say. */
  authenticatorAttachment?: AuthenticatorAttachment;
  clientExtensionResults: ExtensionResults;
  type: "public-key";
}

/** What an authentication yields. https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson */
export interface AuthenticationResponseJSON {
  id: string;
  rawId: string;
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    signature: string;
    /** Absent: the credential is not discoverable. */
    userHandle?: string;
  };
  /** Absent: the browser did not say. */
  authenticatorAttachment?: AuthenticatorAttachment;
  clientExtensionResults: ExtensionResults;
  type: "public-key";
}

/** What extensions said. https://www.w3.org/TR/webauthn-3/#dictdef-authenticationextensionsclientoutputs */
export interface ExtensionResults {
  appid?: boolean;
  credProps?: { rk?: boolean };
  hmacCreateSecret?: boolean;
}

/* ---- Passkey ---- */

/** Parameters of {@link Passkey.signUp}. */
export interface SignUpParams extends CallOptions {
  /** The user's token, default the one that is set. */
  token?: string;
  /** Shown by the browser beside the passkey. Absent: the server's choice. */
  username?: string;
  /** A friendlier name than `username`, since 1.19.2. Absent: the server's choice. */
  displayName?: string;
  /** Default `platform`: this device only. `null`: any kind. */
  authenticatorAttachment?: AuthenticatorAttachment | null;
  /** What the browser should offer first. Absent: the server's choice. */
  hints?: PublicKeyCredentialHint[];
  /** Whether to upgrade a password user quietly (conditional create), default false. */
  useAutoRegister?: boolean;
  /** Whether the ceremony is tied to cookies, default false. */
  useCookies?: boolean;
  /** Whether the browser is told in the background which passkeys the server accepts, since 1.17. Default true. */
  syncCredentials?: boolean;
}

/** What {@link Passkey.signUp} yields. */
export interface SignUpResponse {
  /** A new token, which has been set. */
  token?: string;
  userAuthenticator?: Authenticator;
  registrationResponse?: RegistrationResponseJSON;
}

/** Parameters of {@link Passkey.signIn}. */
export interface SignInParams extends CallOptions {
  /** Whether passkeys are offered in the form's autofill (conditional mediation), default false. Not with `token`. */
  autofill?: boolean;
  /** The action that is signed in for. Not with `token`. Absent: the tenant's default. */
  action?: string;
  /** Names the attempt, so that a repeated one is the same, since 1.21. Not with `token`. */
  idempotencyKey?: string;
  /** The user's token, to be verified as this user. Absent: any user; the token that is set plays no part. */
  token?: string;
  /** Whether the ceremony is tied to cookies, default false. */
  useCookies?: boolean;
  /** Called once the passkey was used, before the server verifies it: time to show progress. */
  onVerificationStarted?: () => unknown;
  /** Whether the browser is told in the background which passkeys the server accepts, since 1.17. Default true. */
  syncCredentials?: boolean;
  /**
   * Whether only passkeys on this device are offered, and at once (immediate mode), since 1.19. Default false. Not with
   * `autofill`. Answers `credential_not_found` or `immediate_mediation_not_supported`.
   */
  preferImmediatelyAvailableCredentials?: boolean;
}

/** What {@link Passkey.signIn} yields. */
export interface SignInResponse {
  isVerified: boolean;
  /** A new token, which has been set: it opens the binding window. */
  token?: string;
  userId?: string;
  userAuthenticatorId?: string;
  username?: string;
  displayName?: string;
  authenticationResponse?: AuthenticationResponseJSON;
}

/** What the low-level `api` methods resolve with when the API refuses. Nothing is renamed or logged. */
export interface ErrorResponse {
  error: string;
  errorCode?: ErrorCode;
  errorDescription?: string;
}

/** The answer to a registration. */
export interface AddAuthenticatorResponse {
  isVerified: boolean;
  accessToken?: string;
  userAuthenticatorId?: string;
  userId?: string;
  userAuthenticator?: Authenticator;
}

/** The answer to an assertion. */
export interface PasskeyVerifyResponse {
  isVerified: boolean;
  accessToken?: string;
  userId?: string;
  userAuthenticatorId?: string;
  username?: string;
  userDisplayName?: string;
}

/** The requests behind {@link Passkey}, one by one. Bodies are the API's own: `accessToken` keeps its name. */
export interface PasskeyApi {
  /** `POST /client/user-authenticators/passkey/registration-options`. */
  registrationOptions(
    params: {
      token: string;
      username?: string;
      displayName?: string;
      authenticatorAttachment?: AuthenticatorAttachment | null;
      useCookies?: boolean;
    } & CallOptions,
  ): Promise<{ challengeId?: string; options: PublicKeyCredentialCreationOptionsJSON } | ErrorResponse>;
  /** `POST /client/user-authenticators/passkey/authentication-options`. */
  authenticationOptions(
    params: { token?: string; challengeId?: string; useCookies?: boolean } & CallOptions,
  ): Promise<{ challengeId?: string; options: PublicKeyCredentialRequestOptionsJSON } | ErrorResponse>;
  /** `POST /client/user-authenticators/passkey/authentication-options/web`, with cookies. */
  authenticationOptionsWeb(
    params: { token?: string } & CallOptions,
  ): Promise<{ challengeId?: string; options: PublicKeyCredentialRequestOptionsJSON } | ErrorResponse>;
  /** `POST /client/user-authenticators/passkey`. */
  addAuthenticator(
    params: {
      token: string;
      registrationCredential: RegistrationResponseJSON;
      conditionalCreate?: boolean;
      challengeId?: string;
      useCookies?: boolean;
    } & CallOptions,
  ): Promise<AddAuthenticatorResponse | ErrorResponse>;
  /** `POST /client/verify/passkey`. */
  verify(
    params: {
      token?: string;
      authenticationCredential: AuthenticationResponseJSON;
      deviceId?: string;
      challengeId?: string;
      useCookies?: boolean;
    } & CallOptions,
  ): Promise<PasskeyVerifyResponse | ErrorResponse>;
  /** `GET /client/user-authenticators`, since 1.17. */
  getAuthenticators(
    params: { token?: string; useCookies?: boolean } & CallOptions,
  ): Promise<Authenticator[] | ErrorResponse>;
  /** `GET /client/user-authenticators/passkey`. Rejects when none of them is known. */
  getPasskeyAuthenticator(
    params: { credentialIds: string[] } & CallOptions,
  ): Promise<{ credentialId: string; verifiedAt: string } | ErrorResponse>;
  /** `POST /client/challenge`. */
  challenge(
    params: { action?: string; idempotencyKey?: string; useCookies?: boolean } & CallOptions,
  ): Promise<ChallengeResponse | ErrorResponse>;
}

/** Passkeys. https://docs.authsignal.com/authentication-methods/passkey/custom-ui */
export interface Passkey {
  /** The requests one by one. */
  api: PasskeyApi;
  /**
   * Creates a passkey for the token's user. Rejects with a {@link WebAuthnError}, or with
   * `Error("CONDITIONAL_CREATE_NOT_SUPPORTED")`. Answers `token_not_set`, `expired_token` and what the API says.
   */
  signUp(params?: SignUpParams): Promise<AuthsignalResponse<SignUpResponse>>;
  /**
   * Signs in with a passkey. Send the `token` of the result to your backend to validate. Rejects with a
   * {@link WebAuthnError}. Resolves with `{}` when an autofill request is already pending.
   */
  signIn(params?: SignInParams): Promise<AuthsignalResponse<SignInResponse>>;
  /**
   * Whether a passkey that this device has used is still the user's.
   * @deprecated It knows this browser's past only. Use `signIn` with `preferImmediatelyAvailableCredentials`.
   */
  isAvailableOnDevice(params: { userId: string } & CallOptions): Promise<boolean>;
}

/* ---- One-time codes, links, push ---- */

/** The code that the user typed in. */
export interface VerifyParams extends CallOptions {
  code: string;
}

/** Authenticator apps (TOTP, RFC 6238). */
export interface Totp {
  /** Begins the enrolment of an authenticator app. `verify` its first code next. `POST .../user-authenticators/totp`. */
  enroll(options?: CallOptions): Promise<AuthsignalResponse<EnrollTotpResponse>>;
  /** Verifies a code. `POST /client/verify/totp`. */
  verify(params: VerifyParams): Promise<AuthsignalResponse<VerifyResponse>>;
}

/** Codes by email. */
export interface Email {
  /** Begins the enrolment of an address and sends a code. `verify` it next. */
  enroll(params: { email: string } & CallOptions): Promise<AuthsignalResponse<EnrollResponse>>;
  /** Sends a code. `POST /client/challenge/email-otp`. */
  challenge(options?: CallOptions): Promise<AuthsignalResponse<ChallengeResponse>>;
  /** Verifies a code. `POST /client/verify/email-otp`. */
  verify(params: VerifyParams): Promise<AuthsignalResponse<VerifyResponse>>;
}

/** Magic links by email. */
export interface EmailMagicLink {
  /** Begins the enrolment of an address and sends a link. Wait with `checkVerificationStatus` next. */
  enroll(params: { email: string } & CallOptions): Promise<AuthsignalResponse<EnrollResponse>>;
  /** Sends a link. `POST /client/challenge/email-magic-link`. */
  challenge(options?: CallOptions): Promise<AuthsignalResponse<ChallengeResponse>>;
  /**
   * Waits until the link was opened, asking once a second. Ends on an error, too, and with `challenge_expired` when the token
   * has lived its time. Pass `signal` to give up.
   */
  checkVerificationStatus(options?: CallOptions): Promise<AuthsignalResponse<VerifyResponse>>;
}

/** Codes by SMS. */
export interface Sms {
  /** Begins the enrolment of a number (E.164) and sends a code. `verify` it next. */
  enroll(params: { phoneNumber: string } & CallOptions): Promise<AuthsignalResponse<EnrollResponse>>;
  /** Sends a code. `POST /client/challenge/sms`. */
  challenge(options?: CallOptions): Promise<AuthsignalResponse<ChallengeResponse>>;
  /** Verifies a code. `POST /client/verify/sms`. */
  verify(params: VerifyParams): Promise<AuthsignalResponse<VerifyResponse>>;
}

/** Codes by WhatsApp, to the number that was enrolled by SMS. */
export declare class Whatsapp {
  constructor(options: {
    baseUrl: string;
    tenantId: string;
    onTokenExpired?: () => void;
    enableLogging: boolean;
  });
  /** Sends a code. `POST /client/challenge/whatsapp`. */
  challenge(options?: CallOptions): Promise<AuthsignalResponse<ChallengeResponse>>;
  /** Verifies a code. `POST /client/verify/whatsapp`. */
  verify(params: VerifyParams): Promise<AuthsignalResponse<VerifyResponse>>;
}

/** The requests behind {@link SecurityKey}, one by one. */
export interface SecurityKeyApi {
  /** `POST /client/user-authenticators/security-key/registration-options`. */
  registrationOptions(
    params: { token: string } & CallOptions,
  ): Promise<PublicKeyCredentialCreationOptionsJSON | ErrorResponse>;
  /** `POST /client/user-authenticators/security-key/authentication-options`. */
  authenticationOptions(
    params: { token?: string } & CallOptions,
  ): Promise<PublicKeyCredentialRequestOptionsJSON | ErrorResponse>;
  /** `POST /client/user-authenticators/security-key`. */
  addAuthenticator(
    params: { token: string; registrationCredential: RegistrationResponseJSON } & CallOptions,
  ): Promise<AddAuthenticatorResponse | ErrorResponse>;
  /** `POST /client/verify/security-key`. */
  verify(
    params: { token?: string; authenticationCredential: AuthenticationResponseJSON } & CallOptions,
  ): Promise<PasskeyVerifyResponse | ErrorResponse>;
}

/** Security keys. */
export interface SecurityKey {
  /** The requests one by one. */
  api: SecurityKeyApi;
  /** Enrols a security key. Rejects with a {@link WebAuthnError}. */
  enroll(
    params?: { hints?: PublicKeyCredentialHint[] } & CallOptions,
  ): Promise<AuthsignalResponse<{ token?: string; registrationResponse?: RegistrationResponseJSON }>>;
  /** Verifies the user by a security key. Rejects with a {@link WebAuthnError}. */
  verify(
    options?: CallOptions,
  ): Promise<
    AuthsignalResponse<{ isVerified: boolean; token?: string; authenticationResponse?: AuthenticationResponseJSON }>
  >;
}

/** Push messages to the user's phone. */
export interface Push {
  /** Sends a push. `action` must be the tracked one. Ask `verify` about it until it is consumed. */
  challenge(
    params?: {
      action?: string;
      /** One device's authenticator, since 1.18. Absent: all of them. */
      userAuthenticatorId?: string;
    } & CallOptions,
  ): Promise<AuthsignalResponse<PushChallengeResponse>>;
  /** Says what became of a push. Set the `token` of the result yourself: {@link Authsignal.setToken}. */
  verify(params: { challengeId: string } & CallOptions): Promise<AuthsignalResponse<PushVerifyResponse>>;
}

/** Parameters of {@link QrCode.challenge}. */
export type ChallengeParams = {
  /** The action to be performed when the code is scanned. If one was tracked, the same. */
  action: string;
  /** Data for the device that scans. Must be absent if an action was tracked. */
  custom?: Record<string, unknown>;
  /** Whether to poll instead of using a WebSocket, default false. */
  polling?: boolean;
  /** Milliseconds between two polls, default 3000. */
  pollInterval?: number;
  /** Milliseconds until a fresh challenge replaces the last, default 540000 (9 minutes). */
  refreshInterval?: number;
  /** Called when a fresh challenge has replaced the last. With `polling`, absent means no refresh. */
  onRefresh?: (challengeId: string, expiresAt: string) => void;
  /**
   * Called once if the session ends without `approved` or `rejected`, and not by `disconnect()`: `challenge_expired`, or the
   * API's refusal. What a network loses is tried again instead. Ours.
   */
  onError?: (error: AuthsignalResponse<never>) => void;
  /** Called once for each state. With `approved` comes a token; set it yourself: {@link Authsignal.setToken}. */
  onStateChange: (state: ChallengeState, accessToken?: string) => void;
} & CallOptions;

/** QR codes, for a screen that a phone unlocks. */
export interface QrCode {
  /** Opens a session: show the `challengeId` as a QR code. Needs no token. Rejects with the code `socket_lost`. */
  challenge(params: ChallengeParams): Promise<AuthsignalResponse<QrCodeChallengeResponse>>;
  /** Replaces the challenge now. `custom` absent: as before. Rejects before `challenge`, and as that does. */
  refresh(params?: { custom?: Record<string, unknown> } & CallOptions): Promise<void>;
  /** Ends the session: no callback is called from now on. A `challenge()` that waits resolves with `aborted`, and a `refresh()` without more. */
  disconnect(): void;
}

/* ---- The pre-built UI ---- */

type BaseLaunchOptions = {
  /** `redirect` (default) leaves the page, `popup` opens a dialog in it, `window` a window beside it. */
  mode?: "popup" | "redirect" | "window";
};

/** Leaves the page. The pre-built UI comes back to your redirect URL with `token` in its query. */
export type RedirectLaunchOptions = BaseLaunchOptions & { mode: "redirect" };

/** Opens a dialog. Style it by the ids `__authsignal-popup-container`, `-overlay`, `-content` and `-iframe`. */
export type PopupLaunchOptions = BaseLaunchOptions & {
  mode: "popup";
  popupOptions?: {
    /** Any CSS width, default `385px`. */
    width?: string;
    /** Any CSS height. Absent: it grows with its content. */
    height?: string;
    /** Whether Escape and a click beside it close it, default true. */
    isClosable?: boolean;
  };
  /** Called when the pre-built UI meets an API error. It stays open. */
  onError?: (params: { errorCode?: string; statusCode?: number }) => void;
} & CallOptions;

/** Opens a window. Call it from a click, or the browser blocks it. */
export type WindowLaunchOptions = BaseLaunchOptions & {
  mode: "window";
  windowOptions?: {
    /** Pixels, default 400. */
    width?: number;
    /** Pixels, default 500. */
    height?: number;
  };
  /** Called when the pre-built UI meets an API error. It stays open. */
  onError?: (params: { errorCode?: string; statusCode?: number }) => void;
} & CallOptions;

export type LaunchOptions = RedirectLaunchOptions | PopupLaunchOptions | WindowLaunchOptions;

/** How a popup or window ended. */
export type TokenPayload = {
  /** Give it to your backend to validate. Absent: the user closed it. */
  token?: string;
  /**
   * Why there is no token: `timeout` if the call's time was over, else the code of the last API error that `onError` was told,
   * or `window_closed` if there was none. Absent if there is a token. Ours.
   */
  errorCode?: ErrorCode | OwnErrorCode;
};

/** What the pre-built UI says to the page that opened it, at run time. */
export declare enum AuthsignalWindowMessage {
  AUTHSIGNAL_CLOSE_POPUP = "AUTHSIGNAL_CLOSE_POPUP",
  AUTHSIGNAL_API_ERROR = "AUTHSIGNAL_API_ERROR",
  AUTHSIGNAL_READY = "AUTHSIGNAL_READY",
}

/** The shape of such a message. */
export type AuthsignalWindowMessageData = {
  event: AuthsignalWindowMessage;
  token?: string;
  errorCode?: string;
  statusCode?: number;
};

/* ---- Loading ---- */

/** The bytes of `core.wasm`, or where they are: its address, a response with it, its bytes, or what was compiled of it. */
export type CoreSource = string | URL | Response | BufferSource | WebAssembly.Module;

/**
 * Loads the core ahead of the first call, which would do it by itself. Resolves once it runs. Ours.
 *
 * With `wasm`, from there instead of from beside the script: call it before the first instance is made. If WebAssembly is
 * missing or forbidden, or `wasm` is not to be had, the same core runs in JavaScript. `authsignal-wasm/js` has no other
 * and ignores `wasm`. Rejects with the browser's error if neither can be loaded; the next call tries again.
 */
export declare function load(options?: { wasm?: CoreSource | Promise<CoreSource> }): Promise<void>;

/* ---- The client ---- */

/**
 * The client. Instances of the same `baseUrl` and `tenantId` share the token; others never see it. Constructing is
 * synchronous, sets the anonymous id's cookie, and starts to load the core; calls wait for it by themselves. It may be
 * constructed on a server, where there is no document.
 */
export declare class Authsignal {
  /** Identifies this browser: pass it to your backend as `deviceId`. */
  anonymousId: string;
  /** Identifies the profiling session, `""` before {@link initAdvancedProfiling}. */
  profilingId: string;
  /** The domain of the anonymous id's cookie. */
  cookieDomain: string;
  /** The name of the anonymous id's cookie. */
  anonymousIdCookieName: string;
  /** Whether errors are logged. */
  enableLogging: boolean;
  passkey: Passkey;
  totp: Totp;
  email: Email;
  emailML: EmailMagicLink;
  sms: Sms;
  securityKey: SecurityKey;
  qrCode: QrCode;
  push: Push;
  whatsapp: Whatsapp;
  /**
   * The binding window as it is now: `none` while no token is set, and right after `setToken` until the core is loaded, which
   * `onBindingChange` and {@link load} wait for. Ours.
   */
  readonly binding: Binding;

  /** Throws `Error("tenantId is required")`. */
  constructor(options: AuthsignalOptions);

  /** Sets the token that your backend got by tracking an action. Throws a `TypeError` unless it is text. */
  setToken(token: string): void;
  /** Forgets the token, as on signing out. Ours. */
  clearToken(): void;

  /** Launches the pre-built UI at the `url` that tracking yields, by leaving the page. */
  launch(url: string, options?: { mode?: "redirect" } & LaunchOptions): undefined;
  /** Launches it in a dialog. Throws, at once, if one is open already. */
  launch(url: string, options?: { mode: "popup" } & LaunchOptions): Promise<TokenPayload>;
  /** Launches it in a window. Throws, with the code `popup_blocked`, if the browser blocks it. */
  launch(url: string, options?: { mode: "window" } & LaunchOptions): Promise<TokenPayload>;

  /** Starts device profiling by a script of that origin, default `https://h.online-metrix.net`. */
  initAdvancedProfiling(baseUrl?: string): void;
}
