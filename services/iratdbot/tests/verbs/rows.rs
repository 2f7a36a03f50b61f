//! Writing, reading, and what others see of it.

use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn every_value_comes_back_as_it_was_and_reaches_the_others() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let _two = bench.start("two", &[]).await;
    let writer = bench.open("one", json!({})).await;
    let reader = bench.open("two", json!({"mode": "ro"})).await;

    let values = [json!(null), json!(1), json!(-1.5), json!("text \u{1F600}"), json!({"$blob": "AP8="})];
    let batch: Vec<_> = values
        .iter()
        .chain(&[json!({"$int": "9223372036854775807"}), json!(true)])
        .enumerate()
        .map(|(id, value)| json!({"sql": "INSERT INTO t VALUES (?, ?)", "params": [id, value]}))
        .collect();
    let wait = json!({"replicas": 1, "ms": 20_000});
    let reply = bench.ask("exec", json!({"handle": writer, "batch": batch, "wait": wait})).await.unwrap();
    assert_eq!(
        (&reply["changes"], &reply["last_insert_rowid"], &reply["rows_changed"]),
        (&json!(7), &json!(6), &json!(7))
    );
    assert!(reply["token"].as_str().unwrap().starts_with(&writer));

    // The wait has ended, so the other one has them.
    let [nothing, one, real, text, blob] = values;
    let rows = json!([[0, nothing], [1, one], [2, real], [3, text], [4, blob], [5, "9223372036854775807"], [6, 1]]);
    assert_eq!(bench.rows(&reader).await, rows);
    let digests = [&writer, &reader].map(|handle| bench.ask("digest", json!({"handle": handle})));
    let [ours, theirs] = digests;
    let (ours, theirs) = (ours.await.unwrap(), theirs.await.unwrap());
    assert_eq!(ours, theirs);
    assert_eq!(ours["tables"]["t"]["rows"], 7);

    bench.ask("exec", json!({"handle": writer, "sql": "DELETE FROM t WHERE id > ?", "params": [0]})).await.unwrap();
    bench.rows_become(&reader, json!([[0, null]])).await;
    assert_ne!(bench.ask("digest", json!({"handle": reader})).await.unwrap(), ours);
}

#[tokio::test]
async fn a_batch_is_kept_whole_or_not_at_all() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let handle = bench.open("one", json!({})).await;
    let insert = |id: u32| json!({"sql": "INSERT INTO t VALUES (?, 'x')", "params": [id]});
    let refusal = bench.refused("exec", json!({"handle": handle, "batch": [insert(1), insert(2), insert(1)]})).await;
    assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("INVALID_ARGUMENT", "batch.2.sql"));
    assert_eq!(bench.rows(&handle).await, json!([]));
}

#[tokio::test]
async fn a_handle_is_found_from_every_instance() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let _two = bench.start("two", &[]).await;
    let handle = bench.open("one", json!({})).await;
    // Which instance NATS picks is chance; so many times, both are asked.
    for id in 0..20 {
        let sql = format!("INSERT INTO t VALUES ({id}, NULL)");
        bench.ask("exec", json!({"handle": handle, "sql": sql})).await.unwrap();
    }
    assert_eq!(bench.rows(&handle).await.as_array().unwrap().len(), 20);
    let refusal = bench.at("two", "query", json!({"handle": handle, "sql": "SELECT 1"})).await.unwrap_err();
    assert_eq!(refusal.name, "NOT_FOUND", "at.two is asked for what two has");
    bench.ask("close", json!({"handle": handle})).await.unwrap();
    assert_eq!(bench.refused("ping", json!({"handle": handle})).await.name, "NOT_FOUND");
}

#[tokio::test]
async fn a_large_result_is_read_page_by_page_as_it_was() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let handle = bench.open("one", json!({})).await;
    let fill = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
                INSERT INTO t SELECT i, hex(randomblob(1000)) FROM n";
    assert_eq!(bench.ask("exec", json!({"handle": handle, "sql": fill})).await.unwrap()["changes"], 2000);
    let query = json!({"handle": handle, "sql": "SELECT id, v FROM t ORDER BY id", "limit": 700});
    let mut page = bench.ask("query", query).await.unwrap();
    bench.ask("exec", json!({"handle": handle, "sql": "DELETE FROM t"})).await.unwrap();
    let mut ids = Vec::new();
    loop {
        let rows = page["rows"].as_array().unwrap();
        // 2 kB a row: less than 700 fit a reply.
        assert!((1..700).contains(&rows.len()), "{}", rows.len());
        ids.extend(rows.iter().map(|row| row[0].as_u64().unwrap()));
        let Some(cursor) = page["cursor"].as_str() else { break };
        page = bench.ask("query", json!({"handle": handle, "cursor": cursor, "limit": 700})).await.unwrap();
    }
    assert_eq!(ids, (0..2000).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_open_can_be_seen() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let first = bench.open("one", json!({})).await;
    let _second = bench.open("one", json!({})).await;
    bench.ask("exec", json!({"handle": first, "sql": "INSERT INTO t VALUES (1, 2)"})).await.unwrap();
    let stats = bench.ask("stats", json!({"handle": first})).await.unwrap();
    assert_eq!((&stats["db"], &stats["rows"], &stats["counters"]["commits"]), (&json!("things"), &json!(1), &json!(1)));
    assert_eq!(stats["members"].as_array().unwrap().len(), 2);
    let list = bench.ask("list", json!({})).await.unwrap();
    assert_eq!(list["node"], "one");
    assert_eq!(list["databases"][0]["db"], "things");
    assert_eq!(list["databases"][0]["handles"], 2);

    // BotStream's own: the services' instances, to be read.
    let own = bench.ask("open", json!({"db": "cluster", "mode": "ro"})).await.unwrap();
    let sql = "SELECT service, node FROM instances";
    let rows = bench.ask("query", json!({"handle": own["handle"], "sql": sql})).await.unwrap();
    assert_eq!(rows["columns"], json!(["service", "node"]));
    assert_eq!(rows["rows"], json!([["iratdbot", "one"]]));
}

#[tokio::test]
async fn tables_merge_as_their_options_say() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let _two = bench.start("two", &[]).await;
    let schema =
        "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v INTEGER NOT NULL, top INTEGER NOT NULL, low REAL NOT NULL)";
    let request = json!({
        "db": "sums", "schema": [schema],
        "tables": {"t": {"lww": "row", "counter": ["v"], "max": ["top"], "min": ["low"]}},
    });
    let mut handles = Vec::new();
    for node in ["one", "two"] {
        let reply = bench.at(node, "open", request.clone()).await.unwrap();
        handles.push(reply["handle"].as_str().unwrap().to_owned());
    }
    let wait = json!({"replicas": 1, "ms": 20_000});
    let insert = json!({"handle": handles[0], "sql": "INSERT INTO t VALUES (1, 100, 0, 0)", "wait": wait});
    bench.ask("exec", insert).await.unwrap();
    // Both write at the same time, over and over.
    let writes = handles.iter().zip([1, 10]).map(async |(handle, by)| {
        for i in 1..=20 {
            let sql = "UPDATE t SET v = v + ?1, top = ?2, low = -?2";
            bench.ask("exec", json!({"handle": handle, "sql": sql, "params": [by, i * by]})).await.unwrap();
        }
    });
    futures_util::future::join_all(writes).await;
    for handle in &handles {
        bench.rows_become(handle, json!([[1, 320]])).await;
        let query = json!({"handle": handle, "sql": "SELECT top, low FROM t"});
        assert_eq!(bench.ask("query", query).await.unwrap()["rows"], json!([[200, -200.0]]));
    }
}
