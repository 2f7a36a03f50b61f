use codecs::{Codec, Encoder};
use voicebot::Encoding;

use super::*;

fn coding() -> Coding {
    Coding { receive: vec![(0, Codec::Pcmu), (8, Codec::Pcma)], dtmf_payload_type: Some(96), ..Coding::g711(Law::Mu) }
}

/// Sends packets numbered `numbers` of a ramp of codes and returns all that reached the bot.
fn receive(format: Format, numbers: impl Iterator<Item = u16>) -> (ToBot, Vec<u8>) {
    let mut path = ToBot::new(coding());
    path.open(format, false);
    let mut heard = Vec::new();
    let mut last_us = 0;
    for number in numbers {
        let header =
            Header { payload_type: 0, sequence: number, timestamp: u32::from(number) * 160, ssrc: 1, marker: false };
        last_us = u64::from(number) * 20_000;
        path.push(last_us, &header, &payload(number), |frame| collect(&mut heard, &frame, format)).unwrap();
    }
    path.pop(last_us + 1_000_000, |frame| collect(&mut heard, &frame, format)).unwrap();
    (path, heard)
}

fn payload(number: u16) -> Vec<u8> {
    (0..160_u16).map(|n| (number.wrapping_mul(7).wrapping_add(n) & 0xff) as u8).collect()
}

fn collect(heard: &mut Vec<u8>, frame: &Bytes, format: Format) -> Result<(), ()> {
    assert_eq!(frame.len(), format.bytes_per_frame());
    heard.extend_from_slice(frame);
    Ok(())
}

#[test]
fn the_same_codec_passes_bit_by_bit_in_the_bots_frames() {
    for frame_ms in [10, 20, 40, 100] {
        let format = Format::new(Encoding::Mulaw, 8_000, frame_ms).unwrap();
        let (_, heard) = receive(format, 0..50);
        let sent: Vec<u8> = (0..50).flat_map(payload).collect();
        assert_eq!(heard, sent, "{frame_ms}");
    }
}

#[test]
fn time_stays_when_packets_are_lost() {
    let format = Format::new(Encoding::L16, 16_000, 20).unwrap();
    let (path, heard) = receive(format, (0..50).filter(|n| !(10..13).contains(n) && *n != 30));
    assert_eq!(heard.len(), 50 * 640);
    assert_eq!(path.stats().lost, 4);
}

#[test]
fn a_gap_is_filled_and_the_packets_around_it_are_where_they_were() {
    let format = Format::new(Encoding::Mulaw, 8_000, 20).unwrap();
    let (_, heard) = receive(format, (0..20).filter(|n| *n != 9));
    assert_eq!(heard[..9 * 160], (0..9).flat_map(payload).collect::<Vec<u8>>());
    // Filled from both sides: not even the joint is changed.
    assert_eq!(heard[10 * 160..], (10..20).flat_map(payload).collect::<Vec<u8>>());
}

#[test]
fn the_far_end_may_change_its_law_from_packet_to_packet() {
    let format = Format::new(Encoding::L16, 8_000, 20).unwrap();
    let mut path = ToBot::new(coding());
    path.open(format, false);
    let samples: Vec<i16> = (0..160).map(|n| (8_000.0 * f64::sin(f64::from(n) / 5.0)) as i16).collect();
    for (sequence, (payload_type, law)) in [(0, Law::Mu), (8, Law::A)].into_iter().enumerate() {
        let sequence = sequence as u16;
        let header = Header { payload_type, sequence, timestamp: u32::from(sequence) * 160, ssrc: 1, marker: false };
        assert!(path.knows(&header));
        let mut codes = [0; 160];
        law.encode_slice(&samples, &mut codes);
        let mut heard = Vec::new();
        path.push(u64::from(sequence) * 20_000, &header, &codes, |frame| collect(&mut heard, &frame, format)).unwrap();
        let heard: Vec<i16> = heard.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        let worst = samples.iter().zip(&heard).map(|(a, b)| (a - b).abs()).max().unwrap();
        assert!(heard.len() == 160 && worst < 300, "{law:?} {worst}");
    }
}

#[test]
fn nothing_reaches_the_bot_before_the_audio_is_opened() {
    let mut path = ToBot::new(coding());
    let header = Header { payload_type: 0, sequence: 1, timestamp: 160, ssrc: 1, marker: true };
    path.push(0, &header, &[0; 160], |_| Err("a frame")).unwrap();
    assert_eq!(path.stats().received, 1);
}

#[test]
fn a_key_press_is_told_once_and_is_no_audio() {
    let format = Format::new(Encoding::Mulaw, 8_000, 20).unwrap();
    for coding in [coding(), Coding::of(Codec::Opus)] {
        let units = coding.packet_units();
        let mut sender = dtmf::Sender::new(coding.dtmf_clock_hz, 100, 60);
        sender.queue("5").unwrap();
        let mut path = ToBot::new(coding);
        path.open(format, false);
        let mut rtp = rtp::Sender::new(1, 0, 0);
        let mut presses = Vec::new();
        for n in 0..20_u64 {
            if let Some(event) = sender.tick(rtp.timestamp(), units) {
                let header = rtp.event(101, &event, units);
                path.push(n * 20_000, &header, &event.payload, |_| Err("audio")).unwrap();
            } else {
                rtp.skip(units);
            }
            presses.extend(std::iter::from_fn(|| path.poll_press(n * 20_000)));
        }
        assert_eq!(presses, [KeyPress { digit: '5', duration_ms: 100, way: KeyWay::Event }]);
    }
}

/// What a bot hears of a sine of 440 Hz in this codec, as samples, when these packets are lost.
fn hear_sine(coding: &Coding, format: Format, count: u16, lost: &[u16]) -> Vec<i16> {
    let mut path = ToBot::new(coding.clone());
    path.open(format, true);
    let options = codecs::opus::EncoderOptions::default();
    let mut encoder = Encoder::new(coding.codec, &options).unwrap();
    let mut tone = audio::tone::Tone::sine(encoder.sample_rate_hz(), 440.0, -20.0);
    let mut heard = Vec::new();
    for sequence in 0..count {
        let mut samples = vec![0; encoder.sample_rate_hz() as usize / 50];
        tone.fill(&mut samples);
        let mut payload = [0; 1_500];
        let len = encoder.encode(&samples, &mut payload).unwrap().unwrap();
        if lost.contains(&sequence) {
            continue;
        }
        let header = Header {
            payload_type: coding.payload_type,
            sequence,
            timestamp: u32::from(sequence) * coding.packet_units(),
            ssrc: 1,
            marker: false,
        };
        let now_us = u64::from(sequence) * 20_000;
        path.push(now_us, &header, &payload[..len], |frame| collect(&mut heard, &frame, format)).unwrap();
        path.pop(now_us + 19_999, |frame| collect(&mut heard, &frame, format)).unwrap();
    }
    path.pop(10_000_000, |frame| collect(&mut heard, &frame, format)).unwrap();
    heard.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn every_codec_is_heard_at_every_rate_and_losses_are_filled() {
    for codec in Codec::ALL {
        for rate_hz in [8_000, 16_000, 24_000, 48_000] {
            let format = Format::new(Encoding::L16, rate_hz, 20).unwrap();
            let heard = hear_sine(&Coding::of(codec), format, 60, &[20, 35, 36]);
            let second = &heard[rate_hz as usize / 10..];
            let level = audio::level::dbfs(second);
            let tone = audio::measure::goertzel_dbfs(second, rate_hz, 440.0);
            assert!((level + 20.0).abs() < 1.0, "{codec} {rate_hz}: {level} dBFS");
            assert!((level - tone).abs() < 1.0, "{codec} {rate_hz}: of {level} dBFS {tone} are the tone's");
            // Nothing is lost of the time, but for the filters' and decoders' delay.
            assert_eq!(heard.len(), rate_hz as usize / 50 * 60, "{codec} {rate_hz}");
        }
    }
}

#[test]
fn a_silence_that_is_described_is_heard_while_it_lasts() {
    let format = Format::new(Encoding::L16, 8_000, 20).unwrap();
    let coding = Coding { cn_receive_payload_type: Some(13), ..Coding::g711(Law::Mu) };
    let mut path = ToBot::new(coding);
    path.open(format, false);
    let mut heard = Vec::new();
    let push = |path: &mut ToBot, heard: &mut Vec<u8>, payload_type, sequence, at_ms: u32, payload: &[u8]| {
        let header = Header { payload_type, sequence, timestamp: at_ms * 8, ssrc: 1, marker: false };
        path.push(u64::from(at_ms) * 1_000, &header, payload, |frame| collect(heard, &frame, format)).unwrap();
    };
    for n in 0..10 {
        push(&mut path, &mut heard, 0, n, u32::from(n) * 20, &[Law::Mu.encode(8_000); 160]);
    }
    let mut description = [0; 11];
    let len = Noise::white(-40).write(&mut description);
    push(&mut path, &mut heard, 13, 10, 200, &description[..len]);
    for now_ms in (200..1_200).step_by(5) {
        path.pop(now_ms * 1_000, |frame| collect(&mut heard, &frame, format)).unwrap();
    }
    // It is heard before the next packet comes, and the clock is right when that has come.
    assert!((1_100 * 16..=1_200 * 16).contains(&heard.len()), "{}", heard.len());
    push(&mut path, &mut heard, 0, 11, 1_200, &[Law::Mu.encode(8_000); 160]);
    assert_eq!(heard.len(), 1_220 * 16);
    let samples: Vec<i16> = heard.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let noise = audio::level::dbfs(&samples[300 * 8..1_200 * 8]);
    // -40 dB below a square wave at full scale is -37 dB below a sine (RFC 3389 §3.1).
    assert!((noise + 37.0).abs() < 1.0, "{noise}");
}

#[test]
fn tones_are_keys_where_there_are_no_events_and_a_better_way_silences_a_lesser() {
    let coding = Coding { dtmf_receive_payload_type: None, ..Coding::g711(Law::A) };
    let mut path = ToBot::new(coding);
    let mut generator = audio::dtmf::Generator::new(8_000, 80, 80);
    generator.queue("18#").unwrap();
    let mut presses = Vec::new();
    for sequence in 0..40_u16 {
        let mut samples = [0; 160];
        generator.fill(&mut samples);
        let mut codes = [0; 160];
        Law::A.encode_slice(&samples, &mut codes);
        let header = Header { payload_type: 8, sequence, timestamp: u32::from(sequence) * 160, ssrc: 1, marker: false };
        path.push(u64::from(sequence) * 20_000, &header, &codes, |_| Ok::<(), ()>(())).unwrap();
        presses.extend(std::iter::from_fn(|| path.poll_press(0)));
    }
    assert_eq!(presses.iter().map(|press| press.digit).collect::<String>(), "18#");
    assert!(presses.iter().all(|press| press.way == KeyWay::Inband && (60..=100).contains(&press.duration_ms)));
    assert!(path.takes_keys_by(KeyWay::Inband) && path.takes_keys_by(KeyWay::Info));
    assert!(!path.takes_keys_by(KeyWay::Inband) && path.takes_keys_by(KeyWay::Info));
}
