//! Master keys, and the session keys made from them (RFC 3711 §4.3).

use std::fmt;

use super::cipher::Session;
use super::{Error, Suite};

/// Bytes of the longest master key and salt.
pub const MASTER_BYTES_MAX: usize = 32 + 12;

/// Session keys' labels (RFC 3711 §4.3.2): encryption, authentication, salt; three more for SRTCP.
const RTP_LABELS: [u8; 3] = [0, 1, 2];
const RTCP_LABELS: [u8; 3] = [3, 4, 5];

/// Bytes of HMAC-SHA1's session key (RFC 3711 §5.2).
const AUTHENTICATION_KEY_LEN: usize = 20;

/// Length of the salt in key derivation; shorter ones get zeros behind (RFC 7714 §11).
const SALT_LEN: usize = 14;

/// The key and salt that both sides know from SDP. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: [u8; MASTER_BYTES_MAX],
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl MasterKey {
    /// A key from the bytes of `inline:`, key and salt in a row (RFC 4568 §6.1); a new one from as many random bytes.
    ///
    /// # Errors
    /// [`Error::KeyLength`].
    pub fn new(suite: Suite, key_and_salt: &[u8]) -> Result<Self, Error> {
        let expected = suite.key_len() + suite.salt_len();
        if key_and_salt.len() != expected {
            return Err(Error::KeyLength { len: key_and_salt.len(), expected });
        }
        let mut bytes = [0; MASTER_BYTES_MAX];
        bytes[..expected].copy_from_slice(key_and_salt);
        Ok(Self { suite, bytes })
    }

    /// The suite it is for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Key and salt in a row.
    pub fn key_and_salt(&self) -> &[u8] {
        &self.bytes[..self.suite.key_len() + self.suite.salt_len()]
    }

    /// The session keys of RTP and of RTCP.
    pub(super) fn sessions(&self) -> Result<[Session; 2], Error> {
        Ok([self.session(RTP_LABELS)?, self.session(RTCP_LABELS)?])
    }

    fn session(&self, [encryption, authentication, salt]: [u8; 3]) -> Result<Session, Error> {
        let (mut key, mut authentication_key, mut session_salt) = ([0; 32], [0; AUTHENTICATION_KEY_LEN], [0; SALT_LEN]);
        self.derive(encryption, &mut key);
        self.derive(authentication, &mut authentication_key);
        self.derive(salt, &mut session_salt);
        Session::new(
            self.suite,
            &key[..self.suite.key_len()],
            &authentication_key,
            &session_salt[..self.suite.salt_len()],
        )
    }

    /// The key stream of the master key, from the master salt and a label (RFC 3711 §4.3.3; RFC 6188 §2 with 256 bits).
    fn derive(&self, label: u8, out: &mut [u8]) {
        let (key, salt) = self.key_and_salt().split_at(self.suite.key_len());
        let mut counter = [0; 16];
        counter[..salt.len()].copy_from_slice(salt);
        // The label stands 48 bits above the lower end of the salt; the index is 0, because nothing is derived anew.
        counter[SALT_LEN - 7] ^= label;
        out.fill(0);
        super::cipher::apply_key_stream(key, &counter, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap()).collect()
    }

    #[test]
    fn session_keys_are_those_of_rfc_3711_b_3() {
        let master = bytes("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6");
        let master = MasterKey::new(Suite::AesCm128HmacSha1_80, &master).unwrap();
        let derived = |label: u8, len: usize| {
            let mut out = vec![0xff; len];
            master.derive(label, &mut out);
            out
        };
        assert_eq!(derived(0, 16), bytes("c61e7a93744f39ee10734afe3ff7a087"));
        assert_eq!(derived(2, 14), bytes("30cbbc08863d8c85d49db34a9ae1"));
        assert_eq!(derived(1, 20), bytes("cebe321f6ff7716b6fd4ab49af256a156d38baa4"));
        assert!(!format!("{master:?}").contains("225"));
    }

    #[test]
    fn keys_have_the_length_of_their_suite() {
        for suite in Suite::ALL {
            let len = suite.key_len() + suite.salt_len();
            assert_eq!(MasterKey::new(suite, &vec![7; len]).map(|key| key.key_and_salt().to_vec()), Ok(vec![7; len]));
            assert_eq!(MasterKey::new(suite, &vec![7; len - 1]), Err(Error::KeyLength { len: len - 1, expected: len }));
            assert_eq!(Suite::from_name(suite.name()), Some(suite));
        }
        assert_eq!(Suite::from_name("NULL"), None);
    }
}
