//! What is known of one session.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::FORKS_MAX;
use super::types::{Credentials, SessionId};
use crate::dialog::Dialog;
use crate::digest::NonceState;
use crate::message::{Request, Response};
use crate::transaction::{ClientId, ServerId};
use crate::transport::Peer;

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Our INVITE has no final answer yet.
    Calling,
    /// Their INVITE has no final answer yet.
    Ringing,
    /// There is a dialog: our 2xx was sent, or theirs came.
    Up,
    /// The final event is told; only messages are left to be settled.
    Closing,
    /// To be forgotten.
    Over,
}

/// One INVITE session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) phase: Phase,
    /// Whether we made the call, and so own the Call-ID (§14.1 asks).
    pub(super) is_caller: bool,
    pub(super) call_id: String,
    pub(super) local_tag: String,
    /// The first hop.
    pub(super) peer: Peer,
    pub(super) dialog: Option<Dialog>,
    pub(super) credentials: Option<Credentials>,
    pub(super) nonce: NonceState,
    /// Our INVITE or re-INVITE, from sending it until the next one replaces it.
    pub(super) outgoing: Option<Outgoing>,
    /// Early dialogs of our INVITE in which requests came: the far end's tag, and the number of its last request.
    pub(super) early: Vec<(String, u32)>,
    /// A 2xx with an offer came; its ACK waits for our answer: the INVITE's CSeq number.
    pub(super) ack_owed: Option<u32>,
    /// Their INVITE, re-INVITE or UPDATE that waits for an answer of the application.
    pub(super) incoming: Option<Incoming>,
    /// Our 2xx to an INVITE that waits for its ACK.
    pub(super) unacked: Option<Unacked>,
    /// A BYE to be sent once that ACK came or is given up (§15): its Reason.
    pub(super) bye_owed: Option<Option<String>>,
    /// When their INVITE expires (§13.3.1).
    pub(super) expires_at: Option<Instant>,
    /// Our BYE.
    pub(super) bye: Option<Bye>,
    pub(super) bye_attempts: u8,
    /// A re-INVITE to be tried again after a 491 (§14.1).
    pub(super) retry: Option<(Instant, Option<String>)>,
    /// The time that stands in the schedule.
    pub(super) scheduled: Option<Instant>,
}

/// An INVITE of ours.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) tx: ClientId,
    /// Without Via; what is sent again with credentials.
    pub(super) request: Request,
    /// Whether the final response still is to come.
    pub(super) pending: bool,
    /// Whether a provisional response came: only then a CANCEL may be sent (§9.1).
    pub(super) provisional_seen: bool,
    /// Given up: the status to fail with, and the Reason of the CANCEL.
    pub(super) give_up: Option<GiveUp>,
    /// When to give up.
    pub(super) deadline: Option<Instant>,
    pub(super) auth_attempts: u8,
}

#[derive(Clone, Debug)]
pub(super) struct GiveUp {
    pub(super) status: u16,
    pub(super) reason_header: Option<String>,
    pub(super) cancel_sent: bool,
    /// When the session fails even if the transaction has not ended by then.
    pub(super) until: Instant,
}

/// A BYE of ours.
#[derive(Debug)]
pub(super) struct Bye {
    pub(super) tx: ClientId,
    /// Without Via; what is sent again with credentials or another way.
    pub(super) request: Request,
    pub(super) peer: Peer,
    /// Whether this is the second way.
    pub(super) is_rerouted: bool,
}

/// A request with an offer that the application answers.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) tx: ServerId,
    pub(super) request: Arc<Request>,
}

/// A 2xx of ours that is sent until it is acknowledged (§13.3.1.4).
#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) tx: ServerId,
    pub(super) cseq: u32,
    pub(super) response: Response,
    /// Whether it carries an offer, so that the ACK carries the answer.
    pub(super) offered: bool,
    pub(super) interval: Duration,
    pub(super) resend_at: Instant,
    pub(super) deadline: Instant,
}

impl Session {
    pub(super) fn new(id: SessionId, phase: Phase, call_id: String, local_tag: String, peer: Peer) -> Self {
        Self {
            id,
            phase,
            is_caller: phase == Phase::Calling,
            call_id,
            local_tag,
            peer,
            dialog: None,
            credentials: None,
            nonce: NonceState::default(),
            outgoing: None,
            early: Vec::new(),
            ack_owed: None,
            incoming: None,
            unacked: None,
            bye_owed: None,
            expires_at: None,
            bye: None,
            bye_attempts: 0,
            retry: None,
            scheduled: None,
        }
    }

    /// When something is to be done without a message coming in.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let pending = self.outgoing.as_ref().filter(|o| o.pending);
        let ring = pending.and_then(|o| o.give_up.as_ref().map_or(o.deadline, |g| Some(g.until)));
        let expiry = self.expires_at.filter(|_| self.phase == Phase::Ringing);
        let resend = self.unacked.as_ref().map(|u| u.resend_at.min(u.deadline));
        let retry = self.retry.as_ref().map(|(at, _)| *at);
        [ring, expiry, resend, retry].into_iter().flatten().min()
    }

    /// Whether every message is settled, so that a closing session can be forgotten.
    pub(super) fn is_settled(&self) -> bool {
        self.bye.is_none()
            && self.bye_owed.is_none()
            && self.unacked.is_none()
            && !self.outgoing.as_ref().is_some_and(|o| o.pending)
    }

    /// Notes the number of a request in an early dialog of ours; `false` if it comes out of order.
    pub(super) fn accept_early_cseq(&mut self, remote_tag: &str, number: u32) -> bool {
        let has_room = self.early.len() < FORKS_MAX;
        match self.early.iter_mut().find(|(tag, _)| tag == remote_tag) {
            Some((_, last)) if number <= *last => return false,
            Some((_, last)) => *last = number,
            None if has_room => self.early.push((remote_tag.to_owned(), number)),
            None => {}
        }
        true
    }

    pub(super) fn has_pending_reoffer(&self) -> bool {
        self.outgoing.as_ref().is_some_and(|o| o.pending)
    }
}
