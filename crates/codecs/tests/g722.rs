//! G.722 is the recommendation's, bit by bit, and sounds as it should.

use audio::level::dbfs;
use audio::tone::Tone;
use codecs::g722::{Decoder, Encoder};

const RATE_HZ: u32 = 16_000;

/// Two seconds of everything: silence, noise from faint to full scale, a square wave at full scale, a sweep, and the highest frequency
/// there is. Integers only, so that other programs can make the same.
fn signal() -> (Vec<i16>, Vec<u8>) {
    let mut state = 1u32;
    let (mut samples, mut bytes) = (Vec::new(), Vec::new());
    for n in 0..32_000i64 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = i64::from((state >> 16) as i16);
        let within = n % 4_000;
        let sweep = (within * within / 64 % 65_536 - 32_768).abs() - 16_384;
        let value = match n / 4_000 {
            0 => 0,
            1 => noise >> 8,
            2 => noise >> 3,
            3 => noise,
            4 if n % 40 < 20 => 32_767,
            4 => -32_768,
            5 => sweep,
            6 => (sweep >> 6) + (noise >> 9),
            _ if n % 2 == 1 => 32_767,
            _ => -32_768,
        };
        samples.push(value as i16);
        if n % 2 == 0 {
            bytes.push((state >> 24) as u8);
        }
    }
    (samples, bytes)
}

/// CRC-32 as zip has it.
fn crc(bytes: impl IntoIterator<Item = u8>) -> u32 {
    !bytes.into_iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn decode(codes: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; 2 * codes.len()];
    assert_eq!(Decoder::default().decode(codes, &mut samples), samples.len());
    samples
}

fn encode(samples: &[i16]) -> Vec<u8> {
    let mut codes = vec![0; samples.len() / 2];
    let mut encoder = Encoder::default();
    // In packets: nothing depends on where they end.
    for (samples, codes) in samples.chunks(320).zip(codes.chunks_mut(160)) {
        assert_eq!(encoder.encode(samples, codes), samples.len() / 2);
    }
    codes
}

/// The checksums are those of ITU-T's own program (G.191's software tools, `g722`) with this input.
#[test]
fn codes_and_samples_are_those_of_the_reference() {
    let (samples, bytes) = signal();
    assert_eq!(
        crc(samples.iter().flat_map(|sample| sample.to_le_bytes())),
        0xaeb0_5c4f,
        "not the input of the reference"
    );
    assert_eq!(crc(bytes.iter().copied()), 0x922f_b0a7, "not the input of the reference");
    let codes = encode(&samples);
    assert_eq!(crc(codes.iter().copied()), 0x9032_d3d5);
    assert_eq!(crc(decode(&codes).iter().flat_map(|sample| sample.to_le_bytes())), 0xe45d_c6c0);
    assert_eq!(crc(decode(&bytes).iter().flat_map(|sample| sample.to_le_bytes())), 0x6991_3789);
}

/// Signal to noise of a sine, after the filters' 22 samples of delay and a start of 50 ms.
fn sine_snr_db(frequency_hz: f64, dbfs_made: f64) -> f64 {
    let mut sent = vec![0; 8_000];
    Tone::sine(RATE_HZ, frequency_hz, dbfs_made).fill(&mut sent);
    let heard = decode(&encode(&sent));
    let error: Vec<i16> =
        sent[800..7_000].iter().zip(&heard[822..]).map(|(&sent, &heard)| sent.saturating_sub(heard)).collect();
    dbfs(&sent[800..7_000]) - dbfs(&error)
}

#[test]
fn sines_come_back_in_both_bands() {
    for (frequency_hz, snr_db_min) in
        [(300.0, 36.0), (1_020.0, 35.0), (3_000.0, 32.0), (5_000.0, 20.0), (6_500.0, 20.0)]
    {
        for level in [-6.0, -20.0, -40.0] {
            let snr_db = sine_snr_db(frequency_hz, level);
            assert!(snr_db > snr_db_min, "{frequency_hz} Hz at {level} dBFS: {snr_db:.1} dB");
        }
    }
}

#[test]
fn silence_stays_silence() {
    let heard = decode(&encode(&[0; 3_200]));
    assert!(heard.iter().all(|sample| sample.abs() <= 8), "{:?}", heard.iter().map(|s| s.abs()).max());
}

#[test]
fn a_decoder_that_missed_the_beginning_comes_into_step() {
    let mut sent = vec![0; 32_000];
    Tone::dual(RATE_HZ, [440.0, 2_300.0], -20.0).fill(&mut sent);
    let codes = encode(&sent);
    let whole = decode(&codes);
    let late = decode(&codes[4_000..]);
    let difference: Vec<i16> = whole[16_000..].iter().zip(&late[8_000..]).map(|(a, b)| a - b).collect();
    assert!(dbfs(&difference) < -60.0, "{}", dbfs(&difference));
}
