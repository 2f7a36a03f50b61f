//! `a=crypto`: the keys of SRTP in a session description (RFC 4568).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};

/// Most key parameters of one line, and most session parameters.
const PARAMETERS_MAX: usize = 8;

/// Bytes of the longest key and salt that a line may have: twice those of any suite there is.
const KEY_BYTES_MAX: usize = 92;

/// Digits of the longest tag (RFC 4568 §9.2).
const TAG_MAX: u32 = 999_999_999;

/// Some leave out the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One offered or answered way to protect a stream.
#[derive(Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Which offered line an answer takes.
    pub tag: u32,
    /// The suite's name, in any case.
    pub suite: String,
    /// At least one.
    pub keys: Vec<InlineKey>,
    /// Session parameters as they are written, such as `UNENCRYPTED_SRTCP`.
    pub session_parameters: Vec<String>,
}

/// A master key and its salt. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct InlineKey {
    /// Key and salt in a row.
    pub key_and_salt: Vec<u8>,
    /// Packets that may be sent with it; `None`: as many as the suite allows.
    pub lifetime: Option<u64>,
    /// Master key identifier and its length in bytes.
    pub identifier: Option<(u64, u8)>,
}

impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crypto").field("tag", &self.tag).field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl fmt::Debug for InlineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InlineKey(..)")
    }
}

impl Crypto {
    /// A line with one key and nothing else.
    #[must_use]
    pub fn new(tag: u32, suite: &str, key_and_salt: &[u8]) -> Self {
        let key = InlineKey { key_and_salt: key_and_salt.to_vec(), lifetime: None, identifier: None };
        Self { tag, suite: suite.to_owned(), keys: vec![key], session_parameters: Vec::new() }
    }

    /// Reads `<tag> <suite> inline:<key>[|<lifetime>][|<MKI>:<length>][;inline:…] [<session parameter> …]`.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?.parse().ok().filter(|tag| *tag <= TAG_MAX)?;
        let suite = words.next()?.to_owned();
        let keys = words.next()?.split(';').map(InlineKey::parse).collect::<Option<Vec<_>>>()?;
        let session_parameters: Vec<String> = words.take(PARAMETERS_MAX + 1).map(str::to_owned).collect();
        let fits = keys.len() <= PARAMETERS_MAX && session_parameters.len() <= PARAMETERS_MAX;
        fits.then_some(Self { tag, suite, keys, session_parameters })
    }

    /// The key, where the line asks for nothing but that: one key without an identifier, the suite's own ways. A session parameter that is
    /// not understood makes a line unusable (RFC 4568 §6.3), but for the hint of how far packets may be out of order.
    #[must_use]
    pub fn plain_key(&self) -> Option<&[u8]> {
        let is_hint = |parameter: &String| parameter.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("WSH="));
        match &self.keys[..] {
            [InlineKey { key_and_salt, identifier: None, .. }] if self.session_parameters.iter().all(is_hint) => {
                Some(key_and_salt)
            }
            _ => None,
        }
    }
}

impl InlineKey {
    fn parse(text: &str) -> Option<Self> {
        let (method, info) = text.split_once(':')?;
        if !method.eq_ignore_ascii_case("inline") {
            return None;
        }
        let mut parts = info.split('|');
        let encoded = parts.next().filter(|encoded| encoded.len() <= KEY_BYTES_MAX * 4 / 3 + 4)?;
        let key_and_salt = BASE64.decode(encoded).ok().filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX)?;
        let mut key = Self { key_and_salt, lifetime: None, identifier: None };
        for part in parts {
            if let Some((identifier, len)) = part.split_once(':') {
                let len = len.parse().ok().filter(|len| (1..=128).contains(len))?;
                key.identifier = Some((identifier.parse().ok()?, len));
            } else {
                key.lifetime = Some(lifetime(part)?);
            }
        }
        Some(key)
    }
}

/// A number of packets, or a power of two as `2^n`.
fn lifetime(text: &str) -> Option<u64> {
    match text.split_once('^') {
        Some(("2", exponent)) => 1u64.checked_shl(exponent.parse().ok()?),
        Some(_) => None,
        None => text.parse().ok(),
    }
    .filter(|packets| *packets > 0)
}

/// The attribute's value.
impl fmt::Display for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.tag, self.suite)?;
        for (index, key) in self.keys.iter().enumerate() {
            let separator = if index == 0 { "" } else { ";" };
            write!(f, "{separator}inline:{}", general_purpose::STANDARD.encode(&key.key_and_salt))?;
            if let Some(packets) = key.lifetime {
                write!(f, "|{packets}")?;
            }
            if let Some((identifier, len)) = key.identifier {
                write!(f, "|{identifier}:{len}")?;
            }
        }
        self.session_parameters.iter().try_for_each(|parameter| write!(f, " {parameter}"))
    }
}
