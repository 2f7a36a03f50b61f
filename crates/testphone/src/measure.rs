//! What came back, measured against what was said.

use audio::level::{SILENCE_DBFS, active_dbfs};
use audio::measure::{DelayOptions, Match, delays, percentile};
use serde::Serialize;

use crate::{FRAME_SAMPLES, MediaLog, RATE_HZ};

/// Likeness from which a window counts as found.
const LIKENESS_MIN: f64 = 0.8;

/// Windows that are compared at most; they are spread over the call.
const WINDOWS_MAX: usize = 200;

/// From the moment a sound left this phone to the moment it came back to it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Delay {
    /// Median.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Largest.
    pub max_ms: f64,
    /// Windows of speech that were found again.
    pub windows_found: usize,
    /// Windows of speech that were looked for.
    pub windows: usize,
}

/// What came back, measured against what was said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurements {
    /// Sent to heard; `None` when nothing of what was said came back, or when it repeats itself.
    pub delay: Option<Delay>,
    /// Median over windows of speech of the peak normalised correlation: 1.0 is the same waveform, whatever its level.
    pub similarity: Option<f64>,
    /// Share of the codec's bytes that came back unchanged, at the median delay, between the first and the last window found.
    pub bit_exact_percent: Option<f64>,
    /// Level of what was said, pauses left out.
    pub level_sent_dbfs: f64,
    /// Level of what was heard, pauses left out.
    pub level_heard_dbfs: f64,
}

impl MediaLog {
    /// Measures what was heard against what was said.
    pub fn measure(&self) -> Measurements {
        let (sent, heard) = (self.sent_samples(), self.heard_samples());
        let mut measured = Measurements {
            delay: None,
            similarity: None,
            bit_exact_percent: None,
            level_sent_dbfs: level(&sent),
            level_heard_dbfs: level(&heard),
        };
        if self.periodic {
            return measured;
        }
        let mut options = DelayOptions::new(RATE_HZ);
        options.step_samples = options.step_samples.max(sent.len() / WINDOWS_MAX);
        let windows = delays(&sent, &heard, &options);
        measured.similarity = percentile(&mut windows.iter().map(|(_, best)| best.likeness).collect::<Vec<_>>(), 50.0);
        let found: Vec<(usize, Match)> =
            windows.iter().copied().filter(|(_, best)| best.likeness >= LIKENESS_MIN).collect();
        let mut delays_ms: Vec<f64> =
            found.iter().map(|(start, best)| self.delay_ms(*start, best.lag_samples, options.window_samples)).collect();
        measured.delay = percentile(&mut delays_ms, 50.0)
            .zip(percentile(&mut delays_ms, 99.0))
            .zip(percentile(&mut delays_ms, 100.0))
            .map(|((p50_ms, p99_ms), max_ms)| Delay {
                p50_ms,
                p99_ms,
                max_ms,
                windows_found: found.len(),
                windows: windows.len(),
            });
        measured.bit_exact_percent = self.bit_exact_percent(&found, options.window_samples);
        measured
    }

    /// A lag between the two timelines, corrected by how late the packets really left and arrived.
    fn delay_ms(&self, start: usize, lag: usize, window: usize) -> f64 {
        let heard_late = mean_late_ms(&self.heard_late_ms, start + lag, window);
        let sent_late = mean_late_ms(&self.sent_late_ms, start, window);
        lag as f64 * 1000.0 / f64::from(RATE_HZ) + heard_late - sent_late
    }

    fn bit_exact_percent(&self, found: &[(usize, Match)], window: usize) -> Option<f64> {
        let (first, last) = (found.first()?.0, found.last()?.0 + window);
        let mut lags: Vec<f64> = found.iter().map(|(_, best)| best.lag_samples as f64).collect();
        let lag = percentile(&mut lags, 50.0)? as usize;
        let heard = self.heard.get(first + lag..)?;
        let pairs = self.sent[first..last].iter().zip(heard);
        let (mut equal, mut compared) = (0u32, 0u32);
        for (sent, heard) in pairs {
            compared += 1;
            equal += u32::from(sent == heard);
        }
        (compared > 0).then(|| f64::from(equal) * 100.0 / f64::from(compared))
    }
}

fn mean_late_ms(late_ms: &[f32], start: usize, len: usize) -> f64 {
    let frames =
        late_ms.get(start / FRAME_SAMPLES..((start + len) / FRAME_SAMPLES).min(late_ms.len())).unwrap_or_default();
    if frames.is_empty() {
        return 0.0;
    }
    frames.iter().map(|&late| f64::from(late)).sum::<f64>() / frames.len() as f64
}

fn level(samples: &[i16]) -> f64 {
    // The quietest step of G.711 is not sound: A-law's silence is a constant of 8.
    match active_dbfs(samples, RATE_HZ) {
        level if level < -70.0 => SILENCE_DBFS,
        level => level,
    }
}
