//! Header field names, with their compact forms.

use std::fmt;

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident $text:literal $($compact:literal)?;)*) => {
        /// The name of a header field. Names are case-insensitive (RFC 3261 §7.3.1); compact forms (§7.3.3) are
        /// read as the long ones, which are also what is written.
        #[derive(Clone, Debug)]
        pub enum HeaderName {
            $($(#[$doc])* $variant,)*
            /// Any other token, as it was spelt.
            Other(Box<str>),
        }

        impl HeaderName {
            /// Reads a name in any case or its compact form.
            #[must_use]
            pub fn new(name: &str) -> Self {
                $(if name.eq_ignore_ascii_case($text) $(|| name.eq_ignore_ascii_case($compact))? {
                    return Self::$variant;
                })*
                // A name is written as given: one that is no token would break the message.
                Self::Other(name.chars().map(|c| if c.is_ascii() && super::lex::is_token_byte(c as u8) { c } else { '-' }).collect())
            }

            /// The long name in its usual spelling.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

names! {
    /// Via
    Via "Via" "v";
    /// From
    From "From" "f";
    /// To
    To "To" "t";
    /// Call-ID
    CallId "Call-ID" "i";
    /// CSeq
    CSeq "CSeq";
    /// Max-Forwards
    MaxForwards "Max-Forwards";
    /// Contact
    Contact "Contact" "m";
    /// Content-Length
    ContentLength "Content-Length" "l";
    /// Content-Type
    ContentType "Content-Type" "c";
    /// Route
    Route "Route";
    /// Record-Route
    RecordRoute "Record-Route";
    /// Allow
    Allow "Allow";
    /// Supported
    Supported "Supported" "k";
    /// Require
    Require "Require";
    /// Proxy-Require
    ProxyRequire "Proxy-Require";
    /// Unsupported
    Unsupported "Unsupported";
    /// Accept
    Accept "Accept";
    /// Content-Encoding
    ContentEncoding "Content-Encoding" "e";
    /// Content-Disposition
    ContentDisposition "Content-Disposition";
    /// User-Agent
    UserAgent "User-Agent";
    /// Server
    Server "Server";
    /// Reason (RFC 3326)
    Reason "Reason";
    /// Retry-After
    RetryAfter "Retry-After";
    /// Warning
    Warning "Warning";
    /// Subject
    Subject "Subject" "s";
    /// Expires
    Expires "Expires";
    /// Date
    Date "Date";
    /// Authorization
    Authorization "Authorization";
    /// Proxy-Authorization
    ProxyAuthorization "Proxy-Authorization";
    /// WWW-Authenticate
    WwwAuthenticate "WWW-Authenticate";
    /// Proxy-Authenticate
    ProxyAuthenticate "Proxy-Authenticate";
    /// P-Asserted-Identity (RFC 3325)
    PAssertedIdentity "P-Asserted-Identity";
    /// Privacy (RFC 3323)
    Privacy "Privacy";
    /// RSeq (RFC 3262)
    RSeq "RSeq";
    /// Event (RFC 6665)
    Event "Event" "o";
    /// Refer-To (RFC 3515)
    ReferTo "Refer-To" "r";
    /// Allow-Events (RFC 6665)
    AllowEvents "Allow-Events" "u";
    /// Session-Expires (RFC 4028)
    SessionExpires "Session-Expires" "x";
    /// Referred-By (RFC 3892)
    ReferredBy "Referred-By" "b";
    /// Identity (RFC 8224)
    Identity "Identity" "y";
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(a), Self::Other(b)) => a.eq_ignore_ascii_case(b),
            (Self::Other(_), _) | (_, Self::Other(_)) => false,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl Eq for HeaderName {}

impl From<&str> for HeaderName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_and_odd_spellings_are_the_long_name() {
        assert_eq!(HeaderName::new("v"), HeaderName::Via);
        assert_eq!(HeaderName::new("CALL-id"), HeaderName::CallId);
        assert_eq!(HeaderName::new("X-Foo"), HeaderName::new("x-fOO"));
        assert_ne!(HeaderName::new("X-Foo"), HeaderName::new("X-Bar"));
        assert_eq!(HeaderName::new("L").as_str(), "Content-Length");
    }

    #[test]
    fn a_name_cannot_break_the_line() {
        assert_eq!(HeaderName::new("X: a\r\nVia").as_str(), "X--a--Via");
    }
}
