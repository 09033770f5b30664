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

type Method<T, Key extends keyof T> = T[Key] extends (...parameters: infer P) => infer R ? { takes: P; yields: Awaited<R> } : never;
type Namespaces = "passkey" | "totp" | "email" | "emailML" | "sms" | "securityKey" | "push" | "qrCode" | "whatsapp";
type Methods<N extends keyof Peer.Authsignal & keyof Ours.Authsignal> = Exclude<keyof Peer.Authsignal[N], "api"> & keyof Ours.Authsignal[N];

/** Every method of every namespace is there. */
type Missing = { [N in Namespaces]: Exclude<keyof Peer.Authsignal[N], keyof Ours.Authsignal[N]> }[Namespaces];
const nothingMissing: [Missing] extends [never] ? true : Missing = true;
void nothingMissing;

/** What the peer takes, ours takes. */
type Taken = {
  [N in Namespaces]: {
    [M in Methods<N>]: Method<Peer.Authsignal[N], M & keyof Peer.Authsignal[N]>["takes"] extends Method<Ours.Authsignal[N], M>["takes"]
      ? never
      : `${N}.${string & M}`;
  }[Methods<N>];
}[Namespaces];
const allTaken: [Taken] extends [never] ? true : Taken = true;
void allTaken;

/** What ours yields, programs for the peer understand. */
type Yielded = {
  [N in Namespaces]: {
    [M in Methods<N>]: Open<Method<Ours.Authsignal[N], M>["yields"]> extends Open<
      Method<Peer.Authsignal[N], M & keyof Peer.Authsignal[N]>["yields"]
    >
      ? never
      : `${N}.${string & M}`;
  }[Methods<N>];
}[Namespaces];
const allUnderstood: [Yielded] extends [never] ? true : Yielded = true;
void allUnderstood;

declare const peer: {
  options: Peer.AuthsignalOptions;
  popup: Peer.PopupLaunchOptions;
  redirect: Peer.RedirectLaunchOptions;
  window: Peer.WindowLaunchOptions;
  launch: Peer.LaunchOptions;
  socketOptions: Peer.WebSocketQrCodeOptions;
  token: Peer.TokenPayload;
  enroll: Peer.EnrollResponse;
  authenticator: Peer.Authenticator;
  message: Peer.AuthsignalWindowMessageData;
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
fits<Loose<Peer.AuthsignalWindowMessageData>>(ours.message);
