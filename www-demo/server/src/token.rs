//! Challenge tokens: JSON Web Tokens that tell who is being challenged, for what, and what they may do.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use signature::{Signer, Verifier};
use subtle::ConstantTimeEq;

use crate::domain::scope::Scopes;
use crate::domain::{MINUTE, Millis, SECOND};
use crate::random::hmac_sha256;
use crate::token_key::{TokenKey, has_signed};

/// How far ahead the clock of another instance may be.
const SKEW: Millis = MINUTE;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The base URL of this API.
    pub aud: String,
    /// The customer's id of the user.
    pub sub: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// The end, in seconds.
    pub exp: i64,
    /// Its own id.
    pub jti: String,
    /// Words split by spaces.
    pub scope: String,
    /// What the vendor's SDKs read.
    pub other: Other,
    /// What the binding goes by.
    pub binding: Binding,
}

/// The vendor's claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Other {
    /// The tenant.
    pub tenant_id: String,
    /// A name of the tenant that may be shown.
    pub publishable_key: String,
    /// As `sub`.
    pub user_id: String,
    /// The user's name, if the backend told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The action's code.
    pub action_code: String,
    /// Which occurrence of the action.
    pub idempotency_key: String,
}

/// Our own claims: names can be given again, keys cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The user, of whom there may be a later one of the same id.
    pub user_key: String,
    /// The action.
    pub action_key: String,
    /// The window that the rights come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_key: Option<String>,
    /// Minted by a verification, and not by `track`.
    #[serde(default)]
    pub is_verified: bool,
}

impl Claims {
    /// The rights.
    pub fn scopes(&self) -> Scopes {
        Scopes::parse(&self.scope)
    }

    /// The end.
    pub fn ends_at(&self) -> Millis {
        self.exp.saturating_mul(SECOND)
    }
}

/// What an application's access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessClaims {
    /// The application.
    pub aud: String,
    /// The customer's id of the user.
    pub sub: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// The end, in seconds.
    pub exp: i64,
    /// The session.
    pub sid: String,
    /// The tenant.
    pub tenant_id: String,
}

/// The type of access tokens, which keeps them and challenge tokens apart whatever their audience is.
const ACCESS_TYPE: &str = "at+jwt";

/// Mints and reads the tokens of one tenant.
pub struct Tokens {
    header: Header,
    signing: Signing,
    decoding: DecodingKey,
    validation: Validation,
    tenant_id: String,
}

/// What signs: the one algorithm of the tenant, and no other is read.
enum Signing {
    Hs256(EncodingKey),
    Rs256(TokenKey),
}

impl Tokens {
    /// Signs with the tenant's secret, for this audience.
    pub fn new(secret: &str, audience: &str, tenant_id: &str) -> Self {
        let signing = Signing::Hs256(EncodingKey::from_secret(secret.as_bytes()));
        let decoding = DecodingKey::from_secret(secret.as_bytes());
        Self::with(Header::new(Algorithm::HS256), signing, decoding, audience, tenant_id)
    }

    /// Signs with a private key whose public half is published.
    pub fn with_key(key: &TokenKey, audience: &str, tenant_id: &str) -> Self {
        let header = Header { kid: Some(key.id()), ..Header::new(Algorithm::RS256) };
        let decoding = DecodingKey::from_rsa_der(key.public_der());
        Self::with(header, Signing::Rs256(key.clone()), decoding, audience, tenant_id)
    }

    fn with(header: Header, signing: Signing, decoding: DecodingKey, audience: &str, tenant_id: &str) -> Self {
        // Whoever was first has installed the same one.
        let _ = PROVIDER.install_default();
        let mut validation = Validation::new(header.alg);
        validation.set_audience(&[audience]);
        // The server's clock can be moved, and the library only knows the system's: see `Claims::ends_at`.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["aud", "sub", "exp"]);
        Self { header, signing, decoding, validation, tenant_id: tenant_id.to_owned() }
    }

    /// The token that says this.
    pub fn mint(&self, claims: &Claims) -> Result<String, Error> {
        self.encode(&self.header, claims)
    }

    /// The access token that says this.
    pub fn mint_access(&self, claims: &AccessClaims) -> Result<String, Error> {
        let header = Header { typ: Some(ACCESS_TYPE.to_owned()), ..self.header.clone() };
        self.encode(&header, claims)
    }

    fn encode(&self, header: &Header, claims: &impl Serialize) -> Result<String, Error> {
        let key = match &self.signing {
            Signing::Hs256(key) => return encode(header, claims, key),
            Signing::Rs256(key) => key,
        };
        // The library would read the key anew for each token.
        let message = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(header)?),
            BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?)
        );
        let signature = key.sign(message.as_bytes()).map_err(|error| ErrorKind::Signing(error.to_string()))?;
        Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What an access token of ours says, whether it has ended or not; nothing if it is not one of ours.
    pub fn read_access(&self, token: &str) -> Option<AccessClaims> {
        let mut validation = self.validation.clone();
        // Which applications may ask is the caller's business.
        validation.validate_aud = false;
        let read = decode::<AccessClaims>(token, &self.decoding, &validation).ok()?;
        let is_ours = read.header.typ.as_deref() == Some(ACCESS_TYPE) && read.claims.tenant_id == self.tenant_id;
        is_ours.then_some(read.claims)
    }

    /// What a token of ours says, whether it has ended or not; nothing if it is not one of ours, or of a time that is
    /// still to come at `now`.
    pub fn read(&self, token: &str, now: Millis) -> Option<Claims> {
        let read = decode::<Claims>(token, &self.decoding, &self.validation).ok()?;
        if read.header.typ.as_deref() == Some(ACCESS_TYPE) {
            return None;
        }
        let claims = read.claims;
        if claims.iat.saturating_mul(SECOND) > now.saturating_add(SKEW) {
            return None;
        }
        (claims.other.tenant_id == self.tenant_id && claims.other.user_id == claims.sub).then_some(claims)
    }
}

/// HS256 and the checking half of RS256 by the crates that are here anyway; every other algorithm is refused.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(key.as_bytes().to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(key.try_get_as_bytes()?.to_vec()))),
        Algorithm::RS256 => Ok(Box::new(Rs256(key.try_get_as_bytes()?.to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Vec<u8>);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac_sha256(&self.0, message).to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], mac: &Vec<u8>) -> Result<(), signature::Error> {
        let is_right = bool::from(hmac_sha256(&self.0, message).ct_eq(mac.as_slice()));
        if is_right { Ok(()) } else { Err(signature::Error::new()) }
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

/// A public key, as DER of PKCS #1.
struct Rs256(Vec<u8>);

impl Verifier<Vec<u8>> for Rs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        if has_signed(&self.0, message, signature) { Ok(()) } else { Err(signature::Error::new()) }
    }
}

impl JwtVerifier for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Millis = SECOND;

    fn tokens() -> Tokens {
        Tokens::new("secret", "http://localhost:1/v1", "local")
    }

    fn claims() -> Value {
        json!({
            "aud": "http://localhost:1/v1", "sub": "u", "iat": 1, "exp": 2, "jti": "j", "scope": "read:authenticators",
            "other": { "tenantId": "local", "publishableKey": "p", "userId": "u", "actionCode": "a", "idempotencyKey": "k" },
            "binding": { "userKey": "uk", "actionKey": "ak" },
        })
    }

    /// Signs anything at all with `key`, under any header.
    fn signed(header: &Value, claims: &Value, key: &str) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let mac = BASE64.encode(hmac_sha256(key.as_bytes(), message.as_bytes()));
        format!("{message}.{mac}")
    }

    #[test]
    fn a_minted_token_reads_as_what_was_minted() {
        let claims: Claims = serde_json::from_value(claims()).unwrap();
        assert_eq!(tokens().read(&tokens().mint(&claims).unwrap(), NOW), Some(claims));
    }

    #[test]
    fn t13_what_this_tenant_did_not_sign_is_refused() {
        let hs256 = json!({ "typ": "JWT", "alg": "HS256" });
        assert!(tokens().read(&signed(&hs256, &claims(), "secret"), NOW).is_some(), "the fixture is good");

        let spoiled = |pointer: &str, value: Value| {
            let mut claims = claims();
            *claims.pointer_mut(pointer).unwrap() = value;
            signed(&hs256, &claims, "secret")
        };
        let unsigned = signed(&json!({ "alg": "none" }), &claims(), "secret");
        let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
        for (why, token) in [
            ("another key", signed(&hs256, &claims(), "Secret")),
            ("an empty key", signed(&hs256, &claims(), "")),
            ("alg none", signed(&json!({ "alg": "none" }), &claims(), "secret")),
            ("alg none, no signature", format!("{unsigned}.")),
            ("another type", signed(&json!({ "typ": "at+jwt", "alg": "HS256" }), &claims(), "secret")),
            ("another algorithm", signed(&json!({ "alg": "HS512" }), &claims(), "secret")),
            ("an asymmetric algorithm", signed(&json!({ "alg": "RS256" }), &claims(), "secret")),
            ("another audience", spoiled("/aud", json!("http://localhost:2/v1"))),
            ("another tenant", spoiled("/other/tenantId", json!("other"))),
            ("two subjects", spoiled("/sub", json!("v"))),
            ("a time to come", spoiled("/iat", json!(62))),
            ("the farthest time to come", spoiled("/iat", json!(i64::MAX))),
            ("a textual end", spoiled("/exp", json!("2"))),
            ("no binding", spoiled("/binding", json!({}))),
            ("nothing", String::new()),
            ("no token at all", "a.b.c".to_owned()),
        ] {
            assert_eq!(tokens().read(&token, NOW), None, "{why}");
        }
    }

    // Made by `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`, for tests.
    const KEY: &str = include_str!("../tests/keys/one.pem");
    const OTHER_KEY: &str = include_str!("../tests/keys/other.pem");

    fn rs256(pem: &str) -> (TokenKey, Tokens) {
        let key = TokenKey::from_pem(pem.as_bytes()).unwrap();
        let tokens = Tokens::with_key(&key, "http://localhost:1/v1", "local");
        (key, tokens)
    }

    #[test]
    fn t13_with_rs256_a_token_that_is_signed_with_what_is_public_is_refused() {
        let (key, tokens) = rs256(KEY);
        let (_, others) = rs256(OTHER_KEY);
        let minted: Claims = serde_json::from_value(claims()).unwrap();
        let token = tokens.mint(&minted).unwrap();
        assert_eq!(tokens.read(&token, NOW), Some(minted.clone()));
        assert_eq!(others.read(&token, NOW), None, "another key");
        assert_eq!(super::tests::tokens().read(&token, NOW), None, "a tenant of HS256");

        let (message, mac) = token.rsplit_once('.').unwrap();
        let (_, payload) = message.split_once('.').unwrap();
        let n = BASE64.decode(key.jwks()["keys"][0]["n"].as_str().unwrap()).unwrap();
        let jwks = key.jwks().to_string();
        let hs256 = |secret: &[u8], header: Value| {
            let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims().to_string()));
            let mac = BASE64.encode(hmac_sha256(secret, message.as_bytes()));
            format!("{message}.{mac}")
        };
        let confused = json!({ "typ": "JWT", "alg": "HS256", "kid": key.id() });
        let none = BASE64.encode(json!({ "typ": "JWT", "alg": "none" }).to_string());
        for (why, token) in [
            ("HS256 with the public key as DER", hs256(key.public_der(), confused.clone())),
            ("HS256 with the modulus", hs256(&n, confused.clone())),
            ("HS256 with the key set's text", hs256(jwks.as_bytes(), confused.clone())),
            ("HS256 with the tenant's secret", hs256(b"secret", confused)),
            ("RS256, a MAC for a signature", hs256(key.public_der(), json!({ "typ": "JWT", "alg": "RS256" }))),
            ("alg none", format!("{none}.{payload}.")),
            ("alg none with the signature", format!("{none}.{payload}.{mac}")),
            ("no signature", format!("{message}.")),
            ("a changed payload", token.replacen(&payload[..8], &payload[1..9], 1)),
        ] {
            assert_eq!(tokens.read(&token, NOW), None, "{why}");
        }
    }

    #[test]
    fn a_key_that_is_too_short_or_none_is_refused_in_words() {
        let refused = |pem: &[u8]| TokenKey::from_pem(pem).unwrap_err();
        assert!(refused(include_bytes!("../tests/keys/short.pem")).contains("2048 bits or more"));
        assert!(refused(b"no key").contains("no RSA private key"));
    }
}
