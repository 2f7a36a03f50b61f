//! All codecs through the one interface: time is kept, losses are filled, nothing allocates.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use allocation_counter::measure;
use audio::level::dbfs;
use audio::measure::find;
use audio::tone::Tone;
use codecs::opus::EncoderOptions;
use codecs::{Codec, Decoder, Encoder, Error, PACKET_SAMPLES_MAX};
use proptest::prelude::*;

const OPUS_RATE_HZ: u32 = 16_000;

fn pair(codec: Codec) -> (Encoder, Decoder) {
    (Encoder::new(codec, &EncoderOptions::default()).unwrap(), Decoder::new(codec, OPUS_RATE_HZ).unwrap())
}

#[test]
fn a_tone_goes_through_and_time_is_kept() {
    for codec in Codec::ALL {
        let (mut encoder, mut decoder) = pair(codec);
        assert_eq!((encoder.codec(), decoder.codec()), (codec, codec));
        let rate_hz = encoder.sample_rate_hz();
        assert_eq!(decoder.sample_rate_hz(), rate_hz);
        let packet = rate_hz as usize / 50;
        let mut sent = vec![0; 25 * packet];
        Tone::dual(rate_hz, [500.0, 1_200.0], -20.0).fill(&mut sent);
        let (mut heard, mut payload, mut samples) = (Vec::new(), [0; 1_500], [0; PACKET_SAMPLES_MAX]);
        for piece in sent.chunks(packet) {
            let len = encoder.encode(piece, &mut payload).unwrap().unwrap();
            let covered = codec.payload_clock_units(&payload[..len]).unwrap();
            assert_eq!(covered, codec.clock_rate_hz() / 50, "{codec}");
            assert_eq!(codec.clock_units(packet, rate_hz), covered);
            let decoded = decoder.decode(&payload[..len], &mut samples).unwrap();
            assert_eq!((decoded.samples, decoded.is_exact), (packet, true), "{codec}");
            assert_eq!(codec.samples(covered, rate_hz), packet);
            heard.extend_from_slice(&samples[..packet]);
        }
        let found = find(&sent[5 * packet..15 * packet], &heard[5 * packet..]).unwrap();
        assert!(found.likeness > 0.97, "{codec}: {found:?}");
        assert!((dbfs(&heard[packet..]) - dbfs(&sent)).abs() < 1.0, "{codec}");
    }
}

#[test]
fn a_lost_packet_is_filled_and_what_follows_is_as_it_was_sent() {
    for codec in Codec::ALL {
        for has_next in [false, true] {
            let (mut encoder, mut decoder) = pair(codec);
            let rate_hz = encoder.sample_rate_hz();
            let packet = rate_hz as usize / 50;
            let mut tone = Tone::sine(rate_hz, 200.0, -15.0);
            let mut samples = vec![0; packet];
            let payloads: Vec<Vec<u8>> = (0..30)
                .map(|_| {
                    let mut payload = vec![0; 1_500];
                    tone.fill(&mut samples);
                    let len = encoder.encode(&samples, &mut payload).unwrap().unwrap();
                    payload.truncate(len);
                    payload
                })
                .collect();
            for (number, payload) in payloads.iter().enumerate() {
                if number == 20 {
                    decoder.conceal(&mut samples, has_next.then_some(payloads[21].as_slice()));
                    assert!(dbfs(&samples) > -22.0, "{codec}: {}", dbfs(&samples));
                } else {
                    let decoded = decoder.decode(payload, &mut samples).unwrap();
                    let is_smoothed = number == 21 && !has_next && codec != Codec::Opus;
                    assert_eq!(decoded.is_exact, !is_smoothed, "{codec} {number}");
                }
            }
        }
    }
}

#[test]
fn lengths_that_do_not_fit_are_named() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let (mut encoder, mut decoder) = pair(codec);
        let per_byte = codec.sample_rate_hz() as usize / 8_000;
        assert_eq!(
            encoder.encode(&[0; 320], &mut [0; 100]),
            Err(Error::BufferTooSmall { needed: 320 / per_byte, room: 100 })
        );
        assert_eq!(
            decoder.decode(&[0; 160], &mut [0; 159]),
            Err(Error::BufferTooSmall { needed: 160 * per_byte, room: 159 })
        );
        // Packet times of any length are taken, an empty one too.
        assert_eq!(decoder.decode(&[], &mut []).map(|decoded| decoded.samples), Ok(0));
    }
    let (mut encoder, _) = pair(Codec::G722);
    assert_eq!(encoder.encode(&[0; 321], &mut [0; 200]), Err(Error::PacketTime { codec: Codec::G722, samples: 321 }));
}

#[test]
fn packets_allocate_nothing_but_opus_a_little() {
    for codec in Codec::ALL {
        let (mut encoder, mut decoder) = pair(codec);
        let rate_hz = encoder.sample_rate_hz();
        let packet = rate_hz as usize / 50;
        let mut tone = Tone::dual(rate_hz, [180.0, 900.0], -20.0);
        let (mut payload, mut samples) = ([0; 1_500], vec![0; packet]);
        let mut run = |packets: usize| {
            for number in 0..packets {
                tone.fill(&mut samples);
                let len = encoder.encode(&samples, &mut payload).unwrap().unwrap_or_default();
                if number % 7 == 3 {
                    decoder.conceal(&mut samples, Some(&payload[..len]));
                }
                decoder.decode(&payload[..len], &mut samples).unwrap();
            }
        };
        run(50);
        let per_packet = measure(|| run(200)).count_total / 200;
        // Opus's coder takes a few short-lived buffers of its own.
        let allowed = if codec == Codec::Opus { 8 } else { 0 };
        assert!(per_packet <= allowed, "{codec}: {per_packet}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_bytes_and_losses_are_taken(
        codec in prop::sample::select(Codec::ALL.to_vec()),
        steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..400), any::<bool>()), 1..20),
    ) {
        let mut decoder = Decoder::new(codec, 48_000).unwrap();
        let mut samples = [0; PACKET_SAMPLES_MAX];
        for (payload, is_lost) in &steps {
            if *is_lost {
                decoder.conceal(&mut samples[..payload.len()], Some(payload));
            } else if let Ok(decoded) = decoder.decode(payload, &mut samples) {
                prop_assert!(decoded.samples <= samples.len());
            }
        }
    }
}
