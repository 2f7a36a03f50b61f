//! Telephony that is made while everything runs: it takes real calls at once, and none when it is deleted.

use std::process::{Output, Stdio};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use botstream_api::{Bot as BotObject, Number, NumberDeleteReply, NumberDeleteRequest, Route, Trunk};
use cluster_runner::{Cluster, service_binary};
use integration_tests::bot::Bot;
use integration_tests::config::Telephony;
use integration_tests::world::{LIMIT, World, over, phone};
use testphone::{End, Endpoint, Script};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const NUMBER: &str = "+493012345";

/// Calls until `wanted` says that this is how calls go now: the proxy's and the switch's copies follow within a moment.
async fn calls_become(
    world: &World,
    phone: &Endpoint,
    what: &str,
    wanted: impl Fn(&Result<(), testphone::Error>) -> bool,
) -> anyhow::Result<testphone::Call> {
    let begin = Instant::now();
    loop {
        let mut call = world.call(phone, NUMBER, Script::default()).await?;
        let answered = call.answered().await;
        if wanted(&answered) {
            return Ok(call);
        }
        ensure!(begin.elapsed() < LIMIT, "{what}: {answered:?}");
    }
}

fn is_refused(answered: &Result<(), testphone::Error>) -> bool {
    matches!(answered, Err(testphone::Error::NotAnswered(End::NotAnswered { status: 403 | 404, .. })))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_over_nats_takes_calls_and_what_is_deleted_takes_none() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, Bot::listen().await?);
    let world = World::start(Cluster::builder(), &Telephony::new()).await?;
    drop(calls_become(&world, &phone, "a stranger's call is refused", is_refused).await?);

    let client = world.client();
    let trunk = Trunk {
        name: "carrier".into(),
        addresses: vec!["127.0.0.1".into()],
        peer: phone.addr(testphone::Transport::Udp).to_string(),
        ..Trunk::default()
    };
    let _: Trunk = client.request("trunk", "create", &trunk).await?;
    let agent = BotObject { name: "agent".into(), url: bot.url(), ..BotObject::default() };
    let _: BotObject = client.request("bot", "create", &agent).await?;
    let route = Route { name: "sales".into(), bot: "agent".into(), ..Route::default() };
    let _: Route = client.request("route", "create", &route).await?;
    let number = Number { number: NUMBER.into(), route: "sales".into(), ..Number::default() };
    let _: Number = client.request("number", "create", &number).await?;

    let answering = calls_become(&world, &phone, "a call is answered", Result::is_ok);
    let (call, stream) = tokio::join!(answering, bot.next_call());
    let (call, stream) = (call?, stream?);
    assert_eq!(stream.start().call.to, NUMBER);

    let request = NumberDeleteRequest { number: NUMBER.into(), ..NumberDeleteRequest::default() };
    let _: NumberDeleteReply = client.request("number", "delete", &request).await?;
    let refused = calls_become(&world, &phone, "a call to a deleted number is refused", is_refused).await?;
    drop(over(refused).await?);
    // The call that is up is not touched.
    assert_eq!(call.hangup().await?.end, End::LocalHangup);
    drop(stream.to_end().await?);
    world.stop().await
}

/// Runs `iractl` with a text for its standard input.
async fn iractl(cluster: &Cluster, arguments: &[&str], input: &str) -> anyhow::Result<Output> {
    let mut command = Command::new(service_binary("iractl")?);
    command.args(["--nats", cluster.nats_url()]).args(arguments).kill_on_drop(true);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("iractl")?;
    let mut stdin = child.stdin.take().context("its input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = tokio::time::timeout(LIMIT, child.wait_with_output()).await;
    Ok(output.with_context(|| format!("iractl {arguments:?} does not end"))??)
}

async fn told(cluster: &Cluster, arguments: &[&str], input: &str, code: i32) -> anyhow::Result<String> {
    let output = iractl(cluster, arguments, input).await?;
    let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    if output.status.code() != Some(code) {
        bail!("iractl {arguments:?} ended with {}: {out}{err}", output.status);
    }
    Ok(if code == 0 { out } else { format!("{out}{err}") })
}

const YAML: &str = r#"
trunks:
  - name: carrier
    peer: sip.carrier.example:5060
    codecs: [pcma, pcmu]
numbers:
  - number: "+4930*"
    route: sales
routes:
  - name: sales
    bot: agent
    vars: { team: "7" }
bots:
  - name: agent
    url: wss://bots.example/agent
"#;

#[tokio::test(flavor = "multi_thread")]
async fn yaml_goes_in_and_comes_out() -> anyhow::Result<()> {
    let cluster = Cluster::builder().config("bots = [{ name = \"declared\", url = \"ws://h/\" }]").start().await?;
    let difference = told(&cluster, &["diff", "-f", "-"], YAML, 1).await?;
    for line in ["+ trunk carrier", "+ number +4930*", "+ route sales", "+ bot agent", "iractl: 4 differences"] {
        ensure!(difference.lines().any(|told| told == line), "{line:?} is missing in {difference}");
    }
    let applied = told(&cluster, &["apply", "-f", "-"], YAML, 0).await?;
    assert_eq!(applied, "+ bot agent\n+ route sales\n+ trunk carrier\n+ number +4930*\n");
    assert_eq!(told(&cluster, &["diff", "-f", "-"], YAML, 0).await?, "");
    let shown: serde_json::Value = serde_json::from_str(&told(&cluster, &["number", "get", "+4930*"], "", 0).await?)?;
    assert_eq!((&shown["route"], &shown["tenant"]), (&"sales".into(), &"default".into()));
    let listed = told(&cluster, &["bot", "list"], "", 0).await?;
    ensure!(listed.contains("agent") && listed.contains("declared"), "{listed}");

    // What comes out goes in again, and changes nothing.
    let exported = told(&cluster, &["export"], "", 0).await?;
    assert_eq!(told(&cluster, &["diff", "-f", "-", "--prune"], &exported, 0).await?, "");
    let changed = exported.replace("bots.example", "bots2.example");
    let difference = told(&cluster, &["diff", "-f", "-"], &changed, 1).await?;
    ensure!(difference.contains("~ bot agent") && difference.contains("iractl: 1 difference"), "{difference}");
    told(&cluster, &["apply", "-f", "-"], &changed, 0).await?;
    let refused = told(&cluster, &["apply", "-f", "-"], "routes: [{ name: x, bot: nobody }]", 1).await?;
    ensure!(refused.contains(r#"bot = "nobody": there is no such bot"#), "{refused}");

    let pruned = told(&cluster, &["apply", "-f", "-", "--prune"], "", 0).await?;
    assert_eq!(pruned, "- number +4930*\n- trunk carrier\n- route sales\n- bot agent\n");
    let left = told(&cluster, &["bot", "list", "--json"], "", 0).await?;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&left)?[0]["name"], "declared");
    Ok(cluster.stop().await?)
}
