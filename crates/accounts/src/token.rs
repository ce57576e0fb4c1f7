//! Signed tokens: JWT with HS256. A token names a session, which decides whether it is still valid.

use std::sync::Once;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The name of the issuer: another service may sign with the same key.
const ISSUER: &str = "ollama-mcp";
/// A longer text is no token of ours.
const MAX_BYTES: usize = 1024;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    /// The owner.
    sub: String,
    /// The session.
    pub(crate) sid: String,
    /// Seconds of Unix time.
    iat: i64,
    exp: i64,
}

/// Signs tokens and checks them.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}

impl Tokens {
    pub(crate) fn new(secret: &[u8]) -> Self {
        static INSTALLED: Once = Once::new();
        // It fails only if it is installed already.
        INSTALLED.call_once(|| {
            let _ = PROVIDER.install_default();
        });
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        validation.leeway = 0;
        let (encoding, decoding) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { encoding, decoding, validation }
    }

    /// The token of a session; `None` where it cannot be signed, which does not happen with HS256.
    pub(crate) fn sign(&self, session: &store::Session) -> Option<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: session.owner.as_str().to_owned(),
            sid: session.id.clone(),
            iat: session.created_ms / 1000,
            exp: session.expires_ms / 1000,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).ok()
    }

    /// The claims of a token that was signed here and has not expired.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_BYTES {
            return None;
        }
        jsonwebtoken::decode(token, &self.decoding, &self.validation).ok().map(|token| token.claims)
    }
}

/// The cryptography of HS256, by the crates `hmac` and `sha2`.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.try_get_as_bytes()?)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self> {
        let mac = Hmac::new_from_slice(key).ok().filter(|_| algorithm == Algorithm::HS256);
        mac.map(Self).ok_or_else(|| ErrorKind::InvalidAlgorithm.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        // In constant time.
        mac.verify_slice(signature).map_err(|_| Error::new())
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

#[cfg(test)]
mod tests {
    use store::SessionKind;
    use types::Owner;

    use super::*;
    use crate::random::now_ms;

    fn session(expires_in_ms: i64) -> store::Session {
        store::Session {
            id: "s1".to_owned(),
            kind: SessionKind::Token,
            owner: Owner::local(),
            user_id: None,
            secret_hash: None,
            created_ms: now_ms(),
            expires_ms: now_ms() + expires_in_ms,
        }
    }

    #[test]
    fn token_is_valid_until_it_expires() {
        let tokens = Tokens::new(&[7; 32]);
        let token = tokens.sign(&session(60_000)).unwrap();
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(tokens.verify(&token).unwrap().sid, "s1");
        assert!(tokens.verify(&tokens.sign(&session(-2_000)).unwrap()).is_none());
        assert_eq!(format!("{tokens:?}"), "Tokens(..)");
    }

    #[test]
    fn token_of_another_key_algorithm_or_issuer_is_refused() {
        let tokens = Tokens::new(&[7; 32]);
        let token = tokens.sign(&session(60_000)).unwrap();
        assert!(Tokens::new(&[8; 32]).verify(&token).is_none());
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (_, claims) = head.split_once('.').unwrap();
        // {"alg":"none"}, {"alg":"HS512"}
        for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzUxMiJ9"] {
            assert!(tokens.verify(&format!("{header}.{claims}.{signature}")).is_none(), "{header}");
            assert!(tokens.verify(&format!("{header}.{claims}.")).is_none(), "{header}");
        }
        assert!(tokens.verify(&format!("{head}.{}", "A".repeat(43))).is_none());
        assert!(tokens.verify(&"e".repeat(MAX_BYTES + 1)).is_none());
        let other = serde_claims("another service");
        let other = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &other, &tokens.encoding).unwrap();
        assert!(tokens.verify(&other).is_none());
    }

    fn serde_claims(issuer: &str) -> Claims {
        let exp = now_ms() / 1000 + 60;
        Claims { iss: issuer.to_owned(), sub: "local".to_owned(), sid: "s1".to_owned(), iat: 0, exp }
    }

    /// RFC 7515, A.1: the same key and message give the same signature as everywhere.
    #[test]
    fn signature_is_that_of_the_standard() {
        let hs = Hs256::new(Algorithm::HS256, b"key").unwrap();
        let signed = hs.try_sign(b"The quick brown fox jumps over the lazy dog").unwrap();
        let expected = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
        assert_eq!(crate::random::to_hex(&signed), expected);
        assert!(Hs256::new(Algorithm::HS384, b"key").is_err());
    }
}
