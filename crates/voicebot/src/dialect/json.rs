//! JSON from bots, read loosely: any object of at most [`JSON_VALUES_MAX`] values, fields found whatever their case.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Number;

use crate::error::ProtocolError;
use crate::limits::JSON_VALUES_MAX;

/// A JSON value that borrows the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

/// Reads a message: one JSON object.
pub(super) fn parse(text: &str) -> Result<Node<'_>, ProtocolError> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(ProtocolError::bad("a message is a JSON object"));
    }
    let left = Cell::new(JSON_VALUES_MAX);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = Value(&left).deserialize(&mut deserializer).map_err(ProtocolError::bad)?;
    deserializer.end().map_err(ProtocolError::bad)?;
    Ok(node)
}

impl Node<'_> {
    /// The field of this name; of two, the last. `null` is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        let found = fields.iter().rev().find(|(key, _)| is_same_name(key, name));
        found.map(|(_, value)| value).filter(|value| **value != Node::Null)
    }

    /// A text, or what some bots write instead: a number or a truth value.
    pub(super) fn scalar(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// A whole number, or a text that holds one.
    pub(super) fn whole(&self) -> Option<u32> {
        match self {
            Self::Number(number) => match number.as_u64() {
                Some(whole) => u32::try_from(whole).ok(),
                // 8000.0 is 8000.
                None => number.as_f64().map(|float| float.to_string()).and_then(|text| text.parse().ok()),
            },
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A truth value, or a text that holds one.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Bool(truth) => *truth,
            Self::Text(text) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// The scalar in the field `name`; `path` names it in the error.
    pub(super) fn text(&self, name: &str, path: &str) -> Result<Cow<'_, str>, ProtocolError> {
        let field = self.get(name).ok_or_else(|| ProtocolError::bad(format_args!("missing field `{path}`")))?;
        field.scalar().ok_or_else(|| ProtocolError::bad(format_args!("`{path}` is not text")))
    }
}

/// `streamSid`, `stream_sid` and `StreamSid` are one name.
fn is_same_name(left: &str, right: &str) -> bool {
    left == right || letters(left).eq(letters(right))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase())
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(fields) => serializer.collect_map(fields.iter().map(|(key, value)| (key, value))),
        }
    }
}

/// Reads a value while so many are left.
#[derive(Clone, Copy)]
struct Value<'c>(&'c Cell<usize>);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        match self.0.get().checked_sub(1) {
            Some(left) => self.0.set(left),
            None => return Err(de::Error::custom(format_args!("more than {JSON_VALUES_MAX} values"))),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Node<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node<'de>, E> {
        Ok(Number::from_f64(number).map_or(Node::Null, Node::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            fields.push((key, map.next_value_seed(self)?));
        }
        Ok(Node::Object(fields))
    }
}

/// Reads a field's name without copying it.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
