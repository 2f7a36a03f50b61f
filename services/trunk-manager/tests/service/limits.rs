//! Channels and turns are granted rightly, whoever is asked and whoever dies.

use botstream_api::call::{Direction, State};
use botstream_api::{
    ClientError, ErrorCode, TrunkAcquireReply, TrunkAcquireRequest, TrunkReleaseReply, TrunkReleaseRequest,
};
use botstream_state::calls::{self, CallRow};
use futures_util::future::join_all;
use iratdb::IraTdb;
use serde_json::json;

use crate::setup::{Bench, CLUSTER, eventually};

fn call_id(number: u32) -> String {
    format!("sw-01ARZ3NDEKTSV4RRFFQ69{number:05}")
}

async fn acquire(bench: &Bench, node: &str, number: u32) -> Result<i64, ErrorCode> {
    let request = TrunkAcquireRequest { trunk: "a".into(), call_id: call_id(number) };
    let granted: Result<TrunkAcquireReply, _> = bench.client.request_at(node, "trunk", "acquire", &request).await;
    match granted {
        Ok(granted) => Ok(granted.send_by_ms),
        Err(ClientError::Service(error)) => Err(error.code),
        Err(other) => panic!("{other}"),
    }
}

/// The database that switches write.
async fn calls_db(bench: &Bench) -> IraTdb {
    let keys = bench.keys.writer(calls::NAME).unwrap();
    let options = calls::options().cluster(CLUSTER).nats(bench.client.nats().clone()).keys(keys);
    let db = IraTdb::open(options).await.unwrap();
    db.ready().await.unwrap();
    db
}

fn row(number: u32) -> CallRow {
    CallRow {
        call_id: call_id(number),
        tenant: "default".into(),
        node: "sw".into(),
        direction: Direction::Outbound,
        state: State::Answered,
        from_uri: String::new(),
        to_uri: String::new(),
        trunk: "a".into(),
        bot_url: String::new(),
        sip_call_id: String::new(),
        created_ms: 0,
        answered_ms: None,
    }
}

#[tokio::test]
async fn two_grant_no_more_than_one_would() {
    let bench = Bench::new().await;
    let calls = calls_db(&bench).await;
    let first = bench.start("t1", None);
    let _second = bench.start("t2", None);
    bench.ready("t1").await;
    bench.ready("t2").await;
    bench.create("trunk", &json!({"name": "a", "peer": "h:5060", "max_channels": 5})).await.unwrap();
    for node in ["t1", "t2"] {
        // The one that did not make it has it in a moment.
        eventually("the trunk is known", async || {
            (acquire(&bench, node, 0).await != Err(ErrorCode::TrunkNotFound)).then_some(())
        })
        .await;
    }
    // Both have granted the same call one channel.
    let asked = (1..=20).map(|n| acquire(&bench, if n % 2 == 0 { "t1" } else { "t2" }, n));
    let outcomes = join_all(asked).await;
    let granted: Vec<u32> = (1..=20).zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(n, _)| n).collect();
    assert_eq!(granted.len(), 4, "{outcomes:?}");
    assert!(
        outcomes.iter().all(|outcome| outcome.is_ok() || *outcome == Err(ErrorCode::ConcurrencyLimit)),
        "{outcomes:?}"
    );

    // One call is not begun, the others are.
    let [not_begun, begun @ ..] = granted.as_slice() else { panic!() };
    let request = TrunkReleaseRequest { trunk: "a".into(), call_id: call_id(*not_begun) };
    let _: TrunkReleaseReply = bench.client.request_at("t1", "trunk", "release", &request).await.unwrap();
    for number in begun.iter().chain([&0]) {
        calls.write(|conn| calls::put(conn, &row(*number))).unwrap();
    }
    acquire(&bench, "t1", 21).await.unwrap();
    assert_eq!(acquire(&bench, "t1", 22).await, Err(ErrorCode::ConcurrencyLimit));

    // What the dead one had granted counts for the other: a call that has not begun yet, and those that are up.
    first.kill().await;
    assert_eq!(acquire(&bench, "t2", 23).await, Err(ErrorCode::ConcurrencyLimit));
    calls.write(|conn| calls::remove(conn, &call_id(0))).unwrap();
    let next = eventually("a channel is free", async || acquire(&bench, "t2", 24).await.ok()).await;
    assert!(next > 0);
    assert_eq!(acquire(&bench, "t2", 25).await, Err(ErrorCode::ConcurrencyLimit));
    calls.close().await.unwrap();
}

#[tokio::test]
async fn turns_are_apart_whoever_grants_them() {
    let bench = Bench::new().await;
    let _first = bench.start("t1", None);
    let _second = bench.start("t2", None);
    bench.ready("t1").await;
    bench.ready("t2").await;
    bench.create("trunk", &json!({"name": "a", "peer": "h:5060"})).await.unwrap();
    // Without limits there is nothing to wait for.
    for node in ["t1", "t2"] {
        eventually("the trunk is known", async || (acquire(&bench, node, 0).await == Ok(0)).then_some(())).await;
    }
    let revision = bench.ask("trunk.get", json!({"name": "a"})).await.unwrap()["revision"].clone();
    let limited = json!({"name": "a", "peer": "h:5060", "max_cps": 10, "revision": revision});
    bench.ask("trunk.update", limited).await.unwrap();
    for node in ["t1", "t2"] {
        eventually("the limit is known", async || (acquire(&bench, node, 0).await != Ok(0)).then_some(())).await;
    }
    let asked = (1..=40).map(|n| acquire(&bench, if n % 2 == 0 { "t1" } else { "t2" }, n));
    let outcomes = join_all(asked).await;
    let mut turns: Vec<i64> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok().copied()).collect();
    turns.sort_unstable();
    assert!(turns.len() >= 8, "{outcomes:?}");
    assert!(turns.windows(2).all(|two| two[1] - two[0] >= 100), "{turns:?}");
    assert!(outcomes.iter().all(|outcome| outcome.is_ok() || *outcome == Err(ErrorCode::CpsLimit)), "{outcomes:?}");
}
