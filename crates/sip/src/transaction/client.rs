//! Client transactions (RFC 3261 §17.1, RFC 6026 §7.2).

use std::time::Instant;

use bytes::Bytes;

use super::Config;
use super::schedule::Timers;
use crate::headers::CSeq;
use crate::message::{HeaderName, Headers, Method, Request, Response};
use crate::transport::Peer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Calling or Trying: nothing came back yet.
    Trying,
    Proceeding,
    /// A non-2xx final response came (any final one for other requests than INVITE).
    Completed,
    /// A 2xx to an INVITE came; more of them may (RFC 6026).
    Accepted,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) key: String,
    pub(super) peer: Peer,
    pub(super) state: State,
    pub(super) timers: Timers,
    /// The request as sent, Via included: what ACK and CANCEL are made from.
    pub(super) request: Request,
    pub(super) wire: Bytes,
    /// The ACK for a non-2xx final response, to be sent again with each of its retransmissions.
    pub(super) ack: Option<Bytes>,
}

/// What a transaction wants done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// To be sent to the peer.
    pub(super) send: Option<Bytes>,
    /// The message (or the timeout) is the transaction user's business.
    pub(super) tell: bool,
    /// The transaction is over.
    pub(super) done: bool,
}

impl Client {
    pub(super) fn new(now: Instant, key: String, peer: Peer, request: Request, config: &Config) -> Self {
        let deadline = now + config.t1 * 64;
        let timers = if peer.transport.is_reliable() {
            Timers::until(deadline)
        } else {
            Timers::retransmit_from(now, config.t1, deadline)
        };
        let wire = request.to_bytes();
        Self { key, peer, state: State::Trying, timers, request, wire, ack: None }
    }

    pub(super) fn is_invite(&self) -> bool {
        self.request.method == Method::Invite
    }

    pub(super) fn on_response(&mut self, now: Instant, response: &Response, config: &Config) -> Outcome {
        if self.is_invite() {
            self.on_invite_response(now, response, config)
        } else {
            self.on_other_response(now, response, config)
        }
    }

    fn on_invite_response(&mut self, now: Instant, response: &Response, config: &Config) -> Outcome {
        let tell = Outcome { tell: true, ..Outcome::default() };
        match (self.state, response.status) {
            (State::Trying, ..200) => {
                self.state = State::Proceeding;
                // No timer runs now: how long it may ring is the transaction user's decision.
                self.timers = Timers::default();
                tell
            }
            (State::Proceeding, ..200) => tell,
            (State::Trying | State::Proceeding, 200..300) => {
                self.state = State::Accepted;
                self.timers = Timers::until(now + config.t1 * 64);
                tell
            }
            (State::Accepted, 200..300) => tell,
            (State::Trying | State::Proceeding, _) => {
                let ack = ack_for(&self.request, response).to_bytes();
                self.ack = Some(ack.clone());
                self.state = State::Completed;
                self.timers = Timers::until(now + config.timer_d());
                // Over a reliable transport nothing is sent twice, so there is nothing to wait for (Timer D = 0).
                Outcome { send: Some(ack), tell: true, done: self.peer.transport.is_reliable() }
            }
            (State::Completed, 300..) => Outcome { send: self.ack.clone(), ..Outcome::default() },
            _ => Outcome::default(),
        }
    }

    fn on_other_response(&mut self, now: Instant, response: &Response, config: &Config) -> Outcome {
        match (self.state, response.status) {
            (State::Trying | State::Proceeding, ..200) => {
                if self.state == State::Trying && self.timers.retransmit.is_some() {
                    self.timers.interval = config.t2;
                    self.timers.retransmit = Some(now + config.t2);
                }
                self.state = State::Proceeding;
                Outcome { tell: true, ..Outcome::default() }
            }
            (State::Trying | State::Proceeding, _) => {
                self.state = State::Completed;
                self.timers = Timers::until(now + config.t4);
                Outcome { tell: true, done: self.peer.transport.is_reliable(), ..Outcome::default() }
            }
            _ => Outcome::default(),
        }
    }

    pub(super) fn on_timer(&mut self, now: Instant, config: &Config) -> Outcome {
        if self.timers.deadline.is_some_and(|at| at <= now) {
            // Timers B and F fail; D, K and M only clean up.
            let failed = matches!(self.state, State::Trying | State::Proceeding);
            return Outcome { tell: failed, done: true, send: None };
        }
        if self.timers.retransmit.is_some_and(|at| at <= now) {
            // Timer A doubles without limit (§17.1.1.2), E up to T2 (§17.1.2.2).
            let most = if self.is_invite() { config.t1 * 64 } else { config.t2 };
            self.timers.back_off(now, most);
            return Outcome { send: Some(self.wire.clone()), ..Outcome::default() };
        }
        Outcome::default()
    }
}

/// The ACK to a non-2xx final response (RFC 3261 §17.1.1.3).
fn ack_for(invite: &Request, response: &Response) -> Request {
    let mut ack = derived(invite, Method::Ack);
    if let Some(to) = response.headers.get(&HeaderName::To) {
        ack.headers.set(HeaderName::To, to.clone());
    }
    ack
}

/// The CANCEL of an INVITE (RFC 3261 §9.1).
pub(super) fn cancel_for(invite: &Request, extra: &Headers) -> Request {
    let mut cancel = derived(invite, Method::Cancel);
    for header in extra {
        cancel.headers.push(header.name.clone(), header.value.clone());
    }
    cancel
}

/// A request in the same transaction: same Request-URI, topmost Via, From, To, Call-ID, CSeq number and Route.
fn derived(invite: &Request, method: Method) -> Request {
    let mut request = Request::new(method.clone(), invite.uri.clone());
    if let Some(via) = invite.top_via() {
        request.headers.push(HeaderName::Via, via.to_string());
    }
    for header in &invite.headers {
        if matches!(header.name, HeaderName::Route | HeaderName::From | HeaderName::To | HeaderName::CallId) {
            request.headers.push(header.name.clone(), header.value.clone());
        }
    }
    let number = invite.cseq().map_or(1, |c| c.number);
    request.headers.push(HeaderName::CSeq, CSeq { number, method }.to_string());
    request.headers.push(HeaderName::MaxForwards, "70");
    request
}
