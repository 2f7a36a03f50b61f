//! The vocabulary of the user agent: its configuration, what it is asked and what it tells.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::message::{Request, Response};
use crate::transport::Peer;

pub use crate::digest::Credentials;

/// Handle of one INVITE session. Never reused within one [`UserAgent`](super::UserAgent).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How a user agent presents itself, its timers and its limits.
#[derive(Clone, Debug)]
pub struct UaConfig {
    /// The value of User-Agent and Server.
    pub user_agent: String,
    /// Our address in Contact and Via over UDP.
    pub contact_udp: SocketAddr,
    /// Our address in Contact and Via over TCP.
    pub contact_tcp: SocketAddr,
    /// The user part of our Contact.
    pub contact_user: String,
    /// Most sessions at once; an INVITE over it is answered 503 with Retry-After.
    pub sessions_max: usize,
    /// Timer T1, the round-trip estimate (RFC 3261 §17.1.1.1): 500 ms.
    pub t1: Duration,
    /// Timer T2, the longest retransmission interval: 4 s.
    pub t2: Duration,
    /// Timer T4, how long a message may stay in the network: 5 s.
    pub t4: Duration,
    /// What a refusal for want of capacity asks for in Retry-After.
    pub retry_after_s: u32,
}

impl UaConfig {
    /// A configuration with the standard's timers.
    #[must_use]
    pub fn new(contact_udp: SocketAddr, contact_tcp: SocketAddr) -> Self {
        Self {
            user_agent: "BotStream".to_owned(),
            contact_udp,
            contact_tcp,
            contact_user: "botstream".to_owned(),
            sessions_max: 10_000,
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            retry_after_s: 5,
        }
    }
}

/// An outgoing call.
#[derive(Clone, Debug)]
pub struct InviteParams {
    /// Request-URI: whom to call.
    pub request_uri: String,
    /// From as a name-addr without tag: `"Bot" <sip:bot@example.com>`, or a bare URI.
    pub from: String,
    /// To as a name-addr without tag.
    pub to: String,
    /// Call-ID, or `None` to have one made.
    pub call_id: Option<String>,
    /// Route set to begin with, topmost first: URIs or name-addrs.
    pub route: Vec<String>,
    /// Where the first message goes, and in-dialog ones whose next hop is a name, not an address.
    pub next_hop: Peer,
    /// More header fields, as name and value. Those that the stack writes or that would promise what it does not
    /// do (Supported, Require, Session-Expires, Content-Encoding, Accept, Expires) are refused.
    pub headers: Vec<(String, String)>,
    /// SDP offer; `None` asks the far end for one (delayed offer).
    pub body: Option<String>,
    /// What answers a 401 or 407.
    pub credentials: Option<Credentials>,
    /// CANCELs when nobody has answered for so long; the session fails with 408. `None`:
    /// [`RING_TIMEOUT_DEFAULT`](super::RING_TIMEOUT_DEFAULT); longer than the clock reaches: never.
    pub ring_timeout: Option<Duration>,
}

/// What happened. Exactly one [`Failed`](Self::Failed) or [`Ended`](Self::Ended) per session, its last event.
#[derive(Clone, Debug)]
pub enum UaEvent {
    /// A call comes in; 100 Trying is already sent.
    Incoming {
        /// The new session.
        session: SessionId,
        /// The hop it came from.
        from: Peer,
        /// The INVITE.
        request: Arc<Request>,
        /// Its SDP. `None`: a delayed offer, so the body given to `answer` is an offer.
        offer: Option<String>,
    },
    /// A provisional response other than 100 to our INVITE.
    Provisional {
        /// The session.
        session: SessionId,
        /// 101 to 199.
        status: u16,
        /// The reason phrase.
        reason: String,
        /// SDP of early media.
        body: Option<String>,
        /// Sent by RFC 3262. This stack does not offer 100rel yet, so a conforming peer never sets it.
        reliable: bool,
    },
    /// Our INVITE was answered with 2xx. The ACK is sent already, but for a delayed offer: when our INVITE had
    /// no body and this one has, the ACK waits for [`ack_with_body`](super::UserAgent::ack_with_body).
    Answered {
        /// The session.
        session: SessionId,
        /// The SDP answer (or offer, if our INVITE had none).
        body: Option<String>,
        /// The whole response.
        response: Arc<Response>,
    },
    /// Our 2xx to an INVITE or re-INVITE was acknowledged.
    Confirmed {
        /// The session.
        session: SessionId,
        /// The SDP answer of a delayed offer.
        body: Option<String>,
    },
    /// A re-INVITE or UPDATE: reply with [`answer_reinvite`](super::UserAgent::answer_reinvite).
    Reoffered {
        /// The session.
        session: SessionId,
        /// The new offer; `None` asks us for one.
        body: Option<String>,
    },
    /// Our own re-INVITE was answered with 2xx.
    Reanswered {
        /// The session.
        session: SessionId,
        /// SDP of the answer (or an offer, if our re-INVITE had none: then the ACK waits for `ack_with_body`).
        body: Option<String>,
    },
    /// Our own re-INVITE was refused; the session goes on as it was (RFC 3261 §14.1).
    ReofferFailed {
        /// The session.
        session: SessionId,
        /// The status of the refusal; 408 if none came.
        status: u16,
    },
    /// Our INVITE got no 2xx.
    Failed {
        /// The session.
        session: SessionId,
        /// The final status: 408 on timeout, 487 cancelled, 503 transport failure, else what the far end said. Once
        /// we have given up (408, 487), only 486 and 6xx of the far end are told instead.
        status: u16,
        /// The reason phrase.
        reason: String,
        /// The values of its Reason header fields (RFC 3326).
        reason_headers: Vec<String>,
        /// Retry-After in seconds.
        retry_after_s: Option<u32>,
        /// The response itself, if one came.
        response: Option<Arc<Response>>,
    },
    /// The session is over: an answered one hung up by either side, or an incoming one cancelled or refused.
    Ended {
        /// The session.
        session: SessionId,
        /// Whether the far end ended it.
        by_remote: bool,
        /// 487 if cancelled or expired before the answer, the status of a refusal of ours, 408 when an answer was never
        /// acknowledged, 481 when the far end no longer knew the dialog; `None` for an ordinary hang-up.
        status: Option<u16>,
        /// The values of the Reason header fields of the BYE or CANCEL.
        reason_headers: Vec<String>,
    },
    /// An INFO within the session, or within an early dialog of a call of ours; it is answered 200 already.
    Info {
        /// The session.
        session: SessionId,
        /// Its Content-Type, in lower case, without parameters.
        content_type: String,
        /// Its body.
        body: bytes::Bytes,
    },
}

/// What was refused or dropped, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams and framed messages that are no SIP message.
    pub malformed: u64,
    /// Responses that belong to no request of ours.
    pub stray_responses: u64,
    /// Requests answered 4xx or 5xx by the user agent itself: unknown dialog, method, extension, body, full.
    pub refused_requests: u64,
}

impl UaEvent {
    /// The session this is about.
    #[must_use]
    pub fn session(&self) -> SessionId {
        match self {
            Self::Incoming { session, .. }
            | Self::Provisional { session, .. }
            | Self::Answered { session, .. }
            | Self::Confirmed { session, .. }
            | Self::Reoffered { session, .. }
            | Self::Reanswered { session, .. }
            | Self::ReofferFailed { session, .. }
            | Self::Failed { session, .. }
            | Self::Ended { session, .. }
            | Self::Info { session, .. } => *session,
        }
    }

    /// Whether this is the session's last event.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Ended { .. })
    }
}
