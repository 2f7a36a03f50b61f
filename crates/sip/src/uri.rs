//! URIs: `sip:`, `sips:`, `tel:`, and any other scheme kept as text (RFC 3261 §19.1, RFC 3966).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::headers::Params;
use crate::headers::params::PARAMS_MAX;
use crate::transport::Transport;

/// The port of SIP without TLS when none is named.
pub const DEFAULT_PORT: u16 = 5060;

/// A URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uri {
    /// `sip:` or `sips:`.
    Sip(SipUri),
    /// `tel:`.
    Tel(TelUri),
    /// Another scheme, as it stands.
    Other(String),
}

/// A `sip:` or `sips:` URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUri {
    /// `sips:`.
    pub secure: bool,
    /// The user part with its escapes and, after a colon, its password, as they stand.
    pub user: Option<String>,
    /// The host.
    pub host: Host,
    /// The port, if one is named.
    pub port: Option<u16>,
    /// URI parameters.
    pub params: Params,
    /// What stands after `?`.
    pub headers: Option<String>,
}

/// A `tel:` URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelUri {
    /// The number as it stands, visual separators included.
    pub number: String,
    /// Its parameters (`phone-context`, `ext`, ...).
    pub params: Params,
}

/// A host: a name or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain name as it was spelt.
    Name(String),
    /// An address; IPv6 is written in brackets.
    Ip(IpAddr),
}

impl Uri {
    /// Reads a URI. The error is a short sentence.
    ///
    /// # Errors
    /// When the text is not a URI.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once(':').ok_or("no scheme")?;
        let mut letters = scheme.bytes();
        if !letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            || !letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        {
            return Err("a scheme with other than letters, digits, + - .");
        }
        if !rest.bytes().all(is_uri_byte) {
            return Err("a character that must be escaped");
        }
        if !escapes_are_whole(rest) {
            return Err("a % without two hexadecimal digits");
        }
        if scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips") {
            return SipUri::parse_rest(scheme.len() == 4, rest).map(Self::Sip);
        }
        if scheme.eq_ignore_ascii_case("tel") {
            return TelUri::parse_rest(rest).map(Self::Tel);
        }
        if rest.is_empty() {
            return Err("nothing after the scheme");
        }
        Ok(Self::Other(text.to_owned()))
    }

    /// The `sip:` or `sips:` URI, if it is one.
    #[must_use]
    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            _ => None,
        }
    }

    /// The user of a SIP URI with escapes resolved and without password, or the number of a `tel:` one.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        match self {
            Self::Sip(uri) => uri.user_decoded(),
            Self::Tel(uri) => Some(uri.number.clone()),
            Self::Other(_) => None,
        }
    }
}

impl SipUri {
    /// `sip:` at a socket address, without user.
    #[must_use]
    pub fn at(addr: SocketAddr) -> Self {
        Self {
            secure: false,
            user: None,
            host: Host::Ip(addr.ip()),
            port: Some(addr.port()),
            params: Params::new(),
            headers: None,
        }
    }

    fn parse_rest(secure: bool, rest: &str) -> Result<Self, &'static str> {
        // '@' is legal nowhere else, and '?' and ';' may stand in the user part: so it is cut off first.
        let (user, after_user) = match rest.split_once('@') {
            // Some gateways write the @ for a caller without a number; nothing is hidden by it.
            Some(("", after)) => (None, after),
            Some((user, after)) => (Some(user), after),
            None => (None, rest),
        };
        if after_user.contains('@') {
            return Err("two @ signs");
        }
        if user.is_some_and(|u| !u.bytes().all(is_user_byte)) {
            return Err("a character in the user part that must be escaped");
        }
        let (before_headers, headers) = match after_user.split_once('?') {
            Some((before, headers)) => (before, Some(headers.to_owned())),
            None => (after_user, None),
        };
        // One semicolon too many at the end is seen, and means nothing.
        let mut parts = before_headers.strip_suffix(';').unwrap_or(before_headers).split(';');
        let (host, port) = parse_host_port(parts.next().unwrap_or(""))?;
        let mut params = Params::new();
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((_, "")) => return Err("a parameter with an empty value"),
                Some((name, value)) => (name, Some(value)),
                None => (part, None),
            };
            if name.is_empty() {
                return Err("a parameter without a name");
            }
            if !name.bytes().chain(value.unwrap_or("").bytes()).all(is_param_byte) {
                return Err("a character in a parameter that must be escaped");
            }
            if params.len() == PARAMS_MAX {
                return Err("too many parameters");
            }
            params.push_raw(name, value);
        }
        Ok(Self { secure, user: user.map(str::to_owned), host, port, params, headers })
    }

    /// The user with escapes resolved and without password.
    #[must_use]
    pub fn user_decoded(&self) -> Option<String> {
        let user = self.user.as_deref()?;
        Some(unescape(user.split_once(':').map_or(user, |(name, _)| name)))
    }

    /// The `transport` parameter, if it names one that is known.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        self.params.raw("transport").and_then(Transport::from_name)
    }

    /// Whether `lr` is there (RFC 3261 §19.1.1).
    #[must_use]
    pub fn is_loose_route(&self) -> bool {
        self.params.has("lr")
    }

    /// The socket address, if the host is an address.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self.host {
            Host::Ip(ip) => Some(SocketAddr::new(ip, self.port.unwrap_or(DEFAULT_PORT))),
            Host::Name(_) => None,
        }
    }
}

impl TelUri {
    fn parse_rest(rest: &str) -> Result<Self, &'static str> {
        let mut parts = rest.split(';');
        let number = parts.next().unwrap_or("");
        let digits = number.strip_prefix('+').unwrap_or(number);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit() || b"*#-.()".contains(&b)) {
            return Err("not a telephone number");
        }
        let mut params = Params::new();
        for part in parts {
            let (name, value) = part.split_once('=').map_or((part, None), |(n, v)| (n, Some(v)));
            if name.is_empty() || params.len() == PARAMS_MAX {
                return Err("a bad parameter");
            }
            params.push_raw(name, value);
        }
        Ok(Self { number: number.to_owned(), params })
    }
}

impl Host {
    /// Reads a name, an IPv4 address, or an IPv6 address in brackets.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').ok_or("an IPv6 address without its closing bracket")?;
            return address.parse::<Ipv6Addr>().map(|ip| Self::Ip(ip.into())).map_err(|_| "not an IPv6 address");
        }
        if let Ok(ip) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Ip(ip.into()));
        }
        // The underscore is not in the grammar but in many names.
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
            return Err("not a host name");
        }
        Ok(Self::Name(text.to_owned()))
    }

    /// The address, if it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Name(_) => None,
        }
    }
}

/// Reads `host[:port]`.
///
/// # Errors
/// When it is not that.
pub fn parse_host_port(text: &str) -> Result<(Host, Option<u16>), &'static str> {
    let host_end = if text.starts_with('[') {
        text.find(']').map_or(text.len(), |i| i + 1)
    } else {
        text.find(':').unwrap_or(text.len())
    };
    let (host, rest) = text.split_at_checked(host_end).ok_or("not a host")?;
    let port = match rest.strip_prefix(':') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(digits.parse::<u16>().map_err(|_| "a port above 65535")?)
        }
        Some(_) => return Err("not a port"),
        None if rest.is_empty() => None,
        None => return Err("something after the host"),
    };
    Ok((Host::parse(host)?, port))
}

/// Resolves `%41` escapes; bytes that then are not UTF-8 are read as Latin-1.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| Some((hex(*after.first()?)?, hex(*after.get(1)?)?))).flatten();
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = after.get(2..).unwrap_or(&[]);
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect())
}

/// Escapes what can't stand in a user part (RFC 3261 §25.1 `user`).
#[must_use]
pub fn escape_user(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_user_byte(byte) && !b"%:#".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b)
}

/// What may stand anywhere in a URI.
fn is_uri_byte(b: u8) -> bool {
    b.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&b)
}

/// userinfo, and `#`, which telephones send unescaped.
fn is_user_byte(b: u8) -> bool {
    is_unreserved(b) || b"%&=+$,;?/:#".contains(&b)
}

/// paramchar, and `=`, with which values in Base64 end.
fn is_param_byte(b: u8) -> bool {
    is_unreserved(b) || b"%[]/:&+$=".contains(&b)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)?;
        if let Some(headers) = &self.headers {
            write!(f, "?{headers}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(uri) => uri.fmt(f),
            Self::Tel(uri) => write!(f, "tel:{}{}", uri.number, uri.params),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sip(text: &str) -> SipUri {
        match Uri::parse(text) {
            Ok(Uri::Sip(uri)) => uri,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn parts_are_found_and_written_back() {
        for text in [
            "sip:alice@example.com",
            "sip:+14155550100;phone-context=x@example.com:5070;transport=tcp;lr",
            "sips:user:secret@[2001:db8::1]:5061;x=%20",
            "sip:[::1]",
            "sip:1.2.3.4?Route=%3Csip:a%3E",
            "tel:+1-415-555-0100;phone-context=example.com",
            "isbn:2983792873",
        ] {
            assert_eq!(Uri::parse(text).map(|u| u.to_string()).as_deref(), Ok(text));
        }
        let uri = sip("sip:sips%3Auser%40example.com@example.net;lr;transport=TCP");
        assert_eq!(uri.user_decoded().as_deref(), Some("sips:user@example.com"));
        assert!(uri.is_loose_route());
        assert_eq!(uri.transport(), Some(Transport::Tcp));
        assert_eq!(sip("sip:[::1]").socket_addr(), Some(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 5060)));
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "sip",
            "sip:",
            "sip:@",
            "sip:@a@h",
            "sip:a@b@c",
            "sip:a b@c",
            "sip:a@",
            "sip:a@h:port",
            "sip:a@h:65536",
            "sip:a@h:",
            "sip:a@h;;",
            "sip:a@h;;lr",
            "sip:;",
            "sip:a@h;=x",
            "sip:a@h;x=",
            "sip:%4@h",
            "sip:%zz@h",
            "sip:[::1",
            "sip:[:::1]",
            "sip:[::1]x",
            "<sip:a@h>",
            "sip:\u{e4}@h",
            "tel:",
            "tel:abc!",
            "1x:y",
            "sip:2001:db8::10",
            "sip:a@h\"",
        ] {
            assert!(Uri::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn harmless_deviations_are_taken() {
        let uri = sip("sip:@10.0.0.1");
        assert_eq!((uri.user.as_deref(), uri.to_string().as_str()), (None, "sip:10.0.0.1"));
        assert_eq!(sip("sip:a@h;lr;").to_string(), "sip:a@h;lr");
        assert_eq!(sip("sip:a@h;x=YWJj==;lr").params.raw("x"), Some("YWJj=="));
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape("a%20b%4"), "a b%4");
        assert_eq!(unescape("%FCx"), "üx");
        assert_eq!(escape_user("a b@c#ü"), "a%20b%40c%23%C3%BC");
    }
}
