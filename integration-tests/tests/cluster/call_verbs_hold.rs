//! `call.hold` and `call.unhold`, and a phone that holds: seen by the phone, the bot and the events.

use std::time::Duration;

use anyhow::Context;
use botstream_api::event::Body;
use botstream_api::{ErrorCode, HoldReply, HoldRequest, UnholdReply, UnholdRequest};
use integration_tests::bot::Received;
use integration_tests::sound::{tone, tone_ms};
use testphone::{CallEvent, RATE_HZ};
use voicebot::message::{CallState, FromBot, ToBot};

use crate::call_verbs::{EDGE_MS, LIMIT, Talk, code, mark, next_samples};

/// What the bot says while it waits, and how long a hold lasts.
const SAID_MS: u64 = 600;

/// The call goes on as if nothing had been: what the bot said meanwhile is heard after, whole. The phone says a tone all the time; 440 Hz is
/// the music.
pub(crate) async fn hold_goes_both_ways(mut talk: Talk<'_>) -> anyhow::Result<()> {
    let call_id = talk.call_id.clone();
    let unhold = UnholdRequest { call_id: call_id.clone(), ..UnholdRequest::default() };
    let music = HoldRequest { call_id: call_id.clone(), file: "prompt.wav".into(), ..HoldRequest::default() };
    let none = HoldRequest { file: "none.wav".into(), ..music.clone() };
    assert_eq!(code(talk.ask::<_, HoldReply>("hold", &none).await), Some(ErrorCode::NotFound));

    let _held: HoldReply = talk.ask("hold", &music).await?;
    assert!(told_hold(&mut talk).await?, "the phone is told by the re-INVITE");
    state(&mut talk, CallState::Hold).await?;
    talk.stream.send_samples(&tone(16_000, 600.0, SAID_MS)).await?;
    talk.stream.send(&FromBot::Mark { id: "waits".into() }).await?;
    hears_nothing(&mut talk).await?;
    // Without music now: another re-INVITE, and nothing new to tell.
    let silence = HoldRequest { file: String::new(), ..music.clone() };
    let _held: HoldReply = talk.ask("hold", &silence).await?;

    let _back: UnholdReply = talk.ask("unhold", &unhold).await?;
    assert!(!told_hold(&mut talk).await?);
    state(&mut talk, CallState::Answered).await?;
    mark(&mut talk.stream, "waits").await?;
    hears_the_phone(&mut talk).await?;
    // It is as it is to be.
    let _back: UnholdReply = talk.ask("unhold", &unhold).await?;

    // The phone holds; then both do, and each takes back its own.
    talk.call.hold().await?;
    state(&mut talk, CallState::Hold).await?;
    let _held: HoldReply = talk.ask("hold", &music).await?;
    talk.call.unhold().await?;
    hears_nothing(&mut talk).await?;
    let _back: UnholdReply = talk.ask("unhold", &unhold).await?;
    state(&mut talk, CallState::Answered).await?;
    hears_the_phone(&mut talk).await?;

    let holds = |events: &[botstream_api::Event]| -> Vec<(bool, bool)> {
        let of_call = events.iter().filter(|event| event.call_id == call_id);
        of_call
            .filter_map(|event| match &event.body {
                Some(Body::CallHold(hold)) => Some((true, hold.by_far_end)),
                Some(Body::CallUnhold(hold)) => Some((false, hold.by_far_end)),
                _ => None,
            })
            .collect()
    };
    let expected = [(true, false), (false, false), (true, true), (true, false), (false, true), (false, false)];
    let told = |events: &[botstream_api::Event]| (holds(events).len() >= expected.len()).then(|| holds(events));
    assert_eq!(talk.world.events.until("all holds", told).await?, expected);

    let heard = talk.end().await?;
    let said_ms = tone_ms(&heard, RATE_HZ, 600.0);
    assert!(said_ms.abs_diff(SAID_MS) <= EDGE_MS, "{said_ms} ms of the bot were heard");
    let music_ms = tone_ms(&heard, RATE_HZ, 440.0);
    assert!(music_ms >= SAID_MS - EDGE_MS, "{music_ms} ms of music were heard");
    Ok(())
}

/// Waits until the bot is told.
async fn state(talk: &mut Talk<'_>, wanted: CallState) -> anyhow::Result<()> {
    talk.stream.next_that(|message| matches!(message, ToBot::Call(call) if call.state == wanted).then_some(())).await
}

/// What the next re-INVITE says to the phone: whether it is on hold.
async fn told_hold(talk: &mut Talk<'_>) -> anyhow::Result<bool> {
    let told = async {
        while let Some(event) = talk.call.event().await {
            if let CallEvent::Held { is_held } = event {
                return Some(is_held);
            }
        }
        None
    };
    tokio::time::timeout(LIMIT, told).await.context("no re-INVITE comes")?.context("the call is over")
}

/// The hold lasts for as long as the bot needs to say something, and the bot hears nothing of the phone.
async fn hears_nothing(talk: &mut Talk<'_>) -> anyhow::Result<()> {
    // What was on its way to the bot before.
    until_pong(talk).await?;
    tokio::time::sleep(Duration::from_millis(SAID_MS)).await;
    let heard = until_pong(talk).await?;
    anyhow::ensure!(heard.iter().all(|sample| *sample == 0), "the bot hears a phone that is on hold");
    Ok(())
}

/// What the bot hears until its ping is answered.
async fn until_pong(talk: &mut Talk<'_>) -> anyhow::Result<Vec<i16>> {
    let mut heard = Vec::new();
    talk.stream.send(&FromBot::Ping { id: String::new() }).await?;
    loop {
        match talk.stream.next().await? {
            Received::Samples(samples) => heard.extend(samples),
            Received::Message(ToBot::Pong { .. }) => return Ok(heard),
            Received::Closed(code) => anyhow::bail!("the WebSocket was closed with {code:?}"),
            Received::Message(_) | Received::Codec(_) => {}
        }
    }
}

async fn hears_the_phone(talk: &mut Talk<'_>) -> anyhow::Result<()> {
    while next_samples(&mut talk.stream).await?.iter().all(|sample| sample.unsigned_abs() < 1_000) {}
    Ok(())
}
