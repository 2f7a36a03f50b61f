//! What an operator sees: `$SRV`, `/metrics`, `node.*`.

use botstream_api::node::State;
use botstream_api::{CallGetRequest, ErrorCode, Node, NodeListRequest};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::setup::{CLUSTER, Instance, eventually, ready};

async fn echo(client: &botstream_api::Client, body: &'static str) {
    let subject = format!("bs.v1.{CLUSTER}.default.example.echo");
    client.nats().request(subject, body.into()).await.unwrap();
}

#[tokio::test]
async fn the_services_api_tells_who_and_how_often() {
    let (_nats, client, _instance, node) = ready().await;
    let ask = async |subject: String| -> Value {
        let reply = client.nats().request(subject, "".into()).await.unwrap();
        serde_json::from_slice(&reply.payload).unwrap()
    };
    let ping = ask("$SRV.PING".into()).await;
    assert_eq!(ping["type"], "io.nats.micro.v1.ping_response");
    let info = ask("$SRV.INFO.echo-service".into()).await;
    assert_eq!(info["name"], "echo-service");
    assert_eq!(info["id"], node.instance_id);
    assert_eq!(info["metadata"]["cluster"], CLUSTER);
    assert_eq!(info["metadata"]["node"], "n1");
    assert_eq!(info["metadata"]["zone"], "z1");
    let endpoints = info["endpoints"].as_array().unwrap();
    let subjects: Vec<_> = endpoints.iter().map(|e| e["subject"].as_str().unwrap()).collect();
    assert!(subjects.contains(&"bs.v1.test.*.example.echo"), "{subjects:?}");
    assert!(subjects.contains(&"bs.v1.test.*.at.n1.node.drain"), "{subjects:?}");

    echo(&client, r#"{"call_id":"c"}"#).await;
    echo(&client, r#"{"cal_id":"c"}"#).await;
    // The reply goes out before it is counted.
    let stats = eventually("both requests are counted", async || {
        let stats = ask(format!("$SRV.STATS.echo-service.{}", node.instance_id)).await;
        let endpoints = stats["endpoints"].as_array().unwrap();
        let echo = endpoints.iter().find(|e| e["name"] == "example-echo").unwrap();
        (echo["num_requests"] == 2).then(|| echo.clone())
    })
    .await;
    assert_eq!(stats["num_errors"], 1);
    assert!(stats["last_error"].as_str().unwrap().starts_with("4001:UNKNOWN_FIELD"));
    assert!(stats["processing_time"].as_u64().unwrap() > 0);
    assert_eq!(stats["data"]["load"], 0.5);
}

pub(crate) async fn scrape(node: &Node) -> String {
    let mut stream = TcpStream::connect(&node.admin_addr).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn metrics_can_be_scraped() {
    let (_nats, client, _instance, node) = ready().await;
    echo(&client, r#"{"call_id":"c"}"#).await;
    let counted = r#"botstream_requests_total{verb="example.echo",outcome="OK"} 1"#;
    let text = eventually("the request is counted", async || {
        let text = scrape(&node).await;
        text.contains(counted).then_some(text)
    })
    .await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains("application/openmetrics-text"), "{text}");
    assert!(text.contains("\nbotstream_nats_connected 1\n"), "{text}");
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
}

#[tokio::test]
async fn instances_know_each_other() {
    let (nats, client, first, _) = ready().await;
    let second = Instance::start(nats.url(), "n2", &[]);
    second.in_state(&client, State::Ready).await;
    let all = NodeListRequest { service: "echo-service".into(), ..Default::default() };
    let nodes = async || -> Vec<String> {
        let reply = client.list_nodes(all.clone()).await.unwrap();
        reply.nodes.into_iter().map(|node| node.node).collect()
    };
    // Whichever answers.
    eventually("both see both", async || (nodes().await == ["n1", "n2"]).then_some(())).await;

    // An order may be given to anybody.
    let order = botstream_api::NodeDrainRequest { node: "n2".into() };
    eventually("the drain is ordered", async || {
        let node: Node = client.request("node", "drain", &order).await.ok()?;
        (node.state() == State::Draining).then_some(())
    })
    .await;
    assert!(second.ended().await.success(), "{}", second.log());
    eventually("the second one is gone", async || (nodes().await == ["n1"]).then_some(())).await;
    let error = client.get_node("n2").await.unwrap_err();
    assert_eq!(error.service().unwrap().code, ErrorCode::NotFound);
    assert_eq!(first.process.exit_status(), None);
}

#[tokio::test]
async fn clusters_do_not_see_each_other() {
    let (_nats, client, _instance, _) = ready().await;
    let other = botstream_api::Client::new(client.nats().clone(), "other", "default");
    let request = CallGetRequest::default();
    let error = other.request::<_, botstream_api::Call>("example", "echo", &request).await.unwrap_err();
    assert!(matches!(error, botstream_api::ClientError::NoResponders { .. }), "{error}");
}
