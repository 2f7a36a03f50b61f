use async_nats::HeaderMap;
use botstream_api::{Call, CallGetRequest, CallListRequest, Encoding, ErrorCode, ErrorDetail, encoding, headers};
use serde_json::{Value, json};

use crate::setup::ready;

const ECHO: &str = "bs.v1.test.acme.example.echo";

#[tokio::test]
async fn bodies_are_answered_as_they_come() {
    let (_nats, client, _instance, _) = ready().await;
    let nats = client.nats();

    let reply = nats.request(ECHO, r#"{"call_id":"c1"}"#.into()).await.unwrap();
    let body: Value = serde_json::from_slice(&reply.payload).unwrap();
    assert_eq!(body, json!({ "call_id": "c1", "tenant": "acme" }));
    let reply_headers = reply.headers.unwrap();
    assert_eq!(reply_headers.get(headers::CONTENT_TYPE).unwrap().as_str(), "application/json");
    assert_eq!(reply_headers.get("Example").unwrap().as_str(), "yes");

    let request = CallGetRequest { call_id: "c2".into() };
    let body = encoding::encode(&request, Encoding::Protobuf).unwrap();
    let mut map = HeaderMap::new();
    map.insert(headers::CONTENT_TYPE, Encoding::Protobuf.content_type());
    let reply = nats.request_with_headers(ECHO, map, body).await.unwrap();
    let call: Call = encoding::decode(&reply.payload, Encoding::Protobuf).unwrap();
    assert_eq!((call.call_id.as_str(), call.tenant.as_str()), ("c2", "acme"));

    let reply = nats.request(ECHO, "".into()).await.unwrap();
    assert_eq!(&reply.payload[..], br#"{"tenant":"acme"}"#);
}

#[tokio::test]
async fn a_typo_is_refused_by_name() {
    let (_nats, client, _instance, _) = ready().await;
    let reply = client.nats().request(ECHO, r#"{"cal_id":"c1"}"#.into()).await.unwrap();
    let map = reply.headers.unwrap();
    assert_eq!(map.get(headers::ERROR_CODE).unwrap().as_str(), "4001");
    assert_eq!(
        map.get(headers::ERROR).unwrap().as_str(),
        r#"UNKNOWN_FIELD: unknown field "cal_id"; did you mean "call_id"?"#
    );
    let detail: ErrorDetail = encoding::decode(&reply.payload, Encoding::Json).unwrap();
    assert_eq!((detail.code, detail.name.as_str(), detail.field.as_str()), (4001, "UNKNOWN_FIELD", "cal_id"));
    assert!(!detail.retryable);
}

#[tokio::test]
async fn a_panic_fails_one_request_only() {
    let (_nats, client, instance, _) = ready().await;
    let echo = async |call_id: &str| {
        let request = CallGetRequest { call_id: call_id.into() };
        client.request::<_, Call>("example", "echo", &request).await
    };
    let error = echo("panic").await.unwrap_err();
    assert_eq!(error.service().unwrap().code, ErrorCode::Internal);
    assert_eq!(echo("c1").await.unwrap().call_id, "c1");
    assert!(instance.log().contains("panic: "), "{}", instance.log());
}

#[tokio::test]
async fn nobody_there_is_said_so() {
    let (_nats, client, _instance, _) = ready().await;
    let error = client.list_calls(CallListRequest::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nobody answers bs.v1.test.default.call.list: is the service running, and is this the right cluster?"
    );
}
