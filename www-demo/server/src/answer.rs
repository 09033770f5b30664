//! The form of an authenticator's answer: what the specification asks for and the WebAuthn library leaves open.
//!
//! Nothing here looks at a signature: an answer that passes has yet to be judged by the library.

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

/// The hash of the relying party, the flags and the counter.
const FIXED: usize = 37;
const FLAGS: usize = 32;
const BACKUP_ELIGIBLE: u8 = 0x08;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;
const AAGUID: usize = 16;

/// As long as WebAuthn lets the id of a credential be, in bytes.
pub const LONGEST_CREDENTIAL_ID: usize = 1023;

/// What the browser says of a ceremony.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientData {
    /// In base64url.
    pub challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// Reads the client data of an answer, whether it is right or not.
pub fn client_data(answer: &Json) -> Option<ClientData> {
    serde_json::from_slice(&bytes(&answer["response"]["clientDataJSON"])?).ok()
}

fn bytes(text: &Json) -> Option<Vec<u8>> {
    BASE64.decode(text.as_str()?.trim_end_matches('=')).ok()
}

/// Why an answer is not of the right form.
pub type Flaw = &'static str;

/// Whether a page of this origin may have the pre-built UI in a frame, and so a ceremony in it.
pub type MayFrame = dyn Fn(&str) -> bool + Send + Sync;

/// What both ceremonies have: the credential's id.
fn envelope(answer: &Json, may_frame: &MayFrame) -> Result<Vec<u8>, Flaw> {
    let id = bytes(&answer["id"]).filter(|id| !id.is_empty()).ok_or("its id is not base64url")?;
    if answer["id"] != answer["rawId"] {
        return Err("its id and its rawId differ");
    }
    if answer["type"] != "public-key" {
        return Err("its type is not public-key");
    }
    let client = client_data(answer).ok_or("its clientDataJSON cannot be read")?;
    // The library parses the origin as an address, of which a path is a part.
    if Url::parse(&client.origin).map(|url| url.origin().ascii_serialization()).as_ref() != Ok(&client.origin) {
        return Err("its origin is not an origin as browsers write it");
    }
    // The library looks at the frame when a credential is created, and not when it is used.
    match (client.cross_origin, &client.top_origin) {
        (false, None) => Ok(id),
        (true, Some(top)) if may_frame(top) => Ok(id),
        _ => Err("the ceremony ran in a frame of another origin"),
    }
}

/// An assertion of the right form, for the relying party of this hash: whether its credential may be on several devices.
pub fn check_assertion(answer: &Json, rp_id_hash: &[u8; 32], may_frame: &MayFrame) -> Result<bool, Flaw> {
    envelope(answer, may_frame)?;
    let data = bytes(&answer["response"]["authenticatorData"]).ok_or("its authenticatorData is not base64url")?;
    authenticator_data(&data)?;
    if data.starts_with(rp_id_hash) {
        Ok(data[FLAGS] & BACKUP_ELIGIBLE != 0)
    } else {
        Err("it was made for another relying party")
    }
}

/// A registration of the right form: the model of the authenticator, if it tells.
pub fn check_registration(answer: &Json, may_frame: &MayFrame) -> Result<Option<Uuid>, Flaw> {
    let id = envelope(answer, may_frame)?;
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
    let attested = authenticator_data(data)?.ok_or("it holds no credential")?;
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
    Ok(())
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

struct Attested<'a> {
    aaguid: Uuid,
    credential_id: &'a [u8],
    key: BTreeMap<Cbor, Cbor>,
}

/// Reads authenticator data to its very end: the library stops where its flags let it.
fn authenticator_data(data: &[u8]) -> Result<Option<Attested<'_>>, Flaw> {
    const SHORT: Flaw = "its authenticator data is too short";
    let (fixed, mut rest) = data.split_at_checked(FIXED).ok_or(SHORT)?;
    let mut attested = None;
    if fixed[FLAGS] & ATTESTED != 0 {
        let (aaguid, after) = rest.split_at_checked(AAGUID).ok_or(SHORT)?;
        let (length, after) = after.split_first_chunk::<2>().ok_or(SHORT)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (credential_id, after) = after.split_at_checked(length).ok_or(SHORT)?;
        let (key, after) = cbor_map(after)?;
        attested = Some(Attested { aaguid: Uuid::from_slice(aaguid).map_err(|_| SHORT)?, credential_id, key });
        rest = after;
    }
    if fixed[FLAGS] & EXTENSIONS != 0 {
        (_, rest) = cbor_map(rest)?;
    }
    if rest.is_empty() { Ok(attested) } else { Err("its authenticator data goes on after its end") }
}

fn cbor_map(data: &[u8]) -> Result<(BTreeMap<Cbor, Cbor>, &[u8]), Flaw> {
    let mut deserializer = Deserializer::from_slice(data);
    let map = BTreeMap::deserialize(&mut deserializer).map_err(|_| "its authenticator data holds no CBOR map")?;
    Ok((map, &data[deserializer.byte_offset()..]))
}
