//! The proxy itself, without sockets, clock or database: bytes, time and a [`Directory`] in, bytes out.
//!
//! Transaction-stateful, but without any call state (RFC 3261 §16): what a request within a dialog needs to find its
//! way stands in the Record-Route that went out with the INVITE, so that any instance, also one started a moment ago,
//! can route it. Invariants: every request but ACK is answered, by the far end or by us; an INVITE has at most one
//! live branch at a time; every reservation made here is released here.

mod classify;
mod counters;
mod forward;
mod inbound;
mod onward;
mod response;
mod route;
mod sources;
mod strangers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use botstream_state::load::SwitchLoad;
use sip::transaction::{self, ClientId, Event, Layer, ServerId};
use sip::{HeaderName, Method, Peer, Request, Response, TokenSource, Transmit, Transport};

use classify::{Source, Switches};
pub(crate) use counters::{Counters, Dropped, Refusal};
use forward::{Arrival, Forward, ForwardId};
use sources::{Rate, Sources};
pub(crate) use strangers::StrangerLimits;
use strangers::Strangers;

/// Methods that are carried.
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE";

/// What the proxy knows of the rest of the cluster. Every call returns at once, from this process's own copies.
pub(crate) trait Directory {
    /// The trunk that a call from this address belongs to.
    fn trunk_of_source(&self, source: IpAddr) -> Option<TrunkName>;
    /// Whether calls come from this address.
    fn is_source(&self, source: IpAddr) -> bool {
        self.trunk_of_source(source).is_some()
    }
    /// Whether calls are sent to a trunk at this address, so that requests within them may come from there.
    fn is_trunk_peer(&self, source: IpAddr) -> bool;
    /// Whether a trunk-manager speaks from this address.
    fn is_agent(&self, _source: SocketAddr) -> bool {
        false
    }
    /// Whether a trunk-manager is at this address, at any port.
    fn is_agent_at(&self, _source: IpAddr) -> bool {
        false
    }
    /// The trunk that is registered at this address with this contact; or, with another contact or none, the only one that is
    /// registered there.
    fn registered_trunk(&self, _source: IpAddr, _contact_user: Option<&str>) -> Option<TrunkName> {
        None
    }
    /// The user of the contact that a trunk registers, if it does.
    fn contact_user(&self, _trunk: &TrunkName) -> Option<String> {
        None
    }
    /// The address of a trunk's peer that is configured by name.
    fn resolve(&self, host: &str, port: u16) -> Option<SocketAddr>;
    /// The time that the cluster's clocks share, ms since 1970.
    fn unix_ms(&self) -> i64;
    /// The media switches and their load, reservations included.
    fn switches(&self) -> Vec<SwitchLoad>;
    /// The node that has a call, by its SIP Call-ID.
    fn node_of_call(&self, call_id: &str) -> Option<String>;
    /// Notes that a call (by its SIP Call-ID) is on its way to a switch.
    fn reserve(&mut self, call_id: &str, node: &str);
    /// Takes that back.
    fn release(&mut self, call_id: &str);
}

/// Which trunk, of which tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrunkName {
    pub(crate) tenant: String,
    pub(crate) name: String,
}

/// How the proxy presents itself, and its patience.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Our address over UDP, as others reach it.
    pub(crate) udp: SocketAddr,
    /// Our address over TCP, as others reach it.
    pub(crate) tcp: SocketAddr,
    /// A switch that has not said anything to an INVITE for so long is passed over.
    pub(crate) switch_silence_max: Duration,
    /// A switch that has not said anything to a request within a dialog for so long is taken for dead.
    pub(crate) dialog_silence_max: Duration,
    /// Timer C (RFC 3261 §16.6 step 11): how long an INVITE may ring without a word. More than 3 minutes.
    pub(crate) timer_c: Duration,
    /// What a refusal for want of a switch says in Retry-After, in seconds.
    pub(crate) retry_after_s: u32,
    /// T1 of RFC 3261.
    pub(crate) t1: Duration,
    /// Most transactions of each kind at once.
    pub(crate) transactions_max: usize,
    /// New calls a second from one address of a trunk; twice as many at once.
    pub(crate) calls_per_second_max: u32,
    /// What others than switches and trunks may do.
    pub(crate) strangers: StrangerLimits,
}

impl Config {
    pub(crate) fn new(udp: SocketAddr, tcp: SocketAddr) -> Self {
        Self {
            udp,
            tcp,
            switch_silence_max: Duration::from_millis(500),
            dialog_silence_max: Duration::from_secs(8),
            timer_c: Duration::from_secs(185),
            retry_after_s: 5,
            t1: Duration::from_millis(500),
            transactions_max: 50_000,
            calls_per_second_max: 1_000,
            strangers: StrangerLimits::default(),
        }
    }

    fn addr(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Udp => self.udp,
            Transport::Tcp => self.tcp,
        }
    }
}

/// The proxy. Feed it, then drain [`poll_transmit`](Self::poll_transmit) and come back at
/// [`poll_timeout`](Self::poll_timeout).
pub(crate) struct Proxy {
    config: Config,
    layer: Layer,
    tokens: TokenSource,
    next_forward: u64,
    forwards: BTreeMap<ForwardId, Forward>,
    by_server: BTreeMap<ServerId, ForwardId>,
    by_client: BTreeMap<ClientId, ForwardId>,
    /// Branches given up for their silence, which are cancelled should they say something after all.
    stale: BTreeSet<ClientId>,
    timers: BTreeSet<(Instant, ForwardId)>,
    switches: Switches,
    strangers: Strangers,
    /// When each trunk's address may make its full burst of calls again.
    calls_of: Sources<Instant>,
    counters: Counters,
    is_draining: bool,
}

impl Proxy {
    /// A proxy without transactions; `seed` makes branches and tags and must be hard to guess.
    pub(crate) fn new(config: Config, seed: u64) -> Self {
        let mut tokens = TokenSource::new(seed);
        let layer = transaction::Config {
            t1: config.t1,
            t2: config.t1 * 8,
            t4: config.t1 * 10,
            transactions_max: config.transactions_max,
            retry_after_s: config.retry_after_s,
            ..transaction::Config::new(config.udp, config.tcp)
        };
        Self {
            layer: Layer::new(layer, tokens.next_u64()),
            strangers: Strangers::new(&config.strangers),
            calls_of: Sources::default(),
            config,
            tokens,
            next_forward: 0,
            forwards: BTreeMap::new(),
            by_server: BTreeMap::new(),
            by_client: BTreeMap::new(),
            stale: BTreeSet::new(),
            timers: BTreeSet::new(),
            switches: Switches::default(),
            counters: Counters::default(),
            is_draining: false,
        }
    }

    /// One datagram, or one message cut out of a stream.
    pub(crate) fn receive(&mut self, now: Instant, from: Peer, payload: &[u8], directory: &mut dyn Directory) {
        if self.knows(now, from.addr.ip(), directory) {
            self.layer.receive(now, from, payload);
            self.pump(now, directory);
        } else {
            self.on_stranger(now, from, payload, directory);
        }
    }

    /// Nothing can be sent to this peer.
    pub(crate) fn transport_failed(&mut self, now: Instant, peer: Peer, directory: &mut dyn Directory) {
        self.layer.transport_failed(now, peer);
        self.pump(now, directory);
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, directory: &mut dyn Directory) {
        self.layer.handle_timeout(now);
        self.pump(now, directory);
        while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            if let Some(mut forward) = self.forwards.remove(&id) {
                forward.scheduled = None;
                self.on_forward_timeout(now, &mut forward, directory);
                self.file(forward, directory);
            }
        }
        self.pump(now, directory);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let own = self.timers.first().map(|(at, _)| *at);
        match (own, self.layer.poll_timeout()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The next message to be sent.
    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.layer.poll_transmit()
    }

    /// What happened so far.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Requests that are being carried and have no final response yet.
    pub(crate) fn pending(&self) -> usize {
        self.forwards.values().filter(|f| f.end_at.is_none()).count()
    }

    /// Takes no new calls from carriers while draining.
    pub(crate) fn set_draining(&mut self, is_draining: bool) {
        self.is_draining = is_draining;
    }

    fn pump(&mut self, now: Instant, directory: &mut dyn Directory) {
        while let Some(event) = self.layer.poll_event() {
            match event {
                Event::Request { id, request, from } => self.on_request(now, id, request, from, directory),
                Event::Ack { request, from } => self.on_ack(now, request, from, directory),
                Event::Response { id, response } => self.on_response(now, id, response, directory),
                Event::ClientFailed { id, failure } => self.on_client_failed(now, id, failure, directory),
                // The sender of an INVITE never acknowledged its refusal. It has it all the same.
                Event::ServerFailed { .. } => {}
                Event::Malformed { error, .. } => self.counters.malformed(error.status),
                Event::Stray { .. } => self.counters.stray_responses += 1,
            }
        }
    }

    fn on_request(&mut self, now: Instant, id: ServerId, request: Request, from: Peer, directory: &mut dyn Directory) {
        if request.method == Method::Cancel {
            self.on_cancel(now, id, &request);
            return;
        }
        let source = self.classify(now, &request, from, directory);
        if source == Source::Unknown && request.method != Method::Options {
            self.refuse(now, id, &request, 403, Refusal::UnknownSource);
            return;
        }
        let is_from_switch = source == Source::Switch;
        let is_from_us = is_from_switch || source == Source::Agent;
        if let Err((status, refusal)) = self.check(&request, is_from_switch) {
            self.refuse(now, id, &request, status, refusal);
            return;
        }
        let mut request = request;
        let routes = self.take_own_routes(&mut request);
        let is_in_dialog = request.to_tag().is_some();
        let method = request.method.clone();
        let arrival = Arrival { server: id, request, from };
        match (source, is_in_dialog, method) {
            (_, false, Method::Options) if !(is_from_us && routes.were_ours) => {
                self.answer_options(now, id, &arrival.request);
            }
            (Source::Unknown, ..) => self.refuse(now, id, &arrival.request, 403, Refusal::UnknownSource),
            (Source::Agent, false, Method::Register | Method::Options) => {
                self.forward_outbound(now, arrival, directory);
            }
            (Source::Agent, ..) => self.refuse(now, id, &arrival.request, 405, Refusal::Method),
            (source, true, _) => self.forward_in_dialog(now, arrival, &source, &routes, directory),
            (Source::Switch, false, _) => self.forward_outbound(now, arrival, directory),
            (Source::Trunk(_), false, Method::Invite) if !self.may_call(now, from) => {
                self.refuse(now, id, &arrival.request, 503, Refusal::Rate);
            }
            (Source::Trunk(trunk), false, Method::Invite) => self.forward_inbound(now, arrival, trunk, directory),
            // Only within a dialog may a trunk's peer speak that is no source of calls.
            (Source::TrunkPeer, false, Method::Invite) => {
                self.refuse(now, id, &arrival.request, 403, Refusal::UnknownSource);
            }
            (Source::Trunk(_) | Source::TrunkPeer, false, _) => {
                self.refuse(now, id, &arrival.request, 405, Refusal::Method);
            }
        }
    }

    /// Whether one more call may come from this address now.
    fn may_call(&mut self, now: Instant, from: Peer) -> bool {
        let full_at = self.calls_of.of(from.addr.ip(), || now);
        Rate::per_second(self.config.calls_per_second_max).take(full_at, now)
    }

    /// RFC 3261 §16.3: what a request must pass before it is carried anywhere.
    fn check(&self, request: &Request, is_from_switch: bool) -> Result<(), (u16, Refusal)> {
        let scheme = request.uri.split(':').next().unwrap_or("");
        if !["sip", "sips", "tel"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
            return Err((416, Refusal::Scheme));
        }
        let is_last_hop = request.header("Max-Forwards").is_some_and(|hops| hops.parse() == Ok(0u8));
        if is_last_hop && request.method != Method::Options {
            return Err((483, Refusal::TooManyHops));
        }
        if self.is_loop(request, is_from_switch) {
            return Err((482, Refusal::Loop));
        }
        if request.headers.get(&HeaderName::ProxyRequire).is_some() {
            return Err((420, Refusal::ProxyRequire));
        }
        Ok(())
    }

    fn answer_options(&mut self, now: Instant, id: ServerId, request: &Request) {
        let tag = self.tokens.token();
        self.counters.options_answered += 1;
        self.layer.respond(now, id, &capabilities(request, Some(&tag)));
    }

    /// Answers a request ourselves, and counts why.
    fn refuse(&mut self, now: Instant, id: ServerId, request: &Request, status: u16, refusal: Refusal) {
        let tag = self.tokens.token();
        let mut response = request.response(status, None, Some(&tag));
        match status {
            503 => response.headers.push(HeaderName::RetryAfter, self.config.retry_after_s.to_string()),
            405 => response.headers.push(HeaderName::Allow, ALLOW),
            420 => {
                let wanted = sip::headers::list_values(&request.headers, &HeaderName::ProxyRequire);
                response.headers.push(HeaderName::Unsupported, wanted.join(", "));
            }
            _ => {}
        }
        self.counters.refused(refusal);
        self.layer.respond(now, id, &response);
    }

    /// Puts a forward back under its next timeout, or forgets it.
    fn file(&mut self, mut forward: Forward, directory: &mut dyn Directory) {
        let next = forward.next_timeout();
        if let Some(old) = forward.scheduled.take() {
            self.timers.remove(&(old, forward.id));
        }
        if forward.is_over {
            self.release(&mut forward, directory);
            self.by_server.remove(&forward.server);
            if let Some(client) = forward.client {
                self.by_client.remove(&client);
            }
            return;
        }
        if let Some(at) = next {
            self.timers.insert((at, forward.id));
        }
        forward.scheduled = next;
        self.forwards.insert(forward.id, forward);
    }
}

/// What OPTIONS asks for (RFC 3261 §11.2).
fn capabilities(request: &Request, tag: Option<&str>) -> Response {
    let mut response = request.response(200, None, tag);
    response.headers.push(HeaderName::Allow, ALLOW);
    response.headers.push(HeaderName::Accept, "application/sdp");
    response
}
