//! Text as it stands on the wire: bytes that are nearly always UTF-8.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

/// The bytes as UTF-8 if they are, else as Latin-1: every byte means something.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect()),
    }
}

/// A header value or reason phrase: any bytes but CR and LF.
///
/// RFC 3261 says UTF-8, telephones send Latin-1 too, and quoted-pairs may hold control characters
/// (RFC 4475 `intmeth`), so the bytes are kept as they came and decoded when somebody looks.
/// A `Text` can't hold a line end: building one from outside text turns CR and LF into spaces, so no
/// caller's string can smuggle in a header field.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Bytes);

impl Text {
    /// Bytes known to hold neither CR nor LF (the lexer has cut at those).
    pub(crate) fn from_line(bytes: Bytes) -> Self {
        debug_assert!(!bytes.iter().any(|b| matches!(b, b'\r' | b'\n')), "a line has no line end in it");
        Self(bytes)
    }

    /// A constant without line ends.
    #[must_use]
    pub fn from_static(text: &'static str) -> Self {
        if text.bytes().any(|b| matches!(b, b'\r' | b'\n')) {
            Self::from(text)
        } else {
            Self(Bytes::from_static(text.as_bytes()))
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text: as UTF-8 if it is, else as Latin-1.
    #[must_use]
    pub fn to_str(&self) -> Cow<'_, str> {
        decode(&self.0)
    }

    /// The text if it is UTF-8.
    #[must_use]
    pub fn as_utf8(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if text.bytes().any(|b| matches!(b, b'\r' | b'\n')) {
            return Self(Bytes::from(text.replace(['\r', '\n'], " ")));
        }
        Self(Bytes::from(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_from_outside_become_spaces() {
        assert_eq!(Text::from("a\r\nVia: forged"), "a  Via: forged");
        assert_eq!(Text::from_static("a\nb"), "a b");
    }

    #[test]
    fn latin_1_is_readable() {
        assert_eq!(Text::from_line(Bytes::from_static(b"J\xfcrgen")).to_str(), "Jürgen");
        assert_eq!(Text::from("Jürgen").to_str(), "Jürgen");
    }
}
