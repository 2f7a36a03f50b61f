use std::fmt;
use std::str::FromStr;

use ulid::Ulid;

use crate::subjects::is_token;

/// Name of a call: `<node>-<ULID>`.
///
/// The node is the media switch that owns the call, so the subject of every request about the call
/// follows from the id alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId {
    text: String,
    node_len: usize,
}

/// A text that is no call id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no call id: one is <node>-<ULID>")]
pub struct CallIdError(String);

const ULID_LEN: usize = 26;

impl CallId {
    /// The id of a call on `node`. The ULID comes from outside, so that cores stay free of clock and randomness.
    pub fn new(node: &str, ulid: Ulid) -> Self {
        Self { text: format!("{node}-{ulid}"), node_len: node.len() }
    }

    /// The node that owns the call.
    pub fn node(&self) -> &str {
        self.text.get(..self.node_len).unwrap_or_default()
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for CallId {
    type Err = CallIdError;

    fn from_str(text: &str) -> Result<Self, CallIdError> {
        let refused = || CallIdError(text.chars().take(80).collect());
        let (node, ulid) = text.rsplit_once('-').ok_or_else(refused)?;
        if !is_token(node) || ulid.len() != ULID_LEN || Ulid::from_string(ulid).is_err() {
            return Err(refused());
        }
        Ok(Self { text: text.to_owned(), node_len: node.len() })
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for CallId {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_may_contain_dashes() {
        let ulid = Ulid::from_parts(1_700_000_000_000, 7);
        let id = CallId::new("media-switch-2", ulid);
        let parsed: CallId = id.as_str().parse().unwrap();
        assert_eq!(parsed, id);
        assert_eq!(parsed.node(), "media-switch-2");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "node",
            "node-",
            "-01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "a.b-01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "node-01ARZ3NDEKTSV4RRFFQ69G5FA",
            "node-01ARZ3NDEKTSV4RRFFQ69G5FAU!",
        ] {
            assert!(text.parse::<CallId>().is_err(), "{text}");
        }
    }
}
