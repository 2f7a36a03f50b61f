//! From text to messages. The type is looked at first, so that an unknown one is told from a known one that is malformed.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{FromBot, ToBot};
use crate::error::{ProtocolError, quote};

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

pub(crate) fn from_bot(text: &str) -> Result<FromBot, ProtocolError> {
    parse(text, &FromBot::TYPES)
}

pub(crate) fn to_bot(text: &str) -> Result<ToBot, ProtocolError> {
    parse(text, &ToBot::TYPES)
}

fn parse<T: DeserializeOwned>(text: &str, types: &[&str]) -> Result<T, ProtocolError> {
    // A JSON array would be read as the fields in order: the protocol has objects only.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(ProtocolError::bad("a message is a JSON object"));
    }
    let tag: Tag<'_> = serde_json::from_str(text).map_err(ProtocolError::bad)?;
    if !types.contains(&tag.kind.as_ref()) {
        return Err(ProtocolError::UnknownType { kind: quote(&tag.kind) });
    }
    serde_json::from_str(text).map_err(|error| ProtocolError::bad(format_args!("{}: {error}", tag.kind)))
}
