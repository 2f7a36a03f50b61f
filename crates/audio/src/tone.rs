//! Tones: sines, DTMF pairs, call-progress tones with their cadence.

use crate::level::sine_peak;

/// Level of each of a key's two frequencies: -8 dBm0 in all, in the middle of what ITU-T Q.24 receivers take.
const DTMF_DBFS: f64 = -14.0;

/// The keypad's frequencies (ITU-T Q.23), and its keys by row and column.
pub(crate) const DTMF_ROWS_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
pub(crate) const DTMF_COLUMNS_HZ: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
pub(crate) const DTMF_KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// One or two sines, steady or in a cadence. Continues over blocks without a step.
#[derive(Debug, Clone)]
pub struct Tone {
    oscillators: [Oscillator; 2],
    /// Samples on and off; off 0: steady.
    on_samples: u64,
    off_samples: u64,
    position: u64,
}

#[derive(Debug, Clone, Copy)]
struct Oscillator {
    /// Radians.
    phase: f64,
    step: f64,
    peak: f64,
}

impl Oscillator {
    fn new(rate_hz: u32, frequency_hz: f64, dbfs: f64) -> Self {
        let step = std::f64::consts::TAU * frequency_hz / f64::from(rate_hz.max(1));
        Self { phase: 0.0, step, peak: sine_peak(dbfs) }
    }

    const SILENT: Self = Self { phase: 0.0, step: 0.0, peak: 0.0 };

    fn next(&mut self) -> f64 {
        let value = self.phase.sin() * self.peak;
        self.phase = (self.phase + self.step) % std::f64::consts::TAU;
        value
    }
}

impl Tone {
    /// A steady sine.
    pub fn sine(rate_hz: u32, frequency_hz: f64, dbfs: f64) -> Self {
        Self::new([Oscillator::new(rate_hz, frequency_hz, dbfs), Oscillator::SILENT])
    }

    /// Two steady sines, each of this level.
    pub fn dual(rate_hz: u32, frequencies_hz: [f64; 2], dbfs: f64) -> Self {
        Self::new(frequencies_hz.map(|frequency_hz| Oscillator::new(rate_hz, frequency_hz, dbfs)))
    }

    /// The pair of a DTMF key (ITU-T Q.23), steady; `None` if it is no key.
    pub fn dtmf(rate_hz: u32, digit: char) -> Option<Self> {
        let digit = digit.to_ascii_uppercase();
        let (row, column) = DTMF_KEYS
            .iter()
            .enumerate()
            .find_map(|(row, keys)| keys.iter().position(|&key| key == digit).map(|column| (row, column)))?;
        Some(Self::dual(rate_hz, [DTMF_ROWS_HZ[row], DTMF_COLUMNS_HZ[column]], DTMF_DBFS))
    }

    /// Ringing tone as most of Europe has it: 425 Hz, 1 s on, 4 s off (ITU-T E.180).
    pub fn ringback_europe(rate_hz: u32) -> Self {
        Self::sine(rate_hz, 425.0, -13.0).with_cadence(rate_hz, 1000, 4000)
    }

    /// Ringing tone of North America: 440 and 480 Hz, 2 s on, 4 s off.
    pub fn ringback_north_america(rate_hz: u32) -> Self {
        Self::dual(rate_hz, [440.0, 480.0], -22.0).with_cadence(rate_hz, 2000, 4000)
    }

    /// The tone on for `on_ms` and off for `off_ms`, over and over.
    pub fn with_cadence(mut self, rate_hz: u32, on_ms: u32, off_ms: u32) -> Self {
        let samples = |ms: u32| u64::from(rate_hz) * u64::from(ms) / 1000;
        self.on_samples = samples(on_ms);
        self.off_samples = samples(off_ms);
        self
    }

    /// Overwrites `samples` with the next piece of the tone.
    pub fn fill(&mut self, samples: &mut [i16]) {
        let period = self.on_samples.saturating_add(self.off_samples);
        for sample in samples {
            let is_on = self.off_samples == 0 || self.position % period < self.on_samples;
            self.position = self.position.wrapping_add(1);
            let value = self.oscillators[0].next() + self.oscillators[1].next();
            *sample = if is_on { value.round().clamp(-32_768.0, 32_767.0) as i16 } else { 0 };
        }
    }

    fn new(oscillators: [Oscillator; 2]) -> Self {
        Self { oscillators, on_samples: u64::MAX, off_samples: 0, position: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::dbfs;
    use crate::measure::goertzel_dbfs;

    #[test]
    fn a_key_is_its_two_frequencies() {
        let mut samples = vec![0; 800];
        Tone::dtmf(8000, '5').unwrap().fill(&mut samples);
        assert!((goertzel_dbfs(&samples, 8000, 770.0) - DTMF_DBFS).abs() < 0.2);
        assert!((goertzel_dbfs(&samples, 8000, 1336.0) - DTMF_DBFS).abs() < 0.3);
        assert!(goertzel_dbfs(&samples, 8000, 941.0) < -35.0);
        assert!(Tone::dtmf(8000, 'x').is_none());
    }

    #[test]
    fn blocks_join_without_a_step_and_the_cadence_holds() {
        let mut whole = vec![0; 48_000];
        Tone::ringback_europe(8000).fill(&mut whole);
        let mut tone = Tone::ringback_europe(8000);
        let mut pieces = vec![0; 48_000];
        for piece in pieces.chunks_mut(161) {
            tone.fill(piece);
        }
        assert_eq!(whole, pieces);
        assert!((dbfs(&whole[..8000]) + 13.0).abs() < 0.1);
        assert!(whole[8000..40_000].iter().all(|&sample| sample == 0));
        assert!((dbfs(&whole[40_000..]) + 13.0).abs() < 0.1);
    }
}
