//! The SQLite side of a database: one connection that writes the visible rows, and others that read them.
//!
//! Invariants: a row of a replicated table changes only in a transaction of [`LocalDb::begin`], whose changes are captured,
//! or by the engine through [`Store`]; what the application's closures may do is bounded by an authorizer and a commit hook;
//! readers see what has been published by [`LocalDb::publish`], and nothing of what comes after.

mod constraints;
mod ddl;
mod defaults;
mod expressions;
mod guard;
mod hook;
mod mode;
#[cfg(test)]
mod random;
mod readers;
mod rows;
#[cfg(test)]
mod tests;
mod vfs;

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use self::ddl::Problem;
use self::guard::Limited;
use self::hook::CapturedConnection;
use self::mode::{Mode, ModeCell};
pub(crate) use self::readers::Readers;
use self::rows::Statements;
use self::vfs::Pages;
use crate::core::capture::{LocalChange, LocalKind};
use crate::core::digest::{RowHasher, RowsDigest};
use crate::core::hlc::Stamp;
use crate::core::schema::{Column, Merge, Schema};
use crate::core::store::StoreError;
use crate::core::tally::is_better;
use crate::error::{Error, Result};
use crate::options::{Options, Sandbox};

/// Prepared statements kept per connection, the application's and the crate's.
const STATEMENTS_MAX: usize = 512;
/// The same in a sandbox, where a connection that is not used keeps them.
const SANDBOX_STATEMENTS_MAX: usize = 128;

const BEGIN: &str = "BEGIN /* iratdb */";
const COMMIT: &str = "COMMIT /* iratdb */";
const ROLLBACK: &str = "ROLLBACK /* iratdb */";

/// The local copy.
#[derive(Debug)]
pub(crate) struct LocalDb {
    connection: CapturedConnection,
    pages: Arc<Pages>,
    readers: Arc<Readers>,
    schema: Arc<Schema>,
    mode: ModeCell,
    statements: Statements,
    rows_counted: u64,
    applying: bool,
    sandbox: Option<Sandbox>,
    /// Whether the schema has something that is for local writes only: FOREIGN KEY actions, triggers, CHECK.
    guarded: bool,
    enforcing: bool,
}

impl LocalDb {
    /// Creates the tables.
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let pages = Arc::new(Pages::new());
        let mut connection = vfs::open_writer(&pages)?;
        let hook: bool =
            connection.query_row("SELECT sqlite_compileoption_used('ENABLE_PREUPDATE_HOOK')", (), |row| row.get(0))?;
        if !hook {
            return Err(Error::SqliteBuild);
        }
        let statements_max = if options.sandbox.is_some() { SANDBOX_STATEMENTS_MAX } else { STATEMENTS_MAX };
        connection.set_prepared_statement_cache_capacity(statements_max);
        let (schema, guarded) = ddl::create(&mut connection, options).map_err(|problem| match problem {
            Problem::Sqlite(error) => Error::Sqlite(error),
            Problem::Schema(problem) => Error::Schema { database: options.database.clone(), problem },
        })?;
        let schema = Arc::new(schema);
        let mode = ModeCell::new(options.sandbox);
        guard::install(&mut connection, &schema, &mode, options.sandbox)?;
        let connection = CapturedConnection::new(connection, Arc::clone(&schema), mode.clone());
        let statements = Statements::new(&schema);
        let readers = Readers::new(Arc::clone(&pages), Arc::clone(&schema), options.sandbox);
        let mut db = Self {
            connection,
            pages,
            readers,
            schema,
            mode,
            statements,
            rows_counted: 0,
            applying: false,
            sandbox: options.sandbox,
            guarded,
            enforcing: false,
        };
        db.switch(true)?;
        db.publish();
        Ok(db)
    }

    /// What reads beside this connection.
    pub(crate) fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    /// Shows readers what has been committed, all at once.
    pub(crate) fn publish(&mut self) {
        // After a panic, a transaction may have been left open.
        if self.connection.is_autocommit() {
            self.pages.publish();
        }
        if self.mode.temporary() {
            self.readers.set_bypassed(self.has_temporary());
        }
    }

    /// Whether there are temporary tables or views, which only this connection has.
    fn has_temporary(&self) -> bool {
        let exists = || {
            let mut statement = self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM temp.sqlite_schema)")?;
            statement.query_row((), |row| row.get(0))
        };
        exists().unwrap_or(true)
    }

    /// What is replicated.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Runs a query of the application on the connection that writes, which is the only one to have temporary tables.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let _limited = Limited::enter(&self.connection, self.sandbox)?;
        let _mode = InMode::enter(&self.mode, Mode::Read);
        Ok(query(&self.connection)?)
    }

    /// Runs a transaction of the application up to its commit, and gives what it changed. It stays open:
    /// [`LocalDb::commit`] or [`LocalDb::rollback`] it.
    pub(crate) fn begin<T>(
        &mut self,
        transaction: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<(T, Vec<LocalChange>)> {
        self.connection.capture().reset();
        self.enforce(true)?;
        self.run(BEGIN)?;
        self.rows_counted = self.connection.total_changes();
        let open = OpenTransaction(self);
        let value = {
            let _limited = Limited::enter(&open.0.connection, open.0.sandbox)?;
            let _mode = InMode::enter(&open.0.mode, Mode::Write);
            transaction(&open.0.connection)
        };
        let value = value.map_err(|error| {
            let interrupted = error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted);
            if interrupted && open.0.connection.capture().is_broken() { too_large() } else { error.into() }
        })?;
        if open.0.connection.is_autocommit() {
            return Err(Error::RolledBack);
        }
        let changes = open.0.captured()?;
        std::mem::forget(open);
        Ok((value, changes))
    }

    fn captured(&mut self) -> Result<Vec<LocalChange>> {
        let mut dirty = self.connection.capture().take().ok_or_else(too_large)?;
        let counted = self.connection.total_changes() - self.rows_counted;
        let certainty = dirty.certainty(counted, self.mode.savepoints());
        let schema = Arc::clone(&self.schema);
        let changes = dirty.finish(certainty, |index, key| match schema.tables.get(index) {
            Some(table) => self.read_row(table, index, key),
            None => Ok(None),
        })?;
        self.connection.capture().give_back(dirty);
        self.keep_extremes(changes)
    }

    /// Takes back what lowers a max column or raises a min column.
    fn keep_extremes(&mut self, mut changes: Vec<LocalChange>) -> Result<Vec<LocalChange>> {
        let schema = Arc::clone(&self.schema);
        let extreme = |column: &Column| matches!(column.merge, Merge::Max | Merge::Min);
        if !schema.tables.iter().any(|table| table.columns.iter().any(extreme)) {
            return Ok(changes);
        }
        for change in &mut changes {
            let LocalKind::Update(columns) = &mut change.kind else { continue };
            let Some(table) = schema.tables.get(change.table) else { continue };
            let mut back = Vec::new();
            columns.retain(|changed| {
                let merge = table.columns.get(usize::from(changed.column)).map(|c| c.merge).unwrap_or_default();
                let (before, after) = ((changed.before.as_ref(), Stamp::NEVER), (changed.after.as_ref(), Stamp::NEVER));
                let lost = matches!(merge, Merge::Max | Merge::Min) && is_better(merge, before, after);
                if lost {
                    back.push((changed.column, changed.before.clone()));
                }
                !lost
            });
            if !back.is_empty() {
                // It has been as if this had not been said: nothing fires.
                let triggers = self.guarded && self.enforcing;
                if triggers {
                    self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
                }
                let back: Vec<_> = back.iter().map(|(column, value)| (*column, value.as_ref())).collect();
                self.write_columns(table, change.table, &change.key, &back)?;
                if triggers {
                    self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)?;
                }
            }
        }
        changes.retain(|change| !matches!(&change.kind, LocalKind::Update(columns) if columns.is_empty()));
        Ok(changes)
    }

    /// Commits the application's transaction.
    pub(crate) fn commit(&mut self) -> Result<()> {
        self.run(COMMIT).inspect_err(|_| self.rollback())
    }

    /// Undoes the application's transaction.
    pub(crate) fn rollback(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.run(ROLLBACK)
        {
            tracing::error!(%error, "rollback failed");
        }
    }

    /// Makes what the engine wrote since the last call durable for readers, all at once.
    pub(crate) fn finish_apply(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.applying) {
            self.run(COMMIT).map_err(failed)?;
        }
        Ok(())
    }

    fn start_apply(&mut self) -> Result<(), StoreError> {
        if !self.applying {
            self.enforce(false).map_err(failed)?;
            self.run(BEGIN).map_err(failed)?;
            self.applying = true;
        }
        Ok(())
    }

    /// Local writes are checked and fire triggers; what replicas did has been checked, and what it fired is among it.
    ///
    /// SQLite decides this when it prepares a statement, so that all prepared statements are prepared again after a
    /// switch (some microseconds each). Nobody pays for it whose schema has nothing to enforce.
    fn enforce(&mut self, on: bool) -> Result<()> {
        if self.enforcing == on || !(self.guarded || self.mode.local_tables()) {
            return Ok(());
        }
        self.switch(on)
    }

    fn switch(&mut self, on: bool) -> Result<()> {
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, on)?;
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, on)?;
        self.connection.pragma_update(None, "ignore_check_constraints", !on)?;
        self.enforcing = on;
        Ok(())
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.connection.prepare_cached(sql)?.execute(())?;
        Ok(())
    }

    /// Digests of all visible rows, per replicated table.
    #[cfg(any(test, feature = "simulator"))]
    pub(crate) fn digests(&self) -> Result<Vec<RowsDigest>> {
        Ok(digests(&self.connection, &self.statements, self.schema.tables.len())?)
    }
}

/// Digests of all rows, per replicated table.
fn digests(connection: &Connection, statements: &Statements, tables: usize) -> rusqlite::Result<Vec<RowsDigest>> {
    let mut hasher = RowHasher::default();
    let mut digests = Vec::new();
    for index in 0..tables {
        let mut digest = RowsDigest::default();
        let mut statement = connection.prepare_cached(statements.all(index))?;
        let columns = statement.column_count();
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                hasher.value(rows::from_sqlite(row.get_ref(column)?));
            }
            hasher.finish(&mut digest);
        }
        digests.push(digest);
    }
    Ok(digests)
}

/// A transaction has changed more than is captured.
fn too_large() -> Error {
    let bytes_max = crate::core::codec::TX_BYTES_MAX;
    Error::TransactionTooLarge { bytes: crate::core::capture::CAPTURE_BYTES_MAX, bytes_max }
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError(error.to_string())
}

/// Back to internal mode at the end, also when a closure panics.
struct InMode<'a>(&'a ModeCell);

impl<'a> InMode<'a> {
    fn enter(cell: &'a ModeCell, mode: Mode) -> Self {
        cell.set(mode);
        Self(cell)
    }
}

impl Drop for InMode<'_> {
    fn drop(&mut self) {
        self.0.set(Mode::Internal);
    }
}

/// Rolls back when a closure fails or panics.
struct OpenTransaction<'a>(&'a mut LocalDb);

impl Drop for OpenTransaction<'_> {
    fn drop(&mut self) {
        self.0.rollback();
    }
}
