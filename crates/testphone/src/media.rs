//! The media of one call, without sockets and clock: packets and microseconds since the media's start in, packets out.

use audio::comfort_noise::{self, Noise};
use audio::dtmf as tones;
use audio::g711::Law;
use codecs::Codec;
use rtp::rtcp::{self, REPORT_BYTES_MAX, Reports, SenderInfo};
use rtp::srtp::OVERHEAD_MAX;
use rtp::{Frame, HEADER_LEN, Header, JitterBuffer, Pushed, dtmf};
use sip::sdp::{CodecKind, Negotiated};

use crate::call::Script;
use crate::media_log::{HeardDigit, MediaLog, position_at};
use crate::play::Source;
use crate::secure::Secure;
use crate::wide::{PAYLOAD_BYTES_MAX, WIDE_RATE_HZ, Wide};
use crate::{FRAME_MS, FRAME_SAMPLES, RATE_HZ};

/// Room for a packet that is sent.
const PACKET_LEN: usize = HEADER_LEN + PAYLOAD_BYTES_MAX + OVERHEAD_MAX;

/// A packet whose timestamp puts it this far from the present belongs to another timeline: the anchor is dropped anew.
const ASTRAY_SAMPLES_MAX: i64 = 2 * RATE_HZ as i64;

/// Noise that is described when there is nothing to say, and how often.
const NOISE_DBOV: i8 = -60;
const NOISE_INTERVAL_MS: u32 = 200;

/// Time between two reports.
const REPORT_INTERVAL_US: u64 = 500_000;

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
    /// Where the codec is not G.711.
    wide: Option<Wide>,
    clock_hz: u32,
    payload_type: u8,
    dtmf_payload_type: Option<u8>,
    dtmf_clock_hz: u32,
    cn_payload_type: Option<u8>,
    noise: comfort_noise::Sender,
    sends: bool,
    sender: rtp::Sender,
    secure: Option<Secure>,
    reports: Option<Reports>,
    report_due_us: u64,
    lose_every: Option<u32>,
    source: Source,
    /// Nothing but silence is said before the call is answered.
    speaking: bool,
    digits_out: dtmf::Sender,
    /// Keys where there are no telephone events.
    tones_out: tones::Generator,
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
    pub(crate) fn new(negotiated: &Negotiated, script: &Script, seed: u64) -> Self {
        let codec = codec_of(negotiated.codec);
        let law = codec.law().unwrap_or(Law::Mu);
        let source = Source::new(&script.play, law);
        let wide = Wide::new(codec, &script.play, negotiated.fmtp.as_deref().unwrap_or_default());
        let wide = wide.filter(|_| codec.law().is_none());
        let mut log = MediaLog::new(codec);
        log.periodic = source.is_periodic();
        let clock_hz = codec.clock_rate_hz();
        let tone_rate_hz = if wide.is_some() { WIDE_RATE_HZ } else { RATE_HZ };
        let ssrc = (seed >> 32) as u32;
        Self {
            law,
            wide,
            clock_hz,
            payload_type: negotiated.payload_type,
            dtmf_payload_type: negotiated.dtmf_payload_type,
            dtmf_clock_hz: negotiated.dtmf_clock_hz,
            cn_payload_type: negotiated.cn_payload_type,
            noise: comfort_noise::Sender::new(NOISE_INTERVAL_MS),
            sends: negotiated.direction.sends(),
            // Below 2^15, so that no loss of the first packets leaves SRTP's roll-over counter in doubt (RFC 3711 §3.3.1).
            sender: rtp::Sender::new(ssrc, (seed >> 16) as u16 & 0x7fff, seed as u32),
            secure: negotiated.crypto.as_ref().and_then(Secure::new),
            reports: negotiated.rtcp_mux.then(|| Reports::new(0, ssrc)),
            report_due_us: REPORT_INTERVAL_US,
            lose_every: script.lose_every,
            source,
            speaking: false,
            digits_out: dtmf::Sender::new(negotiated.dtmf_clock_hz, DIGIT_MS, DIGIT_PAUSE_MS),
            tones_out: tones::Generator::new(tone_rate_hz, DIGIT_MS, DIGIT_PAUSE_MS),
            jitter: JitterBuffer::new(rtp::Config {
                clock_rate_hz: clock_hz,
                packet_samples: clock_hz / 50,
                bytes_per_sample: codec.bytes_per_clock_unit().unwrap_or(0),
                payload_duration: (codec == Codec::Opus).then_some(|payload| Codec::Opus.payload_clock_units(payload)),
                event_payload_type: negotiated.dtmf_payload_type,
                payload_bytes_max: 1_275,
                ..rtp::Config::default()
            }),
            digits_in: dtmf::Receiver::new(negotiated.dtmf_clock_hz),
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
        match self.dtmf_payload_type {
            Some(_) => self.digits_out.queue(digits)?,
            // What is no key is not pressed at all.
            None => self.tones_out.queue(digits).map_err(|_| rtp::Error::NotADigit(' '))?,
        }
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
        let units = self.clock_hz / 50;
        if !self.sends {
            self.sender.skip(units);
            return None;
        }
        let event = match self.dtmf_payload_type {
            Some(_) => self.digits_out.tick(self.sender.timestamp(), self.dtmf_clock_hz / 50),
            None => None,
        };
        let len = match (event, self.dtmf_payload_type) {
            (Some(event), Some(payload_type)) => {
                if let Some(log) = &mut self.log.wide {
                    log.sent.resize(log.sent.len() + 2 * FRAME_SAMPLES, 0);
                }
                let header = self.sender.event(payload_type, &event, units);
                self.fill_packet(&header, &event.payload)
            }
            _ => self.audio(position, units)?,
        };
        self.log.packets_sent += 1;
        if self.lose_every.is_some_and(|every| self.log.packets_sent.is_multiple_of(every.into())) {
            return None;
        }
        let len = match &mut self.secure {
            Some(secure) => secure.protect(&mut self.packet, len)?,
            None => len,
        };
        Some(&self.packet[..len])
    }

    /// The next packet of audio or comfort noise, if one is sent; returns its length.
    fn audio(&mut self, position: usize, units: u32) -> Option<usize> {
        let said = &mut self.log.sent[position..];
        let payload = &mut self.packet[HEADER_LEN..HEADER_LEN + PAYLOAD_BYTES_MAX];
        let mut is_silent = true;
        let len = match (&mut self.wide, &mut self.log.wide) {
            (Some(wide), Some(log)) => {
                let mut frame = [0; 2 * FRAME_SAMPLES];
                if self.speaking {
                    wide.fill(&mut frame);
                }
                if !self.tones_out.is_idle() {
                    self.tones_out.fill(&mut frame);
                }
                is_silent = frame.iter().all(|sample| *sample == 0);
                wide.encode(&frame, said, log, payload)
            }
            _ => {
                if self.speaking {
                    self.source.fill(self.law, said, position, &self.log.heard);
                }
                if !self.tones_out.is_idle() {
                    let mut frame = [0; FRAME_SAMPLES];
                    self.tones_out.fill(&mut frame);
                    self.law.encode_slice(&frame, said);
                }
                is_silent &= said.iter().all(|code| *code == self.law.silence());
                payload[..said.len()].copy_from_slice(said);
                said.len()
            }
        };
        let noise = self.cn_payload_type.filter(|_| is_silent);
        let len = match noise {
            Some(_) if self.noise.silence(FRAME_MS as u32) => Noise::white(NOISE_DBOV).write(payload),
            Some(_) => 0,
            None => {
                self.noise.audio();
                len
            }
        };
        if len == 0 {
            self.sender.skip(units);
            return None;
        }
        let header = self.sender.audio(noise.unwrap_or(self.payload_type), units, len);
        self.packet[..HEADER_LEN].copy_from_slice(&header.to_bytes());
        Some(HEADER_LEN + len)
    }

    /// The report that is due.
    pub(crate) fn report(&mut self, now_us: u64) -> Option<Vec<u8>> {
        let reports = self.reports.as_mut().filter(|_| now_us >= self.report_due_us)?;
        self.report_due_us = now_us + REPORT_INTERVAL_US;
        let info = SenderInfo {
            // Any clock does that keeps its pace: nobody compares it with another.
            ntp: (u128::from(now_us) << 32).div_euclid(1_000_000) as u64 + (1 << 40),
            rtp_timestamp: self.sender.timestamp(),
            packets: self.sender.packets(),
            octets: self.sender.octets(),
        };
        let mut report = vec![0; REPORT_BYTES_MAX];
        let block = self.jitter.report_block();
        let len = reports.write(now_us, &mut report, Some(&info), block, "testphone", None).ok()?;
        report.truncate(len);
        match &mut self.secure {
            Some(secure) => secure.protect_report(report),
            None => Some(report),
        }
    }

    /// A datagram from the media port.
    pub(crate) fn receive(&mut self, now_us: u64, datagram: &mut [u8]) {
        let opened = match &mut self.secure {
            Some(secure) => secure.open(datagram),
            None => Some(datagram.len()),
        };
        let Some(datagram) = opened.map(|len| &datagram[..len]) else {
            self.log.strays += 1;
            return;
        };
        if let Some(reports) = self.reports.as_mut().filter(|_| rtcp::is_rtcp(datagram)) {
            if reports.receive(now_us, None, datagram).has_report {
                self.log.reports.extend(reports.remote());
                self.log.round_trip_us = reports.round_trip_us();
            }
            return;
        }
        let Ok((header, payload)) = Header::parse(datagram) else {
            self.log.strays += 1;
            return;
        };
        let payload_type = Some(header.payload_type);
        if ![Some(self.payload_type), self.dtmf_payload_type, self.cn_payload_type].contains(&payload_type) {
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
            } else if Some(frame.payload_type) == self.cn_payload_type {
                self.log.noise_packets += 1;
            } else {
                let arrival_us = self.arrivals_us[usize::from(frame.sequence) % ARRIVALS];
                let (position, late_ms) = place(&mut self.anchor, self.clock_hz, arrival_us, &frame);
                match (&mut self.wide, &mut self.log.wide) {
                    (Some(wide), Some(log)) => {
                        let (samples, codes) = wide.decode(frame.payload);
                        log.heard.extend_from_slice(samples);
                        self.log.hear(position, &codes, late_ms);
                    }
                    _ => self.log.hear(position, frame.payload, late_ms),
                }
            }
        }
        while let Some(press) = self.digits_in.poll(now_us) {
            self.log.digits_heard.push(HeardDigit {
                digit: press.digit,
                duration_ms: press.duration_ms(self.dtmf_clock_hz),
                at_ms: now_us / 1000,
            });
        }
    }
}

/// Where a frame lies on the recording's timeline, and how late it came.
fn place(anchor: &mut Option<Anchor>, clock_hz: u32, arrival_us: u64, frame: &Frame<'_>) -> (usize, f32) {
    let arrived = i64::try_from(position_at(arrival_us)).unwrap_or(i64::MAX);
    let position = match *anchor {
        Some(anchor) if !frame.restarted => {
            let units = i64::from(frame.rtp_timestamp.wrapping_sub(anchor.timestamp) as i32);
            anchor.position + units * i64::from(RATE_HZ) / i64::from(clock_hz)
        }
        _ => i64::MAX,
    };
    let position = if arrived.abs_diff(position) > ASTRAY_SAMPLES_MAX.unsigned_abs() { arrived } else { position };
    *anchor = Some(Anchor { timestamp: frame.rtp_timestamp, position });
    let late_ms = (arrived - position) as f32 * 1000.0 / RATE_HZ as f32;
    (usize::try_from(position).unwrap_or(0), late_ms)
}

fn codec_of(kind: CodecKind) -> Codec {
    match kind {
        CodecKind::Pcmu => Codec::Pcmu,
        CodecKind::Pcma => Codec::Pcma,
        CodecKind::G722 => Codec::G722,
        CodecKind::Opus => Codec::Opus,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::*;
    use crate::{Clip, Play};
    use sip::sdp::Direction;

    fn negotiated() -> Negotiated {
        Negotiated {
            codec: CodecKind::Pcmu,
            payload_type: 0,
            fmtp: None,
            dtmf_payload_type: Some(101),
            cn_payload_type: None,
            receive: vec![(0, CodecKind::Pcmu)],
            dtmf_receive_payload_type: Some(101),
            dtmf_clock_hz: 8_000,
            cn_receive_payload_type: None,
            rtcp_mux: false,
            crypto: None,
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
        let mut caller = Media::new(&negotiated(), &Script::playing(Play::Clip(Arc::new(clip))), 1);
        let mut callee = Media::new(&negotiated(), &Script::playing(answer.clone()), 2);
        caller.start_speaking();
        callee.start_speaking();
        caller.press("12#").unwrap();
        let mut lines: [VecDeque<(u64, Vec<u8>)>; 2] = Default::default();
        let mut numbers = [0; 2];
        for now_us in (0..seconds * 1_000_000).step_by(1000) {
            for (index, phone) in [&mut caller, &mut callee].into_iter().enumerate() {
                while lines[1 - index].front().is_some_and(|(at_us, _)| *at_us <= now_us) {
                    let (_, mut packet) = lines[1 - index].pop_front().unwrap();
                    phone.receive(now_us, &mut packet);
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
        let mut media = Media::new(&negotiated(), &Script::default(), 1);
        media.receive(0, &mut []);
        media.receive(0, &mut [0xff; 200]);
        media.receive(0, &mut [0x87; 12]);
        let log = media.finish(1_000_000);
        assert_eq!((log.strays, log.received.received), (3, 0));
        assert!(log.heard.is_empty());
    }
}
