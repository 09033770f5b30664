//! The form of an authenticator's answer: what the specification asks for and the WebAuthn library leaves open.
//!
//! Nothing here looks at a signature: of an answer that passes, the library judges what a credential's creation attests, and
//! [`crate::assertion`] judges an assertion.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;
use serde_cbor_2::{Deserializer, Value as Cbor, from_slice, to_vec};
use serde_json::{Value as Json, json};
use url::Url;
use uuid::Uuid;

/// The algorithms that are offered, each with the curve (COSE `crv`) that its key must be on; none for RSA.
const ALGORITHMS: [(i128, Option<i128>); 3] = [(-7, Some(1)), (-35, Some(2)), (-257, None)];

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKUP_STATE: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// As long as WebAuthn lets the id of a credential be, in bytes.
pub const LONGEST_CREDENTIAL_ID: usize = 1023;

/// What the browser says of a ceremony.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientData {
    #[serde(default, rename = "type")]
    kind: String,
    /// In base64url.
    pub challenge: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// Reads the client data of an answer, whether it is right or not.
pub fn client_data(answer: &Json) -> Option<ClientData> {
    serde_json::from_slice(&bytes(&answer["response"]["clientDataJSON"])?).ok()
}

/// What a text in base64url stands for, whether it came with padding or without.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim_end_matches('=')).ok()
}

/// The same, of a member of an answer.
pub fn bytes(text: &Json) -> Option<Vec<u8>> {
    from_base64url(text.as_str()?)
}

/// Why an answer is not of the right form.
pub type Flaw = &'static str;

/// Whether a page of this origin may have the pre-built UI in a frame, and so a ceremony in it.
pub type MayFrame = dyn Fn(&str) -> bool + Send + Sync;

/// Whom a ceremony must be for.
pub struct RelyingParty {
    /// SHA-256 of its id.
    pub id_hash: [u8; 32],
    /// Whose pages may run ceremonies.
    pub origins: Vec<Url>,
    /// Whether the port of an origin does not matter.
    pub any_port: bool,
    /// In whose frames they may.
    pub may_frame: Box<MayFrame>,
}

impl RelyingParty {
    fn has(&self, origin: &Url) -> bool {
        self.origins.iter().any(|own| {
            own.scheme() == origin.scheme()
                && own.host() == origin.host()
                && (self.any_port || own.port_or_known_default() == origin.port_or_known_default())
        })
    }
}

/// What both ceremonies have.
pub struct Envelope {
    /// The credential's.
    pub id: Vec<u8>,
    /// What the browser says.
    pub client: ClientData,
    /// The very bytes of it.
    pub client_json: Vec<u8>,
}

impl Envelope {
    /// Reads it, and checks all but its challenge. `kind` is the type of its client data.
    pub fn read(answer: &Json, kind: &str, party: &RelyingParty) -> Result<Self, Flaw> {
        let id = bytes(&answer["id"]).filter(|id| !id.is_empty()).ok_or("its id is not base64url")?;
        if answer["id"] != answer["rawId"] {
            return Err("its id and its rawId differ");
        }
        if answer["type"] != "public-key" {
            return Err("its type is not public-key");
        }
        if !matches!(&answer["clientExtensionResults"], Json::Null | Json::Object(_)) {
            return Err("its clientExtensionResults are no object");
        }
        let client_json = bytes(&answer["response"]["clientDataJSON"]).ok_or("its clientDataJSON is not base64url")?;
        let client: ClientData =
            serde_json::from_slice(&client_json).map_err(|_| "its clientDataJSON cannot be read")?;
        if client.kind != kind {
            return Err("it is of another ceremony");
        }
        // As an address it could have a path, or a user name.
        let origin = Url::parse(&client.origin).ok();
        let origin = origin
            .filter(|url| url.origin().ascii_serialization() == client.origin)
            .ok_or("its origin is not an origin as browsers write it")?;
        if !party.has(&origin) {
            return Err("its origin is none of the registered ones");
        }
        match (client.cross_origin, &client.top_origin) {
            (false, None) => {}
            (true, Some(top)) if (party.may_frame)(top) => {}
            _ => return Err("the ceremony ran in a frame of another origin"),
        }
        Ok(Envelope { id, client, client_json })
    }
}

/// A registration of the right form: the model of the authenticator, if it tells.
pub fn check_registration(answer: &Json, party: &RelyingParty) -> Result<Option<Uuid>, Flaw> {
    let Envelope { id, .. } = Envelope::read(answer, "webauthn.create", party)?;
    let object = bytes(&answer["response"]["attestationObject"]).ok_or("its attestationObject is not base64url")?;
    let object: BTreeMap<String, Cbor> = from_slice(&object).map_err(|_| "its attestationObject is not CBOR")?;
    let (Some(Cbor::Text(format)), Some(Cbor::Map(statement)), Some(Cbor::Bytes(data))) =
        (object.get("fmt"), object.get("attStmt"), object.get("authData"))
    else {
        return Err("its attestationObject lacks fmt, attStmt or authData");
    };
    if format == "none" && !statement.is_empty() {
        return Err("an attestation of none has a statement");
    }
    let (_, attested) = AuthenticatorData::read(data)?;
    let attested = attested.ok_or("it holds no credential")?;
    if id.len() > LONGEST_CREDENTIAL_ID {
        return Err("its id is longer than 1,023 bytes");
    }
    if attested.credential_id != id {
        return Err("its id is not that of the credential");
    }
    check_key(&attested.key)?;
    Ok(Some(attested.aaguid).filter(|aaguid| !aaguid.is_nil()))
}

fn check_key(key: &BTreeMap<Cbor, Cbor>) -> Result<(), Flaw> {
    let number = |name: i128| match key.get(&Cbor::Integer(name)) {
        Some(Cbor::Integer(number)) => Some(*number),
        _ => None,
    };
    let algorithm = ALGORITHMS.iter().find(|(algorithm, _)| number(3) == Some(*algorithm));
    let (_, curve) = algorithm.ok_or("its key is of an algorithm that was not offered")?;
    if curve.is_some() && number(-1) != *curve {
        return Err("its key is not on the curve of its algorithm");
    }
    if curve.is_none() && !is_modulus(key.get(&Cbor::Integer(-1))) {
        return Err("the modulus of its key is not an odd number of 2,048 bits or more");
    }
    if curve.is_none() && !is_odd(key.get(&Cbor::Integer(-2))) {
        return Err("the exponent of its key is not an odd number without leading zeros");
    }
    Ok(())
}

/// Whether ring verifies by this number and does not refuse every signature: written without leading zeros, and odd. How
/// many bytes the numbers of RSA have, the library decides.
fn is_odd(number: Option<&Cbor>) -> bool {
    let Some(Cbor::Bytes(number)) = number else { return false };
    number.first().is_some_and(|first| *first != 0) && number.last().is_some_and(|last| last % 2 == 1)
}

/// The same of a modulus, which of 256 bytes needs every bit.
fn is_modulus(number: Option<&Cbor>) -> bool {
    is_odd(number) && matches!(number, Some(Cbor::Bytes(bytes)) if bytes.len() > 256 || bytes.first() >= Some(&0x80))
}

/// The public key of a credential, as COSE writes it and nothing after it.
pub fn cose_key(bytes: &[u8]) -> Result<Cbor, Flaw> {
    let (key, rest) = cbor_map(bytes).map_err(|_| "its public key is no COSE key")?;
    check_key(&key)?;
    if rest.is_empty() { Ok(Cbor::Map(key)) } else { Err("its public key goes on after its end") }
}

/// The same registration as from no frame, if it comes from one that passed: the library accepts none. It goes without
/// its attestation, which would be over the original and of which nothing is asked.
pub fn without_frame(answer: &Json) -> Option<Json> {
    let mut client: Json = serde_json::from_slice(&bytes(&answer["response"]["clientDataJSON"])?).ok()?;
    client.as_object_mut()?.remove("topOrigin")?;
    client["crossOrigin"] = json!(false);
    let mut object: BTreeMap<String, Cbor> = from_slice(&bytes(&answer["response"]["attestationObject"])?).ok()?;
    object.insert("fmt".to_owned(), Cbor::Text("none".to_owned()));
    object.insert("attStmt".to_owned(), Cbor::Map(BTreeMap::new()));
    let mut plain = answer.clone();
    plain["response"]["clientDataJSON"] = json!(BASE64.encode(client.to_string()));
    plain["response"]["attestationObject"] = json!(BASE64.encode(to_vec(&object).ok()?));
    Some(plain)
}

/// What an authenticator says of a ceremony (WebAuthn, section 6.1).
pub struct AuthenticatorData {
    /// SHA-256 of the relying party's id.
    pub rp_id_hash: [u8; 32],
    /// Whether somebody was there.
    pub user_present: bool,
    /// Whether it was checked who.
    pub user_verified: bool,
    /// Whether the credential may be on several devices.
    pub backup_eligible: bool,
    /// Whether it is, or is kept elsewhere.
    pub backup_state: bool,
    /// How many signatures were counted; 0 if they are not.
    pub counter: u32,
}

/// The credential in it.
pub struct Attested<'a> {
    aaguid: Uuid,
    credential_id: &'a [u8],
    key: BTreeMap<Cbor, Cbor>,
}

impl AuthenticatorData {
    /// Reads it to its very end: the library stops where its flags let it.
    pub fn read(data: &[u8]) -> Result<(Self, Option<Attested<'_>>), Flaw> {
        const SHORT: Flaw = "its authenticator data is too short";
        let (rp_id_hash, rest) = data.split_first_chunk::<32>().ok_or(SHORT)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(SHORT)?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (aaguid, after) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or(SHORT)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (credential_id, after) = after.split_at_checked(length).ok_or(SHORT)?;
            let (key, after) = cbor_map(after)?;
            attested = Some(Attested { aaguid: Uuid::from_bytes(*aaguid), credential_id, key });
            rest = after;
        }
        if flags & EXTENSIONS != 0 {
            (_, rest) = cbor_map(rest)?;
        }
        if !rest.is_empty() {
            return Err("its authenticator data goes on after its end");
        }
        let has = |flag: u8| flags & flag != 0;
        let said = AuthenticatorData {
            rp_id_hash: *rp_id_hash,
            user_present: has(USER_PRESENT),
            user_verified: has(USER_VERIFIED),
            backup_eligible: has(BACKUP_ELIGIBLE),
            backup_state: has(BACKUP_STATE),
            counter: u32::from_be_bytes(*counter),
        };
        Ok((said, attested))
    }
}

fn cbor_map(data: &[u8]) -> Result<(BTreeMap<Cbor, Cbor>, &[u8]), Flaw> {
    let mut deserializer = Deserializer::from_slice(data);
    let map = BTreeMap::deserialize(&mut deserializer).map_err(|_| "its authenticator data holds no CBOR map")?;
    Ok((map, &data[deserializer.byte_offset()..]))
}
