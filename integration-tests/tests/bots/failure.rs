//! A bot fails: the caller is not left in silence, and the bot that takes over knows what it missed.

use std::time::{Duration, Instant};

use anyhow::Context;
use botstream_api::cause::{Class, Party};
use botstream_api::event::Body;
use cluster_runner::Cluster;
use integration_tests::config::Telephony;
use integration_tests::events::names;
use integration_tests::raw_bot::{RawBot, RawFrame, RawStream};
use integration_tests::sound::{PIECE_MS, pieces, tone, tone_ms};
use integration_tests::world::{World, over, phone};
use serde_json::{Value, json};
use testphone::{Endpoint, Play, RATE_HZ, Script};

const BOT_RATE_HZ: u32 = 16_000;
const CALLER_HZ: f64 = 440.0;
const BOT_HZ: f64 = 1_000.0;
/// The hold tone's.
const HOLD_HZ: f64 = 350.0;

fn l16(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// The next message of a type.
async fn message(stream: &mut RawStream, kind: &str) -> anyhow::Result<Value> {
    let wanted = |frame: &RawFrame| match frame {
        RawFrame::Json(json) if json["type"] == kind => Some(json.clone()),
        _ => None,
    };
    stream.next_that(kind, wanted).await
}

async fn begin(bot: &RawBot) -> anyhow::Result<(RawStream, Value)> {
    let mut stream = bot.next_stream().await?;
    let start = message(&mut stream, "start").await?;
    Ok((stream, start))
}

/// A cluster with one bot and perhaps another that takes its place, a call that is talking, and the bot's stream.
async fn talking(
    bot: &RawBot,
    fallback: Option<&RawBot>,
) -> anyhow::Result<(World, Endpoint, testphone::Call, RawStream, Value)> {
    let phone = phone().await?;
    let fallback = fallback.map(|bot| format!("fallback = [{:?}]", bot.url())).unwrap_or_default();
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).bot(
        "+14155550100",
        &bot.url(),
        &fallback,
    );
    let world = World::start(Cluster::builder(), &telephony).await?;
    let script = Script { play: Play::Tone { frequency_hz: CALLER_HZ, dbfs: -10.0 }, ..Script::default() };
    let mut call = world.call(&phone, "+14155550100", script).await?;
    let (mut stream, start) = begin(bot).await?;
    stream.send_text(json!({"type": "accept"}).to_string()).await?;
    call.answered().await?;
    stream.next_that("audio", |frame| matches!(frame, RawFrame::Binary(_)).then_some(())).await?;
    Ok((world, phone, call, stream, start))
}

/// Killed in the middle of a sentence, and back at once: the same stream, with what the caller said meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_back_at_once_takes_up_its_stream_and_hears_what_it_missed() -> anyhow::Result<()> {
    let bot = RawBot::listen(Some("botstream.v1")).await?;
    let (world, _phone, call, mut stream, start) = talking(&bot, None).await?;
    assert_eq!(start["resumed"], false);
    // More than a second of the caller's, and a sentence that is being said.
    let mut frames = 0;
    while frames < 60 {
        frames += stream.next_that("audio", |frame| matches!(frame, RawFrame::Binary(_)).then_some(1)).await?;
    }
    stream.send_binary(l16(&tone(BOT_RATE_HZ, BOT_HZ, 1_500))).await?;
    stream.send_text(json!({"type": "mark", "id": "said"}).to_string()).await?;
    message(&mut stream, "playback").await?;
    stream.kill()?;

    let (mut stream, again) = begin(&bot).await?;
    assert_eq!((&again["resumed"], &again["resume_token"]), (&json!(true), &start["resume_token"]));
    assert_eq!(again["stream_id"], start["stream_id"]);
    assert!(start["resume_token"].as_str().is_some_and(|token| token.len() == 32));
    stream.send_text(json!({"type": "accept"}).to_string()).await?;
    let replay = message(&mut stream, "replay").await?;
    let late_ms = replay["late_ms"].as_u64().context("no late_ms")?;
    assert!((1_000..=2_000).contains(&late_ms) && replay["state"] == "start", "{replay}");
    let mut heard = Vec::new();
    loop {
        match stream.next().await? {
            RawFrame::Binary(bytes) => {
                heard.extend(bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
            }
            RawFrame::Json(json) if json["type"] == "replay" => {
                assert_eq!(json["state"], "end");
                break;
            }
            RawFrame::Json(_) => {}
            other => anyhow::bail!("{other:?}"),
        }
    }
    let replayed_ms = tone_ms(&heard, BOT_RATE_HZ, CALLER_HZ);
    assert!(replayed_ms + 100 >= late_ms, "{replayed_ms} of {late_ms} ms are the caller's");
    // Its sentence has gone on without it, to its mark.
    let mark = message(&mut stream, "mark").await?;
    assert_eq!((&mark["id"], &mark["state"]), (&json!("said"), &json!("played")));
    stream.send_text(json!({"type": "hangup"}).to_string()).await?;
    let heard = over(call).await?.media.context("no media ran")?.heard_samples();
    let sentence_ms = tone_ms(&heard, RATE_HZ, BOT_HZ);
    assert!((1_440..=1_520).contains(&sentence_ms), "{sentence_ms} of 1500 ms were heard");
    assert_eq!(tone_ms(&heard, RATE_HZ, HOLD_HZ), 0, "nobody was missed");
    world.stop().await
}

/// Killed in the middle of a sentence, and gone for good: the caller hears so, and another bot takes over.
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_gone_is_replaced_and_the_caller_hears_a_tone_meanwhile() -> anyhow::Result<()> {
    let (bot, other) = (RawBot::listen(None).await?, RawBot::listen(None).await?);
    let (world, _phone, call, mut stream, start) = talking(&bot, Some(&other)).await?;
    let call_id = world.call_id(call.sip_call_id()).await?;
    stream.send_binary(l16(&tone(BOT_RATE_HZ, BOT_HZ, 20_000))).await?;
    message(&mut stream, "playback").await?;
    // Nobody listens there any more.
    drop(bot);
    let killed = Instant::now();
    stream.kill()?;
    let (mut stream, again) = begin(&other).await?;
    // Four attempts at the first address lie before it.
    assert!(killed.elapsed() >= Duration::from_millis(1_700), "{:?}", killed.elapsed());
    assert_eq!((&again["resumed"], &again["resume_token"]), (&json!(true), &start["resume_token"]));
    stream.send_text(json!({"type": "accept"}).to_string()).await?;
    message(&mut stream, "replay").await?;
    stream.send_binary(l16(&tone(BOT_RATE_HZ, BOT_HZ, 300))).await?;
    stream.send_text(json!({"type": "hangup"}).to_string()).await?;
    let outcome = over(call).await?;
    let heard = outcome.media.context("no media ran")?.heard_samples();
    let (bots, holds) = (pieces(&heard, RATE_HZ, BOT_HZ), pieces(&heard, RATE_HZ, HOLD_HZ));
    let first_hold = holds.iter().position(|is_hold| *is_hold).context("no tone was heard")?;
    let last_of_first = bots[..first_hold].iter().rposition(|is_bot| *is_bot).context("the first bot was not heard")?;
    // The twenty seconds are not played to their end, and the silence after them is short.
    let silence_ms = (first_hold - last_of_first) as u64 * PIECE_MS;
    assert!(silence_ms <= 100, "{silence_ms} ms of silence before the tone");
    let played_ms = bots[..first_hold].iter().filter(|is_bot| **is_bot).count() as u64 * PIECE_MS;
    assert!(played_ms <= 2_000, "the lost bot was heard for {played_ms} ms");
    assert!(bots[first_hold..].iter().filter(|is_bot| **is_bot).count() as u64 * PIECE_MS >= 240, "the other bot");
    let told = names(&world.events.of(&call_id));
    let expected = ["stream.reconnecting"; 4].into_iter().chain(["stream.fallback", "stream.started"]);
    let streams: Vec<&str> = told
        .iter()
        .map(String::as_str)
        .filter(|name| matches!(*name, "stream.reconnecting" | "stream.fallback" | "stream.started"))
        .skip(1)
        .collect();
    assert_eq!(streams, expected.collect::<Vec<_>>());
    world.stop().await
}

/// No bot is left: the call ends, and says why.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_any_bot_left_ends_with_bot_failed() -> anyhow::Result<()> {
    let bot = RawBot::listen(None).await?;
    let (world, _phone, call, stream, _start) = talking(&bot, None).await?;
    let call_id = world.call_id(call.sip_call_id()).await?;
    drop(bot);
    stream.kill()?;
    let outcome = over(call).await?;
    assert!(matches!(outcome.end, testphone::End::RemoteHangup { .. }), "{:?}", outcome.end);
    let ended = world.events.ended(&call_id).await?;
    let cause = ended.cause.context("no cause")?;
    assert_eq!((cause.party(), cause.class()), (Party::Bot, Class::BotFailed));
    let failed = |body: &Body| matches!(body, Body::StreamFailed(_)).then_some(());
    world.events.of_call(&call_id, "stream.failed", failed).await?;
    let heard = outcome.media.context("no media ran")?.heard_samples();
    assert!(tone_ms(&heard, RATE_HZ, HOLD_HZ) >= 200, "the caller heard that nobody was there");
    world.stop().await
}
