//! A switch dies with calls on it: within the lease nothing of it is left anywhere, and calls go on elsewhere.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use botstream_api::{CallListRequest, NodeListRequest};
use botstream_state::{calls, cluster, load};
use cluster_runner::Cluster;
use integration_tests::config::{Format, Telephony};
use integration_tests::live;
use integration_tests::raw::RawCaller;
use integration_tests::record::record;
use integration_tests::world::{LIMIT, World, dial, incoming, phone};
use iratdb::IraTdb;
use testphone::bot::{BotConfig, EchoBot};
use testphone::{Call, Endpoint, Play, Script};
use tokio::net::UdpSocket;

/// On the switch that is killed, and as many on the other.
const CALLS: usize = 20;
/// What the shared databases promise (`Options::lease`).
const LEASE: Duration = Duration::from_secs(2);
/// A busy machine may be late in looking and in telling.
const LATE_MAX: Duration = Duration::from_secs(2);

async fn answered_call(world: &World, phone: &Endpoint) -> anyhow::Result<(Call, String)> {
    let tone = Play::Tone { frequency_hz: 440.0, dbfs: -12.0 };
    let mut call = world.call(phone, "+14155550100", Script::playing(tone)).await?;
    tokio::time::timeout(LIMIT, call.answered()).await.context("no answer")??;
    let call_id = world.call_id(call.sip_call_id()).await?;
    let node = call_id.parse::<botstream_api::CallId>()?.node().to_owned();
    Ok((call, node))
}

/// How many rows of a node a copy of each database holds.
fn rows_of(node: &str, [calls, load, cluster]: [&IraTdb; 3]) -> anyhow::Result<u32> {
    let of_calls = calls.read(|connection| calls::count_on(connection, node))?;
    let of_load = load.read(|connection| {
        connection.query_row("SELECT count(*) FROM switches WHERE node = ?1", [node], |row| row.get::<_, u32>(0))
    })?;
    let of_cluster = cluster.read(|connection| {
        connection.query_row("SELECT count(*) FROM instances WHERE node = ?1", [node], |row| row.get::<_, u32>(0))
    })?;
    Ok(of_calls + of_load + of_cluster)
}

/// Asks services of the cluster, which answer from their own copies.
async fn services_know(world: &World, node: &str) -> anyhow::Result<bool> {
    // More often than there are services: every one of them has its turn.
    for _ in 0..12 {
        let filter = CallListRequest { node: node.to_owned(), ..Default::default() };
        if !world.client().list_calls(filter).await?.calls.is_empty() {
            return Ok(true);
        }
        let nodes = world.client().list_nodes(NodeListRequest::default()).await?.nodes;
        if nodes.iter().any(|instance| instance.node == node) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_killed_switch_and_calls_go_on() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, EchoBot::bind(BotConfig::default()).await?);
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::L16,
    );
    let world = World::start(Cluster::builder().switches(2), &telephony).await?;
    let databases = (
        live::open(&world.cluster, calls::options()).await?,
        live::open(&world.cluster, load::options()).await?,
        live::open(&world.cluster, cluster::options()).await?,
    );
    let copies = [&databases.0, &databases.1, &databases.2];

    let (mut doomed, mut safe) = (Vec::new(), Vec::new());
    let victim = world.cluster.service("media-switch", 0);
    while doomed.len() < CALLS {
        let (call, node) = answered_call(&world, &phone).await?;
        if node == victim.node() {
            doomed.push(call)
        } else {
            safe.push(call)
        }
        ensure!(safe.len() <= CALLS + 2, "calls all go to the other switch");
    }
    live::until("the rows of its calls are here", || Ok(rows_of(victim.node(), copies)? == CALLS as u32 + 2)).await?;

    victim.kill9().await;
    let killed = Instant::now();
    live::until("no row of it is left", || Ok(rows_of(victim.node(), copies)? == 0)).await?;
    let took = killed.elapsed();
    record("switch_killed_rows_gone", took.as_secs_f64() * 1_000.0, "ms (lease 2000)")?;
    assert!(took <= LEASE + LATE_MAX, "rows were there for {took:?}");
    let services_forget = async {
        while services_know(&world, victim.node()).await? {}
        anyhow::Ok(())
    };
    tokio::time::timeout(LATE_MAX, services_forget).await.context("a service still has rows of it")??;

    // New calls, in and out, are answered by the other switch.
    for _ in 0..5 {
        let (call, node) = answered_call(&world, &phone).await?;
        assert_ne!(node, victim.node());
        call.hangup().await?;
        let reply = world.client().dial(dial("+14155550111", &bot.url(), Format::L16)).await?;
        assert_ne!(reply.node, victim.node());
        let mut call = incoming(&phone).await?.answer(Duration::ZERO, Script::default()).await?;
        call.answered().await?;
        call.hangup().await?;
    }

    // Who hangs up on a call that has died with its switch gets an answer, and those on the other switch talk on.
    let hangups = futures_util::future::join_all(doomed.into_iter().map(Call::hangup));
    for outcome in tokio::time::timeout(2 * LIMIT, hangups).await.context("a hang-up gets no answer")? {
        outcome?;
    }
    for call in safe {
        let outcome = call.hangup().await?;
        let media = outcome.media.context("no media ran")?;
        assert_eq!(media.received.lost, 0, "a call on the other switch lost audio");
    }
    // A phone is done with a call when it has hung up, and the switch when it has heard of that.
    let calls_up =
        || anyhow::Ok(databases.0.read(|c| c.query_row("SELECT count(*) FROM calls", (), |row| row.get::<_, u32>(0)))?);
    live::until("the calls are over at the switch, too", || anyhow::Ok(calls_up()? == 0)).await?;
    for database in [databases.0, databases.1, databases.2] {
        database.close().await?;
    }
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_comes_before_the_lease_is_over_is_answered_too() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, EchoBot::bind(BotConfig::default()).await?);
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::L16,
    );
    let world = World::start(Cluster::builder().switches(2), &telephony).await?;
    let victim = world.cluster.service("media-switch", 0);
    victim.kill9().await;
    for _ in 0..4 {
        let (call, node) = answered_call(&world, &phone).await?;
        assert_ne!(node, victim.node());
        call.hangup().await?;
    }
    world.stop().await
}

/// The same INVITE again is the same call (RFC 3261 §17.2.3), whatever has become of the switches meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_retransmitted_invite_makes_one_call() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, EchoBot::bind(BotConfig::default()).await?);
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::L16,
    );
    let world = World::start(Cluster::builder().switches(2), &telephony).await?;
    world.cluster.service("media-switch", 0).kill9().await;

    let rtp = UdpSocket::bind("127.0.0.1:0").await?;
    let caller = RawCaller::new(&world.uri("+14155550100"), world.proxy(), rtp.local_addr()?).await?;
    let sip_call_id = caller.call_id().to_owned();
    // As a UAC does on UDP until it has an answer, and a few times more.
    let call = caller.call(3).await?;
    assert_eq!(call.answers.len(), 1, "one INVITE, several calls: {:?}", call.answers);
    let first = world.call_id(&sip_call_id).await?;
    let calls = world.client().list_calls(CallListRequest::default()).await?.calls;
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls.first().map(|call| call.call_id.as_str()), Some(first.as_str()));
    let request = botstream_api::HangupRequest { call_id: first.clone(), ..Default::default() };
    world.client().hangup(request).await?;
    world.events.ended(&first).await?;
    world.stop().await
}
