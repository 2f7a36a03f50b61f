//! Digits through packets that are lost, repeated and reordered: each press is heard exactly once.

use proptest::prelude::*;
use rtp::dtmf::{self, Press, Receiver, Sender};
use rtp::{Config, Error, Header, JitterBuffer};

const SAMPLES: u32 = 160;

/// All event packets that a sender makes of `digits`, with the tick in which each leaves.
fn packets_of(digits: &str, tone_ms: u32, pause_ms: u32) -> Vec<(u64, dtmf::Packet)> {
    let mut sender = Sender::new(8000, tone_ms, pause_ms);
    sender.queue(digits).expect("digits of the test");
    let mut packets = Vec::new();
    let mut tick = 0;
    while !sender.is_idle() {
        if let Some(packet) = sender.tick(tick as u32 * SAMPLES, SAMPLES) {
            packets.push((tick, packet));
        }
        tick += 1;
    }
    packets
}

fn hear(receiver: &mut Receiver, now_us: u64, packet: &dtmf::Packet, heard: &mut Vec<Press>) {
    receiver.push(now_us, packet.timestamp, &packet.payload).expect("well-formed packet");
    while let Some(press) = receiver.poll(now_us) {
        heard.push(press);
    }
}

fn digits(heard: &[Press]) -> String {
    heard.iter().map(|press| press.digit).collect()
}

#[test]
fn a_press_is_sent_as_rfc_4733_wants_it() {
    let packets = packets_of("5", 100, 60);
    // 20, 40, 60, 80 ms, then the end at 100 ms three times.
    let durations: Vec<u16> = packets.iter().map(|(_, p)| u16::from_be_bytes([p.payload[2], p.payload[3]])).collect();
    assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
    let ends: Vec<bool> = packets.iter().map(|(_, p)| p.payload[1] & 0x80 != 0).collect();
    assert_eq!(ends, [false, false, false, false, true, true, true]);
    let markers: Vec<bool> = packets.iter().map(|(_, p)| p.marker).collect();
    assert_eq!(markers, [true, false, false, false, false, false, false]);
    assert!(packets.iter().all(|(_, p)| p.timestamp == 0 && p.payload[0] == 5));
}

#[test]
fn the_same_digit_twice_is_two_presses_with_a_pause() {
    let packets = packets_of("11", 100, 100);
    let starts: Vec<u32> = packets.iter().filter(|(_, p)| p.marker).map(|(_, p)| p.timestamp).collect();
    assert_eq!(starts.len(), 2);
    // 100 ms of tone and at least as much pause.
    assert!(starts[1] - starts[0] >= 1600, "{starts:?}");
    let mut receiver = Receiver::new(8000);
    let mut heard = Vec::new();
    for (tick, packet) in &packets {
        hear(&mut receiver, tick * 20_000, packet, &mut heard);
    }
    assert_eq!(digits(&heard), "11");
    assert!(heard.iter().all(|press| press.duration_ms(8000) == 100 && press.volume_dbm0_below == 10));
}

#[test]
fn a_press_whose_end_is_lost_ends_by_time_or_by_the_next_one() {
    let packets = packets_of("12", 100, 60);
    let mut receiver = Receiver::new(8000);
    let mut heard = Vec::new();
    for (tick, packet) in packets.iter().filter(|(_, p)| p.payload[1] & 0x80 == 0) {
        hear(&mut receiver, tick * 20_000, packet, &mut heard);
    }
    assert_eq!(digits(&heard), "1");
    assert!(receiver.is_pressed());
    let deadline_us = receiver.deadline_us().unwrap();
    assert_eq!(receiver.poll(deadline_us - 1), None);
    let press = receiver.poll(deadline_us).unwrap();
    assert_eq!((press.digit, press.duration_ms(8000)), ('2', 80));
    assert_eq!(receiver.poll(u64::MAX), None);
    // A straggler of the press that has been reported changes nothing.
    hear(&mut receiver, deadline_us + 1, &packets[packets.len() - 1].1, &mut heard);
    assert_eq!(digits(&heard), "1");
}

#[test]
fn a_press_of_many_seconds_is_one_press() {
    let mut receiver = Receiver::new(8000);
    let mut heard = Vec::new();
    let mut push = |now_us, timestamp, end: bool, duration: u16, heard: &mut Vec<Press>| {
        let [high, low] = duration.to_be_bytes();
        let packet = dtmf::Packet { marker: false, timestamp, payload: [4, if end { 0x8a } else { 0x0a }, high, low] };
        hear(&mut receiver, now_us, &packet, heard);
    };
    push(0, 1000, false, 0xfff0, &mut heard);
    push(100_000, 1000, false, 0xffff, &mut heard);
    push(200_000, 1000 + 0xffff, false, 160, &mut heard);
    push(300_000, 1000 + 0xffff, true, 8000, &mut heard);
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].digit, heard[0].duration_samples, heard[0].rtp_timestamp), ('4', 0xffff + 8000, 1000));
}

#[test]
fn events_that_are_no_keys_and_short_payloads_are_nothing() {
    let mut receiver = Receiver::new(8000);
    assert_eq!(receiver.push(0, 0, &[1, 2, 3]), Err(Error::Truncated { len: 3 }));
    assert_eq!(receiver.push(0, 0, &[32, 0x80, 0, 100]), Ok(()));
    assert_eq!(receiver.poll(u64::MAX), None);
}

#[test]
fn only_digits_and_only_so_many_are_queued() {
    let mut sender = Sender::new(8000, 100, 50);
    assert_eq!(sender.queue("12x"), Err(Error::NotADigit('x')));
    assert!(sender.is_idle());
    assert_eq!(sender.queue(&"1".repeat(dtmf::DIGITS_MAX)), Ok(()));
    assert_eq!(sender.queue("1"), Err(Error::TooManyDigits));
    assert_eq!(sender.queue(""), Ok(()));
    assert_eq!(dtmf::event_of('d'), Ok(15));
    assert_eq!(dtmf::digit_of(16), Some('!'));
    assert_eq!(dtmf::digit_of(17), None);
}

proptest! {
    /// Through a jitter buffer, over a network that loses, repeats and delays: every press of which a packet arrives is heard once, in
    /// order.
    #[test]
    fn each_press_is_heard_once_in_order(
        dialled in "[0-9A-D*#]{1,12}",
        tone_ms in 40u32..300,
        pause_ms in 0u32..120,
        fates in prop::collection::vec((prop::bool::weighted(0.3), 1usize..4, 0u64..3), 300),
        sequence in any::<u16>(),
        timestamp in any::<u32>(),
    ) {
        let mut arrivals = Vec::new();
        let mut survivors = String::new();
        let mut last_survivor = None;
        // A first packet that always arrives, so that the buffer knows where the stream begins.
        let first = Header { sequence, timestamp, ..Header::default() };
        for ((number, (tick, packet)), (lost, copies, late)) in (1u16..).zip(packets_of(&dialled, tone_ms, pause_ms)).zip(&fates) {
            if *lost {
                continue;
            }
            if last_survivor != Some(packet.timestamp) {
                last_survivor = Some(packet.timestamp);
                survivors.extend(dtmf::digit_of(packet.payload[0]));
            }
            let header = Header { payload_type: 101, marker: packet.marker, sequence: sequence.wrapping_add(number), timestamp: timestamp.wrapping_add(packet.timestamp), ssrc: 0 };
            for copy in 0..*copies as u64 {
                arrivals.push(((tick + late + copy) * 20_000 + copy, header, packet.payload));
            }
        }
        arrivals.sort_by_key(|(now_us, header, _)| (*now_us, header.sequence.wrapping_sub(sequence)));

        let mut buffer = JitterBuffer::new(Config { event_payload_type: Some(101), wait_ms: 100, wait_ms_min: 100, wait_ms_max: 100, ..Config::default() });
        let mut receiver = Receiver::new(8000);
        let mut heard = Vec::new();
        buffer.push(0, &first, &[0; 160]);
        let mut drain = |buffer: &mut JitterBuffer, now_us: u64| {
            while let Some(frame) = buffer.pop(now_us) {
                if frame.payload_type == 101 {
                    receiver.push(now_us, frame.rtp_timestamp, frame.payload).expect("well-formed packet");
                }
                heard.extend(std::iter::from_fn(|| receiver.poll(now_us)));
            }
            heard.extend(std::iter::from_fn(|| receiver.poll(now_us)));
        };
        let mut now_us = 0;
        for (arrival_us, header, payload) in arrivals {
            while now_us < arrival_us {
                now_us = (now_us + 10_000).min(arrival_us);
                drain(&mut buffer, now_us);
            }
            buffer.push(now_us, &header, &payload);
            drain(&mut buffer, now_us);
        }
        for _ in 0..50 {
            now_us += 10_000;
            drain(&mut buffer, now_us);
        }
        prop_assert_eq!(digits(&heard), survivors);
        for press in &heard {
            prop_assert!(press.duration_ms(8000) <= tone_ms && press.duration_ms(8000) >= 20);
        }
    }

    #[test]
    fn arbitrary_payloads_never_panic(packets in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..8), 0u64..300_000), 0..100)) {
        let mut receiver = Receiver::new(8000);
        let mut now_us = 0;
        let mut presses = 0;
        let pushed = packets.len();
        for (timestamp, payload, later_us) in packets {
            now_us += later_us;
            let refused = receiver.push(now_us, timestamp, &payload).is_err();
            prop_assert_eq!(refused, payload.len() < 4);
            while receiver.poll(now_us).is_some() {
                presses += 1;
            }
        }
        prop_assert!(presses <= pushed);
    }
}

/// At 48 kHz the duration field ends after 1.4 s, at 8 kHz after 8.2 s.
#[test]
fn a_press_longer_than_the_duration_field_goes_on_in_segments() {
    for (clock_rate_hz, tone_ms) in [(48_000, 5_000), (8_000, 20_000)] {
        let samples = clock_rate_hz / 50;
        let mut sender = Sender::new(clock_rate_hz, tone_ms, 60).with_volume(70);
        sender.queue("7").unwrap();
        let mut packets = Vec::new();
        for tick in 0.. {
            packets.extend(sender.tick(1_000 + tick * samples, samples));
            if sender.is_idle() {
                break;
            }
        }
        assert!(packets.iter().all(|packet| packet.payload[1] & 0x3f == 63));
        assert_eq!(packets.iter().filter(|packet| packet.marker).count(), 1, "one press, one marker");
        assert_eq!(packets.iter().filter(|packet| packet.payload[1] & 0x80 != 0).count(), 3, "one end, three times");
        let mut segments: Vec<u32> = packets.iter().map(|packet| packet.timestamp).collect();
        segments.dedup();
        assert!(segments.windows(2).all(|pair| pair[1] - pair[0] == 0xffff), "{segments:?}");
        // As it is; with every third packet lost; with neighbours swapped.
        for damage in 0..3 {
            let mut sent = packets.clone();
            match damage {
                1 => {
                    sent = sent.into_iter().enumerate().filter(|(n, _)| n % 3 != 1).map(|(_, packet)| packet).collect()
                }
                2 => sent.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1)),
                _ => {}
            }
            let mut receiver = Receiver::new(clock_rate_hz);
            let mut heard = Vec::new();
            for (tick, packet) in (0u64..).zip(&sent) {
                hear(&mut receiver, tick * 20_000, packet, &mut heard);
            }
            assert_eq!(digits(&heard), "7", "{clock_rate_hz} {damage}");
            assert_eq!(heard[0].duration_ms(clock_rate_hz), tone_ms, "{clock_rate_hz} {damage}");
        }
    }
}
