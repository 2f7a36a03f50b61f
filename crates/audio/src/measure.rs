//! Measurements on recordings, for tests and the test phone: delay and likeness, gaps, the level of one frequency.
//!
//! Unlike the rest of the crate this allocates freely: it works on whole recordings.

mod fft;

use std::ops::Range;

use crate::level::rms_to_dbfs;
use fft::Correlator;

/// Where a piece of a recording was found in another, and how alike the two are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Samples from where it was looked for to where it is.
    pub lag_samples: usize,
    /// Normalised correlation there: 1.0 for the same waveform at any level, 0 for unrelated ones; negative when inverted.
    pub likeness: f64,
}

/// Finds `piece` in `heard`, at any lag at which all of it fits. `None` when it does not fit or when either is silent.
pub fn find(piece: &[i16], heard: &[i16]) -> Option<Match> {
    find_with(&Correlator::new(piece.len() + heard.len()), piece, heard)
}

fn find_with(correlator: &Correlator, piece: &[i16], heard: &[i16]) -> Option<Match> {
    let lags = (heard.len() + 1).checked_sub(piece.len())?;
    let piece_energy: f64 = piece.iter().map(|&sample| square(sample)).sum();
    if lags == 0 || piece_energy == 0.0 {
        return None;
    }
    let correlation = correlator.correlate(piece, heard);
    let mut heard_energy: f64 = heard[..piece.len()].iter().map(|&sample| square(sample)).sum();
    let mut best: Option<Match> = None;
    for lag in 0..lags {
        if heard_energy >= 1.0 {
            let likeness = correlation[lag] / (piece_energy * heard_energy).sqrt();
            if best.is_none_or(|best| likeness > best.likeness) {
                best = Some(Match { lag_samples: lag, likeness });
            }
        }
        if let Some(&entering) = heard.get(lag + piece.len()) {
            heard_energy += square(entering) - square(heard[lag]);
        }
    }
    best
}

/// Settings of [`delays`].
#[derive(Debug, Clone, PartialEq)]
pub struct DelayOptions {
    /// Samples compared at a time.
    pub window_samples: usize,
    /// Samples from one window's start to the next one's.
    pub step_samples: usize,
    /// Largest delay looked for.
    pub lag_samples_max: usize,
    /// Windows quieter than this are passed over.
    pub level_dbfs_min: f64,
}

impl DelayOptions {
    /// Windows of 400 ms, every 200 ms, for delays of up to 2 s, in speech louder than -45 dBFS.
    pub fn new(rate_hz: u32) -> Self {
        let samples = |ms: u32| (u64::from(rate_hz) * u64::from(ms) / 1000) as usize;
        Self {
            window_samples: samples(400),
            step_samples: samples(200),
            lag_samples_max: samples(2000),
            level_dbfs_min: -45.0,
        }
    }
}

/// Looks for every loud window of `sent` in `heard`, both on the same clock; returns each window's start with its match.
pub fn delays(sent: &[i16], heard: &[i16], options: &DelayOptions) -> Vec<(usize, Match)> {
    let mut found = Vec::new();
    let correlator = Correlator::new(2 * options.window_samples + options.lag_samples_max);
    let starts = (0..sent.len().saturating_sub(options.window_samples)).step_by(options.step_samples.max(1));
    for start in starts {
        let window = &sent[start..start + options.window_samples];
        if crate::level::dbfs(window) < options.level_dbfs_min || start >= heard.len() {
            continue;
        }
        let end = (start + options.window_samples + options.lag_samples_max).min(heard.len());
        if let Some(best) = find_with(&correlator, window, &heard[start..end]) {
            found.push((start, best));
        }
    }
    found
}

/// The value below which `percent` of `values` lie (nearest rank); `None` for no values. Sorts them.
pub fn percentile(values: &mut [f64], percent: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * values.len() as f64).ceil() as usize;
    values.get(rank.clamp(1, values.len().max(1)) - 1).copied()
}

/// The stretches of 20 ms frames that are quieter than `dbfs_max`, as ranges of frame numbers.
pub fn gaps(samples: &[i16], rate_hz: u32, dbfs_max: f64) -> Vec<Range<usize>> {
    let frame_len = (rate_hz as usize / 50).max(1);
    let mut found: Vec<Range<usize>> = Vec::new();
    for (number, frame) in samples.chunks_exact(frame_len).enumerate() {
        if crate::level::dbfs(frame) > dbfs_max {
            continue;
        }
        match found.last_mut() {
            Some(gap) if gap.end == number => gap.end += 1,
            _ => found.push(number..number + 1),
        }
    }
    found
}

/// Level of one frequency in `samples`, in dBFS, by Goertzel's algorithm with a Hann window: other tones 2 bins or more away
/// (a bin is `rate_hz / samples.len()`) do not count.
pub fn goertzel_dbfs(samples: &[i16], rate_hz: u32, frequency_hz: f64) -> f64 {
    let step = std::f64::consts::TAU * frequency_hz / f64::from(rate_hz.max(1));
    let coefficient = 2.0 * step.cos();
    let len = samples.len() as f64;
    let (mut first, mut second, mut weight) = (0.0, 0.0, 0.0);
    for (index, &sample) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (std::f64::consts::TAU * (index as f64 + 0.5) / len).cos();
        weight += window;
        let value = f64::from(sample) * window + coefficient * first - second;
        second = first;
        first = value;
    }
    if weight == 0.0 {
        return crate::level::SILENCE_DBFS;
    }
    let power = first * first + second * second - coefficient * first * second;
    // The magnitude is half the peak times the window's sum; the RMS of a sine is its peak over √2.
    let peak = 2.0 * power.max(0.0).sqrt() / weight;
    rms_to_dbfs(peak / std::f64::consts::SQRT_2)
}

fn square(sample: i16) -> f64 {
    f64::from(sample) * f64::from(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Tone;

    /// Noise without a library: a linear congruential generator's upper bits.
    fn noise(len: usize, mut seed: u64) -> Vec<i16> {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 52) as i16 - 2048
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn delay_and_likeness_are_found() {
        let sent = noise(16_000, 1);
        let mut heard = vec![0; 333];
        heard.extend(sent.iter().map(|&sample| sample / 3));
        let found = delays(&sent, &heard, &DelayOptions::new(8000));
        assert_eq!(found.len(), 8);
        for (_, best) in found {
            assert_eq!(best.lag_samples, 333);
            assert!(best.likeness > 0.9999, "{}", best.likeness);
        }
        let unrelated = find(&sent[..3200], &noise(16_000, 99)).unwrap();
        assert!(unrelated.likeness < 0.15, "{}", unrelated.likeness);
        assert_eq!(find(&[0; 100], &heard), None);
        assert_eq!(find(&sent, &heard[..100]), None);
    }

    #[test]
    fn added_noise_lowers_likeness_as_it_should() {
        let sent = noise(8000, 1);
        let mixed: Vec<i16> = sent.iter().zip(noise(8000, 2)).map(|(a, b)| a + b).collect();
        let found = find(&sent, &mixed).unwrap();
        assert!((found.likeness - 0.5f64.sqrt()).abs() < 0.03, "{}", found.likeness);
    }

    #[test]
    fn gaps_are_counted_in_frames() {
        let mut samples = vec![0; 1600];
        Tone::sine(8000, 500.0, -20.0).fill(&mut samples);
        samples[320..640].fill(0);
        samples[1440..].fill(0);
        assert_eq!(gaps(&samples, 8000, -60.0), [2..4, 9..10]);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&mut values, 50.0), Some(50.0));
        assert_eq!(percentile(&mut values, 99.0), Some(99.0));
        assert_eq!(percentile(&mut values, 100.0), Some(100.0));
        assert_eq!(percentile(&mut [], 50.0), None);
        assert_eq!(percentile(&mut [7.0], 0.0), Some(7.0));
    }

    #[test]
    fn goertzel_measures_one_tone_beside_another() {
        let mut samples = vec![0; 160];
        Tone::dual(8000, [500.0, 1000.0], -20.0).fill(&mut samples);
        assert!((goertzel_dbfs(&samples, 8000, 500.0) + 20.0).abs() < 0.3);
        assert!(goertzel_dbfs(&samples, 8000, 750.0) < -45.0);
    }
}
