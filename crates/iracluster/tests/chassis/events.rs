use async_nats::jetstream;
use botstream_api::{Call, CallGetRequest};

use crate::setup::{eventually, ready};

#[tokio::test]
async fn events_go_out_in_order_and_are_kept() {
    let (_nats, client, _instance, _) = ready().await;
    let jetstream = jetstream::new(client.nats().clone());
    let mut stream =
        eventually("the stream is there", async || jetstream.get_stream("BS_test_EVENTS").await.ok()).await;

    let mut events = client.all_events().await.unwrap();
    for call_id in ["c1", "c2"] {
        let request = CallGetRequest { call_id: call_id.into() };
        client.request::<_, Call>("example", "announce", &request).await.unwrap();
    }
    for call_id in ["c1", "c2"] {
        for (kind, ev_seq) in [("created", 1), ("ended", 2)] {
            let event = events.next_event().await.unwrap().unwrap();
            assert_eq!(event.call_id, call_id);
            assert_eq!(event.class_and_type(), Some(("call", kind)));
            assert_eq!(event.ev_seq, ev_seq);
            assert_eq!((event.node.as_str(), event.tenant.as_str()), ("n1", "default"));
            assert!(event.ts.is_some());
            assert_eq!(event.trace.len(), 55);
        }
    }
    eventually("all four are kept", async || (stream.info().await.unwrap().state.messages == 4).then_some(())).await;
    let config = &stream.cached_info().config;
    assert_eq!(config.max_age.as_secs(), 72 * 60 * 60);
    assert_eq!(config.storage, jetstream::stream::StorageType::File);
}
