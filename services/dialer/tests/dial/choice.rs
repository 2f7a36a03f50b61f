use botstream_api::CallId;
use botstream_api::call::State;
use serde_json::Value;

use crate::setup::{Behaviour, Bench, eventually, request};

#[tokio::test]
async fn the_least_loaded_switch_gets_the_call() {
    let bench = Bench::new().await;
    let busy = bench.switch("busy", 50, Behaviour::Obeys).await;
    let idle = bench.switch("idle", 10, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;

    let reply = bench
        .client
        .nats()
        .request(
            "bs.v1.test.default.call.dial",
            r#"{"to":"+14155550100","bot":{"url":"ws://127.0.0.1:8080/ws"},"vars":{"a":"b"},"ring_timeout_ms":9000}"#
                .into(),
        )
        .await
        .unwrap();
    let reply: Value = serde_json::from_slice(&reply.payload).unwrap();
    let call_id: CallId = reply["call_id"].as_str().unwrap().parse().unwrap();
    assert_eq!((call_id.node(), reply["node"].as_str()), ("idle", Some("idle")));
    assert_eq!(reply["state"], "created");

    assert!(busy.ordered().is_empty());
    let orders = idle.ordered();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].call_id, call_id.as_str());
    assert_eq!((orders[0].to.as_str(), orders[0].trunk.as_str()), ("+14155550100", "carrier"));
    assert_eq!(orders[0].bot.as_ref().unwrap().url, "ws://127.0.0.1:8080/ws");
    assert_eq!(orders[0].ring_timeout_ms, 9_000);
    assert_eq!(orders[0].vars["a"], "b");
    eventually("the reservation is given back", async || (bench.reservations() == 0).then_some(())).await;
}

#[tokio::test]
async fn two_dialers_keep_two_switches_level() {
    let bench = Bench::new().await;
    let first = bench.switch("s1", 0, Behaviour::Obeys).await;
    let second = bench.switch("s2", 7, Behaviour::Obeys).await;
    let _dialers = (bench.dialer("d1").await, bench.dialer("d2").await);
    for n in 0..100 {
        let reply = bench.client.dial(request(&format!("+1415555{n:04}"))).await.unwrap();
        assert_eq!(reply.state(), State::Created);
    }
    let loads = (*first.count.lock().unwrap(), *second.count.lock().unwrap());
    assert_eq!(loads.0 + loads.1, 107);
    assert!(loads.0.abs_diff(loads.1) <= 2, "{loads:?}");
    eventually("no reservation is left", async || (bench.reservations() == 0).then_some(())).await;
}
