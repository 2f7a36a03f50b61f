//! How a database is opened.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::core::schema::Merge;
use crate::error::{Error, Result};
use crate::keys::Keys;

/// How a database is opened. Everything but the name has a default.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) database: String,
    pub(crate) cluster: String,
    pub(crate) node: String,
    pub(crate) schema: Vec<String>,
    pub(crate) schema_version: u32,
    pub(crate) tables: BTreeMap<String, TableOptions>,
    pub(crate) nats: Option<async_nats::Client>,
    pub(crate) keys: Option<Keys>,
    pub(crate) rotate_after: Duration,
    pub(crate) read_only: bool,
    pub(crate) heartbeat: Duration,
    pub(crate) lease: Duration,
    pub(crate) alone_after: Duration,
    pub(crate) tombstone_keep: Duration,
    pub(crate) subscriber_bytes_max: usize,
    pub(crate) resend_bytes_max: usize,
    pub(crate) resync_bytes_max: usize,
    pub(crate) sandbox: Option<Sandbox>,
}

impl Options {
    /// Options for the database of this name, with defaults for the rest.
    pub fn new(database: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            cluster: "main".to_owned(),
            node: String::new(),
            schema: Vec::new(),
            schema_version: 1,
            tables: BTreeMap::new(),
            nats: None,
            keys: None,
            rotate_after: Duration::from_secs(24 * 3600),
            read_only: false,
            heartbeat: Duration::from_millis(500),
            lease: Duration::from_secs(2),
            alone_after: Duration::from_millis(300),
            tombstone_keep: Duration::from_secs(600),
            subscriber_bytes_max: 4 << 20,
            resend_bytes_max: 16 << 20,
            resync_bytes_max: 512 << 20,
            sandbox: None,
        }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.database
    }

    /// The cluster the database belongs to (default `main`). One subject token: no dots, spaces or wildcards.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = cluster.into();
        self
    }

    /// The node's name, shown to other members (default empty).
    #[must_use]
    pub fn node(mut self, node: impl Into<String>) -> Self {
        self.node = node.into();
        self
    }

    /// The schema: DDL steps run in order when the database is opened. A newer schema may have more tables, and more columns at the end
    /// of tables, each with a constant DEFAULT or without NOT NULL: its members and those of the older one work together. Everything else
    /// needs another [`schema_version`](Self::schema_version).
    /// Each replicated table needs a `PRIMARY KEY` of `NOT NULL` columns; tables named `local_*` are not replicated. What
    /// constraints mean among several writers, and which are refused, is in the README.
    #[must_use]
    pub fn schema<S: AsRef<str>>(mut self, steps: &[S]) -> Self {
        self.schema = steps.iter().map(|step| step.as_ref().to_owned()).collect();
        self
    }

    /// One more step of the schema.
    #[cfg(test)]
    pub(crate) fn more_schema(mut self, step: &str) -> Self {
        self.schema.push(step.to_owned());
        self
    }

    /// The version of the schema (default 1). Only members of one version work together: a schema that
    /// differs in more than added tables and columns gets the next number. [`crate::IraTdb::ready`] fails where members of another version have the database open.
    #[must_use]
    pub fn schema_version(mut self, version: u32) -> Self {
        self.schema_version = version;
        self
    }

    /// Options of one table.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>, options: TableOptions) -> Self {
        self.tables.insert(name.into(), options);
        self
    }

    /// Opens the database to read it only: [`crate::IraTdb::write`] may change `local_*` tables, and fails with [`Error::ReadOnly`] if it
    /// changes others.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// The NATS connection to replicate over. Without one, the database is private: this process's alone.
    #[must_use]
    pub fn nats(mut self, client: async_nats::Client) -> Self {
        self.nats = Some(client);
        self
    }

    /// What this process may do, and with whom it shares the database: only processes with the same keys meet. A database that is
    /// replicated needs to be told, be it that it has no protection ([`Keys::open`]).
    #[must_use]
    pub fn keys(mut self, keys: Keys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// How long one data key is used before the members agree on a new one (default 24 h). Zero: for ever, but for
    /// [`crate::IraTdb::rotate_key`].
    #[must_use]
    pub fn rotate_after(mut self, rotate_after: Duration) -> Self {
        self.rotate_after = rotate_after;
        self
    }

    /// Time between heartbeats (default 500 ms). The same on all members.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat;
        self
    }

    /// How long a silent process keeps its owned rows (default 2 s). The same on all members.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long an opener listens for other members before it takes itself for the first (default 300 ms).
    #[must_use]
    pub fn alone_after(mut self, alone_after: Duration) -> Self {
        self.alone_after = alone_after;
        self
    }

    /// How long a deletion is remembered (default 10 min). A process cut off for longer than this can
    /// bring a deleted row of a table that is not owned back.
    #[must_use]
    pub fn tombstone_keep(mut self, keep: Duration) -> Self {
        self.tombstone_keep = keep;
        self
    }

    /// Bytes of undelivered changes a subscriber may have before it gets `Lagged` instead (default 4 MiB).
    #[must_use]
    pub fn subscriber_bytes_max(mut self, bytes: usize) -> Self {
        self.subscriber_bytes_max = bytes;
        self
    }

    /// Bytes of sent frames kept for members that missed some (default 16 MiB).
    #[must_use]
    pub fn resend_bytes_max(mut self, bytes: usize) -> Self {
        self.resend_bytes_max = bytes;
        self
    }

    /// Bytes of rows taken in one resync, and so held twice for a moment (default 512 MiB). With a database that is larger than this
    /// nobody can join: [`crate::IraTdb::ready`] fails with [`Error::ResyncTooLarge`], and tries on. A member in use that lacks more keeps what it has,
    /// counts it in [`crate::Stats::resyncs_too_large`], and tries on.
    #[must_use]
    pub fn resync_bytes_max(mut self, bytes: usize) -> Self {
        self.resync_bytes_max = bytes;
        self
    }

    /// Runs SQL that somebody else has written within limits.
    #[must_use]
    pub fn sandbox(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// Checks what can be checked before anything is opened.
    pub(crate) fn validate(&self) -> Result<()> {
        let bad = |option, reason: &str| Err(Error::Option { option, reason: reason.to_owned() });
        if self.database.is_empty() {
            return bad("database", "must not be empty");
        }
        let token_is_bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>');
        if self.cluster.is_empty() || self.cluster.contains(token_is_bad) {
            return bad("cluster", "must be one NATS subject token: not empty, no dot, space, * or >");
        }
        if self.node.len() > NODE_BYTES_MAX {
            return bad("node", "must have at most 128 bytes");
        }
        if self.heartbeat < Duration::from_millis(10) {
            return bad("heartbeat", "must be at least 10 ms");
        }
        if self.lease < self.heartbeat * 2 {
            return bad("lease", "must be at least two heartbeats");
        }
        if !self.rotate_after.is_zero() && self.rotate_after < self.lease * 4 {
            return bad("rotate_after", "must be zero or at least four leases");
        }
        if self.tombstone_keep < self.lease * 4 {
            return bad("tombstone_keep", "must be at least four leases");
        }
        if self.sandbox.is_some_and(|sandbox| (sandbox.value_bytes_max as usize) < ROW_BYTES_MAX) {
            return bad(
                "sandbox",
                "value_bytes_max must be at least 131072: other members may write values that large",
            );
        }
        Ok(())
    }
}

pub(crate) use crate::core::NODE_BYTES_MAX;
use crate::core::codec::ROW_BYTES_MAX;

/// How one table is replicated. All members must give the same options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableOptions {
    pub(crate) owned: bool,
    pub(crate) lww: Lww,
    pub(crate) merges: BTreeMap<String, Merge>,
}

/// Of concurrent updates of one row, what the later one wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lww {
    /// The columns it changed: updates of different columns are both kept.
    #[default]
    Column,
    /// The whole row: a row is always one that some process has written. Needed for CHECK constraints over several
    /// columns. An update sends all columns.
    Row,
}

impl TableOptions {
    /// Rows belong to the process that inserted them: only it may update or delete them, and they
    /// vanish everywhere when it closes the database or dies. `INSERT OR REPLACE` takes a key over
    /// from another owner.
    #[must_use]
    pub fn owned(mut self) -> Self {
        self.owned = true;
        self
    }

    /// Whether the later of two concurrent updates wins by column (the default) or by row.
    #[must_use]
    pub fn lww(mut self, lww: Lww) -> Self {
        self.lww = lww;
        self
    }

    /// A column in which concurrent updates add up: `UPDATE t SET n = n + 5` in two processes makes it 10 more. What
    /// counts is the difference that a transaction makes; `SET n = 0` takes away what this process saw. An
    /// INSERT or REPLACE starts the row anew, with its value. The column must be declared `INTEGER NOT NULL`; sums wrap around
    /// at 64 bits. Not for tables that are [`owned`](Self::owned), which have one writer a row.
    #[must_use]
    pub fn counter(mut self, column: impl Into<String>) -> Self {
        self.merges.insert(column.into(), Merge::Counter);
        self
    }

    /// A column that keeps the greatest value it was given since the row was inserted: an update to a lower one
    /// has no effect, here or elsewhere. The column must be declared `INTEGER NOT NULL` or `REAL NOT NULL`.
    #[must_use]
    pub fn max(mut self, column: impl Into<String>) -> Self {
        self.merges.insert(column.into(), Merge::Max);
        self
    }

    /// As [`max`](Self::max), for the least value.
    #[must_use]
    pub fn min(mut self, column: impl Into<String>) -> Self {
        self.merges.insert(column.into(), Merge::Min);
        self
    }
}

/// Limits for SQL of strangers. Beside these, nothing can be created or dropped, `local_*` and temporary tables neither, and no
/// PRAGMA is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sandbox {
    /// How long a closure's statements may run, all together; then SQLite interrupts them.
    pub statement_time_max: Duration,
    /// Longest string, BLOB or row that a statement may make, in bytes. What other members have
    /// written is taken all the same; a row that merges what several have written can be larger, and then can't be sorted or changed in a sandbox. One call of an SQL function is not interrupted, and `instr`, `replace` and
    /// `trim` take a time that grows with the product of their arguments' lengths: this bounds it, too.
    pub value_bytes_max: u32,
    /// Memory that SQLite may use in the whole process, for all databases, in bytes; over it, statements in a sandbox are interrupted. Over
    /// half of it, none are kept prepared. The rows themselves are not counted.
    pub memory_bytes_max: u64,
}
