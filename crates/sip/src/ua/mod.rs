//! A user agent for INVITE sessions, caller and callee (RFC 3261 §8, §11-§15, RFC 3311, RFC 6086).
//!
//! [`UserAgent`] is a pure state machine: bytes and time go in, then drain [`poll_transmit`](UserAgent::poll_transmit)
//! and [`poll_event`](UserAgent::poll_event) and come back at [`poll_timeout`](UserAgent::poll_timeout). Every session
//! ends with exactly one [`UaEvent::Failed`] or [`UaEvent::Ended`], whatever the network does; what is left to be
//! said to the far end after that (BYE, ACK) is seen to without events.

mod answered;
mod build;
mod early;
mod end;
mod reoffer;
mod session;
mod types;
mod uac;
mod uas;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

pub use build::ALLOW;
pub use types::{Counters, Credentials, InviteParams, SessionId, UaConfig, UaEvent};

use crate::error::Error;
use crate::message::Request;
use crate::random::TokenSource;
use crate::transaction::schedule::Schedule;
use crate::transaction::{self, ClientId, Event, Layer};
use crate::transport::{Peer, Transmit};
use answered::AnsweredTable;
use session::{Phase, Session};

/// How long an INVITE of ours may ring when its caller names no time.
pub const RING_TIMEOUT_DEFAULT: Duration = Duration::from_secs(180);
/// Most events that wait to be polled; while there are so many, new calls are answered 503.
pub const EVENTS_MAX: usize = 10_000;
/// How often one request is sent again with credentials before its 401 or 407 is final.
const AUTH_ATTEMPTS_MAX: u8 = 3;
/// Most answers of one forked INVITE that are acknowledged and hung up; later ones time out at their sender.
const FORKS_MAX: usize = 16;
/// Answered INVITEs per session that are remembered for their copies.
const MERGED_PER_SESSION: usize = 2;
/// Transactions per session that the transaction layer has room for.
const TRANSACTIONS_PER_SESSION: usize = 6;

/// Call-ID, From tag and CSeq number of an INVITE.
type RingingKey = (String, String, u32);

/// What a client transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Invite,
    Bye,
}

/// The user agent.
#[derive(Debug)]
pub struct UserAgent {
    config: UaConfig,
    layer: Layer,
    tokens: TokenSource,
    next_session: u64,
    sessions: HashMap<SessionId, Box<Session>>,
    /// By Call-ID and our tag.
    dialogs: HashMap<(String, String), SessionId>,
    clients: HashMap<ClientId, (SessionId, Purpose)>,
    /// INVITEs of ours that may be answered again.
    answered: AnsweredTable,
    /// INVITEs that wait for an answer or were answered just now, to tell a merged request (§8.2.2.2).
    ringing: HashMap<RingingKey, SessionId>,
    /// Those of them that were answered, with the time until which a copy may come by another path.
    merged: VecDeque<(Instant, RingingKey)>,
    schedule: Schedule<SessionId>,
    events: VecDeque<UaEvent>,
    counters: Counters,
}

impl UserAgent {
    /// A user agent without sessions; `seed` makes tags, branches and Call-IDs and must be hard to guess.
    #[must_use]
    pub fn new(config: UaConfig, seed: u64) -> Self {
        let mut tokens = TokenSource::new(seed);
        let transactions_max = config.sessions_max.saturating_mul(TRANSACTIONS_PER_SESSION).max(100);
        let layer_config = transaction::Config {
            t1: config.t1,
            t2: config.t2,
            t4: config.t4,
            transactions_max,
            retry_after_s: config.retry_after_s,
            ..transaction::Config::new(config.contact_udp, config.contact_tcp)
        };
        let layer = Layer::new(layer_config, tokens.next_u64());
        Self {
            config,
            layer,
            tokens,
            next_session: 0,
            sessions: HashMap::new(),
            dialogs: HashMap::new(),
            clients: HashMap::new(),
            answered: AnsweredTable::new(transactions_max),
            ringing: HashMap::new(),
            merged: VecDeque::new(),
            schedule: Schedule::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// One datagram, or one message framed by [`StreamDecoder`](crate::StreamDecoder).
    pub fn receive(&mut self, now: Instant, from: Peer, payload: &[u8]) {
        self.layer.receive(now, from, payload);
        self.pump(now);
    }

    /// Nothing can be sent to this peer: a TCP connection failed or broke, or ICMP says so.
    pub fn transport_failed(&mut self, now: Instant, peer: Peer) {
        self.layer.transport_failed(now, peer);
        self.pump(now);
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.layer.handle_timeout(now);
        self.pump(now);
        // Nothing is lost when these stay longer, so they have no timers of their own.
        self.answered.expire(now);
        self.forget_merged(now);
        while let Some((_, id)) = self.schedule.pop_due(now) {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.scheduled = None;
            }
            self.with(id, |ua, session| ua.on_session_timeout(now, session));
        }
        self.pump(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match (self.layer.poll_timeout(), self.schedule.next()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The next message to be sent.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.layer.poll_transmit()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<UaEvent> {
        self.events.pop_front()
    }

    /// How many sessions there are, those included that have ended but still owe the far end a message.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// What was refused or dropped so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The dialog of a session: what another process needs to go on with it.
    #[must_use]
    pub fn dialog(&self, session: SessionId) -> Option<&crate::dialog::Dialog> {
        self.sessions.get(&session)?.dialog.as_ref()
    }

    fn pump(&mut self, now: Instant) {
        while let Some(event) = self.layer.poll_event() {
            match event {
                Event::Request { id, request, from } => self.on_request(now, id, from, request),
                Event::Ack { request, .. } => self.on_ack(now, &request),
                Event::Response { id, response } if self.answered.contains(id) => {
                    self.on_answered_again(now, id, &response);
                }
                Event::Response { id, response } => {
                    if let Some(&(session, purpose)) = self.clients.get(&id) {
                        self.with(session, |ua, session| match purpose {
                            Purpose::Invite => ua.on_invite_response(now, session, id, response),
                            Purpose::Bye => ua.on_bye_response(now, session, &response),
                        });
                    }
                }
                Event::ClientFailed { id, failure } => {
                    if let Some((session, purpose)) = self.clients.remove(&id) {
                        self.with(session, |ua, session| match purpose {
                            Purpose::Invite => ua.on_invite_failed(now, session, id, failure),
                            Purpose::Bye => ua.on_bye_failed(now, session, failure),
                        });
                    }
                }
                // Our refusal was never acknowledged. The session has ended with it all the same.
                Event::ServerFailed { .. } => {}
                Event::Malformed { .. } => self.counters.malformed += 1,
                Event::Stray { .. } => self.counters.stray_responses += 1,
            }
        }
    }

    /// Runs `f` on a session, then files it under its next timeout or forgets it.
    fn with<R>(&mut self, id: SessionId, f: impl FnOnce(&mut Self, &mut Session) -> R) -> Option<R> {
        let mut session = self.sessions.remove(&id)?;
        let result = f(self, &mut session);
        self.file(session);
        Some(result)
    }

    /// The same for calls of the application, for which a session ends with its final event.
    fn with_live<R>(
        &mut self,
        id: SessionId,
        f: impl FnOnce(&mut Self, &mut Session) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let live = self.sessions.get(&id).is_some_and(|s| !matches!(s.phase, Phase::Closing | Phase::Over));
        if !live {
            return Err(Error::UnknownSession);
        }
        self.with(id, f).ok_or(Error::UnknownSession)?
    }

    fn file(&mut self, mut session: Box<Session>) {
        if session.phase == Phase::Closing && session.is_settled() {
            session.phase = Phase::Over;
        }
        let next = if session.phase == Phase::Over { None } else { session.next_timeout() };
        self.schedule.update(session.id, session.scheduled, next);
        session.scheduled = next;
        if session.phase == Phase::Over {
            self.dialogs.remove(&(session.call_id.clone(), session.local_tag.clone()));
            for tx in session.outgoing.iter().map(|o| o.tx).chain(session.bye.iter().map(|b| b.tx)) {
                self.clients.remove(&tx);
            }
            self.forget_ringing(&session);
        } else {
            self.sessions.insert(session.id, session);
        }
    }

    fn forget_ringing(&mut self, session: &Session) {
        if let Some(incoming) = session.incoming.as_ref() {
            self.ringing.remove(&ringing_key(&incoming.request));
        }
    }

    /// Keeps an INVITE that is answered now in mind for as long as its copies may be on their way (§8.2.2.2).
    fn keep_for_merged(&mut self, now: Instant, request: &Request) {
        if self.merged.len() >= self.config.sessions_max.saturating_mul(MERGED_PER_SESSION)
            && let Some((_, oldest)) = self.merged.pop_front()
        {
            self.ringing.remove(&oldest);
        }
        self.merged.push_back((now + self.config.t1 * 64, ringing_key(request)));
    }

    fn forget_merged(&mut self, now: Instant) {
        while self.merged.front().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, key)) = self.merged.pop_front() {
                self.ringing.remove(&key);
            }
        }
    }

    fn on_session_timeout(&mut self, now: Instant, session: &mut Session) {
        self.resend_unacked(now, session);
        self.check_ring_timeout(now, session);
        self.check_expiry(now, session);
        self.retry_reoffer(now, session);
    }

    fn new_session_id(&mut self) -> SessionId {
        self.next_session += 1;
        SessionId(self.next_session)
    }

    fn is_full(&self) -> bool {
        self.sessions.len() >= self.config.sessions_max || self.events.len() >= EVENTS_MAX
    }
}

fn ringing_key(request: &Request) -> RingingKey {
    (request.call_id().into_owned(), request.from_tag().unwrap_or_default(), request.cseq().map_or(0, |c| c.number))
}
