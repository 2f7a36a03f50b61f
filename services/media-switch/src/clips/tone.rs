//! Tones by their description: `440`, `440+480:2000/4000`.

use std::str::FromStr;

use audio::tone::Tone;

/// Level of one sine, and of each of two: -13 dBFS in all.
const ONE_DBFS: f64 = -13.0;
const TWO_DBFS: f64 = -16.0;

const FREQUENCY_HZ: std::ops::RangeInclusive<u32> = 20..=7_000;

/// Longest sound, and longest silence after it.
const PART_MS_MAX: u32 = 60_000;

const SOUND_MS_DEFAULT: u32 = 1_000;

/// One or two frequencies, and for how long they sound and are silent in one round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ToneSpec {
    frequencies_hz: Vec<u32>,
    sound_ms: u32,
    silence_ms: u32,
}

impl FromStr for ToneSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str, what: &str, allowed: std::ops::RangeInclusive<u32>| {
            let value = text.parse().ok().filter(|value| allowed.contains(value));
            value.ok_or_else(|| format!("{what} {text:?}; allowed are {} to {}", allowed.start(), allowed.end()))
        };
        let (frequencies, times) = text.split_once(':').unwrap_or((text, ""));
        let frequencies_hz = frequencies
            .splitn(3, '+')
            .map(|frequency| number(frequency, "frequency", FREQUENCY_HZ))
            .collect::<Result<Vec<u32>, String>>()?;
        if frequencies_hz.len() > 2 {
            return Err(format!("{frequencies:?} has more than two frequencies"));
        }
        let (sound, silence) = times.split_once('/').unwrap_or((times, "0"));
        let sound_ms = match sound {
            "" if times.is_empty() => SOUND_MS_DEFAULT,
            sound => number(sound, "sound of", 1..=PART_MS_MAX)?,
        };
        Ok(Self { frequencies_hz, sound_ms, silence_ms: number(silence, "silence of", 0..=PART_MS_MAX)? })
    }
}

impl ToneSpec {
    /// One round.
    pub(super) fn samples(&self, rate_hz: u32) -> Vec<i16> {
        let count = |ms: u32| (u64::from(rate_hz) * u64::from(ms) / 1_000) as usize;
        let mut samples = vec![0; count(self.sound_ms)];
        let mut tone = match self.frequencies_hz[..] {
            [one] => Tone::sine(rate_hz, f64::from(one), ONE_DBFS),
            [one, two, ..] => Tone::dual(rate_hz, [f64::from(one), f64::from(two)], TWO_DBFS),
            [] => return samples,
        };
        tone.fill(&mut samples);
        samples.resize(samples.len() + count(self.silence_ms), 0);
        samples
    }
}

#[cfg(test)]
mod tests {
    use audio::measure::goertzel_dbfs;

    use super::*;

    #[test]
    fn a_round_is_as_described() {
        let samples = "440+480:200/100".parse::<ToneSpec>().unwrap().samples(16_000);
        assert_eq!(samples.len(), 4_800);
        assert!((goertzel_dbfs(&samples[..3_200], 16_000, 440.0) - TWO_DBFS).abs() < 0.5);
        assert!(samples[3_200..].iter().all(|sample| *sample == 0));
        assert_eq!("425".parse::<ToneSpec>().unwrap().samples(16_000).len(), 16_000);
    }

    #[test]
    fn others_are_refused_by_what_is_wrong() {
        for (text, why) in [
            ("", "frequency"),
            ("ringback", "frequency"),
            ("10", "frequency"),
            ("1+2+3", "frequency"),
            ("440+480+500", "more than two"),
            ("440:0", "sound"),
            ("440:100/x", "silence"),
            ("440:99999999", "sound"),
        ] {
            let error = text.parse::<ToneSpec>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
