//! The verbs: what they do, and how they refuse.

use botstream_api::{ErrorCode, headers};
use serde_json::{Value, json};

use crate::setup::{Bench, CLUSTER, FIRST, NEVER, eventually, trunk};

async fn refused(bench: &Bench, subject: &str, body: Value) -> (ErrorCode, String) {
    let error = bench.ask(subject, body.clone()).await.expect_err(&format!("{subject} {body}"));
    (error.code, error.field.unwrap_or_default())
}

#[tokio::test]
async fn objects_are_made_changed_and_deleted_and_are_in_force_with_the_reply() {
    let bench = Bench::new().await;
    let _process = bench.start("t1", None);
    bench.ready("t1").await;
    bench.create("trunk", &trunk("a")).await.unwrap();
    let bot = bench.create("bot", &json!({"name": "agent", "url": "ws://one/"})).await.unwrap();
    bench.create("route", &json!({"name": "r", "bot": "agent"})).await.unwrap();
    let number = json!({"number": "+4930*", "trunk": "a", "route": "r"});
    bench.create("number", &number).await.unwrap();
    eventually("the number leads to the bot", async || {
        (bench.url_of("+49301") == Some("ws://one/".into())).then_some(())
    })
    .await;
    assert_eq!((bot["name"].as_str(), bot["tenant"].as_str()), (Some("agent"), Some("default")));

    // Both ways to write a 64-bit number in JSON are taken.
    let revision: u64 = bot["revision"].as_str().unwrap().parse().unwrap();
    let changed = json!({"name": "agent", "url": "ws://two/", "revision": revision});
    let bot = bench.ask("bot.update", changed.clone()).await.unwrap();
    eventually("the bot is another", async || (bench.url_of("+49301") == Some("ws://two/".into())).then_some(())).await;
    assert_eq!(refused(&bench, "bot.update", changed).await, (ErrorCode::RevisionConflict, "revision".into()));
    assert_eq!(bench.ask("bot.get", json!({"name": "agent"})).await.unwrap(), bot);

    // What is used stays.
    for (noun, name) in [("bot", "agent"), ("route", "r"), ("trunk", "a")] {
        let answer = refused(&bench, &format!("{noun}.delete"), json!({"name": name})).await;
        assert_eq!(answer, (ErrorCode::WrongState, "name".into()), "{noun}");
    }
    let old = json!({"number": "+4930*", "trunk": "a", "revision": 1_000_000});
    assert_eq!(refused(&bench, "number.delete", old).await.0, ErrorCode::RevisionConflict);
    for (noun, body) in [
        ("number", json!({"number": "+4930*", "trunk": "a"})),
        ("route", json!({"name": "r"})),
        ("bot", json!({"name": "agent", "revision": bot["revision"]})),
        ("trunk", json!({"name": "a"})),
    ] {
        bench.ask(&format!("{noun}.delete"), body).await.unwrap();
    }
    eventually("nothing is left", async || {
        (bench.url_of("+49301").is_none() && bench.trunks().is_empty()).then_some(())
    })
    .await;
    // And can be made again.
    bench.create("trunk", &trunk("a")).await.unwrap();
    bench.trunks_become(&["a.example:5060"]).await;
}

#[tokio::test]
async fn refusals_name_the_error_and_the_field() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let _process = bench.start("t1", Some(NEVER));
    bench.ready("t1").await;
    bench
        .create("trunk", &json!({"name": "n", "addresses": ["10.0.0.0/8"], "peer": "h:1", "default": true}))
        .await
        .unwrap();
    let invalid = |field: &str| (ErrorCode::InvalidArgument, field.to_owned());
    for (subject, body, expected) in [
        ("trunk.create", json!({"name": "b", "pear": "h:1"}), (ErrorCode::UnknownField, "pear".to_owned())),
        (
            "bot.create",
            json!({"name": "b", "url": "ws://h/", "auth": {"bearer": "x"}}),
            (ErrorCode::UnknownField, "auth".to_owned()),
        ),
        ("trunk.create", json!({"name": "b c", "peer": "h:1"}), invalid("name")),
        ("trunk.create", json!({"name": "b", "peer": "h"}), invalid("peer")),
        ("trunk.create", json!({"name": "b", "peer": "h:1", "default": true}), invalid("default")),
        ("trunk.create", json!({"name": "b", "addresses": ["10.1.2.3/8"]}), invalid("addresses")),
        ("trunk.create", json!({"name": "b", "addresses": ["10.0.0.0/99"]}), invalid("addresses")),
        ("trunk.create", json!({"name": "b", "peer": "h:1", "codecs": ["pcmu", "pcmu"]}), invalid("codecs")),
        ("trunk.create", json!({"name": "n", "peer": "h:1"}), (ErrorCode::RevisionConflict, "name".to_owned())),
        (
            "trunk.create",
            json!({"name": "b", "peer": "h:1", "tenant": "acme"}),
            (ErrorCode::Forbidden, "tenant".to_owned()),
        ),
        ("trunk.update", json!({"name": "n", "peer": "h:1"}), invalid("revision")),
        (
            "trunk.update",
            json!({"name": "x", "peer": "h:1", "revision": 3}),
            (ErrorCode::TrunkNotFound, "name".to_owned()),
        ),
        ("trunk.get", json!({"name": "x"}), (ErrorCode::TrunkNotFound, "name".to_owned())),
        ("trunk.list", json!({"cursor": "..."}), invalid("cursor")),
        // The file's.
        ("trunk.create", json!({"name": "a", "peer": "h:1"}), (ErrorCode::WrongState, "name".to_owned())),
        (
            "trunk.update",
            json!({"name": "a", "peer": "h:1", "revision": 3}),
            (ErrorCode::WrongState, "name".to_owned()),
        ),
        ("number.delete", json!({"number": "*"}), (ErrorCode::WrongState, "number".to_owned())),
        ("bot.create", json!({"name": "b", "url": "http://h/"}), (ErrorCode::BadUrl, "url".to_owned())),
        (
            "bot.create",
            json!({"name": "b", "url": "ws://h/", "format": {"rate": 44100}}),
            (ErrorCode::UnsupportedFormat, "format.rate".to_owned()),
        ),
        ("bot.get", json!({"name": "x"}), (ErrorCode::NotFound, "name".to_owned())),
        ("route.create", json!({"name": "b"}), invalid("bot")),
        ("route.create", json!({"name": "b", "bot": "x"}), (ErrorCode::NotFound, "bot".to_owned())),
        ("route.create", json!({"name": "b", "stream": {"url": "x"}}), (ErrorCode::BadUrl, "stream.url".to_owned())),
        ("route.delete", json!({"name": "x"}), (ErrorCode::RouteNotFound, "name".to_owned())),
        ("number.create", json!({"number": "1*2", "route": "r"}), (ErrorCode::BadNumber, "number".to_owned())),
        ("number.create", json!({"number": "1", "route": "x"}), (ErrorCode::RouteNotFound, "route".to_owned())),
        (
            "number.create",
            json!({"number": "1", "route": "r", "trunk": "x"}),
            (ErrorCode::TrunkNotFound, "trunk".to_owned()),
        ),
    ] {
        assert_eq!(refused(&bench, subject, body.clone()).await, expected, "{subject} {body}");
    }
    let unknown = bench.create("trunk", &json!({"name": "b", "pear": "h:1"})).await.unwrap_err();
    assert!(unknown.message.contains(r#"did you mean "peer"?"#), "{}", unknown.message);
    // The file's objects are shown beside the others, and can be named by them.
    assert_eq!(bench.ask("trunk.get", json!({"name": "a"})).await.unwrap()["peer"], "192.0.2.1:5060");
    bench.create("number", &json!({"number": "+1", "trunk": "a", "route": "r"})).await.unwrap();
}

#[tokio::test]
async fn lists_come_in_pages_that_hold_each_object_once() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let _process = bench.start("t1", Some(NEVER));
    bench.ready("t1").await;
    for n in 0..25 {
        bench.create("number", &json!({"number": format!("+1{n:02}"), "route": "r"})).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), json!(""));
    loop {
        let page = bench.ask("number.list", json!({"limit": 10, "cursor": cursor})).await.unwrap();
        seen.extend(
            page["numbers"].as_array().unwrap().iter().map(|number| number["number"].as_str().unwrap().to_owned()),
        );
        match page.get("cursor") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    let mut expected = vec!["*".to_owned()];
    expected.extend((0..25).map(|n| format!("+1{n:02}")));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_request_with_a_key_is_carried_out_once_by_whichever_gets_it() {
    let bench = Bench::new().await;
    let first = bench.start("t1", None);
    bench.ready("t1").await;
    let client = bench.client.clone().with_header(headers::IDEMPOTENCY_KEY, "order 1");
    let subject = botstream_api::subjects::request(CLUSTER, "default", "trunk", "create");
    let send = async |body: Value| {
        let mut map = async_nats::HeaderMap::new();
        map.insert(headers::IDEMPOTENCY_KEY, "order 1");
        let reply = client.nats().request_with_headers(subject.clone(), map, body.to_string().into()).await.unwrap();
        let is_replayed = reply.headers.is_some_and(|map| map.get(headers::REPLAYED).is_some());
        (serde_json::from_slice::<Value>(&reply.payload).unwrap(), is_replayed)
    };
    let (made, is_replayed) = send(trunk("a")).await;
    assert!(!is_replayed, "{made}");
    // Another one answers with the same reply.
    let _second = bench.start("t2", None);
    bench.ready("t2").await;
    first.kill().await;
    assert_eq!(send(trunk("a")).await, (made, true));
    assert_eq!(send(trunk("b")).await.0["name"], "IDEMPOTENCY_CONFLICT");
    // A refused request leaves the key free.
    let refused = bench.ask("trunk.get", json!({"name": "b"})).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TrunkNotFound);
}
