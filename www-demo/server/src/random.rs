//! Where ids, codes and keys come from.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Builder;

/// The system's generator, or a repeatable sequence for tests.
pub enum Random {
    /// The system's generator.
    System,
    /// HMAC-SHA-256 of a counter under a seed; for tests only.
    Seeded {
        /// The same seed gives the same sequence.
        seed: u64,
        /// Blocks drawn so far.
        drawn: AtomicU64,
    },
}

impl Random {
    /// The sequence of this seed.
    pub fn seeded(seed: u64) -> Self {
        Random::Seeded { seed, drawn: AtomicU64::new(0) }
    }

    /// Begins a repeatable sequence anew; the system's generator has no beginning.
    pub fn restart(&self) {
        self.resume(0);
    }

    /// How far a repeatable sequence has come.
    pub fn position(&self) -> u64 {
        match self {
            Random::System => 0,
            Random::Seeded { drawn, .. } => drawn.load(Ordering::SeqCst),
        }
    }

    /// Takes a repeatable sequence to where it was.
    pub fn resume(&self, position: u64) {
        if let Random::Seeded { drawn, .. } = self {
            drawn.store(position, Ordering::SeqCst);
        }
    }

    /// So many random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            // Without randomness nothing that this server hands out is safe: better not to answer at all.
            Random::System => getrandom::fill(&mut bytes).expect("the system's random generator works"),
            Random::Seeded { seed, drawn } => {
                for chunk in bytes.chunks_mut(32) {
                    let block = drawn.fetch_add(1, Ordering::SeqCst);
                    let digest = hmac_sha256(&seed.to_be_bytes(), &block.to_be_bytes());
                    chunk.copy_from_slice(&digest[..chunk.len()]);
                }
            }
        }
        bytes
    }

    /// A fresh id: a UUID of version 4.
    pub fn id(&self) -> String {
        Builder::from_random_bytes(self.bytes()).into_uuid().to_string()
    }

    /// An unguessable word: 32 random bytes in base64url.
    pub fn word(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }
}

/// HMAC-SHA-256.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length: the error of `new_from_slice` does not occur.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_sequence_and_another_does_not() {
        let (one, same, other) = (Random::seeded(1), Random::seeded(1), Random::seeded(2));
        let drawn = (one.id(), one.word(), one.bytes::<70>());
        assert_eq!(drawn, (same.id(), same.word(), same.bytes::<70>()));
        assert_ne!(drawn.0, other.id());
        assert_ne!(drawn.0, one.id());
    }
}
