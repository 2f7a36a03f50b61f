//! Several connections on one database in memory: a VFS (SQLite's interface to files) on pages that are kept in several versions. One
//! connection writes, the others read, each the newest state that was published when it began.
//!
//! With the hooks, the only module of the crate with `unsafe` code; every block says why it is sound. It rests on two things: a
//! page's version is not changed while a pinned state needs it (`pages.rs`), and a reader's connection is used only while its state
//! is pinned, with no statement left running afterwards ([`Reader::read`]).
#![allow(unsafe_code, reason = "implements SQLite's interface to files, and calls SQLite's C functions")]

mod file;
mod pages;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, ffi};

use self::file::{MAPPED_BYTES, Opening, VFS_NAME, opening, register};
pub(super) use self::pages::Pages;

/// Readers there can be at a time.
pub(super) const READERS_MAX: usize = pages::PINS_MAX;

/// The writer's own copies of pages, in KiB; what it reads and changes often stays there.
const WRITER_CACHE_KIB: i32 = 2048;

fn open(pages: &Arc<Pages>, pin: Option<usize>) -> rusqlite::Result<Connection> {
    if !register() {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), None));
    }
    let access = match pin {
        Some(_) => OpenFlags::SQLITE_OPEN_READ_ONLY,
        None => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let what = Opening { pages: Arc::clone(pages), pin };
    let connection = opening(what, || Connection::open_with_flags_and_vfs("iratdb", flags, VFS_NAME))?;
    // Nothing of this waits for anybody: locks are always given.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    // Temporary tables, sorts and journals stay in memory.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// The connection that writes; one for each set of pages.
pub(super) fn open_writer(pages: &Arc<Pages>) -> rusqlite::Result<Connection> {
    let connection = open(pages, None)?;
    connection.pragma_update(None, "page_size", pages::PAGE_BYTES as i64)?;
    // The lock is kept: there is no other writer, and what it has cached stays good.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "MEMORY")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // Makes the first page, so that readers find a database.
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
    Ok(connection)
}

/// A connection that reads.
#[derive(Debug)]
pub(super) struct Reader {
    connection: Connection,
    pages: Arc<Pages>,
    pin: usize,
    /// The state of what the connection has cached.
    cached: u64,
    /// Only the first page is ever cached: all others are looked at where they are.
    fetches: bool,
}

/// Ends a read, also when a closure panics.
struct Reading<'a>(&'a Reader);

impl Reader {
    /// Opens a connection; `prepare` sets it up before anybody reads. No other reader of these pages has this number.
    pub(super) fn open(
        pages: &Arc<Pages>,
        number: usize,
        prepare: impl FnOnce(&mut Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Self> {
        pages.add_pin(number);
        let connection = open(pages, Some(number))?;
        let mut reader = Self { connection, pages: Arc::clone(pages), pin: number, cached: u64::MAX, fetches: false };
        reader.read(|connection| {
            connection.pragma_update(None, "query_only", true)?;
            // The lock is kept, which saves asking for it with every statement; `begin` looks for changes.
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")
        })?;
        // Zero comes back if this SQLite was built without mapped files.
        let sql = format!("PRAGMA mmap_size = {MAPPED_BYTES}");
        let size = reader.read(|connection| connection.query_row(&sql, (), |row| row.get::<_, i64>(0)));
        reader.fetches = size.is_ok_and(|size| size > 0);
        prepare(&mut reader.connection)?;
        Ok(reader)
    }

    /// Runs queries on the newest state.
    pub(super) fn read<T>(&mut self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.begin();
        let reading = Reading(self);
        query(&reading.0.connection)
    }

    fn begin(&mut self) {
        self.pages.pin(self.pin);
        let state = if self.fetches {
            self.pages.find(self.pin, 0).map_or(0, |(state, _)| state)
        } else {
            self.pages.pinned(self.pin).unwrap_or_default()
        };
        if std::mem::replace(&mut self.cached, state) != state {
            // SAFETY: an open connection, used by this thread alone, without a running statement; `main` is static.
            unsafe {
                let op = ffi::SQLITE_FCNTL_RESET_CACHE;
                ffi::sqlite3_file_control(self.connection.handle(), c"main".as_ptr(), op, std::ptr::null_mut());
            }
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let Reader { connection, pages, pin, .. } = self.0;
        // SAFETY: an open connection, used by this thread alone; `main` is static.
        let running = unsafe { ffi::sqlite3_txn_state(connection.handle(), c"main".as_ptr()) } != ffi::SQLITE_TXN_NONE;
        if running {
            // Only if a closure has forgotten (`mem::forget`) its rows: the statement would go on to use its pages.
            reset_statements(connection);
        }
        pages.unpin(*pin);
    }
}

#[cold]
fn reset_statements(connection: &Connection) {
    // SAFETY: an open connection, used by this thread alone, and its own statements. Whoever had one can't use it any more: its
    // lifetime ended with the closure.
    unsafe {
        let db = connection.handle();
        let mut statement = ffi::sqlite3_next_stmt(db, std::ptr::null_mut());
        while !statement.is_null() {
            ffi::sqlite3_reset(statement);
            statement = ffi::sqlite3_next_stmt(db, statement);
        }
    }
}
