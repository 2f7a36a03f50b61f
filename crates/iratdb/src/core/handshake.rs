//! The cryptography of the handshake; who sends what when is the [`crate::core::guard`]'s.
//!
//! Both sides bring a fresh X25519 key. The transcript is a hash of everything said so far; it goes into the keys that wrap
//! the data keys, and into every signature.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use super::cert::DatabaseId;
use super::secret::hash;

/// A hash of everything said so far.
pub type Transcript = [u8; 32];

/// What has been said with the first two messages.
pub fn transcript(database: DatabaseId, hello: &[u8], offer: &[u8]) -> Transcript {
    hash("iratdb/2 transcript", &[&database.0, &hash("", &[hello]), &hash("", &[offer])])
}

/// And with the third.
pub fn transcript_with_claim(transcript: &Transcript, claim: &[u8]) -> Transcript {
    hash("iratdb/2 transcript and claim", &[transcript, claim])
}

/// What a donor signs in an offer.
pub fn offered(database: DatabaseId, hello: &[u8], body: &[u8]) -> [u8; 32] {
    hash("iratdb/2 offer", &[&database.0, &hash("", &[hello]), body])
}

/// What a joiner signs in a claim.
pub fn claimed(transcript: &Transcript, body: &[u8]) -> [u8; 32] {
    hash("iratdb/2 claim", &[transcript, body])
}

/// What a donor signs in a grant.
pub fn granted(transcript: &Transcript, body: &[u8]) -> [u8; 32] {
    hash("iratdb/2 grant", &[transcript, body])
}

/// What a process signs that was asked whether it is alive.
pub fn proven(database: DatabaseId, body: &[u8]) -> [u8; 32] {
    hash("iratdb/2 proof", &[&database.0, body])
}

/// A fresh X25519 key; it serves one handshake.
#[derive(Debug)]
pub struct Exchange {
    private: EphemeralPrivateKey,
    /// The public half.
    pub public: [u8; 32],
}

impl Exchange {
    /// A fresh one. ring takes the randomness from the system itself. `None` if the system has none.
    pub fn new() -> Option<Self> {
        let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).ok()?;
        let mut public = [0; 32];
        public.copy_from_slice(private.compute_public_key().ok()?.as_ref());
        Some(Self { private, public })
    }

    /// The key that both sides get. `None` if the other side's key is no good.
    pub fn agree(self, theirs: &[u8; 32], transcript: &Transcript) -> Option<Wrap> {
        let theirs = UnparsedPublicKey::new(&X25519, theirs);
        let prk = agree_ephemeral(self.private, &theirs, |shared| Salt::new(HKDF_SHA256, transcript).extract(shared));
        let prk = prk.ok()?;
        let okm = prk.expand(&[b"iratdb/2 grant"], &AES_256_GCM).ok()?;
        Some(Wrap(LessSafeKey::new(UnboundKey::from(okm))))
    }
}

/// A key that seals one message.
#[derive(Debug)]
pub struct Wrap(LessSafeKey);

impl Wrap {
    fn nonce() -> Nonce {
        // The key is used once.
        Nonce::assume_unique_for_key([0; 12])
    }

    /// Seals the one message.
    pub fn seal(self, transcript: &Transcript, mut clear: Zeroizing<Vec<u8>>) -> Option<Vec<u8>> {
        let tag = self.0.seal_in_place_separate_tag(Self::nonce(), Aad::from(transcript), &mut clear).ok()?;
        Some([clear.as_slice(), tag.as_ref()].concat())
    }

    /// Opens it.
    pub fn open(&self, transcript: &Transcript, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut clear = Zeroizing::new(sealed.to_vec());
        let length = self.0.open_in_place(Self::nonce(), Aad::from(transcript), &mut clear).ok()?.len();
        clear.truncate(length);
        Some(clear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_get_the_same_keys_and_nobody_else() {
        let (joiner, donor) = (Exchange::new().unwrap(), Exchange::new().unwrap());
        let (joiner_public, donor_public) = (joiner.public, donor.public);
        let at_joiner = joiner.agree(&donor_public, &[1; 32]).unwrap();
        let at_donor = donor.agree(&joiner_public, &[1; 32]).unwrap();
        let sealed = at_donor.seal(&[1; 32], Zeroizing::new(b"keys".to_vec())).unwrap();
        assert_eq!(at_joiner.open(&[1; 32], &sealed).as_deref().map(Vec::as_slice), Some(&b"keys"[..]));
        assert!(at_joiner.open(&[2; 32], &sealed).is_none(), "another transcript");
        let other = Exchange::new().unwrap().agree(&donor_public, &[1; 32]).unwrap();
        assert!(other.open(&[1; 32], &sealed).is_none());
    }

    #[test]
    fn a_key_that_gives_nothing_away_is_refused() {
        assert!(Exchange::new().unwrap().agree(&[0; 32], &[1; 32]).is_none());
    }
}
