//! SQL of strangers, within limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use iratdb::rusqlite::{self, ErrorCode};
use iratdb::{Error, IraTdb, Options, Sandbox};

async fn database() -> IraTdb {
    limited(Duration::from_millis(50), 1 << 30).await
}

async fn limited(statement_time_max: Duration, memory_bytes_max: u64) -> IraTdb {
    let sandbox = Sandbox { statement_time_max, value_bytes_max: 131_072, memory_bytes_max };
    let options = Options::new("test").schema(&["CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"]);
    IraTdb::open(options.sandbox(sandbox)).await.unwrap()
}

fn code<T>(result: Result<T, Error>) -> Option<ErrorCode> {
    match result {
        Err(Error::Sqlite(error)) => error.sqlite_error_code(),
        _ => None,
    }
}

const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

#[tokio::test]
async fn a_statement_without_end_is_interrupted_and_the_next_ones_run() {
    let db = database().await;
    for _ in 0..3 {
        let count = |c: &rusqlite::Connection| c.query_row(ENDLESS, (), |row| row.get::<_, i64>(0));
        assert_eq!(code(db.read(count)), Some(ErrorCode::OperationInterrupted));
        let endless = format!("INSERT INTO t SELECT i, '' FROM ({})", ENDLESS.replace("count(*)", "i + 1 AS i"));
        assert_eq!(code(db.write(|c| c.execute(&endless, ()))), Some(ErrorCode::OperationInterrupted));
        db.write(|c| c.execute("INSERT OR REPLACE INTO t VALUES (1, 'x')", ())).unwrap();
    }
    let rows: i64 = db.read(|c| c.query_row("SELECT count(*) FROM t", (), |row| row.get(0))).unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn nothing_but_rows_can_be_touched() {
    let db = database().await;
    for sql in [
        "ATTACH ':memory:' AS other",
        "PRAGMA table_info('t')",
        "PRAGMA journal_mode = OFF",
        "CREATE TABLE local_x (a)",
        "CREATE TEMP TABLE x (a)",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE t",
        "ALTER TABLE t ADD COLUMN z",
        "CREATE INDEX i ON t (a)",
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END",
        "ANALYZE",
        "COMMIT",
    ] {
        let denied = Some(ErrorCode::AuthorizationForStatementDenied);
        assert_eq!(code(db.write(|c| c.execute(sql, ()))), denied, "{sql}");
    }
    // Refused with codes of their own: within a transaction, and as a function.
    for sql in ["VACUUM", "SELECT load_extension('x')"] {
        assert!(db.write(|c| c.execute(sql, ())).is_err(), "{sql}");
    }
    db.write(|c| c.execute_batch("SAVEPOINT s; INSERT INTO t VALUES (1, 'x'); RELEASE s")).unwrap();
}

#[tokio::test]
async fn no_value_is_larger_than_allowed() {
    let db = database().await;
    let large =
        |c: &rusqlite::Connection| c.query_row("SELECT zeroblob(1000000000)", (), |row| row.get::<_, Vec<u8>>(0));
    assert_eq!(code(db.read(large)), Some(ErrorCode::TooBig));
}

/// Sorts some GB, which SQLite would keep in memory.
const LARGE: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    SELECT count(*) FROM (SELECT DISTINCT i, zeroblob(50000) FROM n ORDER BY 2, 1)";

#[tokio::test]
async fn a_statement_that_takes_much_memory_is_interrupted() {
    let db = limited(Duration::from_secs(600), 64 << 20).await;
    let count = |c: &rusqlite::Connection| c.query_row(LARGE, (), |row| row.get::<_, i64>(0));
    assert_eq!(code(db.read(count)), Some(ErrorCode::OperationInterrupted));
    let rows: i64 = db.read(|c| c.query_row("SELECT count(*) FROM t", (), |row| row.get(0))).unwrap();
    assert_eq!(rows, 0, "it has been given back");
}

#[tokio::test]
async fn a_transaction_that_changes_too_much_ends_at_once() {
    let db = limited(Duration::from_secs(600), 1 << 30).await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        INSERT INTO t SELECT i, hex(zeroblob(50000)) FROM n";
    assert!(matches!(db.write(|c| c.execute(endless, ())), Err(Error::TransactionTooLarge { .. })));
    db.write(|c| c.execute("INSERT INTO t VALUES (1, 'x')", ())).unwrap();
}

#[tokio::test]
async fn a_pattern_is_not_longer_than_allowed() {
    let db = database().await;
    let like = |c: &rusqlite::Connection| c.query_row("SELECT 'x' LIKE ?1", ["%".repeat(2_000)], |_| Ok(()));
    assert!(db.read(like).unwrap_err().to_string().contains("pattern too complex"));
}
