//! Keys are named, never sent, and decide what a handle may do.

use cluster_runner::KeySet;
use serde_json::{Value, json};

use crate::bench::{Bench, eventually};

fn open(db: &str, mode: &str, key_ref: Option<&str>) -> Value {
    let mut request =
        json!({"db": db, "schema": ["CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v)"], "mode": mode});
    if let Some(key_ref) = key_ref {
        request["key_ref"] = key_ref.into();
    }
    request
}

#[tokio::test]
async fn keys_are_found_by_their_name_or_the_databases() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let _two = bench.start("two", &[]).await;
    let handle = bench.at("one", "open", open("orders", "rw", Some("things"))).await.unwrap()["handle"].take();
    bench.ask("exec", json!({"handle": handle, "sql": "INSERT INTO t VALUES (1, 'a')"})).await.unwrap();
    let same = bench.at("two", "open", open("orders", "rw", Some("things"))).await.unwrap();
    assert_eq!((&same["members"], &same["rows"]), (&json!(2), &json!(1)));
    // The same database with other keys is another one.
    let set = KeySet::for_tests().await.unwrap();
    for kind in ["write", "read"] {
        let other = set.directory("media-switch").join(format!("calls.{kind}.pem"));
        std::fs::copy(other, bench.keys_dir().join(format!("other.{kind}.pem"))).unwrap();
    }
    let other = bench.at("two", "open", open("orders", "rw", Some("other"))).await.unwrap();
    assert_eq!((&other["members"], &other["rows"]), (&json!(1), &json!(0)));

    let refusal = bench.refused("open", open("orders", "rw", None)).await;
    assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("NOT_FOUND", "db"), "{}", refusal.message);
    let told =
        "mount orders.write.pem and orders.read.pem (to write) or orders.read.pem and orders.write.pub.pem (to read)";
    assert!(refusal.message.contains(told), "{}", refusal.message);
    let unusable = bench.keys_dir().join("broken.write.pem");
    std::fs::write(unusable, ["-----BEGIN", "PRIVATE KEY-----\nMARKER\n"].join(" ")).unwrap();
    let refusal = bench.refused("open", open("orders", "rw", Some("broken"))).await;
    assert!(refusal.name == "NOT_FOUND" && !refusal.message.contains("MARKER"), "{refusal:?}");
}

#[tokio::test]
async fn names_that_are_no_names_of_keys() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let long = "a".repeat(65);
    for name in ["", "../things", "/etc/passwd", "a/b", "a\\b", "things.read", "a b", "\u{e4}", "a\0", &long] {
        let refusal = bench.refused("open", open("orders", "rw", Some(name))).await;
        assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("INVALID_ARGUMENT", "key_ref"), "{name:?}");
    }
    let refusal = bench.refused("open", open("../things", "rw", None)).await;
    assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("INVALID_ARGUMENT", "db"));
    for name in ["calls", "cluster", "secrets"] {
        let refusal = bench.refused("open", open("orders", "rw", Some(name))).await;
        assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("FORBIDDEN", "key_ref"), "{name:?}");
    }
    let own = bench.refused("open", json!({"db": "load", "mode": "ro", "key_ref": "things"})).await;
    assert_eq!((own.name.as_str(), own.field.as_str()), ("INVALID_ARGUMENT", "key_ref"));
    for mode in ["ro", "rw"] {
        let secrets = bench.refused("open", json!({"db": "secrets", "mode": mode})).await;
        assert_eq!(secrets.name, "FORBIDDEN");
    }
}

#[tokio::test]
async fn keys_that_only_read_do_only_that() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let set = KeySet::for_tests().await.unwrap();
    for kind in ["read", "write.pub"] {
        let of_reader = set.directory("operator").join(format!("dialing.{kind}.pem"));
        std::fs::copy(of_reader, bench.keys_dir().join(format!("reading.{kind}.pem"))).unwrap();
    }
    let refusal = bench.refused("open", open("things", "rw", Some("reading"))).await;
    assert_eq!((refusal.name.as_str(), refusal.field.as_str()), ("FORBIDDEN", "mode"));
    assert!(refusal.message.contains("reading.write.pem"), "{}", refusal.message);

    let writer = bench.open("one", json!({})).await;
    bench.ask("exec", json!({"handle": writer, "sql": "INSERT INTO t VALUES (1, 'a')"})).await.unwrap();
    let reader = bench.ask("open", open("things", "ro", Some("reading"))).await.unwrap();
    let handle = reader["handle"].as_str().unwrap();
    bench.rows_become(handle, json!([[1, "a"]])).await;
    let refusal = bench.refused("exec", json!({"handle": handle, "sql": "DELETE FROM t"})).await;
    assert_eq!(refusal.name, "FORBIDDEN");
    let stats = bench.ask("stats", json!({"handle": writer})).await.unwrap();
    let members = stats["members"].as_array().unwrap();
    assert_eq!(members.iter().filter(|member| member["read_only"] == true).count(), 1, "{members:?}");
}

#[tokio::test]
async fn without_keys_everything_opens_and_meets_nobody_who_has_some() {
    let bench = Bench::new().await;
    let _one = bench.start("one", &[]).await;
    let _open = bench.start("open", &[("--no-keys", "")]).await;
    let with_keys = bench.open("one", json!({})).await;
    bench.ask("exec", json!({"handle": with_keys, "sql": "INSERT INTO t VALUES (1, 'a')"})).await.unwrap();
    let without = bench.open("open", json!({})).await;
    assert_eq!(bench.rows(&without).await, json!([]));
    assert!(bench.at("open", "open", open("any name", "rw", None)).await.is_ok());
    let log = std::fs::read_to_string(bench.log("open")).unwrap();
    assert!(log.contains("no keys: whoever can use NATS"), "{log}");
    eventually("the other one is as it was", async || {
        (bench.rows(&with_keys).await == json!([[1, "a"]])).then_some(())
    })
    .await;
}
