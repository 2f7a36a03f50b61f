//! Concealment of lost frames in the manner of ITU-T G.711 Appendix I: the last pitch period goes on, ever quieter.
//!
//! Unlike the appendix, nothing is delayed: the first synthetic sample continues the waveform one pitch period back, and the first good
//! frame after a loss is cross-faded with the synthesis.

/// Shortest and longest pitch period looked for: 5 to 15 ms (200 to 66 Hz).
const PITCH_US_MIN: u32 = 5_000;
const PITCH_US_MAX: u32 = 15_000;

/// Audio compared when looking for the pitch.
const MATCH_US: u32 = 20_000;

/// Cross-fade into good audio.
const FADE_US: u32 = 4_000;

/// Synthesis holds its level this long, then falls linearly to nothing (Appendix I: 20 % in each 10 ms after the first).
const FULL_LEVEL_US: u32 = 10_000;
const FALL_US: u32 = 50_000;

/// Conceals the losses of one stream.
#[derive(Debug, Clone)]
pub struct Concealer {
    /// The latest good audio, oldest first.
    history: Box<[i16]>,
    /// Whether any good audio came yet: there is nothing to repeat before.
    heard: bool,
    /// Pitch period of the present loss, in samples.
    pitch: usize,
    /// Samples synthesised in the present loss.
    synthesised: usize,
    rate_hz: u32,
}

impl Concealer {
    /// For audio of this sample rate, 8,000 to 48,000.
    pub fn new(rate_hz: u32) -> Self {
        let history_len = samples(rate_hz, MATCH_US + PITCH_US_MAX);
        Self { history: vec![0; history_len].into_boxed_slice(), heard: false, pitch: 0, synthesised: 0, rate_hz }
    }

    /// A frame that arrived. After a loss its beginning is changed: cross-faded with the synthesis.
    pub fn good(&mut self, frame: &mut [i16]) {
        if self.synthesised > 0 {
            let fade_len = samples(self.rate_hz, FADE_US).min(frame.len());
            for (index, sample) in frame[..fade_len].iter_mut().enumerate() {
                let share = (index as f32 + 0.5) / fade_len as f32;
                let synthetic = f32::from(self.synthesise());
                *sample = (f32::from(*sample) * share + synthetic * (1.0 - share)) as i16;
            }
            self.synthesised = 0;
        }
        self.heard = true;
        self.remember(frame);
    }

    /// A frame that was lost: fills `frame` with what may have been in it.
    pub fn lost(&mut self, frame: &mut [i16]) {
        if !self.heard {
            frame.fill(0);
            return;
        }
        if self.synthesised == 0 {
            self.pitch = self.find_pitch();
        }
        for sample in frame {
            *sample = self.synthesise();
        }
    }

    fn synthesise(&mut self) -> i16 {
        let full = samples(self.rate_hz, FULL_LEVEL_US);
        let fall = samples(self.rate_hz, FALL_US);
        let since_full = self.synthesised.saturating_sub(full);
        let gain = 1.0 - (since_full as f32 / fall as f32).min(1.0);
        let period_start = self.history.len() - self.pitch;
        let sample = self.history[period_start + self.synthesised % self.pitch];
        self.synthesised = self.synthesised.saturating_add(1);
        (f32::from(sample) * gain) as i16
    }

    /// The lag at which the latest audio resembles itself most.
    fn find_pitch(&self) -> usize {
        let lag_min = samples(self.rate_hz, PITCH_US_MIN);
        let lag_max = samples(self.rate_hz, PITCH_US_MAX);
        let match_len = samples(self.rate_hz, MATCH_US);
        // Every other sample at 8 kHz is enough to tell periods apart, and the more so at higher rates.
        let stride = (self.rate_hz as usize / 4000).max(1);
        let len = self.history.len();
        let latest = &self.history[len - match_len..];
        let mut best = (f32::MIN, lag_max);
        for lag in lag_min..=lag_max {
            let earlier = &self.history[len - match_len - lag..len - lag];
            let (mut product, mut energy) = (0.0f32, 1.0f32);
            for (&a, &b) in latest.iter().zip(earlier).step_by(stride) {
                product += f32::from(a) * f32::from(b);
                energy += f32::from(b) * f32::from(b);
            }
            let likeness = product / energy.sqrt();
            if likeness > best.0 {
                best = (likeness, lag);
            }
        }
        best.1
    }

    fn remember(&mut self, frame: &[i16]) {
        let len = self.history.len();
        if frame.len() >= len {
            self.history.copy_from_slice(&frame[frame.len() - len..]);
        } else {
            self.history.copy_within(frame.len().., 0);
            self.history[len - frame.len()..].copy_from_slice(frame);
        }
    }
}

fn samples(rate_hz: u32, us: u32) -> usize {
    (u64::from(rate_hz.max(1000)) * u64::from(us) / 1_000_000) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::dbfs;
    use crate::tone::Tone;

    /// A buzz of 125 Hz with harmonics: like a voiced sound.
    fn voiced(len: usize) -> Vec<i16> {
        let mut sum = vec![0i16; len];
        for (harmonic, level) in [(1, -14.0), (2, -17.0), (3, -20.0), (5, -26.0)] {
            let mut part = vec![0; len];
            Tone::sine(8000, 125.0 * f64::from(harmonic), level).fill(&mut part);
            for (total, part) in sum.iter_mut().zip(part) {
                *total += part;
            }
        }
        sum
    }

    #[test]
    fn one_lost_frame_of_a_steady_voice_is_hardly_changed() {
        let original = voiced(1600);
        let mut heard = original.clone();
        let mut concealer = Concealer::new(8000);
        for (index, frame) in heard.chunks_mut(160).enumerate() {
            match index {
                5 => concealer.lost(frame),
                _ => concealer.good(frame),
            }
        }
        // The first 10 ms at full level: the error is nothing but rounding.
        let error: Vec<i16> = original[800..880].iter().zip(&heard[800..880]).map(|(a, b)| a - b).collect();
        assert!(dbfs(&error) < -60.0, "{}", dbfs(&error));
        assert_eq!(original[..800], heard[..800]);
        assert_eq!(original[992..], heard[992..]);
        // No step anywhere larger than the voice itself makes.
        let step_max =
            |samples: &[i16]| samples.windows(2).map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs()).max();
        assert!(step_max(&heard) <= step_max(&original).map(|step| step * 3 / 2));
    }

    #[test]
    fn a_long_loss_fades_to_silence_in_60_ms() {
        let mut concealer = Concealer::new(8000);
        concealer.good(&mut voiced(800));
        let mut lost = vec![1; 800];
        concealer.lost(&mut lost);
        assert!(dbfs(&lost[..80]) > -15.0);
        assert!(dbfs(&lost[320..400]) < dbfs(&lost[..80]) - 6.0);
        assert!(lost[480..].iter().all(|&sample| sample == 0));
    }

    #[test]
    fn nothing_heard_nothing_invented() {
        let mut frame = [7; 160];
        Concealer::new(8000).lost(&mut frame);
        assert_eq!(frame, [0; 160]);
    }
}
