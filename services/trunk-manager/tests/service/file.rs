//! The `config` database follows the telephony file.

use botstream_api::ErrorCode;
use botstream_state::{config, secrets};
use cluster_runner::{NatsServer, Signal};

use crate::setup::{Bench, FIRST, NEVER, OFTEN, PATIENCE, eventually, trunk};

#[tokio::test]
async fn the_database_follows_the_file() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let _process = bench.start("t1", Some(OFTEN));
    bench.ready("t1").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;
    let route = bench.db.read(|conn| config::route_of_number(conn, "default", "a", "+49301234")).unwrap().unwrap();
    let stream = bench.db.read(|conn| config::stream_of_route(conn, &route)).unwrap();
    assert_eq!(stream.unwrap().url, "ws://127.0.0.1:1/");

    bench.write(&FIRST.replace("192.0.2.1", "192.0.2.2"));
    bench.trunks_become(&["192.0.2.2:5060"]).await;
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_says_why() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let process = bench.start("t1", Some(OFTEN));
    bench.ready("t1").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;

    bench.write(&FIRST.replace("peer", "pear"));
    eventually("it says so", async || {
        let log = bench.log("t1");
        let says_why = log.contains(r#"trunks[1] "a": unknown field "pear"; did you mean "peer"?"#);
        (says_why && log.contains("what was in force stays in force")).then_some(())
    })
    .await;
    assert_eq!(bench.trunks(), ["192.0.2.1:5060"]);
    assert_eq!(process.exit_status(), None);

    std::fs::remove_file(bench.file()).unwrap();
    eventually("a missing file is told too", async || bench.log("t1").contains("cannot be read").then_some(())).await;
    assert_eq!(bench.trunks(), ["192.0.2.1:5060"]);

    bench.write(&FIRST.replace("192.0.2.1", "192.0.2.3"));
    bench.trunks_become(&["192.0.2.3:5060"]).await;
}

#[tokio::test]
async fn credentials_go_where_the_configuration_does_not() {
    let bench = Bench::new().await;
    let with = |url: &str, token: &str| {
        FIRST.replace("ws://127.0.0.1:1/\"", &format!("{url}\", auth = {{ bearer = \"{token}\" }}"))
    };
    bench.write(&with("ws://127.0.0.1:1/", "first-token"));
    let _process = bench.start("t1", Some(OFTEN));
    bench.ready("t1").await;
    let bearer = |url: &str| {
        bench.secrets.read(|conn| secrets::credential(conn, "default", url)).unwrap().map(|found| found.bearer)
    };
    let is =
        |url: &'static str, token: &'static str| async move || (bearer(url).as_deref() == Some(token)).then_some(());
    eventually("the token is there", is("ws://127.0.0.1:1/", "first-token")).await;
    bench.write(&with("ws://127.0.0.1:1/", "second-token"));
    eventually("another token takes its place", is("ws://127.0.0.1:1/", "second-token")).await;
    bench.write(&with("ws://127.0.0.1:2/", "third-token"));
    eventually("another bot has its own", is("ws://127.0.0.1:2/", "third-token")).await;
    eventually("the old one is removed", async || bearer("ws://127.0.0.1:1/").is_none().then_some(())).await;

    let everything = bench.db.read(|conn| {
        conn.query_row(
            "SELECT group_concat(document) FROM (SELECT document FROM bots UNION ALL SELECT document FROM routes)",
            (),
            |row| row.get::<_, String>(0),
        )
    });
    let everything = everything.unwrap();
    assert!(everything.contains("ws://127.0.0.1:2/") && !everything.contains("token"), "{everything}");
    assert!(!bench.log("t1").contains("-token"), "{}", bench.log("t1"));
}

#[tokio::test]
async fn sighup_reads_at_once() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let process = bench.start("t1", Some(NEVER));
    bench.ready("t1").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;
    bench.write("");
    process.signal(Signal::HUP);
    bench.trunks_become(&[]).await;
}

#[tokio::test]
async fn several_agree_and_the_last_leaves_the_configuration_behind() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let first = bench.start("t1", Some(OFTEN));
    let second = bench.start("t2", Some(OFTEN));
    bench.ready("t1").await;
    bench.ready("t2").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;
    first.kill().await;
    bench.write(&FIRST.replace("192.0.2.1", "192.0.2.9"));
    bench.trunks_become(&["192.0.2.9:5060"]).await;
    second.stop(PATIENCE).await.unwrap();
    assert_eq!(bench.trunks(), ["192.0.2.9:5060"]);
}

#[tokio::test]
async fn a_start_without_a_file_and_without_jetstream_ends_with_64() {
    let bench = Bench::with_nats(NatsServer::builder().config("jetstream: disabled").start().await.unwrap()).await;
    let process = bench.start("t1", None);
    let end = tokio::time::timeout(PATIENCE, process.wait()).await.unwrap();
    assert_eq!(end.code(), Some(64), "{}", bench.log("t1"));
    assert!(bench.log("t1").contains("telephony-file is missing, and NATS has no JetStream"), "{}", bench.log("t1"));

    bench.write(FIRST);
    let _process = bench.start("t2", Some(OFTEN));
    bench.ready("t2").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;
    let refused = bench.create("trunk", &trunk("b")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageFailed);
}

#[tokio::test]
async fn a_start_with_a_bad_file_ends_with_64() {
    let bench = Bench::new().await;
    bench.write("trunks = [{ name = \"a\", peer = \"h\" }]");
    let process = bench.start("t1", Some(NEVER));
    let end = tokio::time::timeout(PATIENCE, process.wait()).await.unwrap();
    assert_eq!(end.code(), Some(64), "{}", bench.log("t1"));
    let log = bench.log("t1");
    assert!(log.contains(r#"trunks "a": peer = "h" is not allowed; use host:port"#), "{log}");
}
