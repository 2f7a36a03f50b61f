//! A switch that drains takes nothing new, lets its calls go on to their end, and then ends.

use std::time::Duration;

use anyhow::Context;
use botstream_api::call::State;
use botstream_state::load::{self, SwitchState};
use cluster_runner::{Cluster, Service};
use integration_tests::config::{Format, Telephony};
use integration_tests::live;
use integration_tests::world::{LIMIT, World, dial, incoming, over, phone};
use testphone::bot::{BotConfig, EchoBot};
use testphone::{Call, Endpoint, Play, Script};

/// Longer than the calls of these tests last.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

async fn two_switches(phone: &Endpoint, bot: &EchoBot) -> anyhow::Result<World> {
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::L16,
    );
    World::start(Cluster::builder().switches(2).drain_limit(DRAIN_LIMIT), &telephony).await
}

/// A call that goes on, and its switch.
async fn talking<'a>(world: &'a World, phone: &Endpoint) -> anyhow::Result<(Call, &'a Service)> {
    let tone = Play::Tone { frequency_hz: 440.0, dbfs: -12.0 };
    let mut call = world.call(phone, "+14155550100", Script::playing(tone)).await?;
    call.answered().await?;
    let call_id = world.call_id(call.sip_call_id()).await?;
    let node = world.client().get_call(&call_id.parse()?).await?.node;
    Ok((call, world.cluster.node(&node).context("the call is on a switch of ours")?))
}

/// Once everybody knows that `draining` drains, new calls in and out go past it.
async fn new_calls_go_elsewhere(world: &World, phone: &Endpoint, bot: &EchoBot, draining: &str) -> anyhow::Result<()> {
    let database = live::open(&world.cluster, load::options()).await?;
    live::until("the drain shows in the load table", || {
        let switches = live::switches(&database)?;
        Ok(switches.iter().all(|switch| switch.node != draining || switch.state == SwitchState::Draining))
    })
    .await?;
    database.close().await?;
    for _ in 0..4 {
        let mut call = world.call(phone, "+14155550100", Script::default()).await?;
        call.answered().await?;
        let call_id = world.call_id(call.sip_call_id()).await?;
        assert!(!call_id.starts_with(draining), "{call_id} came in on {draining}");
        call.hangup().await?;

        let reply = world.client().dial(dial("+14155550111", &bot.url(), Format::L16)).await?;
        assert_ne!(reply.node, draining);
        let mut call = incoming(phone).await?.answer(Duration::ZERO, Script::default()).await?;
        call.answered().await?;
        call.hangup().await?;
    }
    Ok(())
}

/// The call is heard and hears, and ends when its caller says so.
async fn call_goes_on(call: Call) -> anyhow::Result<()> {
    let outcome = call.hangup().await?;
    let media = outcome.media.context("no media ran")?;
    assert_eq!(media.received.lost, 0);
    assert!(media.gap_ms_max < 1_000.0, "{:.0} ms of nothing", media.gap_ms_max);
    Ok(())
}

async fn ends_well(service: &Service) -> anyhow::Result<()> {
    let process = service.process();
    let status = tokio::time::timeout(LIMIT, process.wait()).await.context("the switch does not end")?;
    assert!(status.success(), "{status}: {}", process.log_tail());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_calls_go_on() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, EchoBot::bind(BotConfig::default()).await?);
    let world = two_switches(&phone, &bot).await?;
    let (call, switch) = talking(&world, &phone).await?;
    switch.terminate();
    new_calls_go_elsewhere(&world, &phone, &bot, switch.node()).await?;
    assert!(switch.process().exit_status().is_none(), "it has ended before its call");
    call_goes_on(call).await?;
    ends_well(switch).await?;
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn node_drain_does_the_same_and_can_be_undone() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, EchoBot::bind(BotConfig::default()).await?);
    let world = two_switches(&phone, &bot).await?;
    let (call, switch) = talking(&world, &phone).await?;
    let node = world.client().drain_node(switch.node()).await?;
    assert_eq!(node.state(), botstream_api::node::State::Draining);
    new_calls_go_elsewhere(&world, &phone, &bot, switch.node()).await?;

    // While its call keeps it alive it can be called back.
    let node = world.client().undrain_node(switch.node()).await?;
    assert_eq!(node.state(), botstream_api::node::State::Ready);
    let database = live::open(&world.cluster, load::options()).await?;
    live::until("the switch is active again", || {
        Ok(live::switches(&database)?.iter().all(|switch| switch.state == SwitchState::Active))
    })
    .await?;
    database.close().await?;
    let mut nodes = std::collections::BTreeSet::new();
    let mut calls = Vec::new();
    for _ in 0..4 {
        let mut call = world.call(&phone, "+14155550100", Script::default()).await?;
        call.answered().await?;
        let call_id = world.call_id(call.sip_call_id()).await?;
        let live = world.client().get_call(&call_id.parse()?).await?;
        assert_eq!(live.state(), State::Answered);
        nodes.insert(live.node);
        calls.push(call);
    }
    assert_eq!(nodes.len(), 2, "all new calls went to {nodes:?}");
    for call in calls {
        call.hangup().await?;
    }
    call_goes_on(call).await?;
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_hangs_up_when_drained_is_heard_to_the_end_while_the_switch_drains() -> anyhow::Result<()> {
    use integration_tests::bot::Bot;
    use voicebot::message::{FromBot, Hangup};

    let bot = Bot::listen().await?;
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::Mulaw,
    );
    let world = World::start(Cluster::builder().drain_limit(DRAIN_LIMIT), &telephony).await?;
    let mut call = world.call(&phone, "+14155550100", Script::default()).await?;
    let mut stream = bot.next_call().await?;
    call.answered().await?;

    // 0x10 is a loud value of µ-law, told from silence in any frame.
    const LAST_WORDS_MS: usize = 1_500;
    stream.send_binary(vec![0x10; LAST_WORDS_MS * 8]).await?;
    stream.send(&FromBot::Hangup(Hangup::default())).await?;
    let switch = world.cluster.service("media-switch", 0);
    switch.terminate();
    let outcome = over(call).await?;
    let heard = outcome.media.context("no media ran")?.heard;
    let last_words = heard.iter().filter(|&&code| code == 0x10).count();
    assert!(last_words >= (LAST_WORDS_MS - 20) * 8, "{} of {LAST_WORDS_MS} ms were heard", last_words / 8);
    ends_well(switch).await?;
    world.stop().await
}
