//! SQLite's preupdate hook: the functions are declared here because rusqlite's own feature for it needs libclang at
//! build time. With `vfs`, the only module of the crate with `unsafe` code; every block says why it is sound.
#![allow(unsafe_code, reason = "declares and calls SQLite's C functions")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::ffi::{self, sqlite3, sqlite3_int64, sqlite3_value};

use super::mode::{Mode, ModeCell};
use crate::core::capture::{CAPTURE_BYTES_MAX, DirtySet, Statement};
use crate::core::key::put_key_value;
use crate::core::schema::{Column, Schema, Table};
use crate::core::value::ValueRef;

type PreupdateCallback =
    unsafe extern "C" fn(*mut c_void, *mut sqlite3, c_int, *const c_char, *const c_char, sqlite3_int64, sqlite3_int64);

unsafe extern "C" {
    fn sqlite3_preupdate_hook(
        db: *mut sqlite3,
        callback: Option<PreupdateCallback>,
        context: *mut c_void,
    ) -> *mut c_void;
    fn sqlite3_preupdate_old(db: *mut sqlite3, column: c_int, value: *mut *mut sqlite3_value) -> c_int;
    fn sqlite3_preupdate_new(db: *mut sqlite3, column: c_int, value: *mut *mut sqlite3_value) -> c_int;
    fn sqlite3_preupdate_depth(db: *mut sqlite3) -> c_int;
}

/// What the hook writes to.
#[derive(Debug)]
pub(super) struct Capture {
    schema: Arc<Schema>,
    mode: ModeCell,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    dirty: DirtySet,
    key: Vec<u8>,
    other_key: Vec<u8>,
    broken: bool,
}

/// A connection whose row changes are captured.
#[derive(Debug)]
pub(super) struct CapturedConnection {
    // Dropped, and so closed, before what its hook writes to.
    connection: Connection,
    capture: Box<Capture>,
}

impl CapturedConnection {
    /// Registers the hook.
    pub(super) fn new(connection: Connection, schema: Arc<Schema>, mode: ModeCell) -> Self {
        let capture = Box::new(Capture { schema, mode, inner: Mutex::default() });
        let context = (&raw const *capture).cast::<c_void>().cast_mut();
        // SAFETY: `handle` is an open connection that we own, so that no statement runs on it. The context is on the heap
        // and stays until after the connection is closed: `connection` can't be taken out and is dropped first.
        // `Capture` is `Sync`, so that the callback may use it from whatever thread runs the statement.
        unsafe {
            sqlite3_preupdate_hook(connection.handle(), Some(on_preupdate), context);
        }
        Self { connection, capture }
    }

    /// What the hook writes to.
    pub(super) fn capture(&self) -> &Capture {
        &self.capture
    }
}

impl Deref for CapturedConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Capture {
    /// Forgets what was captured, and keeps the memory for the next transaction.
    pub(super) fn reset(&self) {
        let mut inner = self.inner.lock();
        inner.broken = false;
        inner.dirty.clear();
    }

    /// Takes the dirty set of the transaction, leaving an empty one. `None` if something could not be captured.
    pub(super) fn take(&self) -> Option<DirtySet> {
        let mut inner = self.inner.lock();
        let broken = std::mem::take(&mut inner.broken);
        let dirty = std::mem::take(&mut inner.dirty);
        (!broken).then_some(dirty)
    }

    /// Whether something could not be captured.
    pub(super) fn is_broken(&self) -> bool {
        self.inner.lock().broken
    }

    /// Gives an emptied dirty set back, for its memory.
    pub(super) fn give_back(&self, dirty: DirtySet) {
        self.inner.lock().dirty = dirty;
    }
}

/// Called by SQLite before each row change.
///
/// # Safety
/// SQLite calls it with the context given at registration, the connection, and names that live for the call.
unsafe extern "C" fn on_preupdate(
    context: *mut c_void,
    db: *mut sqlite3,
    op: c_int,
    database: *const c_char,
    table: *const c_char,
    _rowid_before: sqlite3_int64,
    _rowid_after: sqlite3_int64,
) {
    // SAFETY: the context is the `Capture` of the connection that calls, which is closed before it is freed; only shared references to it exist.
    let capture = unsafe { &*context.cast::<Capture>() };
    if capture.mode.get() != Mode::Write {
        return;
    }
    // Never contended: one transaction at a time, and nobody else holds it while statements run.
    let Some(mut inner) = capture.inner.try_lock() else { return };
    let event = Preupdate { db };
    inner.dirty.count_event(event.statement());
    // SAFETY: SQLite passes NUL-terminated names that live for the call.
    let (database, table) = unsafe { (CStr::from_ptr(database), CStr::from_ptr(table)) };
    if database != c"main" {
        return;
    }
    let Some(index) = capture.schema.tables.iter().position(|t| t.name.as_bytes() == table.to_bytes()) else { return };
    let Some(definition) = capture.schema.tables.get(index) else { return };
    if event.record(op, index, definition, &mut inner).is_none() || inner.dirty.bytes() > CAPTURE_BYTES_MAX {
        inner.broken = true;
        capture.mode.doom();
    }
}

/// Memory that SQLite uses in this process, in bytes: caches, statements, what is being sorted.
pub(super) fn memory_used() -> u64 {
    // SAFETY: it may be called at any time, from any thread.
    let bytes = unsafe { ffi::sqlite3_memory_used() };
    u64::try_from(bytes).unwrap_or(0)
}

/// A row change that is about to happen: exists only within the callback.
struct Preupdate {
    db: *mut sqlite3,
}

#[derive(Clone, Copy, PartialEq)]
enum Image {
    Old,
    New,
}

impl Preupdate {
    /// Records the change; `None` if SQLite does not give the values, or a key is NULL.
    fn record(&self, op: c_int, index: usize, table: &Table, inner: &mut Inner) -> Option<()> {
        let Inner { dirty, key, other_key, .. } = inner;
        if dirty.bytes() > CAPTURE_BYTES_MAX {
            return None;
        }
        match op {
            ffi::SQLITE_INSERT => {
                self.key(Image::New, table, key)?;
                dirty.insert(index, key, self.row(Image::New, table)?);
            }
            ffi::SQLITE_DELETE => {
                self.key(Image::Old, table, key)?;
                dirty.delete(index, key, self.row(Image::Old, table)?);
            }
            ffi::SQLITE_UPDATE => {
                self.key(Image::Old, table, key)?;
                self.key(Image::New, table, other_key)?;
                if key != other_key {
                    dirty.delete(index, key, self.row(Image::Old, table)?);
                    dirty.insert(index, other_key, self.row(Image::New, table)?);
                } else {
                    let mut failed = false;
                    let changed = (0_u8..=u8::MAX).zip(&table.columns).filter_map(|(number, column)| {
                        let (Some(old), Some(new)) = (self.value(Image::Old, column), self.value(Image::New, column))
                        else {
                            failed = true;
                            return None;
                        };
                        (!old.same(new)).then_some((number, old, new))
                    });
                    dirty.update(index, key, changed);
                    if failed {
                        return None;
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// The statement, unless a trigger of it makes the change.
    fn statement(&self) -> Option<Statement> {
        // SAFETY: we are within the preupdate callback of this connection. Both only read numbers; what is counted changes when a
        // statement ends.
        let (depth, counted) = unsafe { (sqlite3_preupdate_depth(self.db), ffi::sqlite3_total_changes64(self.db)) };
        (depth == 0).then_some(counted as Statement)
    }

    fn key(&self, image: Image, table: &Table, out: &mut Vec<u8>) -> Option<()> {
        out.clear();
        for column in &table.key {
            match self.value(image, column)? {
                ValueRef::Null => return None,
                value => put_key_value(out, value),
            }
        }
        Some(())
    }

    fn row(&self, image: Image, table: &Table) -> Option<Box<[crate::core::value::Value]>> {
        table.columns.iter().map(|column| Some(self.value(image, column)?.to_value())).collect()
    }

    fn value(&self, image: Image, column: &Column) -> Option<ValueRef<'_>> {
        let position = c_int::try_from(column.position).ok()?;
        let mut value = std::ptr::null_mut();
        // SAFETY: we are within the preupdate callback of this connection, `value` is a valid place, and SQLite checks
        // the column number and whether the operation has such an image.
        let code = unsafe {
            match image {
                Image::Old => sqlite3_preupdate_old(self.db, position, &raw mut value),
                Image::New => sqlite3_preupdate_new(self.db, position, &raw mut value),
            }
        };
        if code != ffi::SQLITE_OK || value.is_null() {
            return None;
        }
        // SAFETY: a protected value that SQLite keeps until the callback returns, which `self` does not outlive. Text and
        // blob pointers are valid for the length asked for right after, as no conversion happens in between.
        let value = unsafe {
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => ValueRef::Integer(ffi::sqlite3_value_int64(value)),
                ffi::SQLITE_FLOAT => ValueRef::Real(ffi::sqlite3_value_double(value)),
                ffi::SQLITE_TEXT => {
                    let text = ffi::sqlite3_value_text(value);
                    ValueRef::Text(bytes(text, ffi::sqlite3_value_bytes(value))?)
                }
                ffi::SQLITE_BLOB => {
                    let blob = ffi::sqlite3_value_blob(value).cast::<u8>();
                    ValueRef::Blob(bytes(blob, ffi::sqlite3_value_bytes(value))?)
                }
                _ => ValueRef::Null,
            }
        };
        Some(column.stored(value))
    }
}

/// Bytes that SQLite points to; an empty blob's pointer is null.
///
/// # Safety
/// `start` is null or points to `len` bytes that live for `'a`.
unsafe fn bytes<'a>(start: *const u8, len: c_int) -> Option<&'a [u8]> {
    let len = usize::try_from(len).ok()?;
    if start.is_null() {
        return (len == 0).then_some(&[]);
    }
    // SAFETY: as the caller promises.
    Some(unsafe { std::slice::from_raw_parts(start, len) })
}
