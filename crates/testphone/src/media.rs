//! The media of one call, without sockets and clock: packets and microseconds since the media's start in, packets out.

use audio::g711::Law;
use rtp::{Frame, HEADER_LEN, Header, JitterBuffer, Pushed, dtmf};
use sip::sdp::{CodecKind, Negotiated};

use crate::media_log::{HeardDigit, MediaLog, position_at};
use crate::play::{Play, Source};
use crate::{FRAME_MS, FRAME_SAMPLES, RATE_HZ};

/// Bytes of a packet that is sent.
const PACKET_LEN: usize = HEADER_LEN + FRAME_SAMPLES;

/// A packet whose timestamp puts it this far from the present belongs to another timeline: the anchor is dropped anew.
const ASTRAY_SAMPLES_MAX: i64 = 2 * RATE_HZ as i64;

/// Length of a pressed key and the pause after it.
const DIGIT_MS: u32 = 100;
const DIGIT_PAUSE_MS: u32 = 80;

/// Packets whose arrival is remembered while they wait behind a gap: more than the jitter buffer holds.
const ARRIVALS: usize = 64;

/// Where a timestamp lies on the media clock.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    timestamp: u32,
    position: i64,
}

#[derive(Debug)]
pub(crate) struct Media {
    law: Law,
    payload_type: u8,
    dtmf_payload_type: Option<u8>,
    sends: bool,
    sender: rtp::Sender,
    source: Source,
    /// Nothing but silence is said before the call is answered.
    speaking: bool,
    digits_out: dtmf::Sender,
    jitter: JitterBuffer,
    digits_in: dtmf::Receiver,
    anchor: Option<Anchor>,
    last_arrival_us: Option<u64>,
    /// When each of the latest packets came, by sequence number.
    arrivals_us: [u64; ARRIVALS],
    packet: [u8; PACKET_LEN],
    log: MediaLog,
}

impl Media {
    pub(crate) fn new(negotiated: &Negotiated, play: &Play, seed: u64) -> Self {
        let law = law_of(negotiated.codec);
        let source = Source::new(play, law);
        let mut log = MediaLog::new(law);
        log.periodic = source.is_periodic();
        Self {
            law,
            payload_type: negotiated.payload_type,
            dtmf_payload_type: negotiated.dtmf_payload_type,
            sends: negotiated.direction.sends(),
            sender: rtp::Sender::new((seed >> 32) as u32, (seed >> 16) as u16, seed as u32),
            source,
            speaking: false,
            digits_out: dtmf::Sender::new(RATE_HZ, DIGIT_MS, DIGIT_PAUSE_MS),
            jitter: JitterBuffer::new(rtp::Config {
                event_payload_type: negotiated.dtmf_payload_type,
                payload_bytes_max: 960,
                ..rtp::Config::default()
            }),
            digits_in: dtmf::Receiver::new(RATE_HZ),
            anchor: None,
            last_arrival_us: None,
            arrivals_us: [0; ARRIVALS],
            packet: [0; PACKET_LEN],
            log,
        }
    }

    /// A new agreement within the call.
    pub(crate) fn renegotiate(&mut self, negotiated: &Negotiated) {
        self.payload_type = negotiated.payload_type;
        self.dtmf_payload_type = negotiated.dtmf_payload_type;
        self.sends = negotiated.direction.sends();
    }

    /// The call is answered: what is to be said begins with the next packet.
    pub(crate) fn start_speaking(&mut self) {
        self.speaking = true;
    }

    pub(crate) fn is_speaking(&self) -> bool {
        self.speaking
    }

    /// Presses keys, after those still being pressed.
    pub(crate) fn press(&mut self, digits: &str) -> Result<(), rtp::Error> {
        self.digits_out.queue(digits)?;
        self.log.digits_sent.push_str(digits);
        Ok(())
    }

    /// When the next packet is due, in microseconds since the start.
    pub(crate) fn next_tick_us(&self) -> u64 {
        self.log.sent_late_ms.len() as u64 * FRAME_MS * 1000
    }

    /// The next packet, if one is to be sent.
    pub(crate) fn tick(&mut self, now_us: u64) -> Option<&[u8]> {
        let due_us = self.next_tick_us();
        self.log.sent_late_ms.push(now_us.saturating_sub(due_us) as f32 / 1000.0);
        self.drain(now_us);
        let position = self.log.sent.len();
        self.log.sent.resize(position + FRAME_SAMPLES, self.law.silence());
        let samples = FRAME_SAMPLES as u32;
        if !self.sends {
            self.sender.skip(samples);
            return None;
        }
        let event = self.digits_out.tick(self.sender.timestamp(), samples);
        let len = match (event, self.dtmf_payload_type) {
            (Some(event), Some(payload_type)) => {
                let header = self.sender.event(payload_type, &event, samples);
                self.fill_packet(&header, &event.payload)
            }
            _ => {
                let frame = &mut self.log.sent[position..];
                if self.speaking {
                    self.source.fill(self.law, frame, position, &self.log.heard);
                }
                let header = self.sender.audio(self.payload_type, samples, FRAME_SAMPLES);
                self.packet[..HEADER_LEN].copy_from_slice(&header.to_bytes());
                self.packet[HEADER_LEN..].copy_from_slice(&self.log.sent[position..]);
                PACKET_LEN
            }
        };
        self.log.packets_sent += 1;
        Some(&self.packet[..len])
    }

    /// A datagram from the media port.
    pub(crate) fn receive(&mut self, now_us: u64, datagram: &[u8]) {
        let Ok((header, payload)) = Header::parse(datagram) else {
            self.log.strays += 1;
            return;
        };
        if header.payload_type != self.payload_type && Some(header.payload_type) != self.dtmf_payload_type {
            self.log.strays += 1;
            return;
        }
        match self.last_arrival_us.replace(now_us) {
            None => self.log.first_packet_ms = Some(now_us as f64 / 1000.0),
            Some(last_us) => {
                self.log.gap_ms_max = self.log.gap_ms_max.max((now_us - last_us.min(now_us)) as f64 / 1000.0)
            }
        }
        let pushed = self.jitter.push(now_us, &header, &datagram[payload]);
        if matches!(pushed, Pushed::Queued | Pushed::Probation) {
            self.arrivals_us[usize::from(header.sequence) % ARRIVALS] = now_us;
        }
        self.drain(now_us);
    }

    /// The next digit that came in since the last call.
    pub(crate) fn digits_heard(&self) -> &[HeardDigit] {
        &self.log.digits_heard
    }

    /// Ends the media and hands over what was said and heard.
    pub(crate) fn finish(mut self, now_us: u64) -> MediaLog {
        self.drain(now_us.saturating_add(1_000_000));
        if let Some(last_us) = self.last_arrival_us {
            self.log.gap_ms_max = self.log.gap_ms_max.max(now_us.saturating_sub(last_us) as f64 / 1000.0);
        }
        self.log.received = self.jitter.stats();
        self.log.duration_ms = now_us / 1000;
        self.log
    }

    fn fill_packet(&mut self, header: &Header, payload: &[u8]) -> usize {
        let len = HEADER_LEN + payload.len();
        self.packet[..HEADER_LEN].copy_from_slice(&header.to_bytes());
        self.packet[HEADER_LEN..len].copy_from_slice(payload);
        len
    }

    fn drain(&mut self, now_us: u64) {
        while let Some(frame) = self.jitter.pop(now_us) {
            if Some(frame.payload_type) == self.dtmf_payload_type {
                if self.digits_in.push(now_us, frame.rtp_timestamp, frame.payload).is_err() {
                    self.log.strays += 1;
                }
            } else {
                let arrival_us = self.arrivals_us[usize::from(frame.sequence) % ARRIVALS];
                place(&mut self.log, &mut self.anchor, arrival_us, &frame);
            }
        }
        while let Some(press) = self.digits_in.poll(now_us) {
            self.log.digits_heard.push(HeardDigit {
                digit: press.digit,
                duration_ms: press.duration_ms(RATE_HZ),
                at_ms: now_us / 1000,
            });
        }
    }
}

/// Puts a frame onto the recording's timeline.
fn place(log: &mut MediaLog, anchor: &mut Option<Anchor>, arrival_us: u64, frame: &Frame<'_>) {
    let arrived = i64::try_from(position_at(arrival_us)).unwrap_or(i64::MAX);
    let position = match *anchor {
        Some(anchor) if !frame.restarted => {
            anchor.position + i64::from(frame.rtp_timestamp.wrapping_sub(anchor.timestamp) as i32)
        }
        _ => i64::MAX,
    };
    let position = if arrived.abs_diff(position) > ASTRAY_SAMPLES_MAX.unsigned_abs() { arrived } else { position };
    *anchor = Some(Anchor { timestamp: frame.rtp_timestamp, position });
    let late_ms = (arrived - position) as f32 * 1000.0 / RATE_HZ as f32;
    log.hear(usize::try_from(position).unwrap_or(0), frame.payload, late_ms);
}

fn law_of(codec: CodecKind) -> Law {
    match codec {
        CodecKind::Pcmu => Law::Mu,
        CodecKind::Pcma => Law::A,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::*;
    use crate::Clip;
    use sip::sdp::Direction;

    fn negotiated() -> Negotiated {
        Negotiated {
            codec: CodecKind::Pcmu,
            payload_type: 0,
            dtmf_payload_type: Some(101),
            receive: vec![(0, CodecKind::Pcmu)],
            dtmf_receive_payload_type: Some(101),
            remote_rtp: SocketAddr::from(([127, 0, 0, 1], 9)),
            remote_rtcp: None,
            ptime_ms: 20,
            direction: Direction::SendRecv,
        }
    }

    /// Noise in bursts, as bytes of the codec, with every code in it.
    fn speech(seconds: usize) -> Clip {
        let mut seed = 1u64;
        let codes = (0..seconds * 8000)
            .map(|n| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if n / 2400 % 4 == 3 { Law::Mu.silence() } else { (seed >> 56) as u8 }
            })
            .collect();
        Clip::from_codes(Law::Mu, codes)
    }

    /// What the network does with the packet of this number: so much later, or never.
    type Network = fn(u64) -> Option<u64>;

    /// A caller and a callee on a virtual clock, joined by a network; returns the caller's log.
    fn talk(clip: Clip, answer: &Play, network: Network, seconds: u64) -> (MediaLog, MediaLog) {
        let mut caller = Media::new(&negotiated(), &Play::Clip(Arc::new(clip)), 1);
        let mut callee = Media::new(&negotiated(), answer, 2);
        caller.start_speaking();
        callee.start_speaking();
        caller.press("12#").unwrap();
        let mut lines: [VecDeque<(u64, Vec<u8>)>; 2] = Default::default();
        let mut numbers = [0; 2];
        for now_us in (0..seconds * 1_000_000).step_by(1000) {
            for (index, phone) in [&mut caller, &mut callee].into_iter().enumerate() {
                while lines[1 - index].front().is_some_and(|(at_us, _)| *at_us <= now_us) {
                    let (_, packet) = lines[1 - index].pop_front().unwrap();
                    phone.receive(now_us, &packet);
                }
                if phone.next_tick_us() <= now_us {
                    let packet = phone.tick(now_us).map(<[u8]>::to_vec);
                    numbers[index] += 1;
                    if let (Some(packet), Some(later_us)) = (packet, network(numbers[index])) {
                        lines[index].push_back((now_us + later_us, packet));
                    }
                }
            }
        }
        (caller.finish(seconds * 1_000_000), callee.finish(seconds * 1_000_000))
    }

    #[test]
    fn an_echo_is_measured_to_the_millisecond_and_bit_exact() {
        let echo = Play::Echo { delay_ms: 100, gain_db: 0.0 };
        let (caller, callee) = talk(speech(8), &echo, |_| Some(30_000), 9);
        let measured = caller.measure();
        let delay = measured.delay.unwrap();
        assert_eq!((delay.p50_ms, delay.p99_ms, delay.max_ms), (160.0, 160.0, 160.0));
        assert_eq!(measured.bit_exact_percent, Some(100.0));
        assert!(measured.similarity.unwrap() > 0.9999);
        assert_eq!(caller.first_packet_ms, Some(30.0));
        assert_eq!(caller.gap_ms_max, 20.0);
        assert_eq!((caller.received.lost, caller.strays), (0, 0));
        assert_eq!(callee.digits(), "12#");
        assert!(callee.digits_heard.iter().all(|heard| heard.duration_ms == 100));
    }

    #[test]
    fn attenuation_and_jitter_are_seen_in_level_and_delay() {
        let echo = Play::Echo { delay_ms: 60, gain_db: -12.0 };
        // Every tenth packet is 15 ms later than the others.
        let (caller, _) = talk(speech(8), &echo, |number| Some(if number % 10 == 0 { 25_000 } else { 10_000 }), 9);
        let measured = caller.measure();
        let change_db = measured.level_heard_dbfs - measured.level_sent_dbfs;
        assert!((change_db + 12.0).abs() < 0.3, "{change_db}");
        let delay = measured.delay.unwrap();
        // 10 + 60 + 10 ms, and the mean lateness of 1.5 ms on the way back; on the way out it is hidden by the echo's delay.
        assert!((80.0..84.0).contains(&delay.p50_ms), "{delay:?}");
        assert!(measured.bit_exact_percent.unwrap() < 50.0);
        assert!(caller.received.jitter > 8.0);
    }

    #[test]
    fn loss_shows_in_the_counters_and_leaves_silence_in_its_place() {
        let echo = Play::Echo { delay_ms: 100, gain_db: 0.0 };
        let lossy: Network = |number| (number % 20 != 0).then_some(5000);
        let (caller, callee) = talk(speech(8), &echo, lossy, 9);
        assert_eq!(callee.received.lost, 22);
        assert!((caller.received.lost_percent() - 5.0).abs() < 0.5, "{:?}", caller.received);
        assert_eq!(caller.gap_ms_max, 40.0);
        let measured = caller.measure();
        assert_eq!(measured.delay.unwrap().p50_ms, 110.0);
        // 5 % lost on each way.
        let exact = measured.bit_exact_percent.unwrap();
        assert!((88.0..96.0).contains(&exact), "{exact}");
    }

    #[test]
    fn garbage_on_the_media_port_is_counted_and_nothing_else() {
        let mut media = Media::new(&negotiated(), &Play::Silence, 1);
        media.receive(0, b"");
        media.receive(0, &[0xff; 200]);
        media.receive(0, &[0x87; 12]);
        let log = media.finish(1_000_000);
        assert_eq!((log.strays, log.received.received), (3, 0));
        assert!(log.heard.is_empty());
    }
}
