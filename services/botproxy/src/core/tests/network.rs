//! A network of user agents and proxies with virtual time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::message::parse;
use sip::ua::{InviteParams, SessionId, UaConfig, UaEvent, UserAgent};
use sip::{Message, Method, Peer, Response, Transmit, Transport};

use botstream_state::load::{SwitchLoad, SwitchState};

use crate::core::{Config, Directory, Proxy, TrunkName};

pub(super) const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

pub(super) const CARRIER: &str = "192.0.2.1:5060";
pub(super) const STRANGER: &str = "198.51.100.66:5060";
pub(super) const PROXY: &str = "10.0.0.100:5060";
pub(super) const SWITCH_1: &str = "10.0.0.1:5060";
pub(super) const SWITCH_2: &str = "10.0.0.2:5060";

pub(super) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(super) fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// What all proxies see.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) trunks: Vec<(IpAddr, &'static str)>,
    pub(super) names: BTreeMap<String, SocketAddr>,
    pub(super) switches: Vec<SwitchLoad>,
    pub(super) reservations: BTreeMap<String, String>,
    /// The nodes of calls, by Call-ID.
    pub(super) calls: BTreeMap<String, String>,
    pub(super) unix_ms: i64,
    /// Where a trunk-manager speaks from.
    pub(super) agent: Option<SocketAddr>,
    /// Registered trunks: the registrar's address, contact, name.
    pub(super) registered: Vec<(IpAddr, &'static str, &'static str)>,
    /// Every reservation ever made, in order.
    pub(super) log: Vec<String>,
}

#[derive(Clone, Default)]
pub(super) struct Fake(pub(super) Rc<RefCell<Shared>>);

impl Directory for Fake {
    fn trunk_of_source(&self, source: IpAddr) -> Option<TrunkName> {
        let shared = self.0.borrow();
        let (_, name) = shared.trunks.iter().find(|(ip, _)| *ip == source)?;
        Some(TrunkName { tenant: "acme".into(), name: (*name).into() })
    }

    fn is_trunk_peer(&self, source: IpAddr) -> bool {
        self.0.borrow().names.values().any(|peer| peer.ip() == source)
    }

    fn is_agent(&self, source: SocketAddr) -> bool {
        self.0.borrow().agent == Some(source)
    }

    fn is_agent_at(&self, source: IpAddr) -> bool {
        self.0.borrow().agent.is_some_and(|agent| agent.ip() == source)
    }

    fn registered_trunk(&self, source: IpAddr, contact_user: Option<&str>) -> Option<TrunkName> {
        let shared = self.0.borrow();
        let there: Vec<_> = shared.registered.iter().filter(|(ip, _, _)| *ip == source).collect();
        let by_contact = there.iter().find(|(_, user, _)| Some(*user) == contact_user);
        let only = there.first().filter(|_| there.len() == 1);
        let (_, _, name) = by_contact.or(only)?;
        Some(TrunkName { tenant: "acme".into(), name: (*name).into() })
    }

    fn contact_user(&self, trunk: &TrunkName) -> Option<String> {
        let shared = self.0.borrow();
        shared.registered.iter().find(|(_, _, name)| *name == trunk.name).map(|(_, user, _)| (*user).to_owned())
    }

    fn resolve(&self, host: &str, port: u16) -> Option<SocketAddr> {
        self.0.borrow().names.get(host).copied().filter(|found| found.port() == port)
    }

    fn unix_ms(&self) -> i64 {
        self.0.borrow().unix_ms
    }

    fn switches(&self) -> Vec<SwitchLoad> {
        let shared = self.0.borrow();
        let mut switches = shared.switches.clone();
        for switch in &mut switches {
            switch.reservations = shared.reservations.values().filter(|node| **node == switch.node).count() as u32;
        }
        switches
    }

    fn node_of_call(&self, call_id: &str) -> Option<String> {
        self.0.borrow().calls.get(call_id).cloned()
    }

    fn reserve(&mut self, call_id: &str, node: &str) {
        let mut shared = self.0.borrow_mut();
        shared.reservations.insert(call_id.into(), node.into());
        shared.log.push(node.into());
    }

    fn release(&mut self, call_id: &str) {
        self.0.borrow_mut().reservations.remove(call_id);
    }
}

pub(super) enum Node {
    Agent(Box<UserAgent>),
    Proxy(Box<Proxy>),
    /// Takes what comes and says nothing.
    Silent,
}

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) nodes: BTreeMap<SocketAddr, Node>,
    pub(super) shared: Fake,
    in_flight: BTreeMap<(Instant, u64), (SocketAddr, Peer, Bytes)>,
    sequence: u64,
    /// Sends what is meant for one address to another: a virtual address that moved.
    pub(super) moved: BTreeMap<SocketAddr, SocketAddr>,
    pub(super) loss_percent: u64,
    /// Extra delay of what a node sends.
    pub(super) slow: BTreeMap<SocketAddr, Duration>,
    /// (from, to, message), by the nodes' own addresses.
    pub(super) sent: Vec<(SocketAddr, SocketAddr, Message)>,
    pub(super) events: Vec<(SocketAddr, UaEvent)>,
    seed: u64,
}

/// The address that a node's own TCP connections come from.
fn ephemeral(node: SocketAddr) -> SocketAddr {
    SocketAddr::new(node.ip(), node.port() + 40_000)
}

pub(super) fn switch(node: &str, at: &str, calls: u32) -> SwitchLoad {
    SwitchLoad {
        node: node.into(),
        sip_udp: at.into(),
        sip_tcp: at.into(),
        calls,
        capacity: 100,
        state: SwitchState::Active,
        ..SwitchLoad::default()
    }
}

impl World {
    /// One carrier, one proxy, two switches of which the first has less load.
    pub(super) fn new() -> Self {
        Self::seeded(1)
    }

    pub(super) fn seeded(seed: u64) -> Self {
        let mut world = Self {
            now: Instant::now(),
            nodes: BTreeMap::new(),
            shared: Fake::default(),
            in_flight: BTreeMap::new(),
            sequence: 0,
            moved: BTreeMap::new(),
            loss_percent: 0,
            slow: BTreeMap::new(),
            sent: Vec::new(),
            events: Vec::new(),
            seed: seed.wrapping_mul(1_000),
        };
        for at in [CARRIER, STRANGER, SWITCH_1, SWITCH_2] {
            world.seed += 1;
            let agent = UserAgent::new(UaConfig::new(addr(at), addr(at)), world.seed);
            world.nodes.insert(addr(at), Node::Agent(Box::new(agent)));
        }
        world.start_proxy(PROXY);
        let mut shared = world.shared.0.borrow_mut();
        shared.trunks.push((addr(CARRIER).ip(), "carrier"));
        shared.names.insert("sip.carrier.example".into(), addr(CARRIER));
        shared.switches = vec![switch("s1", SWITCH_1, 0), switch("s2", SWITCH_2, 10)];
        drop(shared);
        world
    }

    pub(super) fn start_proxy(&mut self, at: &str) {
        self.seed += 1;
        let proxy = Proxy::new(Config::new(addr(at), addr(at)), self.seed);
        self.nodes.insert(addr(at), Node::Proxy(Box::new(proxy)));
    }

    pub(super) fn agent(&mut self, at: &str) -> &mut UserAgent {
        match self.nodes.get_mut(&addr(at)) {
            Some(Node::Agent(agent)) => agent,
            _ => panic!("{at} is no user agent"),
        }
    }

    pub(super) fn proxy(&mut self, at: &str) -> &mut Proxy {
        match self.nodes.get_mut(&addr(at)) {
            Some(Node::Proxy(proxy)) => proxy,
            _ => panic!("{at} is no proxy"),
        }
    }

    /// The node is gone: connections to it fail, datagrams vanish.
    pub(super) fn kill(&mut self, at: &str) {
        self.nodes.remove(&addr(at));
    }

    pub(super) fn params(to: &str, transport: Transport) -> InviteParams {
        InviteParams {
            request_uri: format!("sip:+15550100@{to}"),
            from: "<sip:caller@example.com>".into(),
            to: "<sip:+15550100@example.com>".into(),
            call_id: None,
            route: Vec::new(),
            next_hop: Peer { transport, addr: addr(to) },
            headers: vec![("X-BotStream-Tenant".into(), "forged".into())],
            body: Some(SDP.into()),
            credentials: None,
            ring_timeout: None,
        }
    }

    /// A call from the carrier to the proxy.
    pub(super) fn call_in(&mut self, transport: Transport) -> SessionId {
        self.invite(CARRIER, Self::params(PROXY, transport))
    }

    pub(super) fn invite(&mut self, at: &str, params: InviteParams) -> SessionId {
        self.act(at, |ua, now| ua.invite(now, params).unwrap())
    }

    pub(super) fn act<R>(&mut self, at: &str, f: impl FnOnce(&mut UserAgent, Instant) -> R) -> R {
        let now = self.now;
        let result = f(self.agent(at), now);
        self.collect();
        result
    }

    fn collect(&mut self) {
        let nodes: Vec<SocketAddr> = self.nodes.keys().copied().collect();
        for at in nodes {
            loop {
                let transmit = match self.nodes.get_mut(&at) {
                    Some(Node::Agent(agent)) => agent.poll_transmit(),
                    Some(Node::Proxy(proxy)) => proxy.poll_transmit(),
                    _ => None,
                };
                let Some(transmit) = transmit else { break };
                self.carry(at, &transmit);
            }
            if let Some(Node::Agent(agent)) = self.nodes.get_mut(&at) {
                while let Some(event) = agent.poll_event() {
                    self.events.push((at, event));
                }
            }
        }
    }

    fn dice(&mut self, sides: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % sides
    }

    fn carry(&mut self, from: SocketAddr, transmit: &Transmit) {
        let message = parse(&transmit.payload).unwrap_or_else(|e| panic!("{from} sent nonsense: {e}"));
        let to = transmit.peer.addr;
        let is_tcp = transmit.peer.transport == Transport::Tcp;
        // The far end's own connection to us, by the port that it opened it from.
        let is_theirs = is_tcp && to.port() > 40_000;
        let listens = if is_theirs { SocketAddr::new(to.ip(), to.port() - 40_000) } else { to };
        let target = self.moved.get(&listens).copied().unwrap_or(listens);
        self.sent.push((from, target, message));
        // Answers on a connection that the far end opened come from where we listen.
        let seen = if is_tcp && listens == to { ephemeral(from) } else { from };
        let source = Peer { transport: transmit.peer.transport, addr: seen };
        if !self.nodes.contains_key(&target) {
            if is_tcp {
                self.fail(from, transmit.peer);
            }
            return;
        }
        if !is_tcp && self.loss_percent > 0 && self.dice(100) < self.loss_percent {
            return;
        }
        let delay = ms(5) + self.slow.get(&from).copied().unwrap_or_default();
        self.sequence += 1;
        self.in_flight.insert((self.now + delay, self.sequence), (target, source, transmit.payload.clone()));
    }

    fn fail(&mut self, node: SocketAddr, peer: Peer) {
        let now = self.now;
        match self.nodes.get_mut(&node) {
            Some(Node::Agent(agent)) => agent.transport_failed(now, peer),
            Some(Node::Proxy(proxy)) => proxy.transport_failed(now, peer, &mut self.shared),
            _ => {}
        }
    }

    /// Raw bytes as if they came from somewhere.
    pub(super) fn inject(&mut self, from: Peer, to: &str, payload: &[u8]) {
        self.sequence += 1;
        self.in_flight.insert((self.now, self.sequence), (addr(to), from, Bytes::copy_from_slice(payload)));
    }

    fn next_time(&self) -> Option<Instant> {
        let timers = self.nodes.values().filter_map(|node| match node {
            Node::Agent(agent) => agent.poll_timeout(),
            Node::Proxy(proxy) => proxy.poll_timeout(),
            Node::Silent => None,
        });
        timers.chain(self.in_flight.keys().next().map(|(at, _)| *at)).min()
    }

    pub(super) fn step(&mut self) -> bool {
        let Some(at) = self.next_time() else { return false };
        self.now = self.now.max(at);
        let now = self.now;
        let due = self.in_flight.first_entry().filter(|entry| entry.key().0 <= now).map(|entry| entry.remove());
        if let Some((to, from, payload)) = due {
            match self.nodes.get_mut(&to) {
                Some(Node::Agent(agent)) => agent.receive(now, from, &payload),
                Some(Node::Proxy(proxy)) => proxy.receive(now, from, &payload, &mut self.shared),
                _ => {}
            }
        } else {
            for node in self.nodes.values_mut() {
                match node {
                    Node::Agent(agent) if agent.poll_timeout().is_some_and(|at| at <= now) => agent.handle_timeout(now),
                    Node::Proxy(proxy) if proxy.poll_timeout().is_some_and(|at| at <= now) => {
                        proxy.handle_timeout(now, &mut self.shared);
                    }
                    _ => {}
                }
            }
        }
        self.collect();
        true
    }

    pub(super) fn run_for(&mut self, duration: Duration) {
        let until = self.now + duration;
        while self.next_time().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = until;
    }

    pub(super) fn wait(&mut self, at: &str, wanted: impl Fn(&UaEvent) -> bool) -> UaEvent {
        loop {
            if let Some(found) = self.events.iter().position(|(node, event)| *node == addr(at) && wanted(event)) {
                return self.events.remove(found).1;
            }
            assert!(self.step(), "{at} never got it; events: {:?}", self.events);
        }
    }

    pub(super) fn wait_incoming(&mut self, at: &str) -> SessionId {
        self.wait(at, |e| matches!(e, UaEvent::Incoming { .. })).session()
    }

    /// Answers at one end and waits until both ends have the call.
    pub(super) fn answer(&mut self, callee: &str, session: SessionId, caller: &str) {
        self.act(callee, |ua, now| ua.answer(now, session, SDP.into()).unwrap());
        self.wait(caller, |e| matches!(e, UaEvent::Answered { .. }));
        self.wait(callee, |e| matches!(e, UaEvent::Confirmed { .. }));
    }

    /// Hangs up at one end and waits until both ends know.
    pub(super) fn hang_up(&mut self, at: &str, session: SessionId, other: &str) {
        self.act(at, |ua, now| ua.hangup(now, session, None).unwrap());
        self.wait(at, |e| matches!(e, UaEvent::Ended { by_remote: false, .. }));
        self.wait(other, |e| matches!(e, UaEvent::Ended { by_remote: true, .. }));
    }

    /// The requests with this method that went from one node to another.
    pub(super) fn requests(&self, from: &str, to: &str, method: Method) -> Vec<&sip::Request> {
        let between = self.sent.iter().filter(|(f, t, _)| *f == addr(from) && *t == addr(to));
        between
            .filter_map(|(_, _, message)| match message {
                Message::Request(request) if request.method == method => Some(request),
                _ => None,
            })
            .collect()
    }

    /// The final responses that a node got to what was injected in its name.
    pub(super) fn finals(&self, to: &str) -> Vec<&Response> {
        let to_node = self.sent.iter().filter(|(_, t, _)| *t == addr(to));
        to_node
            .filter_map(|(_, _, message)| match message {
                Message::Response(response) if response.is_final() => Some(response),
                _ => None,
            })
            .collect()
    }

    /// Everything settled: no session, no transaction, no timer, no reservation.
    pub(super) fn assert_quiet(&mut self) {
        let mut steps = 0;
        while self.step() {
            steps += 1;
            assert!(steps < 1_000_000, "it never ends");
        }
        for (at, node) in &self.nodes {
            match node {
                Node::Agent(agent) => assert_eq!(agent.session_count(), 0, "{at} keeps sessions"),
                Node::Proxy(proxy) => {
                    assert!(
                        proxy.forwards.is_empty() && proxy.by_client.is_empty() && proxy.by_server.is_empty(),
                        "{at} keeps requests"
                    );
                    assert!(proxy.stale.is_empty() && proxy.timers.is_empty(), "{at} keeps branches");
                }
                Node::Silent => {}
            }
        }
        assert!(self.shared.0.borrow().reservations.is_empty(), "a reservation is left");
        let direct = self.sent.iter().find(|(from, to, _)| {
            let is_switch = |a: &SocketAddr| [addr(SWITCH_1), addr(SWITCH_2)].contains(a);
            (*from == addr(CARRIER) && is_switch(to)) || (*to == addr(CARRIER) && is_switch(from))
        });
        assert!(direct.is_none(), "carrier and switch spoke directly: {direct:?}");
    }
}
