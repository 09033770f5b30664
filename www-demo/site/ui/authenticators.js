/** The methods that can be proven, each with where its messages go. */
export function challengeable(authenticators, { user }) {
  const methods = new Map();
  for (const { verificationMethod, email, phoneNumber, previousSmsChannel } of authenticators) {
    methods.set(verificationMethod, email ?? phoneNumber ?? "");
    // WhatsApp has no authenticator of its own: it is another channel to the same phone number.
    if (previousSmsChannel === "WHATSAPP") methods.set("WHATSAPP", phoneNumber);
  }
  if (user.hasRecoveryCodes) methods.set("RECOVERY_CODE", "");
  return methods;
}
