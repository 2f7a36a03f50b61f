//! Transactions: what is retransmitted, absorbed and timed out (RFC 3261 §17, RFC 6026, RFC 3581).
//!
//! [`Layer`] sits between bytes and a transaction user (the user agent, the proxy). A request that comes in
//! becomes one [`Event::Request`], however often it arrives; an INVITE is answered with 100 Trying at once. A
//! request sent gets responses and then nothing, or [`Event::ClientFailed`]. ACKs of non-2xx responses are made
//! and absorbed here; those of a 2xx belong to the transaction user.

mod client;
mod failover;
mod key;
mod layer;
pub(crate) mod schedule;
mod server;

use std::net::SocketAddr;
use std::time::Duration;

pub use layer::{EVENTS_MAX, Layer};

use crate::message::{ParseError, Request, Response};
use crate::transport::{Peer, Transport};

/// Handle of a client transaction. Never reused within one [`Layer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(u64);

/// Handle of a server transaction. Never reused within one [`Layer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(u64);

/// Timers, limits and our own addresses.
#[derive(Clone, Debug)]
pub struct Config {
    /// T1, the round-trip estimate: 500 ms.
    pub t1: Duration,
    /// T2, the longest retransmission interval: 4 s.
    pub t2: Duration,
    /// T4, how long a message may stay in the network: 5 s.
    pub t4: Duration,
    /// What our Via says over UDP.
    pub sent_by_udp: SocketAddr,
    /// What our Via says over TCP.
    pub sent_by_tcp: SocketAddr,
    /// Most transactions of each kind (client, server); requests over it are answered 503. A quarter more is kept
    /// for what cancels an INVITE that is here or belongs to a dialog; our own CANCEL and BYE are always sent.
    pub transactions_max: usize,
    /// What such a 503 says in Retry-After, in seconds.
    pub retry_after_s: u32,
}

impl Config {
    /// The standard's timers.
    #[must_use]
    pub fn new(sent_by_udp: SocketAddr, sent_by_tcp: SocketAddr) -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            sent_by_udp,
            sent_by_tcp,
            transactions_max: 50_000,
            retry_after_s: 5,
        }
    }

    /// What our Via says over a transport.
    #[must_use]
    pub fn sent_by(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Udp => self.sent_by_udp,
            Transport::Tcp => self.sent_by_tcp,
        }
    }

    /// Timer D: at least 32 s with the standard's T1 (RFC 3261 §17.1.1.2), and in proportion with another.
    fn timer_d(&self) -> Duration {
        self.t1 * 64
    }
}

/// Why a client transaction ended without a final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Timer B or F: nothing came back. Counts as 408 (RFC 3261 §8.1.3.1).
    Timeout,
    /// The transport could not deliver. Counts as 503.
    Transport,
}

/// What the transaction user must know.
#[derive(Clone, Debug)]
pub enum Event {
    /// A new request, its Via completed with `received` and `rport`.
    Request {
        /// Answer it with [`Layer::respond`].
        id: ServerId,
        /// The request.
        request: Request,
        /// The hop it came from.
        from: Peer,
    },
    /// An ACK that belongs to no non-2xx response: that of a 2xx, or a stray one.
    Ack {
        /// The ACK.
        request: Request,
        /// The hop it came from.
        from: Peer,
    },
    /// A response to a request of ours. After a 2xx to an INVITE more 2xx may follow.
    Response {
        /// The request's transaction.
        id: ClientId,
        /// The response.
        response: Response,
    },
    /// A request of ours will get no (more) response.
    ClientFailed {
        /// The request's transaction; it is gone.
        id: ClientId,
        /// Why.
        failure: Failure,
    },
    /// A non-2xx response to an INVITE was never acknowledged, or no response can be delivered.
    ServerFailed {
        /// The transaction; it is gone.
        id: ServerId,
    },
    /// Something that is no message came in; its answer, if any, is sent already.
    Malformed {
        /// Where from.
        from: Peer,
        /// What is wrong with it.
        error: ParseError,
    },
    /// A response that belongs to no transaction was dropped (RFC 6026 §8.9).
    Stray {
        /// Where from.
        from: Peer,
        /// Its status.
        status: u16,
    },
}
