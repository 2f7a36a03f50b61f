//! `"Name" <uri>;params`: From, To, Contact, Route, Record-Route, P-Asserted-Identity (RFC 3261 §20.10).

use std::fmt;

use super::cursor::{Cursor, quote, unquote};
use super::params::Params;
use crate::uri::Uri;

/// A name-addr or addr-spec with the header field's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name, unquoted.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// Parameters of the header field, such as `tag`; those of the URI are in the URI.
    pub params: Params,
}

impl NameAddr {
    /// A bare URI.
    #[must_use]
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::new() }
    }

    /// Reads one value.
    ///
    /// # Errors
    /// A short sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut cursor = Cursor::new(text);
        cursor.skip_ws();
        let display = if cursor.peek() == Some('"') {
            let name = unquote(cursor.quoted_raw().ok_or("a quoted string without an end")?);
            cursor.skip_ws();
            if cursor.peek() != Some('<') {
                return Err("no < after the display name");
            }
            Some(name)
        } else if cursor.rest().contains('<') {
            // The grammar allows tokens only. Names with letters beyond ASCII or a full stop are everywhere and
            // harmless; a separator makes the value ambiguous (RFC 4475 `baddn`).
            let name = cursor.take_while(|c| c != '<').trim_matches([' ', '\t']);
            if name.contains([',', ';', '"', '>']) {
                return Err("a separator in a display name without quotes");
            }
            (!name.is_empty()).then(|| name.to_owned())
        } else {
            // Without brackets, everything from the first semicolon on belongs to the header field, and a URI
            // with `?` or `,` is not allowed (RFC 3261 §20).
            let uri = cursor.take_while(|c| !matches!(c, ';' | ' ' | '\t'));
            if uri.contains(['?', ',']) {
                return Err("a URI with ? or , without angle brackets");
            }
            let uri = Uri::parse(uri)?;
            return Ok(Self { display: None, uri, params: Params::parse(&mut cursor)? });
        };
        cursor.take_char('<');
        let uri = Uri::parse(cursor.take_while(|c| c != '>'))?;
        if !cursor.take_char('>') {
            return Err("no > after the URI");
        }
        Ok(Self { display, uri, params: Params::parse(&mut cursor)? })
    }

    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.params.raw("tag").filter(|t| !t.is_empty())
    }

    /// The same with another tag, or none.
    #[must_use]
    pub fn with_tag(mut self, tag: Option<&str>) -> Self {
        match tag {
            Some(tag) => self.params.set("tag", Some(tag)),
            None => {
                self.params.remove("tag");
            }
        }
        self
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "{} ", quote(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let a = NameAddr::parse(r#""A. \"B\"" <sip:a@h;lr>;tag=1;x="q;,""#).unwrap();
        assert_eq!(a.display.as_deref(), Some("A. \"B\""));
        assert_eq!(a.tag(), Some("1"));
        assert_eq!(a.params.get("x").as_deref(), Some("q;,"));
        assert_eq!(NameAddr::parse(&a.to_string()).unwrap(), a);
        let bare = NameAddr::parse("sip:a@h;tag=2").unwrap();
        assert_eq!((bare.uri.to_string().as_str(), bare.tag()), ("sip:a@h", Some("2")));
        assert_eq!(NameAddr::parse("caller<sip:a@h>").unwrap().display.as_deref(), Some("caller"));
        assert_eq!(NameAddr::parse("J\u{fc}rgen M. <sip:a@h> ; tag = 3").unwrap().tag(), Some("3"));
        assert_eq!(a.with_tag(None).tag(), None);
        assert_eq!(NameAddr::parse("<sip:a@h>;tag=4;").unwrap().to_string(), "<sip:a@h>;tag=4");
        assert_eq!(NameAddr::parse("<sip:@10.0.0.1>;tag=5").unwrap().to_string(), "<sip:10.0.0.1>;tag=5");
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "\"a <sip:a@h>",
            "Bell, A <sip:a@h>",
            "sip:a@h?x=y",
            "<sip:a@h",
            "<sip:a@h> x",
            "<>",
            "\"a\" sip:a@h",
            "sip:a@h;tag=",
            "<sip:a@h>;;",
            "<sip:a@h>;;tag=1",
            "<sip: a@h>",
        ] {
            assert!(NameAddr::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
