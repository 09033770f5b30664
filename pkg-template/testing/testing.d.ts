/**
 * `authsignal-wasm/testing`: what an app's own tests need. Never part of what the app loads.
 *
 * {@link startLocalServer} runs `authsignal-local`, a real server for the same API; {@link playwrightFixtures} are its
 * fixtures for Playwright; {@link ScriptedAuthenticator} plays the passkey prompt where no browser does, in jsdom and
 * Node.js. Node.js 20.16 or newer.
 */

/* ---- The local server ---- */

/** Options of {@link startLocalServer}. */
export interface LocalServerOptions {
  /**
   * The path of `authsignal-local`. Default: what the environment variable `AUTHSIGNAL_LOCAL` names, else the one on
   * `PATH`, else the newest that cargo has built in `target/` of the working folder or of one around it.
   */
  program?: string;
  /** The port on loopback, default 0: any that is free. */
  port?: number;
  /** Where the data lives, default `sqlite::memory:`: it ends with the server. */
  database?: string;
  /** Further flags of the program, such as `["--ui", "looks.json"]`. Default none. */
  flags?: string[];
}

/**
 * Starts the server; resolves once it listens. Rejects with the `code` `local_server_not_found` (the message says how to
 * get the program) or `local_server_failed` (it says what the program said). It ends with the test's process at the
 * latest, also where that is killed.
 */
export declare function startLocalServer(options?: LocalServerOptions): Promise<LocalServer>;

/** A server that runs already, at its origin, such as `http://localhost:8787`. `stop()` leaves it running. */
export declare function connectLocalServer(origin: string): LocalServer;

/** A message that the server would have sent to a person. */
export interface OutboxMessage {
  /** What it is, such as `EMAIL_OTP`. */
  kind: string;
  /** The address or phone number. */
  to: string;
  userId: string;
  /** ISO 8601. */
  createdAt: string;
  /** Absent: the message has none. */
  code?: string;
  /** Absent: the message has none. */
  url?: string;
  /** Absent: the message belongs to no challenge. */
  challengeId?: string;
}

/** What is to go wrong with requests of the API. */
export interface Fault {
  /** What the path has to contain, such as `verify/totp`. */
  path: string;
  /** How many times, default 1. */
  times?: number;
  /** How late the answer comes, default 0. */
  delayMilliseconds?: number;
  /** What happens to the answer. Absent: nothing but the delay. */
  outcome?: "hang" | "drop" | "truncate" | { json: number } | { html: number };
}

/** A user with a passkey. */
export interface SignedInUser {
  userId: string;
  username: string;
  /** From the passkey's registration: it opens the binding window, so that `setToken(token)` may be followed by an enrolment. */
  token: string;
  /** The passkey's id, base64url. */
  credentialId: string;
}

/** A running `authsignal-local`, as its tester and as the app's backend see it. A request that it refuses rejects with an `Error`. */
export interface LocalServer {
  /** The API's address: the `baseUrl` of `Authsignal`. */
  readonly baseUrl: string;
  /** The server's address, without a path. */
  readonly origin: string;
  /** The `tenantId` of `Authsignal`. */
  readonly tenantId: string;
  /** The API secret, for `@authsignal/node`. */
  readonly secret: string;
  readonly clock: {
    /** The server's time. */
    now(): Promise<Date>;
    /** Moves it on by so many *seconds*: what ends in the meantime has ended. Negative: back. */
    advance(seconds: number): Promise<void>;
  };
  /** Every message, newest last. */
  outbox(): Promise<OutboxMessage[]>;
  /** The newest code that was sent to this address. Rejects if none was, and says to whom there are messages. */
  codeSentTo(to: string): Promise<string>;
  /** From now on these requests go wrong, and no others. */
  faults(...faults: Fault[]): Promise<void>;
  /** The last requests of the API, newest last: without query and bodies. */
  requests(): Promise<{ at: string; method: string; path: string; status: number }[]>;
  /** Deletes all data, ends all faults, sets the clock right. */
  reset(): Promise<void>;
  /** Keeps the data and the clock under a name, while the server runs. */
  snapshot(name: string): Promise<void>;
  /** All is as it was at that {@link snapshot}. */
  restore(name: string): Promise<void>;
  /** These users are there, each with verified authenticators such as `{verificationMethod: "EMAIL_OTP", email}`. */
  seed(
    ...users: { userId: string; authenticators?: Record<string, unknown>[]; [attribute: string]: unknown }[]
  ): Promise<void>;
  /** What the app's backend does with `track()`. `action` is `test` by default. */
  track(
    userId: string,
    action?: string,
    attributes?: Record<string, unknown>,
  ): Promise<{ token: string; url: string; state: string; idempotencyKey: string; isEnrolled: boolean }>;
  /** What the app's backend does with `validateChallenge()`. */
  validate(token: string): Promise<{ isValid: boolean; state?: string; userId?: string; error?: string }>;
  /** What is stored for a user, unmasked, as the app's backend sees it. */
  authenticators(userId: string): Promise<{ userAuthenticatorId: string; verificationMethod: string; verifiedAt?: string }[]>;
  /**
   * Makes a user whose passkey is in `authenticator`, by default a new {@link ScriptedAuthenticator} for pages of `origin`,
   * which is the server's own by default. `userId` is a random one by default, `username` the `userId`.
   */
  signedInUser(options?: {
    userId?: string;
    username?: string;
    authenticator?: ScriptedAuthenticator;
    origin?: string;
  }): Promise<SignedInUser & { authenticator: ScriptedAuthenticator }>;
  /** Ends the server. Again: nothing happens. */
  stop(): Promise<void>;
}

/* ---- The scripted authenticator ---- */

/**
 * How a ceremony goes. `cancel`: the user closes the prompt (`NotAllowedError`). `time out`: nobody answers it, until
 * the options' `timeout` is over (`NotAllowedError`; fake timers reach it). `wrong signature`: the credential is signed
 * by another key. `hang`: nothing happens until the page aborts.
 */
export type CeremonyBehaviour = "cancel" | "time out" | "wrong signature" | "hang";

/** A passkey of a {@link ScriptedAuthenticator}. */
export interface ScriptedPasskey {
  /** base64url */
  credentialId: string;
  rpId: string;
  /** base64url */
  userHandle: string;
  userName: string;
  signCount: number;
}

/** Options of {@link ScriptedAuthenticator}. */
export interface ScriptedAuthenticatorOptions {
  /** The page's origin. Default: `location.origin`, or `http://localhost` where there is no page. */
  origin?: string;
  /** Whether it verifies its user (fingerprint, PIN), default true. Without, a ceremony that requires it is refused. */
  userVerification?: boolean;
}

/**
 * An authenticator in place of `navigator.credentials`, whose user is always there and agrees, unless the test says
 * otherwise by {@link next}. Its signatures (ES256) are real: a server verifies them. They need WebAssembly, which Node.js,
 * jsdom's host and browsers have. Autofill requests wait for {@link pick}.
 */
export declare class ScriptedAuthenticator {
  constructor(options?: ScriptedAuthenticatorOptions);
  readonly origin: string;
  /** Oldest first. */
  readonly passkeys: ScriptedPasskey[];
  /** Every ceremony that was asked for, newest last, with the options as the page gave them. */
  readonly ceremonies: { kind: "create" | "get"; options: CredentialCreationOptions | CredentialRequestOptions }[];
  /** How the next ceremonies go, in this order; after those, all go well again. Throws a `TypeError` on any other word. */
  next(...behaviours: CeremonyBehaviour[]): this;
  /** The user picks a passkey from the autofill. Throws if no autofill request is pending. */
  pick(): void;
  /** Deletes a passkey, or all. */
  forget(credentialId?: string): void;
  /** A passkey with its private key, as `WebAuthn.addCredential` of the DevTools protocol takes it. */
  export(credentialId: string): Promise<VirtualCredential>;
  /** `navigator.credentials.create`. */
  create(options?: CredentialCreationOptions): Promise<PublicKeyCredential>;
  /** `navigator.credentials.get`. */
  get(options?: CredentialRequestOptions): Promise<PublicKeyCredential>;
  /** Takes the place of `navigator.credentials` and `PublicKeyCredential`. */
  install(): this;
  /** Gives it back. */
  uninstall(): void;
}

/** A credential as the DevTools protocol has it. Buffers are base64. */
export interface VirtualCredential {
  credentialId: string;
  isResidentCredential: boolean;
  rpId?: string;
  privateKey: string;
  userHandle?: string;
  userName?: string;
  signCount: number;
}

/* ---- Playwright ---- */

/** The authenticator inside Chromium: its user is present and verified. */
export interface VirtualAuthenticator {
  passkeys(): Promise<VirtualCredential[]>;
  /** Takes the passkeys away: the next prompt ends as if its user had closed it. */
  forget(): Promise<void>;
  /** Whether the user passes the fingerprint or the PIN. */
  setUserVerified(isUserVerified: boolean): Promise<void>;
  /**
   * Whether the user touches the authenticator when a prompt asks. While they do, Chromium also answers an autofill request
   * at once: set it to false before a page that makes one is opened, and to true before a button is pressed.
   */
  setUserPresent(isUserPresent: boolean): Promise<void>;
  add(credential: VirtualCredential): Promise<void>;
}

/** The fixtures of a test. */
export interface PlaywrightTestFixtures {
  /** The worker's server, emptied and its clock set right. */
  authsignalServer: LocalServer;
  /** The page's authenticator. Chromium only. */
  virtualAuthenticator: VirtualAuthenticator;
  /** Options of the DevTools protocol's `addVirtualAuthenticator`, by `test.use()`. Default: built into the device. */
  virtualAuthenticatorOptions: Record<string, unknown>;
  /** A user whose passkey is in the page's authenticator. */
  signedInUser: SignedInUser;
}

/** The fixtures of a worker. */
export interface PlaywrightWorkerFixtures {
  /** The server as the test before has left it; use `authsignalServer`. */
  authsignalServerPerWorker: LocalServer;
}

type Use<T> = (value: T) => Promise<void>;

/**
 * The fixtures, for the app's own `@playwright/test`:
 * `base.extend<PlaywrightTestFixtures, PlaywrightWorkerFixtures>(playwrightFixtures())`. `options` are those of
 * {@link startLocalServer}. A fixed `port` is that of the first worker; the others, which Playwright starts for tests that
 * run at the same time, have the ports after it (`port + parallelIndex`). An app with the API's address built in knows
 * only the first: `workers: 1`.
 */
export declare function playwrightFixtures(options?: LocalServerOptions): {
  authsignalServerPerWorker: [
    (args: {}, use: Use<LocalServer>, worker: { parallelIndex: number }) => Promise<void>,
    { scope: "worker" },
  ];
  authsignalServer: (args: PlaywrightWorkerFixtures, use: Use<LocalServer>) => Promise<void>;
  virtualAuthenticatorOptions: [Record<string, unknown>, { option: true }];
  // The page is Playwright's own type, which is not named here.
  virtualAuthenticator: (
    args: { page: any; virtualAuthenticatorOptions: Record<string, unknown> },
    use: Use<VirtualAuthenticator>,
  ) => Promise<void>;
  signedInUser: (
    args: Pick<PlaywrightTestFixtures, "authsignalServer" | "virtualAuthenticator">,
    use: Use<SignedInUser>,
  ) => Promise<void>;
};
