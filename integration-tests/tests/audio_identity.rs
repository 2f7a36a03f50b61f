//! What the caller says comes back from an echo bot as it was said.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use audio::g711::Law;
use cluster_runner::{Cluster, WorkDir};
use integration_tests::config::{Format, Telephony};
use integration_tests::priority;
use integration_tests::record::record;
use integration_tests::speech::coded_speech;
use integration_tests::world::{World, over, phone};
use testphone::bot::{BotConfig, EchoBot};
use testphone::{Measurements, Play, Script};

/// The aim is 60 ms; the assertion leaves room for a busy machine, the record does not.
const DELAY_P50_MS_MAX: f64 = 150.0;

/// A phone that stood still for longer than this has measured its own machine: it is asked again.
const PHONE_LATE_MS_MAX: f64 = 10.0;
const ATTEMPTS: u32 = 4;

/// Calls an echo bot that is spoken to in `format`, from a phone that speaks `law`, and measures what comes back.
async fn echo(law: Law, format: Format) -> anyhow::Result<Measurements> {
    let files = WorkDir::temporary()?;
    let clip = Arc::new(coded_speech(files.path(), law)?);
    let bot = EchoBot::bind(BotConfig { format: format.accepted(), ..BotConfig::default() }).await?;
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        format,
    );
    let world = World::start(Cluster::builder(), &telephony).await?;
    priority::raise();

    let duration = Duration::from_millis(clip.duration_ms()) + Duration::from_secs(1);
    let mut attempts = 0;
    let measured = loop {
        attempts += 1;
        let script = Script { codecs: vec![law.into()], ..Script::playing(Play::Clip(Arc::clone(&clip))) };
        let mut call = world.call(&phone, "+14155550100", script.for_duration(duration)).await?;
        call.answered().await?;
        let outcome = over(call).await?;
        let media = outcome.media.context("no media ran")?;
        assert_eq!(media.received.lost, 0, "RTP was lost");
        if media.sent_late_ms_max() <= PHONE_LATE_MS_MAX || attempts == ATTEMPTS {
            break media.measure();
        }
    };
    world.stop().await?;
    Ok(measured)
}

fn record_delay(name: &str, measured: &Measurements) -> anyhow::Result<()> {
    let delay = measured.delay.context("nothing came back")?;
    record(&format!("{name}_delay_p50"), delay.p50_ms, "ms (aim: at most 60)")?;
    record(&format!("{name}_delay_p99"), delay.p99_ms, "ms")?;
    assert!(delay.p50_ms <= DELAY_P50_MS_MAX, "p50 {} ms", delay.p50_ms);
    assert_eq!(delay.windows_found, delay.windows, "some of the speech did not come back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mulaw_comes_back_bit_by_bit() -> anyhow::Result<()> {
    let measured = echo(Law::Mu, Format::Mulaw).await?;
    assert_eq!(measured.bit_exact_percent, Some(100.0), "{measured:?}");
    record_delay("mulaw_echo", &measured)
}

#[tokio::test(flavor = "multi_thread")]
async fn alaw_comes_back_bit_by_bit() -> anyhow::Result<()> {
    let measured = echo(Law::A, Format::Alaw).await?;
    assert_eq!(measured.bit_exact_percent, Some(100.0), "{measured:?}");
    record_delay("alaw_echo", &measured)
}

#[tokio::test(flavor = "multi_thread")]
async fn over_l16_at_16_khz_the_sound_is_the_same() -> anyhow::Result<()> {
    let measured = echo(Law::Mu, Format::L16).await?;
    let similarity = measured.similarity.context("nothing came back")?;
    record("l16_echo_similarity", similarity, "(1 is the same)")?;
    assert!(similarity >= 0.99, "{measured:?}");
    record_delay("l16_echo", &measured)
}
