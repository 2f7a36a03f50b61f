//! Keys, both ways, each exactly once.

use std::time::Duration;

use anyhow::Context;
use botstream_api::event::Body;
use cluster_runner::Cluster;
use integration_tests::bot::Bot;
use integration_tests::config::{Format, Telephony};
use integration_tests::world::{World, over, phone};
use testphone::{CallEvent, Script};
use voicebot::message::{DtmfSend, DtmfSource, FromBot, LEG_CALLER, ToBot};

const KEYS: &str = "1234567890*#ABCD";

#[tokio::test(flavor = "multi_thread")]
async fn every_key_reaches_the_bot_once_and_in_order() -> anyhow::Result<()> {
    let bot = Bot::listen().await?;
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::L16,
    );
    let world = World::start(Cluster::builder(), &telephony).await?;

    let mut call = world.call(&phone, "+14155550100", Script::default()).await?;
    let mut stream = bot.next_call().await?;
    call.answered().await?;
    call.press(KEYS).await?;
    let mut heard = String::new();
    while heard.len() < KEYS.len() {
        let dtmf = stream
            .next_that(|message| match message {
                ToBot::Dtmf(dtmf) => Some(dtmf),
                _ => None,
            })
            .await?;
        assert_eq!((dtmf.source, dtmf.leg.as_str()), (DtmfSource::Rfc4733, LEG_CALLER));
        assert!((40..=400).contains(&dtmf.duration_ms), "{dtmf:?}");
        heard.push(dtmf.digit);
    }
    assert_eq!(heard, KEYS);

    let call_id = world.call_id(call.sip_call_id()).await?;
    call.hangup().await?;
    world.events.ended(&call_id).await?;
    let (rest, _) = stream.to_end().await?;
    assert!(!rest.iter().any(|message| matches!(message, ToBot::Dtmf(_))), "a key came twice: {rest:?}");

    let events = world.events.of(&call_id);
    let told: String = events
        .iter()
        .filter_map(|event| match &event.body {
            Some(Body::DtmfDigit(digit)) => Some(digit.digit.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, KEYS);
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_bot_presses_reach_the_phone() -> anyhow::Result<()> {
    let bot = Bot::listen().await?;
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::Mulaw,
    );
    let world = World::start(Cluster::builder(), &telephony).await?;

    let mut call = world.call(&phone, "+14155550100", Script::default()).await?;
    let mut stream = bot.next_call().await?;
    call.answered().await?;
    stream.send(&FromBot::Dtmf(DtmfSend { digits: KEYS.into(), leg: LEG_CALLER.into() })).await?;
    let mut heard = String::new();
    let listening = async {
        while heard.len() < KEYS.len() {
            match call.event().await.context("the call has ended")? {
                CallEvent::Digit(digit) => heard.push(digit.digit),
                CallEvent::Ended(end) => anyhow::bail!("the call has ended: {end}"),
                _ => {}
            }
        }
        Ok(())
    };
    tokio::time::timeout(Duration::from_secs(20), listening).await.context("not all keys came")??;
    assert_eq!(heard, KEYS);

    stream.send(&FromBot::Hangup(Default::default())).await?;
    let outcome = over(call).await?;
    let media = outcome.media.context("no media ran")?;
    assert_eq!(media.digits_heard.len(), KEYS.len(), "a key came twice");
    world.stop().await
}
