use botstream_api::node::State;
use botstream_api::{Call, CallGetRequest};
use cluster_runner::{NatsServer, Signal};

use crate::operation::scrape;
use crate::setup::{Instance, client, eventually, ready};

async fn echo(client: &botstream_api::Client) -> Option<Call> {
    let request = CallGetRequest { call_id: "c".into() };
    client.request("example", "echo", &request).await.ok()
}

#[tokio::test]
async fn a_service_outlives_its_nats() {
    let (mut nats, client, instance, node) = ready().await;
    nats.restart().await.unwrap();
    eventually("requests are answered again", async || echo(&client).await).await;
    assert_eq!(instance.process.exit_status(), None);
    let text = scrape(&node).await;
    assert!(text.contains(r#"botstream_nats_events_total{kind="disconnected"} 1"#), "{text}");
    assert!(text.contains("\nbotstream_nats_connected 1\n"), "{text}");
}

#[tokio::test]
async fn a_service_may_be_started_first() {
    let mut nats = NatsServer::start().await.unwrap();
    nats.kill().await;
    let instance = Instance::start(nats.url(), "n1", &[]);
    eventually("it tries", async || instance.log().contains("NATS does not let us in").then_some(())).await;
    nats.restart().await.unwrap();
    let client = client(&nats).await;
    instance.in_state(&client, State::Ready).await;
    echo(&client).await.unwrap();
}

#[tokio::test]
async fn a_service_can_be_ended_while_it_waits_for_nats() {
    let nats = NatsServer::start().await.unwrap();
    nats.kill().await;
    let instance = Instance::start(nats.url(), "n1", &[]);
    eventually("it tries", async || instance.log().contains("NATS does not let us in").then_some(())).await;
    instance.process.signal(Signal::TERM);
    assert!(instance.ended().await.success(), "{}", instance.log());
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let users = r#"
        authorization { users = [
            { user: all, password: a }
            { user: limited, password: b, permissions: { publish: { deny: "bs.v1.test.*.ev.>" }, subscribe: ">" } }
        ] }
    "#;
    let nats = NatsServer::builder().config(users).start().await.unwrap();
    let address = nats.url().trim_start_matches("nats://").to_owned();
    let everything = async_nats::ConnectOptions::with_user_and_password("all".into(), "a".into());
    let connection = everything.connect(nats.url()).await.unwrap();
    let client = botstream_api::Client::new(connection, crate::setup::CLUSTER, "default");
    let instance = Instance::start(&format!("nats://limited:b@{address}"), "n1", &[]);
    let node = instance.in_state(&client, State::Ready).await;

    let request = CallGetRequest { call_id: "c".into() };
    client.request::<_, Call>("example", "announce", &request).await.unwrap();
    eventually("the metric tells", async || {
        let text = scrape(&node).await;
        text.contains(r#"botstream_nats_events_total{kind="permission_violation"} 2"#).then_some(())
    })
    .await;
    let log = instance.log();
    assert!(log.contains("NATS refuses a subject: this user lacks the permission"), "{log}");
    assert!(log.contains("bs.v1.test.default.ev.call.created.c"), "{log}");
    assert!(!log.contains("limited:b@"), "{log}");
}
