//! All trunks that this trunk-manager registers, over one layer of transactions. Everything it sends goes to a botproxy, and it listens to
//! botproxies only.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Instant;

use botstream_state::home;
use sip::transaction::{self, ClientId, Event, Layer};
use sip::{Peer, TokenSource, Transmit, Transport};

use crate::core::object::Key;
use crate::core::registration::{Registration, Settings, Status};

/// Most transactions at once: each trunk has one.
const TRANSACTIONS_MAX: usize = 10_000;

/// Where a botproxy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProxyAddress {
    pub(crate) node: String,
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
}

/// Why a trunk is not looked after any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Another trunk-manager does it.
    Taken,
    /// It is not to be registered any more.
    Over,
}

#[derive(Debug)]
struct Line {
    registration: Registration,
    proxy: Option<ProxyAddress>,
    /// Its request on the way.
    client: Option<ClientId>,
    /// What is registered once this has been taken back.
    next: Option<Settings>,
    told: Option<Status>,
    scheduled: Option<Instant>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Agent {
    layer: Layer,
    tokens: TokenSource,
    proxies: Vec<ProxyAddress>,
    lines: BTreeMap<Key, Line>,
    by_client: BTreeMap<ClientId, Key>,
    timers: BTreeSet<(Instant, Key)>,
    changed: BTreeSet<Key>,
}

impl Agent {
    /// `own` is our address as botproxies see it; `seed` must be hard to guess.
    pub(crate) fn new(own: SocketAddr, seed: u64) -> Self {
        let mut tokens = TokenSource::new(seed);
        let config = transaction::Config { transactions_max: TRANSACTIONS_MAX, ..transaction::Config::new(own, own) };
        Self {
            layer: Layer::new(config, tokens.next_u64()),
            tokens,
            proxies: Vec::new(),
            lines: BTreeMap::new(),
            by_client: BTreeMap::new(),
            timers: BTreeSet::new(),
            changed: BTreeSet::new(),
        }
    }

    /// The botproxies that take calls now.
    pub(crate) fn set_proxies(&mut self, now: Instant, proxies: Vec<ProxyAddress>) {
        if proxies == self.proxies {
            return;
        }
        self.proxies = proxies;
        for key in self.keys() {
            let proxy = self.proxy_of(&key);
            if let Some(mut line) = self.lines.remove(&key) {
                line.connect(now, proxy);
                self.settle(now, key, line);
            }
        }
    }

    /// The trunks that are to be registered by this trunk-manager; `gone` says why another one is not.
    pub(crate) fn set_wanted(&mut self, now: Instant, wanted: BTreeMap<Key, Settings>, gone: impl Fn(&Key) -> Gone) {
        for key in self.keys().into_iter().filter(|key| !wanted.contains_key(key)) {
            let Some(mut line) = self.lines.remove(&key) else { continue };
            match gone(&key) {
                Gone::Taken => {
                    self.forget(&line);
                    if let Some(at) = line.scheduled {
                        self.timers.remove(&(at, key));
                    }
                }
                Gone::Over => {
                    line.next = None;
                    line.registration.stop(now);
                    self.settle(now, key, line);
                }
            }
        }
        for (key, settings) in wanted {
            self.want(now, key, settings);
        }
    }

    fn want(&mut self, now: Instant, key: Key, settings: Settings) {
        let Some(mut line) = self.lines.remove(&key) else {
            let line = self.new_line(now, &key, settings);
            return self.settle(now, key, line);
        };
        let is_being_stopped = line.next.is_some() || line.registration.is_stopping();
        if is_being_stopped {
            line.next = Some(settings);
        } else if *line.registration.settings() != settings {
            if line.registration.settings().is_same_binding(&settings) {
                // Registered anew, it is the same to the registrar.
                self.forget(&line);
                let scheduled = line.scheduled;
                line = Line { scheduled, ..self.new_line(now, &key, settings) };
            } else {
                line.next = Some(settings);
                line.registration.stop(now);
            }
        } else {
            self.lines.insert(key, line);
            return;
        }
        self.settle(now, key, line);
    }

    fn new_line(&mut self, now: Instant, key: &Key, settings: Settings) -> Line {
        let registration = Registration::new(settings, self.tokens.next_u64());
        let mut line = Line { registration, proxy: None, client: None, next: None, told: None, scheduled: None };
        line.connect(now, self.proxy_of(key));
        line
    }

    /// Always the same one, as long as it is there.
    fn proxy_of(&self, key: &Key) -> Option<ProxyAddress> {
        let node = home::of(&[&key.tenant, &key.name], self.proxies.iter().map(|proxy| proxy.node.as_str()))?;
        self.proxies.iter().find(|proxy| proxy.node == node).cloned()
    }

    fn keys(&self) -> Vec<Key> {
        self.lines.keys().cloned().collect()
    }

    /// Whether there is nothing that would have to be taken back.
    pub(crate) fn is_idle(&self) -> bool {
        self.lines.is_empty()
    }

    /// One datagram.
    pub(crate) fn receive(&mut self, now: Instant, from: Peer, payload: &[u8]) {
        let is_proxy = |proxy: &ProxyAddress| proxy.udp == from.addr || proxy.udp.ip() == from.addr.ip();
        if self.proxies.iter().any(is_proxy) {
            self.layer.receive(now, from, payload);
            self.pump(now);
        }
    }

    /// Nothing can be sent to this peer.
    pub(crate) fn transport_failed(&mut self, now: Instant, peer: Peer) {
        self.layer.transport_failed(now, peer);
        self.pump(now);
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.layer.handle_timeout(now);
        self.pump(now);
        while let Some((at, key)) = self.timers.first().filter(|(at, _)| *at <= now).cloned() {
            self.timers.remove(&(at, key.clone()));
            if let Some(mut line) = self.lines.remove(&key) {
                line.scheduled = None;
                line.registration.handle_timeout(now);
                self.settle(now, key, line);
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let own = self.timers.first().map(|(at, _)| *at);
        own.into_iter().chain(self.layer.poll_timeout()).min()
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.layer.poll_transmit()
    }

    /// A trunk whose registration is not as it was told last.
    pub(crate) fn poll_change(&mut self) -> Option<(Key, Status)> {
        while let Some(key) = self.changed.pop_first() {
            if let Some(line) = self.lines.get_mut(&key) {
                let status = line.registration.status().clone();
                line.told = Some(status.clone());
                return Some((key, status));
            }
        }
        None
    }

    /// How each registration is.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = &Status> {
        self.lines.values().map(|line| line.registration.status())
    }

    fn pump(&mut self, now: Instant) {
        while let Some(event) = self.layer.poll_event() {
            match event {
                Event::Response { id, response } => {
                    self.with(now, id, |registration| registration.on_response(now, &response));
                }
                Event::ClientFailed { id, .. } => self.with(now, id, |registration| registration.on_silence(now)),
                // Nobody has anything to ask of us.
                Event::Request { id, request, .. } => {
                    self.layer.respond_and_forget(id, &request.response(405, None, Some(&self.tokens.token())));
                }
                Event::Ack { .. } | Event::ServerFailed { .. } | Event::Malformed { .. } | Event::Stray { .. } => {}
            }
        }
    }

    fn with(&mut self, now: Instant, client: ClientId, f: impl FnOnce(&mut Registration)) {
        let Some(key) = self.by_client.get(&client).cloned() else { return };
        if let Some(mut line) = self.lines.remove(&key) {
            f(&mut line.registration);
            self.settle(now, key, line);
        }
    }

    fn forget(&mut self, line: &Line) {
        if let Some(client) = line.client {
            self.by_client.remove(&client);
            self.layer.abandon(client);
        }
    }

    /// Sends what a line wants sent, and puts it back under its next timeout.
    fn settle(&mut self, now: Instant, key: Key, mut line: Line) {
        while let Some(request) = line.registration.poll_request() {
            self.forget(&line);
            line.client = None;
            let sent = line.proxy.as_ref().map(|proxy| self.layer.request(now, Peer::udp(proxy.udp), request));
            match sent {
                Some(Ok(client)) => {
                    line.client = Some(client);
                    self.by_client.insert(client, key.clone());
                }
                _ => line.registration.on_silence(now),
            }
        }
        if let Some(old) = line.scheduled.take() {
            self.timers.remove(&(old, key.clone()));
        }
        if line.registration.is_over() {
            self.forget(&line);
            if let Some(settings) = line.next.take() {
                let line = self.new_line(now, &key, settings);
                self.settle(now, key, line);
            }
            return;
        }
        line.scheduled = line.registration.poll_timeout();
        if let Some(at) = line.scheduled {
            self.timers.insert((at, key.clone()));
        }
        if line.told.as_ref() != Some(line.registration.status()) {
            self.changed.insert(key.clone());
        }
        self.lines.insert(key, line);
    }
}

impl Line {
    fn connect(&mut self, now: Instant, proxy: Option<ProxyAddress>) {
        let contact = proxy.as_ref().map(|proxy| match self.registration.settings().transport {
            Transport::Udp => proxy.udp,
            Transport::Tcp => proxy.tcp,
        });
        self.proxy = proxy;
        self.registration.set_contact(now, contact);
    }
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
