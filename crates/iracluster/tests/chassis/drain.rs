use botstream_api::node::State;
use botstream_api::{Call, CallGetRequest, Client, ClientError, ErrorCode, Node};
use cluster_runner::Signal;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::setup::{Instance, eventually, ready};

async fn ask(client: &Client, verb: &str, call_id: &str) -> Result<Call, ClientError> {
    let request = CallGetRequest { call_id: call_id.into() };
    match verb {
        "finish" => client.request_at("n1", "example", verb, &request).await,
        _ => client.request("example", verb, &request).await,
    }
}

async fn health(node: &Node, service: &str) -> ServingStatus {
    let channel = tonic::transport::Endpoint::new(format!("http://{}", node.admin_addr)).unwrap();
    let mut client = HealthClient::new(channel.connect().await.unwrap());
    let request = HealthCheckRequest { service: service.to_owned() };
    client.check(request).await.unwrap().into_inner().status()
}

async fn readiness_is(node: &Node, expected: ServingStatus) {
    eventually(&format!("readiness is {expected:?}"), async || (health(node, "ready").await == expected).then_some(()))
        .await;
    assert_eq!(health(node, "").await, ServingStatus::Serving);
}

async fn state_is(instance: &Instance, client: &Client, state: State) {
    instance.in_state(client, state).await;
}

#[tokio::test]
async fn what_has_begun_is_finished_and_nothing_new_taken() {
    let (_nats, client, instance, node) = ready().await;
    readiness_is(&node, ServingStatus::Serving).await;
    ask(&client, "begin", "c1").await.unwrap();

    assert_eq!(client.drain_node("n1").await.unwrap().state(), State::Draining);
    readiness_is(&node, ServingStatus::NotServing).await;
    state_is(&instance, &client, State::Draining).await;
    eventually("nothing new is taken", async || match ask(&client, "begin", "c2").await {
        Err(ClientError::NoResponders { .. }) => Some(()),
        // Taken before the subscription was gone: give it back.
        Ok(_) => {
            ask(&client, "finish", "c2").await.unwrap();
            None
        }
        Err(e) => panic!("{e}"),
    })
    .await;
    ask(&client, "echo", "c3").await.unwrap();

    // The order can be taken back.
    assert_eq!(client.undrain_node("n1").await.unwrap().state(), State::Ready);
    readiness_is(&node, ServingStatus::Serving).await;
    eventually("new work is taken again", async || ask(&client, "begin", "c4").await.ok()).await;

    client.drain_node("n1").await.unwrap();
    readiness_is(&node, ServingStatus::NotServing).await;
    ask(&client, "finish", "c1").await.unwrap();
    assert_eq!(instance.process.exit_status(), None);
    ask(&client, "finish", "c4").await.unwrap();
    assert!(instance.ended().await.success(), "{}", instance.log());
}

#[tokio::test]
async fn sigterm_drains_for_good() {
    let (_nats, client, instance, _) = ready().await;
    ask(&client, "begin", "c1").await.unwrap();
    instance.process.signal(Signal::TERM);
    state_is(&instance, &client, State::Draining).await;
    let error = client.undrain_node("n1").await.unwrap_err();
    assert_eq!(error.service().unwrap().code, ErrorCode::WrongState);
    ask(&client, "finish", "c1").await.unwrap();
    assert!(instance.ended().await.success(), "{}", instance.log());
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let (_nats, client, instance, _) = ready().await;
    ask(&client, "begin", "c1").await.unwrap();
    instance.process.signal(Signal::INT);
    state_is(&instance, &client, State::Draining).await;
    instance.process.signal(Signal::INT);
    assert_eq!(instance.ended().await.code(), Some(1), "{}", instance.log());
}

#[tokio::test]
async fn the_drain_has_a_limit() {
    let nats = cluster_runner::NatsServer::start().await.unwrap();
    let client = crate::setup::client(&nats).await;
    let instance = Instance::start(nats.url(), "n1", &[("--drain-limit", "300ms")]);
    state_is(&instance, &client, State::Ready).await;
    ask(&client, "begin", "c1").await.unwrap();
    instance.process.signal(Signal::TERM);
    assert_eq!(instance.ended().await.code(), Some(1));
    assert!(instance.log().contains("the drain took too long"), "{}", instance.log());
}
