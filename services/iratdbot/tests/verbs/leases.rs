//! What a client owned is gone when it is.

use serde_json::{Value, json};

use crate::bench::{Bench, PATIENCE, eventually};

fn owned() -> Value {
    json!({"tables": {"t": {"owned": true}}})
}

async fn put(bench: &Bench, handle: &str, id: u32) {
    bench
        .ask("exec", json!({"handle": handle, "sql": "INSERT INTO t VALUES (?, NULL)", "params": [id]}))
        .await
        .unwrap();
}

#[tokio::test]
async fn owned_rows_go_with_their_handle() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let two = bench.start("two", &[]).await;
    let watcher = bench.open("one", owned()).await;
    put(&bench, &watcher, 1).await;
    let closed = bench.open("two", owned()).await;
    put(&bench, &closed, 2).await;
    let killed = bench.open("two", owned()).await;
    put(&bench, &killed, 3).await;
    bench.rows_become(&watcher, json!([[1, null], [2, null], [3, null]])).await;

    let refusal = bench.refused("exec", json!({"handle": watcher, "sql": "DELETE FROM t WHERE id = 2"})).await;
    assert_eq!(refusal.name, "FORBIDDEN", "another handle's row, {}", refusal.message);

    bench.ask("close", json!({"handle": closed})).await.unwrap();
    bench.rows_become(&watcher, json!([[1, null], [3, null]])).await;
    two.kill().await;
    bench.rows_become(&watcher, json!([[1, null]])).await;
    let refusal = bench.refused("ping", json!({"handle": killed})).await;
    assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("NOT_FOUND", "handle"));
}

#[tokio::test]
async fn a_client_that_falls_silent_loses_its_handle_and_one_that_pings_keeps_it() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[("--handle-lease", "1s")]).await;
    let kept = bench.open("one", owned()).await;
    put(&bench, &kept, 1).await;
    let lost = bench.open("one", owned()).await;
    put(&bench, &lost, 2).await;
    // Asking is a sign of life of the one that asks, and of no other.
    bench.rows_become(&kept, json!([[1, null], [2, null]])).await;
    bench.rows_become(&kept, json!([[1, null]])).await;
    assert_eq!(bench.refused("ping", json!({"handle": lost})).await.name, "NOT_FOUND");
    assert_eq!(bench.ask("ping", json!({"handle": kept})).await.unwrap()["lease_ms"], 1000);
}

#[tokio::test]
async fn an_instance_that_ends_takes_its_handles_owned_rows_with_it_at_once() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let two = bench.start("two", &[]).await;
    let watcher = bench.open("one", owned()).await;
    let ending = bench.open("two", owned()).await;
    put(&bench, &ending, 1).await;
    bench.rows_become(&watcher, json!([[1, null]])).await;
    two.stop(PATIENCE).await.unwrap();
    bench.rows_become(&watcher, json!([])).await;
    // New handles go to the one that is left.
    eventually("open is answered", async || {
        let request = json!({"db": "things", "schema": ["CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v)"],
                             "tables": {"t": {"owned": true}}});
        bench.ask("open", request).await.ok()
    })
    .await;
}
