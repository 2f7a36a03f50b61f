//! Bad input gets the right answer, and nothing else notices.

use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTER};

const SCHEMA: &str = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v)";

async fn expect(bench: &Bench, verb: &str, request: Value, name: &str, field: &str) {
    let text = request.to_string();
    let refusal = bench.refused(verb, request).await;
    assert_eq!((refusal.name.as_str(), refusal.field.as_str()), (name, field), "{verb} {text}: {}", refusal.message);
}

#[tokio::test]
async fn requests_that_make_no_sense() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    expect(&bench, "open", json!({"db": "x", "schemas": []}), "UNKNOWN_FIELD", "schemas").await;
    expect(&bench, "open", json!({"db": "", "schema": [SCHEMA]}), "INVALID_ARGUMENT", "db").await;
    expect(&bench, "open", json!({"db": "x"}), "INVALID_ARGUMENT", "schema").await;
    expect(&bench, "open", json!({"db": "x", "schema": ["CREATE TABLE t (a)"]}), "INVALID_ARGUMENT", "schema").await;
    expect(&bench, "open", json!({"db": "x", "schema": ["CREATE"]}), "INVALID_ARGUMENT", "sql").await;
    let options = json!({"db": "x", "schema": [SCHEMA], "tables": {"u": {"owned": true}}});
    expect(&bench, "open", options, "INVALID_ARGUMENT", "schema").await;
    for (columns, field) in [
        (json!({"counter": ["v"], "max": ["v"]}), "tables.t"),
        (json!({"counter": ["v"]}), "schema"),
        (json!({"counter": ["w"]}), "schema"),
        (json!({"lww": "never"}), "tables.t.lww"),
    ] {
        let options = json!({"db": "x", "schema": [SCHEMA], "tables": {"t": columns}});
        expect(&bench, "open", options, "INVALID_ARGUMENT", field).await;
    }
    expect(&bench, "open", json!({"db": "x", "schema": [SCHEMA], "mode": "wo"}), "INVALID_ARGUMENT", "mode").await;
    expect(&bench, "open", json!({"db": "calls", "mode": "rw"}), "FORBIDDEN", "mode").await;
    expect(&bench, "open", json!({"db": "calls", "schema": [SCHEMA]}), "INVALID_ARGUMENT", "schema").await;
    expect(&bench, "exec", json!({"handle": "one-x", "sql": "SELECT 1"}), "NOT_FOUND", "handle").await;
    let garbage = [("{", "INVALID_ARGUMENT"), ("[]", "INVALID_ARGUMENT"), ("\u{1}", "INVALID_ARGUMENT")];
    for (body, name) in garbage {
        let refusal = bench.request(format!("ira.v1.{CLUSTER}.db.open"), body.to_owned()).await.unwrap_err();
        assert_eq!(refusal.name, name, "{body:?}");
    }
    // After all that it works as ever.
    let handle = bench.open("one", json!({})).await;
    expect(&bench, "exec", json!({"handle": handle}), "INVALID_ARGUMENT", "sql").await;
    expect(&bench, "query", json!({"handle": handle, "sql": "SELECT 1", "cursor": "x"}), "INVALID_ARGUMENT", "sql")
        .await;
    expect(&bench, "query", json!({"handle": handle, "cursor": "x"}), "NOT_FOUND", "cursor").await;
    expect(&bench, "query", json!({"handle": handle, "sql": "SELECT 1", "limit": 0}), "INVALID_ARGUMENT", "limit")
        .await;
    let params = json!({"handle": handle, "sql": "SELECT ?", "params": [[]]});
    expect(&bench, "query", params, "INVALID_ARGUMENT", "params.0").await;
    expect(&bench, "query", json!({"handle": handle, "sql": "SELECT ?"}), "INVALID_ARGUMENT", "sql").await;
    assert_eq!(bench.rows(&handle).await, json!([]));
}

#[tokio::test]
async fn statements_that_are_not_allowed() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[("--statement-time", "60s")]).await;
    let _hasty = bench.start("hasty", &[("--statement-time", "100ms")]).await;
    let handle = bench.open("one", json!({})).await;
    let in_haste = bench.open("hasty", json!({})).await;
    let reader = bench.open("one", json!({"mode": "ro"})).await;
    for sql in [
        "ATTACH 'x' AS x",
        "PRAGMA user_version",
        "CREATE TABLE local_x (a)",
        "CREATE TEMP TABLE x (a)",
        "DROP TABLE t",
    ] {
        expect(&bench, "exec", json!({"handle": handle, "sql": sql}), "FORBIDDEN", "sql").await;
    }
    let extension = json!({"handle": handle, "sql": "SELECT load_extension('x')"});
    expect(&bench, "query", extension, "INVALID_ARGUMENT", "sql").await;
    expect(&bench, "query", json!({"handle": handle, "sql": "DELETE FROM t"}), "FORBIDDEN", "sql").await;
    expect(&bench, "exec", json!({"handle": reader, "sql": "DELETE FROM t"}), "FORBIDDEN", "handle").await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n";
    for verb in ["query", "exec"] {
        expect(&bench, verb, json!({"handle": in_haste, "sql": endless}), "TIMEOUT", "sql").await;
    }
    let large = "SELECT zeroblob(100000000)";
    expect(&bench, "query", json!({"handle": handle, "sql": large}), "INVALID_ARGUMENT", "sql").await;
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
                SELECT zeroblob(500000) FROM n";
    expect(&bench, "query", json!({"handle": handle, "sql": many}), "INVALID_ARGUMENT", "sql").await;
    assert_eq!(bench.rows(&handle).await, json!([]));
}

#[tokio::test]
async fn another_schema_and_one_handle_too_many() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[("--handles", "2")]).await;
    let first = bench.open("one", json!({})).await;
    let other = json!({"db": "things", "schema": ["CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY)"]});
    expect(&bench, "open", other, "WRONG_STATE", "schema").await;
    bench.open("one", json!({})).await;
    let request = json!({"db": "things", "schema": [SCHEMA]});
    expect(&bench, "open", request, "CONCURRENCY_LIMIT", "").await;
    bench.ask("close", json!({"handle": first})).await.unwrap();
    bench.open("one", json!({})).await;
}

#[tokio::test]
async fn a_commit_that_nobody_else_can_have_is_told_so_and_stays() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let handle = bench.open("one", json!({})).await;
    let wait = json!({"replicas": 1, "ms": 50});
    let request = json!({"handle": handle, "sql": "INSERT INTO t VALUES (1, NULL)", "wait": wait});
    expect(&bench, "exec", request, "TIMEOUT", "wait").await;
    assert_eq!(bench.rows(&handle).await, json!([[1, null]]));
}
