//! Server transactions (RFC 3261 §17.2, RFC 6026 §7.1).

use std::time::Instant;

use bytes::Bytes;

use super::Config;
use super::client::Outcome;
use super::schedule::Timers;
use crate::message::Response;
use crate::transport::Peer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No final response yet.
    Proceeding,
    /// A final response went out (for INVITE: not a 2xx).
    Completed,
    /// A 2xx to an INVITE went out; the transaction user repeats it (RFC 6026).
    Accepted,
    /// The ACK of a non-2xx came.
    Confirmed,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) key: String,
    pub(super) invite: bool,
    /// Where responses go.
    pub(super) reply: Peer,
    /// Where they go if a connection is gone (RFC 3261 §18.2.2): what Via's sent-by says.
    pub(super) fallback: Option<Peer>,
    pub(super) state: State,
    pub(super) timers: Timers,
    /// The last response, to be repeated when the request comes again.
    pub(super) last: Option<Bytes>,
}

impl Server {
    pub(super) fn new(key: String, invite: bool, reply: Peer, fallback: Option<Peer>) -> Self {
        Self { key, invite, reply, fallback, state: State::Proceeding, timers: Timers::default(), last: None }
    }

    /// The same request again.
    pub(super) fn on_retransmission(&self) -> Outcome {
        let repeat = match self.state {
            State::Proceeding | State::Completed => self.last.clone(),
            State::Accepted | State::Confirmed => None,
        };
        Outcome { send: repeat, ..Outcome::default() }
    }

    /// An ACK that belongs here; `tell` when it acknowledges a 2xx, which is the transaction user's.
    pub(super) fn on_ack(&mut self, now: Instant, config: &Config) -> Outcome {
        match self.state {
            State::Completed if self.invite => {
                self.state = State::Confirmed;
                self.timers = Timers::until(now + config.t4);
                Outcome { done: self.reply.transport.is_reliable(), ..Outcome::default() }
            }
            State::Accepted => Outcome { tell: true, ..Outcome::default() },
            _ => Outcome::default(),
        }
    }

    /// A response of the transaction user.
    pub(super) fn on_respond(&mut self, now: Instant, response: &Response, config: &Config) -> Outcome {
        let wire = response.to_bytes();
        let reliable = self.reply.transport.is_reliable();
        match (self.state, response.status) {
            (State::Proceeding, ..200) => {
                self.last = Some(wire.clone());
                Outcome { send: Some(wire), ..Outcome::default() }
            }
            (State::Proceeding, 200..300) if self.invite => {
                self.state = State::Accepted;
                self.timers = Timers::until(now + config.t1 * 64);
                self.last = None;
                Outcome { send: Some(wire), ..Outcome::default() }
            }
            (State::Accepted, 200..300) => Outcome { send: Some(wire), ..Outcome::default() },
            (State::Proceeding, _) => {
                self.state = State::Completed;
                self.last = Some(wire.clone());
                let deadline = now + config.t1 * 64;
                self.timers = if self.invite && !reliable {
                    Timers::retransmit_from(now, config.t1, deadline)
                } else {
                    Timers::until(deadline)
                };
                Outcome { send: Some(wire), done: reliable && !self.invite, ..Outcome::default() }
            }
            _ => Outcome::default(),
        }
    }

    pub(super) fn on_timer(&mut self, now: Instant, config: &Config) -> Outcome {
        if self.timers.deadline.is_some_and(|at| at <= now) {
            // Timer H: nobody acknowledged. I, J and L only clean up.
            let failed = self.invite && self.state == State::Completed;
            return Outcome { tell: failed, done: true, send: None };
        }
        if self.timers.retransmit.is_some_and(|at| at <= now) {
            self.timers.back_off(now, config.t2);
            return Outcome { send: self.last.clone(), ..Outcome::default() };
        }
        Outcome::default()
    }
}
