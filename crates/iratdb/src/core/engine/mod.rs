//! The replication engine of one database in one process.
//!
//! Invariant: it does nothing by itself. Commits, messages and time come in through [`Engine::commit`] and
//! [`Engine::handle`]; messages go out through [`Engine::poll_message`] (whatever is due) and [`Engine::next_frame`] (the next
//! frame of local changes, asked for when the one before has been sent); [`Engine::poll_timeout`] says when to come back.

mod local;
mod presence;
mod reader;
mod receive;
mod sync;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::FixedState;

use super::codec::{Body, Header, MESSAGE_BYTES_MAX, encode};
use super::hlc::Clock;
use super::ids::{Epoch, Random, Writer};
use super::key::Key;
use super::lease::Members;
use super::log::Log;
use super::schema::Schema;
use super::snapshot::{Session, Settling};
use super::store::{Store, StoreError};
use super::streams::Stream;
use super::table::{Shown, TableState};
use super::value::Value;

pub use local::{Prepared, Refused};
#[cfg(test)]
pub(crate) use sync::put_row_for_tests;

/// Bytes of messages that may wait to be sent. What does not fit is dropped: everything in it is asked for again.
pub const OUTBOX_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of frames sent again for one request; the rest is asked for again.
pub const RESEND_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of updates that may wait for their incarnation; over it they are dropped, and a resync brings the rows.
pub const PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Epochs that frames may be expected of.
pub const STREAMS_MAX: usize = 4096;
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
    pub node: String,
    /// Time between heartbeats.
    pub heartbeat_ms: u64,
    /// How long a silent member keeps its rows.
    pub lease_ms: u64,
    /// How long to listen for others before being the first.
    pub alone_after_ms: u64,
    /// How long deletions are remembered.
    pub tombstone_keep_ms: u64,
    /// Bytes of sent frames kept.
    pub resend_bytes_max: usize,
    /// Whether there are others to talk to at all.
    pub connected: bool,
    /// Whether this process may only read: it asks, and tells of itself, and nobody takes anything else from it.
    pub read_only: bool,
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
    /// Whether the change was made here.
    pub local: bool,
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
    /// Requests for missing frames.
    pub nacks_sent: u64,
    /// Row changes of others that were applied.
    pub rows_applied: u64,
    /// Resyncs finished, the one at the start included.
    pub resyncs: u64,
    /// Rows taken from donors.
    pub rows_fetched: u64,
    /// Epochs of others that were ended.
    pub epochs_ended: u64,
    /// Times the others ended this process's epoch wrongly.
    pub epochs_restarted: u64,
    /// Messages that could not be decoded.
    pub malformed: u64,
    /// Messages of another schema.
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
    watched: Vec<bool>,
    log: Log,
    streams: BTreeMap<Epoch, Stream>,
    members: Members,
    session: Option<Session>,
    resync_with: Option<Writer>,
    settling: Option<Settling>,
    waiting: Vec<(Writer, u64)>,
    phase: Phase,
    connected: bool,
    /// While the connection is away: keys that nobody else knows of.
    unheard_of: HashSet<(usize, Key), FixedState>,
    last_tick_ms: u64,
    heartbeat_at_ms: u64,
    heartbeat_due: bool,
    sweep_bucket: usize,
    former: Option<(Epoch, u64)>,
    mismatch: Option<u64>,
    only_mismatches: bool,
    /// A reader that was left alone by all writers: what it has is a memory of a database that is gone.
    orphaned: bool,
    /// Epochs that a reader has ended by itself, and that may not be over.
    given_up: BTreeSet<Epoch>,
    /// A reader's resync in which it gives up what the donor does not have.
    yielding: bool,
    outbox: VecDeque<Outgoing>,
    outbox_bytes: usize,
    seen: Vec<Seen>,
    counters: Counters,
}

impl Engine {
    /// A new member of nothing.
    pub fn new(config: Config, now: Now) -> Self {
        let mut random = Random::new(config.seed);
        let writer = Writer(random.next_nonzero());
        let epoch = Epoch(random.next_nonzero());
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
            watched: vec![false; tables],
            log: Log::new(tables, config.resend_bytes_max),
            streams: BTreeMap::new(),
            members: Members::default(),
            session: None,
            resync_with: None,
            settling: None,
            waiting: Vec::new(),
            phase,
            connected: config.connected,
            unheard_of: HashSet::with_hasher(FixedState::with_seed(hash_seed)),
            last_tick_ms: now.mono_ms,
            heartbeat_at_ms: now.mono_ms,
            heartbeat_due: false,
            sweep_bucket: 0,
            former: None,
            mismatch: None,
            only_mismatches: false,
            orphaned: false,
            given_up: BTreeSet::new(),
            yielding: false,
            outbox: VecDeque::new(),
            outbox_bytes: 0,
            seen: Vec::new(),
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
        let message = self.outbox.pop_front()?;
        self.outbox_bytes -= message.bytes.len();
        Some(message)
    }

    /// The next frame of local changes, for everybody. Ask again when it has been sent: what is committed meanwhile rides the next one.
    pub fn next_frame(&mut self, store: &mut impl Store) -> Result<Option<Bytes>, StoreError> {
        if !self.connected || self.phase == Phase::Closed {
            return Ok(None);
        }
        let header = self.header();
        let (tables, schema) = (&self.tables, &self.config.schema);
        let frame =
            self.log.next_frame(header, |table, key, out| sync::put_row(tables, schema, table, key, out, store))?;
        match &frame {
            Some(_) => self.counters.frames_sent += 1,
            None => self.all_sent(),
        }
        Ok(frame)
    }

    /// Row changes of watched tables since the last call.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    /// Whether somebody wants to know of a table's row changes.
    pub fn watch(&mut self, table: usize, watched: bool) {
        if let Some(flag) = self.watched.get_mut(table) {
            *flag = watched;
        }
    }

    /// When [`Event::Tick`] is due, at the latest.
    pub fn poll_timeout(&self) -> u64 {
        if !self.connected {
            return self.heartbeat_at_ms;
        }
        let mut at = self.heartbeat_at_ms;
        if self.heartbeat_due {
            at = self.last_tick_ms;
        }
        if let Phase::Listening { until_ms, hello_at_ms } = self.phase
            && self.session.is_none()
            && self.settling.is_none()
        {
            at = at.min(until_ms).min(hello_at_ms);
        }
        if let Some(session) = &self.session {
            at = at.min(session.ask_at_ms);
        }
        if let Some(settling) = &self.settling {
            at = at.min(settling.until_ms);
        }
        if self.connected {
            at = at.min(self.members.timeout_ms(self.config.lease_ms).unwrap_or(u64::MAX));
        }
        if !self.may_repair() {
            return at;
        }
        self.streams.values().filter_map(Stream::repair_at_ms).fold(at, u64::min)
    }

    /// Whether everything the others had is in.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether this process may only read.
    pub fn is_read_only(&self) -> bool {
        self.config.read_only
    }

    /// The hash of the schema that others have, if nobody with ours could be heard.
    pub fn mismatch(&self) -> Option<u64> {
        self.mismatch.filter(|_| self.only_mismatches && !self.is_ready())
    }

    /// Whether there is something to send: a message, or a frame to be made.
    pub fn has_outgoing(&self) -> bool {
        let held_back = !self.waiting.is_empty() || self.former.is_some();
        !self.outbox.is_empty() || !self.log.is_flushed() || held_back
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
            rows: self.tables.iter().map(TableState::live).sum(),
            queue_bytes: self.log.queue_bytes(),
            dirty_keys: self.log.dirty_keys(),
            resend_bytes: self.log.sent_bytes(),
            waiting_bytes: self.tables.iter().map(TableState::pending_bytes).sum::<usize>()
                + self.streams.values().map(Stream::assembly_bytes).sum::<usize>(),
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
        self.send_bytes(to, bytes);
    }

    fn send_bytes(&mut self, to: Destination, bytes: Bytes) {
        if !self.connected || self.outbox_bytes + bytes.len() > OUTBOX_BYTES_MAX {
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

    fn note(
        &mut self,
        table: usize,
        key: &[u8],
        shown: Shown,
        local: bool,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        if shown == Shown::Same || !self.watched.get(table).copied().unwrap_or(false) {
            return Ok(());
        }
        let values = match self.config.schema.tables.get(table) {
            Some(definition) if shown != Shown::Deleted => store.row(definition, table, key)?,
            _ => None,
        };
        self.seen.push(Seen { table, key: key.into(), shown, values, local });
        Ok(())
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
    /// Bytes of other messages waiting to be sent.
    pub outbox_bytes: usize,
}
