// A program written for the peer's types is accepted by ours. Only where a bundler resolves modules: elsewhere the peer's
// own types do not resolve.
import * as peer from "@authsignal/browser";
import * as ours from "authsignal-wasm";

// The peer's options make one of ours, which has every member of the peer's.
declare const options: peer.AuthsignalOptions;
const authsignal = new ours.Authsignal(options);
const members: Record<keyof peer.Authsignal, unknown> = authsignal;

// What the peer's programs hold, ours give: values and results, in the peer's own types.
type Result<F extends (...parameters: never[]) => Promise<unknown>> = NonNullable<
  Awaited<ReturnType<F>> extends { data?: infer Data } ? Data : never
>;
declare const enrolled: Result<ours.Totp["enroll"]>;
const asPeer: peer.EnrollTotpResponse = enrolled;
declare const verified: Result<ours.Email["verify"]>;
const verifiedAsPeer: Omit<peer.VerifyResponse, "userAuthenticator"> = verified;
declare const pushed: Result<ours.Push["challenge"]>;
const pushedAsPeer: peer.PushChallengeResponse = pushed;
declare const launch: peer.LaunchOptions;
const launchOptions: ours.LaunchOptions = launch;
declare const state: peer.ChallengeState;
const ourState: ours.ChallengeState = state;

export { asPeer, launchOptions, members, ourState, pushedAsPeer, verifiedAsPeer };
