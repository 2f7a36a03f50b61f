//! Parameters: `;name=value`, of header fields and of URIs.

use std::fmt;

use super::cursor::{Cursor, unquote};

/// Parameters in their order. Names are case-insensitive. Values are kept as they stand, quotes included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Option<String>)>);

/// Most parameters of one value; more are refused.
pub(crate) const PARAMS_MAX: usize = 64;

impl Params {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `*(;name[=value])` up to the end of the text. One semicolon too many at the end is taken, and so is
    /// `rport=`: both are written by telephones, and neither can be read in two ways.
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, &'static str> {
        let mut params = Vec::new();
        while cursor.separator(';') {
            if cursor.at_end() {
                break;
            }
            let name = cursor.token().ok_or("a parameter without a name")?;
            let value = if cursor.separator('=') {
                if cursor.peek() == Some('"') {
                    Some(cursor.quoted_raw().ok_or("a quoted string without an end")?)
                } else {
                    // Hosts are values too: an IPv6 `received` comes with and without brackets (RFC 5118 §4.5).
                    let value = cursor.take_while(|c| !matches!(c, ';' | ',' | ' ' | '\t' | '"' | '<' | '>'));
                    if value.is_empty() && !name.eq_ignore_ascii_case("rport") {
                        return Err("a parameter with an empty value");
                    }
                    Some(value).filter(|v| !v.is_empty())
                }
            } else {
                None
            };
            if params.len() == PARAMS_MAX {
                return Err("too many parameters");
            }
            params.push((name.to_owned(), value.map(str::to_owned)));
        }
        cursor.skip_ws();
        if cursor.at_end() { Ok(Self(params)) } else { Err("something after the parameters") }
    }

    /// The value of a parameter, quotes removed; "" if it stands without one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.raw(name).map(unquote)
    }

    /// The value of a parameter as it stands; "" if it has none.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_deref().unwrap_or(""))
    }

    /// Whether a parameter is there, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Sets or adds a parameter.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.0.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Removes a parameter; says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        before != self.0.len()
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_deref()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push_raw(&mut self, name: &str, value: Option<&str>) {
        self.0.push((name.to_owned(), value.map(str::to_owned)));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        Ok(())
    }
}
