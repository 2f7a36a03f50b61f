//! Concealment of lost audio.
//!
//! A loss is mostly noticed when what comes after it is already there: then [`Concealer::between`] fills the gap from both sides, the past
//! going on and the future going back, cross-faded over the gap. Nothing good is changed, and what is heard is much nearer to what was said
//! than by ITU-T G.711 Appendix I, which knows the past only. When nothing follows yet, [`Concealer::lost`] lets the past go on, ever
//! quieter, and the first good frame after it is cross-faded.
//!
//! How audio goes on: a short-term predictor of the latest 20 ms is driven by its own residual, the latest pitch period over and over, the
//! noisier the less the sound is voiced. Nothing is delayed.

mod extend;

use extend::Extension;

/// Audio looked at: two of the longest pitch periods and more.
const HISTORY_US: u32 = 45_000;

/// Cross-fade into good audio.
const FADE_US: u32 = 5_000;

/// What is made up holds its level this long, then falls linearly to nothing.
const FULL_LEVEL_US: u32 = 40_000;
const FALL_US: u32 = 60_000;

/// Least good audio after a gap from which it can be filled backwards.
const FOLLOWING_US_MIN: u32 = 5_000;

/// Conceals the losses of one stream.
#[derive(Debug, Clone)]
pub struct Concealer {
    /// The latest audio, what was made up included; oldest first.
    history: Box<[i16]>,
    /// Whether any good audio came yet: there is nothing that could go on before.
    heard: bool,
    /// The past going on, in the present loss.
    forward: Extension,
    /// The future going back, and the audio after the gap in reverse.
    backward: Extension,
    following: Box<[i16]>,
    /// Samples made up in the present loss.
    synthesised: usize,
    rate_hz: u32,
}

impl Concealer {
    /// For audio of this sample rate, 8,000 to 48,000.
    pub fn new(rate_hz: u32) -> Self {
        let history = vec![0; samples(rate_hz, HISTORY_US)].into_boxed_slice();
        Self {
            following: history.clone(),
            history,
            heard: false,
            forward: Extension::new(rate_hz),
            backward: Extension::new(rate_hz),
            synthesised: 0,
            rate_hz,
        }
    }

    /// A frame that arrived. After a loss that nothing followed its beginning is changed: cross-faded with what was made up.
    pub fn good(&mut self, frame: &mut [i16]) {
        if self.synthesised > 0 {
            let fade_len = samples(self.rate_hz, FADE_US).min(frame.len());
            for (index, sample) in frame[..fade_len].iter_mut().enumerate() {
                let share = (index as f32 + 0.5) / fade_len as f32;
                let synthetic = self.next_forward();
                *sample = to_sample(f32::from(*sample) * share + synthetic * (1.0 - share));
            }
            self.synthesised = 0;
        }
        self.heard = true;
        remember(&mut self.history, frame);
    }

    /// A frame that was lost, with nothing after it yet: fills `frame` with what may have been in it.
    pub fn lost(&mut self, frame: &mut [i16]) {
        if !self.heard {
            frame.fill(0);
            return;
        }
        self.begin();
        for sample in &mut *frame {
            *sample = to_sample(self.next_forward());
        }
        remember(&mut self.history, frame);
    }

    /// A stretch that was lost, of any length, with the good audio after it: fills `frame` so that it fits on both sides. `following` is
    /// given to [`good`](Self::good) next, which does not change it.
    pub fn between(&mut self, frame: &mut [i16], following: &[i16]) {
        let used = following.len().min(self.following.len());
        if !self.heard || used < samples(self.rate_hz, FOLLOWING_US_MIN) {
            self.lost(frame);
            return;
        }
        self.begin();
        let reversed = &mut self.following[..used];
        for (to, from) in reversed.iter_mut().rev().zip(following) {
            *to = *from;
        }
        self.backward.start(reversed);
        let len = frame.len();
        // Each side's share falls from its own end to the other's.
        let share = |from_near_end: usize| 1.0 - (from_near_end as f32 + 0.5) / len as f32;
        for (index, sample) in frame.iter_mut().enumerate() {
            *sample = to_sample(self.next_forward() * share(index));
        }
        for (index, sample) in frame.iter_mut().rev().enumerate() {
            let back = self.backward.next() * gain(self.rate_hz, index) * share(index);
            *sample = to_sample(f32::from(*sample) + back);
        }
        self.synthesised = 0;
        remember(&mut self.history, frame);
    }

    fn begin(&mut self) {
        if self.synthesised == 0 {
            self.forward.start(&self.history);
        }
    }

    fn next_forward(&mut self) -> f32 {
        let level = gain(self.rate_hz, self.synthesised);
        self.synthesised = self.synthesised.saturating_add(1);
        // What is not heard need not be made.
        if level > 0.0 { self.forward.next() * level } else { 0.0 }
    }
}

/// The level of the sample that lies so many away from good audio.
fn gain(rate_hz: u32, distance: usize) -> f32 {
    let since_full = distance.saturating_sub(samples(rate_hz, FULL_LEVEL_US));
    1.0 - (since_full as f32 / samples(rate_hz, FALL_US) as f32).min(1.0)
}

/// Puts `frame` behind the history, whose oldest goes.
fn remember(history: &mut [i16], frame: &[i16]) {
    let len = history.len();
    if frame.len() >= len {
        history.copy_from_slice(&frame[frame.len() - len..]);
    } else {
        history.copy_within(frame.len().., 0);
        history[len - frame.len()..].copy_from_slice(frame);
    }
}

/// Casts of floats saturate.
fn to_sample(value: f32) -> i16 {
    value.round() as i16
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
    fn voiced(rate_hz: u32, len: usize) -> Vec<i16> {
        let mut sum = vec![0i16; len];
        for (harmonic, level) in [(1, -14.0), (2, -17.0), (3, -20.0), (5, -26.0)] {
            let mut part = vec![0; len];
            Tone::sine(rate_hz, 125.0 * f64::from(harmonic), level).fill(&mut part);
            for (total, part) in sum.iter_mut().zip(part) {
                *total += part;
            }
        }
        sum
    }

    fn noise(len: usize, mut seed: u64) -> Vec<i16> {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 52) as i16 - 2048
        };
        (0..len).map(|_| next()).collect()
    }

    fn error_dbfs(original: &[i16], heard: &[i16]) -> f64 {
        dbfs(&original.iter().zip(heard).map(|(a, b)| a.saturating_sub(*b)).collect::<Vec<_>>())
    }

    fn step_max(samples: &[i16]) -> Option<i32> {
        samples.windows(2).map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs()).max()
    }

    #[test]
    fn one_lost_frame_of_a_steady_voice_is_hardly_changed() {
        for rate_hz in [8_000, 16_000] {
            let frame_len = rate_hz as usize / 50;
            let original = voiced(rate_hz, 10 * frame_len);
            for is_followed in [false, true] {
                let mut heard = original.clone();
                let mut concealer = Concealer::new(rate_hz);
                for index in 0..10 {
                    let (before, following) = heard.split_at_mut((index + 1) * frame_len);
                    let frame = &mut before[index * frame_len..];
                    match index {
                        5 if is_followed => concealer.between(frame, &following[..frame_len]),
                        5 => concealer.lost(frame),
                        _ => concealer.good(frame),
                    }
                }
                let (lost, after) = (5 * frame_len..6 * frame_len, 6 * frame_len + frame_len / 4);
                let error_dbfs = error_dbfs(&original[lost.clone()], &heard[lost.clone()]);
                assert!(error_dbfs < dbfs(&original) - 12.0, "{rate_hz} Hz, followed {is_followed}: {error_dbfs}");
                assert_eq!(original[..lost.start], heard[..lost.start]);
                assert_eq!(original[after..], heard[after..]);
                if is_followed {
                    assert_eq!(original[lost.end..], heard[lost.end..], "what follows is not changed");
                }
                // No step anywhere much larger than the voice itself makes.
                assert!(step_max(&heard) <= step_max(&original).map(|step| step * 3 / 2), "{rate_hz} Hz {is_followed}");
            }
        }
    }

    #[test]
    fn a_voice_that_ends_in_the_gap_fits_on_both_sides() {
        let before = voiced(8_000, 800);
        let following = noise(160, 3);
        let mut concealer = Concealer::new(8_000);
        concealer.good(&mut before.clone());
        let mut gap = vec![0; 320];
        concealer.between(&mut gap, &following);
        // It begins as loud as what was before, and ends as loud as what comes.
        assert!((dbfs(&gap[..40]) - dbfs(&before)).abs() < 4.0, "{}", dbfs(&gap[..40]));
        assert!((dbfs(&gap[280..]) - dbfs(&following)).abs() < 4.0, "{}", dbfs(&gap[280..]));
    }

    #[test]
    fn a_long_loss_fades_to_silence_in_100_ms() {
        let mut concealer = Concealer::new(8000);
        concealer.good(&mut voiced(8_000, 800));
        let mut lost = vec![1; 1600];
        concealer.lost(&mut lost);
        assert!(dbfs(&lost[..80]) > -15.0);
        assert!(dbfs(&lost[640..720]) < dbfs(&lost[..80]) - 6.0);
        assert!(lost[800..].iter().all(|&sample| sample == 0));
        // In the middle of a long gap there is silence, too.
        concealer.good(&mut voiced(8_000, 800));
        let mut gap = vec![1; 4000];
        concealer.between(&mut gap, &voiced(8_000, 160));
        assert!(gap[800..3200].iter().all(|&sample| sample == 0));
        assert!(dbfs(&gap[..160]) > -16.0 && dbfs(&gap[3840..]) > -16.0);
    }

    #[test]
    fn noise_stays_noise_and_is_not_louder() {
        let original = noise(1600, 1);
        let mut concealer = Concealer::new(8000);
        concealer.good(&mut original.clone());
        let mut lost = vec![0; 320];
        concealer.lost(&mut lost);
        // Somewhat below: what is wrong had better be quieter.
        assert!((-9.0..1.0).contains(&(dbfs(&lost) - dbfs(&original))), "{} and {}", dbfs(&lost), dbfs(&original));
        let found = crate::measure::find(&lost[..160], &lost[170..]);
        assert!(found.is_none_or(|found| found.likeness < 0.6), "{found:?}");
    }

    #[test]
    fn nothing_heard_nothing_invented() {
        let mut frame = [7; 160];
        Concealer::new(8000).lost(&mut frame);
        assert_eq!(frame, [0; 160]);
        let mut concealer = Concealer::new(8000);
        concealer.good(&mut [0; 800]);
        concealer.between(&mut frame, &[0; 160]);
        assert_eq!(frame, [0; 160]);
    }

    #[test]
    fn the_loudest_and_the_shortest_do_no_harm() {
        for rate_hz in [8_000, 16_000, 48_000] {
            let mut concealer = Concealer::new(rate_hz);
            let loud: Vec<i16> = (0..4_000).map(|n| if n / 11 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
            concealer.good(&mut loud.clone());
            for gap_len in [0, 1, 7, 80, 2_000] {
                for following_len in [0, 1, 39, 40, 80, 160, 4_000] {
                    let mut gap = vec![0; gap_len];
                    concealer.between(&mut gap, &loud[..following_len]);
                    concealer.good(&mut loud[..following_len].to_vec());
                    concealer.lost(&mut gap);
                }
            }
        }
    }
}
