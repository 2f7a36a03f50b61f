//! The crate's error.

use std::sync::Arc;

/// What can go wrong; the variants carry what is needed to act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// SQLite refused a statement. In [`crate::IraTdb::write`] nothing of the transaction was kept.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The declared schema can't be replicated.
    #[error("schema of database {database}: {problem}")]
    Schema {
        /// The database's name.
        database: String,
        /// What is wrong with which table.
        problem: SchemaProblem,
    },
    /// The members that are there have the database open with a schema that does not fit this one.
    #[error(
        "database {database} is open elsewhere with a schema that does not fit: {difference}. Members of one schema version work together if \
         tables, and columns at the end of tables, are all that one has more; another schema gets a new schema_version, and the processes \
         with the old one close the database first"
    )]
    SchemaMismatch {
        /// The database's name.
        database: String,
        /// The first thing that differs; "there" are the other members.
        difference: Arc<crate::core::version::Difference>,
    },
    /// The others have more rows than this process takes in one resync.
    #[error("database {database} has more than {bytes_max} bytes of rows to join with (option resync_bytes_max)")]
    ResyncTooLarge {
        /// The database's name.
        database: String,
        /// The limit.
        bytes_max: usize,
    },
    /// A row of an owned table was updated or deleted by a process that does not own it.
    /// `INSERT OR REPLACE` takes a row over; nothing else may touch it.
    #[error("a row of owned table {table} belongs to another process: only its owner may update or delete it")]
    NotOwner {
        /// The table.
        table: String,
    },
    /// The database was opened with keys that only read, or with [`crate::Options::read_only`]. Tables named `local_*` can be written all
    /// the same.
    #[error("database {database} was opened read-only: nothing can be written to its replicated tables")]
    ReadOnly {
        /// The database's name.
        database: String,
        /// The table that was to be written.
        table: Option<String>,
    },
    /// The database would be replicated, and nothing was said of keys.
    #[error(
        "database {database} was given a NATS connection but no keys: give some (`iractl keys new` makes them, Options::keys takes \
         them), or Keys::open() if all who can use NATS may read and write it (development, tests)"
    )]
    NoKeys {
        /// The database's name.
        database: String,
    },
    /// A key can't be used.
    #[error("{what}: {problem}")]
    Key {
        /// The file, or which key it was to be.
        what: String,
        /// What is wrong with it.
        problem: crate::keys::KeyProblem,
    },
    /// A row is larger than replicas take.
    #[error("a row of table {table} takes {bytes} bytes, more than {bytes_max}")]
    RowTooLarge {
        /// The table.
        table: String,
        /// Size of the row.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A transaction changes more bytes than replicas take in one transaction.
    #[error("the transaction's changes take {bytes} bytes, more than {bytes_max}")]
    TransactionTooLarge {
        /// Size of the changes.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A counter, max or min column was given something else than a number of its declared type.
    #[error("column {column} of table {table} takes numbers of its declared type only")]
    NotANumber {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// So many processes have added to a row's counters since it was inserted that there is no room for one more.
    /// Inserting the row anew (`INSERT OR REPLACE`) makes room.
    #[error("{count_max} processes have added to the counters of a row of table {table}: no more can")]
    TooManyCounting {
        /// The table.
        table: String,
        /// The limit.
        count_max: usize,
    },
    /// The system's clock went back by more than a day while the database was open. Others, whose clocks are right, would refuse what this
    /// process writes, as from the future. Restart it.
    #[error(
        "the system's clock went back by more than 24 h: others would refuse what is written here; restart this process"
    )]
    ClockWentBack,
    /// The closure ended the transaction itself, or a statement rolled it back (`OR ROLLBACK`).
    #[error("the transaction was rolled back inside the closure")]
    RolledBack,
    /// No replicated table of this name.
    #[error("database {database} has no replicated table {table}")]
    NoSuchTable {
        /// The database's name.
        database: String,
        /// The table asked for.
        table: String,
    },
    /// An option has a value that can't work.
    #[error("option {option}: {reason}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// Why its value can't work.
        reason: String,
    },
    /// This SQLite was built without what capture needs.
    #[error(
        "this SQLite was built without SQLITE_ENABLE_PREUPDATE_HOOK: set LIBSQLITE3_FLAGS=-DSQLITE_ENABLE_PREUPDATE_HOOK for the build"
    )]
    SqliteBuild,
    /// NATS refused a subscription or a message.
    #[error("NATS: {0}")]
    Nats(String),
    /// `read` or `write` was called from within a closure given to `read` or `write`.
    #[error("the database was used from within one of its own closures")]
    Nested,
    /// SQLite failed where it can't in working order; this copy is not used any more.
    #[error("the local copy has failed and is closed: {0}")]
    Failed(String),
    /// Not enough other members had the commit in time. It is in this copy and on its way: they may get it yet.
    #[error("{have} of {wanted} other members had the commit after {waited_ms} ms")]
    NotReplicated {
        /// Members that have it.
        have: usize,
        /// Members that were to have it.
        wanted: usize,
        /// How long they had, in milliseconds.
        waited_ms: u64,
    },
    /// The database has been closed.
    #[error("the database is closed")]
    Closed,
}

impl From<crate::core::store::StoreError> for Error {
    fn from(error: crate::core::store::StoreError) -> Self {
        Self::Failed(error.0)
    }
}

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a schema can't be replicated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaProblem {
    /// Rows are identified by their primary key, so every replicated table declares one.
    #[error("table {0} has no PRIMARY KEY")]
    NoPrimaryKey(String),
    /// SQLite lets primary keys be NULL, several times over, unless told otherwise.
    #[error("column {1} of table {0} is part of the PRIMARY KEY and must be declared NOT NULL")]
    NullablePrimaryKey(String, String),
    /// Keys are compared byte by byte.
    #[error("the PRIMARY KEY of table {0} uses collation {1}; only BINARY can be replicated")]
    KeyCollation(String, String),
    /// Something that can't be kept for all replicas together.
    #[error("table {table} uses {feature}, which can't be replicated; tables named local_* may use it")]
    Unsupported {
        /// The table (or the object on it).
        table: String,
        /// The feature's SQL name.
        feature: &'static str,
    },
    /// What SQLite computes from a row can fail, and columns written by different processes can make it fail together.
    #[error(
        "table {table} has {expression} over several columns that concurrent updates change one by one; use lww(Lww::Row), and no counter, max or min column in it"
    )]
    OverSeveralColumns {
        /// The table.
        table: String,
        /// The CHECK, index or generated column.
        expression: String,
    },
    /// A counter, max or min column that can't be one.
    #[error("option for column {column} of table {table}: {reason}")]
    MergedColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Too much of something.
    #[error("{what}: {count}, more than {count_max}")]
    TooMany {
        /// Columns of which table, or tables.
        what: String,
        /// How many there are.
        count: usize,
        /// How many there may be.
        count_max: usize,
    },
    /// Table options name a table that the schema does not create.
    #[error("options are given for table {0}, which the schema does not create")]
    NoSuchTable(String),
}
