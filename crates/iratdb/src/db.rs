//! The public handle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::changes::Changes;
use crate::commit::Commit;
use crate::core::digest::RowsDigest;
use crate::core::engine::{Config, Counters, Engine, Event, Limits, Sizes};
use crate::core::guard::{Guard, Refusals, Settings};
use crate::core::schema::Table;
use crate::core::secret::Secret;
use crate::error::{Error, Result};
use crate::gate::Gate;
use crate::keys::Keys;
use crate::nats::Driver;
use crate::options::Options;
use crate::overview::Overview;
use crate::shared::{Shared, Status, now};
use crate::sqlite::LocalDb;

/// An open database. Clones share it; it can be used from any thread. When the last one is dropped the database is
/// closed, as by [`IraTdb::close`], but nobody waits for it.
#[derive(Debug, Clone)]
pub struct IraTdb {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    replicated: bool,
    driver: Mutex<Option<Driver>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.closing.send_replace(true);
        if !self.replicated {
            // Nobody else would tell its subscribers.
            self.shared.finish();
        }
    }
}

impl IraTdb {
    /// Opens the database: creates the local copy and starts to replicate. It can be used at once;
    /// [`IraTdb::ready`] tells when what the others have is in. Needs a tokio runtime if there is a NATS connection.
    pub async fn open(options: Options) -> Result<Self> {
        let cluster = options.cluster.clone();
        let Prepared { shared, nats, guard } = prepare(options)?;
        let replicated = nats.is_some();
        let driver = match nats {
            Some(client) => Some(Driver::start(Arc::clone(&shared), client, &cluster, guard).await?),
            None => None,
        };
        Ok(Self { handle: Arc::new(Handle { shared, replicated, driver: Mutex::new(driver) }) })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.shared().name
    }

    /// Waits until the other members' rows are in, or nobody else is there. Fails if the members that are there
    /// have a schema that does not fit, or the database was closed.
    pub async fn ready(&self) -> Result<()> {
        let mut status = self.shared().status.subscribe();
        let status = status.wait_for(|status| *status != Status::Joining).await.map_err(|_| Error::Closed)?.clone();
        match status {
            Status::Joining | Status::Ready => Ok(()),
            Status::Closed => Err(Error::Closed),
            Status::Failed(reason) => Err(Error::Failed(reason)),
            Status::TooLarge(bytes_max) => Err(Error::ResyncTooLarge { database: self.name().to_owned(), bytes_max }),
            Status::Mismatch(difference) => Err(Error::SchemaMismatch { database: self.name().to_owned(), difference }),
        }
    }

    /// Whether [`IraTdb::ready`] would return at once, and well.
    pub fn is_ready(&self) -> bool {
        *self.shared().status.borrow() == Status::Ready
    }

    /// Runs queries on the local copy, all on one consistent state. Statements that write fail.
    pub fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        self.shared().read(query)
    }

    /// Runs one transaction on the local copy and queues its changes for the others. If the closure
    /// fails, nothing of it is kept. BEGIN, COMMIT and ROLLBACK are not for the closure; savepoints are allowed.
    pub fn write<T>(&self, transaction: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<Commit<T>> {
        self.shared().write(transaction)
    }

    /// Row changes of one replicated table from now on, local and remote.
    pub fn subscribe(&self, table: &str) -> Result<Changes> {
        self.shared().subscribe(table)
    }

    /// The live members, this process first. While a transaction takes long, as they were a moment (100 ms at most) before it began.
    pub fn members(&self) -> Vec<Member> {
        members(self.shared(), &self.shared().overview())
    }

    /// Members, counters and sizes. While a transaction takes long, as they were a moment (100 ms at most) before it began.
    pub fn stats(&self) -> Stats {
        let overview = self.shared().overview();
        let members = members(self.shared(), &overview);
        let mut stats = Stats::new(overview.counters, overview.sizes, overview.frames_missing, members);
        if let Some(gate) = &self.shared().gate {
            (stats.refusals, stats.data_keys) = gate.counts();
        }
        stats
    }

    /// Orders a new data key: soon all members seal with it, after each has shown the read key again. Nothing happens in a
    /// database without keys, or as long as no key has been agreed on. Fails if the keys only read.
    pub fn rotate_key(&self) -> Result<()> {
        let shared = self.shared();
        shared.check_open()?;
        if shared.with(|state| state.engine.is_reader())? {
            return Err(Error::ReadOnly { database: self.name().to_owned(), table: None });
        }
        if let Some(gate) = &shared.gate {
            gate.order_rotation();
        }
        Ok(())
    }

    /// The replicated tables, by name.
    pub fn tables(&self) -> Vec<TableDescription> {
        let describe = |table: &Table| {
            let mut columns: Vec<_> = table.key.iter().chain(&table.columns).collect();
            columns.sort_by_key(|column| column.position);
            TableDescription {
                name: table.name.clone(),
                columns: columns.into_iter().map(|column| column.name.clone()).collect(),
                key: table.key.iter().map(|column| column.name.clone()).collect(),
                owned: table.owned,
            }
        };
        self.shared().schema.tables.iter().map(describe).collect()
    }

    /// A digest of the visible rows of every replicated table, by the table's name: equal on two replicas exactly when they show
    /// the same rows.
    pub fn digests(&self) -> Result<BTreeMap<String, TableDigest>> {
        let digests = self.shared().digests()?;
        let tables = self.shared().schema.tables.iter().zip(digests);
        Ok(tables.map(|(table, digest)| (table.name.clone(), TableDigest::from(digest))).collect())
    }

    /// Ends this process's part: its changes are sent, and its owned rows vanish everywhere. Later calls fail with
    /// [`Error::Closed`].
    pub async fn close(&self) -> Result<()> {
        let shared = self.shared();
        shared.closing.send_replace(true);
        let driver = self.handle.driver.lock().take();
        match driver {
            Some(driver) => driver.stopped().await,
            None if self.handle.replicated => {
                // Another call of `close` waits for the tasks.
                let mut status = shared.status.subscribe();
                let over = |status: &Status| matches!(status, Status::Closed | Status::Failed(_));
                status.wait_for(over).await.map_err(|_| Error::Closed)?;
            }
            None => shared.finish(),
        }
        Ok(())
    }
}

/// A database whose tasks have not been started.
struct Prepared {
    shared: Arc<Shared>,
    nats: Option<async_nats::Client>,
    guard: Option<Box<Guard>>,
}

fn prepare(options: Options) -> Result<Prepared> {
    options.validate()?;
    let mut db = LocalDb::open(&options)?;
    let started = Instant::now();
    let node: Arc<str> = options.node.as_str().into();
    let keys = match options.keys {
        Some(keys) => keys,
        None if options.nats.is_none() => Keys::private(),
        None => return Err(Error::NoKeys { database: options.database }),
    };
    let nats = options.nats.filter(|_| !keys.is_private());
    let ms = |duration: Duration| duration.as_millis() as u64;
    let config = Config {
        schema: Arc::clone(db.schema()),
        node: Arc::clone(&node),
        heartbeat_ms: ms(options.heartbeat),
        lease_ms: ms(options.lease),
        alone_after_ms: ms(options.alone_after),
        tombstone_keep_ms: ms(options.tombstone_keep),
        limits: Limits {
            resend_bytes_max: options.resend_bytes_max,
            resync_bytes_max: options.resync_bytes_max,
            ..Limits::default()
        },
        read_only: options.read_only,
        reader: !keys.may_write(),
        connected: nats.is_some(),
        seed: u64::from_le_bytes(random()?),
    };
    let mut engine = Engine::new(config, now(started));
    let mut guard = None;
    if let (Some(credentials), Some(_)) = (keys.credentials(), &nats) {
        let settings = Settings {
            alone_after_ms: ms(options.alone_after),
            lease_ms: ms(options.lease),
            rotate_after_ms: ms(options.rotate_after),
        };
        let database = credentials.database(&options.cluster, &options.database);
        let new = Guard::new(settings, credentials, database, engine.writer(), &Secret::new(random()?));
        let failed = |_| Error::Failed("this process could not be certified".to_owned());
        guard = Some(Box::new(new.map_err(failed)?));
        // It has nobody to talk to until the guard has a data key.
        engine.handle(now(started), Event::Disconnected, &mut db)?;
    }
    let mut shared = Shared::new(&options.database, node, db, engine, started, options.subscriber_bytes_max);
    let credentials = keys.credentials().filter(|_| guard.is_some());
    shared.gate = credentials.map(|keys| Gate::new(keys.database(&options.cluster, &options.database)));
    Ok(Prepared { shared: Arc::new(shared), nats, guard })
}

fn random<const N: usize>() -> Result<[u8; N]> {
    use ring::rand::SecureRandom;
    let mut bytes = [0; N];
    let unavailable = |_| Error::Failed("the system gave no random numbers".to_owned());
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(unavailable)?;
    Ok(bytes)
}

fn members(shared: &Shared, overview: &Overview) -> Vec<Member> {
    let now_ms = shared.now().mono_ms;
    let own = Member {
        id: overview.own.0,
        node: shared.node.to_string(),
        is_self: true,
        read_only: overview.is_reader,
        ready: overview.own.1,
        silent_for: Duration::ZERO,
        frames_missing: 0,
        frames_unacknowledged: 0,
    };
    let others = overview.others.iter().map(|other| Member {
        id: other.id,
        node: other.node.to_string(),
        is_self: false,
        read_only: other.reader,
        ready: other.ready,
        silent_for: Duration::from_millis(now_ms.saturating_sub(other.heard_at_ms)),
        frames_missing: other.frames_missing,
        frames_unacknowledged: other.frames_unacknowledged,
    });
    std::iter::once(own).chain(others).collect()
}

/// A live member of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Identifies the process; a random number of its own.
    pub id: u64,
    /// The node's name, as given in its options.
    pub node: String,
    /// Whether it is this process.
    pub is_self: bool,
    /// Whether it can only read.
    pub read_only: bool,
    /// Whether the others' rows are in at that member.
    pub ready: bool,
    /// Time since it was last heard (zero for this process).
    pub silent_for: Duration,
    /// Its lag here: frames it has sent that are not here yet.
    pub frames_missing: u64,
    /// Its lag there: frames of this process that it has not said it has. Heartbeats tell, so at rest it is 0 after one.
    pub frames_unacknowledged: u64,
}

/// Counters since the database was opened, and present sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Local transactions that changed replicated rows.
    pub commits: u64,
    /// Frames sent for the first time.
    pub frames_sent: u64,
    /// Frames received and applied.
    pub frames_received: u64,
    /// Frames received again.
    pub frames_duplicate: u64,
    /// Frames sent again for members that missed them.
    pub frames_resent: u64,
    /// Times that frames were found missing.
    pub gaps: u64,
    /// Requests for missing frames.
    pub nacks_sent: u64,
    /// Row changes of others applied here.
    pub rows_applied: u64,
    /// Comparisons with a donor finished, the one when joining included.
    pub resyncs: u64,
    /// Comparisons that started anew, because what the donor showed changed in a way that could not be followed.
    pub resyncs_repeated: u64,
    /// Comparisons given up because there were more bytes of rows to take than `Options::resync_bytes_max`.
    pub resyncs_too_large: u64,
    /// Rows taken from donors.
    pub rows_fetched: u64,
    /// Members that left, or whose lease ended.
    pub epochs_ended: u64,
    /// Times the others took this process for dead; it has published its rows again each time.
    pub epochs_restarted: u64,
    /// Messages that could not be decoded.
    pub malformed: u64,
    /// Messages of members whose schemas don't fit.
    pub schema_mismatches: u64,
    /// Row changes not taken: not the owner's, not fitting the schema, or from a broken clock.
    pub refused: u64,
    /// Messages dropped because NATS did not take them in time; all are asked for again.
    pub outbox_dropped: u64,
    /// Messages refused by the seal, by reason. All zero in a database without keys.
    pub refusals: Refusals,
    /// Data keys held: one, and for a while others after islands have met or the key was rotated.
    pub data_keys: usize,
    /// The live members, this process first.
    pub members: Vec<Member>,
    /// Frames that others are known to have sent and that are not here yet.
    pub frames_missing: u64,
    /// Visible replicated rows.
    pub rows: usize,
    /// Bytes of transactions waiting to be sent.
    pub queue_bytes: usize,
    /// Rows whose present state is to be sent, because a queue was full or NATS away.
    pub dirty_keys: usize,
    /// Bytes of sent frames kept for members that miss some.
    pub resend_bytes: usize,
    /// Bytes of received changes that wait for others.
    pub waiting_bytes: usize,
    /// Bytes of columns that only members with a newer schema know, kept for them.
    pub unknown_bytes: usize,
    /// Bytes of other messages waiting to be sent.
    pub outbox_bytes: usize,
}

impl Stats {
    fn new(counters: Counters, sizes: Sizes, frames_missing: u64, members: Vec<Member>) -> Self {
        Self {
            commits: counters.commits,
            frames_sent: counters.frames_sent,
            frames_received: counters.frames_received,
            frames_duplicate: counters.frames_duplicate,
            frames_resent: counters.frames_resent,
            gaps: counters.gaps,
            nacks_sent: counters.nacks_sent,
            rows_applied: counters.rows_applied,
            resyncs: counters.resyncs,
            resyncs_repeated: counters.resyncs_repeated,
            resyncs_too_large: counters.resyncs_too_large,
            rows_fetched: counters.rows_fetched,
            epochs_ended: counters.epochs_ended,
            epochs_restarted: counters.epochs_restarted,
            malformed: counters.malformed,
            schema_mismatches: counters.schema_mismatches,
            refused: counters.refused,
            outbox_dropped: counters.outbox_dropped,
            refusals: Refusals::default(),
            data_keys: 0,
            members,
            frames_missing,
            rows: sizes.rows,
            queue_bytes: sizes.queue_bytes,
            dirty_keys: sizes.dirty_keys,
            resend_bytes: sizes.resend_bytes,
            waiting_bytes: sizes.waiting_bytes,
            unknown_bytes: sizes.unknown_bytes,
            outbox_bytes: sizes.outbox_bytes,
        }
    }
}

/// A replicated table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableDescription {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of their declaration.
    pub columns: Vec<String>,
    /// The columns of its primary key, in key order.
    pub key: Vec<String>,
    /// Whether its rows die with the process that inserted them.
    pub owned: bool,
}

/// Digest of one table's visible rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableDigest {
    /// How many rows.
    pub rows: u64,
    /// Hash over all values of all rows, whatever their order.
    pub hash: u128,
}

impl From<RowsDigest> for TableDigest {
    fn from(digest: RowsDigest) -> Self {
        Self { rows: digest.rows, hash: digest.sum }
    }
}
