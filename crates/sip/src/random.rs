//! Tokens nobody can guess, from one seed.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Makes tags, branches and Call-IDs from a seed.
///
/// SHA-256 over seed and counter: one-way, so that tokens seen on the wire do not tell the next ones
/// (RFC 3261 §19.3 asks for 32 random bits in a tag; these have 64), and the same seed gives the same run.
#[derive(Clone)]
pub struct TokenSource {
    seed: u64,
    counter: u64,
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The seed is a secret: whoever knows it can forge in-dialog requests.
        f.debug_struct("TokenSource").field("counter", &self.counter).finish_non_exhaustive()
    }
}

impl TokenSource {
    /// A source; two with the same seed make the same tokens.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.counter += 1;
        self.hash(&self.counter.to_be_bytes())
    }

    /// The token of 16 hexadecimal digits that belongs to a text: the same whenever it is asked for, and as hard
    /// to guess as the others.
    #[must_use]
    pub fn derived(&self, from: &str) -> String {
        // A first byte that no counter begins with, for it would have to count to 2^63.
        let text = [b"\xff", from.as_bytes()].concat();
        format!("{:016x}", self.hash(&text))
    }

    fn hash(&self, text: &[u8]) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(text);
        let digest = hash.finalize();
        let mut first = [0u8; 8];
        first.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
        u64::from_be_bytes(first)
    }

    /// A token of 16 hexadecimal digits.
    pub fn token(&mut self) -> String {
        let mut token = String::with_capacity(16);
        self.append_token(&mut token);
        token
    }

    /// Appends a token of 16 hexadecimal digits.
    pub fn append_token(&mut self, to: &mut String) {
        // Writing to a String cannot fail.
        write!(to, "{:016x}", self.next_u64()).unwrap_or_default();
    }

    /// A number below `bound` (0 if `bound` is 0); the bias is at most `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_tokens_and_another_one_others() {
        let (mut a, mut b, mut c) = (TokenSource::new(1), TokenSource::new(1), TokenSource::new(2));
        let first = a.token();
        assert_eq!(first, b.token());
        assert_ne!(first, c.token());
        assert_ne!(first, a.token());
        assert_eq!(first.len(), 16);
    }

    #[test]
    fn a_derived_token_is_always_the_same_and_depends_on_the_seed() {
        let (mut a, b, c) = (TokenSource::new(1), TokenSource::new(1), TokenSource::new(2));
        a.next_u64();
        assert_eq!(a.derived("x"), b.derived("x"));
        assert_ne!(a.derived("x"), a.derived("y"));
        assert_ne!(a.derived("x"), c.derived("x"));
        assert_eq!(a.derived("").len(), 16);
    }
}
