//! Secrets in memory, and the few ways in which keys, hashes and random numbers come about.

use std::fmt;

use ring::digest::{Context, SHA256};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk};
use ring::hmac;
use zeroize::{Zeroize, Zeroizing};

/// 32 secret bytes: overwritten when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// These bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// SHA-256 of parts under a label. The parts have fixed lengths, or there is one at the end that has not.
pub fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(label.as_bytes());
    context.update(&[0]);
    parts.iter().for_each(|part| context.update(part));
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// HMAC-SHA-256 of numbers under a secret.
pub fn mac(secret: &Secret, numbers: &[u64]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.bytes()));
    numbers.iter().for_each(|number| context.update(&number.to_le_bytes()));
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Random bytes from a seed, by HKDF. After each use the state moves on, and can't be moved back: what has been given out
/// can't be computed again from what is in memory. With the same seed comes the same sequence, which the simulator needs.
#[derive(Debug)]
pub struct Entropy(Prk);

impl Entropy {
    /// Starts from a seed.
    pub fn new(seed: &Secret) -> Self {
        Self(Prk::new_less_safe(HKDF_SHA256, seed.bytes()))
    }

    fn expand(&self, label: &[u8], out: &mut [u8]) {
        let filled = self.0.expand(&[label], Length(out.len())).and_then(|okm| okm.fill(out));
        // HKDF gives 8160 bytes at most; here it is 64.
        debug_assert!(filled.is_ok(), "too many bytes at once");
    }

    /// 32 bytes.
    pub fn bytes(&mut self) -> Zeroizing<[u8; 32]> {
        let mut both = Zeroizing::new([0; 64]);
        self.expand(b"iratdb/2 random", &mut *both);
        let mut out = Zeroizing::new([0; 32]);
        let (given, next) = both.split_at(32);
        out.copy_from_slice(given);
        self.0 = Prk::new_less_safe(HKDF_SHA256, next);
        out
    }

    /// A secret.
    pub fn secret(&mut self) -> Secret {
        Secret::new(*self.bytes())
    }

    /// A number that is not zero.
    pub fn number(&mut self) -> u64 {
        loop {
            let bytes = self.bytes();
            let number = bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
            if number != 0 {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_and_never_twice() {
        let mut one = Entropy::new(&Secret::new([1; 32]));
        let mut other = Entropy::new(&Secret::new([1; 32]));
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1_000 {
            let bytes = *one.bytes();
            assert_eq!(bytes, *other.bytes());
            assert!(seen.insert(bytes));
        }
        assert_ne!(*one.bytes(), *Entropy::new(&Secret::new([2; 32])).bytes());
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new([7; 32])), "Secret");
    }
}
