//! The resampler's promises, measured: images and aliases, flatness, level, delay, round trip, block independence.

use audio::level::{dbfs, rms};
use audio::measure::{find, goertzel_dbfs};
use audio::resample::Resampler;
use audio::tone::Tone;
use proptest::prelude::*;

const HIGH_RATES_HZ: [u32; 3] = [16_000, 24_000, 48_000];

fn sine(rate_hz: u32, frequency_hz: f64, dbfs: f64, len: usize) -> Vec<i16> {
    let mut samples = vec![0; len];
    Tone::sine(rate_hz, frequency_hz, dbfs).fill(&mut samples);
    samples
}

fn convert(from_hz: u32, to_hz: u32, input: &[i16]) -> Vec<i16> {
    let mut resampler = Resampler::new(from_hz, to_hz).expect("rates of the test");
    let mut output = vec![0; resampler.output_len(input.len())];
    assert_eq!(resampler.process(input, &mut output), output.len());
    output
}

/// Noise between 200 and 3,400 Hz whose loudness moves like syllables: many sines of unrelated frequency and phase.
fn speech_like(len: usize) -> Vec<i16> {
    let mut sum = vec![0.0f64; len];
    let mut seed = 7u64;
    let mut uniform = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1u64 << 53) as f64
    };
    for _ in 0..120 {
        let frequency_hz = 200.0 + 3200.0 * uniform();
        let phase = std::f64::consts::TAU * uniform();
        for (n, total) in sum.iter_mut().enumerate() {
            *total += (std::f64::consts::TAU * frequency_hz * n as f64 / 8000.0 + phase).sin();
        }
    }
    sum.iter()
        .enumerate()
        .map(|(n, value)| {
            let syllable = 0.55 + 0.45 * (std::f64::consts::TAU * 4.0 * n as f64 / 8000.0).sin();
            (value * syllable * 600.0) as i16
        })
        .collect()
}

#[test]
fn images_lie_60_db_below() {
    for high_hz in HIGH_RATES_HZ {
        for frequency_hz in [250.0, 1000.0, 2050.0, 3000.0, 3400.0] {
            let output = convert(8000, high_hz, &sine(8000, frequency_hz, -3.0, 4000));
            let settled = &output[output.len() / 4..];
            let wanted = goertzel_dbfs(settled, high_hz, frequency_hz);
            assert!((wanted + 3.0).abs() < 0.1, "{high_hz} Hz: {frequency_hz} Hz came out at {wanted} dBFS");
            for multiple in 1..=(high_hz / 8000) {
                for image_hz in [f64::from(8000 * multiple) - frequency_hz, f64::from(8000 * multiple) + frequency_hz] {
                    if image_hz >= f64::from(high_hz) / 2.0 {
                        continue;
                    }
                    let image = goertzel_dbfs(settled, high_hz, image_hz);
                    assert!(
                        image - wanted <= -60.0,
                        "{high_hz} Hz: {frequency_hz} Hz has an image at {image_hz} Hz, {image} dBFS"
                    );
                }
            }
        }
    }
}

#[test]
fn aliases_lie_60_db_below() {
    for high_hz in HIGH_RATES_HZ {
        // What would fold onto the telephone band: from 8,000 - 3,400 Hz upwards.
        for frequency_hz in [4600.0, 5000.0, 6200.0, 7500.0, 7990.0, 9000.0, 11_990.0, 15_000.0, 20_000.0, 23_500.0] {
            if frequency_hz > f64::from(high_hz) / 2.0 {
                continue;
            }
            let output = convert(high_hz, 8000, &sine(high_hz, frequency_hz, -3.0, high_hz as usize / 2));
            let level = dbfs(&output[1000..]);
            assert!(level <= -63.0, "{high_hz} Hz: {frequency_hz} Hz leaves {level} dBFS");
        }
    }
}

#[test]
fn the_telephone_band_is_flat_both_ways() {
    for high_hz in HIGH_RATES_HZ {
        for frequency_hz in [100.0, 300.0, 1000.0, 2000.0, 3000.0, 3400.0] {
            let down = convert(high_hz, 8000, &sine(high_hz, frequency_hz, -10.0, high_hz as usize / 2));
            let level = goertzel_dbfs(&down[1000..], 8000, frequency_hz);
            assert!((level + 10.0).abs() < 0.1, "{high_hz} Hz: {frequency_hz} Hz came out at {level} dBFS");
        }
    }
}

#[test]
fn dc_and_full_scale_keep_their_level() {
    for high_hz in HIGH_RATES_HZ {
        for value in [1000, -1000, 32_767, -32_768] {
            let up = convert(8000, high_hz, &[value; 400]);
            assert!(up[up.len() / 2..].iter().all(|&sample| sample == value), "up to {high_hz}");
            let down = convert(high_hz, 8000, &vec![value; 2400]);
            assert!(down[down.len() / 2..].iter().all(|&sample| sample == value), "down from {high_hz}");
        }
    }
}

#[test]
fn delay_is_below_2_ms_and_as_stated() {
    for high_hz in HIGH_RATES_HZ {
        let mut click = vec![0i16; 200];
        click[0] = 20_000;
        let up = convert(8000, high_hz, &click);
        let position = |samples: &[i16]| {
            // The centre of gravity of the response's energy: the delay of a symmetrical filter.
            let energy = |&sample: &i16| f64::from(sample) * f64::from(sample);
            let total: f64 = samples.iter().map(energy).sum();
            samples.iter().enumerate().map(|(n, sample)| n as f64 * energy(sample)).sum::<f64>() / total
        };
        let delay_ms = position(&up) * 1000.0 / f64::from(high_hz);
        let stated_ms = f64::from(Resampler::new(8000, high_hz).unwrap().delay_us()) / 1000.0;
        assert!(delay_ms < 2.0 && (delay_ms - stated_ms).abs() < 0.1, "{high_hz}: {delay_ms} ms, stated {stated_ms}");
        assert_eq!(
            Resampler::new(high_hz, 8000).unwrap().delay_us(),
            Resampler::new(8000, high_hz).unwrap().delay_us()
        );
    }
    assert_eq!(Resampler::new(8000, 8000).unwrap().delay_us(), 0);
}

#[test]
fn speech_survives_the_round_trip() {
    let original = speech_like(16_000);
    for high_hz in HIGH_RATES_HZ {
        let again = convert(high_hz, 8000, &convert(8000, high_hz, &original));
        let found = find(&original[..15_000], &again).unwrap();
        assert!(found.likeness >= 0.999, "{high_hz}: {}", found.likeness);
        // Both ways together stay below 4 ms.
        assert!(found.lag_samples < 32, "{high_hz}: {}", found.lag_samples);
        let level_change_db = 20.0 * (rms(&again) / rms(&original)).log10();
        assert!(level_change_db.abs() < 0.05, "{high_hz}: {level_change_db} dB");
    }
}

#[test]
fn wideband_goes_between_16_and_24_khz() {
    for (from_hz, to_hz) in [(16_000, 24_000), (24_000, 16_000)] {
        for frequency_hz in [300.0, 3_000.0, 6_000.0, 6_800.0] {
            let output = convert(from_hz, to_hz, &sine(from_hz, frequency_hz, -6.0, from_hz as usize / 2));
            let settled = &output[output.len() / 4..];
            let wanted = goertzel_dbfs(settled, to_hz, frequency_hz);
            assert!((wanted + 6.0).abs() < 0.2, "{from_hz}: {frequency_hz} Hz came out at {wanted} dBFS");
            assert!((dbfs(settled) - wanted).abs() < 0.01, "{from_hz}: {frequency_hz} Hz is not alone");
        }
        assert!(Resampler::new(from_hz, to_hz).unwrap().delay_us() < 2_000);
    }
}

#[test]
fn rates_without_a_resampler_are_refused() {
    for (from_hz, to_hz) in [(8000, 44_100), (0, 8000), (12_000, 24_000), (8000, 0), (11_025, 11_025)] {
        assert!(Resampler::new(from_hz, to_hz).is_err(), "{from_hz} -> {to_hz}");
    }
    let mut same = Resampler::new(16_000, 16_000).unwrap();
    let mut output = [0; 3];
    assert_eq!(same.process(&[1, 2, 3], &mut output), 3);
    assert_eq!(output, [1, 2, 3]);
}

proptest! {
    /// However the stream is cut into blocks, the same samples come out.
    #[test]
    fn blocks_of_any_length_give_the_same_stream(
        rates in prop::sample::select(vec![(8000, 16_000), (8000, 48_000), (16_000, 8000), (24_000, 8000), (48_000, 8000), (48_000, 16_000), (16_000, 24_000), (24_000, 16_000)]),
        cuts in prop::collection::vec(0usize..700, 1..20),
        seed in any::<u64>(),
    ) {
        let (from_hz, to_hz) = rates;
        let len: usize = cuts.iter().sum();
        let input: Vec<i16> = (0..len as u64).map(|n| (n.wrapping_mul(seed | 1) >> 7) as i16).collect();
        let whole = convert(from_hz, to_hz, &input);
        let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
        let mut pieces = Vec::new();
        let mut rest = &input[..];
        for cut in cuts {
            let (block, later) = rest.split_at(cut);
            rest = later;
            let mut output = vec![0; resampler.output_len(block.len())];
            let written = resampler.process(block, &mut output);
            prop_assert_eq!(written, output.len());
            pieces.extend_from_slice(&output);
        }
        prop_assert_eq!(whole, pieces);
    }

    /// An output too small loses the end and nothing else: no panic, and the count is true.
    #[test]
    fn a_short_output_never_panics(from_up in any::<bool>(), len in 0usize..500, room in 0usize..500) {
        let (from_hz, to_hz) = if from_up { (8000, 16_000) } else { (16_000, 8000) };
        let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
        let mut output = vec![0; room];
        prop_assert!(resampler.process(&vec![5; len], &mut output) <= room);
    }
}
