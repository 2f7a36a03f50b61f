//! The jitter buffer on networks as they are: delays that come in spikes, clocks that run apart, stragglers, sources that change.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use rtp::{Config, Header, JitterBuffer, Stats};

const PACKET_SAMPLES: u32 = 160;
const PACKET_US: u64 = 20_000;

/// Random numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Mostly small, now and then large: the sum of two thirds and a rare tail.
    fn delay_us(&mut self, usual_us: u64, rare_us: u64) -> u64 {
        let usual = self.below(usual_us) / 2 + self.below(usual_us) / 2;
        if self.below(100) == 0 { usual + self.below(rare_us) } else { usual }
    }
}

/// One packet that arrives: when, and which.
type Arrival = (u64, Header);

fn header(number: u64) -> Header {
    Header {
        ssrc: 7,
        sequence: number as u16,
        timestamp: (number as u32).wrapping_mul(PACKET_SAMPLES),
        ..Header::default()
    }
}

/// Pushes in the order of arrival, polls every 5 ms, and returns the numbers that came out, all time reckoned in clock units, and the
/// longest time that a packet was held.
struct Played {
    frames: u64,
    lost_samples: u64,
    silence_samples: u64,
    held_us_max: u64,
    stats: Stats,
}

fn play(config: Config, mut arrivals: Vec<Arrival>) -> Played {
    arrivals.sort_by_key(|&(at_us, header)| (at_us, header.sequence));
    let mut buffer = JitterBuffer::new(config);
    let mut played = Played { frames: 0, lost_samples: 0, silence_samples: 0, held_us_max: 0, stats: Stats::default() };
    let mut arrived_us = std::collections::HashMap::new();
    let mut waiting = arrivals.iter().peekable();
    let end_us = arrivals.last().map_or(0, |&(at_us, _)| at_us) + 1_000_000;
    let mut last: Option<u16> = None;
    for now_us in (0..end_us).step_by(5_000) {
        while let Some((at_us, header)) = waiting.next_if(|&&(at_us, _)| at_us <= now_us) {
            arrived_us.entry((header.ssrc, header.sequence)).or_insert(*at_us);
            buffer.push(*at_us, header, &[0; PACKET_SAMPLES as usize]);
        }
        while let Some(frame) = buffer.pop(now_us) {
            if let Some(last) = last.filter(|_| !frame.restarted) {
                assert!((1..0x8000).contains(&frame.sequence.wrapping_sub(last)), "{last} then {}", frame.sequence);
            }
            last = Some(frame.sequence);
            played.frames += 1;
            played.lost_samples += u64::from(frame.lost_before);
            played.silence_samples += u64::from(frame.silence_before);
            let held = arrived_us.get(&(7, frame.sequence)).map_or(0, |at_us| now_us - at_us);
            played.held_us_max = played.held_us_max.max(held);
        }
    }
    played.stats = buffer.stats();
    played
}

/// Five minutes.
const PACKETS: u64 = 15_000;

#[test]
fn a_wireless_network_with_spikes_loses_nothing_that_arrives() {
    // Every five seconds or so nothing comes for 150 ms, and then all at once, in order.
    let mut random = Random(1);
    let mut arrivals = Vec::new();
    let mut blocked_until_us = 0;
    for number in 0..PACKETS {
        let sent_us = number * PACKET_US;
        if random.below(250) == 0 {
            blocked_until_us = sent_us + 150_000;
        }
        let at_us = (sent_us + 20_000 + random.delay_us(8_000, 40_000)).max(blocked_until_us + number % 7);
        arrivals.push((at_us, header(number)));
    }
    // One path keeps the order.
    let mut previous_us = 0;
    for (at_us, _) in &mut arrivals {
        *at_us = (*at_us).max(previous_us);
        previous_us = *at_us;
    }
    let played = play(Config::default(), arrivals);
    assert_eq!((played.frames, played.stats.lost, played.stats.late, played.lost_samples), (PACKETS, 0, 0, 0));
    assert!(played.held_us_max <= 5_000, "what is in order is not held: {} µs", played.held_us_max);
}

#[test]
fn clocks_that_run_apart_lose_and_invent_nothing() {
    for drift_ppm in [-200i64, 200] {
        let arrivals = (0..PACKETS).map(|number| {
            // The sender's 20 ms are a little longer or shorter than ours.
            let sent_us = number * PACKET_US;
            ((sent_us as i64 + sent_us as i64 * drift_ppm / 1_000_000) as u64 + 10_000, header(number))
        });
        let played = play(Config::default(), arrivals.collect());
        assert_eq!((played.frames, played.lost_samples, played.silence_samples), (PACKETS, 0, 0), "{drift_ppm} ppm");
        assert!(played.stats.jitter < 2.0, "{}", played.stats.jitter);
        assert_eq!((played.stats.lost, played.stats.dropped, played.stats.restarts), (0, 0, 0));
    }
}

#[test]
fn losses_alone_and_in_bursts_are_reckoned_to_the_sample() {
    let mut random = Random(5);
    let mut bad = false;
    let mut gone = 0u64;
    let mut arrivals = Vec::new();
    for number in 0..PACKETS {
        // Gilbert's model: bursts of five packets on average, 4 % in all; the last one always comes.
        bad = if bad { random.below(5) != 0 } else { random.below(120) == 0 };
        if bad && number > 0 && number + 1 < PACKETS {
            gone += 1;
        } else {
            arrivals.push((number * PACKET_US + random.below(15_000), header(number)));
        }
    }
    let played = play(Config::default(), arrivals);
    assert_eq!(played.frames + gone, PACKETS);
    assert_eq!((played.lost_samples, played.silence_samples), (gone * u64::from(PACKET_SAMPLES), 0));
    assert_eq!((played.stats.lost, played.stats.late), (gone, 0));
    // Jitter of 15 ms at most: gaps are given up soon.
    assert!(played.held_us_max <= 60_000, "{}", played.held_us_max);
}

#[test]
fn rare_stragglers_teach_the_buffer_to_wait() {
    // One packet in fifty takes another way and comes 75 ms late: the mean deviation hardly sees it.
    let arrivals = |straggler_us: u64| -> Vec<Arrival> {
        (0..PACKETS)
            .map(|number| (number * PACKET_US + if number % 50 == 25 { straggler_us } else { 0 }, header(number)))
            .collect()
    };
    let played = play(Config::default(), arrivals(75_000));
    assert!(played.stats.late <= 15, "{:?}", played.stats);
    assert_eq!(played.frames + played.stats.late, PACKETS);
    // What comes later than the longest wait is not waited for.
    let played = play(Config::default(), arrivals(300_000));
    assert_eq!(played.stats.late, PACKETS / 50);
    assert!(played.held_us_max <= 125_000, "{}", played.held_us_max);
}

#[test]
fn duplicates_and_swaps_change_nothing() {
    let mut random = Random(9);
    let mut arrivals = Vec::new();
    for number in 0..PACKETS {
        let at_us = number * PACKET_US + random.below(30_000);
        arrivals.push((at_us, header(number)));
        if random.below(10) == 0 {
            arrivals.push((at_us + random.below(200_000), header(number)));
        }
    }
    let played = play(Config::default(), arrivals);
    assert_eq!(played.frames + played.stats.late, PACKETS);
    assert!(
        played.stats.late < 10 && played.stats.reordered > 500 && played.stats.duplicate > 1_000,
        "{:?}",
        played.stats
    );
    assert_eq!(played.silence_samples, 0);
}

#[test]
fn timestamps_that_jump_are_silence_up_to_a_minute_and_then_nothing() {
    for (jump, expected) in
        [(8_000u32, 8_000u32), (59 * 8_000, 59 * 8_000), (61 * 8_000, 0), (0x8000_0000, 0), (u32::MAX - 80_000, 0)]
    {
        let arrivals = (0..200u64).map(|number| {
            let shift = if number >= 100 { jump } else { 0 };
            let plain = header(number);
            (number * PACKET_US, Header { timestamp: plain.timestamp.wrapping_add(shift), ..plain })
        });
        let played = play(Config::default(), arrivals.collect());
        assert_eq!(
            (played.frames, played.lost_samples, played.silence_samples),
            (200, 0, u64::from(expected)),
            "{jump}"
        );
        assert!(played.stats.jitter < 700.0, "{jump}: {}", played.stats.jitter);
    }
}

#[test]
fn a_source_that_changes_loses_no_packet() {
    let mut random = Random(3);
    let arrivals = (0..PACKETS).map(|number| {
        // A new one every minute, with numbers and timestamps of its own.
        let part = number / 3_000;
        let plain = header(number);
        let header = Header {
            ssrc: 7 + part as u32,
            sequence: plain.sequence.wrapping_add(part as u16 * 12_345),
            timestamp: plain.timestamp.wrapping_add(part as u32 * 0x1234_5678),
            ..plain
        };
        (number * PACKET_US + random.below(10_000), header)
    });
    let played = play(Config::default(), arrivals.collect());
    assert_eq!((played.frames, played.stats.restarts, played.stats.lost), (PACKETS, 4, 0));
    assert_eq!((played.lost_samples, played.silence_samples), (0, 0));
}

#[test]
fn packets_of_any_length_are_reckoned_by_what_tells_it() {
    // The first byte says how long a packet is: 20 or 60 ms of a clock of 48 kHz.
    fn duration(payload: &[u8]) -> Option<u32> {
        payload.first().map(|&byte| if byte == 0 { 960 } else { 2_880 })
    }
    let config =
        Config { clock_rate_hz: 48_000, packet_samples: 960, payload_duration: Some(duration), ..Config::default() };
    let mut buffer = JitterBuffer::new(config);
    let (mut timestamp, mut lost, mut silence, mut expected) = (0u32, 0u64, 0u64, 0u64);
    for number in 0..300u16 {
        let kind = u8::from(number / 10 % 2 == 1);
        let now_us = u64::from(timestamp) * 1_000_000 / 48_000;
        // The first of its length is never lost: nobody could tell that it was longer.
        if number % 10 == 7 {
            expected += u64::from(duration(&[kind]).unwrap());
        } else {
            buffer.push(now_us, &Header { sequence: number, timestamp, ..Header::default() }, &[kind; 50]);
        }
        timestamp += duration(&[kind]).unwrap();
        while let Some(frame) = buffer.pop(now_us) {
            lost += u64::from(frame.lost_before);
            silence += u64::from(frame.silence_before);
        }
    }
    assert_eq!((lost, silence), (expected, 0));
    assert_eq!(buffer.bursts().summary().lost, 30);
}
