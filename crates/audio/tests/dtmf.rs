//! DTMF in audio: every key through twist, noise, wrong frequencies, breaks; and what is none: speech.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use std::process::Command;

use audio::dtmf::{DIGITS_MAX, Detector, Event, Generator};
use audio::g711::Law;
use audio::tone::Tone;

const ROWS_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS_HZ: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: &str = "123A456B789C*0#D";

fn hear(rate_hz: u32, samples: &[i16]) -> Vec<Event> {
    let mut detector = Detector::new(rate_hz);
    let mut events = Vec::new();
    for frame in samples.chunks(rate_hz as usize / 50) {
        detector.push(frame);
        events.extend(std::iter::from_fn(|| detector.poll()));
    }
    events
}

fn digits(events: &[Event]) -> String {
    events.iter().filter_map(|event| if let Event::Down { digit } = event { Some(*digit) } else { None }).collect()
}

/// A key's two frequencies, each off by a share and at its own level, for `ms` in the middle of 200 ms that begin at `offset`.
fn pair(key: usize, off: [f64; 2], dbfs: [f64; 2], ms: usize, offset: usize) -> Vec<i16> {
    let mut samples = vec![0i16; 2_400];
    for (hz, dbfs) in [(ROWS_HZ[key / 4] * off[0], dbfs[0]), (COLUMNS_HZ[key % 4] * off[1], dbfs[1])] {
        let mut part = vec![0; ms * 8];
        Tone::sine(8_000, hz, dbfs).fill(&mut part);
        samples[400 + offset..].iter_mut().zip(part).for_each(|(sample, part)| *sample += part);
    }
    samples
}

fn noise(samples: &mut [i16], dbfs: f64, mut seed: u64) {
    // Even noise of this peak has an RMS 4.8 dB below it; a sine's is 3 dB below.
    let peak = audio::level::sine_peak(dbfs) * 1.22;
    for sample in samples {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let even = (seed >> 40) as f64 / f64::from(1 << 23) - 1.0;
        *sample = sample.saturating_add((even * peak) as i16);
    }
}

#[test]
fn what_the_generator_makes_the_detector_hears_at_every_rate() {
    for rate_hz in [8_000, 16_000, 48_000] {
        let mut generator = Generator::new(rate_hz, 70, 60);
        generator.queue(KEYS).unwrap();
        generator.queue("1155").unwrap();
        let mut samples = Vec::new();
        while !generator.is_idle() {
            let mut frame = vec![0; rate_hz as usize / 50];
            generator.fill(&mut frame);
            samples.extend(frame);
        }
        assert_eq!(samples.len() as u32 / (rate_hz / 1_000), 20 * 130, "time is kept");
        samples.extend(vec![0; rate_hz as usize / 10]);
        let events = hear(rate_hz, &samples);
        assert_eq!(digits(&events), format!("{KEYS}1155"), "{rate_hz}");
        for event in events {
            if let Event::Up { duration_ms, .. } = event {
                assert!((50..=90).contains(&duration_ms), "{rate_hz}: {event:?}");
            }
        }
    }
}

#[test]
fn digits_are_queued_whole_or_not_at_all() {
    let mut generator = Generator::new(8_000, 50, 50);
    assert_eq!(generator.queue("12!"), Err(audio::Error::NotADigit('!')));
    assert!(generator.is_idle());
    generator.queue(&"1".repeat(DIGITS_MAX)).unwrap();
    assert_eq!(generator.queue("1"), Err(audio::Error::TooManyDigits));
}

#[test]
fn every_key_is_heard_within_q_24() {
    for key in 0..16 {
        let expected = KEYS.chars().nth(key).unwrap().to_string();
        for (what, off, dbfs, ms) in [
            ("40 ms", [1.0, 1.0], [-14.0, -14.0], 40),
            ("loud", [1.0, 1.0], [-6.5, -6.5], 60),
            ("faint", [1.0, 1.0], [-31.0, -31.0], 60),
            ("column 4 dB above", [1.0, 1.0], [-18.0, -14.0], 60),
            ("row 8 dB above", [1.0, 1.0], [-14.0, -22.0], 60),
            ("both 1.5 % high", [1.015, 1.015], [-14.0, -14.0], 60),
            ("both 1.5 % low", [0.985, 0.985], [-14.0, -14.0], 60),
        ] {
            for offset in [0, 17, 51, 85] {
                let samples = pair(key, off, dbfs, ms, offset);
                assert_eq!(digits(&hear(8_000, &samples)), expected, "{what}, {offset}");
            }
        }
        // 15 dB above noise, and through both laws.
        let mut noisy = pair(key, [1.0, 1.0], [-14.0, -14.0], 60, 0);
        noise(&mut noisy, -29.0, key as u64);
        for law in [Law::Mu, Law::A] {
            let coded: Vec<i16> = noisy.iter().map(|&sample| law.decode(law.encode(sample))).collect();
            assert_eq!(digits(&hear(8_000, &coded)), expected);
        }
    }
}

#[test]
fn what_is_no_key_is_not_heard() {
    for key in 0..16 {
        for (what, off, dbfs, ms) in [
            ("20 ms", [1.0, 1.0], [-14.0, -14.0], 20),
            ("row 3.5 % high", [1.035, 1.0], [-14.0, -14.0], 60),
            ("row 3.5 % low", [0.965, 1.0], [-14.0, -14.0], 60),
            ("column 3.5 % high", [1.0, 1.035], [-14.0, -14.0], 60),
            ("column 3.5 % low", [1.0, 0.965], [-14.0, -14.0], 60),
            ("row alone", [1.0, 1.0], [-14.0, -60.0], 60),
            ("column alone", [1.0, 1.0], [-60.0, -14.0], 60),
            ("too faint", [1.0, 1.0], [-45.0, -45.0], 60),
        ] {
            for offset in [0, 34, 68] {
                let samples = pair(key, off, dbfs, ms, offset);
                assert_eq!(digits(&hear(8_000, &samples)), "", "{what} of key {key}, {offset}");
            }
        }
    }
    let mut loud = vec![0; 80_000];
    noise(&mut loud, -6.0, 1);
    assert_eq!(hear(8_000, &loud), []);
    for tone in [Tone::ringback_europe(8_000), Tone::ringback_north_america(8_000), Tone::sine(8_000, 1_000.0, -10.0)] {
        let mut samples = vec![0; 40_000];
        tone.clone().fill(&mut samples);
        assert_eq!(hear(8_000, &samples), [], "{tone:?}");
    }
}

#[test]
fn a_short_break_is_bridged_and_a_long_one_is_two_presses() {
    for (break_ms, expected) in [(5, "5"), (45, "55")] {
        let mut samples = vec![0; 1_600 * 2];
        Tone::dtmf(8_000, '5').unwrap().fill(&mut samples[400..2_800]);
        samples[1_600..1_600 + break_ms * 8].fill(0);
        assert_eq!(digits(&hear(8_000, &samples)), expected, "{break_ms} ms");
    }
}

/// Two minutes of speech of several voices: no key is heard in it.
#[test]
fn speech_is_no_dtmf() {
    let text = "Good morning. I would like to speak with somebody about the invoice that came last Tuesday. My number is zero, one, two, three, four, five, six, seven, eight, \
        nine. Please hold the line while I look for it; the figures are seventeen, forty-four and ninety-nine. Who will be at the meeting? We shall see. You may leave a message after the tone.";
    for (voice, pitch) in [
        ("en-us+m3", "50"),
        ("en-us+f4", "70"),
        ("en-gb+m7", "30"),
        ("en-gb+f2", "90"),
        ("de+f3", "60"),
        ("en-us+whisper", "50"),
    ] {
        let output = Command::new("espeak-ng")
            .args(["-v", voice, "-p", pitch, "--stdout", text])
            .output()
            .expect("espeak-ng is missing: scripts/install-tools.sh installs it");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // WAV at 22,050 Hz; to 8 kHz by straight lines is rough, which only adds to what could be taken for a key.
        let samples: Vec<f64> =
            output.stdout[44..].chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]]))).collect();
        let speech: Vec<i16> = (0..samples.len() * 8_000 / 22_050 - 1)
            .map(|n| {
                let at = n as f64 * 22_050.0 / 8_000.0;
                let (index, share) = (at as usize, at.fract());
                (samples[index] * (1.0 - share) + samples[index + 1] * share) as i16
            })
            .collect();
        assert!(speech.len() > 80_000, "{voice}: {}", speech.len());
        assert_eq!(hear(8_000, &speech), [], "{voice}");
    }
}
