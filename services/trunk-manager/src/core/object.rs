//! What the four kinds of objects have in common.

use std::fmt;

use botstream_api::encoding::Body;
use botstream_api::{Bot, ErrorCode, Number, Route, Trunk, subjects};
use botstream_state::config;
use iratdb::rusqlite;
use iratdb::rusqlite::Connection;

use crate::core::telephony::Telephony;
use crate::core::view::{Held, Stored};

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Bot,
    Route,
    Trunk,
    Number,
}

impl Kind {
    /// What is named before what names it.
    pub(crate) const ALL: [Self; 4] = [Self::Bot, Self::Route, Self::Trunk, Self::Number];

    /// Its token in subjects.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Route => "route",
            Self::Trunk => "trunk",
            Self::Number => "number",
        }
    }

    /// Its bucket in JetStream.
    pub(crate) fn bucket(self, cluster: &str) -> String {
        format!("bs_{cluster}_{}s", self.noun())
    }

    /// The field that names an object.
    pub(crate) const fn name_field(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Bot | Self::Route | Self::Trunk => "name",
        }
    }

    /// What is told when there is none of a name.
    pub(crate) const fn not_found(self) -> ErrorCode {
        match self {
            Self::Trunk => ErrorCode::TrunkNotFound,
            Self::Route => ErrorCode::RouteNotFound,
            Self::Bot | Self::Number => ErrorCode::NotFound,
        }
    }
}

/// Which object: its tenant, its trunk if it is a number of one, and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) tenant: String,
    pub(crate) trunk: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn named(tenant: &str, name: &str) -> Self {
        Self { tenant: tenant.to_owned(), trunk: String::new(), name: name.to_owned() }
    }

    /// The key in its bucket: a bucket's keys may have fewer characters than numbers.
    pub(crate) fn to_bucket(&self) -> String {
        format!("{}.{}.{}", escape(&self.tenant), escape(&self.trunk), escape(&self.name))
    }

    /// Reads a key of a bucket; `None` for one that we would not write.
    pub(crate) fn from_bucket(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(unescape);
        let key = Self { tenant: parts.next()??, trunk: parts.next()??, name: parts.next()?? };
        (parts.next().is_none() && key.to_bucket() == text).then_some(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trunk.as_str() {
            "" => write!(f, "{:?}", self.name),
            trunk => write!(f, "{:?} of trunk {trunk:?}", self.name),
        }
    }
}

/// Letters, digits, `-` and `_` stay; every other byte is `=` and two digits. Nothing at all is `=`.
pub(crate) fn escape(text: &str) -> String {
    if text.is_empty() {
        return "=".to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("={byte:02X}"));
        }
    }
    escaped
}

fn unescape(text: &str) -> Option<String> {
    if text == "=" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'=' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail.get(2..)?;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// An object of one kind.
pub(crate) trait Object: Body + Clone + PartialEq + 'static {
    const KIND: Kind;

    fn key(&self) -> Key;
    fn tenant_mut(&mut self) -> &mut String;
    fn revision(&self) -> u64;
    fn set_revision(&mut self, revision: u64);
    /// All of its kind that were accepted at run time.
    fn held(held: &Held) -> &Stored<Self>;
    fn held_mut(held: &mut Held) -> &mut Stored<Self>;
    /// All of its kind in the file, in the order of their keys.
    fn declared(file: &Telephony) -> &[Self];
    /// Writes it into the database `config`.
    fn put(&self, conn: &Connection) -> rusqlite::Result<()>;
    /// Takes the one of this key out of the database `config`.
    fn remove(conn: &Connection, key: &Key) -> rusqlite::Result<()>;
}

macro_rules! document {
    ($message:ident, $plural:ident) => {
        impl Object for $message {
            const KIND: Kind = Kind::$message;

            fn key(&self) -> Key {
                Key::named(&self.tenant, &self.name)
            }
            fn tenant_mut(&mut self) -> &mut String {
                &mut self.tenant
            }
            fn revision(&self) -> u64 {
                self.revision
            }
            fn set_revision(&mut self, revision: u64) {
                self.revision = revision;
            }
            fn held(held: &Held) -> &Stored<Self> {
                &held.$plural
            }
            fn held_mut(held: &mut Held) -> &mut Stored<Self> {
                &mut held.$plural
            }
            fn declared(file: &Telephony) -> &[Self] {
                &file.$plural
            }
            fn put(&self, conn: &Connection) -> rusqlite::Result<()> {
                config::put(conn, self)
            }
            fn remove(conn: &Connection, key: &Key) -> rusqlite::Result<()> {
                config::remove::<Self>(conn, &key.tenant, &key.name).map(drop)
            }
        }
    };
}

document!(Trunk, trunks);
document!(Route, routes);
document!(Bot, bots);

impl Object for Number {
    const KIND: Kind = Kind::Number;

    fn key(&self) -> Key {
        Key { tenant: self.tenant.clone(), trunk: self.trunk.clone(), name: self.number.clone() }
    }
    fn tenant_mut(&mut self) -> &mut String {
        &mut self.tenant
    }
    fn revision(&self) -> u64 {
        self.revision
    }
    fn set_revision(&mut self, revision: u64) {
        self.revision = revision;
    }
    fn held(held: &Held) -> &Stored<Self> {
        &held.numbers
    }
    fn held_mut(held: &mut Held) -> &mut Stored<Self> {
        &mut held.numbers
    }
    fn declared(file: &Telephony) -> &[Self] {
        &file.numbers
    }
    fn put(&self, conn: &Connection) -> rusqlite::Result<()> {
        config::put_number(conn, self)
    }
    fn remove(conn: &Connection, key: &Key) -> rusqlite::Result<()> {
        let number =
            Self { tenant: key.tenant.clone(), trunk: key.trunk.clone(), number: key.name.clone(), ..Self::default() };
        config::remove_number(conn, &number).map(drop)
    }
}

/// Fills in the tenant that a request is for; refuses another one.
pub(crate) fn adopt<T: Object>(object: &mut T, tenant: &str) -> Result<(), botstream_api::Error> {
    let named = object.tenant_mut();
    if !named.is_empty() && named != tenant {
        let sentence = format!("tenant = {named:?}, but the request is for tenant {tenant:?}");
        return Err(botstream_api::Error::new(ErrorCode::Forbidden, sentence).field("tenant"));
    }
    tenant.clone_into(named);
    debug_assert!(subjects::is_token(tenant));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn keys_go_into_a_bucket_and_come_back(tenant in "[a-z]{1,4}", trunk in "[a-zA-Z0-9_-]{0,4}", name in "[^\u{0}]{0,8}") {
            let key = Key { tenant, trunk, name };
            let text = key.to_bucket();
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=.".contains(&b)), "{text}");
            assert_eq!(Key::from_bucket(&text), Some(key));
        }

        #[test]
        fn no_key_of_a_bucket_panics(text in "[a-f=.+0-9]{0,20}") {
            if let Some(key) = Key::from_bucket(&text) {
                assert_eq!(key.to_bucket(), text);
            }
        }
    }
}
