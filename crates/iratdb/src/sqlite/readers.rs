//! The connections that read: opened when they are needed, used by one thread at a time.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

use super::guard::{self, Limited};
use super::mode::{Mode, ModeCell};
use super::rows::Statements;
use super::vfs::{Pages, READERS_MAX, Reader};
use crate::core::digest::RowsDigest;
use crate::core::schema::Schema;
use crate::options::Sandbox;

/// Prepared statements kept by each reader.
const STATEMENTS_MAX: usize = 128;

/// All readers of databases in a sandbox in this process.
static SANDBOXED: Mutex<Vec<Weak<Readers>>> = Mutex::new(Vec::new());

/// Closes connections that read in a sandbox and are not in use, of all databases: with them goes what they keep for the next time.
pub(super) fn close_idle() {
    let all: Vec<_> = SANDBOXED.lock().iter().filter_map(Weak::upgrade).collect();
    for slot in all.iter().flat_map(|readers| &readers.slots) {
        if let Some(mut slot) = slot.0.try_lock() {
            *slot = None;
        }
    }
}
/// How long a thread that finds all connections in use waits for the one it used last, before it looks at the others again.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

thread_local! {
    /// The connection this thread used last: most likely free, and its statements are prepared.
    static LAST: Cell<usize> = const { Cell::new(0) };
}

/// The connections that read.
#[derive(Debug)]
pub(crate) struct Readers {
    pages: Arc<Pages>,
    schema: Arc<Schema>,
    sandbox: Option<Sandbox>,
    slots: Box<[Slot]>,
    bypassed: AtomicBool,
}

/// Apart from each other in the processor's cache.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Slot(Mutex<Option<Guarded>>);

/// A connection, and what its authorizer goes by.
#[derive(Debug)]
struct Guarded {
    reader: Reader,
    mode: ModeCell,
    sandbox: Option<Sandbox>,
}

impl Guarded {
    fn read<T>(&mut self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        // A sandbox's time begins.
        self.mode.set(Mode::Read);
        let sandbox = self.sandbox;
        self.reader.read(|connection| {
            let _limited = Limited::enter(connection, sandbox)?;
            query(connection)
        })
    }
}

impl Readers {
    pub(super) fn new(pages: Arc<Pages>, schema: Arc<Schema>, sandbox: Option<Sandbox>) -> Arc<Self> {
        let slots = std::iter::repeat_with(Slot::default).take(READERS_MAX).collect();
        let readers = Arc::new(Self { pages, schema, sandbox, slots, bypassed: AtomicBool::new(false) });
        if sandbox.is_some() {
            let mut all = SANDBOXED.lock();
            all.retain(|readers| readers.strong_count() > 0);
            all.push(Arc::downgrade(&readers));
        }
        readers
    }

    /// Whether reads need the connection that writes, because there is something temporary.
    pub(crate) fn bypassed(&self) -> bool {
        self.bypassed.load(Ordering::Acquire)
    }

    pub(super) fn set_bypassed(&self, bypassed: bool) {
        self.bypassed.store(bypassed, Ordering::Release);
    }

    /// Runs queries of the application on the state that was published last. Not from within another read of the same thread.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let (mut slot, number) = self.take();
        match &mut *slot {
            Some(reader) => reader.read(query),
            empty => empty.insert(self.open(number)?).read(query),
        }
    }

    /// Digests of what was published last, per replicated table. Not from within a read of the same thread.
    pub(crate) fn digests(&self) -> rusqlite::Result<Vec<RowsDigest>> {
        let (mut slot, number) = self.take();
        let guarded = match &mut *slot {
            Some(guarded) => guarded,
            empty => empty.insert(self.open(number)?),
        };
        // Not of the application, and so not within a sandbox's time.
        guarded.mode.set(Mode::Internal);
        let tables = self.schema.tables.len();
        guarded.reader.read(|connection| super::digests(connection, &Statements::new(&self.schema), tables))
    }

    /// The connection this thread used last; else another that is open and free; else a new one.
    fn take(&self) -> (MutexGuard<'_, Option<Guarded>>, usize) {
        let last = LAST.get();
        loop {
            let first = self.slots.get(last).and_then(|slot| slot.0.try_lock());
            let mut vacant = None;
            if let Some(slot) = first {
                if slot.is_some() {
                    return (slot, last);
                }
                vacant = Some((slot, last));
            }
            for (number, slot) in self.slots.iter().enumerate().filter(|(number, _)| *number != last) {
                let Some(slot) = slot.0.try_lock() else { continue };
                if slot.is_some() {
                    LAST.set(number);
                    return (slot, number);
                }
                if vacant.as_ref().is_none_or(|(_, lowest)| number < *lowest) {
                    vacant = Some((slot, number));
                }
            }
            let all_in_use = || {
                let number = last % self.slots.len();
                Some((self.slots.get(number)?.0.try_lock_for(LOOK_AGAIN)?, number))
            };
            if let Some((slot, number)) = vacant.or_else(all_in_use) {
                LAST.set(number);
                return (slot, number);
            }
        }
    }

    fn open(&self, number: usize) -> rusqlite::Result<Guarded> {
        let mode = ModeCell::new(self.sandbox);
        let reader = Reader::open(&self.pages, number, |connection| {
            connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
            guard::install(connection, &self.schema, &mode, self.sandbox)
        })?;
        Ok(Guarded { reader, mode, sandbox: self.sandbox })
    }
}
