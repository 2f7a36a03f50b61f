//! The command-line tool against a real cluster: what it prints for programs, and how it ends.

use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use botstream_state::rights::OPERATOR;
use cluster_runner::{Cluster, KeySet, WorkDir, service_binary};
use integration_tests::config::Telephony;
use integration_tests::world::{LIMIT, World, incoming, phone};
use serde_json::Value;
use testphone::Script;
use testphone::bot::{BotConfig, EchoBot};
use tokio::process::Command;

async fn iractl(world: &World, arguments: &[&str]) -> anyhow::Result<Output> {
    let output = Command::new(service_binary("iractl")?)
        .args(["--nats", world.cluster.nats_url()])
        .arg("--keys-dir")
        .arg(world.cluster.keys().directory(OPERATOR))
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    Ok(tokio::time::timeout(LIMIT, output).await.with_context(|| format!("iractl {arguments:?} does not end"))??)
}

/// Lines of JSON that a command prints.
fn lines(output: &Output) -> anyhow::Result<Vec<Value>> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

async fn rows(world: &World, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
    let output = iractl(world, arguments).await?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_placed_followed_and_seen_by_the_other_commands() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, EchoBot::bind(BotConfig::default()).await?);
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let world = World::start(Cluster::builder().switches(2), &telephony).await?;

    let bot_url = bot.url();
    let arguments = ["call", "+14155550111", "--bot", &bot_url, "--format", "mulaw", "--json"];
    let calling = iractl(&world, &arguments);
    let talking = async {
        let mut call = incoming(&phone).await?.answer(Duration::from_millis(100), Script::default()).await?;
        call.answered().await?;
        // What the others show while it is up.
        let calls = rows(&world, &["calls", "--json"]).await?;
        let nodes = rows(&world, &["nodes", "--json"]).await?;
        let sql = "SELECT sum(calls) AS calls, count(*) AS switches FROM switches";
        let load = rows(&world, &["sql", "load", sql, "--json"]).await?;
        call.hangup().await?;
        anyhow::Ok((calls, nodes, load))
    };
    let (called, seen) = tokio::join!(calling, talking);
    let (called, (calls, nodes, load)) = (called?, seen?);

    ensure!(called.status.success(), "{}", String::from_utf8_lossy(&called.stderr));
    let events = lines(&called)?;
    let has = |field: &str| events.iter().any(|event| event.get(field).is_some());
    for field in ["call_created", "call_ringing", "call_answered", "stream_started", "call_ended"] {
        assert!(has(field), "{field} is missing: {events:?}");
    }
    assert!(events.last().is_some_and(|event| event.get("call_ended").is_some()));

    assert_eq!(calls.len(), 1, "{calls:?}");
    let call = calls.first().context("a call")?;
    assert_eq!((&call["state"], &call["direction"]), (&"answered".into(), &"outbound".into()));
    assert_eq!(call["call_id"], events.first().context("an event")?["call_id"]);
    let services: Vec<_> = nodes.iter().filter_map(|node| node["service"].as_str()).collect();
    assert_eq!(services, ["botproxy", "dialer", "media-switch", "media-switch", "trunk-manager"]);
    assert!(nodes.iter().all(|node| node["state"] == "ready"), "{nodes:?}");
    assert_eq!(load, [serde_json::json!({"calls": 1, "switches": 2})]);
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_a_sentence_and_exit_code_1() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, EchoBot::bind(BotConfig::default()).await?);
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let world = World::start(Cluster::builder(), &telephony).await?;

    let bot_url = bot.url();
    let declined = ["call", "+14155550111", "--bot", &bot_url];
    let (declined, rejected) = tokio::join!(iractl(&world, &declined), async {
        incoming(&phone).await?.reject(486).await;
        anyhow::Ok(())
    });
    rejected?;
    let cases = [
        (declined?, "BUSY"),
        (iractl(&world, &["call", "+1", "--trunk", "nowhere", "--bot", &bot_url]).await?, "nowhere"),
        (iractl(&world, &["sql", "loads", "SELECT 1"]).await?, "there is no database \"loads\""),
        (iractl(&world, &["sql", "secrets", "SELECT 1"]).await?, "no keys of the database secrets"),
        (iractl(&world, &["sql", "load", "SELEC 1"]).await?, "syntax error"),
        (iractl(&world, &["sql", "load", "DELETE FROM switches"]).await?, "the query failed"),
        (iractl(&world, &["--cluster", "other", "call", "+1", "--bot", &bot_url]).await?, "nobody answers"),
    ];
    for (output, wanted) in cases {
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.starts_with("iractl: ") && told.contains(wanted), "{wanted:?} is not in {told:?}");
        assert_eq!(told.trim_end().lines().count(), 1, "{told}");
    }
    // The query that must not write has not.
    let left = rows(&world, &["sql", "load", "SELECT node FROM switches", "--json"]).await?;
    assert_eq!(left.len(), 1);
    world.stop().await
}

/// What an application does through an iratdbot, from a shell.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_opened_used_watched_and_closed() -> anyhow::Result<()> {
    let (keys, set) = (WorkDir::temporary()?, KeySet::for_tests().await?);
    for entry in std::fs::read_dir(set.directory("iratdbot"))? {
        let entry = entry?;
        std::fs::copy(entry.path(), keys.path().join(entry.file_name()))?;
    }
    let place = keys.path().display().to_string();
    let making = Command::new(service_binary("iractl")?).args(["keys", "new", &place, "--database", "shop"]).output();
    ensure!(tokio::time::timeout(LIMIT, making).await??.status.success(), "no keys");
    let builder = Cluster::builder().iratdbots(2).flag("iratdbot", "--keys-dir", place);
    let world = World::start(builder, &Telephony::new()).await?;

    let run = async |arguments: &[&str]| {
        let output = iractl(&world, &[&["db"], arguments].concat()).await?;
        let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{arguments:?}: {error}");
        anyhow::Ok(said.trim().to_owned())
    };
    let schema = "CREATE TABLE carts (id TEXT NOT NULL PRIMARY KEY, items INTEGER NOT NULL)";
    let open = ["open", "shop", "--schema", schema, "--counter", "carts.items", "--schema-version", "2"];
    let (one, two) = (run(&open).await?, run(&open).await?);
    // It waits for both rows: the one that is there, and the one that comes.
    let watch = ["watch", &two, "carts", "--count", "1"];
    let watching = run(&watch);
    let writing = async {
        let insert = "INSERT INTO carts VALUES (?, ?)";
        let reply = run(&["exec", &one, insert, "c1", "3", "--replicas", "1"]).await?;
        let reply: Value = serde_json::from_str(&reply)?;
        assert_eq!((&reply["changes"], &reply["rows_changed"]), (&1.into(), &1.into()));
        // The watch may have begun after that one.
        loop {
            if let Err(error) = run(&["exec", &one, "UPDATE carts SET items = items + 1"]).await {
                break Err(error);
            }
        }
    };
    let watched = tokio::select! {
        watched = watching => watched?,
        failed = writing => failed?,
    };
    assert!(watched.lines().any(|line| line.contains("\"op\"")), "{watched}");

    let rows: Value = serde_json::from_str(&run(&["query", &one, "SELECT id, items FROM carts", "--json"]).await?)?;
    assert_eq!(rows[0]["id"], "c1");
    let csv = run(&["query", &one, "SELECT id FROM carts", "--csv"]).await?;
    assert_eq!(csv.lines().collect::<Vec<_>>(), ["id", "c1"]);
    let stats: Value = serde_json::from_str(&run(&["stats", &one]).await?)?;
    assert_eq!((&stats["db"], stats["members"].as_array().map(Vec::len)), (&"shop".into(), Some(2)));
    assert!(run(&["digest", &one]).await?.contains("carts"));
    // A handle begins with the node that has it.
    let node = one.rsplit_once('-').context("no handle")?.0;
    assert!(run(&["list", "--at", node]).await?.contains("shop"));
    run(&["ping", &one]).await?;
    run(&["close", &one]).await?;
    let gone = iractl(&world, &["db", "query", &one, "SELECT 1"]).await?;
    assert!(!gone.status.success() && String::from_utf8_lossy(&gone.stderr).contains("handle"));
    run(&["close", &two]).await?;
    // Another version of the schema is another database to who has it.
    let third = run(&["open", "shop", "--schema", schema]).await?;
    run(&["close", &third]).await?;
    world.stop().await
}
