//! What the handles and the NATS driver share: the local copy and the engine, behind one lock.
//!
//! The lock is held for one closure of the application or one batch of messages at a time. After a batch it is handed to who
//! waits longest; closures take turns by the lock's own fairness (every half millisecond), because handing it over each time
//! would cost every commit a change of threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

use crate::changes::{Changes, Op, Origin, Queue, RowChange};
use crate::core::codec::{ROW_BYTES_MAX, TX_BYTES_MAX};
use crate::core::engine::{Engine, Event, Now, Outgoing, Refused, Seen};
use crate::core::key::key_values;
use crate::core::schema::Schema;
use crate::core::store::StoreError;
use crate::core::table::Shown;
use crate::core::value::ValueRef;
use crate::db::Commit;
use crate::error::{Error, Result};
use crate::gate::Gate;
use crate::sqlite::LocalDb;

/// How far the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Others are being looked for, or their rows are on their way.
    Joining,
    /// In use.
    Ready,
    /// Those who are there have another schema.
    Mismatch(u64),
    /// Over.
    Closed,
    /// The local copy failed.
    Failed(String),
}

/// What the handles and the NATS driver share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) node: String,
    schema: Arc<Schema>,
    columns: Vec<Arc<[String]>>,
    names: Vec<Arc<str>>,
    state: Mutex<State>,
    holder: AtomicUsize,
    started: Instant,
    subscriber_bytes_max: usize,
    /// In a database with keys: what seals.
    pub(crate) gate: Option<Gate>,
    /// There may be something to send.
    pub(crate) work: Notify,
    /// How far the database is.
    pub(crate) status: watch::Sender<Status>,
    /// Set to end.
    pub(crate) closing: watch::Sender<bool>,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) db: LocalDb,
    pub(crate) engine: Engine,
    subscribers: Vec<Vec<Arc<Queue>>>,
}

thread_local! {
    static HERE: u8 = const { 0 };
}

/// Names the running thread.
fn thread_token() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// Holds the lock, and knows who does.
struct Held<'a> {
    shared: &'a Shared,
    hand_over: bool,
    state: Option<MutexGuard<'a, State>>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shared.holder.store(0, Ordering::Relaxed);
        if let Some(state) = self.state.take_if(|_| self.hand_over) {
            MutexGuard::unlock_fair(state);
        }
    }
}

impl Shared {
    pub(crate) fn new(
        name: &str,
        node: String,
        db: LocalDb,
        engine: Engine,
        started: Instant,
        subscriber_bytes_max: usize,
    ) -> Self {
        let schema = Arc::clone(db.schema());
        let columns = schema.tables.iter().map(|table| {
            let mut columns: Vec<_> = table.key.iter().chain(&table.columns).collect();
            columns.sort_by_key(|column| column.position);
            columns.into_iter().map(|column| column.name.clone()).collect()
        });
        let ready = if engine.is_ready() { Status::Ready } else { Status::Joining };
        Self {
            name: name.into(),
            node,
            columns: columns.collect(),
            names: schema.tables.iter().map(|table| table.name.as_str().into()).collect(),
            state: Mutex::new(State { db, engine, subscribers: schema.tables.iter().map(|_| Vec::new()).collect() }),
            schema,
            holder: AtomicUsize::new(0),
            started,
            subscriber_bytes_max,
            gate: None,
            work: Notify::new(),
            status: watch::Sender::new(ready),
            closing: watch::Sender::new(false),
        }
    }

    /// The time for the engine.
    pub(crate) fn now(&self) -> Now {
        now(self.started)
    }

    /// The instant of a time of the engine.
    pub(crate) fn instant(&self, mono_ms: u64) -> Instant {
        // Milliseconds are cut off on the way in: without the one, a timer would fire just before its time.
        let at = self.started.checked_add(Duration::from_millis(mono_ms.saturating_add(1)));
        at.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600))
    }

    /// Runs something under the lock.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T> {
        self.lock(false, work)
    }

    fn lock<T>(&self, hand_over: bool, work: impl FnOnce(&mut State) -> T) -> Result<T> {
        let token = thread_token();
        if self.holder.load(Ordering::Relaxed) == token {
            return Err(Error::Nested);
        }
        let mut held = Held { shared: self, hand_over, state: Some(self.state.lock()) };
        self.holder.store(token, Ordering::Relaxed);
        match &mut held.state {
            Some(state) => Ok(work(state)),
            None => Err(Error::Closed),
        }
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        match &*self.status.borrow() {
            Status::Closed => Err(Error::Closed),
            Status::Failed(reason) => Err(Error::Failed(reason.clone())),
            _ => Ok(()),
        }
    }

    /// Runs a query of the application.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>) -> Result<T> {
        self.check_open()?;
        self.with(|state| state.db.read(query))?
    }

    /// Runs a transaction of the application.
    pub(crate) fn write<T>(
        &self,
        transaction: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<Commit<T>> {
        self.check_open()?;
        let commit = self.with(|state| self.write_locked(state, transaction))??;
        if commit.rows_changed > 0 {
            self.work.notify_one();
        }
        Ok(commit)
    }

    fn write_locked<T>(
        &self,
        state: &mut State,
        transaction: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<Commit<T>> {
        let State { db, engine, .. } = state;
        let (value, changes) = db.begin(transaction)?;
        let rows_changed = changes.len();
        if rows_changed == 0 {
            db.commit()?;
            return Ok(Commit { value, rows_changed });
        }
        let prepared = match engine.prepare(now(self.started), &changes, db) {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(refused)) => {
                db.rollback();
                return Err(self.refusal(refused));
            }
            Err(error) => {
                db.rollback();
                return Err(error.into());
            }
        };
        db.commit()?;
        let applied = engine.commit(prepared, changes, db).and_then(|()| db.finish_apply());
        applied.map_err(|error| self.fail(error))?;
        self.publish_seen(state);
        Ok(Commit { value, rows_changed })
    }

    fn refusal(&self, refused: Refused) -> Error {
        let name = |table: usize| self.schema.tables.get(table).map_or_else(String::new, |table| table.name.clone());
        match refused {
            Refused::ReadOnly => Error::ReadOnly { database: self.name.to_string() },
            Refused::NotOwner { table } => Error::NotOwner { table: name(table) },
            Refused::RowTooLarge { table, bytes } => {
                Error::RowTooLarge { table: name(table), bytes, bytes_max: ROW_BYTES_MAX }
            }
            Refused::TransactionTooLarge { bytes } => Error::TransactionTooLarge { bytes, bytes_max: TX_BYTES_MAX },
        }
    }

    /// Gives the engine what has happened, and tells who waits for it. Gives whether there is something to send.
    pub(crate) fn handle<'a>(&self, events: impl IntoIterator<Item = Event<'a>>) -> Result<bool> {
        self.lock(true, |state| {
            let now = self.now();
            let State { db, engine, .. } = state;
            let mut result = Ok(());
            for event in events {
                result = engine.handle(now, event, db);
                if result.is_err() {
                    break;
                }
            }
            result.and_then(|()| db.finish_apply()).map_err(|error| self.fail(error))?;
            self.publish_seen(state);
            self.publish_status(&state.engine);
            Ok(state.engine.has_outgoing())
        })?
    }

    fn publish_status(&self, engine: &Engine) {
        let status = match engine.mismatch() {
            _ if engine.is_ready() => Status::Ready,
            Some(theirs) => Status::Mismatch(theirs),
            None => Status::Joining,
        };
        self.status.send_if_modified(|old| {
            let over = matches!(old, Status::Closed | Status::Failed(_));
            if over || *old == status {
                return false;
            }
            *old = status;
            true
        });
    }

    fn fail(&self, error: StoreError) -> Error {
        tracing::error!(database = %self.name, %error, "closing");
        self.status.send_replace(Status::Failed(error.0.clone()));
        self.closing.send_replace(true);
        Error::Failed(error.0)
    }

    /// What is to be sent now: messages that are due, and the next frame.
    pub(crate) fn outgoing(&self, messages_max: usize) -> Result<(Vec<Outgoing>, Option<bytes::Bytes>)> {
        self.with(|state| {
            let State { db, engine, .. } = state;
            let frame = engine.next_frame(db).map_err(|error| self.fail(error))?;
            let messages = std::iter::from_fn(|| engine.poll_message()).take(messages_max).collect();
            Ok((messages, frame))
        })?
    }

    /// Ends the use of the database in this process.
    pub(crate) fn finish(&self) {
        self.status.send_if_modified(|status| {
            let over = matches!(status, Status::Closed | Status::Failed(_));
            if !over {
                *status = Status::Closed;
            }
            !over
        });
        let ended = self.with(|state| {
            state.subscribers.iter().flatten().for_each(|queue| queue.close());
            state.subscribers.iter_mut().for_each(Vec::clear);
        });
        if let Err(error) = ended {
            tracing::error!(database = %self.name, %error, "closed from within");
        }
    }

    /// A new subscription.
    pub(crate) fn subscribe(&self, table: &str) -> Result<Changes> {
        self.check_open()?;
        let index = self
            .schema
            .table_index(table)
            .ok_or_else(|| Error::NoSuchTable { database: self.name.to_string(), table: table.to_owned() })?;
        let queue = Arc::new(Queue::new(self.subscriber_bytes_max));
        self.with(|state| {
            state.engine.watch(index, true);
            if let Some(queues) = state.subscribers.get_mut(index) {
                queues.push(Arc::clone(&queue));
            }
        })?;
        Ok(Changes::new(queue))
    }

    fn publish_seen(&self, state: &mut State) {
        for seen in state.engine.take_seen() {
            let Some(queues) = state.subscribers.get_mut(seen.table) else { continue };
            queues.retain(|queue| !queue.is_abandoned());
            if queues.is_empty() {
                state.engine.watch(seen.table, false);
                continue;
            }
            let Some(change) = self.row_change(seen) else { continue };
            for queue in queues.iter() {
                queue.push(Arc::clone(&change));
            }
        }
    }

    fn row_change(&self, seen: Seen) -> Option<Arc<RowChange>> {
        let table = self.schema.tables.get(seen.table)?;
        let op = match seen.shown {
            Shown::Same => return None,
            Shown::Inserted => Op::Insert,
            Shown::Updated => Op::Update,
            Shown::Deleted => Op::Delete,
        };
        let pk: Vec<_> = key_values(table, &seen.key).map(ValueRef::to_value).collect();
        let row = seen.values.map(|values| {
            let key = table.key.iter().zip(pk.iter().cloned());
            let mut row: Vec<_> = key.chain(table.columns.iter().zip(values)).collect();
            row.sort_by_key(|(column, _)| column.position);
            row.into_iter().map(|(_, value)| value).collect()
        });
        Some(Arc::new(RowChange {
            table: Arc::clone(self.names.get(seen.table)?),
            op,
            pk,
            row,
            origin: if seen.local { Origin::Local } else { Origin::Remote },
            columns: Arc::clone(self.columns.get(seen.table)?),
        }))
    }
}

/// The time for an engine started then.
pub(crate) fn now(started: Instant) -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono_ms: started.elapsed().as_millis() as u64, wall_ms: wall.as_millis() as u64 }
}
