//! What the handles and the NATS driver share: the local copy and the engine, behind one lock.
//!
//! The lock is held for one transaction of the application or one batch of messages at a time. After a batch it is handed to who
//! waits longest; transactions take turns by the lock's own fairness (every half millisecond), because handing it over each time
//! would cost every commit a change of threads. Queries don't take it: they see what was there when it was last given back.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

use crate::changes::{Changes, Conflict, ConflictReason, Op, Origin, Queue, Queued, RowChange};
use crate::commit::{Commit, Waiters};
use crate::core::codec::{ROW_BYTES_MAX, TX_BYTES_MAX};
use crate::core::constraint::Reason;
use crate::core::digest::RowsDigest;
use crate::core::engine::{Engine, Event, Maker, Now, Outgoing, Refused, Seen};
use crate::core::key::key_values;
use crate::core::schema::Schema;
use crate::core::store::StoreError;
use crate::core::table::Shown;
use crate::core::tally::SHARES_MAX;
use crate::core::value::{Value, ValueRef};
use crate::core::version::Difference;
use crate::error::{Error, Result};
use crate::gate::Gate;
use crate::overview::{Kept, Overview, PATIENCE};
use crate::sqlite::{LocalDb, Readers};

/// How far the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Others are being looked for, or their rows are on their way.
    Joining,
    /// In use.
    Ready,
    /// Those who are there have a schema that does not fit.
    Mismatch(Arc<Difference>),
    /// Those who are there have more rows than this process takes.
    TooLarge(usize),
    /// Over.
    Closed,
    /// The local copy failed.
    Failed(String),
}

/// What the handles and the NATS driver share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) node: Arc<str>,
    pub(crate) schema: Arc<Schema>,
    columns: Vec<Arc<[String]>>,
    names: Vec<Arc<str>>,
    state: Mutex<State>,
    readers: Arc<Readers>,
    overview: Kept,
    started: Instant,
    subscriber_bytes_max: usize,
    /// In a database with keys: what seals.
    pub(crate) gate: Option<Gate>,
    /// There may be something to send.
    pub(crate) work: Notify,
    /// How far the database is.
    pub(crate) status: watch::Sender<Status>,
    /// Whether the status is one of the last two; asked by every read, which the status' own lock would slow.
    over: AtomicBool,
    /// Set to end.
    pub(crate) closing: watch::Sender<bool>,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) db: LocalDb,
    pub(crate) engine: Engine,
    subscribers: Vec<Vec<Arc<Queue>>>,
    pub(crate) waiters: Waiters,
}

thread_local! {
    /// The databases that closures now running on this thread use.
    static IN_USE: RefCell<Vec<*const Shared>> = const { RefCell::new(Vec::new()) };
}

/// A database is in use by this thread.
struct InUse<'a>(&'a Shared);

impl<'a> InUse<'a> {
    fn new(shared: &'a Shared) -> Result<Self> {
        IN_USE.with_borrow_mut(|in_use| {
            if in_use.contains(&std::ptr::from_ref(shared)) {
                return Err(Error::Nested);
            }
            in_use.push(shared);
            Ok(Self(shared))
        })
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        // The last one, unless closures of other databases were left in another order by a panic.
        IN_USE.with_borrow_mut(|in_use| in_use.retain(|shared| !std::ptr::eq(*shared, self.0)));
    }
}

/// Holds the lock.
struct Held<'a> {
    hand_over: bool,
    state: Option<MutexGuard<'a, State>>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else { return };
        state.db.publish();
        if self.hand_over {
            MutexGuard::unlock_fair(state);
        }
    }
}

impl Shared {
    pub(crate) fn new(
        name: &str,
        node: Arc<str>,
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
            readers: Arc::clone(db.readers()),
            overview: Kept::new(Overview::of(&engine)),
            state: Mutex::new(State {
                db,
                engine,
                subscribers: schema.tables.iter().map(|_| Vec::new()).collect(),
                waiters: Waiters::default(),
            }),
            schema,
            started,
            subscriber_bytes_max,
            gate: None,
            work: Notify::new(),
            status: watch::Sender::new(ready),
            over: AtomicBool::new(false),
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
        let _in_use = InUse::new(self)?;
        let mut held = Held { hand_over, state: Some(self.state.lock()) };
        match &mut held.state {
            Some(state) => Ok(work(state)),
            None => Err(Error::Closed),
        }
    }

    /// How it stands, now or, while a transaction takes long, before it began.
    pub(crate) fn overview(&self) -> Overview {
        match self.state.try_lock_for(PATIENCE) {
            Some(state) => self.overview.renew(&state.engine),
            None => self.overview.get(),
        }
    }

    /// Digests of the visible rows of all tables.
    pub(crate) fn digests(&self) -> Result<Vec<RowsDigest>> {
        self.check_open()?;
        let _in_use = InUse::new(self)?;
        Ok(self.readers.digests()?)
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        if !self.over.load(Ordering::Acquire) {
            return Ok(());
        }
        match &*self.status.borrow() {
            Status::Closed => Err(Error::Closed),
            Status::Failed(reason) => Err(Error::Failed(reason.clone())),
            _ => Ok(()),
        }
    }

    /// Runs a query of the application.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>) -> Result<T> {
        self.check_open()?;
        if self.readers.bypassed() {
            return self.with(|state| state.db.read(query))?;
        }
        let _in_use = InUse::new(self)?;
        Ok(self.readers.read(query)?)
    }

    /// Runs a transaction of the application.
    pub(crate) fn write<T>(
        self: &Arc<Self>,
        transaction: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<Commit<T>> {
        self.check_open()?;
        let written = self.with(|state| self.write_locked(state, transaction))?;
        if written.is_err() && self.over.load(Ordering::Acquire) {
            // The local copy failed: subscribers and waiters hear of it, also where no driver ends the database.
            self.finish();
        }
        let (value, rows_changed, number) = written?;
        if rows_changed > 0 {
            self.work.notify_one();
        }
        Ok(Commit { value, rows_changed, number, shared: Arc::clone(self) })
    }

    fn write_locked<T>(
        &self,
        state: &mut State,
        transaction: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<(T, usize, u64)> {
        let State { db, engine, .. } = state;
        let (value, changes) = db.begin(transaction)?;
        let rows_changed = changes.len();
        if rows_changed == 0 {
            db.commit()?;
            return Ok((value, rows_changed, engine.last_commit()));
        }
        let now = now(self.started);
        let prepared = match engine.prepare(now, &changes, db) {
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
        let number = engine.last_commit();
        self.overview.refresh(engine, now.mono_ms);
        self.publish_seen(state);
        Ok((value, rows_changed, number))
    }

    fn refusal(&self, refused: Refused) -> Error {
        let name = |table: usize| self.schema.tables.get(table).map_or_else(String::new, |table| table.name.clone());
        match refused {
            Refused::ReadOnly { table } => {
                Error::ReadOnly { database: self.name.to_string(), table: Some(name(table)) }
            }
            Refused::NotOwner { table } => Error::NotOwner { table: name(table) },
            Refused::RowTooLarge { table, bytes } => {
                Error::RowTooLarge { table: name(table), bytes, bytes_max: ROW_BYTES_MAX }
            }
            Refused::NotANumber { table, column } => {
                let column = self.schema.tables.get(table).and_then(|table| table.columns.get(usize::from(column)));
                let column = column.map_or_else(String::new, |column| column.name.clone());
                Error::NotANumber { table: name(table), column }
            }
            Refused::TooManyCounting { table } => Error::TooManyCounting { table: name(table), count_max: SHARES_MAX },
            Refused::ClockWentBack => Error::ClockWentBack,
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
            self.overview.refresh(&state.engine, now.mono_ms);
            state.waiters.wake(&mut state.engine);
            Ok(state.engine.has_outgoing())
        })?
    }

    fn publish_status(&self, engine: &Engine) {
        let status = match engine.mismatch() {
            _ if engine.is_ready() => Status::Ready,
            Some(difference) => Status::Mismatch(Arc::clone(difference)),
            None if engine.is_too_large() => Status::TooLarge(engine.resync_bytes_max()),
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

    /// Ends the database in this process: the local copy failed, or nothing of the others comes any more.
    pub(crate) fn fail(&self, error: StoreError) -> Error {
        tracing::error!(database = %self.name, %error, "closing");
        self.status.send_replace(Status::Failed(error.0.clone()));
        self.over.store(true, Ordering::Release);
        self.closing.send_replace(true);
        Error::Failed(error.0)
    }

    /// What is to be sent now: messages that are due, and the next frame.
    pub(crate) fn outgoing(&self, messages_max: usize) -> Result<(Vec<Outgoing>, Option<bytes::Bytes>)> {
        self.lock(true, |state| {
            let State { db, engine, .. } = state;
            // In this order: they leave in it, and a heartbeat does not tell of a frame that comes after it.
            let messages: Vec<_> = std::iter::from_fn(|| engine.poll_message()).take(messages_max).collect();
            let frame = engine.next_frame(db).map_err(|error| self.fail(error))?;
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
        self.over.store(true, Ordering::Release);
        let ended = self.with(|state| {
            state.subscribers.iter().flatten().for_each(|queue| queue.close());
            state.subscribers.iter_mut().for_each(Vec::clear);
            state.waiters.clear();
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
            // It may have been closed meanwhile, and then nobody would end this one.
            self.check_open()?;
            state.engine.watch(index, true);
            if let Some(queues) = state.subscribers.get_mut(index) {
                queues.push(Arc::clone(&queue));
            }
            Ok::<_, Error>(())
        })??;
        Ok(Changes::new(queue))
    }

    fn publish_seen(&self, state: &mut State) {
        // Who is told of a change, or that the others' rows are in, may read at once, and must find it.
        state.db.publish();
        let Some(all) = state.engine.take_seen() else {
            state.subscribers.iter().flatten().for_each(|queue| queue.lag());
            return;
        };
        for seen in all {
            let Some(queues) = state.subscribers.get_mut(seen.table) else { continue };
            queues.retain(|queue| !queue.is_abandoned());
            if queues.is_empty() {
                state.engine.watch(seen.table, false);
                continue;
            }
            for change in self.changes_of(seen) {
                queues.iter().for_each(|queue| queue.push(change.clone()));
            }
        }
    }

    /// What subscribers are told.
    fn changes_of(&self, mut seen: Seen) -> impl Iterator<Item = Queued> + use<> {
        let hidden = seen.hidden.take().and_then(|(values, reason)| self.conflict(&seen, values, reason));
        let row = self.row_change(seen);
        row.map(Queued::Row).into_iter().chain(hidden.map(Queued::Conflict))
    }

    /// A primary key's values.
    fn pk(&self, table: usize, key: &[u8]) -> Vec<Value> {
        let table = self.schema.tables.get(table);
        table.map(|table| key_values(table, key).map(ValueRef::to_value).collect()).unwrap_or_default()
    }

    /// A row's values in column order.
    fn whole_row(&self, table: usize, key: &[u8], values: impl IntoIterator<Item = Value>) -> Vec<Value> {
        let Some(definition) = self.schema.tables.get(table) else { return Vec::new() };
        let key = definition.key.iter().zip(self.pk(table, key));
        let mut row: Vec<_> = key.chain(definition.columns.iter().zip(values)).collect();
        row.sort_by_key(|(column, _)| column.position);
        row.into_iter().map(|(_, value)| value).collect()
    }

    fn conflict(&self, seen: &Seen, values: Box<[Value]>, reason: Reason) -> Option<Arc<Conflict>> {
        let reason = match reason {
            Reason::Unique { unique, by } => {
                let constraint = self.schema.uniques.get(unique)?.name.as_str().into();
                ConflictReason::Unique { constraint, winner: self.pk(seen.table, &by) }
            }
            Reason::Reference { reference, parent } => {
                let reference = self.schema.references.get(reference)?;
                ConflictReason::ForeignKey {
                    constraint: reference.name.as_str().into(),
                    parent: Arc::clone(self.names.get(reference.parent)?),
                    hidden_parent: parent.map(|key| self.pk(reference.parent, &key)),
                }
            }
        };
        Some(Arc::new(Conflict {
            table: Arc::clone(self.names.get(seen.table)?),
            pk: self.pk(seen.table, &seen.key),
            row: self.whole_row(seen.table, &seen.key, values),
            reason,
        }))
    }

    fn row_change(&self, seen: Seen) -> Option<Arc<RowChange>> {
        let op = match seen.shown {
            Shown::Same => return None,
            Shown::Inserted => Op::Insert,
            Shown::Updated => Op::Update,
            Shown::Deleted => Op::Delete,
        };
        let pk = self.pk(seen.table, &seen.key);
        let row = seen.values.map(|values| self.whole_row(seen.table, &seen.key, values));
        Some(Arc::new(RowChange {
            table: Arc::clone(self.names.get(seen.table)?),
            op,
            pk,
            row,
            origin: match seen.made.maker {
                Maker::Here => Origin::Local,
                Maker::Elsewhere(writer, node) => Origin::Remote { member: writer.map(|writer| writer.0), node },
            },
            hlc: seen.made.hlc,
            columns: Arc::clone(self.columns.get(seen.table)?),
        }))
    }
}

/// The time for an engine started then.
pub(crate) fn now(started: Instant) -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono_ms: started.elapsed().as_millis() as u64, wall_ms: wall.as_millis() as u64 }
}
