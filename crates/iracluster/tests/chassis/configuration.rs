use std::process::{Command, Output};

use botstream_api::node::State;
use cluster_runner::{KeySet, NatsServer};

use crate::setup::{Instance, client, eventually, program};

fn output(args: &[&str]) -> Output {
    Command::new(program()).args(args).output().unwrap()
}

#[test]
fn a_bad_configuration_ends_with_64_and_one_sentence() {
    let cases = [
        (["--log-format=yaml"], r#"echo-service: log-format = "yaml" is not allowed; use one of text, json"#),
        (["--work-max=11"], r#"echo-service: work-max = "11" is not allowed: 11 is not in 1..=10"#),
        (
            ["--nats-creds=/does/not/exist"],
            r#"echo-service: nats-creds = "/does/not/exist" cannot be read: No such file or directory (os error 2)"#,
        ),
    ];
    for (args, sentence) in cases {
        let output = output(&args);
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().last(), Some(sentence), "{args:?}: {text}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_configuration_can_be_printed() {
    let output = output(&["--print-config", "--work-max=7"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("work-max = 7  # --work-max\n"), "{text}");
}

fn refused(args: &[&str]) -> String {
    let output = output(args);
    assert_eq!(output.status.code(), Some(64), "{args:?}");
    String::from_utf8(output.stderr).unwrap().lines().last().unwrap().to_owned()
}

#[tokio::test]
async fn without_its_keys_it_does_not_start() {
    let keys = KeySet::for_tests().await.unwrap();
    let missing = refused(&[]);
    assert!(
        missing.starts_with("echo-service: keys-dir is missing: give --keys-dir, BOTSTREAM_KEYS_DIR, or "),
        "{missing}"
    );
    assert!(missing.contains("`iractl keys new`") && missing.contains("--no-keys"), "{missing}");

    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().to_str().unwrap();
    let none = refused(&["--keys-dir", place]);
    let expected =
        format!("echo-service: keys-dir = {place}: {place}: there is no cluster.write.pem and no cluster.read.pem");
    assert_eq!(none, expected);

    let operator = keys.directory("operator");
    for name in ["cluster.read.pem", "cluster.write.pub.pem"] {
        std::fs::copy(operator.join(name), directory.path().join(name)).unwrap();
    }
    let expected = format!(
        "echo-service: keys-dir = {place}: echo-service writes the database cluster and needs cluster.write.pem; there are only \
         the files of who reads it"
    );
    assert_eq!(refused(&["--keys-dir", place]), expected);

    std::fs::write(directory.path().join("cluster.write.pem"), "no key").unwrap();
    let broken = refused(&["--keys-dir", place]);
    assert!(broken.contains("cluster.write.pem: expected a private RSA key"), "{broken}");
    assert!(refused(&["--keys-dir", place, "--no-keys"]).contains("--no-keys"));
}

async fn metrics(address: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn with_keys_it_is_seen_by_who_has_them_and_garbage_is_counted() {
    let (nats, keys) = (NatsServer::start().await.unwrap(), KeySet::for_tests().await.unwrap());
    let client = client(&nats).await;
    let directory = |holder: &str| keys.directory(holder).to_str().unwrap().to_owned();
    let (ours, theirs) = (directory("dialer"), directory("botproxy"));
    let one = Instance::start(nats.url(), "one", &[("--keys-dir", &ours)]);
    let two = Instance::start(nats.url(), "two", &[("--keys-dir", &theirs)]);
    let stranger = Instance::start(nats.url(), "stranger", &[]);
    let node = one.in_state(&client, State::Ready).await;
    two.in_state(&client, State::Ready).await;
    let seen_at = async |node: &str| {
        let request = botstream_api::NodeListRequest::default();
        let list: Result<botstream_api::NodeListReply, _> = client.request_at(node, "node", "list", &request).await;
        list.map(|list| list.nodes.into_iter().map(|node| node.node).collect::<Vec<_>>()).unwrap_or_default()
    };
    eventually("they see each other", async || (seen_at("one").await == ["one", "two"]).then_some(())).await;
    eventually("and a stranger nobody", async || (seen_at("stranger").await == ["stranger"]).then_some(())).await;
    assert!(stranger.log().contains("no keys: whoever can use NATS reads and writes the shared databases"));

    // The subject of the database, as anybody sees it who may read all of NATS.
    let mut traffic = client.nats().subscribe(format!("ira.v1.{}.r.>", crate::setup::CLUSTER)).await.unwrap();
    use futures_util::StreamExt;
    const GARBAGE: &[u8] = b"garbage";
    let mut said = 0;
    while said < 8 {
        let message = traffic.next().await.unwrap();
        // What was published here comes back, too.
        if &*message.payload != GARBAGE {
            client.nats().publish(message.subject, bytes::Bytes::from_static(GARBAGE)).await.unwrap();
            said += 1;
        }
    }
    eventually("it is counted", async || {
        let text = metrics(&node.admin_addr).await;
        let counted = text
            .lines()
            .any(|line| line.starts_with("botstream_db_refused_total{database=\"cluster\"") && !line.ends_with(" 0"));
        (counted && text.contains("botstream_db_members{database=\"cluster\"} 2")).then_some(())
    })
    .await;
}
