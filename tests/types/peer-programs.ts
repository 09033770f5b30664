/** Every program that the peer's types accept is accepted by ours: option objects go in, results come out. */
import type * as Peer from "@authsignal/browser";
import type * as Ours from "authsignal-wasm";

/** An enum of the peer's is known to no other package: its members are compared as the text that they are. */
type Loose<T> = T extends Function
  ? T
  : T extends string
    ? string extends T
      ? T
      : `${T}`
    : T extends object
      ? { [Key in keyof T]: Loose<T[Key]> }
      : T;
/** As `Loose`, with closed lists of text opened: what a program may do with an enum's member, it may do with text. */
type Open<T> = T extends Function ? T : T extends string ? string : T extends object ? { [Key in keyof T]: Open<T[Key]> } : T;

/** Fails unless what is given fits where it goes. */
declare function fits<Wanted>(given: Wanted): void;

/**
 * What a program sees of a value: neither private members, which would make a class fit itself alone, nor the enums of
 * what calls yield. Functions lose the leniency that methods have with their parameters.
 */
type Seen<T> = T extends Promise<infer Value>
  ? Promise<Open<Value>>
  : T extends (...parameters: infer Parameters) => infer Result
    ? (...parameters: Parameters) => Seen<Result>
    : T extends object
      ? { [Key in keyof T]: Seen<T[Key]> }
      : Open<T>;

/** Every value that is exported is there. */
type Missing = Exclude<keyof typeof Peer, keyof typeof Ours>;
const nothingMissing: [Missing] extends [never] ? true : Missing = true;
void nothingMissing;

/** COMPAT.md has these: the peer's fields for its own use, and two answers whose type is mistaken. */
type Fields = "tenantId" | "baseUrl" | "onTokenExpired";
type Mistaken = "authenticationOptions" | "authenticationOptionsWeb";
type Client = Omit<Seen<Peer.Authsignal>, "launch" | "passkey" | "securityKey"> & {
  passkey: Omit<Seen<Peer.Authsignal["passkey"]>, "api"> & { api: Omit<Seen<Peer.Authsignal["passkey"]["api"]>, Fields | Mistaken> };
  securityKey: Omit<Seen<Peer.Authsignal["securityKey"]>, "api"> & { api: Omit<Seen<Peer.Authsignal["securityKey"]["api"]>, Fields> };
};
/** All members: every namespace's methods take what the peer's take, and yield what programs for the peer understand. */
declare const client: Ours.Authsignal;
fits<Client>(client as Seen<Ours.Authsignal>);

/** Of what is mistaken, what is taken, and all but the options of what is yielded. */
type Peculiar = { [M in Mistaken]: (...parameters: Parameters<Peer.Authsignal["passkey"]["api"][M]>) => Promise<{ challengeId?: string } | { error: string }> };
fits<Peculiar>(client.passkey.api);

/** The peer's overloads of `launch`, one by one: what each takes, and what it yields. */
declare const launches: {
  byDefault: Parameters<(url: string, options?: { mode?: "redirect" } & Peer.LaunchOptions) => void>;
  popup: [url: string, options: { mode: "popup" } & Peer.LaunchOptions];
  window: [url: string, options: { mode: "window" } & Peer.LaunchOptions];
};
fits<Peer.Authsignal["launch"]>(client.launch);
fits<undefined>(client.launch(...launches.byDefault));
fits<Promise<Peer.TokenPayload>>(client.launch(...launches.popup));
fits<Promise<Peer.TokenPayload>>(client.launch(...launches.window));

/** What callbacks are called with: a program's own may be written without types, and get them from ours. */
type Session<Client extends { qrCode: { challenge(parameters: never): unknown } }> = Parameters<Client["qrCode"]["challenge"]>[0];
type Heard<Callback> = Parameters<Extract<Callback, (...heard: never) => void>>;
fits<Heard<Session<Ours.Authsignal>["onStateChange"]>>({} as Heard<Session<Peer.Authsignal>["onStateChange"]>);
fits<Heard<Session<Ours.Authsignal>["onRefresh"]>>({} as Heard<Session<Peer.Authsignal>["onRefresh"]>);
fits<Heard<Ours.PopupLaunchOptions["onError"]>>({} as Heard<Peer.PopupLaunchOptions["onError"]>);
fits<Heard<Ours.WindowLaunchOptions["onError"]>>({} as Heard<Peer.WindowLaunchOptions["onError"]>);

/** What is given to the classes, compared as lists: constructors are as lenient with parameters as methods are. */
fits<ConstructorParameters<typeof Ours.Authsignal>>({} as ConstructorParameters<typeof Peer.Authsignal>);
fits<ConstructorParameters<typeof Ours.Whatsapp>>({} as ConstructorParameters<typeof Peer.Whatsapp>);
fits<ConstructorParameters<typeof Ours.WebAuthnError>>({} as ConstructorParameters<typeof Peer.WebAuthnError>);
fits<Seen<Peer.Whatsapp>>({} as Seen<Ours.Whatsapp>);
fits<Seen<Peer.WebAuthnError>>({} as Seen<Ours.WebAuthnError>);
/** Its code, exactly: no more, which a `switch` would miss, and no less, which a comparison could not name. */
fits<Peer.WebAuthnError["code"]>({} as Ours.WebAuthnError["code"]);
fits<Ours.WebAuthnError["code"]>({} as Peer.WebAuthnError["code"]);

/** The enums as values, and as types by their members. */
fits<{ [Key in keyof typeof Peer.ErrorCode]: `${(typeof Peer.ErrorCode)[Key]}` }>({} as typeof Ours.ErrorCode);
fits<{ [Key in keyof typeof Peer.AuthsignalWindowMessage]: `${(typeof Peer.AuthsignalWindowMessage)[Key]}` }>(
  {} as Loose<typeof Ours.AuthsignalWindowMessage>,
);
type Members = [
  Ours.ErrorCode.token_not_set,
  Ours.ErrorCode.expired_token,
  Ours.ErrorCode.network_error,
  Ours.ErrorCode.too_many_requests,
  Ours.ErrorCode.invalid_credential,
];
fits<Members[number]>({} as `${Peer.ErrorCode}`);
type Methods = [
  Ours.VerificationMethod.SMS,
  Ours.VerificationMethod.AUTHENTICATOR_APP,
  Ours.VerificationMethod.RECOVERY_CODE,
  Ours.VerificationMethod.EMAIL_MAGIC_LINK,
  Ours.VerificationMethod.EMAIL_OTP,
  Ours.VerificationMethod.PUSH,
  Ours.VerificationMethod.SECURITY_KEY,
  Ours.VerificationMethod.PASSKEY,
  Ours.VerificationMethod.VERIFF,
  Ours.VerificationMethod.IPROOV,
  Ours.VerificationMethod.PALM_BIOMETRICS_RR,
  Ours.VerificationMethod.IDVERSE,
  Ours.VerificationMethod.DEVICE,
];
fits<Methods[number]>({} as `${Peer.VerificationMethod}`);

declare const peer: {
  options: Peer.AuthsignalOptions;
  popup: Peer.PopupLaunchOptions;
  redirect: Peer.RedirectLaunchOptions;
  window: Peer.WindowLaunchOptions;
  launch: Peer.LaunchOptions;
  socketOptions: Peer.WebSocketQrCodeOptions;
  token: Peer.TokenPayload;
  enroll: Peer.EnrollResponse;
  challenge: Peer.ChallengeResponse;
  totp: Peer.EnrollTotpResponse;
  qrCode: Peer.QrCodeChallengeResponse;
  qrCodeVerify: Peer.QrCodeVerifyResponse;
  push: Peer.PushChallengeResponse;
  pushVerify: Peer.PushVerifyResponse;
  socket: Peer.WebSocketQrCodeResponse;
  verify: Peer.VerifyResponse;
  response: Peer.AuthsignalResponse<Peer.VerifyResponse>;
  authenticator: Peer.Authenticator;
  message: Loose<Peer.AuthsignalWindowMessageData>;
  state: Peer.ChallengeState;
  code: Peer.ErrorCode;
  method: Peer.VerificationMethod;
};
fits<Ours.AuthsignalOptions>(peer.options);
fits<Ours.PopupLaunchOptions>(peer.popup);
fits<Ours.RedirectLaunchOptions>(peer.redirect);
fits<Ours.WindowLaunchOptions>(peer.window);
fits<Ours.LaunchOptions>(peer.launch);
fits<Ours.WebSocketQrCodeOptions>(peer.socketOptions);
fits<Ours.TokenPayload>(peer.token);
fits<Ours.EnrollResponse>(peer.enroll);
fits<Ours.ChallengeResponse>(peer.challenge);
fits<Ours.EnrollTotpResponse>(peer.totp);
fits<Ours.QrCodeChallengeResponse>(peer.qrCode);
fits<Ours.QrCodeVerifyResponse>(peer.qrCodeVerify);
fits<Ours.PushChallengeResponse>(peer.push);
fits<Ours.PushVerifyResponse>(peer.pushVerify);
fits<Ours.WebSocketQrCodeResponse>(peer.socket);
fits<Ours.VerifyResponse>(peer.verify);
fits<Ours.AuthsignalResponse<Ours.VerifyResponse>>(peer.response);
fits<Loose<Ours.Authenticator>>(peer.authenticator);
fits<Loose<Ours.AuthsignalWindowMessageData>>(peer.message);
fits<Ours.ChallengeState>(peer.state);
fits<Ours.ErrorCode>(peer.code);
fits<Ours.VerificationMethod>(peer.method);

declare const ours: {
  token: Ours.TokenPayload;
  enroll: Ours.EnrollResponse;
  challenge: Ours.ChallengeResponse;
  totp: Ours.EnrollTotpResponse;
  qrCode: Ours.QrCodeChallengeResponse;
  qrCodeVerify: Ours.QrCodeVerifyResponse;
  push: Ours.PushChallengeResponse;
  pushVerify: Ours.PushVerifyResponse;
  socket: Ours.WebSocketQrCodeResponse;
  state: Ours.ChallengeState;
  authenticator: Open<Ours.Authenticator>;
  verify: Open<Ours.VerifyResponse>;
  response: Open<Ours.AuthsignalResponse<Ours.VerifyResponse>>;
  message: Loose<Ours.AuthsignalWindowMessageData>;
};
fits<Peer.TokenPayload>(ours.token);
fits<Peer.EnrollResponse>(ours.enroll);
fits<Peer.ChallengeResponse>(ours.challenge);
fits<Peer.EnrollTotpResponse>(ours.totp);
fits<Peer.QrCodeChallengeResponse>(ours.qrCode);
fits<Peer.QrCodeVerifyResponse>(ours.qrCodeVerify);
fits<Peer.PushChallengeResponse>(ours.push);
fits<Peer.PushVerifyResponse>(ours.pushVerify);
fits<Peer.WebSocketQrCodeResponse>(ours.socket);
fits<Peer.ChallengeState>(ours.state);
fits<Open<Peer.Authenticator>>(ours.authenticator);
fits<Open<Peer.VerifyResponse>>(ours.verify);
fits<Open<Peer.AuthsignalResponse<Peer.VerifyResponse>>>(ours.response);
fits<Loose<Peer.AuthsignalWindowMessageData>>(ours.message);
