//! SIPp, whose SIP is not ours, as caller and as callee.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use audio::g711::Law;
use botstream_api::cause::{Class, Party};
use botstream_api::event::Body;
use botstream_api::{Event, HangupRequest};
use cluster_runner::{Cluster, WorkDir};
use integration_tests::config::{Format, Telephony};
use integration_tests::events::{assert_no_gap, names};
use integration_tests::sipp::Sipp;
use integration_tests::speech::speech;
use integration_tests::world::{World, dial};
use testphone::bot::{BotConfig, EchoBot};

const CALLS: u32 = 5;
/// No calls are sent there.
const NO_PEER: &str = "127.0.0.1:9";

/// The file that the scenarios play.
fn write_speech(directory: &Path) -> anyhow::Result<()> {
    let codes = speech(directory)?.codes(Law::Mu);
    // Seven seconds: longer than any of these calls.
    std::fs::write(directory.join("speech.ulaw"), codes)?;
    Ok(())
}

async fn echoing_world(carrier: impl std::fmt::Display) -> anyhow::Result<(World, EchoBot)> {
    let bot = EchoBot::bind(BotConfig::default()).await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", carrier).number("*", &bot.url(), Format::L16);
    Ok((World::start(Cluster::builder(), &telephony).await?, bot))
}

fn ends(events: &[Event]) -> Vec<botstream_api::CallEnded> {
    let ended = events.iter().filter_map(|event| match &event.body {
        Some(Body::CallEnded(ended)) => Some(ended.clone()),
        _ => None,
    });
    ended.collect()
}

async fn calls_in_over(transport: &str) -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    write_speech(files.path())?;
    let (world, _bot) = echoing_world(NO_PEER).await?;
    Sipp::scenario("uac")?
        .flag("-s", "+14155550100")
        .flag("-t", transport)
        .start(files.path(), CALLS, 2, Some(world.proxy()))?
        .passes()
        .await?;

    let all_ended = |events: &[Event]| Some(ends(events)).filter(|ended| ended.len() == CALLS as usize);
    for ended in world.events.until("all calls have ended", all_ended).await? {
        let cause = ended.cause.context("an end has a cause")?;
        assert_eq!((cause.class(), cause.party()), (Class::Normal, Party::Caller));
        let media = ended.media.context("a call has media")?;
        // SIPp talks for three seconds.
        assert!((130..=160).contains(&media.rtp_received), "{media:?}");
        assert!(media.rtp_sent >= 130, "{media:?}");
        assert_eq!((media.rtp_lost, media.bot_lost_ms), (0, 0), "{media:?}");
    }
    let events = world.events.all();
    let first = events.first().context("there are events")?.call_id.clone();
    let of_first: Vec<Event> = events.into_iter().filter(|event| event.call_id == first).collect();
    assert_no_gap(&of_first);
    let names = names(&of_first);
    assert_eq!(names.first().map(String::as_str), Some("call.created"), "{names:?}");
    assert_eq!(names.last().map(String::as_str), Some("call.ended"), "{names:?}");
    for needed in ["call.routing", "stream.connecting", "stream.started", "call.answered", "stream.stopped"] {
        assert!(names.iter().any(|name| name == needed), "{needed} is missing: {names:?}");
    }
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_over_udp() -> anyhow::Result<()> {
    calls_in_over("u1").await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_over_tcp() -> anyhow::Result<()> {
    calls_in_over("t1").await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_over_a_tcp_connection_each() -> anyhow::Result<()> {
    calls_in_over("tn").await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_out_are_answered_and_hung_up() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    let sipp = Sipp::scenario("uas")?.switch("-rtp_echo");
    let (world, bot) = echoing_world(sipp.addr()).await?;
    let sipp = sipp.start(files.path(), CALLS, 1, None)?;

    for number in 0..CALLS {
        let request = dial(&format!("+1415555{number:04}"), &bot.url(), Format::Mulaw);
        let call_id = world.client().dial(request).await?.call_id;
        let answered = |body: &Body| matches!(body, Body::CallAnswered(_)).then_some(());
        world.events.of_call(&call_id, "the answer", answered).await?;
        let ringing = world.events.of(&call_id);
        assert!(names(&ringing).iter().any(|name| name == "call.ringing"), "{:?}", names(&ringing));
        world.client().hangup(HangupRequest { call_id: call_id.clone(), ..Default::default() }).await?;
        let ended = world.events.ended(&call_id).await?;
        let cause = ended.cause.context("an end has a cause")?;
        assert_eq!((cause.class(), cause.party()), (Class::Normal, Party::Operator));
        assert_no_gap(&world.events.of(&call_id));
    }
    sipp.passes().await?;
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_callee_ends_the_call_with_the_networks_cause() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    let sipp = Sipp::scenario("uas_busy")?;
    let (world, bot) = echoing_world(sipp.addr()).await?;
    let sipp = sipp.start(files.path(), 1, 1, None)?;
    let call_id = world.client().dial(dial("+14155550111", &bot.url(), Format::L16)).await?.call_id;
    let ended = world.events.ended(&call_id).await?;
    let cause = ended.cause.context("an end has a cause")?;
    assert_eq!((cause.class(), cause.party()), (Class::Busy, Party::Callee), "{cause:?}");
    assert_eq!((cause.sip_status, cause.sip_reason.as_str(), cause.q850), (486, "Busy Here", 17));
    assert!(cause.reason_headers.iter().any(|value| value.contains("cause=17")), "{cause:?}");
    assert_eq!(ended.talk_ms, 0);
    sipp.passes().await?;
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_gives_up_gets_487() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    // A bot that lets the switch wait: the connection is taken, the handshake is not answered, the caller hears ringing.
    let bot = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", bot.local_addr()?);
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", NO_PEER).number("*", &url, Format::L16);
    let world = World::start(Cluster::builder(), &telephony).await?;
    let proxy: SocketAddr = world.proxy();
    Sipp::scenario("uac_cancel")?.flag("-s", "+14155550100").start(files.path(), 1, 1, Some(proxy))?.passes().await?;
    let ended = |events: &[Event]| ends(events).into_iter().next();
    let cause = world.events.until("the end", ended).await?.cause.context("an end has a cause")?;
    assert_eq!((cause.class(), cause.party()), (Class::NoAnswer, Party::Caller), "{cause:?}");
    world.stop().await
}
