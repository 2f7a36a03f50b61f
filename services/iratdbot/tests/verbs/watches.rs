//! A table's changes, told as they come.

use std::time::Duration;

use async_nats::Subscriber;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::bench::{Bench, PATIENCE};

async fn next(changes: &mut Subscriber) -> Value {
    let message = tokio::time::timeout(PATIENCE, changes.next()).await.unwrap().unwrap();
    serde_json::from_slice(&message.payload).unwrap()
}

#[tokio::test]
async fn rows_first_then_every_change_in_order() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let _two = bench.start("two", &[]).await;
    let ours = bench.open("one", json!({})).await;
    let theirs = bench.open("two", json!({})).await;
    bench.ask("exec", json!({"handle": ours, "sql": "INSERT INTO t VALUES (1, 'a')"})).await.unwrap();

    // Subscribed before it is asked for, so nothing can be missed.
    let mut changes = bench.client.subscribe("ira.v1.test.db.watch.mine").await.unwrap();
    botstream_api::round_trip(&bench.client).await.unwrap();
    let watch = bench.ask("watch", json!({"handle": ours, "table": "t", "watch": "mine"})).await.unwrap();
    assert_eq!(watch["subject"], "ira.v1.test.db.watch.mine");
    assert_eq!((&watch["columns"], &watch["rows"]), (&json!(["id", "v"]), &json!([[1, "a"]])));

    bench.ask("exec", json!({"handle": ours, "sql": "UPDATE t SET v = 'b' WHERE id = 1"})).await.unwrap();
    let change = next(&mut changes).await;
    assert_eq!(
        (&change["seq"], &change["op"], &change["pk"], &change["row"]),
        (&json!(1), &json!("update"), &json!([1]), &json!([1, "b"]))
    );
    assert_eq!(change["origin"], json!({"local": true, "node": ""}));
    assert!(change["hlc"].as_str().unwrap().parse::<u64>().unwrap() > 1 << 50);

    bench.ask("exec", json!({"handle": theirs, "sql": "INSERT INTO t VALUES (2, 'c')"})).await.unwrap();
    let change = next(&mut changes).await;
    assert_eq!((&change["seq"], &change["op"], &change["row"]), (&json!(2), &json!("insert"), &json!([2, "c"])));
    assert_eq!(change["origin"], json!({"local": false, "node": "two"}));

    bench.ask("exec", json!({"handle": ours, "sql": "DELETE FROM t WHERE id = 2"})).await.unwrap();
    let change = next(&mut changes).await;
    assert_eq!((&change["op"], &change["pk"], change.get("row")), (&json!("delete"), &json!([2]), None));

    bench.ask("unwatch", json!({"handle": ours, "watch": "mine"})).await.unwrap();
    bench.ask("exec", json!({"handle": ours, "sql": "INSERT INTO t VALUES (9, 'unseen')"})).await.unwrap();
    // A second watch of the same name begins anew: its first change is all that comes.
    let watch = bench.ask("watch", json!({"handle": ours, "table": "t", "watch": "mine"})).await.unwrap();
    assert_eq!(watch["rows"].as_array().unwrap().len(), 2);
    bench.ask("exec", json!({"handle": ours, "sql": "INSERT INTO t VALUES (10, 'seen')"})).await.unwrap();
    let change = next(&mut changes).await;
    assert_eq!((&change["seq"], &change["row"]), (&json!(1), &json!([10, "seen"])));
    let more = tokio::time::timeout(Duration::from_millis(200), changes.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn watches_are_refused_for_what_is_not_there() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let handle = bench.open("one", json!({})).await;
    let refusal = bench.refused("watch", json!({"handle": handle, "table": "nothing"})).await;
    assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("NOT_FOUND", "table"));
    let refusal = bench.refused("watch", json!({"handle": handle, "table": "t", "watch": "a.b"})).await;
    assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("INVALID_ARGUMENT", "watch"));
    let named = json!({"handle": handle, "table": "t", "watch": "w"});
    bench.ask("watch", named.clone()).await.unwrap();
    assert_eq!(bench.refused("watch", named).await.name, "WRONG_STATE");
    assert_eq!(bench.refused("unwatch", json!({"handle": handle, "watch": "x"})).await.name, "NOT_FOUND");
}

#[tokio::test]
async fn a_row_that_a_constraint_hides_is_told_as_a_conflict() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let _two = bench.start("two", &[]).await;
    let schema = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v TEXT UNIQUE)";
    let mut handles = Vec::new();
    for node in ["one", "two"] {
        let reply = bench.at(node, "open", json!({"db": "names", "schema": [schema]})).await.unwrap();
        handles.push(reply["handle"].as_str().unwrap().to_owned());
    }
    let mut changes = bench.client.subscribe("ira.v1.test.db.watch.names").await.unwrap();
    botstream_api::round_trip(&bench.client).await.unwrap();
    bench.ask("watch", json!({"handle": handles[0], "table": "t", "watch": "names"})).await.unwrap();

    // Both take a name at the same time; sooner or later neither has heard of the other.
    let mut name = 0;
    let conflict = loop {
        name += 1;
        let taken = handles.iter().enumerate().map(|(side, handle)| {
            let params = json!([2 * name + side, format!("name {name}")]);
            bench.ask("exec", json!({"handle": handle, "sql": "INSERT INTO t VALUES (?, ?)", "params": params}))
        });
        let taken = futures_util::future::join_all(taken).await;
        let both = taken.iter().all(Result::is_ok);
        for refusal in taken.into_iter().filter_map(Result::err) {
            assert_eq!(refusal.name, "INVALID_ARGUMENT", "{}", refusal.message);
        }
        if both {
            let conflict = loop {
                let change = next(&mut changes).await;
                if change["op"] == "conflict" {
                    break change;
                }
            };
            break conflict;
        }
        assert!(name < 1_000, "two writers never met");
    };
    let hidden = conflict["pk"][0].as_u64().unwrap() as usize;
    assert_eq!(hidden / 2, name, "{conflict}");
    assert_eq!(conflict["row"], json!([hidden, format!("name {name}")]));
    assert_eq!(conflict["constraint"], "t(v)");
    // It is back when the other one goes.
    let winner = if hidden.is_multiple_of(2) { hidden + 1 } else { hidden - 1 };
    let delete = json!({"handle": handles[1], "sql": "DELETE FROM t WHERE id = ?", "params": [winner]});
    bench.ask("exec", delete).await.unwrap();
    let sql = json!({"handle": handles[0], "sql": "SELECT id FROM t WHERE id >= ?", "params": [2 * name]});
    crate::bench::eventually("the hidden row is back", async || {
        let rows = bench.ask("query", sql.clone()).await.unwrap()["rows"].take();
        (rows == json!([[hidden]])).then_some(())
    })
    .await;
}
