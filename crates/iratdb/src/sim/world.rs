//! Nodes, network and time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::Connection;

use super::guarded::{Guarded, Kind};
use super::laws;
use super::versions;
use super::workload::{self, Ledger};
use crate::core::capture::{Changed, LocalChange, LocalKind};
use crate::core::codec::{Header, decode};
use crate::core::engine::{Config, Destination, Engine, Event, Limits, Now};
use crate::core::ids::Random as Generator;
use crate::core::key::key_values;
use crate::core::schema::Schema;
use crate::core::value::{Value, ValueRef};
use crate::options::Options;
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
    /// Which version of the schema it has.
    pub(super) version: u8,
    started_ms: u64,
    skew_ms: i64,
    pub(super) stalled_until_ms: u64,
    pub(super) connected: bool,
    pub(super) group: u8,
    /// What is sent to it until then is lost: a slow consumer.
    pub(super) deaf_until_ms: u64,
    /// Rows of `mayfly` that it has seen go.
    pub(super) gone: BTreeSet<String>,
    /// Rows of `mayfly` that it shows.
    pub(super) mayflies: BTreeSet<String>,
    /// What it showed when it was last looked at, as a digest, and whether it was ready.
    pub(super) looked_at: (u64, bool),
    /// Commits with rows of `journal` that others are asked to acknowledge.
    pub(super) asked: Vec<(u64, Vec<String>)>,
    /// Rows of `journal` this process has had at some time.
    pub(super) journal: BTreeSet<String>,
    /// Rows of `journal` that are sealed.
    pub(super) sealed: BTreeSet<String>,
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
        self.engine.is_reader()
    }

    /// Queries what has been published, as the application does.
    pub(super) fn query<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        self.db.readers().read(query).unwrap()
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

/// Changes, for who reads a failure.
pub(super) fn text_of(schema: &Schema, changes: &[LocalChange]) -> String {
    let value = |value: ValueRef<'_>| match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(i) => i.to_string(),
        ValueRef::Real(r) => r.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    };
    let list = |values: &mut dyn Iterator<Item = ValueRef<'_>>| values.map(value).collect::<Vec<_>>().join(",");
    let text = |change: &LocalChange| {
        let table = &schema.tables[change.table];
        let row = format!("{}({})", table.name, list(&mut key_values(table, &change.key)));
        match &change.kind {
            LocalKind::Insert { values, .. } => format!("+{row}={}", list(&mut values.iter().map(Value::as_ref))),
            LocalKind::Update(columns) => {
                let set = |changed: &Changed| {
                    let name = &table.columns[usize::from(changed.column)].name;
                    format!("{name}={}", value(changed.after.as_ref()))
                };
                format!("{row}:{}", columns.iter().map(set).collect::<Vec<_>>().join(","))
            }
            LocalKind::Delete { .. } => format!("-{row}"),
        }
    };
    changes.iter().map(text).collect::<Vec<_>>().join(" ")
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
    pub(super) limits: Limits,
    /// How many pairs of twins there are.
    pub(super) twins: u64,
    pub(super) faults: bool,
    /// Whether what is sent is kept in `sent`.
    pub(super) tapped: bool,
    pub(super) sent: Vec<Bytes>,
    /// Whether the database has keys.
    pub(super) keyed: bool,
    /// Whether processes have different versions of the schema.
    pub(super) mixed: bool,
    /// The version that the next has, where they have one.
    pub(super) version: u8,
    seed: u64,
    /// What is sent from one place to another there is lost.
    pub(super) blocked: BTreeSet<(usize, usize)>,
    /// What processes have been told is done.
    pub(super) ledger: Ledger,
    /// What has happened, for the totals.
    pub(super) totals: Totals,
    /// What has happened, step by step, if somebody wants to know.
    pub(super) trace: Option<Vec<String>>,
    /// Messages, too.
    pub(super) trace_messages: bool,
}

/// Counts over schedules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Schedules run.
    pub schedules: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Messages sent from one process to another.
    pub messages: u64,
    /// Frames among them.
    pub frames: u64,
    /// Faults: messages lost and repeated, and everything that was done to processes, clocks and connections.
    pub faults: u64,
    /// Schedules that failed.
    pub failures: u64,
}

impl Totals {
    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.commits += other.commits;
        self.messages += other.messages;
        self.frames += other.frames;
        self.faults += other.faults;
        self.failures += other.failures;
    }
}

/// Limits that are small enough to be met in a schedule, some of them.
fn limits(random: &mut Random, faults: bool) -> Limits {
    let mut limits = Limits { rows_bytes: 200 + random.below(2_000) as usize, ..Limits::default() };
    if !faults {
        return limits;
    }
    if random.percent(40) {
        limits.resend_bytes_max = 2_000;
    }
    if random.percent(20) {
        limits.queue_bytes_max = 1_000 + random.below(4_000) as usize;
    }
    if random.percent(20) {
        limits.batch_bytes_max = 500 + random.below(4_000) as usize;
    }
    if random.percent(15) {
        limits.held_bytes_max = random.below(600) as usize;
        limits.pending_bytes_max = random.below(600) as usize;
    }
    if random.percent(15) {
        limits.parts_bytes_max = 600_000;
        limits.resend_at_once_bytes_max = 1_000;
    }
    if random.percent(15) {
        limits.outbox_bytes_max = 4_000 + random.below(20_000) as usize;
        limits.seen_bytes_max = 1_000;
    }
    limits
}

impl World {
    /// Choices that follow from a seed.
    pub(super) fn random_of(seed: u64) -> Random {
        Random(Generator::new(seed))
    }

    pub(super) fn new(seed: u64, mixed: bool) -> Self {
        let mut random = Self::random_of(seed);
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
            limits: limits(&mut random, faults),
            twins: if random.percent(50) { 5 } else { 60 },
            faults,
            tapped: false,
            sent: Vec::new(),
            keyed: super::guarded::is_keyed(seed),
            mixed,
            version: 1,
            seed,
            blocked: BTreeSet::new(),
            ledger: Ledger::default(),
            totals: Totals::default(),
            trace: None,
            trace_messages: std::env::var_os("IRATDB_TRACE_MESSAGES").is_some(),
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

    /// Nodes with these versions of the schema.
    pub(super) fn quiet_of(versions: &[u8]) -> Self {
        let mut world = Self::quiet(0);
        for version in versions {
            world.nodes.push(None);
            world.start_version(world.nodes.len() - 1, *version);
            world.advance(1_500, true);
        }
        world
    }

    /// Starts a process with this version of the schema.
    pub(super) fn start_version(&mut self, index: usize, version: u8) {
        self.version = version;
        self.start_as(index, Kind::Writer);
    }

    fn quiet_world(nodes: usize, keyed: bool) -> Self {
        let mut world = Self::new(1, false);
        world.keyed = keyed;
        (world.loss, world.repeat, world.reorder, world.faults) = (0, 0, false, false);
        world.limits = Limits::default();
        world.delay_ms_max = 2;
        world.packets.clear();
        world.nodes.clear();
        world.start_first(nodes);
        world
    }

    /// Starts the processes 0 to `count` - 1, one after the other is ready.
    pub(super) fn start_first(&mut self, count: usize) {
        self.nodes.resize_with(count.max(self.nodes.len()), || None);
        for index in 0..count {
            self.start_as(index, Kind::Writer);
            self.advance(1_000, true);
        }
    }

    /// Takes down what happens, for who reads a failure.
    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>7} ms  {}", self.now_ms, what()));
        }
    }

    /// Takes down a message, if somebody wants to know that, too.
    fn note_message(&mut self, to: usize, bytes: &[u8]) {
        if self.trace.is_none() || !self.trace_messages {
            return;
        }
        let from = |header: Header| {
            let sender = |node: &Option<Node>| node.as_ref().is_some_and(|node| node.engine.writer() == header.writer);
            self.nodes.iter().position(sender).map_or_else(|| "?".to_owned(), |index| index.to_string())
        };
        let text = decode(bytes).map_or_else(
            |error| error.to_string(),
            |message| format!("{} {:?} {:?}", from(message.header), message.header.epoch, message.body),
        );
        self.note(|| format!("{to} hears {}", text.chars().take(600).collect::<String>()));
    }

    /// The same for a fault, which is counted.
    pub(super) fn fault(&mut self, what: impl FnOnce() -> String) {
        self.totals.faults += 1;
        self.note(what);
    }

    pub(super) fn crash(&mut self, index: usize) {
        self.fault(|| format!("{index} crashes"));
        self.bury(index);
    }

    fn bury(&mut self, index: usize) {
        if let Some(node) = self.nodes[index].take() {
            self.totals.commits += node.engine.counters().commits;
        }
    }

    /// The commits of those who still run, into the totals.
    pub(super) fn count_commits(&mut self) {
        let commits = self.nodes.iter().flatten().map(|node| node.engine.counters().commits);
        self.totals.commits += commits.sum::<u64>();
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
        let version = if self.mixed { versions::version_of(self.seed, self.names + 1) } else { self.version };
        self.start_with(index, kind, version, &workload::options(version));
    }

    pub(super) fn start_with(&mut self, index: usize, kind: Kind, version: u8, options: &Options) {
        self.names += 1;
        self.note(|| format!("{index} starts, version {version}"));
        let db = LocalDb::open(options).unwrap();
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
                    limits: self.limits,
                    read_only: false,
                    connected: true,
                    reader: kind == Kind::Reader,
                    seed: self.random.next(),
                },
                Now { mono_ms: 0, wall_ms: WALL_START_MS },
            ),
            db,
            guarded: None,
            name: self.names,
            version,
            started_ms: self.now_ms,
            skew_ms,
            stalled_until_ms: 0,
            connected: true,
            group: 0,
            deaf_until_ms: 0,
            gone: BTreeSet::new(),
            mayflies: BTreeSet::new(),
            looked_at: (0, false),
            asked: Vec::new(),
            journal: BTreeSet::new(),
            sealed: BTreeSet::new(),
            own: BTreeMap::new(),
        };
        for table in ["kv", "users"] {
            if let Some(table) = node.db.schema().table_index(table) {
                node.engine.watch(table, true);
            }
        }
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
        self.fault(|| format!("{index}'s clock is set to {skew_ms} ms"));
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
        match event {
            Event::Connected | Event::Disconnected => self.fault(|| format!("{index}: {event:?}")),
            Event::Close => self.note(|| format!("{index} closes")),
            Event::Message(_) | Event::Tick | Event::Founded => {}
        }
        let now = self.now_of(index);
        let Some(node) = &mut self.nodes[index] else { return };
        let clear = match &mut node.guarded {
            Some(guarded) => guarded.handle(now, event, &mut node.engine, &mut node.db),
            None => {
                node.engine.handle(now, event, &mut node.db).unwrap();
                Vec::new()
            }
        };
        clear.iter().for_each(|message| self.note_message(index, message));
        let Some(node) = &mut self.nodes[index] else { return };
        if matches!(event, Event::Tick) {
            let due_ms = node.engine.poll_timeout();
            assert!(due_ms > now.mono_ms, "{} does not let go: {}", node.name, node.engine.describe());
        }
        node.db.finish_apply().unwrap();
        drop(node.engine.take_seen());
        laws::look(node);
        self.send_messages(index);
    }

    /// Sends what an engine has to say.
    pub(super) fn flush_messages(&mut self, index: usize) {
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
            self.send_messages(index);
            let Some(node) = &mut self.nodes[index] else { return };
            let frame = node.engine.next_frame(&mut node.db).unwrap();
            let Some(frame) = frame else { return self.send_messages(index) };
            self.totals.frames += 1;
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
            if !addressed || !node.connected {
                continue;
            }
            let deaf = node.deaf_until_ms > self.now_ms;
            if deaf || node.group != group || self.blocked.contains(&(from, index)) {
                self.totals.faults += 1;
                continue;
            }
            let copies =
                if self.random.percent(self.loss) { 0 } else { 1 + u64::from(self.random.percent(self.repeat)) };
            self.totals.messages += copies;
            self.totals.faults += u64::from(copies != 1);
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
            if !self.keyed {
                self.note_message(packet.to, &packet.bytes);
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
        self.blocked.clear();
        for index in 0..self.nodes.len() {
            if let Some(node) = &mut self.nodes[index] {
                node.group = 0;
                node.stalled_until_ms = 0;
                node.deaf_until_ms = 0;
                if !std::mem::replace(&mut node.connected, true) {
                    self.handle(index, Event::Connected);
                }
            }
        }
        self.advance(20_000, true);
    }
}
