//! WebAuthn ceremonies: options for a browser, and the judgement of what it sends back.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AttestationFormat, AttestationMetadata, AuthenticatorAttachment, COSEKey, Credential, CredentialID,
    ParsedAttestation, ParsedAttestationData, RegisterPublicKeyCredential, RegisteredExtensions, RegistrationState,
    UserVerificationPolicy,
};

use crate::answer::{Flaw, MayFrame, RelyingParty, check_registration, client_data, cose_key, without_frame};
use crate::assertion::Assertion;

/// How long a browser may take; the server's own limit is the life of the challenge.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What the person's gesture must prove. The API asks for user verification and does not insist on it: what an
/// assertion without it is worth is decided by [`crate::domain::binding::worth_of_challenge`].
const POLICY: UserVerificationPolicy = UserVerificationPolicy::Preferred;

/// Makes and judges ceremonies of one relying party.
pub struct Ceremonies {
    core: WebauthnCore,
    party: RelyingParty,
}

/// Options that wait for their answer.
pub struct Pending {
    /// What the browser gets.
    pub options: Json,
    /// What the answer is judged against beside the challenge: what the library knows of a registration; of an assertion,
    /// the ids of the credentials that the options list, split by spaces.
    pub state: String,
}

impl Pending {
    /// The challenge in base64url, as it will stand in the client data.
    pub fn challenge(&self) -> &str {
        self.options["challenge"].as_str().unwrap_or_default()
    }
}

/// Whom a credential is created for.
pub struct NewCredential<'a> {
    /// The user handle.
    pub user_key: &'a str,
    /// The account's name.
    pub name: &'a str,
    /// The person's name.
    pub display_name: &'a str,
    /// Credentials that the user has already, as stored.
    pub existing: &'a [String],
}

/// A credential that was created.
pub struct Registered {
    /// In base64url.
    pub credential_id: String,
    /// As it is to be stored.
    pub credential: String,
    /// The model of the authenticator.
    pub aaguid: Option<Uuid>,
    /// Whether it is copied to other devices.
    pub is_backed_up: bool,
    /// Whether it may be.
    pub is_multi_device: bool,
    /// How it can be reached.
    pub transports: Json,
}

/// An assertion that holds.
pub struct Asserted {
    /// The credential as it is to be stored from now on, if that has changed.
    pub credential: Option<String>,
    /// Whether the authenticator checked who held it.
    pub user_verified: bool,
}

/// Why an answer was not accepted; for the log and the developer.
#[derive(Debug)]
pub struct Rejected(String);

impl Rejected {
    /// A sentence for the developer.
    pub fn reason(&self) -> &str {
        &self.0
    }
}

impl From<Flaw> for Rejected {
    fn from(flaw: Flaw) -> Self {
        Rejected(format!("The credential was not accepted: {flaw}."))
    }
}

impl From<WebauthnError> for Rejected {
    fn from(error: WebauthnError) -> Self {
        Rejected(format!("The credential was not accepted: {error}."))
    }
}

impl From<serde_json::Error> for Rejected {
    fn from(error: serde_json::Error) -> Self {
        Rejected(format!("The credential is not of the expected form: {error}."))
    }
}

impl Ceremonies {
    /// For this relying party and the pages of these origins; in local mode with any port. `may_frame` decides in whose
    /// frames they may run ceremonies.
    pub fn new(rp_id: &str, rp_name: &str, origins: Vec<Url>, any_port: bool, may_frame: Box<MayFrame>) -> Self {
        let own = origins.clone();
        let core = WebauthnCore::new_unsafe_experts_only(rp_name, rp_id, own, TIMEOUT, Some(false), Some(any_port));
        Self {
            core,
            party: RelyingParty { id_hash: Sha256::digest(rp_id.as_bytes()).into(), origins, any_port, may_frame },
        }
    }

    /// Options for creating a passkey.
    pub fn create_passkey(&self, new: &NewCredential<'_>, attachment: Option<&str>) -> Result<Pending, Rejected> {
        let mut selection =
            json!({ "residentKey": "required", "requireResidentKey": true, "userVerification": "preferred" });
        if let Some(attachment) = attachment {
            selection["authenticatorAttachment"] = json!(attachment);
        }
        self.create(new, selection)
    }

    /// Options for creating the credential of a security key: a second factor that need not know its user.
    pub fn create_security_key(&self, new: &NewCredential<'_>) -> Result<Pending, Rejected> {
        let selection = json!({
            "authenticatorAttachment": "cross-platform",
            "residentKey": "discouraged",
            "requireResidentKey": false,
            "userVerification": "discouraged",
        });
        self.create(new, selection)
    }

    fn create(&self, new: &NewCredential<'_>, selection: Json) -> Result<Pending, Rejected> {
        let handle = Uuid::parse_str(new.user_key).map_err(|error| Rejected(error.to_string()))?;
        let existing = new.existing.iter().filter_map(|id| BASE64.decode(id).ok()).collect::<Vec<CredentialID>>();
        let builder = self
            .core
            .new_challenge_register_builder(handle.as_bytes(), new.name, new.display_name)?
            .user_verification_policy(POLICY)
            .authenticator_attachment(None::<AuthenticatorAttachment>)
            .exclude_credentials(Some(existing));
        let (options, state) = self.core.generate_challenge_register(builder)?;
        let mut options = serde_json::to_value(options.public_key)?;
        // The library knows either "required", which it then wants confirmed by an extension that few authenticators
        // send, or "discouraged", with which sign-in without a user name does not work.
        options["authenticatorSelection"] = selection;
        options["extensions"] = json!({ "credProps": true });
        Ok(Pending { options, state: serde_json::to_string(&state)? })
    }

    /// Options for proving one of these credentials (as stored), or any passkey if none is named.
    pub fn assert(&self, credentials: &[String], user_verification: &str) -> Result<Pending, Rejected> {
        let credentials: Vec<Credential> =
            credentials.iter().map(|stored| serde_json::from_str(stored)).collect::<Result<_, _>>()?;
        let listed: Vec<_> = credentials.iter().map(|credential| BASE64.encode(&credential.cred_id)).collect();
        let builder = self.core.new_challenge_authenticate_builder(credentials, Some(POLICY))?;
        let (options, _) = self.core.generate_challenge_authenticate(builder)?;
        let mut options = serde_json::to_value(options.public_key)?;
        options["userVerification"] = json!(user_verification);
        Ok(Pending { options, state: listed.join(" ") })
    }

    /// Judges what `navigator.credentials.create()` answered.
    pub fn registered(&self, state: &str, answer: &Json) -> Result<Registered, Rejected> {
        let aaguid = check_registration(answer, &self.party)?;
        let state: RegistrationState = serde_json::from_str(state)?;
        let plain = without_frame(answer);
        let answer = RegisterPublicKeyCredential::deserialize(plain.as_ref().unwrap_or(answer))?;
        let mut credential = self.core.register_credential(&answer, &state, None)?;
        // Otherwise the library insists for ever on what the first ceremony happened to have.
        credential.registration_policy = UserVerificationPolicy::Discouraged_DO_NOT_USE;
        Ok(Registered {
            credential_id: BASE64.encode(&credential.cred_id),
            aaguid,
            is_backed_up: credential.backup_state,
            is_multi_device: credential.backup_eligible,
            transports: serde_json::to_value(&answer.response.transports)?,
            credential: serde_json::to_string(&credential)?,
        })
    }

    /// What `navigator.credentials.get()` answered, if it can be that for this relying party: to be asked before the
    /// credential is looked for, since that it is not there is told to the authenticator.
    pub fn read_assertion(&self, answer: &Json) -> Result<Assertion, Rejected> {
        Ok(Assertion::read(answer, &self.party)?)
    }

    /// Judges an assertion, for this credential as stored; see [`Assertion::judge`]. What follows from it for the credential
    /// is step 24.
    pub fn asserted(
        &self,
        challenge: &str,
        assertion: &Assertion,
        stored: &str,
        only_key_is_known: bool,
    ) -> Result<Asserted, Rejected> {
        let mut credential: Credential = serde_json::from_str(stored)?;
        let verdict = assertion.judge(challenge, &credential, only_key_is_known)?;
        let said = (verdict.counter, verdict.is_multi_device, verdict.is_backed_up);
        let is_changed = said != (credential.counter, credential.backup_eligible, credential.backup_state);
        (credential.counter, credential.backup_eligible, credential.backup_state) = said;
        let credential = if is_changed || only_key_is_known { Some(serde_json::to_string(&credential)?) } else { None };
        Ok(Asserted { credential, user_verified: verdict.user_verified })
    }
}

/// A credential that was created elsewhere, as it is to be stored. `public_key` is its COSE key, `counter` that of its
/// last signature.
pub fn imported(credential_id: &[u8], public_key: &[u8], counter: u32) -> Result<String, Rejected> {
    let key = COSEKey::try_from(&cose_key(public_key)?)?;
    Ok(serde_json::to_string(&Credential {
        cred_id: credential_id.to_vec(),
        cred: key,
        counter,
        transports: None,
        user_verified: false,
        backup_eligible: false,
        backup_state: false,
        registration_policy: UserVerificationPolicy::Discouraged_DO_NOT_USE,
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation { data: ParsedAttestationData::None, metadata: AttestationMetadata::None },
        attestation_format: AttestationFormat::None,
    })?)
}

/// The challenge that an answer claims to answer: finds the pending ceremony, and decides nothing.
pub fn claimed_challenge(answer: &Json) -> Option<String> {
    Some(client_data(answer)?.challenge)
}
