//! What was accepted is there for good, and in every copy.

use std::sync::Mutex;

use async_nats::jetstream;
use botstream_api::ErrorCode;
use futures_util::future::join_all;
use serde_json::json;

use crate::setup::{Bench, CLUSTER, FIRST, NEVER, OFTEN, PATIENCE, eventually, trunk};

#[tokio::test]
async fn everything_may_be_restarted() {
    let mut bench = Bench::new().await;
    let first = bench.start("t1", None);
    bench.ready("t1").await;
    let made = bench.create("trunk", &trunk("a")).await.unwrap();
    bench.create("trunk", &trunk("b")).await.unwrap();
    bench.ask("trunk.delete", json!({"name": "b"})).await.unwrap();
    first.kill().await;
    bench.restart_all().await;

    assert_eq!(bench.trunks(), [""; 0]);
    let _again = bench.start("t2", None);
    bench.ready("t2").await;
    bench.trunks_become(&["a.example:5060"]).await;
    assert_eq!(bench.ask("trunk.get", json!({"name": "a"})).await.unwrap(), made);
}

#[tokio::test]
async fn several_are_one() {
    let bench = Bench::new().await;
    let first = bench.start("t1", None);
    let second = bench.start("t2", None);
    bench.ready("t1").await;
    bench.ready("t2").await;
    // Whichever takes each: what one has accepted, the other knows.
    for n in 0..20 {
        bench.create("bot", &json!({"name": format!("b{n}"), "url": "ws://h/"})).await.unwrap();
        bench.create("route", &json!({"name": format!("r{n}"), "bot": format!("b{n}")})).await.unwrap();
        bench.create("number", &json!({"number": n.to_string(), "route": format!("r{n}")})).await.unwrap();
        let bot = bench.ask("bot.get", json!({"name": format!("b{n}")})).await.unwrap();
        let changed = json!({"name": format!("b{n}"), "url": format!("ws://h/{n}"), "revision": bot["revision"]});
        bench.ask("bot.update", changed).await.unwrap();
    }
    // Of many changes from one revision exactly one is made.
    let bot = bench.ask("bot.get", json!({"name": "b0"})).await.unwrap();
    let update = |n: usize| {
        let body = json!({"name": "b0", "url": format!("ws://changed/{n}"), "revision": bot["revision"]});
        bench.ask("bot.update", body)
    };
    let outcomes = join_all((0..10).map(update)).await;
    let refusals: Vec<_> =
        outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(|error| error.code).collect();
    assert_eq!(refusals, [ErrorCode::RevisionConflict; 9]);
    let url = outcomes.iter().find_map(|outcome| outcome.as_ref().ok()).unwrap()["url"].as_str().unwrap().to_owned();

    // Each alone says the same.
    first.kill().await;
    eventually("the other has it", async || (bench.url_of("0").as_deref() == Some(url.as_str())).then_some(())).await;
    assert_eq!(bench.ask("bot.get", json!({"name": "b0"})).await.unwrap()["url"], url);
    assert_eq!(bench.ask("number.list", json!({})).await.unwrap()["numbers"].as_array().unwrap().len(), 20);
    second.stop(PATIENCE).await.unwrap();
}

/// What a trunk-manager leaves behind that dies when it has written to JetStream and to nothing else.
#[tokio::test]
async fn what_was_kept_goes_into_force_though_who_kept_it_has_died() {
    let bench = Bench::new().await;
    let witness = bench.start("t1", None);
    bench.ready("t1").await;
    let jetstream = jetstream::new(bench.client.nats().clone());
    let bucket = jetstream.get_key_value(format!("bs_{CLUSTER}_trunks")).await.unwrap();
    let kept =
        |name: &str| json!({"name": name, "tenant": "default", "peer": format!("{name}.example:5060")}).to_string();
    bucket.create("default.=.a", kept("a").into()).await.unwrap();
    bench.trunks_become(&["a.example:5060"]).await;
    // What nobody understands is left out, and nothing else.
    bucket.create("default.=.x", "{\"pear\": 1}".into()).await.unwrap();
    bucket.create("nonsense", "?".into()).await.unwrap();
    witness.kill().await;
    bucket.create("default.=.b", kept("b").into()).await.unwrap();
    bucket.delete("default.=.a").await.unwrap();
    // The request with a key that was begun, and whose trunk was kept, is found to be done.
    let requests = jetstream.get_key_value(format!("bs_{CLUSTER}_config_requests")).await.unwrap();
    let _next = bench.start("t2", None);
    bench.ready("t2").await;
    bench.trunks_become(&["b.example:5060"]).await;
    let created = bench.create_with_key("k", &trunk("c")).await;
    let entry = requests.entry("default.trunk.create.k").await.unwrap().unwrap();
    let mut begun: serde_json::Value = serde_json::from_slice(&entry.value).unwrap();
    begun["reply"] = serde_json::Value::Null;
    requests.put("default.trunk.create.k", begun.to_string().into()).await.unwrap();
    assert_eq!(bench.create_with_key("k", &trunk("c")).await, created);
    assert_eq!(created["name"], "c");
}

#[tokio::test]
async fn killed_in_the_middle_nothing_that_was_accepted_is_lost() {
    let bench = Bench::new().await;
    let process = bench.start("t1", None);
    bench.ready("t1").await;
    bench.create("bot", &json!({"name": "b", "url": "ws://h/"})).await.unwrap();
    bench.create("route", &json!({"name": "r", "bot": "b"})).await.unwrap();
    let accepted = Mutex::new(Vec::new());
    let accepting = async {
        for n in 0.. {
            let number = n.to_string();
            if bench.create("number", &json!({"number": number, "route": "r"})).await.is_ok() {
                accepted.lock().unwrap().push(number);
            }
        }
    };
    let killing = async {
        eventually("some are in force", async || bench.url_of("20").map(drop)).await;
        process.kill().await;
    };
    tokio::select! {
        () = accepting => {}
        () = killing => {}
    }
    let accepted = accepted.into_inner().unwrap();
    assert!(accepted.len() > 20);
    let _next = bench.start("t2", None);
    bench.ready("t2").await;
    for number in accepted {
        eventually("it is in force", async || bench.url_of(&number).map(drop)).await;
    }
}

#[tokio::test]
async fn the_file_goes_before_what_was_made_and_gives_way_again() {
    let bench = Bench::new().await;
    bench.write("");
    let _process = bench.start("t1", Some(OFTEN));
    bench.ready("t1").await;
    bench.create("trunk", &trunk("a")).await.unwrap();
    bench.create("trunk", &trunk("z")).await.unwrap();
    bench.write(FIRST);
    bench.trunks_become(&["192.0.2.1:5060", "z.example:5060"]).await;
    bench.write("");
    bench.trunks_become(&["a.example:5060", "z.example:5060"]).await;
    let _other = bench.start("t2", Some(NEVER));
    bench.ready("t2").await;
    bench.trunks_become(&["a.example:5060", "z.example:5060"]).await;
}
