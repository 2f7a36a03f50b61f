//! Caller → bot: RTP packets in, frames of the bot's format out.

use std::collections::VecDeque;

use audio::g711::Law;
use audio::plc::Concealer;
use audio::resample::Resampler;
use bytes::{Bytes, BytesMut};
use rtp::{Header, JitterBuffer, dtmf};
use voicebot::{Encoding, Format};

use super::pair::Pair;

/// The telephone's sample rate.
pub(super) const RATE_HZ: u32 = 8_000;

/// The largest RTP payload taken: 60 ms of G.711.
const PAYLOAD_SAMPLES_MAX: usize = 480;

/// Longest loss that is concealed; the rest of a longer one is silence, up to [`FILL_SAMPLES_MAX`].
const CONCEAL_SAMPLES_MAX: usize = 60 * 8;

/// Longest gap that is filled at all: a bot's clock stays with the caller's, an outage of minutes is not made up.
const FILL_SAMPLES_MAX: usize = 2_000 * 8;

/// Largest ratio of the bot's rate to the telephone's.
const RATIO_MAX: usize = 6;

/// How the caller's RTP is coded, as SDP has settled it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coding {
    /// Toward the far end, and the law of everything between here and the bot.
    pub(super) law: Law,
    pub(super) payload_type: u8,
    pub(super) dtmf_payload_type: Option<u8>,
    /// From the far end.
    pub(super) receive: Vec<(u8, Law)>,
    pub(super) dtmf_receive_payload_type: Option<u8>,
}

impl Coding {
    /// The law of the far end's packets of this type.
    fn law_of(&self, payload_type: u8) -> Option<Law> {
        self.receive.iter().find(|(known, _)| *known == payload_type).map(|(_, law)| *law)
    }
}

/// One call's receiving path.
#[derive(Debug)]
pub(super) struct ToBot {
    coding: Coding,
    jitter: JitterBuffer,
    dtmf: dtmf::Receiver,
    concealer: Concealer,
    codes: Codes,
    /// The last of the caller's audio, for a bot that takes the place of another.
    past: Option<Past>,
}

/// Audio that is kept for a bot that takes the place of another.
const PAST_SAMPLES_MAX: usize = 2_000 * 8;

/// The last two seconds, as codes of the call's law.
#[derive(Debug, Default)]
struct Past(VecDeque<u8>);

impl Past {
    fn push(&mut self, codes: &[u8]) {
        let surplus = (self.0.len() + codes.len()).saturating_sub(PAST_SAMPLES_MAX).min(self.0.len());
        self.0.drain(..surplus);
        self.0.extend(codes);
    }
}

/// The end of the path: telephone samples into the bot's frames.
#[derive(Debug)]
struct Codes {
    law: Law,
    /// Set when audio flows to the bot.
    format: Option<Format>,
    resampler: Option<Resampler>,
    /// Frames are split off its front; when the bot's socket has let go of them, the memory is used again.
    frame: BytesMut,
    /// When the bot hears both sides.
    pair: Option<Box<Pair>>,
}

impl ToBot {
    pub(super) fn new(coding: Coding) -> Self {
        let law = coding.law;
        let config = rtp::Config {
            event_payload_type: coding.dtmf_receive_payload_type,
            payload_bytes_max: PAYLOAD_SAMPLES_MAX,
            ..rtp::Config::default()
        };
        Self {
            coding,
            jitter: JitterBuffer::new(config),
            dtmf: dtmf::Receiver::new(RATE_HZ),
            concealer: Concealer::new(RATE_HZ),
            codes: Codes { law, format: None, resampler: None, frame: BytesMut::new(), pair: None },
            past: None,
        }
    }

    pub(super) fn coding(&self) -> &Coding {
        &self.coding
    }

    /// From here on audio is turned into frames of `format`; before, it is only counted. `is_kept`: the last of it is kept for
    /// a [`replay`](Self::replay).
    pub(super) fn open(&mut self, format: Format, is_kept: bool) {
        self.codes.open(format);
        if is_kept {
            self.past.get_or_insert_default();
        }
    }

    /// Nobody is there to hear: audio is only counted and kept.
    pub(super) fn close(&mut self) {
        self.codes.format = None;
        self.codes.pair = None;
    }

    /// How much of the caller's audio is kept.
    pub(super) fn past_ms(&self) -> u64 {
        self.past.as_ref().map_or(0, |past| past.0.len() as u64 * 1_000 / u64::from(RATE_HZ))
    }

    /// What is kept, as frames once more. A rest that fills no frame comes with what follows.
    pub(super) fn replay<E>(&mut self, mut send: impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        let Some(past) = &self.past else { return Ok(()) };
        let (first, second) = past.0.as_slices();
        let mut samples = [0; PAYLOAD_SAMPLES_MAX];
        for codes in first.chunks(PAYLOAD_SAMPLES_MAX).chain(second.chunks(PAYLOAD_SAMPLES_MAX)) {
            let count = self.coding.law.decode_slice(codes, &mut samples);
            self.codes.write_payload(codes, &samples[..count], &mut send)?;
        }
        Ok(())
    }

    /// Whether the bot hears what the caller hears, too.
    pub(super) fn hears_both(&self) -> bool {
        self.codes.pair.is_some()
    }

    /// What goes to the caller next, as codes of the call's law.
    pub(super) fn push_outbound<E>(
        &mut self,
        codes: &[u8],
        mut send: impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(format) = self.codes.format else { return Ok(()) };
        if let Some(pair) = &mut self.codes.pair {
            pair.push_outbound(self.coding.law, codes);
            pair.take(format, &mut self.codes.frame);
        }
        self.codes.send_frames(format, &mut send)
    }

    /// Whether [`open`](Self::open) has been called.
    pub(super) fn is_open(&self) -> bool {
        self.codes.format.is_some()
    }

    /// Whether the header is one of this stream's: its payload type was negotiated.
    pub(super) fn knows(&self, header: &Header) -> bool {
        Some(header.payload_type) == self.coding.dtmf_receive_payload_type
            || self.coding.law_of(header.payload_type).is_some()
    }

    /// Takes one packet; frames that are complete then go to `send`.
    pub(super) fn push<E>(
        &mut self,
        now_us: u64,
        header: &Header,
        payload: &[u8],
        send: impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        self.jitter.push(now_us, header, payload);
        self.pop(now_us, send)
    }

    /// Lets out what a gap has held back long enough.
    pub(super) fn pop<E>(&mut self, now_us: u64, mut send: impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        while let Some(frame) = self.jitter.pop(now_us) {
            if frame.restarted {
                self.dtmf.restart();
            }
            if Some(frame.payload_type) == self.coding.dtmf_receive_payload_type {
                // Too short to be an event: nothing to be told.
                let _is_event = self.dtmf.push(now_us, frame.rtp_timestamp, frame.payload);
                continue;
            }
            let mut samples = [0; PAYLOAD_SAMPLES_MAX];
            let lost = (frame.lost_before as usize).min(FILL_SAMPLES_MAX);
            let concealed = lost.min(CONCEAL_SAMPLES_MAX);
            if concealed > 0 {
                self.concealer.lost(&mut samples[..concealed]);
                keep(&mut self.past, self.coding.law, &samples[..concealed]);
                self.codes.write_samples(&samples[..concealed], &mut send)?;
            }
            let silence = lost - concealed + (frame.silence_before as usize).min(FILL_SAMPLES_MAX);
            let mut left = silence;
            while left > 0 {
                let count = left.min(SILENCE.len());
                keep(&mut self.past, self.coding.law, &SILENCE[..count]);
                self.codes.write_samples(&SILENCE[..count], &mut send)?;
                left -= count;
            }
            // Only what is known has been pushed.
            let law = self.coding.law_of(frame.payload_type).unwrap_or(self.coding.law);
            let count = law.decode_slice(frame.payload, &mut samples);
            self.concealer.good(&mut samples[..count]);
            if concealed > 0 || law != self.coding.law {
                // The joint is smoothed, so these are no longer the bytes that came.
                keep(&mut self.past, self.coding.law, &samples[..count]);
                self.codes.write_samples(&samples[..count], &mut send)?;
            } else {
                if let Some(past) = &mut self.past {
                    past.push(frame.payload);
                }
                self.codes.write_payload(frame.payload, &samples[..count], &mut send)?;
            }
        }
        Ok(())
    }

    /// The next finished key press.
    pub(super) fn poll_press(&mut self, now_us: u64) -> Option<dtmf::Press> {
        self.dtmf.poll(now_us)
    }

    pub(super) fn stats(&self) -> rtp::Stats {
        self.jitter.stats()
    }
}

const SILENCE: [i16; PAYLOAD_SAMPLES_MAX] = [0; PAYLOAD_SAMPLES_MAX];

fn keep(past: &mut Option<Past>, law: Law, samples: &[i16]) {
    if let Some(past) = past {
        let mut codes = [0; PAYLOAD_SAMPLES_MAX];
        let count = law.encode_slice(samples, &mut codes);
        past.push(&codes[..count]);
    }
}

impl Codes {
    fn open(&mut self, format: Format) {
        self.format = Some(format);
        // Formats are validated: each of their rates can be made from the telephone's.
        self.resampler = Resampler::new(RATE_HZ, format.rate_hz()).ok();
        self.pair = (format.channels() == 2).then(|| Box::new(Pair::new(format)));
        self.frame.clear();
    }

    /// One payload as it came: bytes if the bot wants the same law, else its samples.
    fn write_payload<E>(
        &mut self,
        payload: &[u8],
        samples: &[i16],
        send: &mut impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.format {
            Some(format) if self.pair.is_none() && law_of(format.encoding()) == Some(self.law) => {
                self.frame.extend_from_slice(payload);
                self.send_frames(format, send)
            }
            _ => self.write_samples(samples, send),
        }
    }

    fn write_samples<E>(&mut self, samples: &[i16], send: &mut impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        let Some(format) = self.format else { return Ok(()) };
        if let Some(pair) = &mut self.pair {
            pair.push_inbound(samples);
            pair.take(format, &mut self.frame);
            return self.send_frames(format, send);
        }
        match law_of(format.encoding()) {
            Some(law) => {
                let mut codes = [0; PAYLOAD_SAMPLES_MAX];
                let count = law.encode_slice(samples, &mut codes);
                self.frame.extend_from_slice(&codes[..count]);
            }
            None => {
                let mut resampled = [0; PAYLOAD_SAMPLES_MAX * RATIO_MAX];
                let count = match &mut self.resampler {
                    Some(resampler) => resampler.process(samples, &mut resampled),
                    None => 0,
                };
                self.frame.reserve(2 * count);
                for sample in &resampled[..count] {
                    self.frame.extend_from_slice(&sample.to_le_bytes());
                }
            }
        }
        self.send_frames(format, send)
    }

    fn send_frames<E>(&mut self, format: Format, send: &mut impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        while self.frame.len() >= format.bytes_per_frame() {
            send(self.frame.split_to(format.bytes_per_frame()).freeze())?;
        }
        Ok(())
    }
}

pub(super) fn law_of(encoding: Encoding) -> Option<Law> {
    match encoding {
        Encoding::Mulaw => Some(Law::Mu),
        Encoding::Alaw => Some(Law::A),
        Encoding::L16 => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coding() -> Coding {
        Coding {
            law: Law::Mu,
            payload_type: 0,
            dtmf_payload_type: Some(96),
            receive: vec![(0, Law::Mu), (8, Law::A)],
            dtmf_receive_payload_type: Some(101),
        }
    }

    /// Sends packets numbered `numbers` of a ramp of codes and returns all that reached the bot.
    fn receive(format: Format, numbers: impl Iterator<Item = u16>) -> (ToBot, Vec<u8>) {
        let mut path = ToBot::new(coding());
        path.open(format, false);
        let mut heard = Vec::new();
        let mut last_us = 0;
        for number in numbers {
            let header = Header {
                payload_type: 0,
                sequence: number,
                timestamp: u32::from(number) * 160,
                ssrc: 1,
                marker: false,
            };
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
        assert_eq!(heard[11 * 160..], (11..20).flat_map(payload).collect::<Vec<u8>>());
    }

    #[test]
    fn the_far_end_may_change_its_law_from_packet_to_packet() {
        let format = Format::new(Encoding::L16, 8_000, 20).unwrap();
        let mut path = ToBot::new(coding());
        path.open(format, false);
        let samples: Vec<i16> = (0..160).map(|n| (8_000.0 * f64::sin(f64::from(n) / 5.0)) as i16).collect();
        for (sequence, (payload_type, law)) in [(0, Law::Mu), (8, Law::A)].into_iter().enumerate() {
            let sequence = sequence as u16;
            let header =
                Header { payload_type, sequence, timestamp: u32::from(sequence) * 160, ssrc: 1, marker: false };
            assert!(path.knows(&header));
            let mut codes = [0; 160];
            law.encode_slice(&samples, &mut codes);
            let mut heard = Vec::new();
            path.push(u64::from(sequence) * 20_000, &header, &codes, |frame| collect(&mut heard, &frame, format))
                .unwrap();
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
        let mut path = ToBot::new(coding());
        path.open(format, false);
        let mut sender = dtmf::Sender::new(RATE_HZ, 100, 60);
        sender.queue("5").unwrap();
        let mut rtp = rtp::Sender::new(1, 0, 0);
        let mut presses = Vec::new();
        for n in 0..20_u64 {
            if let Some(event) = sender.tick(rtp.timestamp(), 160) {
                let header = rtp.event(101, &event, 160);
                path.push(n * 20_000, &header, &event.payload, |_| Err("audio")).unwrap();
            } else {
                rtp.skip(160);
            }
            presses.extend(std::iter::from_fn(|| path.poll_press(n * 20_000)));
        }
        assert_eq!(presses.iter().map(|press| press.digit).collect::<String>(), "5");
        assert_eq!(presses[0].duration_ms(RATE_HZ), 100);
    }
}
