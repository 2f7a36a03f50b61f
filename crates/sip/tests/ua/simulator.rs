//! Two user agents on a seeded network with virtual time. Nothing here sleeps or opens a socket.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::message::{Message, parse};
use sip::ua::{InviteParams, SessionId, UaConfig, UaEvent, UserAgent};
use sip::{Peer, Transmit, Transport};

pub(crate) const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
pub(crate) const ANSWER: &str =
    "v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    pub(crate) fn addr(self) -> std::net::SocketAddr {
        match self {
            Self::A => "192.0.2.1:5060".parse().unwrap(),
            Self::B => "192.0.2.2:5060".parse().unwrap(),
        }
    }
}

/// SplitMix64: the network's own dice.
#[derive(Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }
}

/// What the network does to a datagram.
#[derive(Clone, Copy)]
pub(crate) struct Network {
    pub(crate) loss_percent: u64,
    pub(crate) duplicate_percent: u64,
    pub(crate) delay_ms_min: u64,
    /// Delays vary up to this, so that datagrams overtake each other.
    pub(crate) delay_ms_max: u64,
}

pub(crate) const CLEAN: Network = Network { loss_percent: 0, duplicate_percent: 0, delay_ms_min: 10, delay_ms_max: 10 };

type Filter = Box<dyn FnMut(Side, &Message) -> bool>;

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) agents: BTreeMap<Side, UserAgent>,
    pub(crate) network: Network,
    pub(crate) dice: Dice,
    in_flight: BTreeMap<(Instant, u64), (Side, Transmit)>,
    sequence: u64,
    /// Drops a message when it says so.
    pub(crate) filter: Option<Filter>,
    pub(crate) sent: Vec<(Side, Message)>,
    pub(crate) events: Vec<(Side, UaEvent)>,
}

impl World {
    pub(crate) fn new(seed: u64, network: Network) -> Self {
        let agent = |side: Side| {
            let mut config = UaConfig::new(side.addr(), side.addr());
            config.contact_user = format!("{side:?}").to_lowercase();
            UserAgent::new(config, seed.wrapping_mul(2).wrapping_add(side as u64))
        };
        Self {
            now: Instant::now(),
            agents: [Side::A, Side::B].map(|s| (s, agent(s))).into(),
            network,
            dice: Dice(seed),
            in_flight: BTreeMap::new(),
            sequence: 0,
            filter: None,
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn agent(&mut self, side: Side) -> &mut UserAgent {
        self.agents.get_mut(&side).unwrap()
    }

    pub(crate) fn params(to: Side, transport: Transport) -> InviteParams {
        InviteParams {
            request_uri: format!("sip:callee@{}", to.addr()),
            from: "\"Caller\" <sip:caller@example.com>".into(),
            to: "<sip:callee@example.com>".into(),
            call_id: None,
            route: Vec::new(),
            next_hop: Peer { transport, addr: to.addr() },
            headers: vec![("X-Test".into(), "1".into())],
            body: Some(OFFER.into()),
            credentials: None,
            ring_timeout: None,
        }
    }

    /// A calls B over UDP; returns A's session.
    pub(crate) fn call(&mut self) -> SessionId {
        self.call_with(|_| {})
    }

    pub(crate) fn call_with(&mut self, edit: impl FnOnce(&mut InviteParams)) -> SessionId {
        let mut params = Self::params(Side::B, Transport::Udp);
        edit(&mut params);
        let now = self.now;
        let id = self.agent(Side::A).invite(now, params).unwrap();
        self.collect();
        id
    }

    /// Does something at a side, now.
    pub(crate) fn act<R>(&mut self, side: Side, f: impl FnOnce(&mut UserAgent, Instant) -> R) -> R {
        let now = self.now;
        let result = f(self.agent(side), now);
        self.collect();
        result
    }

    fn collect(&mut self) {
        for side in [Side::A, Side::B] {
            while let Some(transmit) = self.agents.get_mut(&side).unwrap().poll_transmit() {
                self.carry(side, transmit);
            }
            while let Some(event) = self.agents.get_mut(&side).unwrap().poll_event() {
                self.events.push((side, event));
            }
        }
    }

    fn carry(&mut self, from: Side, transmit: Transmit) {
        let message =
            parse(&transmit.payload).unwrap_or_else(|e| panic!("{from:?} sent nonsense: {e}: {:?}", transmit.payload));
        let dropped = self.filter.as_mut().is_some_and(|f| f(from, &message));
        self.sent.push((from, message));
        let Some(to) = [Side::A, Side::B].into_iter().find(|s| s.addr() == transmit.peer.addr) else { return };
        if dropped {
            return;
        }
        let reliable = transmit.peer.transport.is_reliable();
        let copies = if reliable {
            1
        } else {
            u64::from(!self.dice.percent(self.network.loss_percent))
                + u64::from(self.dice.percent(self.network.duplicate_percent))
        };
        for _ in 0..copies {
            let spread = self.network.delay_ms_max - self.network.delay_ms_min + 1;
            let delay =
                if reliable { self.network.delay_ms_min } else { self.network.delay_ms_min + self.dice.below(spread) };
            self.sequence += 1;
            self.in_flight.insert((self.now + ms(delay), self.sequence), (to, transmit.clone()));
        }
    }

    /// Hands bytes to a side as if they came from the other one.
    pub(crate) fn inject(&mut self, to: Side, payload: &[u8]) {
        self.sequence += 1;
        let transmit = Transmit { peer: Peer::udp(to.addr()), payload: Bytes::copy_from_slice(payload) };
        self.in_flight.insert((self.now, self.sequence), (to, transmit));
    }

    pub(crate) fn next_time(&self) -> Option<Instant> {
        let flight = self.in_flight.keys().next().map(|(at, _)| *at);
        let timers = self.agents.values().filter_map(UserAgent::poll_timeout).min();
        [flight, timers].into_iter().flatten().min()
    }

    /// One step: the next datagram arrives or the next timer fires. `false`: nothing will ever happen.
    pub(crate) fn step(&mut self) -> bool {
        let Some(at) = self.next_time() else { return false };
        self.now = self.now.max(at);
        let now = self.now;
        if let Some((_, (to, transmit))) =
            self.in_flight.first_key_value().filter(|((at, _), _)| *at <= now).map(|(k, v)| (*k, v.clone()))
        {
            self.in_flight.pop_first();
            let from = Peer { transport: transmit.peer.transport, addr: to.other().addr() };
            self.agent(to).receive(now, from, &transmit.payload);
        } else {
            for agent in self.agents.values_mut() {
                if agent.poll_timeout().is_some_and(|at| at <= now) {
                    agent.handle_timeout(now);
                }
            }
        }
        self.collect();
        true
    }

    /// Lets time pass.
    pub(crate) fn run_for(&mut self, duration: Duration) {
        let until = self.now + duration;
        while self.next_time().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = until;
    }

    /// Runs until nothing is left to happen.
    pub(crate) fn run_out(&mut self) {
        let mut steps = 0u32;
        while self.step() {
            steps += 1;
            assert!(steps < 5_000_000, "it never ends");
        }
    }

    /// Runs until a side has an event of this kind that was not looked for before.
    pub(crate) fn wait(&mut self, side: Side, wanted: impl Fn(&UaEvent) -> bool) -> UaEvent {
        loop {
            if let Some(at) = self.events.iter().position(|(s, e)| *s == side && wanted(e)) {
                return self.events.remove(at).1;
            }
            assert!(self.step(), "{side:?} never got it; events: {:?}", self.events);
        }
    }

    /// The callee's session of a call that comes in.
    pub(crate) fn wait_incoming(&mut self) -> SessionId {
        self.wait(Side::B, |e| matches!(e, UaEvent::Incoming { .. })).session()
    }

    /// A call that is up: (A's session, B's session).
    pub(crate) fn established(&mut self) -> (SessionId, SessionId) {
        let a = self.call();
        let b = self.wait_incoming();
        self.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
        self.wait(Side::A, |e| matches!(e, UaEvent::Answered { .. }));
        self.wait(Side::B, |e| matches!(e, UaEvent::Confirmed { .. }));
        (a, b)
    }

    /// How often a side sent requests with this method, or responses with this status.
    pub(crate) fn sent_count(&self, side: Side, what: &str) -> usize {
        let matches = |m: &Message| match m {
            Message::Request(r) => r.method.as_str() == what,
            Message::Response(r) => r.status.to_string() == what,
        };
        self.sent.iter().filter(|(s, m)| *s == side && matches(m)).count()
    }

    /// Everything is settled: no session, no timer, nothing in flight.
    pub(crate) fn assert_quiet(&mut self) {
        self.run_out();
        for (side, agent) in &self.agents {
            assert_eq!(agent.session_count(), 0, "{side:?} keeps sessions");
            assert_eq!(agent.poll_timeout(), None);
        }
    }
}
