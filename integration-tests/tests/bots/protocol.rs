//! `botstream.v1` by hand: every format, both sides in one stream, flow control, refusals, live mode.

use std::time::Duration;

use anyhow::Context;
use audio::g711::Law;
use cluster_runner::Cluster;
use integration_tests::config::Telephony;
use integration_tests::raw_bot::{RawBot, RawFrame, RawStream};
use integration_tests::sound::{tone, tone_ms};
use integration_tests::world::{World, over, phone};
use serde_json::{Value, json};
use testphone::{Endpoint, Play, RATE_HZ, Script};

pub(crate) const NUMBER: &str = "+14155550100";
const CALLER_HZ: f64 = 440.0;
const BOT_HZ: f64 = 1_000.0;

/// The next message of a type.
pub(crate) async fn message(stream: &mut RawStream, kind: &str) -> anyhow::Result<Value> {
    let wanted = |frame: &RawFrame| match frame {
        RawFrame::Json(json) if json["type"] == kind => Some(json.clone()),
        _ => None,
    };
    stream.next_that(kind, wanted).await
}

pub(crate) async fn tell(stream: &mut RawStream, message: Value) -> anyhow::Result<()> {
    stream.send_text(message.to_string()).await
}

/// A cluster where one number leads to a bot, with these keys.
pub(crate) async fn world(bot: &RawBot, keys: &str) -> anyhow::Result<(World, Endpoint)> {
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).bot(
        NUMBER,
        &bot.url(),
        keys,
    );
    Ok((World::start(Cluster::builder(), &telephony).await?, phone))
}

/// A caller that says a tone all the time.
pub(crate) fn humming() -> Script {
    Script { play: Play::Tone { frequency_hz: CALLER_HZ, dbfs: -10.0 }, ..Script::default() }
}

#[derive(Debug, Clone, Copy)]
struct Format {
    encoding: &'static str,
    rate: u32,
    channels: u32,
    frame_ms: u32,
}

const fn format(encoding: &'static str, rate: u32, channels: u32, frame_ms: u32) -> Format {
    Format { encoding, rate, channels, frame_ms }
}

/// A bot has 100 ms to accept a format, and the machine may be busy.
const ATTEMPTS: usize = 5;

const FORMATS: [Format; 9] = [
    format("l16", 8_000, 1, 10),
    format("l16", 16_000, 1, 40),
    format("l16", 24_000, 1, 60),
    format("l16", 48_000, 1, 100),
    format("mulaw", 8_000, 1, 20),
    format("alaw", 8_000, 1, 40),
    format("l16", 16_000, 2, 20),
    format("mulaw", 8_000, 2, 100),
    format("l16", 48_000, 2, 10),
];

impl Format {
    fn bytes_per_sample(self) -> usize {
        if self.encoding == "l16" { 2 } else { 1 }
    }

    fn law(self) -> Option<Law> {
        match self.encoding {
            "mulaw" => Some(Law::Mu),
            "alaw" => Some(Law::A),
            _ => None,
        }
    }

    /// The channels of a frame of this format's length.
    fn read(self, bytes: &[u8]) -> Option<Vec<Vec<i16>>> {
        let length = (self.rate * self.frame_ms / 1_000 * self.channels) as usize * self.bytes_per_sample();
        if bytes.len() != length {
            return None;
        }
        let samples: Vec<i16> = match self.law() {
            Some(law) => bytes.iter().map(|code| law.decode(*code)).collect(),
            None => bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect(),
        };
        let channels = self.channels as usize;
        let of = |channel| samples.iter().skip(channel).step_by(channels).copied().collect();
        Some((0..channels).map(of).collect())
    }

    /// What the bot says has one channel always.
    fn write(self, samples: &[i16]) -> Vec<u8> {
        match self.law() {
            Some(law) => samples.iter().map(|sample| law.encode(*sample)).collect(),
            None => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
        }
    }
}

/// Accepts a format, hears the caller in it and is heard. `false`: the machine was too busy to accept in time.
async fn use_format(
    world: &World,
    phone: &Endpoint,
    bot: &RawBot,
    number: &str,
    format: Format,
) -> anyhow::Result<bool> {
    let call = world.call(phone, number, humming()).await?;
    let mut stream = bot.next_stream().await?;
    message(&mut stream, "start").await?;
    let Format { encoding, rate, channels, frame_ms } = format;
    let accepted = json!({"encoding": encoding, "rate": rate, "channels": channels, "frame_ms": frame_ms});
    tell(&mut stream, json!({"type": "accept", "format": accepted})).await?;
    let said = tone(rate, BOT_HZ, 600);
    // In pieces that cut samples in two.
    for piece in format.write(&said).chunks(777) {
        stream.send_binary(piece.to_vec()).await?;
    }
    tell(&mut stream, json!({"type": "mark", "id": "end"})).await?;
    let mut heard = vec![Vec::new(); channels as usize];
    let mut is_said = false;
    while heard[0].len() < rate as usize || !is_said {
        match stream.next().await? {
            RawFrame::Binary(bytes) => {
                // Of the format offered, where that was settled already: its error comes next.
                let Some(frames) = format.read(&bytes) else { continue };
                for (all, frame) in heard.iter_mut().zip(frames) {
                    all.extend(frame);
                }
            }
            RawFrame::Json(json) if json["type"] == "mark" => is_said = true,
            RawFrame::Json(json) if json["code"] == 4_004 => {
                tell(&mut stream, json!({"type": "hangup", "after": "now"})).await?;
                over(call).await?;
                return Ok(false);
            }
            RawFrame::Json(json) => assert_ne!(json["type"], "error", "{json}"),
            other => anyhow::bail!("{other:?}"),
        }
    }
    let total_ms = heard[0].len() as u64 * 1_000 / u64::from(rate);
    let caller_ms = tone_ms(&heard[0], rate, CALLER_HZ);
    assert!(caller_ms + 200 >= total_ms, "{caller_ms} of {total_ms} ms are the caller's");
    if let Some(own) = heard.get(1) {
        let own_ms = tone_ms(own, rate, BOT_HZ);
        assert!((520..=620).contains(&own_ms), "{own_ms} of 600 ms of its own");
    }
    tell(&mut stream, json!({"type": "hangup"})).await?;
    let heard = over(call).await?.media.context("no media ran")?.heard_samples();
    let heard_ms = tone_ms(&heard, RATE_HZ, BOT_HZ);
    assert!((540..=620).contains(&heard_ms), "{heard_ms} of 600 ms of the bot");
    Ok(true)
}

/// A number and a bot for each, so that a call and its stream are known to belong together.
#[tokio::test(flavor = "multi_thread")]
async fn every_format_goes_both_ways() -> anyhow::Result<()> {
    let phone = phone().await?;
    let mut telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let mut bots = Vec::new();
    for (index, format) in FORMATS.into_iter().enumerate() {
        let bot = RawBot::listen(Some("botstream.v1")).await?;
        let number = format!("+1415555050{index}");
        telephony = telephony.bot(&number, &bot.url(), "");
        bots.push((format, bot, number));
    }
    let world = World::start(Cluster::builder(), &telephony).await?;
    let uses = bots.iter().map(|(format, bot, number)| {
        let (world, phone) = (&world, &phone);
        async move {
            for _ in 0..ATTEMPTS {
                if use_format(world, phone, bot, number, *format).await.with_context(|| format!("{format:?}"))? {
                    return Ok(());
                }
            }
            anyhow::bail!("{format:?} was never accepted in time")
        }
    });
    for outcome in futures_util::future::join_all(uses).await {
        outcome?;
    }
    world.stop().await
}

/// The route asks for both sides; a bot that says nothing of formats gets them.
#[tokio::test(flavor = "multi_thread")]
async fn both_tracks_and_limits() -> anyhow::Result<()> {
    let bot = RawBot::listen(None).await?;
    let (world, phone) = world(&bot, "tracks = \"both\"\nplayout = { cap_ms = 12000 }").await?;
    let mut call = world.call(&phone, NUMBER, humming()).await?;
    let mut stream = bot.next_stream().await?;
    let start = message(&mut stream, "start").await?;
    assert_eq!(start["tracks"], json!(["inbound", "outbound"]));
    assert_eq!(start["format"]["channels"], 2);
    assert_eq!(start["playout"], json!({"mode": "queue", "cap_ms": 12_000, "xoff_ms": 10_000, "xon_ms": 5_000}));
    call.answered().await?;
    let bytes = stream.next_that("audio", |frame| match frame {
        RawFrame::Binary(bytes) => Some(bytes.len()),
        _ => None,
    });
    assert_eq!(bytes.await?, 1_280);

    // Past ten seconds it is asked to hold back, past twelve it is refused, whole; a clear lets it go on.
    let second = vec![0; 32_000];
    for _ in 0..11 {
        stream.send_binary(second.clone()).await?;
    }
    let flow = message(&mut stream, "flow").await?;
    assert_eq!(flow["state"], "xoff");
    assert!((10_000..=11_000).contains(&flow["queued_ms"].as_u64().unwrap_or_default()), "{flow}");
    stream.send_binary(vec![0; 96_000]).await?;
    let error = message(&mut stream, "error").await?;
    assert_eq!((&error["code"], &error["name"], &error["fatal"]), (&json!(4_413), &json!("OVERFLOW"), &json!(false)));
    tell(&mut stream, json!({"type": "clear"})).await?;
    assert_eq!(message(&mut stream, "flow").await?["state"], "xon");
    let cleared = message(&mut stream, "cleared").await?;
    let told = |field: &str| cleared[field].as_u64().unwrap_or_default();
    // None of the message that was refused.
    assert!((told("played_ms") + told("discarded_ms")).abs_diff(11_000) <= 20, "{cleared}");

    // Paused, nothing is played; the rest comes after that.
    stream.send_binary(second.clone()).await?;
    tell(&mut stream, json!({"type": "mark", "id": "end"})).await?;
    tell(&mut stream, json!({"type": "pause"})).await?;
    tell(&mut stream, json!({"type": "ping", "id": "a"})).await?;
    assert_eq!(message(&mut stream, "pong").await?["id"], "a");
    tell(&mut stream, json!({"type": "resume"})).await?;
    let mark = message(&mut stream, "mark").await?;
    assert_eq!(
        (&mark["id"], &mark["state"], &mark["gen"], &mark["pos_ms"]),
        (&json!("end"), &json!("played"), &json!(1), &json!(1_000))
    );
    tell(&mut stream, json!({"type": "hangup", "after": "now"})).await?;
    over(call).await?;
    world.stop().await
}

/// Talks in real time in live mode, stalls for two seconds and sends what was missed at once: five seconds later nothing of
/// that is left, and the far end has heard it in order.
pub(crate) async fn stall(stream: &mut RawStream) -> anyhow::Result<u64> {
    // Words of 300 ms and pauses of 200, as people talk.
    let mut words = tone(16_000, BOT_HZ, 300);
    words.resize(8_000, 0);
    let frames: Vec<Vec<u8>> =
        words.chunks(320).map(|frame| frame.iter().flat_map(|sample| sample.to_le_bytes()).collect()).collect();
    let mut next = frames.iter().cycle();
    let mut clock = tokio::time::interval(Duration::from_millis(20));
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut queued_ms = 0;
    for tick in 0..450_u32 {
        clock.tick().await;
        if (50..150).contains(&tick) {
            continue;
        }
        let due = if tick == 150 { 101 } else { 1 };
        for frame in next.by_ref().take(due) {
            stream.send_binary(frame.clone()).await?;
        }
    }
    // The last report of how much is queued.
    tell(stream, json!({"type": "ping", "id": "end"})).await?;
    loop {
        match stream.next().await? {
            RawFrame::Json(json) if json["type"] == "pong" => return Ok(queued_ms),
            RawFrame::Json(json) if json["type"] == "playback" && json["state"] == "progress" => {
                queued_ms = json["queued_ms"].as_u64().context("no queued_ms")?;
            }
            RawFrame::Closed(code) => anyhow::bail!("closed with {code:?}"),
            _ => {}
        }
    }
}
