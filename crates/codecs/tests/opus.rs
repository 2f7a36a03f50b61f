//! Opus as telephony uses it: what was sent is heard, losses are made good, hostile packets are refused.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use audio::level::dbfs;
use audio::measure::{find, goertzel_dbfs};
use audio::tone::Tone;
use codecs::opus::{Decoder, Encoder, EncoderOptions, PAYLOAD_BYTES_MAX, Parameters};
use codecs::{Codec, Error};
use proptest::prelude::*;

/// A buzz of 130 Hz with harmonics that swells and fades five times a second: something SILK takes for speech.
fn voice(rate_hz: u32, ms: u32) -> Vec<i16> {
    let len = (rate_hz * ms / 1_000) as usize;
    let mut sum = vec![0i32; len];
    for harmonic in 1..=12 {
        let mut part = vec![0; len];
        Tone::sine(rate_hz, 130.0 * f64::from(harmonic), -14.0 - 2.0 * f64::from(harmonic)).fill(&mut part);
        for (sum, part) in sum.iter_mut().zip(part) {
            *sum += i32::from(part);
        }
    }
    let swell = |n: usize| 0.6 + 0.4 * (std::f64::consts::TAU * 5.0 * n as f64 / f64::from(rate_hz)).sin();
    sum.iter().enumerate().map(|(n, &sample)| (f64::from(sample) * swell(n)) as i16).collect()
}

fn encode(options: &EncoderOptions, loss_percent: u8, samples: &[i16], packet: usize) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(options).unwrap();
    encoder.set_loss_percent(loss_percent);
    let mut payload = [0; PAYLOAD_BYTES_MAX];
    samples
        .chunks_exact(packet)
        .map(|samples| {
            let len = encoder.encode(samples, &mut payload).unwrap();
            payload[..len.unwrap_or_default()].to_vec()
        })
        .collect()
}

#[test]
fn a_voice_is_heard_as_it_was_said_at_every_rate_and_packet_time() {
    for (rate_hz, packet_ms) in [(8_000, 20), (16_000, 10), (16_000, 20), (24_000, 40), (48_000, 60)] {
        let sent = voice(rate_hz, 1_200);
        let packet = (rate_hz * packet_ms / 1_000) as usize;
        let options = EncoderOptions { rate_hz, ..EncoderOptions::default() };
        let mut decoder = Decoder::new(rate_hz).unwrap();
        let mut heard = Vec::new();
        for payload in encode(&options, 0, &sent, packet) {
            assert_eq!(Codec::Opus.payload_clock_units(&payload), Some(packet_ms * 48));
            let mut samples = vec![0; packet];
            assert_eq!(decoder.decode(&payload, &mut samples), Ok(packet));
            heard.extend_from_slice(&samples);
        }
        let middle = heard.len() / 4..heard.len() / 2;
        let found = find(&sent[middle.clone()], &heard[middle.start..]).unwrap();
        assert!(found.likeness > 0.85, "{rate_hz} Hz, {packet_ms} ms: {found:?}");
        assert!(found.lag_samples < rate_hz as usize * 15 / 1_000, "{rate_hz} Hz: {found:?}");
        assert!((dbfs(&heard) - dbfs(&sent)).abs() < 1.5, "{rate_hz}: {} and {}", dbfs(&heard), dbfs(&sent));
    }
}

#[test]
fn a_decoder_of_any_rate_takes_what_an_encoder_of_another_made() {
    let sent = voice(48_000, 600);
    let payloads = encode(&EncoderOptions { rate_hz: 48_000, ..EncoderOptions::default() }, 0, &sent, 960);
    for rate_hz in [8_000, 12_000, 16_000, 24_000] {
        let mut decoder = Decoder::new(rate_hz).unwrap();
        let mut samples = vec![0; rate_hz as usize / 50];
        for payload in &payloads {
            assert_eq!(decoder.decode(payload, &mut samples), Ok(samples.len()));
        }
        assert!(dbfs(&samples) > -30.0);
    }
}

/// A voice that is there for 200 ms and away for 200 ms; the first packet of each onset is lost. Signal to noise of what is heard in its
/// place, in dB.
fn snr_of_lost_onsets(use_inband_fec: bool, use_next: bool) -> f64 {
    let remote = Parameters { use_inband_fec, ..Parameters::default() };
    let mut sent = voice(16_000, 4_000);
    for (index, packet) in sent.chunks_mut(320).enumerate() {
        if index / 10 % 2 == 0 {
            packet.iter_mut().for_each(|sample| *sample /= 300);
        }
    }
    let payloads = encode(&EncoderOptions { remote, ..EncoderOptions::default() }, 15, &sent, 320);
    let mut decoder = Decoder::new(16_000).unwrap();
    let mut without_loss = Decoder::new(16_000).unwrap();
    let (mut wanted, mut got) = (Vec::new(), Vec::new());
    for (index, payload) in payloads.iter().enumerate() {
        let (mut samples, mut original) = ([0; 320], [0; 320]);
        without_loss.decode(payload, &mut original).unwrap();
        if index % 20 == 10 {
            decoder.conceal(&mut samples, Some(payloads[index + 1].as_slice()).filter(|_| use_next));
            wanted.extend_from_slice(&original);
            got.extend_from_slice(&samples);
        } else {
            decoder.decode(payload, &mut samples).unwrap();
        }
    }
    let error: Vec<i16> = wanted.iter().zip(&got).map(|(a, b)| a.saturating_sub(*b)).collect();
    dbfs(&wanted) - dbfs(&error)
}

#[test]
fn a_lost_packet_is_recovered_from_the_next_one() {
    let recovered_db = snr_of_lost_onsets(true, true);
    assert!(recovered_db > 8.0, "{recovered_db:.1} dB");
    // What nobody has said yet can't be guessed.
    let concealed_db = snr_of_lost_onsets(true, false);
    assert!(concealed_db < 2.0, "{concealed_db:.1} dB");
    // Without error correction in the packet, the next one is of no use and does no harm.
    let nothing_there_db = snr_of_lost_onsets(false, true);
    assert!((-1.0..2.0).contains(&nothing_there_db), "{nothing_there_db:.1} dB");
}

#[test]
fn losses_of_any_length_are_filled_and_fade() {
    let sent = voice(16_000, 1_000);
    let payloads = encode(&EncoderOptions::default(), 0, &sent, 320);
    let mut decoder = Decoder::new(16_000).unwrap();
    let mut samples = [0; 320];
    for payload in &payloads {
        decoder.decode(payload, &mut samples).unwrap();
    }
    let mut lost = vec![0; 16_007];
    decoder.conceal(&mut lost, Some(&payloads[0]));
    assert!(dbfs(&lost[..320]) > -35.0);
    assert!(dbfs(&lost[960..1_280]) > -40.0);
    assert!(lost[3_200..15_600].iter().all(|&sample| sample == 0));
    // A loss before anything was heard is silence.
    let mut first = Decoder::new(48_000).unwrap();
    let mut lost = vec![1; 960];
    first.conceal(&mut lost, None);
    assert!(dbfs(&lost) < -60.0);
}

#[test]
fn silence_is_not_sent_when_the_far_end_prefers_that() {
    let remote = Parameters { use_dtx: true, ..Parameters::default() };
    let options = EncoderOptions { remote, ..EncoderOptions::default() };
    let mut sent = voice(16_000, 1_000);
    sent.extend([0; 32_000]);
    sent.extend(voice(16_000, 400));
    let payloads = encode(&options, 0, &sent, 320);
    assert!(payloads[5..50].iter().all(|payload| !payload.is_empty()), "speech is sent");
    let sent_in_silence = payloads[75..150].iter().filter(|payload| !payload.is_empty()).count();
    assert!(sent_in_silence <= 8, "{sent_in_silence} of 75");
    assert!(payloads[152..].iter().all(|payload| !payload.is_empty()));
    let always = encode(&EncoderOptions::default(), 0, &sent, 320);
    assert!(always.iter().all(|payload| !payload.is_empty()));
}

#[test]
fn the_far_ends_limits_are_kept() {
    let bytes = |remote: Parameters, rate_hz: u32| {
        let options = EncoderOptions { rate_hz, bitrate_bps: 64_000, remote, ..EncoderOptions::default() };
        let packet = rate_hz as usize / 50;
        encode(&options, 0, &voice(rate_hz, 1_000), packet).iter().map(Vec::len).collect::<Vec<_>>()
    };
    let free: usize = bytes(Parameters::default(), 48_000).iter().sum();
    let capped: usize =
        bytes(Parameters { max_average_bitrate_bps: Some(16_000), ..Parameters::default() }, 48_000).iter().sum();
    assert!(capped <= 16_000 / 8 * 5 / 4 && free > 2 * capped, "{free} and {capped} bytes in a second");
    let constant =
        bytes(Parameters { cbr: true, max_average_bitrate_bps: Some(24_000), ..Parameters::default() }, 16_000);
    assert!(constant.iter().all(|&len| len == 60), "{constant:?}");
    // What plays 8 kHz is sent nothing above 4 kHz.
    for (rate_hz, max_playback_rate_hz, frequency_hz) in [(16_000, 8_000, 6_000.0), (48_000, 16_000, 11_000.0)] {
        let level_dbfs = |max_playback_rate_hz: Option<u32>| {
            let remote = Parameters { max_playback_rate_hz, ..Parameters::default() };
            let options = EncoderOptions { rate_hz, bitrate_bps: 64_000, remote, ..EncoderOptions::default() };
            let mut high = voice(rate_hz, 1_000);
            let mut tone = vec![0; high.len()];
            Tone::sine(rate_hz, frequency_hz, -20.0).fill(&mut tone);
            high.iter_mut().zip(tone).for_each(|(sample, tone)| *sample += tone);
            let mut decoder = Decoder::new(rate_hz).unwrap();
            let mut samples = vec![0; rate_hz as usize / 50];
            for payload in encode(&options, 0, &high, samples.len()) {
                decoder.decode(&payload, &mut samples).unwrap();
            }
            goertzel_dbfs(&samples, rate_hz, frequency_hz)
        };
        let (limited, free) = (level_dbfs(Some(max_playback_rate_hz)), level_dbfs(None));
        assert!(limited < -45.0 && free > -26.0, "{rate_hz} Hz: {limited} and {free} dBFS");
    }
}

#[test]
fn wrong_lengths_and_rates_are_named() {
    assert_eq!(
        Encoder::new(&EncoderOptions { rate_hz: 44_100, ..EncoderOptions::default() }).err(),
        Some(Error::Rate { codec: Codec::Opus, rate_hz: 44_100 })
    );
    assert!(matches!(Decoder::new(0), Err(Error::Rate { .. })));
    let mut encoder = Encoder::new(&EncoderOptions::default()).unwrap();
    for len in [0, 1, 160 + 1, 480, 16_000] {
        assert_eq!(
            encoder.encode(&vec![0; len], &mut [0; 500]),
            Err(Error::PacketTime { codec: Codec::Opus, samples: len })
        );
    }
    assert!(matches!(encoder.encode(&[0; 320], &mut [0; 2]), Err(Error::BufferTooSmall { .. })));
    let payload = &encode(&EncoderOptions::default(), 0, &voice(16_000, 20), 320)[0];
    let mut decoder = Decoder::new(16_000).unwrap();
    assert_eq!(decoder.decode(payload, &mut [0; 319]), Err(Error::BufferTooSmall { needed: 320, room: 319 }));
    assert!(matches!(decoder.decode(&[], &mut [0; 320]), Err(Error::Malformed { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever a network sends: no panic, no more than there is room for, and a good packet is decoded afterwards.
    #[test]
    fn hostile_payloads_do_no_harm(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..12),
        rate_hz in prop::sample::select(vec![8_000u32, 16_000, 48_000]),
        flip in any::<prop::sample::Index>(),
    ) {
        let mut decoder = Decoder::new(rate_hz).unwrap();
        let mut samples = vec![0; codecs::PACKET_SAMPLES_MAX];
        for payload in &payloads {
            if let Ok(count) = decoder.decode(payload, &mut samples) {
                prop_assert!(count <= rate_hz as usize * 120 / 1_000);
            }
            decoder.conceal(&mut samples[..rate_hz as usize / 50], Some(payload));
        }
        let mut good = encode(&EncoderOptions::default(), 0, &voice(16_000, 40), 320);
        let bit = flip.index(good[0].len() * 8);
        good[0][bit / 8] ^= 1 << (bit % 8);
        for payload in &good {
            let _unspecified = decoder.decode(payload, &mut samples);
        }
        prop_assert!(decoder.decode(&good[1], &mut samples).is_ok());
    }
}
