// Programs that the published types accept, and some that they must not. Nothing here runs.
import * as ours from "authsignal-wasm";

const authsignal = new ours.Authsignal({ tenantId: "t", baseUrl: "https://api.authsignal.com/v1", onTokenExpired: () => {} });

async function whatAnAppWrites() {
  authsignal.setToken("token");
  await authsignal.setToken("awaiting it does no harm");
  const signedIn = await authsignal.passkey.signIn({ action: "signIn", onVerificationStarted: () => {} });
  if (signedIn.data?.isVerified) {
    const token: string | undefined = signedIn.data.token;
    const { data, error, errorCode, errorDescription } = await authsignal.totp.enroll();
    const texts: (string | undefined)[] = [token, data?.uri, data?.secret, error, errorCode, errorDescription];
    texts.includes("add");
  }
  if (signedIn.errorCode === ours.ErrorCode.expired_token || signedIn.errorCode === "insufficient_scope") return;
  if ("error" in signedIn) return;
  const { data } = await authsignal.passkey.signUp({ token: "t", authenticatorAttachment: null, hints: ["client-device"] });
  const id: string | undefined = data?.userAuthenticator?.webauthnCredential?.credentialId;
  await authsignal.email.enroll({ email: id ?? "" });
  await authsignal.sms.verify({ code: "123456" });
  await authsignal.push.challenge();
  await authsignal.qrCode.challenge({ action: "kiosk", polling: true, onStateChange: (state, token) => [state, token] });
  authsignal.qrCode.disconnect();
  const redirected: undefined = authsignal.launch("https://example.test/?token=a");
  const { token } = await authsignal.launch("https://example.test/?token=a", { mode: "popup" });
  return [redirected, token];
}

async function whatTheyAdd(signal: AbortSignal) {
  await authsignal.totp.verify({ code: "1", signal, timeout: 5000 });
  authsignal.clearToken();
  const { state, remainingMs, scopes }: ours.Binding = authsignal.binding;
  return [state === "open", remainingMs > 0, scopes.includes("add:authenticators")];
}

// What is wrong is refused.
// @ts-expect-error: a tenant is required.
new ours.Authsignal({});
// @ts-expect-error: a code is required.
authsignal.totp.verify({});
// @ts-expect-error: it is read-only.
authsignal.binding = {};
// @ts-expect-error: a token is text.
authsignal.setToken(undefined);

export { whatAnAppWrites, whatTheyAdd };
