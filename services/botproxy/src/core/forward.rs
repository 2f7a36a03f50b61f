//! One request on its way, from its arrival to its final response.

use std::time::Instant;

use sip::transaction::{ClientId, ServerId};
use sip::{Headers, Peer, Request};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ForwardId(pub(super) u64);

/// A request as it came.
pub(super) struct Arrival {
    pub(super) server: ServerId,
    pub(super) request: Request,
    pub(super) from: Peer,
}

/// What kind of request, and so what is done when nobody answers it.
#[derive(Debug)]
pub(super) enum Kind {
    /// A new call from a carrier: the next switch is tried.
    Inbound {
        /// Switches that were tried.
        tried: Vec<String>,
        /// Whether a reservation stands in our name.
        is_reserved: bool,
    },
    /// Anything else: the sender is told.
    Onward,
}

#[derive(Debug)]
pub(super) struct Forward {
    pub(super) id: ForwardId,
    pub(super) server: ServerId,
    pub(super) kind: Kind,
    /// As it goes on, but for what differs from branch to branch (Via, Record-Route).
    pub(super) request: Request,
    /// Where it came from.
    pub(super) upstream: Peer,
    /// Where it went.
    pub(super) downstream: Peer,
    /// The live branch.
    pub(super) client: Option<ClientId>,
    /// What tells a loop; at the end of our branches.
    pub(super) mark: String,
    /// When silence is too long; gone once anything came back.
    pub(super) silent_until: Option<Instant>,
    /// What the sender is told then.
    pub(super) silence_status: u16,
    /// What the sender is told when its INVITE was cancelled: 487, or 408 when that was our doing.
    pub(super) give_up_status: u16,
    /// Timer C.
    pub(super) ring_until: Option<Instant>,
    /// When to see whether the switch that has an unanswered call is still there.
    pub(super) watch_at: Option<Instant>,
    /// A provisional response came on the live branch, so that it can be cancelled.
    pub(super) is_proceeding: bool,
    /// The sender cancelled: the Reasons it gave.
    pub(super) cancelled: Option<Headers>,
    pub(super) is_cancel_sent: bool,
    /// A 2xx to an INVITE went back; repeated ones are let through until then (RFC 6026).
    pub(super) end_at: Option<Instant>,
    pub(super) is_over: bool,
    pub(super) scheduled: Option<Instant>,
}

impl Forward {
    pub(super) fn is_invite(&self) -> bool {
        self.request.method == sip::Method::Invite
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        [self.silent_until, self.ring_until, self.watch_at, self.end_at].into_iter().flatten().min()
    }
}
