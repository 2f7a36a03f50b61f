//! Levels: RMS, dBFS, dBm0.
//!
//! dBFS here is relative to a full-scale *sine* (AES17): a sine whose peak is 32,767 has 0 dBFS.

use crate::g711::Law;

/// What digital silence is reported as, in dBFS.
pub const SILENCE_DBFS: f64 = -100.0;

/// Mean square of a full-scale sine.
const FULL_SCALE_SQUARE: f64 = 32_767.0 * 32_767.0 / 2.0;

/// Root mean square of `samples`, in sample units; 0 for none.
pub fn rms(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    (energy(samples) / samples.len() as f64).sqrt()
}

/// Level of `samples` in dBFS, at least [`SILENCE_DBFS`].
pub fn dbfs(samples: &[i16]) -> f64 {
    rms_to_dbfs(rms(samples))
}

/// An RMS value in dBFS, at least [`SILENCE_DBFS`].
pub fn rms_to_dbfs(rms: f64) -> f64 {
    (10.0 * (rms * rms / FULL_SCALE_SQUARE).log10()).max(SILENCE_DBFS)
}

/// A level in dBFS as power on the line: a full-scale sine is +3.17 dBm0 in µ-law and +3.14 dBm0 in A-law (ITU-T G.711 §4).
#[expect(clippy::approx_constant, reason = "3.14 dBm0 is the A-law overload point, not a circle's")]
pub fn dbm0(dbfs: f64, law: Law) -> f64 {
    dbfs + match law {
        Law::Mu => 3.17,
        Law::A => 3.14,
    }
}

/// Peak amplitude of a sine of this level, in sample units.
pub fn sine_peak(dbfs: f64) -> f64 {
    32_767.0 * 10f64.powf(dbfs / 20.0)
}

/// Mean level of the active parts: the RMS over those 20 ms frames that lie within 30 dB of the loudest, in dBFS. Pauses in
/// speech do not lower it, so that two recordings of different length compare.
pub fn active_dbfs(samples: &[i16], rate_hz: u32) -> f64 {
    let frame_len = (rate_hz as usize / 50).max(1);
    let power = |frame: &[i16]| energy(frame) / frame.len() as f64;
    let loudest = samples.chunks_exact(frame_len).map(power).fold(0.0, f64::max);
    let (mut sum, mut frames) = (0.0, 0u32);
    for frame_power in samples.chunks_exact(frame_len).map(power).filter(|&frame_power| frame_power >= loudest / 1000.0)
    {
        sum += frame_power;
        frames += 1;
    }
    match frames {
        0 => SILENCE_DBFS,
        _ => rms_to_dbfs((sum / f64::from(frames)).sqrt()),
    }
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Tone;

    #[test]
    fn a_sine_has_the_level_it_was_made_with() {
        for dbfs_made in [0.0, -3.0, -20.0, -40.0] {
            let mut samples = vec![0; 8000];
            Tone::sine(8000, 1000.0 / 3.0, dbfs_made).fill(&mut samples);
            assert!((dbfs(&samples) - dbfs_made).abs() < 0.05, "{dbfs_made}: {}", dbfs(&samples));
        }
        assert_eq!(dbfs(&[0; 160]), SILENCE_DBFS);
        assert_eq!(dbfs(&[]), SILENCE_DBFS);
    }

    #[test]
    fn pauses_do_not_lower_the_active_level() {
        let mut samples = vec![0; 16_000];
        Tone::sine(8000, 440.0, -20.0).fill(&mut samples[..4000]);
        assert!((active_dbfs(&samples, 8000) + 20.0).abs() < 0.1);
        assert!(dbfs(&samples) < -25.0);
        assert_eq!(active_dbfs(&[], 8000), SILENCE_DBFS);
        assert_eq!(active_dbfs(&[0; 400], 8000), SILENCE_DBFS);
    }
}
