//! Nodes, network and time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use bytes::Bytes;

use super::guarded::{Guarded, Kind};
use super::workload::Ledger;
use crate::core::engine::{Config, Counters, Destination, Engine, Event, Now};
use crate::core::ids::Random as Generator;
use crate::sqlite::LocalDb;

const WALL_START_MS: u64 = 1_700_000_000_000;
const HOUR_MS: i64 = 3_600_000;

/// Random choices.
#[derive(Debug)]
pub(super) struct Random(Generator);

impl Random {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0.next_nonzero() % n.max(1)
    }

    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.next_nonzero()
    }
}

/// A process.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) db: LocalDb,
    pub(super) engine: Engine,
    /// In a world with keys.
    pub(super) guarded: Option<Guarded>,
    /// Names the process: no two ever have the same.
    pub(super) name: i64,
    started_ms: u64,
    skew_ms: i64,
    pub(super) stalled_until_ms: u64,
    pub(super) connected: bool,
    pub(super) group: u8,
    /// Rows it had fetched from donors when it became ready.
    pub(super) fetched_when_ready: Option<u64>,
    /// Rows of `journal` this process has had at some time.
    pub(super) journal: BTreeSet<String>,
    /// Own rows of `owned` under keys nobody else uses, and their values.
    pub(super) own: BTreeMap<i64, i64>,
}

impl Node {
    fn poll_timeout(&self) -> u64 {
        let guard = self.guarded.as_ref().map_or(u64::MAX, |guarded| guarded.guard.poll_timeout());
        // Far off, and not so far that it can't be added to.
        self.engine.poll_timeout().min(guard).min(u64::MAX / 2)
    }

    pub(super) fn is_reader(&self) -> bool {
        self.engine.is_read_only()
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Packet {
    at_ms: u64,
    number: u64,
    to: usize,
    to_name: i64,
    bytes: Bytes,
}

/// All of it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) random: Random,
    pub(super) now_ms: u64,
    pub(super) nodes: Vec<Option<Node>>,
    pub(super) names: i64,
    packets: BinaryHeap<Reverse<Packet>>,
    packet_number: u64,
    /// In percent.
    pub(super) loss: u64,
    pub(super) repeat: u64,
    pub(super) delay_ms_max: u64,
    fifo_ms: BTreeMap<(i64, i64), u64>,
    pub(super) reorder: bool,
    pub(super) resend_bytes_max: usize,
    pub(super) faults: bool,
    /// Whether what is sent is kept in `sent`.
    pub(super) tapped: bool,
    pub(super) sent: Vec<Bytes>,
    /// Whether the database has keys.
    pub(super) keyed: bool,
    /// Whether all changes have come as whole transactions so far.
    pub(super) atomic: bool,
    /// What processes have been told is done.
    pub(super) ledger: Ledger,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random(Generator::new(seed));
        let faults = random.percent(85);
        let mut world = Self {
            now_ms: 1_000,
            nodes: (0..2 + random.below(4)).map(|_| None).collect(),
            names: 0,
            packets: BinaryHeap::new(),
            packet_number: 0,
            loss: if faults && random.percent(60) { random.below(25) } else { 0 },
            repeat: if random.percent(50) { random.below(20) } else { 0 },
            delay_ms_max: 1 + random.below(60),
            fifo_ms: BTreeMap::new(),
            reorder: faults && random.percent(50),
            resend_bytes_max: if faults && random.percent(40) { 2_000 } else { 16 << 20 },
            faults,
            tapped: false,
            sent: Vec::new(),
            keyed: super::guarded::is_keyed(seed),
            atomic: !faults,
            ledger: Ledger::default(),
            random,
        };
        for index in 0..world.nodes.len() {
            if index == 0 || world.random.percent(60) {
                world.start(index);
            }
        }
        world
    }

    /// Nodes that are ready, and nothing goes wrong by itself.
    pub(super) fn quiet(nodes: usize) -> Self {
        Self::quiet_world(nodes, false)
    }

    /// The same, with keys.
    pub(super) fn quiet_with_keys(nodes: usize) -> Self {
        Self::quiet_world(nodes, true)
    }

    fn quiet_world(nodes: usize, keyed: bool) -> Self {
        let mut world = Self::new(1);
        world.keyed = keyed;
        (world.loss, world.repeat, world.reorder, world.faults) = (0, 0, false, false);
        world.delay_ms_max = 2;
        world.packets.clear();
        world.nodes = (0..nodes).map(|_| None).collect();
        for index in 0..nodes {
            world.start_as(index, Kind::Writer);
            world.advance(1_000, true);
        }
        world
    }

    pub(super) fn node(&mut self, index: usize) -> &mut Node {
        self.nodes[index].as_mut().unwrap()
    }

    pub(super) fn start(&mut self, index: usize) {
        let kind = match self.keyed {
            true => super::guarded::kind_of(self.names + 1),
            false => Kind::Writer,
        };
        self.start_as(index, kind);
    }

    pub(super) fn start_as(&mut self, index: usize, kind: Kind) {
        let db = LocalDb::open(&super::workload::options()).unwrap();
        self.names += 1;
        let skew_ms = if self.random.percent(30) { self.random.below(2 * HOUR_MS as u64) as i64 - HOUR_MS } else { 0 };
        let mut node = Node {
            engine: Engine::new(
                Config {
                    schema: Arc::clone(db.schema()),
                    node: format!("node-{}", self.names).into(),
                    heartbeat_ms: 500,
                    lease_ms: 2_000,
                    alone_after_ms: 300,
                    tombstone_keep_ms: 600_000,
                    resend_bytes_max: self.resend_bytes_max,
                    connected: true,
                    read_only: kind == Kind::Reader,
                    seed: self.random.next(),
                },
                Now { mono_ms: 0, wall_ms: WALL_START_MS },
            ),
            db,
            guarded: None,
            name: self.names,
            started_ms: self.now_ms,
            skew_ms,
            stalled_until_ms: 0,
            connected: true,
            group: 0,
            fetched_when_ready: None,
            journal: BTreeSet::new(),
            own: BTreeMap::new(),
        };
        node.engine.watch(0, true);
        if self.keyed {
            node.guarded = Some(Guarded::new(kind, &mut node.engine, &mut node.db, node.name as u64));
        }
        if let Some(slot) = self.nodes.get_mut(index) {
            *slot = Some(node);
        }
    }

    pub(super) fn now_of(&self, index: usize) -> Now {
        let (started_ms, skew_ms) = self.nodes[index].as_ref().map_or((0, 0), |node| (node.started_ms, node.skew_ms));
        Now { mono_ms: self.now_ms - started_ms, wall_ms: (WALL_START_MS + self.now_ms).saturating_add_signed(skew_ms) }
    }

    pub(super) fn set_clock(&mut self, index: usize, skew_ms: i64) {
        if let Some(node) = &mut self.nodes[index] {
            node.skew_ms = skew_ms;
        }
    }

    /// Nodes that run.
    pub(super) fn running(&self) -> Vec<usize> {
        let runs = |node: &Option<Node>| node.as_ref().is_some_and(|node| node.stalled_until_ms <= self.now_ms);
        (0..self.nodes.len()).filter(|index| runs(&self.nodes[*index])).collect()
    }

    pub(super) fn handle(&mut self, index: usize, event: Event<'_>) {
        let now = self.now_of(index);
        let Some(node) = &mut self.nodes[index] else { return };
        match &mut node.guarded {
            Some(guarded) => guarded.handle(now, event, &mut node.engine, &mut node.db),
            None => node.engine.handle(now, event, &mut node.db).unwrap(),
        }
        node.db.finish_apply().unwrap();
        drop(node.engine.take_seen());
        if node.engine.is_ready() {
            let Counters { rows_fetched, resyncs, .. } = node.engine.counters();
            let when_ready = *node.fetched_when_ready.get_or_insert(rows_fetched);
            // Rows instead of transactions came to a member in use, or its only donor left before it had given all.
            if rows_fetched != when_ready || (rows_fetched > 0 && resyncs == 0) {
                self.atomic = false;
            }
        }
        self.send_messages(index);
    }

    fn send_messages(&mut self, index: usize) {
        while let Some(message) = self.nodes[index].as_mut().and_then(|node| node.engine.poll_message()) {
            self.send_clear(index, message.to, message.bytes);
        }
        let handshake = |world: &mut Self| world.nodes[index].as_mut()?.guarded.as_mut()?.guard.poll_message();
        while let Some(message) = handshake(self) {
            self.send(index, message.to, message.bytes);
        }
    }

    /// Sends a message of the engine.
    fn send_clear(&mut self, index: usize, to: Destination, clear: Bytes) {
        let guarded = self.nodes[index].as_ref().and_then(|node| node.guarded.as_ref());
        let bytes = guarded.map_or(Some(clear.clone()), |guarded| guarded.guard.sealer()?.seal(to, &clear));
        self.sent.extend(bytes.clone().filter(|_| self.tapped));
        if let Some(bytes) = bytes {
            self.send(index, to, bytes);
        }
    }

    /// Lets a node send frames: all, or at most so many.
    pub(super) fn send_frames(&mut self, index: usize, most: usize) {
        for _ in 0..most {
            let Some(node) = &mut self.nodes[index] else { return };
            let frame = node.engine.next_frame(&mut node.db).unwrap();
            self.send_messages(index);
            let Some(frame) = frame else { return };
            self.send_clear(index, Destination::All, frame);
        }
    }

    fn send(&mut self, from: usize, to: Destination, bytes: Bytes) {
        let Some((name, group)) = self.nodes[from].as_ref().map(|node| (node.name, node.group)) else { return };
        for index in 0..self.nodes.len() {
            let Some(node) = &self.nodes[index] else { continue };
            let addressed = match to {
                Destination::All => true,
                Destination::One(writer) => node.engine.writer() == writer,
            };
            let to_name = node.name;
            if !addressed || !node.connected || node.group != group {
                continue;
            }
            let copies =
                if self.random.percent(self.loss) { 0 } else { 1 + u64::from(self.random.percent(self.repeat)) };
            for _ in 0..copies {
                let mut at_ms = self.now_ms + self.random.below(self.delay_ms_max);
                if !self.reorder {
                    let last = self.fifo_ms.entry((name, to_name)).or_default();
                    at_ms = at_ms.max(*last);
                    *last = at_ms;
                }
                self.packet_number += 1;
                let number = self.packet_number;
                self.packets.push(Reverse(Packet { at_ms, number, to: index, to_name, bytes: bytes.clone() }));
            }
        }
    }

    /// Lets time pass: messages arrive, timers fire.
    pub(super) fn advance(&mut self, ms: u64, frames: bool) {
        let end = self.now_ms + ms;
        loop {
            let mut next = end;
            if let Some(Reverse(packet)) = self.packets.peek() {
                next = next.min(packet.at_ms);
            }
            for index in self.running() {
                let node = self.nodes[index].as_ref().unwrap();
                next = next.min((node.started_ms + node.poll_timeout()).max(self.now_ms + 1));
            }
            self.now_ms = next.max(self.now_ms);
            self.deliver();
            for index in self.running() {
                let node = self.nodes[index].as_ref().unwrap();
                if node.started_ms + node.poll_timeout() <= self.now_ms {
                    self.handle(index, Event::Tick);
                }
                if frames {
                    self.send_frames(index, 1_000);
                }
            }
            if self.now_ms >= end {
                return;
            }
        }
    }

    fn deliver(&mut self) {
        let mut later = Vec::new();
        while let Some(Reverse(packet)) = self.packets.pop() {
            if packet.at_ms > self.now_ms {
                self.packets.push(Reverse(packet));
                break;
            }
            let Some(node) = &self.nodes[packet.to] else { continue };
            if node.name != packet.to_name || !node.connected {
                continue;
            }
            if node.stalled_until_ms > self.now_ms {
                // Its socket keeps them.
                let at_ms = node.stalled_until_ms;
                later.push(Packet { at_ms, ..packet });
                continue;
            }
            self.handle(packet.to, Event::Message(&packet.bytes));
            self.handle(packet.to, Event::Tick);
        }
        self.packets.extend(later.into_iter().map(Reverse));
    }

    /// No more faults, and time to recover.
    pub(super) fn settle(&mut self) {
        (self.loss, self.repeat, self.reorder) = (0, 0, false);
        if !self.nodes.iter().flatten().any(|node| !node.is_reader()) {
            // Readers alone have no database.
            self.start_as(0, Kind::Writer);
        }
        self.delay_ms_max = 5;
        for index in 0..self.nodes.len() {
            if let Some(node) = &mut self.nodes[index] {
                node.group = 0;
                node.stalled_until_ms = 0;
                if !std::mem::replace(&mut node.connected, true) {
                    self.handle(index, Event::Connected);
                }
            }
        }
        self.advance(20_000, true);
    }
}
