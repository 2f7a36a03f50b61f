//! The NATS commands of the real binary, with a real nats-server.

#![allow(clippy::unwrap_used)] // Helpers beside the tests unwrap as the tests do.

use std::process::{Command, Output, Stdio};

use cluster_runner::NatsServer;
use futures_util::StreamExt;

fn iractl(server: &NatsServer) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iractl"));
    command.args(["--nats", server.url()]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it without stopping the test's own tasks.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_published_message_arrives_with_its_headers() {
    let server = NatsServer::start().await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut messages = client.subscribe("greet.*").await.unwrap();
    botstream_api::round_trip(&client).await.unwrap();

    let mut command = iractl(&server);
    command.args(["pub", "greet.world", "hello", "-H", "A: one", "-H", "B:two"]);
    assert!(output(command).await.status.success());

    let message = messages.next().await.unwrap();
    assert_eq!((message.subject.as_str(), &message.payload[..]), ("greet.world", &b"hello"[..]));
    let headers = message.headers.unwrap();
    assert_eq!(headers.get("A").unwrap().as_str(), "one");
    assert_eq!(headers.get("B").unwrap().as_str(), "two");
}

#[tokio::test]
async fn a_request_prints_the_reply_and_fails_on_a_service_error() {
    let server = NatsServer::start().await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut requests = client.subscribe("ask.*").await.unwrap();
    botstream_api::round_trip(&client).await.unwrap();
    let responder = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let mut headers = async_nats::HeaderMap::new();
            if request.subject.ends_with("bad") {
                headers.insert("Nats-Service-Error-Code", "4000");
            }
            let reply = request.reply.unwrap();
            client.publish_with_headers(reply, headers, request.payload).await.unwrap();
            client.flush().await.unwrap();
        }
    });

    let mut command = iractl(&server);
    command.args(["req", "ask.good", "{\"a\":1}"]);
    let good = output(command).await;
    assert!(good.status.success(), "{good:?}");
    assert_eq!(text(&good.stdout), "{\"a\":1}\n");

    let mut command = iractl(&server);
    command.args(["req", "ask.bad", "x"]);
    let bad = output(command).await;
    assert_eq!(bad.status.code(), Some(1));
    assert_eq!(text(&bad.stdout), "Nats-Service-Error-Code: 4000\nx\n");

    let mut command = iractl(&server);
    command.args(["req", "nobody.there", "x"]);
    let nobody = output(command).await;
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody.stderr).contains("nobody answers nobody.there"), "{nobody:?}");
    responder.abort();
}

#[tokio::test]
async fn a_subscription_ends_after_its_count() {
    let server = NatsServer::start().await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut command = iractl(&server);
    command.args(["sub", "t.>", "--count", "2"]);
    let child = tokio::task::spawn_blocking(move || command.output().unwrap());
    // Until the subscriber is there, and twice is enough, the publisher goes on.
    let publisher = tokio::spawn(async move {
        loop {
            client.publish("t.a.b", "m".into()).await.unwrap();
            client.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let ended = child.await.unwrap();
    publisher.abort();
    assert!(ended.status.success());
    assert_eq!(text(&ended.stdout), "t.a.b\nm\nt.a.b\nm\n");
}

#[test]
fn no_nats_is_one_sentence_with_what_to_do() {
    let port = cluster_runner::Port::take().unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_iractl"))
        .args(["--nats", &format!("nats://127.0.0.1:{}", port.number()), "calls"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let told = text(&ended.stderr);
    assert!(told.starts_with("iractl: no NATS at nats://127.0.0.1:"), "{told}");
    assert!(told.contains("iractl up"), "{told}");
    assert_eq!(told.trim_end().lines().count(), 1, "{told}");
}
