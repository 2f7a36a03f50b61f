//! Comfort noise (RFC 3389): what a silent far end sends instead of audio, and the noise made of it.
//!
//! A payload says how loud the noise is and, in a few reflection coefficients, how its spectrum is shaped. [`Noise`] reads and writes it,
//! [`Generator`] makes the noise.

use crate::lpc::{autocorrelate, levinson};

/// Reflection coefficients that are used; of longer payloads the rest is left out. RFC 3389 §4 finds 10 to be plenty.
pub const ORDER_MAX: usize = 10;

/// Bytes of the longest payload that is written.
pub const PAYLOAD_BYTES_MAX: usize = 1 + ORDER_MAX;

/// Least level that a payload can tell, in dBov.
const LEVEL_DBOV_MIN: i8 = -127;

/// RMS of the overload point, a square wave at full scale: 0 dBov.
const FULL_SCALE: f32 = 32_768.0;

/// Samples that are analysed at most: 60 ms at 16 kHz.
const ANALYSIS_MAX: usize = 960;

/// Time in which the level moves to that of a new description.
const GLIDE_MS: u32 = 20;

/// A description of noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// In dB relative to the overload point, -127 to 0. A full-scale sine is at -3.
    level_dbov: i8,
    /// Reflection coefficients, each between -1 and 1; zeros: white.
    reflections: [f32; ORDER_MAX],
}

impl Noise {
    /// White noise of this level, held to -127 to 0 dBov.
    pub fn white(level_dbov: i8) -> Self {
        Self { level_dbov: level_dbov.clamp(LEVEL_DBOV_MIN, 0), reflections: [0.0; ORDER_MAX] }
    }

    /// The noise in `samples`, up to 60 ms at 16 kHz of them: analyse what holds no speech.
    pub fn of(samples: &[i16]) -> Self {
        let samples = &samples[..samples.len().min(ANALYSIS_MAX)];
        let mut windowed = [0.0; ANALYSIS_MAX];
        let len = samples.len().max(1) as f32;
        for (index, (to, &from)) in windowed.iter_mut().zip(samples).enumerate() {
            let hann = 0.5 - 0.5 * (std::f32::consts::TAU * (index as f32 + 0.5) / len).cos();
            *to = f32::from(from) * hann;
        }
        let mut correlation = [0.0; ORDER_MAX + 1];
        autocorrelate(&windowed[..samples.len()], &mut correlation);
        // A floor 30 dB below: a hum must not become a whistle.
        correlation[0] = correlation[0] * 1.001 + 1.0;
        let (mut coefficients, mut reflections) = ([0.0; ORDER_MAX], [0.0; ORDER_MAX]);
        levinson(&correlation, &mut coefficients, &mut reflections);
        let rms = crate::level::rms(samples) as f32;
        let level_dbov = (20.0 * (rms / FULL_SCALE).max(1e-9).log10()).round().clamp(LEVEL_DBOV_MIN.into(), 0.0) as i8;
        Self { level_dbov, reflections }
    }

    /// Reads a payload. An empty one is no description.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&level, coefficients) = payload.split_first()?;
        let mut noise = Self::white(-((level & 0x7f) as i8));
        for (reflection, &byte) in noise.reflections.iter_mut().zip(coefficients) {
            // RFC 3389 §3.2; 255 is not used and stands for the same as 254.
            *reflection = 258.0 * (f32::from(byte.min(254)) - 127.0) / 32_768.0;
        }
        Some(noise)
    }

    /// Writes the payload, without zeros at its end, to the front of `out`, and returns its length; nothing and 0 when there is no room.
    pub fn write(&self, out: &mut [u8]) -> usize {
        let order =
            ORDER_MAX - self.reflections.iter().rev().take_while(|&&reflection| code(reflection) == 127).count();
        let Some(out) = out.get_mut(..=order) else { return 0 };
        out[0] = self.level_dbov.unsigned_abs();
        for (byte, &reflection) in out[1..].iter_mut().zip(&self.reflections) {
            *byte = code(reflection);
        }
        out.len()
    }

    /// Its level in dB relative to the overload point, -127 to 0.
    pub fn level_dbov(&self) -> i8 {
        self.level_dbov
    }

    /// The same spectrum at another level.
    #[must_use]
    pub fn with_level_dbov(self, level_dbov: i8) -> Self {
        Self { level_dbov: level_dbov.clamp(LEVEL_DBOV_MIN, 0), ..self }
    }
}

fn code(reflection: f32) -> u8 {
    (reflection * 32_768.0 / 258.0 + 127.0).round().clamp(0.0, 254.0) as u8
}

/// Makes noise as it was described last.
#[derive(Debug, Clone)]
pub struct Generator {
    reflections: [f32; ORDER_MAX],
    /// The lattice filter's backward errors.
    state: [f32; ORDER_MAX],
    /// Gain of the white noise that goes in; glides to `gain_wanted`.
    gain: f32,
    gain_wanted: f32,
    /// Share of the difference that is made up in each sample.
    glide: f32,
    random: u32,
}

impl Generator {
    /// Silence, until a description comes.
    pub fn new(rate_hz: u32) -> Self {
        let samples = (rate_hz.max(1_000) / 1_000 * GLIDE_MS) as f32;
        Self {
            reflections: [0.0; ORDER_MAX],
            state: [0.0; ORDER_MAX],
            gain: 0.0,
            gain_wanted: 0.0,
            glide: 4.0 / samples,
            random: 1,
        }
    }

    /// A new description. Its level is reached in 20 ms, without a step.
    pub fn set(&mut self, noise: &Noise) {
        self.reflections = noise.reflections;
        let rms = FULL_SCALE * 10f32.powf(f32::from(noise.level_dbov) / 20.0);
        // What a synthesis filter makes louder goes in quieter; evenly spread noise between -1 and 1 has an RMS of 1/√3.
        let loss: f32 = noise.reflections.iter().map(|reflection| 1.0 - reflection * reflection).product();
        self.gain_wanted = if noise.level_dbov <= LEVEL_DBOV_MIN { 0.0 } else { rms * (3.0 * loss).sqrt() };
    }

    /// Starts at its level at once: after audio that the description belongs to there is nothing to glide from.
    pub fn restart(&mut self) {
        self.gain = self.gain_wanted;
    }

    /// The next samples.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let white = (self.random >> 8) as f32 / (1 << 23) as f32 - 1.0;
            self.gain += (self.gain_wanted - self.gain) * self.glide;
            // The lattice form: stable whatever coefficients below 1 come from the network.
            let mut forward = white * self.gain;
            for stage in (0..ORDER_MAX).rev() {
                let reflection = self.reflections[stage];
                forward -= reflection * self.state[stage];
                let backward = self.state[stage] + reflection * forward;
                if let Some(next) = self.state.get_mut(stage + 1) {
                    *next = backward;
                }
            }
            self.state[0] = forward;
            // Casts of floats saturate.
            *sample = forward.round() as i16;
        }
    }
}

/// When to send comfort noise in a silence, and what.
#[derive(Debug, Clone)]
pub struct Sender {
    interval_ms: u32,
    /// Since the last description; `None`: audio was sent last.
    since_ms: Option<u32>,
}

impl Sender {
    /// Describes the silence at its beginning, and again every `interval_ms`, for those who missed it.
    pub fn new(interval_ms: u32) -> Self {
        Self { interval_ms: interval_ms.max(1), since_ms: None }
    }

    /// A packet's time passes in silence. Whether a description is sent in it.
    pub fn silence(&mut self, packet_ms: u32) -> bool {
        let is_due = self.since_ms.is_none_or(|since_ms| since_ms >= self.interval_ms);
        self.since_ms = Some(if is_due { packet_ms } else { self.since_ms.unwrap_or(0).saturating_add(packet_ms) });
        is_due
    }

    /// Audio is sent: the next silence is a new one.
    pub fn audio(&mut self) {
        self.since_ms = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::dbfs;
    use crate::measure::goertzel_dbfs;

    fn made(noise: &Noise, len: usize) -> Vec<i16> {
        let mut generator = Generator::new(8_000);
        generator.set(noise);
        generator.restart();
        let mut samples = vec![0; len];
        generator.fill(&mut samples);
        samples
    }

    #[test]
    fn noise_has_the_level_that_was_told() {
        for level_dbov in [-20, -50, -70] {
            // A full-scale sine, 0 dBFS, is at -3.01 dBov.
            let heard_dbfs = dbfs(&made(&Noise::white(level_dbov), 16_000));
            assert!((heard_dbfs - 3.01 - f64::from(level_dbov)).abs() < 0.6, "{level_dbov}: {heard_dbfs}");
        }
        assert!(made(&Noise::white(-127), 800).iter().all(|&sample| sample == 0));
    }

    #[test]
    fn a_described_spectrum_is_heard_again() {
        // Noise below 1 kHz: each sample is much of the one before.
        let (mut seed, mut low) = (7u32, 0.0f32);
        let rumble: Vec<i16> = (0..960)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                low = 0.9 * low + ((seed >> 16) as f32 / 32_768.0 - 1.0) * 300.0;
                low as i16
            })
            .collect();
        let described = Noise::of(&rumble);
        let mut payload = [0; PAYLOAD_BYTES_MAX];
        let len = described.write(&mut payload);
        let heard = made(&Noise::parse(&payload[..len]).unwrap(), 16_000);
        assert!((dbfs(&heard) - dbfs(&rumble)).abs() < 2.5, "{} and {}", dbfs(&heard), dbfs(&rumble));
        let tilt_db = |samples: &[i16]| {
            let level = |band: std::ops::Range<u32>| {
                band.step_by(50)
                    .map(|hz| 10f64.powf(goertzel_dbfs(samples, 8_000, hz.into()) / 10.0))
                    .sum::<f64>()
                    .log10()
                    * 10.0
            };
            level(200..700) - level(2_500..3_000)
        };
        assert!((tilt_db(&heard) - tilt_db(&rumble)).abs() < 4.0, "{} and {}", tilt_db(&heard), tilt_db(&rumble));
        assert!(tilt_db(&heard) > 10.0);
    }

    #[test]
    fn a_level_glides_to_a_new_one() {
        let mut generator = Generator::new(8_000);
        generator.set(&Noise::white(-30));
        let mut samples = vec![0; 800];
        generator.fill(&mut samples);
        assert!(dbfs(&samples[..20]) < dbfs(&samples[400..]) - 6.0);
        generator.set(&Noise::white(-127));
        generator.fill(&mut samples);
        assert!(dbfs(&samples[400..]) < -60.0);
    }

    #[test]
    fn payloads_are_those_of_rfc_3389() {
        let noise = Noise::parse(&[0x80 | 40]).unwrap();
        assert_eq!(noise, Noise::white(-40), "the upper bit is left out");
        let mut out = [0; PAYLOAD_BYTES_MAX];
        assert_eq!((Noise::white(-40).write(&mut out), out[0]), (1, 40));
        assert_eq!(Noise::white(-40).write(&mut []), 0);
        assert_eq!(Noise::parse(&[]), None);
        let all = Noise::parse(&[1; 40]).unwrap();
        assert_eq!(all.write(&mut out), PAYLOAD_BYTES_MAX);
        assert_eq!(out, [1; PAYLOAD_BYTES_MAX]);
        assert_eq!((Noise::of(&[0; 160]).level_dbov(), Noise::of(&[]).level_dbov()), (-127, -127));
        assert_eq!(Noise::white(50).level_dbov(), 0);
    }

    #[test]
    fn a_silence_is_described_at_once_and_now_and_then() {
        let mut sender = Sender::new(200);
        let sent: Vec<usize> = (0..30).filter(|_| sender.silence(20)).collect();
        assert_eq!(sent, [0, 10, 20]);
        sender.audio();
        assert!(sender.silence(20) && !sender.silence(20));
    }

    proptest! {
        #[test]
        fn any_payload_makes_bounded_noise(payload in prop::collection::vec(any::<u8>(), 1..60)) {
            let noise = Noise::parse(&payload).unwrap();
            let heard = made(&noise, 1_600);
            prop_assert!(dbfs(&heard) < 4.0);
            let mut out = [0; PAYLOAD_BYTES_MAX];
            let len = noise.write(&mut out);
            prop_assert_eq!(Noise::parse(&out[..len]), Some(noise));
        }
    }
}
