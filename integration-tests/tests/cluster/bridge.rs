//! `call.bridge` and `call.unbridge`: two phones with different codecs, on two media threads, hear each other, measured both ways; their
//! bots hear nothing of it and have their callers back afterwards.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use botstream_api::event::Body;
use botstream_api::{
    BridgeReply, BridgeRequest, ClientError, ErrorCode, HangupReply, HangupRequest, UnbridgeReply, UnbridgeRequest,
    call_unbridged,
};
use cluster_runner::{Cluster, WorkDir};
use integration_tests::bot::{Bot, BotCall, Received};
use integration_tests::config::{Format, Telephony};
use integration_tests::events::names;
use integration_tests::record::record;
use integration_tests::sound::{tone, tone_ms};
use integration_tests::speech::speech;
use integration_tests::world::{World, over, phone};
use testphone::{Call, CallEvent, Codec, Endpoint, Play, RATE_HZ, Script};
use voicebot::message::{CallState, FromBot, ToBot};

use crate::call_verbs::{EDGE_MS, LIMIT, code, mark};

/// Of the phone that says everything again.
const ECHO_MS: u32 = 100;

/// How long the two talk, about half of what is said; a bot is looked after once a round.
const TALK_ROUNDS: u32 = 10;
const TALK_ROUND: Duration = Duration::from_millis(500);

/// What a bot says that is to wait.
const SAID_MS: u64 = 600;

/// There and back; far more than it takes, on a machine that is busy with all these tests.
const DELAY_P50_MS_MAX: f64 = 500.0;

/// A phone's call with its bot.
struct Side {
    call: Call,
    stream: BotCall,
    call_id: String,
}

impl Side {
    async fn begin(world: &World, phone: &Endpoint, number: &str, bot: &Bot, script: Script) -> anyhow::Result<Self> {
        let mut call = world.call(phone, number, script).await?;
        let mut stream = bot.next_call().await?;
        call.answered().await?;
        told(&mut stream, CallState::Answered).await?;
        let call_id = world.call_id(call.sip_call_id()).await?;
        Ok(Self { call, stream, call_id })
    }
}

async fn told(stream: &mut BotCall, wanted: CallState) -> anyhow::Result<()> {
    stream.next_that(|message| matches!(message, ToBot::Call(call) if call.state == wanted).then_some(())).await
}

async fn bridge(world: &World, call_id: &str, other_call_id: &str) -> Result<BridgeReply, ClientError> {
    let request = BridgeRequest { call_id: call_id.to_owned(), other_call_id: other_call_id.to_owned() };
    world.client().request("call", "bridge", &request).await
}

async fn unbridge(world: &World, call_id: &str) -> Result<UnbridgeReply, ClientError> {
    let request = UnbridgeRequest { call_id: call_id.to_owned() };
    world.client().request("call", "unbridge", &request).await
}

async fn unbridged(world: &World, call_id: &str, wanted: call_unbridged::Reason) -> anyhow::Result<()> {
    let found = |body: &Body| match body {
        Body::CallUnbridged(unbridged) if unbridged.reason() == wanted => Some(()),
        _ => None,
    };
    world.events.of_call(call_id, wanted.as_str_name(), found).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_callers_hear_each_other_and_have_their_bots_back() -> anyhow::Result<()> {
    let files = WorkDir::temporary()?;
    let clip = Arc::new(speech(files.path())?);
    let phone = phone().await?;
    let (one_bot, other_bot) = (Bot::listen().await?, Bot::listen().await?);
    let telephony = Telephony::new()
        .trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp))
        .number("+1001", &one_bot.url(), Format::L16)
        .number("+1002", &other_bot.url(), Format::Mulaw);
    let world = World::start(Cluster::builder().flag("media-switch", "--media-threads", 2), &telephony).await?;

    let echo = Script { codecs: vec![Codec::G722], ..Script::playing(Play::Echo { delay_ms: ECHO_MS, gain_db: 0.0 }) };
    let mut other = Side::begin(&world, &phone, "+1002", &other_bot, echo).await?;
    let speaking = Script { codecs: vec![Codec::Pcma], ..Script::playing(Play::Clip(Arc::clone(&clip))) };
    let mut one = Side::begin(&world, &phone, "+1001", &one_bot, speaking).await?;

    refusals(&world, &one.call_id).await?;
    let reply = bridge(&world, &one.call_id, &other.call_id).await?;
    assert_eq!((reply.call_id.as_str(), reply.other_call_id.as_str()), (one.call_id.as_str(), other.call_id.as_str()));
    assert_eq!(code(bridge(&world, &other.call_id, &one.call_id).await), Some(ErrorCode::WrongState));
    told(&mut one.stream, CallState::Bridged).await?;
    told(&mut other.stream, CallState::Bridged).await?;
    // What a bot says waits, and what it hears is silence.
    one.stream.send_samples(&tone(16_000, 600.0, SAID_MS)).await?;
    one.stream.send(&FromBot::Mark { id: "waits".into() }).await?;
    until_pong(&mut one.stream).await?;
    one.call.press("5").await?;
    hears_key(&mut other.call, '5').await?;
    for _ in 0..TALK_ROUNDS {
        tokio::time::sleep(TALK_ROUND).await;
        until_pong(&mut other.stream).await?;
        let (samples, messages) = until_pong(&mut one.stream).await?;
        ensure!(samples.iter().all(|sample| *sample == 0), "the bot hears a caller that talks to somebody else");
        ensure!(!messages.iter().any(|message| matches!(message, ToBot::Mark(_))), "{messages:?}");
    }

    let reply = unbridge(&world, &other.call_id).await?;
    assert_eq!(reply.other_call_id, one.call_id);
    assert_eq!(code(unbridge(&world, &one.call_id).await), Some(ErrorCode::WrongState));
    told(&mut one.stream, CallState::Answered).await?;
    told(&mut other.stream, CallState::Answered).await?;
    mark(&mut one.stream, "waits").await?;
    unbridged(&world, &one.call_id, call_unbridged::Reason::Unbridged).await?;
    unbridged(&world, &other.call_id, call_unbridged::Reason::Unbridged).await?;

    // Again, and one of them hangs up: the other has its bot.
    bridge(&world, &other.call_id, &one.call_id).await?;
    told(&mut one.stream, CallState::Bridged).await?;
    other.call.hangup().await?;
    told(&mut one.stream, CallState::Answered).await?;
    unbridged(&world, &one.call_id, call_unbridged::Reason::OtherEnded).await?;
    world.events.ended(&other.call_id).await?;
    let events = names(&world.events.of(&other.call_id));
    assert_eq!(events.iter().filter(|name| *name == "call.bridged").count(), 2);
    assert_eq!(events[events.len() - 3..], ["call.unbridged", "stream.stopped", "call.ended"]);

    let hangup = HangupRequest { call_id: one.call_id.clone(), ..HangupRequest::default() };
    let _ended: HangupReply = world.client().request("call", "hangup", &hangup).await?;
    let media = over(one.call).await?.media.context("no media ran")?;
    let measured = media.measure();
    let delay = measured.delay.with_context(|| format!("nothing came back: {measured:?}"))?;
    record("bridge_both_ways_delay_p50", delay.p50_ms - f64::from(ECHO_MS), "ms (there, a phone, and back)")?;
    record("bridge_both_ways_similarity", measured.similarity.unwrap_or_default(), "(1 is the same)")?;
    ensure!(delay.p50_ms <= DELAY_P50_MS_MAX, "{measured:?}");
    ensure!(delay.windows_found * 10 >= delay.windows * 3, "{measured:?}");
    let said_ms = tone_ms(&media.heard_samples(), RATE_HZ, 600.0);
    ensure!(said_ms.abs_diff(SAID_MS) <= EDGE_MS, "{said_ms} ms of the bot were heard");
    world.stop().await
}

/// Nothing comes of these.
async fn refusals(world: &World, call_id: &str) -> anyhow::Result<()> {
    assert_eq!(code(unbridge(world, call_id).await), Some(ErrorCode::WrongState));
    assert_eq!(code(bridge(world, call_id, call_id).await), Some(ErrorCode::InvalidArgument));
    assert_eq!(code(bridge(world, call_id, "nonsense").await), Some(ErrorCode::CallNotFound));
    let node = call_id.rsplit_once('-').context("no call_id")?.0;
    let nobody = format!("{node}-01ARZ3NDEKTSV4RRFFQ69G5FAV");
    assert_eq!(code(bridge(world, call_id, &nobody).await), Some(ErrorCode::CallNotFound));
    let elsewhere = "another-switch-01ARZ3NDEKTSV4RRFFQ69G5FAV";
    assert_eq!(code(bridge(world, call_id, elsewhere).await), Some(ErrorCode::WrongNode));
    Ok(())
}

/// What the bot gets until its ping is answered.
async fn until_pong(stream: &mut BotCall) -> anyhow::Result<(Vec<i16>, Vec<ToBot>)> {
    let (mut heard, mut messages) = (Vec::new(), Vec::new());
    stream.send(&FromBot::Ping { id: "bridge".into() }).await?;
    loop {
        match stream.next().await? {
            Received::Samples(samples) => heard.extend(samples),
            Received::Message(ToBot::Pong { .. }) => return Ok((heard, messages)),
            Received::Message(message) => messages.push(message),
            Received::Closed(code) => anyhow::bail!("the WebSocket was closed with {code:?}"),
            Received::Codec(_) => {}
        }
    }
}

async fn hears_key(call: &mut Call, digit: char) -> anyhow::Result<()> {
    let heard = async {
        while let Some(event) = call.event().await {
            if matches!(&event, CallEvent::Digit(heard) if heard.digit == digit) {
                return true;
            }
        }
        false
    };
    ensure!(tokio::time::timeout(LIMIT, heard).await.context("no key comes")?, "the call is over");
    Ok(())
}
