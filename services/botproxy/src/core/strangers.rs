//! Who is neither a switch nor a trunk gets little, and after a while nothing.
//!
//! Over UDP anybody can send in anybody's name, so an answer may go to who never asked. Hence strangers are answered without a
//! transaction, once for each request and never again by a timer; with no more bytes than they sent; and all of them together only so
//! often. Who goes on all the same is not heard for a while: what it sends is dropped before it is read, and costs next to nothing.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use sip::message::parse;
use sip::{Message, Method, Peer, Request, Response, Transmit, Transport};

use super::sources::{Rate, Sources};
use super::{Directory, Dropped, Proxy, Refusal, capabilities};

/// How much of strangers is put up with.
#[derive(Clone, Debug)]
pub(crate) struct StrangerLimits {
    /// Messages that one may send at once.
    pub(crate) burst: u32,
    /// In every such interval it may send one more.
    pub(crate) interval: Duration,
    /// How long it is not heard after having sent more.
    pub(crate) ban: Duration,
    /// Answers to all of them together, a second.
    pub(crate) answers_per_second: u32,
}

impl Default for StrangerLimits {
    fn default() -> Self {
        Self { burst: 20, interval: Duration::from_secs(3), ban: Duration::from_secs(600), answers_per_second: 200 }
    }
}

#[derive(Debug)]
struct Stranger {
    full_at: Instant,
    banned_until: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Strangers {
    rate: Rate,
    ban: Duration,
    sources: Sources<Stranger>,
    answers: Rate,
    answers_full_at: Option<Instant>,
}

impl Strangers {
    pub(super) fn new(limits: &StrangerLimits) -> Self {
        Self {
            rate: Rate::new(limits.burst, limits.interval),
            ban: limits.ban,
            sources: Sources::default(),
            answers: Rate::per_second(limits.answers_per_second),
            answers_full_at: None,
        }
    }

    /// Whether a message of this source is looked at.
    fn hears(&mut self, now: Instant, source: IpAddr) -> Result<(), Unheard> {
        let stranger = self.sources.of(source, || Stranger { full_at: now, banned_until: None });
        if stranger.banned_until.is_some_and(|until| until > now) {
            return Err(Unheard::Still);
        }
        stranger.banned_until = None;
        if self.rate.take(&mut stranger.full_at, now) {
            return Ok(());
        }
        stranger.banned_until = Some(now + self.ban);
        Err(Unheard::FromNowOn)
    }

    /// What this source sent was asked for.
    fn forgive(&mut self, now: Instant, source: IpAddr) {
        self.sources.of(source, || Stranger { full_at: now, banned_until: None }).full_at = now;
    }

    fn may_answer(&mut self, now: Instant) -> bool {
        self.answers.take(self.answers_full_at.get_or_insert(now), now)
    }
}

#[derive(PartialEq)]
enum Unheard {
    Still,
    FromNowOn,
}

impl Proxy {
    /// Whether a switch, a trunk or a trunk's peer is at this address.
    pub(super) fn knows(&mut self, now: Instant, source: IpAddr, directory: &dyn Directory) -> bool {
        let source = source.to_canonical();
        self.refresh_switches(now, directory);
        self.switches.is_at(source)
            || directory.is_source(source)
            || directory.is_trunk_peer(source)
            || directory.is_agent_at(source)
    }

    pub(super) fn on_stranger(&mut self, now: Instant, from: Peer, payload: &[u8], directory: &mut dyn Directory) {
        let source = from.addr.ip();
        if let Err(unheard) = self.strangers.hears(now, source) {
            self.counters.bans += u64::from(unheard == Unheard::FromNowOn);
            self.counters.dropped(Dropped::Banned);
            return;
        }
        match parse(payload) {
            Ok(Message::Request(request)) => {
                let answers = self.answers_to_stranger(&request);
                self.answer_stranger(now, from, payload.len(), answers);
            }
            // A far end may answer from another address than it was asked at; only who was asked knows the branch.
            Ok(Message::Response(response)) if self.layer.expects(&response) => {
                self.strangers.forgive(now, source);
                self.layer.receive(now, from, payload);
                self.pump(now, directory);
            }
            Ok(Message::Response(_)) => self.counters.stray_responses += 1,
            Err(error) if error.keep_alive => {}
            Err(error) => {
                self.counters.malformed(error.status);
                if let Some(response) = error.response {
                    self.answer_stranger(now, from, payload.len(), vec![*response]);
                }
            }
        }
    }

    /// What a stranger may be told, best first.
    fn answers_to_stranger(&mut self, request: &Request) -> Vec<Response> {
        match request.method {
            Method::Options => {
                self.counters.options_answered += 1;
                vec![capabilities(request, None), request.response(200, None, None)]
            }
            Method::Ack => {
                self.counters.refused(Refusal::UnknownSource);
                Vec::new()
            }
            _ => {
                self.counters.refused(Refusal::UnknownSource);
                vec![request.response(403, None, None)]
            }
        }
    }

    /// Answers with the first that is no longer than what was sent.
    fn answer_stranger(&mut self, now: Instant, from: Peer, asked_bytes: usize, answers: Vec<Response>) {
        let mut answers =
            answers.into_iter().filter_map(|answer| self.layer.stateless_response(from, answer)).peekable();
        if answers.peek().is_none() {
            return;
        }
        let fits = |answer: &Transmit| from.transport == Transport::Tcp || answer.payload.len() <= asked_bytes;
        match answers.find(fits) {
            None => self.counters.dropped(Dropped::Longer),
            Some(_) if !self.strangers.may_answer(now) => self.counters.dropped(Dropped::Answer),
            Some(answer) => self.layer.send(answer.peer, answer.payload),
        }
    }
}
