//! The jitter buffer against a simple model, under loss, duplication, reordering, wrap-around, talk spurts, new sources and noise.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rtp::{Config, Header, JitterBuffer, Pushed};

const WAIT_MS: u32 = 60;
const PACKET_SAMPLES: u32 = 160;

fn config() -> Config {
    Config { wait_ms: WAIT_MS, wait_ms_min: WAIT_MS, wait_ms_max: WAIT_MS, ..Config::default() }
}

/// What happens to one packet on its way.
#[derive(Debug, Clone)]
struct Fate {
    lost: bool,
    copies: usize,
    /// Packet times by which it comes late.
    late: u64,
    /// Clock units of silence before it.
    silence: u32,
}

fn fate() -> impl Strategy<Value = Fate> {
    (
        prop::bool::weighted(0.1),
        prop_oneof![8 => Just(1), 1 => Just(2), 1 => Just(3)],
        prop_oneof![6 => Just(0), 4 => 0u64..8],
        prop_oneof![9 => Just(0), 1 => 0u32..20_000],
    )
        .prop_map(|(lost, copies, late, silence)| Fate { lost, copies, late, silence })
}

/// A packet as it was sent, known by its number.
#[derive(Debug, Clone)]
struct Sent {
    number: u64,
    header: Header,
    payload: Vec<u8>,
}

fn stream(fates: &[Fate], sequence: u16, timestamp: u32, ssrc: u32) -> Vec<(u64, Sent)> {
    let mut arrivals = Vec::new();
    let mut timestamp = timestamp;
    for (number, fate) in (0u64..).zip(fates) {
        timestamp = timestamp.wrapping_add(fate.silence);
        let header = Header { sequence: sequence.wrapping_add(number as u16), timestamp, ssrc, ..Header::default() };
        timestamp = timestamp.wrapping_add(PACKET_SAMPLES);
        let mut payload = vec![number as u8; PACKET_SAMPLES as usize];
        payload[..8].copy_from_slice(&number.to_be_bytes());
        for copy in 0..if fate.lost { 0 } else { fate.copies as u64 } {
            let arrival_us = (number + fate.late + copy) * 20_000 + copy;
            arrivals.push((arrival_us, Sent { number, header, payload: payload.clone() }));
        }
    }
    arrivals.sort_by_key(|(arrival_us, sent)| (*arrival_us, sent.number));
    arrivals
}

/// The same rules without rings, wraps and windows.
struct Model {
    next: u64,
    held: BTreeMap<u64, (u64, u32)>,
    emitted: Vec<u64>,
    received: u64,
    lost: u64,
    refused: u64,
    missing: u64,
    timestamp_expected: Option<u32>,
}

impl Model {
    fn push(&mut self, now_us: u64, number: u64, timestamp: u32) {
        if number < self.next || self.held.contains_key(&number) {
            self.refused += 1;
        } else {
            self.held.insert(number, (now_us, timestamp));
            self.received += 1;
        }
    }

    /// Number, lost samples, silent samples.
    fn pop(&mut self, now_us: u64) -> Option<(u64, u32, u32)> {
        let (&first, &(_, timestamp)) = self.held.first_key_value()?;
        let oldest_us = self.held.values().map(|&(arrival_us, _)| arrival_us).min()?;
        if first != self.next && now_us < oldest_us + u64::from(WAIT_MS) * 1000 {
            return None;
        }
        self.held.remove(&first);
        self.missing = first - self.next;
        self.lost += self.missing;
        self.next = first + 1;
        let gap = self.timestamp_expected.map_or(0, |expected| timestamp.wrapping_sub(expected));
        self.timestamp_expected = Some(timestamp.wrapping_add(PACKET_SAMPLES));
        let lost = gap.min(self.missing as u32 * PACKET_SAMPLES);
        self.emitted.push(first);
        Some((first, lost, gap - lost))
    }
}

proptest! {
    #[test]
    fn does_what_the_model_does(
        fates in prop::collection::vec(fate(), 1..150),
        sequence in prop_oneof![any::<u16>(), 65_400u16..=65_535],
        timestamp in prop_oneof![any::<u32>(), (u32::MAX - 20_000)..=u32::MAX],
        polls in 1u64..5,
    ) {
        let mut buffer = JitterBuffer::new(config());
        let arrivals = stream(&fates, sequence, timestamp, 1);
        let Some((_, first)) = arrivals.first().cloned() else { return Ok(()) };
        let mut model = Model {
            // The stream begins with whatever comes first.
            next: first.number, held: BTreeMap::new(), emitted: Vec::new(), received: 0, lost: 0, refused: 0, missing: 0,
            timestamp_expected: None,
        };
        let end_us = (fates.len() as u64 + 20) * 20_000;
        let mut arrivals = arrivals.into_iter().peekable();
        for now_us in (0..end_us).step_by(20_000 / polls as usize) {
            while let Some((arrival_us, sent)) = arrivals.next_if(|(arrival_us, _)| *arrival_us <= now_us) {
                buffer.push(arrival_us, &sent.header, &sent.payload);
                model.push(arrival_us, sent.number, sent.header.timestamp);
                loop {
                    let expected = model.pop(arrival_us);
                    let frame = buffer.pop(arrival_us);
                    prop_assert_eq!(frame.map(|frame| (frame.sequence, frame.lost_before, frame.silence_before)),
                        expected.map(|(number, lost, silence)| (sequence.wrapping_add(number as u16), lost, silence)));
                    let (Some(frame), Some((number, ..))) = (frame, expected) else { break };
                    prop_assert_eq!(&frame.payload[..8], &number.to_be_bytes()[..]);
                    prop_assert_eq!(frame.payload.len(), PACKET_SAMPLES as usize);
                }
            }
            loop {
                let expected = model.pop(now_us);
                let frame = buffer.pop(now_us);
                prop_assert_eq!(frame.map(|frame| (frame.sequence, frame.lost_before)), expected.map(|(number, lost, _)| (sequence.wrapping_add(number as u16), lost)));
                if frame.is_none() { break }
            }
            // Whatever is still held waits behind a gap.
            let oldest_us = model.held.values().map(|&(arrival_us, _)| arrival_us).min();
            prop_assert_eq!(buffer.deadline_us(), oldest_us.map(|oldest_us| oldest_us + u64::from(WAIT_MS) * 1000));
        }
        let stats = buffer.stats();
        prop_assert_eq!(stats.received, model.received);
        prop_assert_eq!(stats.lost, model.lost);
        prop_assert_eq!(stats.duplicate + stats.late, model.refused);
        prop_assert_eq!((stats.dropped, stats.restarts), (0, 0));
        prop_assert!(model.emitted.is_sorted_by(|a, b| a < b));
    }

    /// Packets of any kind at all: no panic, no frame twice, none out of order within a source, and the books balance.
    #[test]
    fn arbitrary_packets_never_break_the_order(
        packets in prop::collection::vec((0u32..3, prop_oneof![0u16..300, any::<u16>()], any::<u32>(), 0usize..600, 0u64..100_000, any::<bool>(), any::<bool>()), 0..400),
        slots in 0usize..70,
    ) {
        let mut buffer = JitterBuffer::new(Config { slots, event_payload_type: Some(101), ..Config::default() });
        let mut now_us = 0;
        let mut last: Option<u16> = None;
        let (mut taken, mut emitted, mut on_probation) = (0u64, 0u64, 0u64);
        // A packet may be this far ahead of the one before it; each that is pushed out of the window unseen moves the next frame as far.
        let mut pushed_since = 0u32;
        for (ssrc, sequence, timestamp, len, later_us, event, pop) in packets {
            now_us += later_us;
            let header = Header { sequence, timestamp, ssrc, marker: event, payload_type: if event { 101 } else { 0 } };
            match buffer.push(now_us, &header, &vec![sequence as u8; len]) {
                Pushed::Queued => taken += 1,
                Pushed::Probation => on_probation += 1,
                Pushed::Duplicate | Pushed::Late => {}
                Pushed::Oversized => prop_assert!(len > 480),
            }
            pushed_since += 1;
            while pop && let Some(frame) = buffer.pop(now_us) {
                emitted += 1;
                prop_assert!(frame.payload.iter().all(|&byte| byte == frame.sequence as u8));
                if !frame.restarted && let Some(last) = last {
                    let step = u32::from(frame.sequence.wrapping_sub(last));
                    let step_max = (pushed_since + 1) * u32::from(rtp::SEQUENCE_JUMP_MAX);
                    prop_assert!(step != 0 && step <= step_max, "{last} then {}", frame.sequence);
                }
                last = Some(frame.sequence);
                pushed_since = 0;
            }
        }
        while buffer.pop(u64::MAX).is_some() {
            emitted += 1;
        }
        let stats = buffer.stats();
        prop_assert!(emitted <= stats.received && stats.received <= taken + on_probation);
        prop_assert!(stats.jitter.is_finite() && buffer.wait_ms() <= 120);
    }
}

/// Drives the buffer with packets 20 ms apart and returns what comes out as (sequence, restarted).
fn drive(buffer: &mut JitterBuffer, packets: &[(u32, u16)]) -> Vec<(u16, bool)> {
    let mut out = Vec::new();
    for (index, &(ssrc, sequence)) in (0u64..).zip(packets) {
        let header = Header { ssrc, sequence, timestamp: u32::from(sequence) * PACKET_SAMPLES, ..Header::default() };
        buffer.push(index * 20_000, &header, &[0; 160]);
        while let Some(frame) = buffer.pop(index * 20_000) {
            out.push((frame.sequence, frame.restarted));
        }
    }
    out
}

#[test]
fn a_new_source_is_taken_at_its_second_packet_and_loses_none() {
    let mut buffer = JitterBuffer::new(config());
    let out = drive(&mut buffer, &[(1, 10), (1, 11), (2, 5000), (2, 5001), (2, 5002)]);
    assert_eq!(out, [(10, false), (11, false), (5000, true), (5001, false), (5002, false)]);
    assert_eq!((buffer.stats().restarts, buffer.stats().dropped, buffer.stats().lost), (1, 0, 0));
}

#[test]
fn a_stray_packet_does_not_disturb_the_stream() {
    let mut buffer = JitterBuffer::new(config());
    let out = drive(&mut buffer, &[(1, 10), (9, 7), (1, 11), (9, 8), (1, 12), (1, 40_000), (1, 13)]);
    assert_eq!(out, [(10, false), (11, false), (12, false), (13, false)]);
    assert_eq!((buffer.stats().restarts, buffer.stats().dropped), (0, 3));
}

#[test]
fn a_packet_given_up_is_late_once_and_then_a_duplicate() {
    let mut buffer = JitterBuffer::new(config());
    drive(&mut buffer, &[(1, 10), (1, 12), (1, 13), (1, 14), (1, 15), (1, 16)]);
    let given_up = Header { ssrc: 1, sequence: 11, timestamp: 11 * PACKET_SAMPLES, ..Header::default() };
    assert_eq!(buffer.push(120_000, &given_up, &[0; 160]), Pushed::Late);
    assert_eq!(buffer.push(120_001, &given_up, &[0; 160]), Pushed::Duplicate);
    let handed_out = Header { sequence: 12, ..given_up };
    assert_eq!(buffer.push(120_002, &handed_out, &[0; 160]), Pushed::Duplicate);
    assert_eq!(buffer.pop(u64::MAX), None);
    let stats = buffer.stats();
    assert_eq!((stats.received, stats.lost, stats.late, stats.duplicate), (6, 1, 1, 2));
}

#[test]
fn a_sender_that_renumbers_is_followed() {
    let mut buffer = JitterBuffer::new(config());
    let out = drive(&mut buffer, &[(1, 10), (1, 40_000), (1, 40_001), (1, 40_002)]);
    assert_eq!(out, [(10, false), (40_000, true), (40_001, false), (40_002, false)]);
}

#[test]
fn a_long_outage_is_reported_once_as_loss() {
    let mut buffer = JitterBuffer::new(config());
    drive(&mut buffer, &[(1, 0), (1, 1)]);
    let header = Header { ssrc: 1, sequence: 502, timestamp: 502 * PACKET_SAMPLES, ..Header::default() };
    let now_us = 502 * 20_000;
    buffer.push(now_us, &header, &[0; 160]);
    assert_eq!(buffer.pop(now_us), None);
    let deadline_us = buffer.deadline_us().unwrap();
    assert_eq!(deadline_us, now_us + u64::from(WAIT_MS) * 1000);
    assert_eq!(
        buffer.pop(deadline_us).map(|frame| (frame.sequence, frame.lost_before)),
        Some((502, 500 * PACKET_SAMPLES))
    );
    assert_eq!(buffer.stats().lost, 500);
}

#[test]
fn telephone_events_keep_their_place_and_disturb_no_reckoning() {
    let mut buffer = JitterBuffer::new(Config { event_payload_type: Some(101), ..config() });
    let packet = |sequence: u16, payload_type: u8, timestamp: u32| Header {
        payload_type,
        sequence,
        timestamp,
        ..Header::default()
    };
    let mut out = Vec::new();
    // Two audio frames, an event of 100 ms in five packets in place of audio, and audio again.
    let packets = [
        packet(1, 0, 0),
        packet(2, 0, 160),
        packet(3, 101, 320),
        packet(4, 101, 320),
        packet(5, 101, 320),
        packet(6, 101, 320),
        packet(7, 101, 320),
        packet(8, 0, 1120),
    ];
    for (index, header) in (0u64..).zip(packets) {
        buffer.push(index * 20_000, &header, &[0; 160][..if header.payload_type == 101 { 4 } else { 160 }]);
        while let Some(frame) = buffer.pop(index * 20_000) {
            out.push((frame.sequence, frame.payload_type, frame.lost_before, frame.silence_before));
        }
    }
    assert_eq!(
        out,
        [
            (1, 0, 0, 0),
            (2, 0, 0, 0),
            (3, 101, 0, 0),
            (4, 101, 0, 0),
            (5, 101, 0, 0),
            (6, 101, 0, 0),
            (7, 101, 0, 0),
            (8, 0, 0, 800)
        ]
    );
    assert!(buffer.stats().jitter < 1.0);
}

#[test]
fn the_wait_follows_measured_jitter_within_its_limits() {
    let mut buffer = JitterBuffer::new(Config::default());
    assert_eq!(buffer.wait_ms(), 40);
    let push = |buffer: &mut JitterBuffer, number: u64, late_us: u64| {
        let header = Header { sequence: number as u16, timestamp: number as u32 * PACKET_SAMPLES, ..Header::default() };
        buffer.push(number * 20_000 + late_us, &header, &[0; 160]);
        while buffer.pop(number * 20_000 + late_us).is_some() {}
    };
    for number in 0..100 {
        push(&mut buffer, number, 0);
    }
    assert_eq!(buffer.wait_ms(), 20);
    for number in 100..300 {
        push(&mut buffer, number, number % 2 * 10_000);
    }
    // A packet time and four times 10 ms, less what the running mean still lacks.
    assert!((59..=60).contains(&buffer.wait_ms()), "{}", buffer.wait_ms());
    for number in 300..500 {
        push(&mut buffer, number, number % 2 * 80_000);
    }
    assert_eq!(buffer.wait_ms(), 120);
}

#[test]
fn reports_follow_rfc_3550() {
    let mut buffer = JitterBuffer::new(config());
    assert_eq!(buffer.report_block(), None);
    // 65,530 to 65,539 with two missing, across the wrap.
    let packets: Vec<(u32, u16)> =
        (0u16..10).filter(|n| ![3, 7].contains(n)).map(|n| (5, 65_530u16.wrapping_add(n))).collect();
    for (index, &(ssrc, sequence)) in (0u64..).zip(&packets) {
        let number = u32::from(sequence.wrapping_sub(65_530));
        let header = Header { ssrc, sequence, timestamp: number * PACKET_SAMPLES, ..Header::default() };
        buffer.push(u64::from(number) * 20_000, &header, &[0; 160]);
        while buffer.pop(index * 20_000).is_some() {}
    }
    let report = buffer.report_block().unwrap();
    assert_eq!((report.ssrc, report.cumulative_lost, report.fraction_lost), (5, 2, 51));
    assert_eq!(report.highest_sequence, 65_539);
    assert_eq!(report.jitter, 0);
    let again = buffer.report_block().unwrap();
    assert_eq!((again.cumulative_lost, again.fraction_lost), (2, 0));
}
