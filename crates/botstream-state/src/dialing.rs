//! Database `dialing`: what the dialers remember together, so that the same request is never carried out twice.

use iratdb::Options;
use iratdb::rusqlite;
use iratdb::rusqlite::{Connection, Row, named_params};

/// Name of the database.
pub const NAME: &str = "dialing";

/// Its tables. Not owned: a key outlives the dialer that took it.
pub const SCHEMA: &[&str] = &["CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    verb TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    reply BLOB,
    PRIMARY KEY (tenant, verb, key)
)"];

/// How to open it.
pub fn options() -> Options {
    Options::new(NAME).schema(SCHEMA)
}

/// How long a key is kept.
pub const KEPT_MS: i64 = 10 * 60 * 1_000;

/// A row of `idempotency`: a request that is being carried out or has been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// Whose request.
    pub tenant: String,
    /// What it asked for, e.g. `call.dial`.
    pub verb: String,
    /// The key that the requester chose.
    pub key: String,
    /// Digest of the body; the same key with another one is a conflict.
    pub body_hash: String,
    /// The node that carries it out.
    pub made_by: String,
    /// When, ms since 1970.
    pub made_ms: i64,
    /// The last call id that was ordered for it; empty before the first.
    pub call_id: String,
    /// The reply, in protobuf, once there is one.
    pub reply: Option<Vec<u8>>,
}

impl IdempotencyRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            tenant: row.get(0)?,
            verb: row.get(1)?,
            key: row.get(2)?,
            body_hash: row.get(3)?,
            made_by: row.get(4)?,
            made_ms: row.get(5)?,
            call_id: row.get(6)?,
            reply: row.get(7)?,
        })
    }
}

/// What is known of a key; rows past their time count as unknown.
pub fn get(
    conn: &Connection,
    tenant: &str,
    verb: &str,
    key: &str,
    now_ms: i64,
) -> rusqlite::Result<Option<IdempotencyRow>> {
    crate::one(
        conn,
        "SELECT tenant, verb, key, body_hash, made_by, made_ms, call_id, reply FROM idempotency
         WHERE tenant = ?1 AND verb = ?2 AND key = ?3 AND made_ms > ?4",
        (tenant, verb, key, now_ms.saturating_sub(KEPT_MS)),
        IdempotencyRow::read,
    )
}

/// Inserts a key or updates its progress.
pub fn put(conn: &Connection, row: &IdempotencyRow) -> rusqlite::Result<()> {
    crate::execute(
        conn,
        "INSERT INTO idempotency VALUES (:tenant, :verb, :key, :body_hash, :made_by, :made_ms, :call_id, :reply)
         ON CONFLICT (tenant, verb, key) DO UPDATE SET body_hash = excluded.body_hash, made_by = excluded.made_by,
             made_ms = excluded.made_ms, call_id = excluded.call_id, reply = excluded.reply",
        named_params! {
            ":tenant": row.tenant, ":verb": row.verb, ":key": row.key, ":body_hash": row.body_hash,
            ":made_by": row.made_by, ":made_ms": row.made_ms, ":call_id": row.call_id, ":reply": row.reply,
        },
    )?;
    Ok(())
}

/// Forgets a key: nothing was done for it.
pub fn remove(conn: &Connection, tenant: &str, verb: &str, key: &str) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM idempotency WHERE tenant = ?1 AND verb = ?2 AND key = ?3";
    Ok(crate::execute(conn, sql, [tenant, verb, key])? > 0)
}

/// Forgets the keys whose time is over; says how many. At most `rows_max` at once, so that no transaction is long.
pub fn remove_expired(conn: &Connection, now_ms: i64, rows_max: u32) -> rusqlite::Result<usize> {
    crate::execute(
        conn,
        "DELETE FROM idempotency WHERE (tenant, verb, key) IN
             (SELECT tenant, verb, key FROM idempotency WHERE made_ms <= ?1 LIMIT ?2)",
        (now_ms.saturating_sub(KEPT_MS), rows_max),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_for_their_time() {
        let conn = crate::memory(SCHEMA);
        let mut row = IdempotencyRow {
            tenant: "default".into(),
            verb: "call.dial".into(),
            key: "k".into(),
            body_hash: "h".into(),
            made_by: "d-1".into(),
            made_ms: 1_000,
            call_id: String::new(),
            reply: None,
        };
        put(&conn, &row).unwrap();
        row.reply = Some(vec![1, 2]);
        put(&conn, &row).unwrap();
        let at = |now_ms| get(&conn, "default", "call.dial", "k", now_ms).unwrap();
        assert_eq!(at(1_000 + KEPT_MS - 1), Some(row.clone()));
        assert_eq!(at(1_000 + KEPT_MS), None);
        assert_eq!(remove_expired(&conn, 1_000 + KEPT_MS - 1, 10).unwrap(), 0);
        assert_eq!(remove_expired(&conn, 1_000 + KEPT_MS, 10).unwrap(), 1);
        put(&conn, &row).unwrap();
        assert!(remove(&conn, "default", "call.dial", "k").unwrap());
        assert_eq!(at(1_001), None);
    }
}
