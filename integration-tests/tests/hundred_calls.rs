//! A hundred calls at once for half a minute: each hears itself, all of itself and nothing but itself.

use std::time::Duration;

use anyhow::Context;
use audio::measure::goertzel_dbfs;
use cluster_runner::Cluster;
use integration_tests::config::{Format, Telephony};
use integration_tests::priority;
use integration_tests::record::record;
use integration_tests::world::{World, phone};
use testphone::bot::{BotConfig, DtmfAnswer, EchoBot};
use testphone::{Endpoint, Outcome, Play, RATE_HZ, Script};

const CALLS: usize = 100;
const TALK: Duration = Duration::from_secs(30);
const LEVEL_DBFS: f64 = -12.0;
const GAP_MS_MAX: f64 = 40.0;
/// New calls come so long after each other: a burst is another test's business.
const SPACING: Duration = Duration::from_millis(50);

/// Half a minute without a seam needs a machine that does not stand still for half a minute. One that does is asked again; what
/// must hold on any machine is never asked twice.
const ATTEMPTS: u32 = 3;

/// What an attempt has shown.
#[derive(Debug, Default)]
struct Heard {
    /// Seams in a call's own tone, and gaps: the system's, or the machine's.
    seams: Vec<String>,
    gap_ms_max: f64,
    /// How long the phones themselves stood still.
    phone_late_ms_max: f64,
}

/// Each call's tone: 30 Hz apart, over the telephone's band.
fn frequency_hz(call: usize) -> f64 {
    300.0 + 30.0 * call as f64
}

impl Heard {
    /// Looks at one call. An error is a fault on any machine.
    fn add(&mut self, call: usize, outcome: &Outcome) -> anyhow::Result<()> {
        let media = outcome.media.as_ref().context("no media ran")?;
        let received = media.received;
        anyhow::ensure!(
            received.lost == 0 && received.late == 0,
            "{} packets lost, {} late",
            received.lost,
            received.late
        );
        // A packet each 20 ms from the answer on, give or take the first and the last few.
        let due = TALK.as_millis() as u64 / testphone::FRAME_MS;
        anyhow::ensure!(received.received + 5 >= due, "{} packets of {due} came", received.received);

        // Its own tone all the time, but for the ends.
        let samples = media.heard_samples();
        let seconds: Vec<&[i16]> =
            samples.chunks_exact(RATE_HZ as usize).skip(1).take(TALK.as_secs() as usize - 2).collect();
        let mut whole = Vec::new();
        for (number, window) in seconds.iter().enumerate() {
            let own = goertzel_dbfs(window, RATE_HZ, frequency_hz(call));
            if (own - LEVEL_DBFS).abs() < 1.0 {
                whole.push(window);
            } else {
                self.seams.push(format!("call {call}: own tone at {own:.1} dBFS in second {number}"));
            }
        }
        anyhow::ensure!(2 * whole.len() > seconds.len(), "its own tone in {} s of {}", whole.len(), seconds.len());
        // And nobody else's: looked for at the beginning, in the middle and at the end.
        for window in [whole.first(), whole.get(whole.len() / 2), whole.last()].into_iter().flatten() {
            for other in (0..CALLS).filter(|&other| other != call) {
                let level = goertzel_dbfs(window, RATE_HZ, frequency_hz(other));
                anyhow::ensure!(level < LEVEL_DBFS - 30.0, "tone of call {other} at {level:.1} dBFS");
            }
        }
        self.gap_ms_max = self.gap_ms_max.max(media.gap_ms_max);
        self.phone_late_ms_max = self.phone_late_ms_max.max(media.sent_late_ms_max());
        Ok(())
    }

    fn is_without_seam(&self) -> bool {
        // A packet that the phone reads late has not come late.
        self.seams.is_empty() && self.gap_ms_max <= GAP_MS_MAX + self.phone_late_ms_max
    }
}

async fn attempt(world: &World, phone: &Endpoint) -> anyhow::Result<Heard> {
    let mut calls = Vec::new();
    for number in 0..CALLS {
        let tone = Play::Tone { frequency_hz: frequency_hz(number), dbfs: LEVEL_DBFS };
        let script = Script::playing(tone).for_duration(TALK);
        calls.push(world.call(phone, &format!("+1415555{number:04}"), script).await?);
        tokio::time::sleep(SPACING).await;
    }
    let outcomes = futures_util::future::join_all(calls.into_iter().map(testphone::Call::wait)).await;
    let mut heard = Heard::default();
    let mut faults = Vec::new();
    for (number, outcome) in outcomes.into_iter().enumerate() {
        if let Err(fault) = heard.add(number, &outcome?) {
            faults.push(format!("call {number}: {fault}"));
        }
    }
    anyhow::ensure!(faults.is_empty(), "{} of {CALLS} calls failed:\n{}", faults.len(), faults.join("\n"));
    record("hundred_calls_longest_gap", heard.gap_ms_max, "ms (aim: at most 40)")?;
    record("hundred_calls_phones_stood_still_for", heard.phone_late_ms_max, "ms")?;
    record("hundred_calls_seams", heard.seams.len() as f64, "seconds of calls (aim: 0)")?;
    Ok(heard)
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
    priority::raise();

    let mut attempts = Vec::new();
    while attempts.len() < ATTEMPTS as usize {
        let heard = attempt(&world, &phone).await?;
        if heard.is_without_seam() {
            return world.stop().await;
        }
        attempts.push(heard);
    }
    anyhow::bail!("none of {ATTEMPTS} attempts was without a seam: {attempts:#?}")
}
