//! The judgement of an assertion, by the steps of WebAuthn Level 3, section 7.2 ("Verifying an Authentication Assertion").
//! Whose the credential is, and whether it was asked for (5 and 6), `routes/client/ceremonies.rs` decides.
//!
//! How a credential was created is judged by webauthn-rs-core, which knows the formats of attestation. An assertion is what
//! every sign-in waits for, and most of what a sign-in costs: here it is read once, and its signature is verified by ring,
//! where the library reads it again and verifies in plain Rust. That nothing is accepted that the library refuses is tested
//! below; every step, one field spoiled at a time, in tests/peers.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::Value as Json;
use webauthn_rs_core::proto::{COSEKeyType, Credential, ECDSACurve};

use crate::answer::{AuthenticatorData, Envelope, Flaw, RelyingParty, bytes};

const TYPE: &str = "webauthn.get";

/// What `navigator.credentials.get()` answered, of the right form and for this relying party. Its challenge and its
/// signature have yet to be judged.
pub struct Assertion {
    id: Vec<u8>,
    user_handle: Option<Vec<u8>>,
    challenge: String,
    data: AuthenticatorData,
    /// The authenticator data, and the hash of the client data.
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// What an assertion that holds says of its credential.
pub struct Verdict {
    /// How many signatures the authenticator has counted; 0 of one that does not count.
    pub counter: u32,
    /// Whether the credential may be on several devices.
    pub is_multi_device: bool,
    /// Whether it is, or is kept elsewhere.
    pub is_backed_up: bool,
    /// Whether the authenticator checked who held it.
    pub user_verified: bool,
}

impl Assertion {
    /// Steps 3 and 4, 7 to 10, 12 to 16, and 20: all that can be said without the challenge and the credential. `answer` is
    /// the browser's, as JSON.
    pub fn read(answer: &Json, party: &RelyingParty) -> Result<Self, Flaw> {
        let Envelope { id, client, client_json } = Envelope::read(answer, TYPE, party)?;
        let response = &answer["response"];
        let user_handle = match &response["userHandle"] {
            Json::Null => None,
            text => Some(bytes(text).ok_or("its userHandle is not base64url")?),
        };
        let mut signed = bytes(&response["authenticatorData"]).ok_or("its authenticatorData is not base64url")?;
        let signature = bytes(&response["signature"]).ok_or("its signature is not base64url")?;
        let (data, _) = AuthenticatorData::read(&signed)?;
        if data.rp_id_hash != party.id_hash {
            return Err("it was made for another relying party");
        }
        if !data.user_present {
            return Err("nobody was present when it was made");
        }
        signed.extend_from_slice(digest(&SHA256, &client_json).as_ref());
        // Some clients write none as one of no bytes, which no user has.
        let user_handle = user_handle.filter(|handle| !handle.is_empty());
        Ok(Assertion { id, user_handle, challenge: client.challenge, data, signed, signature })
    }

    /// The id of the credential as it is stored, however the answer wrote it.
    pub fn credential_id(&self) -> String {
        BASE64.encode(&self.id)
    }

    /// What the authenticator remembers of the user, if it says so.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }

    /// Step 5: whether it is of one of the credentials that its options listed, if they did; see [`Pending::state`].
    ///
    /// [`Pending::state`]: crate::ceremony::Pending::state
    pub fn is_listed(&self, listed: &str) -> bool {
        let id = self.credential_id();
        listed.is_empty() || listed.split(' ').any(|one| one == id)
    }

    /// Steps 11, 18, 19, 21 and 22, against the challenge that was sent (in base64url) and the credential as stored. Of one
    /// that was created elsewhere nothing is known but its key until its first assertion (`only_key_is_known`): that tells
    /// whether it may be on several devices. Of every other one that was learnt when it was created, and may not change.
    ///
    /// User verification (17) is not insisted on: what an assertion without it is worth is decided by
    /// [`crate::domain::binding::worth_of_challenge`].
    pub fn judge(&self, challenge: &str, stored: &Credential, only_key_is_known: bool) -> Result<Verdict, Flaw> {
        let data = &self.data;
        if challenge.is_empty() || self.challenge != challenge {
            return Err("it answers another challenge");
        }
        if self.id != stored.cred_id.as_slice() {
            return Err("it is of another credential");
        }
        if !only_key_is_known && data.backup_eligible != stored.backup_eligible {
            return Err("whether its credential may be on several devices has changed");
        }
        if data.backup_state && !data.backup_eligible {
            return Err("its credential is backed up and may not be");
        }
        if !is_signed(&stored.cred.key, &self.signed, &self.signature) {
            return Err("its signature is not of its credential's key");
        }
        // An authenticator that does not count always says 0. One that does and has not counted on was copied.
        if (data.counter, stored.counter) != (0, 0) && data.counter <= stored.counter {
            return Err("its counter has not gone up: there may be a copy of its authenticator");
        }
        Ok(Verdict {
            counter: data.counter,
            is_multi_device: data.backup_eligible,
            is_backed_up: data.backup_state,
            user_verified: data.user_verified,
        })
    }
}

/// Whether this key made this signature; of the algorithms that are offered when a credential is created, and no other.
fn is_signed(key: &COSEKeyType, message: &[u8], signature: &[u8]) -> bool {
    match key {
        COSEKeyType::EC_EC2(key) => {
            let algorithm: &'static dyn VerificationAlgorithm = match key.curve {
                ECDSACurve::SECP256R1 => &ECDSA_P256_SHA256_ASN1,
                ECDSACurve::SECP384R1 => &ECDSA_P384_SHA384_ASN1,
                ECDSACurve::SECP521R1 => return false,
            };
            // SEC 1, section 2.3.3: an uncompressed point.
            let point = [&[4], key.x.as_slice(), key.y.as_slice()].concat();
            UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
        }
        COSEKeyType::RSA(key) => {
            let key = RsaPublicKeyComponents { n: key.n.as_slice(), e: key.e.as_slice() };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
        }
        COSEKeyType::EC_OKP(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ring::rand::SystemRandom;
    use ring::rsa::PublicKeyComponents;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;
    use serde::Deserialize;
    use serde_json::json;
    use url::Url;
    use webauthn_rs_core::WebauthnCore;
    use webauthn_rs_core::proto::{PublicKeyCredential, UserVerificationPolicy};

    use super::*;
    use crate::ceremony::imported;

    const ID: &[u8] = b"the id of a credential";
    const ORIGIN: &str = "https://app.example.com";
    const RP_ID: &str = "example.com";
    /// User present, user verified.
    const FLAGS: u8 = 0x05;
    const COUNTER: u32 = 7;
    /// The hash of the relying party, the flags, and the counter: bytes.
    const DATA: usize = 37;
    /// The client data, likewise.
    const CLIENT: usize = 136;

    /// The same ceremonies before two judges.
    struct Court {
        party: RelyingParty,
        library: WebauthnCore,
        random: SystemRandom,
        key: EcdsaKeyPair,
        stored: Credential,
    }

    /// What is signed, and then what is sent; to be spoiled.
    struct Parts {
        client_json: Vec<u8>,
        data: Vec<u8>,
    }

    type Verdicts = (Result<(), String>, Result<(), String>);

    impl Court {
        fn new() -> Self {
            let origins = vec![Url::parse(ORIGIN).unwrap()];
            let policy = Some(false);
            let library =
                WebauthnCore::new_unsafe_experts_only("", RP_ID, origins.clone(), Duration::ZERO, policy, policy);
            let id_hash = digest(&SHA256, RP_ID.as_bytes()).as_ref().try_into().unwrap();
            let party = RelyingParty { id_hash, origins, any_port: false, may_frame: Box::new(|_| false) };
            let random = SystemRandom::new();
            let signing = &ECDSA_P256_SHA256_ASN1_SIGNING;
            let document = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
            let key = EcdsaKeyPair::from_pkcs8(signing, document.as_ref(), &random).unwrap();
            let (x, y) = key.public_key().as_ref()[1..].split_at(32);
            // kty EC2, alg ES256, crv P-256, x, y
            let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y].concat();
            let stored = serde_json::from_str(&imported(ID, &cose, COUNTER).unwrap()).unwrap();
            Self { party, library, random, key, stored }
        }

        /// Ours, and the library's: of a ceremony that is spoiled before it is signed, and once more before it is sent.
        fn judge(&self, before: impl FnOnce(&mut Parts), after: impl FnOnce(&mut Parts, &mut Vec<u8>)) -> Verdicts {
            let policy = Some(UserVerificationPolicy::Preferred);
            let builder = self.library.new_challenge_authenticate_builder(Vec::new(), policy);
            let (options, state) = self.library.generate_challenge_authenticate(builder.unwrap()).unwrap();
            let challenge = BASE64.encode(&options.public_key.challenge);
            let client = json!({ "type": TYPE, "challenge": challenge, "origin": ORIGIN, "crossOrigin": false });
            assert_eq!(client.to_string().len(), CLIENT);
            let mut data = self.party.id_hash.to_vec();
            data.push(FLAGS);
            data.extend((COUNTER + 1).to_be_bytes());
            let mut parts = Parts { client_json: client.to_string().into_bytes(), data };
            before(&mut parts);
            let hash = digest(&SHA256, &parts.client_json);
            let signed = [&parts.data, hash.as_ref()].concat();
            let mut signature = self.key.sign(&self.random, &signed).unwrap().as_ref().to_vec();
            after(&mut parts, &mut signature);
            let id = BASE64.encode(ID);
            let answer = json!({
                "id": id, "rawId": id, "type": "public-key",
                "response": {
                    "clientDataJSON": BASE64.encode(&parts.client_json),
                    "authenticatorData": BASE64.encode(&parts.data),
                    "signature": BASE64.encode(&signature),
                },
            });
            let read = Assertion::read(&answer, &self.party);
            let ours = read.and_then(|assertion| assertion.judge(&challenge, &self.stored, false));
            let library = PublicKeyCredential::deserialize(&answer).map_err(|error| error.to_string());
            let library = library.and_then(|answer| {
                let judged = self.library.authenticate_single_credential(&answer, &state, &self.stored);
                judged.map_err(|error| error.to_string())
            });
            (ours.map(drop).map_err(str::to_owned), library.map(drop))
        }
    }

    fn untouched(_: &mut Parts, _: &mut Vec<u8>) {}

    #[test]
    fn a_good_assertion_is_accepted_whatever_it_says_of_user_verification() {
        let court = Court::new();
        for flags in [FLAGS, 0x01] {
            assert_eq!(court.judge(|parts| parts.data[32] = flags, untouched), (Ok(()), Ok(())));
        }
    }

    #[test]
    fn every_bit_of_what_is_signed_and_of_the_signature_matters() {
        let court = Court::new();
        // A signature is now and then a byte shorter than most: its first bits are then spoiled twice.
        let bit = |bytes: &mut Vec<u8>, at: usize| {
            let at = at % (bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
        };
        let (client, data, signature) = (CLIENT * 8, DATA * 8, 72 * 8);
        for at in 0..client {
            let (ours, _) = court.judge(|_| {}, |parts, _| bit(&mut parts.client_json, at));
            ours.expect_err(&format!("bit {at} of the client data"));
        }
        for at in 0..data {
            let (ours, _) = court.judge(|_| {}, |parts, _| bit(&mut parts.data, at));
            ours.expect_err(&format!("bit {at} of the authenticator data"));
        }
        for at in 0..signature {
            let (ours, _) = court.judge(|_| {}, |_, signature| bit(signature, at));
            ours.expect_err(&format!("bit {at} of the signature"));
        }
    }

    /// Where we are stricter, on purpose.
    const STRICTER: [&str; 2] =
        ["its origin is not an origin as browsers write it", "the ceremony ran in a frame of another origin"];

    #[test]
    fn of_ceremonies_spoiled_before_they_are_signed_none_is_accepted_that_the_library_refuses() {
        let court = Court::new();
        let (mut accepted, mut refused) = (0, 0);
        let mut compare = |(ours, library): Verdicts, what: &str| {
            match (&ours, &library) {
                (Ok(()), Ok(())) => accepted += 1,
                (Err(_), Err(_)) => refused += 1,
                (Err(reason), Ok(())) if STRICTER.contains(&reason.as_str()) => refused += 1,
                _ => panic!("{what}: {ours:?}, and the library's {library:?}"),
            };
        };
        for at in 0..DATA * 8 {
            let spoiled = court.judge(|parts| parts.data[at / 8] ^= 1 << (at % 8), untouched);
            compare(spoiled, &format!("bit {at} of the authenticator data"));
        }
        for counter in [0, 1, COUNTER - 1, COUNTER, COUNTER + 1, u32::MAX] {
            let spoiled = court.judge(|parts| parts.data[33..].copy_from_slice(&counter.to_be_bytes()), untouched);
            compare(spoiled, &format!("a counter of {counter}"));
        }
        for length in 0..DATA {
            let spoiled = court.judge(|parts| parts.data.truncate(length), untouched);
            compare(spoiled, &format!("authenticator data of {length} bytes"));
        }
        for at in 0..CLIENT {
            for mask in [0x01, 0x20, 0x80] {
                let spoiled = court.judge(|parts| parts.client_json[at] ^= mask, untouched);
                compare(spoiled, &format!("byte {at} of the client data, by {mask}"));
            }
        }
        for (name, value) in [
            ("type", json!("webauthn.create")),
            ("type", json!(null)),
            ("challenge", json!("")),
            ("challenge", json!("AAAA")),
            ("origin", json!("https://example.com")),
            ("origin", json!("https://app.example.com:444")),
            ("origin", json!("http://app.example.com")),
            ("origin", json!("https://evil.app.example.com")),
            ("origin", json!("https://app.example.com.evil.example")),
            ("origin", json!("null")),
            ("origin", json!(7)),
            ("crossOrigin", json!("true")),
            ("later", json!({ "a": "member that nobody knows" })),
        ] {
            let spoiled = court.judge(
                |parts| {
                    let mut client: Json = serde_json::from_slice(&parts.client_json).unwrap();
                    client[name] = value.clone();
                    parts.client_json = client.to_string().into_bytes();
                },
                untouched,
            );
            compare(spoiled, &format!("{name}: {value}"));
        }
        assert!(accepted > 20 && refused > 500, "{accepted} were accepted, {refused} refused");
    }

    #[test]
    fn an_assertion_is_judged_by_its_own_challenge_and_credential() {
        let court = Court::new();
        let assertion = |challenge: &str| {
            let client = json!({ "type": TYPE, "challenge": challenge, "origin": ORIGIN }).to_string();
            let data = [&court.party.id_hash[..], &[FLAGS], &(COUNTER + 1).to_be_bytes()].concat();
            let signed = [&data, digest(&SHA256, client.as_bytes()).as_ref()].concat();
            let id = BASE64.encode(ID);
            let answer = json!({
                "id": id, "rawId": id, "type": "public-key",
                "response": {
                    "clientDataJSON": BASE64.encode(client),
                    "authenticatorData": BASE64.encode(data),
                    "signature": BASE64.encode(court.key.sign(&court.random, &signed).unwrap()),
                },
            });
            Assertion::read(&answer, &court.party).unwrap()
        };
        let asked = assertion("asked");
        asked.judge("asked", &court.stored, false).unwrap();
        assert_eq!(asked.judge("asks", &court.stored, false).err(), Some("it answers another challenge"));
        assert_eq!(assertion("").judge("", &court.stored, false).err(), Some("it answers another challenge"));
        let mut other = court.stored.clone();
        other.cred_id.push(0);
        assert_eq!(asked.judge("asked", &other, false).err(), Some("it is of another credential"));
    }

    #[test]
    fn a_signature_is_of_its_own_key_on_its_own_curve() {
        let court = Court::new();
        let signature = court.key.sign(&court.random, b"message").unwrap();
        let is_signed_by = |other: &Credential| is_signed(&other.cred.key, b"message", signature.as_ref());
        assert!(is_signed_by(&court.stored));
        let mut other = court.stored.clone();
        let COSEKeyType::EC_EC2(key) = &mut other.cred.key else { panic!("an elliptic curve") };
        std::mem::swap(&mut key.x, &mut key.y);
        assert!(!is_signed_by(&other));
        for curve in [ECDSACurve::SECP384R1, ECDSACurve::SECP521R1] {
            let mut other = court.stored.clone();
            key_on(&mut other, curve);
            assert!(!is_signed_by(&other));
        }
    }

    #[test]
    fn an_rsa_key_by_which_no_signature_would_be_verified_is_not_taken() {
        let pem = include_bytes!("../tests/keys/one.pem");
        let der = PrivateKeyDer::from_pem_slice(pem).unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.secret_der()).unwrap();
        let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"message", &mut signature).unwrap();
        let taken = |n: &[u8], e: &[u8]| {
            // kty RSA, alg RS256, n, e
            let cose = [b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", n, b"\x21\x43", e].concat();
            imported(ID, &cose, COUNTER).map(|stored| serde_json::from_str::<Credential>(&stored).unwrap())
        };
        let stored = taken(&parts.n, &parts.e).unwrap();
        assert!(is_signed(&stored.cred.key, b"message", &signature));

        let mut short = parts.n.clone();
        short[0] &= 0x7f;
        let mut even = parts.n.clone();
        even[255] &= 0xfe;
        for (n, e) in [(&short, [1, 0, 1]), (&even, [1, 0, 1]), (&parts.n, [1, 0, 0]), (&parts.n, [0, 0, 3])] {
            assert!(taken(n, &e).is_err(), "{:?} … {:?}, {e:?}", n.first(), n.last());
        }
    }

    fn key_on(credential: &mut Credential, curve: ECDSACurve) {
        let COSEKeyType::EC_EC2(key) = &mut credential.cred.key else { panic!("an elliptic curve") };
        key.curve = curve;
    }
}
