//! How well a call is heard, every few seconds.

use std::time::{Duration, Instant};

use botstream_api::QosSample;
use rtp::rtcp::quality::{Impairment, mos, r_factor};
use rtp::{JitterBuffer, Stats};
use voicebot::message::Qos;

use super::coding::Coding;
use super::control::Control;

/// Time between two samples.
const INTERVAL: Duration = Duration::from_secs(5);

/// When the next sample is due, and what had been counted at the last.
#[derive(Debug)]
pub(super) struct Quality {
    due: Instant,
    counted: Stats,
}

impl Quality {
    /// Of a call that begins now.
    pub(super) fn new(now: Instant) -> Self {
        Self { due: now + INTERVAL, counted: Stats::default() }
    }

    /// The sample that is due. None while nothing came that could be judged: the far end is on hold, or says nothing in silence.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        jitter: &JitterBuffer,
        coding: &Coding,
        control: &Control,
        is_secure: bool,
    ) -> Option<QosSample> {
        if now < self.due {
            return None;
        }
        self.due = now + INTERVAL;
        let stats = jitter.stats();
        let before = std::mem::replace(&mut self.counted, stats);
        let received = stats.received.saturating_sub(before.received);
        // A packet that came after it had been given up has been lost to the listener all the same.
        let lost = stats.lost.saturating_sub(before.lost);
        let expected = received + lost;
        if expected == 0 {
            return None;
        }
        let share = lost as f32 / expected as f32;
        let burst_ratio = jitter.bursts().summary().burst_ratio();
        let remote_jitter =
            control.remote().map_or(0.0, |block| block.jitter as f32 * 1_000.0 / coding.clock_hz() as f32);
        Some(QosSample {
            mos: mos(r_factor(Impairment::G711, share, burst_ratio, control.one_way_delay_ms())),
            loss_pct: share * 100.0,
            jitter_ms: stats.jitter_ms(coding.clock_hz()),
            rtt_ms: control.round_trip_ms().unwrap_or_default(),
            remote_loss_pct: control.remote_loss_pct().unwrap_or_default(),
            remote_jitter_ms: remote_jitter,
            codec: coding.api_codec().into(),
            srtp: is_secure,
        })
    }
}

/// The same as bots are told it.
pub(super) fn for_bot(sample: &QosSample) -> Qos {
    Qos { mos: sample.mos, loss_pct: sample.loss_pct, jitter_ms: sample.jitter_ms, rtt_ms: sample.rtt_ms }
}

/// The opinion score of a whole call; 0 where nothing was received.
pub(super) fn of_call(jitter: &JitterBuffer, control: &Control) -> f32 {
    let summary = jitter.bursts().summary();
    if summary.packets == 0 {
        return 0.0;
    }
    let (share, burst_ratio) = (summary.lost_share(), summary.burst_ratio());
    mos(r_factor(Impairment::G711, share, burst_ratio, control.one_way_delay_ms()))
}
