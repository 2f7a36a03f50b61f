//! Each vendor's protocol, end to end: a telephone calls, its bot hears it and is heard, marks and clears tell the truth,
//! keys come through, and the bot's own way to hang up lets its last words be heard.

use anyhow::Context;
use cluster_runner::Cluster;
use integration_tests::config::Telephony;
use integration_tests::raw_bot::{RawBot, RawFrame, RawStream};
use integration_tests::sound::{tone, tone_ms};
use integration_tests::world::{World, over, phone};
use serde_json::Value;
use testphone::{Endpoint, Outcome, Play, RATE_HZ, Script};

use crate::vendor::{ASTERISK, ASTERISK_PLAIN, EXOTEL, JAMBONZ, PLIVO, TELNYX, TWILIO, VONAGE, Vendor};

const VENDORS: [&Vendor; 8] = [&TWILIO, &TELNYX, &PLIVO, &EXOTEL, &VONAGE, &JAMBONZ, &ASTERISK, &ASTERISK_PLAIN];

/// What the caller says all the time, and what bots say.
const CALLER_HZ: f64 = 440.0;
const BOT_HZ: f64 = 1_000.0;

/// A frame, a filter's edge and a fade at either end.
const EDGE_MS: u64 = 60;

/// What the test looks at in a frame: its JSON, or its words.
fn words(frame: &RawFrame) -> Option<Value> {
    match frame {
        RawFrame::Json(json) => Some(json.clone()),
        RawFrame::Text(text) => Some(Value::from(text.as_str())),
        RawFrame::Binary(_) | RawFrame::Closed(_) => None,
    }
}

async fn told(stream: &mut RawStream, what: &str, is_wanted: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
    stream.next_that(what, |frame| words(frame).filter(&is_wanted).map(|_| ())).await
}

/// Hears the caller for half a second.
async fn hear(vendor: &Vendor, stream: &mut RawStream) -> anyhow::Result<Vec<i16>> {
    let mut heard = Vec::new();
    while heard.len() < vendor.rate_hz as usize / 2 {
        heard.extend(stream.next_that("the caller's audio", |frame| vendor.heard(frame)).await?);
    }
    Ok(heard)
}

/// The bot's half of a call, from its first frame to its hang-up. Returns how much it has said, in ms.
async fn act(vendor: &Vendor, bot: &RawBot, number: &str) -> anyhow::Result<()> {
    let mut stream = bot.next_stream().await?;
    assert_eq!(stream.path, "/media?bot=raw");
    assert!(stream.headers["x-botstream-call-id"].contains('-'));
    let mut start = Vec::new();
    while start.len() < vendor.frames_at_start {
        start.push(stream.next().await?);
    }
    (vendor.start)(&start);

    let heard = hear(vendor, &mut stream).await?;
    let heard_ms = tone_ms(&heard, vendor.rate_hz, CALLER_HZ);
    assert!(heard_ms >= 400, "{heard_ms} of 500 ms are the caller's");

    // Half a second, to its mark.
    vendor.say(&mut stream, &tone(vendor.rate_hz, BOT_HZ, 500)).await?;
    for text in (vendor.mark)("first") {
        stream.send_text(text).await?;
    }
    told(&mut stream, "the mark", |json| (vendor.is_marked)(json, "first")).await?;

    // Ten seconds, of which next to nothing is heard.
    vendor.say(&mut stream, &tone(vendor.rate_hz, BOT_HZ, 10_000)).await?;
    for text in (vendor.mark)("never") {
        stream.send_text(text).await?;
    }
    stream.send_text((vendor.clear)()).await?;
    if let Some(is_cleared) = vendor.is_cleared {
        told(&mut stream, "the clear", |json| is_cleared(json, "never")).await?;
    }

    // A key of the caller's, and the last words.
    told(&mut stream, "the key", |json| (vendor.is_key)(json, "5")).await?;
    vendor.say(&mut stream, &tone(vendor.rate_hz, BOT_HZ, 400)).await?;
    match vendor.hangup {
        Some(hangup) => {
            stream.send_text(hangup()).await?;
            stream.next_that("the end", |frame| matches!(frame, RawFrame::Closed(_)).then_some(())).await?;
        }
        None => stream.close().await?,
    }
    assert!(number.starts_with('+'));
    Ok(())
}

async fn converse(world: &World, phone: &Endpoint, vendor: &Vendor, bot: &RawBot, number: &str) -> anyhow::Result<()> {
    let script = Script {
        play: Play::Tone { frequency_hz: CALLER_HZ, dbfs: -10.0 },
        dtmf: vec![(std::time::Duration::from_millis(2_500), "5".to_owned())],
        ..Script::default()
    };
    let call = world.call(phone, number, script).await?;
    let (acted, outcome) = tokio::join!(act(vendor, bot, number), over(call));
    acted?;
    let outcome: Outcome = outcome?;
    assert!(matches!(outcome.end, testphone::End::RemoteHangup { .. }), "{:?}", outcome.end);
    let heard = outcome.media.context("no media ran")?.heard_samples();
    // What was cleared sounds for no longer than the way of the clear.
    let heard_ms = tone_ms(&heard, RATE_HZ, BOT_HZ);
    assert!((900 - EDGE_MS..=900 + 400).contains(&heard_ms), "{heard_ms} ms of the bot were heard");
    let last_words: Vec<i16> = heard[heard.len().saturating_sub(RATE_HZ as usize)..].to_vec();
    let last_ms = tone_ms(&last_words, RATE_HZ, BOT_HZ);
    assert!(last_ms >= 400 - EDGE_MS, "{last_ms} ms of the last words were heard");
    Ok(())
}

/// One cluster, a bot and a call for each vendor, all at once.
#[tokio::test(flavor = "multi_thread")]
async fn bots_of_every_vendor_hear_and_are_heard() -> anyhow::Result<()> {
    let phone = phone().await?;
    let mut telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let mut bots = Vec::new();
    for (index, vendor) in VENDORS.into_iter().enumerate() {
        let bot = RawBot::listen(vendor.subprotocol).await?;
        let number = format!("+1415555010{index}");
        let keys = format!("dialect = \"{}\"\nmetadata = {{ team = \"blue\" }}", vendor.dialect);
        telephony = telephony.bot(&number, &bot.url(), &keys);
        bots.push((vendor, bot, number));
    }
    let world = World::start(Cluster::builder(), &telephony).await?;
    let conversations = bots.iter().map(|(vendor, bot, number)| {
        let (world, phone) = (&world, &phone);
        async move { (vendor.dialect, converse(world, phone, vendor, bot, number).await) }
    });
    for (dialect, outcome) in futures_util::future::join_all(conversations).await {
        outcome.context(dialect)?;
    }
    world.stop().await
}
