//! A trunk's limits are kept over the whole cluster, whoever dies: counted at the carrier, which is SIPp. A program of its own, because it goes by the
//! clock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use botstream_api::node::State;
use botstream_api::{Client, ClientError, ErrorCode, Trunk};
use cluster_runner::{Cluster, Command, KeySet, Process, service_binary};
use integration_tests::config::{Format, Telephony};
use integration_tests::record::record;
use integration_tests::sipp::Sipp;
use integration_tests::world::{LIMIT, World, dial};
use testphone::bot::{BotConfig, EchoBot};

const CHANNELS: usize = 10;
const CPS: usize = 5;
const PUSHERS: u32 = 12;
/// Each trunk-manager is killed once in that time.
const PHASE: Duration = Duration::from_secs(8);
/// Each caller's first call lasts so long: long enough for all channels to be taken at once.
const FIRST_MS: u32 = 8_000;
/// More than can be placed in the test's time.
const CALLS_MAX: u32 = 10_000;

/// What the carrier has seen, in its own order and by its own clock.
#[derive(Debug, Default)]
struct Seen {
    /// When each call came, ms of the day.
    invites: Vec<i64>,
    /// Most calls at once.
    at_once: usize,
    /// Calls that have ended.
    ended: usize,
}

/// Reads SIPp's log of messages. A call is there from its first INVITE to its BYE or CANCEL.
fn read_messages(log: &str) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    let mut up = BTreeSet::new();
    let mut known = BTreeSet::new();
    for entry in log.split("----------------------------------------------- ").skip(1) {
        let (time, rest) = entry.split_once('\n').context("an entry of SIPp's log has a time")?;
        if !rest.starts_with("UDP message received") {
            continue;
        }
        let call_id = rest.lines().find_map(|line| line.strip_prefix("Call-ID:")).context("a Call-ID")?.trim();
        let is = |method: &str| rest.lines().any(|line| line.starts_with(method) && line.ends_with("SIP/2.0"));
        if is("INVITE ") && known.insert(call_id.to_owned()) {
            seen.invites.push(ms_of_day(time)?);
            up.insert(call_id.to_owned());
            seen.at_once = seen.at_once.max(up.len());
        } else if is("BYE ") || is("CANCEL ") {
            seen.ended += usize::from(up.remove(call_id));
        }
    }
    Ok(seen)
}

/// `2026-01-31 23:59:59.123456`, perhaps with more behind it.
fn ms_of_day(time: &str) -> anyhow::Result<i64> {
    let clock = time.split_whitespace().find(|word| word.matches(':').count() == 2).context("no time of day")?;
    let mut parts = clock.split([':', '.']);
    let mut next = || parts.next().context("a part of a time is missing");
    let (h, m, s): (i64, i64, i64) = (next()?.parse()?, next()?.parse()?, next()?.parse()?);
    let fraction = next()?;
    let ms: i64 = fraction.get(..3).context("no milliseconds")?.parse()?;
    Ok(((h * 60 + m) * 60 + s) * 1_000 + ms)
}

/// A second trunk-manager beside the cluster's own.
fn start_second(world: &World, keys: &KeySet) -> anyhow::Result<Process> {
    let command = Command::new("trunks2", service_binary("trunk-manager")?)
        .flag("--cluster", world.cluster.name())
        .flag("--node", "trunks2")
        .flag("--nats-url", world.cluster.nats_url())
        .flag("--keys-dir", keys.directory("trunk-manager").display());
    Ok(Process::start(&command, world.cluster.directory().join("trunks2.log"))?)
}

async fn until_ready(client: &Client, node: &str) -> anyhow::Result<()> {
    let begin = Instant::now();
    while client.get_node(node).await.map(|node| node.state()) != Ok(State::Ready) {
        ensure!(begin.elapsed() < LIMIT, "{node} is not ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[derive(Debug, Clone)]
struct Pushing {
    client: Client,
    bot: String,
    is_over: Arc<AtomicBool>,
}

impl Pushing {
    /// Dials one call after the other, each for a time of its own, and without patience. How often each answer came; "" is a call.
    async fn push(self, pusher: u32) -> BTreeMap<String, usize> {
        let mut answers = BTreeMap::new();
        let mut number = 0;
        let mut is_first = true;
        while !self.is_over.load(Ordering::Relaxed) {
            number += 1;
            let mut request = dial(&format!("+1415{pusher:03}{number:04}"), &self.bot, Format::Mulaw);
            request.trunk = "carrier".to_owned();
            request.max_duration_ms = if is_first { FIRST_MS } else { 300 + (pusher * 7 + number * 13) % 30 * 100 };
            let answer = match self.client.dial(request).await {
                Ok(_) => {
                    is_first = false;
                    String::new()
                }
                Err(ClientError::Service(error)) => {
                    // Sooner than it is told.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    error.code.name().to_owned()
                }
                Err(error) => error.to_string(),
            };
            *answers.entry(answer).or_default() += 1;
        }
        answers
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_carrier_sees_more_than_a_trunks_limits() -> anyhow::Result<()> {
    let bot = EchoBot::bind(BotConfig::default()).await?;
    let world = World::start(Cluster::builder().dialers(4).switches(2).proxies(2), &Telephony::new()).await?;
    let keys = KeySet::for_tests().await?;
    let second = start_second(&world, &keys)?;
    until_ready(world.client(), "trunks2").await?;

    let messages = world.cluster.directory().join("carrier.messages");
    let sipp =
        Sipp::scenario("uas")?.switch("-rtp_echo").switch("-trace_msg").flag("-message_file", messages.display());
    let trunk = Trunk {
        name: "carrier".into(),
        peer: sipp.addr().to_string(),
        max_channels: u32::try_from(CHANNELS)?,
        max_cps: u32::try_from(CPS)?,
        ..Trunk::default()
    };
    let sipp = sipp.start(world.cluster.directory(), CALLS_MAX, 1, None)?;
    let _: Trunk = world.client().request("trunk", "create", &trunk).await?;

    let pushing = Pushing { client: world.client().clone(), bot: bot.url(), is_over: Arc::default() };
    let pushers: Vec<_> = (0..PUSHERS).map(|n| tokio::spawn(pushing.clone().push(n))).collect();
    tokio::time::sleep(PHASE).await;
    // One of the two owns the trunk.
    world.cluster.service("trunk-manager", 0).kill9().await;
    tokio::time::sleep(PHASE).await;
    world.cluster.service("trunk-manager", 0).restart().await?;
    second.kill().await;
    tokio::time::sleep(PHASE).await;
    pushing.is_over.store(true, Ordering::Relaxed);
    let mut answers = BTreeMap::<String, usize>::new();
    for pusher in pushers {
        for (answer, count) in pusher.await? {
            *answers.entry(answer).or_default() += count;
        }
    }
    let count = |answer: &str| answers.get(answer).copied().unwrap_or_default();
    let (placed, in_doubt) = (count(""), count(ErrorCode::Timeout.name()));

    // Every call ends by itself.
    let seen = until_over(&messages).await?;
    drop(sipp);
    let shortest = seen.invites.windows(CPS + 1).filter_map(|window| Some(window.last()? - window.first()?)).min();
    record("trunk_limits_calls", seen.invites.len() as f64, "calls")?;
    record("trunk_limits_most_at_once", seen.at_once as f64, "calls")?;
    record("trunk_limits_shortest_time_of_six_invites", shortest.unwrap_or_default() as f64, "ms")?;
    ensure!(seen.at_once == CHANNELS, "{} calls at once, not {CHANNELS}: {answers:?}", seen.at_once);
    ensure!(shortest.is_some_and(|ms| ms >= 1_000), "{} INVITEs within {shortest:?} ms: {answers:?}", CPS + 1);
    // Both limits were felt, and calls went on while one trunk-manager was dead.
    ensure!(count(ErrorCode::ConcurrencyLimit.name()) > 0 && count(ErrorCode::CpsLimit.name()) > 0, "{answers:?}");
    ensure!(seen.invites.len() >= 30, "only {} calls: {answers:?}", seen.invites.len());
    // What came too late was refused by a proxy; nothing else was placed than what was asked for.
    ensure!(seen.invites.len() <= placed + in_doubt, "{} calls, {answers:?}", seen.invites.len());
    world.stop().await
}

async fn until_over(messages: &Path) -> anyhow::Result<Seen> {
    let begin = Instant::now();
    loop {
        let seen = read_messages(&std::fs::read_to_string(messages)?)?;
        if seen.ended == seen.invites.len() {
            return Ok(seen);
        }
        ensure!(begin.elapsed() < LIMIT, "{} of {} calls have ended", seen.ended, seen.invites.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
