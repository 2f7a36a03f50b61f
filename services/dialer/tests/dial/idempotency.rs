use botstream_api::{ClientError, DialReply, Error, ErrorCode, Reply};
use botstream_state::dialing::{self, IdempotencyRow};

use crate::setup::{Behaviour, Bench, eventually, request};

async fn dial(bench: &Bench, key: &str, to: &str) -> Result<Reply<DialReply>, Error> {
    bench.client.dial_once(key, request(to)).await.map_err(|e| match e {
        ClientError::Service(error) => error,
        other => panic!("{other}"),
    })
}

#[tokio::test]
async fn the_same_key_is_one_call() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialers = bench.two_dialers().await;
    let first = dial(&bench, "k", "1").await.unwrap();
    assert!(!first.is_replayed());
    // Whichever of the two gets it.
    for _ in 0..10 {
        let again = dial(&bench, "k", "1").await.unwrap();
        assert!(again.is_replayed());
        assert_eq!(again.body, first.body);
    }
    let error = dial(&bench, "k", "2").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::IdempotencyConflict);
    assert_eq!(switch.ordered().len(), 1);
    dial(&bench, "other", "1").await.unwrap();
    assert_eq!(switch.ordered().len(), 2);
}

#[tokio::test]
async fn the_same_key_many_times_at_once_is_one_call() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialers = bench.two_dialers().await;
    for round in 0..5 {
        let key = format!("k{round}");
        let dials: Vec<_> = (0..10).map(|_| dial(&bench, &key, "1")).collect();
        let replies = futures_util::future::join_all(dials).await;
        let ids: Vec<_> = replies.iter().map(|reply| &reply.as_ref().unwrap().body.call_id).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let fresh = replies.iter().filter(|reply| !reply.as_ref().unwrap().is_replayed());
        assert_eq!(fresh.count(), 1);
        assert_eq!(switch.ordered().len(), round + 1);
    }
}

#[tokio::test]
async fn another_dialer_knows_the_reply_of_a_dead_one() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let first = bench.dialer("d1").await;
    let reply = dial(&bench, "k", "1").await.unwrap();
    let _second = bench.dialer("d2").await;
    first.kill().await;
    let again = dial(&bench, "k", "1").await.unwrap();
    assert!(again.is_replayed());
    assert_eq!(again.body, reply.body);
    assert_eq!(switch.ordered().len(), 1);
}

#[tokio::test]
async fn what_placed_nothing_gives_its_key_back() {
    let bench = Bench::new().await;
    let _dialer = bench.dialer("d1").await;
    assert_eq!(dial(&bench, "k", "bob").await.unwrap_err().code, ErrorCode::BadNumber);
    assert_eq!(dial(&bench, "k", "1").await.unwrap_err().code, ErrorCode::NoCapacity);
    let _switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    eventually("the dialer knows the switch", async || dial(&bench, "k", "2").await.ok()).await;
}

#[tokio::test]
async fn a_call_ordered_by_a_dead_dialer_is_asked_after() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    // What a dialer leaves behind that dies between its order and the reply: found by dialling and taking the reply away.
    let placed = dial(&bench, "k", "1").await.unwrap().body;
    let lose_reply = |key: &str, call_id: &str| {
        let known = bench.dialing.read(|conn| dialing::get(conn, "default", "call.dial", "k", 0));
        let row = IdempotencyRow { key: key.into(), call_id: call_id.into(), reply: None, ..known.unwrap().unwrap() };
        bench.dialing.write(|conn| dialing::put(conn, &row)).unwrap();
    };
    eventually("the key is known here", async || {
        let known = bench.dialing.read(|conn| dialing::get(conn, "default", "call.dial", "k", 0));
        known.unwrap()?.reply.map(drop)
    })
    .await;
    lose_reply("lost", &placed.call_id);
    lose_reply("never", "s1-01ARZ3NDEKTSV4RRFFQ69G5FAV");

    // A known key is in conflict with any other request; an unknown one is not.
    eventually("the dialer knows both keys", async || {
        let error = dial(&bench, "never", "bob").await.unwrap_err();
        (error.code == ErrorCode::IdempotencyConflict).then_some(())
    })
    .await;
    let reply = dial(&bench, "lost", "1").await.unwrap();
    assert!(reply.is_replayed());
    assert_eq!(reply.body.call_id, placed.call_id);
    let error = dial(&bench, "never", "1").await.unwrap_err();
    assert_eq!((error.code, error.owner_node.as_deref()), (ErrorCode::Timeout, Some("s1")));
    assert_eq!(switch.ordered().len(), 1);
}
