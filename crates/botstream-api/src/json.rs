//! Reads JSON into a message so that a refusal says *where* and *what instead*.
//!
//! serde_json reports text positions; a person typing a request needs the field's path, the nearest
//! known name and the allowed values. Text is read into a small tree first, which keeps duplicate keys
//! (they are refused), then a deserializer of ours walks it: errors start at the leaf and collect the path
//! on their way out.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::{Error, ErrorCode};

/// Reads a message from JSON text.
pub fn from_json<M: DeserializeOwned>(text: &[u8]) -> Result<M, Error> {
    let tree: Tree = serde_json::from_slice(text)
        .map_err(|e| Error::new(ErrorCode::InvalidArgument, format!("body is not valid JSON: {e}")))?;
    M::deserialize(tree).map_err(Refusal::into_error)
}

/// Reads a message from a JSON value, e.g. one made from a configuration file.
pub fn from_value<M: DeserializeOwned>(value: serde_json::Value) -> Result<M, Error> {
    M::deserialize(Tree::from(value)).map_err(Refusal::into_error)
}

enum Tree {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl From<serde_json::Value> for Tree {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(b),
            Value::Number(n) => match (n.as_u64(), n.as_i64()) {
                (Some(u), _) => Self::Unsigned(u),
                (None, Some(i)) => Self::Signed(i),
                (None, None) => n.as_f64().map_or(Self::Null, Self::Float),
            },
            Value::String(s) => Self::Text(s),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(map) => Self::Object(map.into_iter().map(|(key, value)| (key, Self::from(value))).collect()),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TreeVisitor;

        impl<'de> Visitor<'de> for TreeVisitor {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Null)
            }
            fn visit_bool<E>(self, v: bool) -> Result<Tree, E> {
                Ok(Tree::Bool(v))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Tree, E> {
                Ok(Tree::Unsigned(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Tree, E> {
                Ok(Tree::Signed(v))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Tree, E> {
                Ok(Tree::Float(v))
            }
            fn visit_str<E>(self, v: &str) -> Result<Tree, E> {
                Ok(Tree::Text(v.to_owned()))
            }
            fn visit_string<E>(self, v: String) -> Result<Tree, E> {
                Ok(Tree::Text(v))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Tree::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Tree::Object(entries))
            }
        }

        deserializer.deserialize_any(TreeVisitor)
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(v) => visitor.visit_bool(v),
            Self::Unsigned(v) => visitor.visit_u64(v),
            Self::Signed(v) => visitor.visit_i64(v),
            Self::Float(v) => visitor.visit_f64(v),
            Self::Text(v) => visitor.visit_string(v),
            Self::List(items) => visitor.visit_seq(Items { items: items.into_iter(), index: 0 }),
            Self::Object(entries) => visitor.visit_map(Entries { entries: entries.into_iter(), pending: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Self::Null => visitor.visit_none(),
            other => visitor.visit_some(other),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    /// An enum whose variants are names alone.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self {
            Self::Text(name) => visitor.visit_enum(StringDeserializer::new(name)),
            other => other.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items {
    items: std::vec::IntoIter<Tree>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let index = self.index;
        self.index += 1;
        seed.deserialize(item).map(Some).map_err(|e| e.within(index.to_string()))
    }
}

struct Entries {
    entries: std::vec::IntoIter<(String, Tree)>,
    pending: Option<(String, Tree)>,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        let found = seed.deserialize(StringDeserializer::new(key.clone()))?;
        self.pending = Some((key, value));
        Ok(Some(found))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let (key, value) = self.pending.take().ok_or_else(|| de::Error::custom("value without key"))?;
        seed.deserialize(value).map_err(|e| e.within(key))
    }
}

/// Why a tree is not the message that was asked for.
#[derive(Debug)]
struct Refusal {
    /// Innermost name first.
    path: Vec<String>,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    UnknownField { name: String, known: &'static [&'static str] },
    UnknownValue { value: String, known: &'static [&'static str] },
    Duplicate { name: &'static str },
    NotANumber,
    Other(String),
}

impl Refusal {
    fn new(reason: Reason) -> Self {
        Self { path: Vec::new(), reason }
    }

    fn within(mut self, name: String) -> Self {
        self.path.push(name);
        self
    }

    fn into_error(mut self) -> Error {
        let (code, leaf, message) = match self.reason {
            Reason::UnknownField { name, known } => {
                let message = unknown_field_message(&name, known);
                (ErrorCode::UnknownField, Some(name), message)
            }
            Reason::UnknownValue { value, known } => {
                let message = format!("{value:?} is not allowed; use one of {}", values(known).join(", "));
                (ErrorCode::InvalidArgument, None, message)
            }
            Reason::Duplicate { name } => {
                let name = snake_case(name);
                let message = "given more than once".to_owned();
                (ErrorCode::InvalidArgument, Some(name), message)
            }
            Reason::NotANumber => {
                (ErrorCode::InvalidArgument, None, format!("must be a whole number from 0 to {}", u32::MAX))
            }
            Reason::Other(message) => (ErrorCode::InvalidArgument, None, message),
        };
        self.path.reverse();
        self.path.extend(leaf);
        if self.path.is_empty() {
            return Error::new(code, message);
        }
        let field = self.path.join(".");
        let message = match code {
            ErrorCode::UnknownField => message,
            _ => format!("{field}: {message}"),
        };
        Error::new(code, message).field(field)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.reason, self.path)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        // What serde says of pbjson's "number, or number in a string"; no other type of ours is untagged.
        if message.starts_with("data did not match any variant of untagged enum") || message.contains("invalid digit") {
            return Self::new(Reason::NotANumber);
        }
        Self::new(Reason::Other(message))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Reason::Other(format!("is {found}, must be {expected}")))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let name = name.chars().take(NAME_CHARS_MAX).collect();
        Self::new(Reason::UnknownField { name, known })
    }

    fn unknown_variant(value: &str, known: &'static [&'static str]) -> Self {
        let value = value.chars().take(NAME_CHARS_MAX).collect();
        Self::new(Reason::UnknownValue { value, known })
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::new(Reason::Duplicate { name })
    }
}

/// Most of a wrong name that an error repeats.
const NAME_CHARS_MAX: usize = 64;

/// pbjson reports duplicates by the camel-case name.
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Field names come in both spellings; people are told the one that is emitted.
fn names<'a>(known: &'a [&'static str]) -> impl Iterator<Item = &'static str> + 'a {
    known.iter().copied().filter(|name| !name.bytes().any(|b| b.is_ascii_uppercase()))
}

fn values(known: &[&'static str]) -> Vec<&'static str> {
    known.iter().copied().filter(|value| !value.ends_with("_UNSPECIFIED")).collect()
}

fn unknown_field_message(name: &str, known: &[&'static str]) -> String {
    match nearest(name, names(known)) {
        Some(near) => format!("unknown field {name:?}; did you mean {near:?}?"),
        None => {
            let known: Vec<_> = names(known).collect();
            format!("unknown field {name:?}; known are {}", known.join(", "))
        }
    }
}

fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    const SIMILARITY_MIN: f64 = 0.7;
    let name = name.to_ascii_lowercase();
    known
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DialRequest;

    fn refused(json: &str) -> Error {
        from_json::<DialRequest>(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn an_unknown_field_names_the_nearest() {
        let error = refused(r#"{"to":"+1","ring_timeout":5}"#);
        assert_eq!(error.code, ErrorCode::UnknownField);
        assert_eq!(error.field.as_deref(), Some("ring_timeout"));
        assert_eq!(error.message, r#"unknown field "ring_timeout"; did you mean "ring_timeout_ms"?"#);
        let error = refused(r#"{"bot":{"format":{"rat":8000}}}"#);
        assert_eq!(error.field.as_deref(), Some("bot.format.rat"));
        assert!(error.message.contains(r#"did you mean "rate""#), "{error}");
        let error = refused(r#"{"zzz":1}"#);
        assert!(error.message.contains("known are to, from, trunk"), "{error}");
    }

    #[test]
    fn a_wrong_value_names_the_allowed_ones() {
        let error = refused(r#"{"bot":{"format":{"encoding":"opus"}}}"#);
        assert_eq!(error.code, ErrorCode::InvalidArgument);
        assert_eq!(error.field.as_deref(), Some("bot.format.encoding"));
        assert_eq!(error.message, r#"bot.format.encoding: "opus" is not allowed; use one of l16, mulaw, alaw"#);
    }

    #[test]
    fn a_wrong_type_names_the_field() {
        for (json, field) in [
            (r#"{"to":5}"#, "to"),
            (r#"{"ring_timeout_ms":-1}"#, "ring_timeout_ms"),
            (r#"{"ring_timeout_ms":"soon"}"#, "ring_timeout_ms"),
            (r#"{"ring_timeout_ms":1.5}"#, "ring_timeout_ms"),
            (r#"{"ring_timeout_ms":4294967296}"#, "ring_timeout_ms"),
            (r#"{"bot":[]}"#, "bot"),
            (r#"{"vars":{"a":1}}"#, "vars.a"),
        ] {
            let error = refused(json);
            assert_eq!(error.code, ErrorCode::InvalidArgument, "{json}");
            assert_eq!(error.field.as_deref(), Some(field), "{json}: {error}");
        }
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let error = refused(r#"{"ring_timeout_ms":1,"ringTimeoutMs":2}"#);
        assert_eq!(error.field.as_deref(), Some("ring_timeout_ms"));
    }

    #[test]
    fn camel_case_is_read_too() {
        let request: DialRequest = from_json(br#"{"ringTimeoutMs":5}"#).unwrap();
        assert_eq!(request.ring_timeout_ms, 5);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "[".repeat(100_000);
        assert!(from_json::<DialRequest>(text.as_bytes()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics(text in ".{0,200}") {
            drop(from_json::<DialRequest>(text.as_bytes()));
        }
    }
}
