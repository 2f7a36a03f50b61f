//! Via (RFC 3261 §20.42) and where a response to it goes (§18.2.2, RFC 3581).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::cursor::Cursor;
use super::params::Params;
use crate::transport::{Peer, Transport};
use crate::uri::{DEFAULT_PORT, Host, parse_host_port};

/// What every branch made by RFC 3261 begins with (§8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One Via value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The transport as it stands ("UDP", "TLS-SCTP", ...).
    pub transport: String,
    /// The sent-by host.
    pub host: Host,
    /// The sent-by port.
    pub port: Option<u16>,
    /// Parameters: `branch`, `received`, `rport`, ...
    pub params: Params,
}

impl Via {
    /// A Via of ours, asking for the response to come back the way the request went (RFC 3581).
    #[must_use]
    pub fn new(transport: Transport, sent_by: SocketAddr, branch: &str) -> Self {
        let mut params = Params::new();
        params.set("branch", Some(branch));
        params.set("rport", None);
        Self {
            transport: transport.via_name().to_owned(),
            host: Host::Ip(sent_by.ip()),
            port: Some(sent_by.port()),
            params,
        }
    }

    /// Reads one value.
    ///
    /// # Errors
    /// A short sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        Self::parse_version(text, |version| version == "2.0")
    }

    /// The same for a Via of any SIP version: whoever speaks another one is to be told so (505).
    pub(crate) fn parse_any_version(text: &str) -> Result<Self, &'static str> {
        Self::parse_version(text, |_| true)
    }

    fn parse_version(text: &str, accept: impl Fn(&str) -> bool) -> Result<Self, &'static str> {
        let mut cursor = Cursor::new(text);
        cursor.skip_ws();
        let protocol = cursor.token().ok_or("no protocol")?;
        let slash = cursor.separator('/');
        let version = cursor.token().ok_or("no protocol version")?;
        if !slash || !protocol.eq_ignore_ascii_case("SIP") || !accept(version) {
            return Err("not SIP/2.0");
        }
        if !cursor.separator('/') {
            return Err("no transport");
        }
        let transport = cursor.token().ok_or("no transport")?.to_owned();
        if !matches!(cursor.peek(), Some(' ' | '\t')) {
            return Err("no space before sent-by");
        }
        cursor.skip_ws();
        // sent-by allows white space around its colon (RFC 3261 §25.1 COLON).
        let mut sent_by = if cursor.peek() == Some('[') {
            let host = cursor.take_while(|c| c != ']').to_owned();
            if !cursor.take_char(']') {
                return Err("an IPv6 address without its closing bracket");
            }
            host + "]"
        } else {
            cursor.take_while(|c| !matches!(c, ';' | ' ' | '\t' | ':' | ',')).to_owned()
        };
        if cursor.separator(':') {
            sent_by.push(':');
            sent_by.push_str(cursor.digits().ok_or("not a port")?);
        }
        let (host, port) = parse_host_port(&sent_by)?;
        Ok(Self { transport, host, port, params: Params::parse(&mut cursor)? })
    }

    /// The branch, if it has one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.params.raw("branch").filter(|b| !b.is_empty())
    }

    /// The branch if it identifies a transaction by RFC 3261's rule: the cookie and something after it.
    #[must_use]
    pub fn unique_branch(&self) -> Option<&str> {
        self.branch().filter(|b| {
            b.get(..MAGIC_COOKIE.len()).is_some_and(|start| start.eq_ignore_ascii_case(MAGIC_COOKIE))
                && b.len() > MAGIC_COOKIE.len()
        })
    }

    /// Notes where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4): `received` if it is not what
    /// sent-by says or `rport` was asked for, and then `rport` with the port.
    pub fn note_source(&mut self, source: SocketAddr) {
        let asked = self.params.raw("rport").is_some();
        let ip = source.ip().to_canonical();
        if asked {
            self.params.set("rport", Some(&source.port().to_string()));
        }
        if asked || self.host.ip() != Some(ip) {
            self.params.set("received", Some(&ip.to_string()));
        } else {
            // What the sender put there himself is a lie or a leftover.
            self.params.remove("received");
        }
    }

    /// Where a response goes over UDP (RFC 3261 §18.2.2, RFC 3581 §4).
    ///
    /// `maddr` is not obeyed: it would let anybody direct our responses at a third party.
    /// `None` when only a name is known, or the address is one that nobody can have.
    #[must_use]
    pub fn response_addr(&self) -> Option<SocketAddr> {
        let received = self.params.raw("received").and_then(parse_ip);
        let ip = received.or_else(|| self.host.ip())?;
        let rport =
            received.and_then(|_| self.params.raw("rport")).and_then(|p| p.parse::<u16>().ok()).filter(|p| *p != 0);
        let port = rport.or(self.port).unwrap_or(DEFAULT_PORT);
        let reachable = match ip {
            IpAddr::V4(ip) => !ip.is_broadcast() && !ip.is_multicast() && !ip.is_unspecified(),
            IpAddr::V6(ip) => !ip.is_multicast() && !ip.is_unspecified(),
        };
        (reachable && port != 0).then(|| SocketAddr::new(ip, port))
    }

    /// [`response_addr`](Self::response_addr) with the transport, if that is one we speak.
    #[must_use]
    pub fn response_peer(&self) -> Option<Peer> {
        Some(Peer { transport: Transport::from_name(&self.transport)?, addr: self.response_addr()? })
    }

    /// sent-by as text with the port always written, to compare with.
    #[must_use]
    pub fn sent_by(&self) -> String {
        format!("{}:{}", self.host.to_string().to_ascii_lowercase(), self.port.unwrap_or(DEFAULT_PORT))
    }
}

/// An address with or without brackets: both are seen in `received` (RFC 5118 §4.5).
fn parse_ip(text: &str) -> Option<IpAddr> {
    text.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_spacing_is_read() {
        let via = Via::parse("SIP  / 2.0\t/ TCP     spindle.example.com : 5080  ;  branch  =   z9hG4bK9ikj8 ; rport")
            .unwrap();
        assert_eq!(via.to_string(), "SIP/2.0/TCP spindle.example.com:5080;branch=z9hG4bK9ikj8;rport");
        assert_eq!(via.unique_branch(), Some("z9hG4bK9ikj8"));
        assert_eq!(Via::parse("SIP/2.0/UDP h;branch=z9hG4bK").unwrap().unique_branch(), None);
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP/3.0/UDP h",
            "HTTP/2.0/UDP h",
            "SIP/2.0 h",
            "SIP/2.0/UDP h:x",
            "SIP/2.0/UDP h;branch=",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP h x",
            "SIP/2.0/UDP h:70000",
            "SIP/2.0/UDP ,",
        ] {
            assert!(Via::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn responses_follow_received_and_rport() {
        let source: SocketAddr = "192.0.2.9:1024".parse().unwrap();
        let mut via = Via::parse("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa").unwrap();
        assert_eq!(via.response_addr(), Some("10.0.0.1:5070".parse().unwrap()));
        via.note_source(source);
        assert_eq!(via.response_addr(), Some("192.0.2.9:5070".parse().unwrap()));
        let mut via = Via::parse("SIP/2.0/UDP host.invalid;rport;branch=z9hG4bKa").unwrap();
        assert_eq!(via.response_addr(), None);
        via.note_source(source);
        assert_eq!(via.response_addr(), Some(source));
        let mut via = Via::parse("SIP/2.0/UDP [2001:db8::1];branch=z9hG4bKa;received=192.0.2.200").unwrap();
        via.note_source("[2001:db8::1]:5060".parse().unwrap());
        assert_eq!(via.response_addr(), Some("[2001:db8::1]:5060".parse().unwrap()));
        assert!(!via.params.has("received"));
    }

    #[test]
    fn an_rport_with_an_empty_value_and_a_semicolon_too_many_are_taken() {
        for end in [";rport=", ";rport;", ";rport=;"] {
            let mut via = Via::parse(&format!("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa{end}")).unwrap();
            via.note_source("192.0.2.9:1024".parse().unwrap());
            assert_eq!(via.response_addr(), Some("192.0.2.9:1024".parse().unwrap()), "{end}");
        }
        assert!(Via::parse("SIP/2.0/UDP h;branch=z9hG4bKa;;rport").is_err());
    }

    #[test]
    fn nobody_is_answered_at_a_broadcast_address() {
        assert_eq!(Via::parse("SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKa").unwrap().response_addr(), None);
        assert_eq!(Via::parse("SIP/2.0/UDP 224.2.0.1;branch=z9hG4bKa").unwrap().response_addr(), None);
    }
}
