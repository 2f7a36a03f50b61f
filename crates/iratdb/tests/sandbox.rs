//! SQL of strangers, within limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use iratdb::rusqlite::{self, ErrorCode};
use iratdb::{Error, IraTdb, Options, Sandbox};

async fn database() -> IraTdb {
    let sandbox = Sandbox { statement_time_max: Duration::from_millis(50), value_bytes_max: 131_072 };
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
