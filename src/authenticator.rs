//! The heart of the scripted authenticator of `authsignal-wasm/testing`: its keys, and what is signed with them.
//!
//! Pure functions of bytes. What a ceremony is, and what the test has scripted, is in `pkg-template/testing/`, which also
//! hands in the randomness. In the terms of Web Authentication Level 3, sections 6.1, 6.5 and 6.3.3.
//!
//! A passkey is its `seed`: bytes that nobody else knows. Any number of them, and any bytes, make a key, so that nothing here
//! can fail.

use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::wasm_bindgen;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

/// SEQUENCE { SEQUENCE { OID ecPublicKey, OID prime256v1 }, BIT STRING { the point, uncompressed } }
const SPKI: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
/// SEQUENCE { INTEGER 0, the same algorithm, OCTET STRING { SEQUENCE { INTEGER 1, OCTET STRING { the scalar },
const PKCS8: &[u8] = b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20";
/// [1] { BIT STRING { the point, uncompressed } } } } }
const PKCS8_POINT: &[u8] = b"\xa1\x44\x03\x42\x00";

/// What a seed makes. A hash is no scalar of the curve once in 2^32 times; then its own hash may be one.
fn key(seed: &[u8]) -> SecretKey {
    let mut hash = Sha256::digest(seed);
    loop {
        match SecretKey::from_slice(&hash) {
            Ok(key) => return key,
            Err(_) => hash = Sha256::digest(hash),
        }
    }
}

/// 4, x, y.
fn point(key: &SecretKey) -> Vec<u8> {
    key.public_key().to_sec1_point(false).as_bytes().to_vec()
}

/// A length as CBOR and CTAP have it.
fn in_two_bytes(length: usize) -> [u8; 2] {
    let [.., high, low] = length.to_be_bytes();
    [high, low]
}

/// The attested credential data of a passkey: of no model of authenticator, its id, its public key as COSE has it.
#[wasm_bindgen(js_name = attestedCredentialData)]
pub fn attested_credential_data(seed: &[u8], credential_id: &[u8]) -> Vec<u8> {
    const NO_AAGUID: [u8; 16] = [0; 16];
    let point = point(&key(seed));
    let (x, y) = point[1..].split_at(32);
    // {kty: EC2, alg: ES256, crv: P-256, x, y}
    let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y].concat();
    [&NO_AAGUID[..], &in_two_bytes(credential_id.len()), credential_id, &cose].concat()
}

/// The authenticator data of a user who is there. Without `credential`, the attested credential data, it is an assertion's.
#[wasm_bindgen(js_name = authenticatorData)]
pub fn authenticator_data(rp_id: &[u8], is_verified: bool, sign_count: u32, credential: &[u8]) -> Vec<u8> {
    let verified = if is_verified { USER_VERIFIED } else { 0 };
    let attested = if credential.is_empty() { 0 } else { HAS_CREDENTIAL };
    let flags = [USER_PRESENT | verified | attested];
    [&Sha256::digest(rp_id)[..], &flags, &sign_count.to_be_bytes(), credential].concat()
}

/// The attestation object that attests nothing: CBOR of {fmt: "none", attStmt: {}, authData}.
#[wasm_bindgen(js_name = attestationObject)]
pub fn attestation_object(authenticator_data: &[u8]) -> Vec<u8> {
    let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData";
    let length = in_two_bytes(authenticator_data.len());
    // CTAP's CBOR has a number in no more bytes than it needs.
    let length = if length[0] == 0 { vec![0x58, length[1]] } else { [&[0x59], &length[..]].concat() };
    [&head[..], &length, authenticator_data].concat()
}

/// The signature of an assertion, in ASN.1. By the seed of another passkey it is well-formed, and wrong.
#[wasm_bindgen(js_name = assertionSignature)]
pub fn assertion_signature(seed: &[u8], authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let signed = [authenticator_data, &Sha256::digest(client_data)].concat();
    let signature: Signature = SigningKey::from(key(seed)).sign(&signed);
    signature.to_der().as_bytes().to_vec()
}

/// The private key as PKCS#8, for another authenticator.
#[wasm_bindgen]
pub fn pkcs8(seed: &[u8]) -> Vec<u8> {
    let key = key(seed);
    [PKCS8, &key.to_bytes(), PKCS8_POINT, &point(&key)].concat()
}

/// The public key as SubjectPublicKeyInfo, which `getPublicKey()` yields.
#[wasm_bindgen]
pub fn spki(seed: &[u8]) -> Vec<u8> {
    [SPKI, &point(&key(seed))].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::PublicKey;
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier;

    fn verifies(seed: &[u8], signed: &[u8], der: &[u8]) -> bool {
        let key = VerifyingKey::from_sec1_bytes(&point(&key(seed))).unwrap();
        key.verify(signed, &Signature::from_der(der).unwrap()).is_ok()
    }

    #[test]
    fn every_seed_makes_a_key_and_another_seed_another_key() {
        let seeds = [&b""[..], b"a", b"b", &[0; 32], &[0xff; 32], &[7; 1000]];
        for (at, seed) in seeds.iter().enumerate() {
            assert_eq!(spki(seed), spki(seed));
            assert!(seeds[..at].iter().all(|other| spki(other) != spki(seed)));
        }
    }

    #[test]
    fn an_assertion_is_signed_by_its_own_key_over_the_data_and_the_hash_of_the_clients() {
        let data = authenticator_data(b"example.test", true, 7, &[]);
        let signed = [&data[..], &Sha256::digest(b"{}")].concat();
        for seed in 0..=255_u8 {
            let signature = assertion_signature(&[seed], &data, b"{}");
            assert!(verifies(&[seed], &signed, &signature), "{seed}");
            assert!(!verifies(&[seed], &data, &signature), "{seed}");
            assert!(!verifies(b"another", &signed, &signature), "{seed}");
        }
    }

    #[test]
    fn authenticator_data_has_its_relying_party_its_flags_and_its_counter_where_they_belong() {
        let data = authenticator_data(b"example.test", true, 0x0102_0304, &[]);
        assert_eq!(data[..32], Sha256::digest(b"example.test")[..]);
        assert_eq!(data[32..], [0x05, 1, 2, 3, 4]);
        let with_credential = authenticator_data(b"example.test", false, 0, b"credential");
        assert_eq!(with_credential[32..], *b"\x41\0\0\0\0credential");
    }

    #[test]
    fn a_credential_has_its_id_and_its_key_where_they_belong() {
        let credential = attested_credential_data(b"a seed", b"an id");
        let (head, cose) = credential.split_at(16 + 2 + 5);
        assert_eq!(head, [&[0; 16][..], &[0, 5], b"an id"].concat());
        assert_eq!(cose.len(), 77);
        let point = point(&key(b"a seed"));
        assert_eq!((&cose[10..42], &cose[45..]), (&point[1..33], &point[33..]));
    }

    #[test]
    fn an_attestation_object_says_how_long_its_data_is_in_as_few_bytes_as_it_can() {
        let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData";
        for (length, said) in [(255, &[0x58, 255][..]), (256, &[0x59, 1, 0]), (513, &[0x59, 2, 1])] {
            let data = vec![9; length];
            assert_eq!(attestation_object(&data), [head, said, &data].concat());
        }
    }

    #[test]
    fn exported_keys_are_the_passkeys_own() {
        let (secret, public) = (pkcs8(b"a seed"), spki(b"a seed"));
        let point = point(&key(b"a seed"));
        assert_eq!(PublicKey::from_sec1_bytes(&public[26..]).unwrap(), key(b"a seed").public_key());
        assert_eq!(public.len(), 26 + 65);
        assert_eq!(SecretKey::from_slice(&secret[36..68]).unwrap(), key(b"a seed"));
        assert_eq!(secret[73..], point);
        // What the outermost lengths say. Node.js reads both whole, in tests/kit.
        assert_eq!((public.len(), secret.len()), (2 + usize::from(SPKI[1]), 3 + usize::from(PKCS8[2])));
    }
}
