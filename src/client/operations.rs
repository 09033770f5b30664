//! The operations. Each is a future; dropping it before its end aborts its request and its ceremony.

use super::types::{ChallengeId, Email, Hints, PhoneNumber};
use super::*;
use crate::operation;

/// Passkeys.
impl Authsignal {
    /// Adds a passkey.
    ///
    /// # Errors
    /// Every kind of [`Error`]; `insufficient_scope` means that no window is open and the token allows no enrolment.
    pub async fn passkey_sign_up(&self, parameters: SignUp) -> Result<SignedUp, Error> {
        self.call(operation::PASSKEY_SIGN_UP, &parameters).await
    }

    /// Proves a passkey, which opens the binding window.
    ///
    /// # Errors
    /// Every kind of [`Error`].
    pub async fn passkey_sign_in(&self, parameters: SignIn) -> Result<SignedIn, Error> {
        let mut parameters = parameters;
        // Alive until the call is over, or dropped.
        let started = parameters.on_verification_started.take().map(Closure::wrap);
        let parameters = serialize(&parameters)?;
        if let Some(callback) = &started {
            set(&parameters, "onVerificationStarted", callback.as_ref());
        }
        self.call_with(operation::PASSKEY_SIGN_IN, parameters).await
    }

    /// Whether a passkey that this device has used is still the user's: a hint.
    pub async fn passkey_is_available_on_device(&self, user_id: &str) -> bool {
        let parameters = object([("userId", &user_id.into())]);
        run(operation::PASSKEY_IS_AVAILABLE, &self.context, parameters).await.is_ok_and(|found| found.is_truthy())
    }
}

/// Authenticator apps.
impl Authsignal {
    /// Begins to add an authenticator app: [`Authsignal::totp_verify`] with its first code is the end.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn totp_enroll(&self) -> Result<TotpEnrollment, Error> {
        self.call(operation::TOTP_ENROLL, &()).await
    }

    /// Checks a code of an authenticator app: the end of its enrolment, or a challenge.
    ///
    /// # Errors
    /// [`Error::Answered`]. A wrong code is no error: see [`Verification::failure_reason`].
    pub async fn totp_verify(&self, code: &str) -> Result<Verification, Error> {
        self.verify(operation::TOTP_VERIFY, code).await
    }
}

/// Codes by e-mail.
impl Authsignal {
    /// Begins to add an e-mail address, and sends it a code: [`Authsignal::email_verify`] with that is the end.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn email_enroll(&self, email: &str) -> Result<Enrollment, Error> {
        self.call(operation::EMAIL_ENROLL, &Email { email }).await
    }

    /// Sends a code to the user's e-mail address.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn email_challenge(&self) -> Result<Challenge, Error> {
        self.call(operation::EMAIL_CHALLENGE, &()).await
    }

    /// Checks a code that was sent by e-mail.
    ///
    /// # Errors
    /// [`Error::Answered`]. A wrong code is no error: see [`Verification::failure_reason`].
    pub async fn email_verify(&self, code: &str) -> Result<Verification, Error> {
        self.verify(operation::EMAIL_VERIFY, code).await
    }
}

/// Links by e-mail.
impl Authsignal {
    /// Begins to add an e-mail address, and sends it a link. The end is
    /// [`Authsignal::email_magic_link_check_verification_status`].
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn email_magic_link_enroll(&self, email: &str) -> Result<Enrollment, Error> {
        self.call(operation::MAGIC_LINK_ENROLL, &Email { email }).await
    }

    /// Sends a link to the user's e-mail address.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn email_magic_link_challenge(&self) -> Result<Challenge, Error> {
        self.call(operation::MAGIC_LINK_CHALLENGE, &()).await
    }

    /// Waits until the user has followed the link and confirmed, asking once a second.
    ///
    /// # Errors
    /// [`Error::Answered`]: `expired_token` when the token is over before that.
    pub async fn email_magic_link_check_verification_status(&self) -> Result<Verification, Error> {
        self.call(operation::MAGIC_LINK_FINALIZE, &()).await
    }
}

/// Codes by SMS.
impl Authsignal {
    /// Begins to add a phone number (E.164, such as `+6421000000`), and sends it a code: [`Authsignal::sms_verify`] with
    /// that is the end.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn sms_enroll(&self, phone_number: &str) -> Result<Enrollment, Error> {
        self.call(operation::SMS_ENROLL, &PhoneNumber { phone_number }).await
    }

    /// Sends a code to the user's phone number.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn sms_challenge(&self) -> Result<Challenge, Error> {
        self.call(operation::SMS_CHALLENGE, &()).await
    }

    /// Checks a code that was sent by SMS.
    ///
    /// # Errors
    /// [`Error::Answered`]. A wrong code is no error: see [`Verification::failure_reason`].
    pub async fn sms_verify(&self, code: &str) -> Result<Verification, Error> {
        self.verify(operation::SMS_VERIFY, code).await
    }
}

/// Codes by WhatsApp, to the phone number that was enrolled for SMS.
impl Authsignal {
    /// Sends a code to the user's phone number.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn whatsapp_challenge(&self) -> Result<Challenge, Error> {
        self.call(operation::WHATSAPP_CHALLENGE, &()).await
    }

    /// Checks a code that was sent by WhatsApp.
    ///
    /// # Errors
    /// [`Error::Answered`]. A wrong code is no error: see [`Verification::failure_reason`].
    pub async fn whatsapp_verify(&self, code: &str) -> Result<Verification, Error> {
        self.verify(operation::WHATSAPP_VERIFY, code).await
    }
}

/// Approvals on a phone.
impl Authsignal {
    /// Asks the user's phones for an approval.
    ///
    /// # Errors
    /// [`Error::Answered`].
    pub async fn push_challenge(&self, parameters: PushChallenge) -> Result<PushSent, Error> {
        self.call(operation::PUSH_CHALLENGE, &parameters).await
    }

    /// Asks once what became of it.
    ///
    /// # Errors
    /// [`Error::Answered`]. A denial is no error: see [`PushVerification`].
    pub async fn push_verify(&self, challenge_id: &str) -> Result<PushVerification, Error> {
        self.call(operation::PUSH_VERIFY, &ChallengeId { challenge_id }).await
    }
}

/// Security keys.
impl Authsignal {
    /// Adds a security key. `hints` is what the browser should offer first, best first; empty: its own choice.
    ///
    /// # Errors
    /// Every kind of [`Error`].
    pub async fn security_key_enroll(&self, hints: &[Hint]) -> Result<SecurityKeyEnrolled, Error> {
        self.call(operation::SECURITY_KEY_ENROLL, &Hints { hints }).await
    }

    /// Proves a security key.
    ///
    /// # Errors
    /// Every kind of [`Error`].
    pub async fn security_key_verify(&self) -> Result<SecurityKeyVerified, Error> {
        self.call(operation::SECURITY_KEY_VERIFICATION, &()).await
    }
}

/// QR codes, which a signed-in phone approves.
impl Authsignal {
    /// Begins a challenge to show as a QR code. It ends when it is approved, rejected or over, or the session is dropped.
    ///
    /// # Errors
    /// [`Error::Answered`], [`Error::SocketLost`].
    pub async fn qr_code_challenge(&self, parameters: QrCode) -> Result<QrCodeSession, Error> {
        QrCodeSession::begin(&self.context, parameters).await
    }
}
