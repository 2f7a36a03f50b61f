//! What has happened on one received stream.

/// Counters of one [`JitterBuffer`](crate::JitterBuffer), over all its sources since construction.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stats {
    /// Packets taken into the stream (not duplicates, late ones or refused ones).
    pub received: u64,
    /// Packets given up: missing when the wait was over. A packet that still comes counts as `late` too.
    pub lost: u64,
    /// Packets that came after they had been given up.
    pub late: u64,
    /// Packets that came a second time.
    pub duplicate: u64,
    /// Packets that came after one with a higher sequence number, and in time.
    pub reordered: u64,
    /// Packets received but thrown away: window overrun, source changed, stray source, oversized payload.
    pub dropped: u64,
    /// New synchronisation source or new sequence numbering.
    pub restarts: u64,
    /// Interarrival jitter in clock units (RFC 3550 §6.4.1).
    pub jitter: f32,
    /// Extended highest sequence number received (RFC 3550 §6.4.1), of the present source.
    pub highest_sequence: u32,
}

impl Stats {
    /// Interarrival jitter in milliseconds.
    pub fn jitter_ms(&self, clock_rate_hz: u32) -> f32 {
        self.jitter * 1000.0 / clock_rate_hz.max(1) as f32
    }

    /// Packets that should have come, as far as is known: received and lost.
    pub fn expected(&self) -> u64 {
        self.received + self.lost
    }

    /// Share of the expected packets that never came in time, in percent.
    pub fn lost_percent(&self) -> f64 {
        match self.expected() {
            0 => 0.0,
            expected => self.lost as f64 * 100.0 / expected as f64,
        }
    }
}

/// RFC 3550 §6.4.1 and A.8: a running mean deviation of the transit time.
#[derive(Debug, Clone, Default)]
pub(crate) struct JitterMeter {
    transit_previous: Option<u32>,
    /// Clock units.
    pub(crate) jitter: f32,
    /// Differences measured since the last reset.
    pub(crate) samples: u32,
}

impl JitterMeter {
    /// A packet stamped `timestamp` came at `now_us`.
    pub(crate) fn arrival(&mut self, now_us: u64, timestamp: u32, clock_rate_hz: u32) {
        let arrival = (u128::from(now_us) * u128::from(clock_rate_hz) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(previous) = self.transit_previous.replace(transit) {
            let difference = (transit.wrapping_sub(previous) as i32).unsigned_abs();
            // A step of more than a second is a sender that renumbered, not the network: it would swamp the mean for minutes.
            if difference < clock_rate_hz {
                self.jitter += (difference as f32 - self.jitter) / 16.0;
                self.samples = self.samples.saturating_add(1);
            }
        }
    }

    /// How much later, in clock units, a packet stamped `timestamp` that comes at `now_us` is than the latest one measured was; 0 if it is
    /// not, or by more than a second.
    pub(crate) fn behind_latest(&self, now_us: u64, timestamp: u32, clock_rate_hz: u32) -> f32 {
        let arrival = (u128::from(now_us) * u128::from(clock_rate_hz) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        let behind = self.transit_previous.map_or(0, |latest| transit.wrapping_sub(latest) as i32);
        if (0..clock_rate_hz as i32).contains(&behind) { behind as f32 } else { 0.0 }
    }

    /// The stream began anew: the next packet has nothing to be compared with.
    pub(crate) fn restart(&mut self) {
        self.transit_previous = None;
    }
}
