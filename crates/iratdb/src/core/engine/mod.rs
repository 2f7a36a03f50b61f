//! The replication engine of one database in one process.
//!
//! Invariant: it does nothing by itself. Commits, messages and time come in through [`Engine::commit`] and
//! [`Engine::handle`]; messages go out through [`Engine::poll_message`] (whatever is due) and [`Engine::next_frame`] (the next
//! frame of local changes, asked for when the one before has been sent); [`Engine::poll_timeout`] says when to come back.

mod acks;
mod held;
mod limits;
mod local;
mod past;
mod peers;
mod presence;
mod reader;
mod receive;
mod serve;
mod sync;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::FixedState;

use super::codec::{Body, Header, MESSAGE_BYTES_MAX, Tail, encode};
use super::constraint::{Constrained, Constraints, Reason};
use super::hlc::{Clock, Stamp};
use super::ids::{Epoch, Random, Writer};
use super::key::Key;
use super::lease::Members;
use super::log::Log;
use super::schema::Schema;
use super::snapshot::{Session, Stage};
use super::store::{Store, StoreError};
use super::streams::Stream;
use super::table::{Shown, TableState};
use super::value::Value;
use super::version::Difference;
use super::visible::RowState;

pub use limits::Limits;
pub use local::{Prepared, Refused};
#[cfg(test)]
pub(crate) use sync::put_row_for_tests;

/// Epochs that frames may be expected of.
pub const STREAMS_MAX: usize = 4096;
/// Former epochs of this process that are remembered.
const FORMER_MAX: usize = 16;
/// Heartbeats, ends of epochs and acknowledgements that may wait to be sent.
const SIGNS_MAX: usize = 4096;
/// Epochs whose last frames are told in heartbeats after they are gone.
pub const TAILS_MAX: usize = 256;

/// The time, as the shell reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds that never jump.
    pub mono_ms: u64,
    /// Milliseconds since 1970.
    pub wall_ms: u64,
}

impl Now {
    /// Seconds that never jump.
    fn seconds(self) -> u32 {
        u32::try_from(self.mono_ms / 1000).unwrap_or(u32::MAX)
    }
}

/// How an engine works.
#[derive(Debug, Clone)]
pub struct Config {
    /// What is replicated.
    pub schema: Arc<Schema>,
    /// The node's name.
    pub node: Arc<str>,
    /// Time between heartbeats.
    pub heartbeat_ms: u64,
    /// How long a silent member keeps its rows.
    pub lease_ms: u64,
    /// How long to listen for others before being the first.
    pub alone_after_ms: u64,
    /// How long deletions are remembered.
    pub tombstone_keep_ms: u64,
    /// How much is kept.
    pub limits: Limits,
    /// Whether local transactions may not touch replicated tables.
    pub read_only: bool,
    /// Whether there are others to talk to at all.
    pub connected: bool,
    /// Whether this process has keys that only read: it asks, and tells of itself, and nobody takes anything else from it.
    pub reader: bool,
    /// The randomness: writer, epochs and tokens come from it.
    pub seed: u64,
}

/// What happens to an engine from outside.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Time has passed.
    Tick,
    /// A message has come.
    Message(&'a [u8]),
    /// The connection is there (again).
    Connected,
    /// The connection is there, and it is known that nobody else is.
    Founded,
    /// The connection is gone.
    Disconnected,
    /// This process closes the database. Flush the frames before, and the messages after.
    Close,
}

/// Whom a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Everybody.
    All,
    /// One process.
    One(Writer),
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Whom it is for.
    pub to: Destination,
    /// The message.
    pub bytes: Bytes,
}

/// A visible row changed, of a table that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The table's index.
    pub table: usize,
    /// The row's key.
    pub key: Key,
    /// How.
    pub shown: Shown,
    /// Its columns beside the key, unless it is gone.
    pub values: Option<Vec<Value>>,
    /// If a constraint hides the row: its columns beside the key, and why.
    pub hidden: Option<(Box<[Value]>, Reason)>,
    /// Which write did it.
    pub made: Made,
}

/// What a row change takes beside its values, for the limit.
const SEEN_OVERHEAD_BYTES: usize = 160;

impl Seen {
    fn size(&self) -> usize {
        let hidden = self.hidden.iter().flat_map(|(values, _)| values.iter());
        let values = self.values.iter().flatten().chain(hidden);
        let each = values.map(|value| value.as_ref().size() + std::mem::size_of::<Value>());
        SEEN_OVERHEAD_BYTES + self.key.len() + each.sum::<usize>()
    }
}

/// The write that made a row show what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// When; zero if no write did it, but the end of the row's owner.
    pub hlc: u64,
    /// Who.
    pub maker: Maker,
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// This process.
    Here,
    /// Another process, if it is known (those that are gone are forgotten), and its node's name.
    Elsewhere(Option<Writer>, Arc<str>),
}

/// Counts since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Local transactions that changed replicated rows.
    pub commits: u64,
    /// Frames sent for the first time.
    pub frames_sent: u64,
    /// Frames received and applied.
    pub frames_received: u64,
    /// Frames received again.
    pub frames_duplicate: u64,
    /// Frames sent again for others.
    pub frames_resent: u64,
    /// Times that frames were found missing.
    pub gaps: u64,
    /// Requests for missing frames.
    pub nacks_sent: u64,
    /// Row changes of others that were applied.
    pub rows_applied: u64,
    /// Resyncs finished, the one at the start included.
    pub resyncs: u64,
    /// Comparisons that started anew, because what the donor showed changed in a way that could not be followed.
    pub resyncs_repeated: u64,
    /// Comparisons given up because there were more bytes of rows to take than allowed.
    pub resyncs_too_large: u64,
    /// Rows taken from donors.
    pub rows_fetched: u64,
    /// Epochs of others that were ended.
    pub epochs_ended: u64,
    /// Times the others ended this process's epoch wrongly.
    pub epochs_restarted: u64,
    /// Messages that could not be decoded.
    pub malformed: u64,
    /// Messages of members whose schemas don't fit.
    pub schema_mismatches: u64,
    /// Row changes that were not taken: not the owner's, not fitting the schema, or from a broken clock.
    pub refused: u64,
    /// Messages dropped because too many waited to be sent.
    pub outbox_dropped: u64,
}

/// Where an engine is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody who is ready has been heard yet.
    Listening { until_ms: u64, hello_at_ms: u64 },
    /// Has what the others have.
    Ready,
    /// Has left.
    Closed,
}

/// The replication engine of one database in one process.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    clock: Clock,
    random: Random,
    writer: Writer,
    epoch: Epoch,
    tables: Vec<TableState>,
    constraints: Constraints,
    watched: Vec<bool>,
    log: Log,
    streams: BTreeMap<Epoch, Stream>,
    members: Members,
    session: Option<Session>,
    resync_with: Option<Writer>,
    waiting: Vec<sync::Waiting>,
    serving: VecDeque<serve::Serving>,
    held: held::HeldBack,
    /// Changes whenever rows change but by commits and frames.
    version: u64,
    /// Whether the last resync was given up because there was too much of it.
    too_large: bool,
    phase: Phase,
    connected: bool,
    /// While the connection is away: keys that nobody else knows of.
    unheard_of: HashSet<(usize, Key), FixedState>,
    last_tick_ms: u64,
    heartbeat_at_ms: u64,
    heartbeat_due: bool,
    sweep_bucket: usize,
    /// The epoch before, and its last frame: all are told that it is over when its rows have been published again.
    farewell: Option<(Epoch, u64)>,
    /// This process's former epochs, the latest last.
    former: Vec<Epoch>,
    acks: acks::Acks,
    past: past::Past,
    forgotten: past::Forgotten,
    /// Epochs whose writers wait to hear how far we have got.
    wanted: BTreeSet<Epoch>,
    /// Schemas of others.
    peers: peers::Peers,
    /// Whether nobody could be heard but members whose schemas don't fit.
    only_mismatches: bool,
    /// Since when rows may be missing here of tables that the last donor did not have.
    incomplete_since_ms: Option<u64>,
    /// By table: this process's first commit with rows of it.
    first_commits: Vec<Option<u64>>,
    /// A reader that was left alone by all writers: what it has is a memory of a database that is gone.
    orphaned: bool,
    /// Epochs that a reader has ended by itself, and that may not be over.
    given_up: BTreeSet<Epoch>,
    /// A reader's donor, with which it is at rest and differs: what that one does not have is to be given up.
    yield_to: Option<Writer>,
    /// Rows that a reader has from a database that is gone: shown until those of the next are here.
    stale: Option<Vec<(usize, Key)>>,
    /// Messages that others wait for to know who lives and what is there.
    signs: VecDeque<Outgoing>,
    /// Answers, which are asked for again.
    outbox: VecDeque<Outgoing>,
    outbox_bytes: usize,
    seen: Vec<Seen>,
    seen_bytes: usize,
    /// Whether there were more than are kept, and so none are.
    seen_lost: bool,
    counters: Counters,
}

impl Engine {
    /// A new member of nothing.
    pub fn new(config: Config, now: Now) -> Self {
        let mut random = Random::new(config.seed);
        let writer = Writer(random.next_nonzero());
        let epoch = random.epoch(config.reader);
        let hash_seed = random.next_nonzero();
        let tables = config.schema.tables.len();
        let phase = if config.connected {
            Phase::Listening { until_ms: now.mono_ms + config.alone_after_ms, hello_at_ms: now.mono_ms }
        } else {
            Phase::Ready
        };
        Self {
            clock: Clock::default(),
            random,
            writer,
            epoch,
            tables: (0..tables).map(|_| TableState::new(hash_seed)).collect(),
            constraints: Constraints::default(),
            watched: vec![false; tables],
            log: Log::new(tables, &config.limits, epoch),
            streams: BTreeMap::new(),
            members: Members::default(),
            session: None,
            resync_with: None,
            waiting: Vec::new(),
            serving: VecDeque::new(),
            held: held::HeldBack::default(),
            version: 0,
            too_large: false,
            phase,
            connected: config.connected,
            unheard_of: HashSet::with_hasher(FixedState::with_seed(hash_seed)),
            last_tick_ms: now.mono_ms,
            heartbeat_at_ms: now.mono_ms,
            heartbeat_due: false,
            sweep_bucket: 0,
            farewell: None,
            former: Vec::new(),
            acks: acks::Acks::default(),
            past: past::Past::default(),
            forgotten: past::Forgotten::default(),
            wanted: BTreeSet::new(),
            peers: peers::Peers::default(),
            only_mismatches: false,
            incomplete_since_ms: None,
            first_commits: vec![None; tables],
            orphaned: false,
            given_up: BTreeSet::new(),
            yield_to: None,
            stale: None,
            signs: VecDeque::new(),
            outbox: VecDeque::new(),
            outbox_bytes: 0,
            seen: Vec::new(),
            seen_bytes: 0,
            seen_lost: false,
            counters: Counters::default(),
            config,
        }
    }

    /// Something happened. On an error the store can't be trusted any more, and the engine must not be used again.
    pub fn handle(&mut self, now: Now, event: Event<'_>, store: &mut impl Store) -> Result<(), StoreError> {
        if self.phase == Phase::Closed {
            return Ok(());
        }
        match event {
            Event::Tick => self.tick(now, store),
            // A late one: what it says will be asked for.
            Event::Message(_) if !self.connected => Ok(()),
            Event::Message(bytes) => self.receive(now, bytes, store),
            Event::Connected => {
                self.connect(now);
                Ok(())
            }
            Event::Founded => {
                self.connect(now);
                if let Phase::Listening { until_ms, .. } = &mut self.phase {
                    *until_ms = now.mono_ms;
                }
                Ok(())
            }
            Event::Disconnected => {
                self.disconnect();
                Ok(())
            }
            Event::Close => {
                self.leave();
                Ok(())
            }
        }
    }

    /// The next message to send, if any.
    pub fn poll_message(&mut self) -> Option<Outgoing> {
        if let Some(sign) = self.signs.pop_front() {
            return Some(sign);
        }
        let message = self.outbox.pop_front()?;
        self.outbox_bytes -= message.bytes.len();
        Some(message)
    }

    /// The next frame of local changes, for everybody. Ask again when it has been sent: what is committed meanwhile rides the next one.
    pub fn next_frame(&mut self, store: &mut impl Store) -> Result<Option<Bytes>, StoreError> {
        if !self.connected || self.phase == Phase::Closed {
            return Ok(None);
        }
        self.serve(store)?;
        let before = self.log.sequence();
        if self.log.has_dirty() {
            self.take_batch(store)?;
        }
        let frame = self.log.next_frame(self.header(), self.frames_ask());
        match &frame {
            Some(_) => self.counters.frames_sent += 1,
            None => self.all_sent(),
        }
        // A number left out is found missing when the next one is heard of.
        self.heartbeat_due |= frame.is_none() && self.log.sequence() != before;
        self.answer_waiting();
        Ok(frame)
    }

    /// Puts rows whose states are to be sent into a batch.
    fn take_batch(&mut self, store: &mut impl Store) -> Result<(), StoreError> {
        let hlc = self.clock.tick(0);
        let now_s = u32::try_from(self.last_tick_ms / 1000).unwrap_or(u32::MAX);
        let (tables, schema, streams) = (&self.tables, &*self.config.schema, &self.streams);
        let ages = (now_s, self.forgotten);
        // What this process owns nobody else has changed, but itself in its former epochs. Other rows show what came from others, and
        // maybe not all of it.
        let former = &self.former;
        let after = |dirty: &[BTreeSet<Key>]| {
            let shared = dirty.iter().zip(&schema.tables).any(|(keys, table)| !keys.is_empty() && !table.owned);
            let tops = streams.iter().map(|(epoch, stream)| Tail { epoch: *epoch, sequence: stream.top() });
            tops.filter(|tail| (shared || former.contains(&tail.epoch)) && tail.sequence > 0).collect()
        };
        let mut store = Constrained::new(schema, &mut self.constraints, store);
        self.log
            .take_batch(hlc, after, |table, key, out| sync::put_row(tables, schema, table, key, ages, out, &mut store))
    }

    /// Row changes of watched tables since the last call; `None` if there were more than are kept.
    pub fn take_seen(&mut self) -> Option<Vec<Seen>> {
        self.seen_bytes = 0;
        let seen = std::mem::take(&mut self.seen);
        (!std::mem::take(&mut self.seen_lost)).then_some(seen)
    }

    fn tell(&mut self, seen: Seen) {
        self.seen_bytes += seen.size();
        if self.seen_bytes > self.config.limits.seen_bytes_max {
            self.seen_lost = true;
            self.seen = Vec::new();
        } else {
            self.seen.push(seen);
        }
    }

    /// Whether somebody wants to know of a table's row changes.
    pub fn watch(&mut self, table: usize, watched: bool) {
        if let Some(flag) = self.watched.get_mut(table) {
            *flag = watched;
        }
    }

    /// When [`Event::Tick`] is due, at the latest. After one, it is later.
    pub fn poll_timeout(&self) -> u64 {
        if !self.connected {
            return self.heartbeat_at_ms;
        }
        let mut at = if self.heartbeat_due { self.last_tick_ms } else { self.heartbeat_at_ms };
        if let Phase::Listening { until_ms, hello_at_ms } = self.phase
            && self.session.is_none()
        {
            at = at.min(until_ms).min(hello_at_ms);
        }
        if let Some(session) = &self.session {
            at = at.min(match &session.stage {
                Stage::Settling { until_ms, .. } => *until_ms,
                _ => session.ask_at_ms,
            });
        }
        if !self.is_joining() {
            at = at.min(self.held.timeout_ms().unwrap_or(u64::MAX));
        }
        at = at.min(self.acks_timeout().unwrap_or(u64::MAX));
        at = at.min(self.members.timeout_ms(self.config.lease_ms).unwrap_or(u64::MAX));
        if self.takes_frames() {
            at = self.streams.values().filter_map(Stream::repair_at_ms).fold(at, u64::min);
        }
        at
    }

    /// Whether everything the others had is in.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether this process has keys that only read.
    pub fn is_reader(&self) -> bool {
        self.config.reader
    }

    /// Why the schema of others does not fit, if nobody could be heard whose does.
    pub fn mismatch(&self) -> Option<&Arc<Difference>> {
        if self.only_mismatches && !self.is_ready() { self.difference(self.last_tick_ms) } else { None }
    }

    /// How it stands, for who reads a failure.
    #[cfg(any(test, feature = "simulator"))]
    pub(crate) fn describe(&self) -> String {
        let Self { counters, session, held, streams, phase, epoch, .. } = self;
        let sizes = self.sizes();
        let members: Vec<_> = self.members.iter().map(|(epoch, member)| (epoch, &member.settled)).collect();
        let streams: Vec<_> = streams.iter().map(|(epoch, stream)| format!("\n  {epoch:?} {stream:?}")).collect();
        let log = (self.log.sequence(), self.log.committed(), self.log.needed(self.log.committed()));
        format!(
            "{epoch:?} {phase:?} {counters:?} {sizes:?}\n  log {log:?}\n  session {session:?}\n  held {held:?}\n  members {members:?}{}",
            streams.concat()
        )
    }

    /// The member rows are being fetched from, if any.
    pub fn donor(&self) -> Option<Writer> {
        self.session.as_ref().map(|session| session.donor)
    }

    /// Bytes of rows taken in one resync.
    pub fn resync_bytes_max(&self) -> usize {
        self.config.limits.resync_bytes_max
    }

    /// Whether the rows to join with are more than this process takes.
    pub fn is_too_large(&self) -> bool {
        self.too_large && !self.is_ready()
    }

    /// Whether there is something to send: a message, or a frame to be made.
    pub fn has_outgoing(&self) -> bool {
        let held_back = !self.waiting.is_empty() || self.farewell.is_some();
        self.is_serving() || !self.signs.is_empty() || !self.outbox.is_empty() || !self.log.is_flushed() || held_back
    }

    /// Whether all local changes have gone into frames.
    pub fn is_flushed(&self) -> bool {
        self.log.is_flushed()
    }

    /// This process.
    pub fn writer(&self) -> Writer {
        self.writer
    }

    /// Its present epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The others.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Counts since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Rows, queues and buffers: visible rows, bytes queued, dirty keys, bytes kept to be sent again, bytes that wait.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            rows: self.tables.iter().map(TableState::live).sum::<usize>() - self.constraints.hidden(),
            queue_bytes: self.log.queue_bytes(),
            dirty_keys: self.log.dirty_keys(),
            resend_bytes: self.log.sent_bytes(),
            waiting_bytes: self.tables.iter().map(TableState::pending_bytes).sum::<usize>()
                + self.streams.values().map(Stream::assembly_bytes).sum::<usize>()
                + self.held.bytes()
                + self.session.as_ref().map_or(0, |session| session.rows_bytes),
            unknown_bytes: self.tables.iter().map(TableState::tail_bytes).sum(),
            outbox_bytes: self.outbox_bytes,
        }
    }

    /// The tables' replication state, to look at.
    pub fn tables(&self) -> &[TableState] {
        &self.tables
    }

    fn header(&self) -> Header {
        Header { schema: self.config.schema.hash, writer: self.writer, epoch: self.epoch }
    }

    fn send(&mut self, to: Destination, body: &Body<'_>) {
        let bytes = Bytes::from(encode(self.header(), body));
        match body {
            // Who asks for much must not make this process look dead.
            Body::Heartbeat { .. } | Body::EpochEnd { .. } | Body::Ack { .. } | Body::AckRequest { .. } => {
                self.send_sign(to, bytes);
            }
            _ => self.send_bytes(to, bytes),
        }
    }

    /// Sends a message that goes before answers, whatever waits there.
    fn send_sign(&mut self, to: Destination, bytes: Bytes) {
        if !self.connected || self.signs.len() >= SIGNS_MAX {
            self.counters.outbox_dropped += 1;
            return;
        }
        self.signs.push_back(Outgoing { to, bytes });
    }

    fn send_bytes(&mut self, to: Destination, bytes: Bytes) {
        let full = self.outbox_bytes > 0 && self.outbox_bytes + bytes.len() > self.config.limits.outbox_bytes_max;
        if !self.connected || full {
            self.counters.outbox_dropped += 1;
            return;
        }
        debug_assert!(bytes.len() <= 2 * MESSAGE_BYTES_MAX, "a message NATS would not take");
        self.outbox_bytes += bytes.len();
        self.outbox.push_back(Outgoing { to, bytes });
    }

    /// Digest of all rows.
    fn state(&self) -> u64 {
        let tables = (1_u64..).zip(&self.tables);
        tables.fold(0, |sum, (n, table)| sum.wrapping_add(table.digest().wrapping_mul(2 * n + 1)))
    }

    /// Who writes in an epoch.
    fn maker(&self, epoch: Epoch) -> Maker {
        if epoch == self.epoch || self.former.contains(&epoch) {
            return Maker::Here;
        }
        let member = self.members.get(epoch);
        Maker::Elsewhere(
            member.and_then(|member| member.writer),
            member.map_or_else(|| "".into(), |member| Arc::clone(&member.node)),
        )
    }

    /// Frames that are known to have been sent and are not here.
    pub fn frames_missing(&self) -> u64 {
        self.streams.values().map(Stream::missing).sum()
    }

    /// How far behind a member is: how many of its frames are missing here, and how many of ours it has not said it has.
    pub fn lag(&self, epoch: Epoch) -> (u64, u64) {
        let missing = self.streams.get(&epoch).map_or(0, Stream::missing);
        let has = self.members.get(epoch).and_then(|member| member.settled.get(&self.epoch)).copied().unwrap_or(0);
        (missing, self.log.sequence().saturating_sub(has))
    }

    fn note(
        &mut self,
        table: usize,
        key: &[u8],
        shown: Shown,
        made: Made,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        if shown == Shown::Same || self.seen_lost || !self.watched.get(table).copied().unwrap_or(false) {
            return Ok(());
        }
        let values = match self.config.schema.tables.get(table) {
            Some(definition) if shown != Shown::Deleted => store.row(definition, table, key)?,
            _ => None,
        };
        // A row that was hidden after it was written tells of that instead.
        if values.is_some() || shown == Shown::Deleted {
            self.tell(Seen { table, key: key.into(), shown, values, hidden: None, made });
        }
        Ok(())
    }

    /// Decides which rows of tables with constraints are visible after what was written, and takes note of them.
    fn settle_constraints(&mut self, store: &mut impl Store) -> Result<(), StoreError> {
        if self.constraints.is_settled() {
            return Ok(());
        }
        self.constraints.settle(&self.config.schema, &self.tables, store)?;
        for change in self.constraints.take_changes() {
            let (table, key) = change.row;
            if self.watched.get(table) != Some(&true) {
                continue;
            }
            let stamp = self.tables.get(table).and_then(|table| table.get(&key)).map_or(Stamp::NEVER, RowState::latest);
            let made = Made { hlc: stamp.hlc, maker: self.maker(stamp.epoch) };
            self.note(table, &key, change.shown, made.clone(), store)?;
            if change.hidden.is_some() {
                let (shown, hidden) = (Shown::Same, change.hidden);
                self.tell(Seen { table, key, shown, values: None, hidden, made });
            }
        }
        Ok(())
    }

    /// The hidden rows, to look at.
    #[cfg(any(test, feature = "simulator"))]
    pub(crate) fn constraints(&self) -> &Constraints {
        &self.constraints
    }
}

/// Present sizes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Visible rows.
    pub rows: usize,
    /// Bytes of transactions queued to be sent.
    pub queue_bytes: usize,
    /// Rows whose states are to be sent.
    pub dirty_keys: usize,
    /// Bytes of sent frames kept for those who missed some.
    pub resend_bytes: usize,
    /// Bytes of received changes that wait for something else.
    pub waiting_bytes: usize,
    /// Bytes of columns that only newer members know.
    pub unknown_bytes: usize,
    /// Bytes of other messages waiting to be sent.
    pub outbox_bytes: usize,
}
