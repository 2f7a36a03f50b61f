//! A bot knows what its caller has really heard.

use anyhow::Context;
use audio::tone::Tone;
use botstream_api::event::Body;
use cluster_runner::Cluster;
use integration_tests::bot::{Bot, BotCall};
use integration_tests::config::{Format, Telephony};
use integration_tests::world::{World, over, phone};
use testphone::{Call, FRAME_SAMPLES, Outcome, RATE_HZ, Script};
use voicebot::message::{After, Cleared, FromBot, Hangup, MarkReport, MarkState, PlaybackState, ToBot};

const BOT_RATE_HZ: u32 = 16_000;
/// A frame of RTP.
const FRAME_MS: u64 = 20;
/// The resampler's filter and the fade-in may add a little sound to the edges.
const EDGE_MS: u64 = 20;

fn tone(duration_ms: u64) -> Vec<i16> {
    let mut samples = vec![0; (u64::from(BOT_RATE_HZ) * duration_ms / 1_000) as usize];
    Tone::sine(BOT_RATE_HZ, 440.0, -10.0).fill(&mut samples);
    samples
}

/// How much sound a phone heard: frames that are not silent, in ms.
fn sound_ms(outcome: &Outcome) -> anyhow::Result<u64> {
    let heard = outcome.media.as_ref().context("no media ran")?.heard_samples();
    let loud = heard.chunks(FRAME_SAMPLES).filter(|frame| frame.iter().any(|sample| sample.unsigned_abs() > 500));
    Ok(loud.count() as u64 * FRAME_MS)
}

async fn mark(stream: &mut BotCall, wanted: &str) -> anyhow::Result<MarkReport> {
    stream
        .next_that(|message| match message {
            ToBot::Mark(mark) if mark.id == wanted => Some(mark),
            _ => None,
        })
        .await
}

async fn connected(bot: &Bot) -> anyhow::Result<(World, Call, BotCall)> {
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::L16,
    );
    let world = World::start(Cluster::builder(), &telephony).await?;
    let mut call = world.call(&phone, "+14155550100", Script::default()).await?;
    let stream = bot.next_call().await?;
    call.answered().await?;
    Ok((world, call, stream))
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_come_when_what_was_before_them_is_played() -> anyhow::Result<()> {
    let bot = Bot::listen().await?;
    let (world, call, mut stream) = connected(&bot).await?;

    stream.send_samples(&tone(600)).await?;
    stream.send(&FromBot::Mark { id: "first".into() }).await?;
    stream.send_samples(&tone(400)).await?;
    stream.send(&FromBot::Mark { id: "second".into() }).await?;
    stream.send(&FromBot::Eou).await?;
    let (mut marks, mut states) = (Vec::new(), Vec::new());
    while marks.len() < 2 || states.last() != Some(&PlaybackState::Drained) {
        match stream.next_message().await? {
            ToBot::Mark(mark) => marks.push(mark),
            ToBot::Playback(playback) => states.push(playback.state),
            _ => {}
        }
    }
    assert_eq!(states.first(), Some(&PlaybackState::Started));
    for (mark, (id, pos_ms)) in marks.iter().zip([("first", 600), ("second", 1_000)]) {
        assert_eq!((mark.id.as_str(), mark.state, mark.generation), (id, MarkState::Played, 0));
        assert!(mark.pos_ms.abs_diff(pos_ms) <= FRAME_MS, "{mark:?}");
    }

    stream.send(&FromBot::Hangup(Hangup { after: After::Now, cause: None })).await?;
    let heard_ms = sound_ms(&over(call).await?)?;
    assert!(heard_ms.abs_diff(1_000) <= FRAME_MS + EDGE_MS, "{heard_ms} ms were heard");
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn cleared_says_what_was_really_heard() -> anyhow::Result<()> {
    let bot = Bot::listen().await?;
    let (world, call, mut stream) = connected(&bot).await?;
    let call_id = world.call_id(call.sip_call_id()).await?;

    // Ten seconds at once, with a mark half a second in; when it comes, the caller "barges in".
    stream.send_samples(&tone(500)).await?;
    stream.send(&FromBot::Mark { id: "played".into() }).await?;
    stream.send_samples(&tone(9_500)).await?;
    stream.send(&FromBot::Mark { id: "never".into() }).await?;
    mark(&mut stream, "played").await?;
    stream.send(&FromBot::Clear).await?;
    let cleared: Cleared = stream
        .next_that(|message| match message {
            ToBot::Cleared(cleared) => Some(cleared),
            // The mark that is thrown away may be told by itself too, but never as played.
            ToBot::Mark(mark) => {
                assert_eq!((mark.id.as_str(), mark.state), ("never", MarkState::Cleared));
                None
            }
            _ => None,
        })
        .await?;
    assert_eq!((cleared.generation, cleared.marks.as_slice()), (1, ["never".to_owned()].as_slice()));
    assert!((500..5_000).contains(&cleared.played_ms), "{cleared:?}");
    assert_eq!(cleared.played_samples * 1_000 / u64::from(RATE_HZ), cleared.played_ms, "{cleared:?}");
    let total_ms = cleared.played_ms + cleared.discarded_ms;
    assert!(total_ms.abs_diff(10_000) <= FRAME_MS, "{cleared:?}");

    // What is said next begins a new count, and its end is waited for before the bot's hang-up.
    stream.send_samples(&tone(300)).await?;
    stream.send(&FromBot::Mark { id: "after".into() }).await?;
    stream.send(&FromBot::Hangup(Hangup { after: After::Drained, cause: None })).await?;
    let after = mark(&mut stream, "after").await?;
    assert_eq!((after.state, after.generation), (MarkState::Played, 1));
    assert!(after.pos_ms.abs_diff(300) <= FRAME_MS, "{after:?}");

    let heard_ms = sound_ms(&over(call).await?)?;
    let said_ms = cleared.played_ms + 300;
    assert!(heard_ms.abs_diff(said_ms) <= 2 * (FRAME_MS + EDGE_MS), "{heard_ms} ms heard, {said_ms} ms told");

    let told = world
        .events
        .of_call(&call_id, "stream.cleared", |body| match body {
            Body::StreamCleared(cleared) => Some(cleared.clone()),
            _ => None,
        })
        .await?;
    assert_eq!((u64::from(told.played_ms), told.marks), (cleared.played_ms, cleared.marks));
    world.stop().await
}
