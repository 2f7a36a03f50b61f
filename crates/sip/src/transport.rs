//! Where a message came from or goes to.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

/// A transport protocol of SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// One message per datagram; the transaction layer retransmits.
    Udp,
    /// A byte stream framed by Content-Length (RFC 3261 §18.3).
    Tcp,
}

impl Transport {
    /// The name in a Via header field ("UDP").
    #[must_use]
    pub fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }

    /// The value of a `transport` URI parameter ("udp").
    #[must_use]
    pub fn param_name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }

    /// Reads either spelling, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("udp") {
            Some(Self::Udp)
        } else if name.eq_ignore_ascii_case("tcp") {
            Some(Self::Tcp)
        } else {
            None
        }
    }

    /// Whether the transport itself delivers every byte, so that nothing is retransmitted.
    #[must_use]
    pub fn is_reliable(self) -> bool {
        matches!(self, Self::Tcp)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.via_name())
    }
}

/// One hop away: the address of the next element and how to reach it.
///
/// For TCP the address is that of the connection's far end: what came in over an accepted connection has the
/// client's ephemeral port here, and what goes back to it uses the same connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Peer {
    /// The protocol.
    pub transport: Transport,
    /// The far end.
    pub addr: SocketAddr,
}

impl Peer {
    /// A peer over UDP.
    #[must_use]
    pub fn udp(addr: SocketAddr) -> Self {
        Self { transport: Transport::Udp, addr }
    }

    /// A peer over TCP.
    #[must_use]
    pub fn tcp(addr: SocketAddr) -> Self {
        Self { transport: Transport::Tcp, addr }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport.param_name(), self.addr)
    }
}

/// Bytes to be sent: one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub peer: Peer,
    /// The message as it goes on the wire.
    pub payload: Bytes,
}
