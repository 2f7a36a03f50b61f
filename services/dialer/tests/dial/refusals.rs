use botstream_api::{ClientError, DialRequest, Error, ErrorCode};

use crate::setup::{Behaviour, Bench, eventually, request};

fn refuses(code: ErrorCode) -> Behaviour {
    Behaviour::Refuses(Error::new(code, "as told"))
}

async fn dial(bench: &Bench, request: DialRequest) -> Result<String, Error> {
    match bench.client.dial(request).await {
        Ok(reply) => Ok(reply.node),
        Err(ClientError::Service(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_cannot_be_dialled_is_refused_by_field() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    let cases: [(&str, ErrorCode, &str); 6] = [
        (r#"{"to":"bob","bot":{"url":"ws://h/"}}"#, ErrorCode::BadNumber, "to"),
        (r#"{"to":"1","bot":{"url":"http://h/"}}"#, ErrorCode::BadUrl, "bot.url"),
        (
            r#"{"to":"1","bot":{"url":"ws://h/","format":{"rate":11025}}}"#,
            ErrorCode::UnsupportedFormat,
            "bot.format.rate",
        ),
        (r#"{"to":"1","bot":{"url":"ws://h/"},"trunk":"x"}"#, ErrorCode::TrunkNotFound, "trunk"),
        (r#"{"to":"1","bot":{"url":"ws://h/"},"rng_timeout_ms":5}"#, ErrorCode::UnknownField, "rng_timeout_ms"),
        (r#"{"to":"1","bot":{"url":"ws://h/"},"wait":"forever"}"#, ErrorCode::InvalidArgument, "wait"),
    ];
    for (body, code, field) in cases {
        let reply = bench.client.nats().request("bs.v1.test.default.call.dial", body.into()).await.unwrap();
        let detail: botstream_api::ErrorDetail = botstream_api::from_json(&reply.payload).unwrap();
        assert_eq!((detail.code, detail.field.as_str()), (code.code(), field), "{body}: {}", detail.message);
    }
    assert!(switch.ordered().is_empty());
    assert_eq!(bench.reservations(), 0);
}

#[tokio::test]
async fn the_trunk_is_named_default_or_the_only_one() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    dial(&bench, request("1")).await.unwrap();
    bench.trunk("other");
    let named = DialRequest { trunk: "other".into(), ..request("2") };
    eventually("the dialer knows the trunk", async || dial(&bench, named.clone()).await.ok()).await;
    assert_eq!(switch.ordered().last().unwrap().trunk, "other");
    let error = dial(&bench, request("3")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgument);
    assert_eq!(error.message, "several trunks and none is the default: name one of carrier, other");
}

#[tokio::test]
async fn a_switch_that_surely_did_nothing_is_passed_over() {
    let bench = Bench::new().await;
    let full = bench.switch("full", 0, refuses(ErrorCode::NoCapacity)).await;
    let draining = bench.switch("draining", 1, refuses(ErrorCode::Draining)).await;
    let _gone = bench.switch("gone", 2, Behaviour::Absent).await;
    let good = bench.switch("good", 90, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    assert_eq!(dial(&bench, request("1")).await.as_deref(), Ok("good"));
    assert_eq!((full.ordered().len(), draining.ordered().len(), good.ordered().len()), (1, 1, 1));
    // Each order is a call of its own: the id names the switch.
    assert!(full.ordered()[0].call_id.starts_with("full-"));
    assert!(good.ordered()[0].call_id.starts_with("good-"));
}

#[tokio::test]
async fn nobody_with_room_is_said_so() {
    let bench = Bench::new().await;
    let _dialer = bench.dialer("d1").await;
    let error = dial(&bench, request("1")).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NoCapacity, "no media switch is running"));
    assert!(error.retry_after_ms.is_some());
    let _full = bench.switch("full", 0, refuses(ErrorCode::NoCapacity)).await;
    eventually("the dialer knows the switch", async || {
        let error = dial(&bench, request("1")).await.unwrap_err();
        error.message.contains("full, says NO_CAPACITY: as told").then_some(())
    })
    .await;
    eventually("the reservations are given back", async || (bench.reservations() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_limit_that_nobody_keeps_lets_no_call_through() {
    let bench = Bench::new().await;
    bench.limited_trunk("limited", 5);
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    let limited = |trunk: &str| DialRequest { trunk: trunk.into(), ..request("1") };
    let error = dial(&bench, limited("limited")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NoCapacity);
    assert!(error.message.contains("no trunk-manager is there"), "{error}");
    assert!(switch.ordered().is_empty());
    eventually("the reservation is given back", async || (bench.reservations() == 0).then_some(())).await;
    dial(&bench, limited("carrier")).await.unwrap();
}

#[tokio::test]
async fn a_refused_call_is_not_tried_elsewhere() {
    let bench = Bench::new().await;
    let _first = bench.switch("s1", 0, refuses(ErrorCode::TrunkDown)).await;
    let second = bench.switch("s2", 50, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    let error = dial(&bench, request("1")).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::TrunkDown, "as told"));
    assert!(second.ordered().is_empty());
    eventually("the reservation is given back", async || (bench.reservations() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_call_in_doubt_is_never_placed_again() {
    let bench = Bench::new().await;
    let silent = bench.switch("silent", 0, Behaviour::Silent).await;
    let other = bench.switch("other", 50, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    let error = dial(&bench, request("1")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Timeout);
    assert_eq!(error.owner_node.as_deref(), Some("silent"));
    assert!(!error.code.is_retryable());
    let orders = silent.ordered();
    assert_eq!(orders.len(), 2);
    assert_eq!(orders[0], orders[1]);
    assert!(error.message.contains(&orders[0].call_id), "{error}");
    assert!(other.ordered().is_empty());
}
