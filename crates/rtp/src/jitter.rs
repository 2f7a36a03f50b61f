//! A jitter buffer for a consumer that wants audio as soon as it is in order: a program, not a loudspeaker.
//!
//! A packet that is next in order comes out at once: the buffer adds no delay to a clean stream. A gap holds back
//! what follows until it fills, or until its wait is over; then it is given up and the next frame says how many samples are missing.
//!
//! Push *every* packet of the stream, telephone events too (they share the sequence numbers), and after each push
//! pop until `None`: then nothing that arrives in time is ever dropped.

use crate::rtcp::quality::Bursts;
use crate::stats::JitterMeter;
use crate::{Header, Stats, rtcp};

/// A packet this far behind the next expected one is late; further behind, the source renumbered (RFC 3550 A.1).
pub const MISORDER_MAX: u16 = 100;

/// A packet this far ahead still belongs to the stream; further ahead, the source renumbered (RFC 3550 A.1).
pub const SEQUENCE_JUMP_MAX: u16 = 3000;

/// A timestamp step above this, or backwards, carries no length of silence: the source changed its clock.
const SILENCE_MAX_S: u32 = 60;

/// Jitter is believed after this many packets; before, the wait is the configured one.
const JITTER_SAMPLES_MIN: u32 = 32;

/// How a late packet raises the wait: it halves in about 1,400 packets, half a minute of 20 ms.
const LATENESS_KEPT: f32 = 0.9995;

/// Clock units that a payload covers, if it says.
pub type PayloadDuration = fn(&[u8]) -> Option<u32>;

/// Sizes and waits of a [`JitterBuffer`].
#[derive(Debug, Clone)]
pub struct Config {
    /// Clock units in a second: 8,000 for G.711.
    pub clock_rate_hz: u32,
    /// Clock units a packet covers, as negotiated; where the payload's length tells, see `bytes_per_sample`, that goes.
    pub packet_samples: u32,
    /// Payload bytes of one clock unit, for codecs of constant rate: 1 for G.711. 0: the length does not tell.
    pub bytes_per_sample: u32,
    /// Tells the clock units of a payload where neither its length nor the negotiation does: Opus. Asked first; `None` from it leaves the
    /// last known length.
    pub payload_duration: Option<PayloadDuration>,
    /// Payload type of comfort noise (RFC 3389, static type 13): it says nothing about the time it covers.
    pub comfort_noise_payload_type: u8,
    /// Payload type of telephone events: their timestamps stand still, so they are kept out of all time reckoning.
    pub event_payload_type: Option<u8>,
    /// How long a gap may hold back what follows, until jitter has been measured.
    pub wait_ms: u32,
    /// Least wait that measured jitter may lead to. Equal to `wait_ms_max`: the wait is fixed.
    pub wait_ms_min: u32,
    /// Largest wait that measured jitter may lead to.
    pub wait_ms_max: u32,
    /// Packets that can wait behind a gap; rounded up to a power of two, 2 to 1,024.
    pub slots: usize,
    /// Largest payload; larger ones are dropped. Memory is `(slots + 1) * payload_bytes_max`.
    pub payload_bytes_max: usize,
}

impl Default for Config {
    /// G.711 with packets of up to 60 ms: 8 KiB a stream.
    fn default() -> Self {
        Self {
            clock_rate_hz: 8000,
            packet_samples: 160,
            bytes_per_sample: 1,
            payload_duration: None,
            comfort_noise_payload_type: 13,
            event_payload_type: None,
            wait_ms: 40,
            wait_ms_min: 20,
            wait_ms_max: 120,
            slots: 16,
            payload_bytes_max: 480,
        }
    }
}

/// What became of a pushed packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// Taken; [`JitterBuffer::pop`] hands it out when its turn comes.
    Queued,
    /// Perhaps the start of a new source: kept until a second packet in sequence confirms it (RFC 3550 A.1).
    Probation,
    /// Was here before.
    Duplicate,
    /// Came after it had been given up.
    Late,
    /// Larger than [`Config::payload_bytes_max`].
    Oversized,
}

/// One packet's payload, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The payload, as long as the packet's.
    pub payload: &'a [u8],
    /// Payload type; telephone events come in order with the audio.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp, clock units.
    pub rtp_timestamp: u32,
    /// Clock units lost just before this frame: to be concealed. Limit it: an outage of minutes is all here.
    pub lost_before: u32,
    /// Clock units just before this frame in which the sender meant silence (DTX, or a telephone event instead of audio).
    pub silence_before: u32,
    /// The source or its numbering changed just before this frame; what was before and this are unrelated.
    pub restarted: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    full: bool,
    header: Header,
    len: usize,
    arrival_us: u64,
}

/// Sequence numbers already passed, so that a duplicate can be told from a late packet: bit n is `next - 1 - n`.
#[derive(Debug, Clone, Copy, Default)]
struct History(u128);

impl History {
    fn push(&mut self, received: bool) {
        self.0 = self.0 << 1 | u128::from(received);
    }

    fn received(self, behind: u16) -> bool {
        (1..=128).contains(&behind) && self.0 >> (behind - 1) & 1 == 1
    }

    fn mark_received(&mut self, behind: u16) {
        if (1..=128).contains(&behind) {
            self.0 |= 1 << (behind - 1);
        }
    }
}

/// A jitter buffer with a fixed ring of slots. See the module's text for its contract.
#[derive(Debug)]
pub struct JitterBuffer {
    config: Config,
    slots: Box<[Slot]>,
    /// Payloads: slot i at `i * payload_bytes_max`; the last one is the packet on probation.
    bytes: Box<[u8]>,
    mask: u16,
    /// The source that is played, and the next sequence number to hand out.
    source: Option<Source>,
    /// A packet that may be the first of a new source.
    probation: Slot,
    history: History,
    held: usize,
    /// When the oldest packet behind the present gap arrived.
    gap_since_us: Option<u64>,
    /// Packets given up since the last frame of audio.
    missing: u32,
    restarted: bool,
    /// Where the timestamp of the next audio frame would be if nothing were missing.
    timestamp_expected: Option<u32>,
    /// Clock units of the last audio packet.
    packet_samples: u32,
    meter: JitterMeter,
    /// By how much packets that came after they were given up missed their time, in clock units; fades.
    lateness: f32,
    bursts: Bursts,
    stats: Stats,
    /// For RTCP reports (RFC 3550 A.3): first extended sequence number; expected and received at the last report.
    report: ReportBase,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    next: u16,
    highest: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct ReportBase {
    expected: u64,
    received: u64,
    received_base: u64,
    sequence_base: u32,
}

impl JitterBuffer {
    /// Allocates everything the buffer will ever use.
    pub fn new(config: Config) -> Self {
        let slots = config.slots.clamp(2, 1024).next_power_of_two();
        Self {
            slots: vec![Slot::default(); slots].into_boxed_slice(),
            bytes: vec![0; (slots + 1) * config.payload_bytes_max].into_boxed_slice(),
            mask: (slots - 1) as u16,
            source: None,
            probation: Slot::default(),
            history: History::default(),
            held: 0,
            gap_since_us: None,
            missing: 0,
            restarted: false,
            timestamp_expected: None,
            packet_samples: config.packet_samples.max(1),
            meter: JitterMeter::default(),
            lateness: 0.0,
            bursts: Bursts::default(),
            stats: Stats::default(),
            report: ReportBase::default(),
            config,
        }
    }

    /// Takes one packet of the stream that arrived at `now_us`.
    pub fn push(&mut self, now_us: u64, header: &Header, payload: &[u8]) -> Pushed {
        if payload.len() > self.config.payload_bytes_max {
            self.stats.dropped += 1;
            return Pushed::Oversized;
        }
        let Some(source) = self.source else {
            self.begin(header.ssrc, header.sequence, false);
            return self.store(now_us, header, payload);
        };
        let ahead = header.sequence.wrapping_sub(source.next);
        let behind = source.next.wrapping_sub(header.sequence);
        if header.ssrc != source.ssrc || (ahead > SEQUENCE_JUMP_MAX && behind > MISORDER_MAX) {
            return self.strange(now_us, header, payload);
        }
        // The present source lives: of two that send at once, the first keeps the floor.
        if std::mem::take(&mut self.probation.full) {
            self.stats.dropped += 1;
        }
        if ahead > SEQUENCE_JUMP_MAX {
            return self.behind(now_us, header, behind);
        }
        if ahead > self.mask {
            self.advance_window(ahead - self.mask);
        }
        self.store(now_us, header, payload)
    }

    /// The next frame, if it is in order or its gap has been waited for long enough at `now_us`.
    pub fn pop(&mut self, now_us: u64) -> Option<Frame<'_>> {
        if self.held == 0 {
            return None;
        }
        let mut next = self.source?.next;
        if !self.slot(next).full {
            let since_us = self.gap_since_us?;
            if now_us < since_us.saturating_add(self.wait_us()) {
                return None;
            }
            while !self.slot(next).full {
                self.give_up();
                next = next.wrapping_add(1);
            }
        }
        Some(self.take(next))
    }

    /// When [`pop`](Self::pop) will have a frame although none may arrive until then.
    pub fn deadline_us(&self) -> Option<u64> {
        let source = self.source?;
        match self.held {
            0 => None,
            _ if self.slot(source.next).full => Some(0),
            _ => self.gap_since_us.map(|since_us| since_us.saturating_add(self.wait_us())),
        }
    }

    /// How long a gap is waited for at present.
    pub fn wait_ms(&self) -> u32 {
        (self.wait_us() / 1000) as u32
    }

    /// Losses as bursts and gaps, for RTCP's VoIP metrics. What came after it had been given up counts as discarded.
    pub fn bursts(&self) -> Bursts {
        let packet_ms = u64::from(self.packet_samples) * 1000 / u64::from(self.config.clock_rate_hz.max(1));
        self.bursts.with_packet_ms(u32::try_from(packet_ms).unwrap_or(u32::MAX))
    }

    /// Counters since construction.
    pub fn stats(&self) -> Stats {
        Stats {
            jitter: self.meter.jitter,
            highest_sequence: self.source.map_or(0, |source| source.highest),
            ..self.stats
        }
    }

    /// The reception report of the present source for RTCP (RFC 3550 A.3), since the last call. `last_sr` and
    /// `delay_since_last_sr` are for the caller to fill in.
    pub fn report_block(&mut self) -> Option<rtcp::ReportBlock> {
        let source = self.source?;
        let expected = u64::from(source.highest.wrapping_sub(self.report.sequence_base)) + 1;
        let received = self.stats.received + self.stats.late - self.report.received_base;
        let expected_interval = expected.saturating_sub(self.report.expected);
        let lost_interval = expected_interval.saturating_sub(received.saturating_sub(self.report.received));
        self.report.expected = expected;
        self.report.received = received;
        Some(rtcp::ReportBlock {
            ssrc: source.ssrc,
            fraction_lost: (lost_interval * 256).checked_div(expected_interval).unwrap_or(0).min(255) as u8,
            cumulative_lost: (expected as i64 - received as i64).clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: source.highest,
            jitter: self.meter.jitter as u32,
            last_sr: 0,
            delay_since_last_sr: 0,
        })
    }

    fn wait_us(&self) -> u64 {
        let config = &self.config;
        if self.meter.samples < JITTER_SAMPLES_MIN {
            return u64::from(config.wait_ms.min(config.wait_ms_max)) * 1000;
        }
        // A swapped packet is at least one packet time late; four mean deviations cover all but rare stragglers.
        let by_jitter = self.packet_samples as f32 + 4.0 * self.meter.jitter;
        // But where stragglers come, waiting for them is what a wait is for: one that came in vain shows how long it would have taken.
        let clock_units = by_jitter.max(self.lateness);
        let wait_ms = clock_units * 1000.0 / config.clock_rate_hz.max(1) as f32;
        (wait_ms.clamp(config.wait_ms_min.min(config.wait_ms_max) as f32, config.wait_ms_max as f32) * 1000.0) as u64
    }

    fn index(&self, sequence: u16) -> usize {
        usize::from(sequence & self.mask)
    }

    fn slot(&self, sequence: u16) -> &Slot {
        &self.slots[self.index(sequence)]
    }

    fn is_event(&self, header: &Header) -> bool {
        self.config.event_payload_type == Some(header.payload_type)
    }

    /// A source starts, or starts again, at `sequence`.
    fn begin(&mut self, ssrc: u32, sequence: u16, restarted: bool) {
        self.stats.dropped += self.held as u64;
        for slot in &mut self.slots {
            slot.full = false;
        }
        self.held = 0;
        self.gap_since_us = None;
        self.missing = 0;
        self.restarted = restarted;
        self.timestamp_expected = None;
        self.history = History::default();
        self.meter.restart();
        self.source = Some(Source { ssrc, next: sequence, highest: u32::from(sequence).wrapping_sub(1) });
        self.report = ReportBase {
            sequence_base: u32::from(sequence),
            received_base: self.stats.received + self.stats.late,
            ..ReportBase::default()
        };
        self.stats.restarts += u64::from(restarted);
    }

    /// A packet of another source, or far from where this source was. One may be a stray; two in sequence are a new stream.
    fn strange(&mut self, now_us: u64, header: &Header, payload: &[u8]) -> Pushed {
        let first = self.probation;
        let same_source = first.full && first.header.ssrc == header.ssrc;
        if same_source && first.header.sequence == header.sequence {
            self.stats.duplicate += 1;
            return Pushed::Duplicate;
        }
        if same_source && first.header.sequence.wrapping_add(1) == header.sequence {
            self.probation.full = false;
            self.begin(header.ssrc, first.header.sequence, true);
            self.store_held(first);
            return self.store(now_us, header, payload);
        }
        if first.full {
            self.stats.dropped += 1;
        }
        self.probation = Slot { full: true, header: *header, len: payload.len(), arrival_us: now_us };
        let start = self.slots.len() * self.config.payload_bytes_max;
        self.bytes[start..start + payload.len()].copy_from_slice(payload);
        Pushed::Probation
    }

    /// Moves the packet on probation into the window.
    fn store_held(&mut self, first: Slot) {
        let from = self.slots.len() * self.config.payload_bytes_max;
        let to = self.index(first.header.sequence) * self.config.payload_bytes_max;
        self.bytes.copy_within(from..from + first.len, to);
        self.fill(first);
    }

    fn store(&mut self, now_us: u64, header: &Header, payload: &[u8]) -> Pushed {
        let index = self.index(header.sequence);
        if self.slots[index].full {
            self.stats.duplicate += 1;
            return Pushed::Duplicate;
        }
        let start = index * self.config.payload_bytes_max;
        self.bytes[start..start + payload.len()].copy_from_slice(payload);
        self.fill(Slot { full: true, header: *header, len: payload.len(), arrival_us: now_us });
        Pushed::Queued
    }

    /// Books a packet of the present source whose payload is already in place.
    fn fill(&mut self, slot: Slot) {
        let sequence = slot.header.sequence;
        let index = self.index(sequence);
        self.slots[index] = slot;
        self.held += 1;
        self.stats.received += 1;
        self.lateness *= LATENESS_KEPT;
        let (mut fills_head, mut is_overtaken) = (false, false);
        if let Some(source) = &mut self.source {
            fills_head = source.next == sequence;
            let step = sequence.wrapping_sub(source.highest as u16);
            is_overtaken = step >= 0x8000;
            if !is_overtaken {
                source.highest = source.highest.wrapping_add(u32::from(step));
            }
        }
        if is_overtaken {
            self.stats.reordered += 1;
            self.learn(slot.arrival_us, &slot.header);
        }
        if !fills_head && self.gap_since_us.is_none() {
            self.gap_since_us = Some(slot.arrival_us);
        }
        if !self.is_event(&slot.header) {
            self.meter.arrival(slot.arrival_us, slot.header.timestamp, self.config.clock_rate_hz);
        }
    }

    /// A packet from before the next expected one.
    fn behind(&mut self, now_us: u64, header: &Header, behind: u16) -> Pushed {
        if self.history.received(behind) {
            self.stats.duplicate += 1;
            return Pushed::Duplicate;
        }
        // Seen now: if it comes once more, that one is a duplicate.
        self.history.mark_received(behind);
        self.stats.late += 1;
        self.bursts.came_late();
        self.learn(now_us, header);
        Pushed::Late
    }

    /// A packet was overtaken: how much later it came than those around it is how long a wait would do, be it that it still came in time or
    /// not.
    fn learn(&mut self, now_us: u64, header: &Header) {
        if !self.is_event(header) {
            let late = self.meter.behind_latest(now_us, header.timestamp, self.config.clock_rate_hz);
            let limit = self.config.wait_ms_max as f32 * self.config.clock_rate_hz as f32 / 1000.0;
            self.lateness = self.lateness.max(late.min(limit));
        }
    }

    /// Makes room at the far end by letting go `count` sequence numbers at the near end.
    fn advance_window(&mut self, count: u16) {
        for _ in 0..count {
            let Some(next) = self.source.map(|source| source.next) else {
                return;
            };
            let index = self.index(next);
            if self.slots[index].full {
                self.slots[index].full = false;
                self.held -= 1;
                self.stats.dropped += 1;
                self.bursts.discarded(1);
                self.pass(true);
            } else {
                self.give_up();
                continue;
            }
            self.missing = self.missing.saturating_add(1);
        }
        self.rescan_gap();
    }

    /// Gives up the next sequence number.
    fn give_up(&mut self) {
        self.stats.lost += 1;
        self.bursts.lost(1);
        self.missing = self.missing.saturating_add(1);
        self.pass(false);
    }

    fn pass(&mut self, received: bool) {
        self.history.push(received);
        if let Some(source) = &mut self.source {
            source.next = source.next.wrapping_add(1);
        }
    }

    /// If the next packet is missing, its gap began when the first of those that wait behind it came.
    fn rescan_gap(&mut self) {
        let head_full = self.source.is_none_or(|source| self.slot(source.next).full);
        self.gap_since_us = match self.held {
            0 => None,
            _ if head_full => self.gap_since_us,
            _ => self.slots.iter().filter(|slot| slot.full).map(|slot| slot.arrival_us).min(),
        };
    }

    fn take(&mut self, sequence: u16) -> Frame<'_> {
        let index = self.index(sequence);
        let slot = self.slots[index];
        self.slots[index].full = false;
        self.held -= 1;
        self.bursts.received(1);
        self.pass(true);
        if self.gap_since_us.is_some() {
            self.rescan_gap();
        }
        let start = index * self.config.payload_bytes_max;
        let (lost_before, silence_before) =
            if self.is_event(&slot.header) { (0, 0) } else { self.reckon(&slot, start..start + slot.len) };
        Frame {
            payload: &self.bytes[start..start + slot.len],
            payload_type: slot.header.payload_type,
            marker: slot.header.marker,
            sequence,
            rtp_timestamp: slot.header.timestamp,
            lost_before,
            silence_before,
            restarted: std::mem::take(&mut self.restarted),
        }
    }

    /// How the time between the last audio frame and this one divides into loss and silence.
    fn reckon(&mut self, slot: &Slot, payload: std::ops::Range<usize>) -> (u32, u32) {
        let timestamp = slot.header.timestamp;
        let missing = std::mem::take(&mut self.missing);
        let lost_at_most = missing.saturating_mul(self.packet_samples);
        let covered = if slot.header.payload_type == self.config.comfort_noise_payload_type {
            0
        } else {
            let by_length = || (slot.len as u32).checked_div(self.config.bytes_per_sample);
            let told = match self.config.payload_duration {
                Some(payload_duration) => payload_duration(&self.bytes[payload]),
                None => by_length(),
            };
            self.packet_samples = told.unwrap_or(self.packet_samples);
            self.packet_samples
        };
        let expected = self.timestamp_expected.replace(timestamp.wrapping_add(covered));
        let gap = expected.map_or(0, |expected| timestamp.wrapping_sub(expected));
        if gap > self.config.clock_rate_hz.saturating_mul(SILENCE_MAX_S) {
            // Backwards, or nonsense: only the count of packets is left to go by.
            return (lost_at_most, 0);
        }
        let lost = gap.min(lost_at_most);
        (lost, gap - lost)
    }
}
