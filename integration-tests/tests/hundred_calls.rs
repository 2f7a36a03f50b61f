//! A hundred calls at once for half a minute: each hears itself, all of itself and nothing but itself.

use std::time::Duration;

use anyhow::Context;
use audio::measure::goertzel_dbfs;
use cluster_runner::Cluster;
use integration_tests::config::{Format, Telephony};
use integration_tests::record::record;
use integration_tests::stall::StallWatch;
use integration_tests::world::{World, phone};
use testphone::bot::{BotConfig, DtmfAnswer, EchoBot};
use testphone::{Outcome, Play, RATE_HZ, Script};

const CALLS: usize = 100;
const TALK: Duration = Duration::from_secs(30);
const LEVEL_DBFS: f64 = -12.0;
/// On a machine that has nothing else to do; what it stalls for is added.
const GAP_MS_MAX: f64 = 40.0;
/// New calls come so long after each other: a burst is another test's business.
const SPACING: Duration = Duration::from_millis(50);

/// Each call's tone: 30 Hz apart, over the telephone's band.
fn frequency_hz(call: usize) -> f64 {
    300.0 + 30.0 * call as f64
}

fn check(call: usize, outcome: &Outcome) -> anyhow::Result<f64> {
    let media = outcome.media.as_ref().context("no media ran")?;
    let received = media.received;
    anyhow::ensure!(received.lost == 0 && received.late == 0, "{} packets lost, {} late", received.lost, received.late);
    // A packet each 20 ms from the answer on, give or take the first and the last few.
    let due = TALK.as_millis() as u64 / testphone::FRAME_MS;
    anyhow::ensure!(received.received + 5 >= due, "{} packets of {due} came", received.received);

    // Its own tone all the time, but for the ends.
    let heard = media.heard_samples();
    let seconds: Vec<&[i16]> = heard.chunks_exact(RATE_HZ as usize).skip(1).take(TALK.as_secs() as usize - 2).collect();
    for (number, window) in seconds.iter().enumerate() {
        let own = goertzel_dbfs(window, RATE_HZ, frequency_hz(call));
        anyhow::ensure!((own - LEVEL_DBFS).abs() < 1.0, "own tone at {own:.1} dBFS in second {number}");
    }
    // And nobody else's: looked for at the beginning, in the middle and at the end.
    for window in [seconds.first(), seconds.get(seconds.len() / 2), seconds.last()].into_iter().flatten() {
        for other in (0..CALLS).filter(|&other| other != call) {
            let level = goertzel_dbfs(window, RATE_HZ, frequency_hz(other));
            anyhow::ensure!(level < LEVEL_DBFS - 30.0, "tone of call {other} at {level:.1} dBFS");
        }
    }
    Ok(media.gap_ms_max)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_calls_for_half_a_minute() -> anyhow::Result<()> {
    let bot = EchoBot::bind(BotConfig { dtmf: DtmfAnswer::Ignore, ..BotConfig::default() }).await?;
    let phone = phone().await?;
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        "*",
        &bot.url(),
        Format::L16,
    );
    let world = World::start(Cluster::builder().switches(2), &telephony).await?;

    let machine = StallWatch::start();
    let mut calls = Vec::new();
    for number in 0..CALLS {
        let tone = Play::Tone { frequency_hz: frequency_hz(number), dbfs: LEVEL_DBFS };
        let script = Script::playing(tone).for_duration(TALK);
        calls.push(world.call(&phone, &format!("+1415555{number:04}"), script).await?);
        tokio::time::sleep(SPACING).await;
    }
    let outcomes = futures_util::future::join_all(calls.into_iter().map(testphone::Call::wait)).await;

    let mut failures = Vec::new();
    let mut longest_gap_ms = 0.0_f64;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match check(number, &outcome?) {
            Ok(gap_ms) => longest_gap_ms = longest_gap_ms.max(gap_ms),
            Err(error) => failures.push(format!("call {number}: {error}")),
        }
    }
    let stall_ms = machine.longest_stall_ms();
    record("hundred_calls_longest_gap", longest_gap_ms, "ms (aim: at most 40)")?;
    record("hundred_calls_longest_stall_of_the_machine", stall_ms, "ms")?;
    if longest_gap_ms > GAP_MS_MAX + stall_ms {
        failures
            .push(format!("a gap of {longest_gap_ms:.1} ms, while the machine stalled for {stall_ms:.1} ms at most"));
    }
    assert!(failures.is_empty(), "{} of {CALLS} calls failed:\n{}", failures.len(), failures.join("\n"));
    world.stop().await
}
