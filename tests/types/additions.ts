/** What ours has on top, and what it refuses. */
import { Authsignal, ErrorCode, VerificationMethod, WebAuthnError } from "authsignal-wasm";
import type { Binding, OwnErrorCode } from "authsignal-wasm";
import { Authsignal as InJavaScript } from "authsignal-wasm/js";

const { signal } = new AbortController();
const client = new Authsignal({
  tenantId: "tenant",
  throwOnNetworkError: true,
  onBindingChange: (binding: Binding) => void binding.remainingMs,
  onTokenExpiring: ({ expiresAt, scopes }) => void [expiresAt?.length, scopes.length],
  tokenExpiringMs: 30_000,
});

const { state, userId }: Binding = client.binding;
void (state === "open" ? userId : undefined);
client.clearToken();
void client.totp.enroll({ signal, timeout: 5000 });
void client.totp.verify({ code: "1", signal });
void client.passkey.signUp();
void client.passkey.signIn({ signal, preferImmediatelyAvailableCredentials: true, syncCredentials: false, idempotencyKey: "key" }).catch(() => {});
void client.push.challenge();
void client.push.challenge({ action: "signIn", userAuthenticatorId: "ua" }).then(({ data }) => data?.deliveryResults?.[0]?.errorCode);
void client.passkey.api.getAuthenticators({ token: "T" });
void client.passkey.signIn().catch((error: unknown) => error instanceof WebAuthnError && error.errorCode === "user_canceled");
void client.qrCode.challenge({ action: "a", onStateChange() {}, onError: ({ errorCode }) => void (errorCode === ErrorCode.challenge_expired) });
void client.launch("https://ui.test/", { mode: "popup", signal, timeout: 60_000 }).then(({ errorCode }) => errorCode === "timeout");
void client.launch("https://ui.test/", { mode: "window", signal, timeout: 60_000 });
const codes: OwnErrorCode[] = [ErrorCode.popup_blocked, ErrorCode.window_closed, ErrorCode.socket_lost, ErrorCode.core_failed, ErrorCode.aborted];
const known: "unknown_credential" = ErrorCode.unknown_credential;
const whatsapp: "WHATSAPP" = VerificationMethod.WHATSAPP;
const asType: ErrorCode.expired_token = "expired_token";
const other: ErrorCode = "a code of tomorrow";
void [known, whatsapp, asType, other, codes];

// @ts-expect-error The tenant's id is needed.
new Authsignal({});
// @ts-expect-error A token is text.
client.setToken(undefined);
// @ts-expect-error It can only be read.
client.binding = client.binding;
// @ts-expect-error So can what it says.
client.binding.state = "open";
// @ts-expect-error A code is text.
void client.totp.verify({ code: 123456 });
// @ts-expect-error A code is needed.
void client.email.verify();
// @ts-expect-error There is no such option.
void client.passkey.signIn({ autoFill: true });
// @ts-expect-error Milliseconds are a number.
void client.totp.enroll({ timeout: "5s" });
// @ts-expect-error The token itself is nowhere.
void client.binding.token;
// @ts-expect-error Who leaves the page has nothing to abort.
void client.launch("https://ui.test/", { mode: "redirect", signal });
// @ts-expect-error There is no such mode.
void client.launch("https://ui.test/", { mode: "tab" });

const same: Authsignal = new InJavaScript({ tenantId: "tenant" });
void same;
