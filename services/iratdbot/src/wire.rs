//! Requests and replies, as JSON has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OpenMode {
    /// Reads and writes.
    #[default]
    Rw,
    /// Only reads.
    Ro,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenRequest {
    pub(crate) db: String,
    /// DDL steps; empty for a database of BotStream's own, whose schema is known.
    #[serde(default)]
    pub(crate) schema: Vec<String>,
    /// Options of tables, by name.
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, TableSpec>,
    #[serde(default)]
    pub(crate) mode: OpenMode,
    /// The name of the database's keys among those that the service has; the database's own when not given.
    pub(crate) key_ref: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableSpec {
    /// Its rows vanish with the handle that inserted them.
    #[serde(default)]
    pub(crate) owned: bool,
    /// Of concurrent updates of a row, the later one wins by column or by row.
    #[serde(default)]
    pub(crate) lww: Winner,
    /// Columns in which concurrent updates add up.
    #[serde(default)]
    pub(crate) counter: Vec<String>,
    /// Columns that keep the greatest value.
    #[serde(default)]
    pub(crate) max: Vec<String>,
    /// Columns that keep the least value.
    #[serde(default)]
    pub(crate) min: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Winner {
    #[default]
    Column,
    Row,
}

#[derive(Debug, Serialize)]
pub(crate) struct OpenReply {
    pub(crate) handle: String,
    pub(crate) ready: bool,
    /// Live members of the database, this handle included.
    pub(crate) members: usize,
    /// Visible replicated rows.
    pub(crate) rows: usize,
    /// The handle ends when nothing is heard of its client for so long.
    pub(crate) lease_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExecRequest {
    pub(crate) handle: String,
    pub(crate) sql: Option<String>,
    #[serde(default)]
    pub(crate) params: Vec<Json>,
    /// Several statements in one transaction, instead of `sql`.
    #[serde(default)]
    pub(crate) batch: Vec<Statement>,
    pub(crate) wait: Option<Wait>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    #[serde(default)]
    pub(crate) params: Vec<Json>,
}

/// Waits until others have the transaction, too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    /// How many others.
    pub(crate) replicas: usize,
    /// How long at most.
    pub(crate) ms: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct ExecReply {
    /// Rows that the statements inserted, updated or deleted.
    pub(crate) changes: u64,
    pub(crate) last_insert_rowid: Json,
    /// Replicated rows that are other than before.
    pub(crate) rows_changed: usize,
    /// Names the transaction: counts those of this handle.
    pub(crate) token: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryRequest {
    pub(crate) handle: String,
    pub(crate) sql: Option<String>,
    #[serde(default)]
    pub(crate) params: Vec<Json>,
    /// Rows in one reply at most.
    pub(crate) limit: Option<usize>,
    /// Goes on with a result, instead of `sql`.
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct QueryReply {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Json>>,
    /// There, if there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchRequest {
    pub(crate) handle: String,
    pub(crate) table: String,
    /// Name of the watch, chosen by a client that subscribes before it asks.
    pub(crate) watch: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct WatchReply {
    /// Where changes come.
    pub(crate) subject: String,
    pub(crate) watch: String,
    /// The rows there are, and their columns.
    #[serde(flatten)]
    pub(crate) initial: QueryReply,
}

/// What comes on a watch's subject.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeMessage {
    /// 1, 2, 3…: a gap means that one was missed.
    pub(crate) seq: u64,
    /// `insert`, `update`, `delete`; `conflict` when a constraint hides a row; `lagged` when changes were dropped, so that the table has to be read again.
    pub(crate) op: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) pk: Vec<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) row: Option<Vec<Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<ChangeOrigin>,
    /// Hybrid clock: milliseconds since 1970 times 65,536 and a counter, in digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hlc: Option<String>,
    /// Of a conflict: the constraint, as its table and columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) constraint: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ChangeOrigin {
    /// Whether this handle made the change.
    pub(crate) local: bool,
    /// The node that did, if it is known.
    pub(crate) node: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnwatchRequest {
    pub(crate) handle: String,
    pub(crate) watch: String,
}

/// A request about a handle and nothing else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandleRequest {
    pub(crate) handle: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Done {}

#[derive(Debug, Serialize)]
pub(crate) struct PingReply {
    pub(crate) lease_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRequest {}

#[derive(Debug, Serialize)]
pub(crate) struct ListReply {
    /// The instance that answers; each has handles of its own.
    pub(crate) node: String,
    pub(crate) databases: Vec<DatabaseInfo>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DatabaseInfo {
    pub(crate) db: String,
    pub(crate) handles: usize,
    pub(crate) members: usize,
    pub(crate) rows: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct StatsReply {
    pub(crate) db: String,
    pub(crate) members: Vec<MemberInfo>,
    pub(crate) rows: usize,
    /// By name, since the handle was opened.
    pub(crate) counters: BTreeMap<&'static str, u64>,
    /// Messages refused by the seal, by reason.
    pub(crate) refusals: BTreeMap<&'static str, u64>,
    /// By name, in bytes.
    pub(crate) sizes: BTreeMap<&'static str, usize>,
}

#[derive(Debug, Serialize)]
pub(crate) struct MemberInfo {
    pub(crate) node: String,
    pub(crate) id: String,
    pub(crate) is_self: bool,
    /// Its keys only read.
    pub(crate) read_only: bool,
    pub(crate) ready: bool,
    pub(crate) silent_ms: u64,
    pub(crate) frames_missing: u64,
    pub(crate) frames_unacknowledged: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct DigestReply {
    /// By table: equal on two replicas exactly when they show the same rows.
    pub(crate) tables: BTreeMap<String, TableDigest>,
}

#[derive(Debug, Serialize)]
pub(crate) struct TableDigest {
    pub(crate) rows: u64,
    pub(crate) digest: String,
}
