//! The hash functions of digest.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

/// A digest algorithm without its `-sess` suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5, also where nothing is said.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512_256,
}

impl Algorithm {
    /// Reads a name without `-sess`, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [("MD5", Self::Md5), ("SHA-256", Self::Sha256), ("SHA-512-256", Self::Sha512_256)]
            .into_iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, algorithm)| algorithm)
    }

    /// The hash in lower-case hexadecimal.
    #[must_use]
    pub fn hex(self, input: &[u8]) -> String {
        match self {
            Self::Md5 => to_hex(&Md5::digest(input)),
            Self::Sha256 => to_hex(&Sha256::digest(input)),
            Self::Sha512_256 => to_hex(&Sha512_256::digest(input)),
        }
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
