/** A program as apps write them, with the peer's own types: it must stay accepted after the import is changed. */
import { Authsignal, AuthsignalWindowMessage, ErrorCode, WebAuthnError, Whatsapp } from "authsignal-wasm";
import type { Authenticator, AuthsignalResponse, ChallengeState, VerificationMethod, VerifyResponse } from "authsignal-wasm";

const client: Authsignal = new Authsignal({
  tenantId: "tenant",
  baseUrl: "https://api.authsignal.com/v1",
  cookieDomain: "example.test",
  cookieName: "__as_aid",
  onTokenExpired: () => undefined,
  enableLogging: true,
  trackingHost: "https://old.test",
});
client.setToken("token");
const id: string = client.anonymousId + client.profilingId + client.cookieDomain + client.anonymousIdCookieName;
void id;

const messages: Record<ErrorCode, string> = {
  [ErrorCode.token_not_set]: "Sign in.",
  [ErrorCode.expired_token]: "Again.",
  [ErrorCode.network_error]: "Offline.",
  [ErrorCode.too_many_requests]: "Wait.",
  [ErrorCode.invalid_credential]: "Not this one.",
  [ErrorCode.unknown_credential]: "Deleted.",
  [ErrorCode.credential_not_found]: "None here.",
  [ErrorCode.immediate_mediation_not_supported]: "Not in this browser.",
};
const handle = (code: ErrorCode): string => {
  switch (code) {
    case ErrorCode.expired_token:
      return "expired";
    default:
      return messages[code] ?? "failed";
  }
};

async function signIn(): Promise<string | undefined> {
  try {
    const response = await client.passkey.signIn({ action: "signIn", onVerificationStarted: () => 1 });
    if (response.errorCode) return handle(response.errorCode);
    if (response.errorCode === ErrorCode.expired_token || response.error) return response.errorDescription;
    const name: string | undefined = response.data?.displayName ?? response.data?.userId;
    const raw: string | undefined = response.data?.authenticationResponse?.rawId;
    return name ?? raw ?? response.data?.token;
  } catch (error) {
    if (error instanceof WebAuthnError && error.code === "ERROR_CEREMONY_ABORTED") return error.name;
    throw error;
  }
}
void signIn;

async function rest(): Promise<void> {
  const created = await client.passkey.signUp({ username: "ada", authenticatorAttachment: null, hints: ["client-device"], useAutoRegister: false });
  const authenticator: Authenticator | undefined = created.data?.userAuthenticator;
  const method: VerificationMethod | undefined = authenticator?.verificationMethod;
  void method;
  const attachment: AuthenticatorAttachment | undefined = authenticator?.authenticatorAttachment;
  void attachment;
  const enrolled = await client.totp.enroll();
  if (enrolled.data) enrolled.data.uri.concat(enrolled.data.secret);
  const verified: AuthsignalResponse<VerifyResponse> = await client.totp.verify({ code: "123456" });
  if ("error" in verified) return;
  await client.email.enroll({ email: "ada@example.test" });
  await client.sms.enroll({ phoneNumber: "+6421000000" });
  await client.emailML.checkVerificationStatus();
  await client.securityKey.enroll({ hints: ["security-key"] });
  const available: boolean = await client.passkey.isAvailableOnDevice({ userId: "u" });
  void available;
  await client.qrCode.challenge({
    action: "kiosk",
    custom: { till: 4 },
    polling: true,
    onRefresh: (challengeId: string, expiresAt: string) => void [challengeId, expiresAt],
    onStateChange: (state: ChallengeState, accessToken?: string) => void [state === "approved", accessToken],
  });
  await client.qrCode.refresh({ custom: {} });
  client.qrCode.disconnect();
  const left: undefined = client.launch("https://ui.test/?a", { mode: "redirect" });
  void left;
  const { token } = await client.launch("https://ui.test/?a", {
    mode: "popup",
    popupOptions: { width: "400px", isClosable: false },
    onError: ({ errorCode, statusCode }) => void [errorCode, statusCode],
  });
  void token;
  await new Whatsapp({ baseUrl: "https://api.test/v1", tenantId: "t", enableLogging: false }).verify({ code: "1" });
  client.initAdvancedProfiling();
  const event: AuthsignalWindowMessage = AuthsignalWindowMessage.AUTHSIGNAL_READY;
  void event;
}
void rest;
