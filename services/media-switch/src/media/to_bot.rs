//! Caller → bot: RTP packets in, frames of the bot's format out.

use audio::comfort_noise::Noise;
use audio::g711::Law;
use audio::resample::Resampler;
use bytes::Bytes;
use codecs::{Decoder, PACKET_MS_MAX};
use rtp::{Header, JitterBuffer, dtmf};
use voicebot::Format;

use super::bot_frames::BotFrames;
use super::coding::Coding;
use super::keys::{InbandKeys, KeyPress, KeyWay};
use super::past::Past;
use super::piece::Piece;
use super::quiet::Quiet;

/// Sample rate of what is not G.711 while no bot has said what it wants.
const RATE_HZ_UNTIL_OPEN: u32 = 16_000;

/// Longest loss that is concealed; the rest of a longer one is silence, up to [`FILL_MS_MAX`].
const CONCEAL_MS_MAX: usize = 60;

/// Longest gap that is filled at all: a bot's clock stays with the caller's, an outage of minutes is not made up.
const FILL_MS_MAX: usize = 2_000;

/// Silence made at a time.
const BLOCK: usize = 480;

/// The largest ratio of the bot's rate to a decoder's.
const RATIO_MAX: usize = 6;

/// One codec that the far end may send.
#[derive(Debug)]
struct Incoming {
    payload_type: u8,
    decoder: Decoder,
    /// To the path's rate, where that is another one.
    resampler: Option<Resampler>,
}

/// What is behind the decoders.
#[derive(Debug)]
struct Sink {
    /// G.711 all the way: payloads pass untouched.
    law: Option<Law>,
    frames: BotFrames,
    past: Option<Past>,
    /// Where the far end has no telephone events.
    inband: Option<InbandKeys>,
}

/// One call's receiving path.
#[derive(Debug)]
pub(super) struct ToBot {
    coding: Coding,
    /// Of what is behind the decoders: 8,000 for G.711, else the bot's, so that Opus is decoded straight to it.
    rate_hz: u32,
    jitter: JitterBuffer,
    dtmf: dtmf::Receiver,
    incoming: Vec<Incoming>,
    sink: Sink,
    quiet: Quiet,
    /// Room for one packet's samples.
    samples: Box<[i16]>,
    /// The best way in which a key has come.
    key_way: Option<KeyWay>,
}

impl ToBot {
    pub(super) fn new(coding: Coding) -> Self {
        let law = coding.law();
        let rate_hz = if law.is_some() { 8_000 } else { RATE_HZ_UNTIL_OPEN };
        let room = match law {
            Some(_) => BLOCK,
            None => PACKET_MS_MAX as usize * 48,
        };
        let mut path = Self {
            jitter: JitterBuffer::new(coding.jitter_config()),
            dtmf: dtmf::Receiver::new(coding.dtmf_clock_hz),
            incoming: Vec::new(),
            sink: Sink { law, frames: BotFrames::default(), past: None, inband: None },
            quiet: Quiet::new(rate_hz),
            samples: vec![0; room].into_boxed_slice(),
            key_way: None,
            rate_hz,
            coding,
        };
        path.set_rate(rate_hz);
        path
    }

    /// Begins everything that depends on the rate anew.
    fn set_rate(&mut self, rate_hz: u32) {
        self.rate_hz = rate_hz;
        self.incoming = (self.coding.receive.iter())
            .filter_map(|&(payload_type, codec)| {
                // Every rate that a bot may have is one of Opus's.
                let decoder = Decoder::new(codec, rate_hz).ok()?;
                let from_hz = decoder.sample_rate_hz();
                let resampler = (from_hz != rate_hz).then(|| Resampler::new(from_hz, rate_hz).ok()).flatten();
                Some(Incoming { payload_type, decoder, resampler })
            })
            .collect();
        self.quiet = Quiet::new(rate_hz);
        self.sink.inband = self.coding.dtmf_receive_payload_type.is_none().then(|| InbandKeys::new(rate_hz));
        self.sink.past = self.sink.past.take().map(|_| self.new_past());
    }

    fn new_past(&self) -> Past {
        match self.sink.law {
            Some(law) => Past::codes(law),
            None => Past::samples(self.rate_hz),
        }
    }

    pub(super) fn coding(&self) -> &Coding {
        &self.coding
    }

    /// From here on audio is turned into frames of `format`; before, it is only counted. `is_kept`: the last of it is kept for
    /// a [`replay`](Self::replay).
    pub(super) fn open(&mut self, format: Format, is_kept: bool) {
        if self.sink.law.is_none() && self.rate_hz != format.rate_hz() {
            self.set_rate(format.rate_hz());
        }
        self.sink.frames.open(format, self.rate_hz, self.coding.line().rate_hz());
        if is_kept && self.sink.past.is_none() {
            self.sink.past = Some(self.new_past());
        }
    }

    /// Nobody is there to hear: audio is only counted and kept.
    pub(super) fn close(&mut self) {
        self.sink.frames.close();
    }

    /// How much of the caller's audio is kept.
    pub(super) fn past_ms(&self) -> u64 {
        self.sink.past.as_ref().map_or(0, Past::ms)
    }

    /// What is kept, as frames once more. A rest that fills no frame comes with what follows.
    pub(super) fn replay<E>(&mut self, mut send: impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        let Sink { law, frames, past: Some(past), .. } = &mut self.sink else { return Ok(()) };
        past.replay(|codes, samples| match law {
            Some(law) => frames.write_payload(*law, codes, samples, &mut send),
            None => frames.write_samples(samples, &mut send),
        })
    }

    /// Whether the bot hears what the caller hears, too.
    pub(super) fn hears_both(&self) -> bool {
        self.sink.frames.hears_both()
    }

    /// What goes to the caller next.
    pub(super) fn push_outbound<E>(
        &mut self,
        piece: &mut Piece,
        mut send: impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        self.sink.frames.push_outbound(piece, &mut send)
    }

    /// Whether [`open`](Self::open) has been called.
    pub(super) fn is_open(&self) -> bool {
        self.sink.frames.format().is_some()
    }

    /// Whether the header is one of this stream's: its payload type was negotiated.
    pub(super) fn knows(&self, header: &Header) -> bool {
        let payload_type = Some(header.payload_type);
        payload_type == self.coding.dtmf_receive_payload_type
            || payload_type == self.coding.cn_receive_payload_type
            || self.coding.receive.iter().any(|(known, _)| *known == header.payload_type)
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

    /// Lets out what a gap has held back long enough, and the noise of a silence.
    pub(super) fn pop<E>(&mut self, now_us: u64, mut send: impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        let Self { coding, rate_hz, jitter, dtmf, incoming, sink, quiet, samples, .. } = self;
        while let Some(frame) = jitter.pop(now_us) {
            if frame.restarted {
                dtmf.restart();
                quiet.restart();
            }
            if Some(frame.payload_type) == coding.dtmf_receive_payload_type {
                // Too short to be an event: nothing to be told.
                let _is_event = dtmf.push(now_us, frame.rtp_timestamp, frame.payload);
                continue;
            }
            let is_noise = Some(frame.payload_type) == coding.cn_receive_payload_type;
            // Only what is known has been pushed. Before noise, whichever codec it is has to fill the gap.
            let index = incoming.iter().position(|way| way.payload_type == frame.payload_type).unwrap_or(0);
            let Some(way) = incoming.get_mut(index) else { continue };
            let (codec, decoded_hz) = (way.decoder.codec(), way.decoder.sample_rate_hz());
            let in_samples = |ms: usize, rate_hz: u32| ms * (rate_hz / 1_000) as usize;
            let lost = codec.samples(frame.lost_before, decoded_hz).min(in_samples(FILL_MS_MAX, decoded_hz));
            let concealed = lost.min(in_samples(CONCEAL_MS_MAX, decoded_hz));
            if concealed > 0 {
                let next = (concealed == lost && !is_noise).then_some(frame.payload);
                way.decoder.conceal(&mut samples[..concealed], next);
                sink.write(&mut way.resampler, &samples[..concealed], &mut send)?;
            }
            let silence = codec.samples(frame.silence_before, *rate_hz).min(in_samples(FILL_MS_MAX, *rate_hz));
            let unheard = (lost - concealed) * *rate_hz as usize / decoded_hz as usize;
            sink.write_silence(unheard + quiet.rest_of(silence), quiet, &mut send)?;
            if is_noise {
                if let Some(noise) = Noise::parse(frame.payload) {
                    quiet.begin(&noise, now_us);
                }
                continue;
            }
            quiet.end();
            match way.decoder.decode(frame.payload, samples) {
                Ok(decoded) => {
                    let samples = &samples[..decoded.samples];
                    match sink.law {
                        // A joint that was smoothed is not of the bytes that came any more.
                        Some(law) if decoded.is_exact && codec.law() == Some(law) => {
                            sink.write_payload(law, frame.payload, samples, &mut send)?;
                        }
                        _ => sink.write(&mut way.resampler, samples, &mut send)?,
                    }
                }
                Err(_not_of_the_codec) => {
                    let count = in_samples(20, decoded_hz);
                    way.decoder.conceal(&mut samples[..count], None);
                    sink.write(&mut way.resampler, &samples[..count], &mut send)?;
                }
            }
        }
        let due = quiet.due(now_us);
        sink.write_silence(due, quiet, &mut send)
    }

    /// Whether a key that comes this way counts: it does not, where the far end uses a better one.
    pub(super) fn takes_keys_by(&mut self, way: KeyWay) -> bool {
        let best = self.key_way.map_or(way, |known| known.max(way));
        self.key_way = Some(best);
        best == way
    }

    /// The next finished key press, by telephone events or by tones.
    pub(super) fn poll_press(&mut self, now_us: u64) -> Option<KeyPress> {
        if let Some(press) = self.dtmf.poll(now_us) {
            let duration_ms = press.duration_ms(self.coding.dtmf_clock_hz);
            return Some(KeyPress { digit: press.digit, duration_ms, way: KeyWay::Event });
        }
        self.sink.inband.as_mut()?.poll()
    }

    pub(super) fn stats(&self) -> rtp::Stats {
        self.jitter.stats()
    }

    /// What is received, and how it is coded.
    pub(super) fn reception(&self) -> (&JitterBuffer, &Coding) {
        (&self.jitter, &self.coding)
    }

    /// For reports about what is received.
    pub(super) fn jitter(&mut self) -> &mut JitterBuffer {
        &mut self.jitter
    }
}

impl Sink {
    /// Samples of a decoder.
    fn write<E>(
        &mut self,
        resampler: &mut Option<Resampler>,
        samples: &[i16],
        send: &mut impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(resampler) = resampler else { return self.write_samples(samples, send) };
        for block in samples.chunks(BLOCK) {
            let mut resampled = [0; BLOCK * RATIO_MAX];
            let count = resampler.process(block, &mut resampled);
            self.write_samples(&resampled[..count], send)?;
        }
        Ok(())
    }

    /// A payload that may pass as it is, and its samples.
    fn write_payload<E>(
        &mut self,
        law: Law,
        payload: &[u8],
        samples: &[i16],
        send: &mut impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(past) = &mut self.past {
            past.push_payload(payload);
        }
        if let Some(inband) = &mut self.inband {
            inband.push(samples);
        }
        self.frames.write_payload(law, payload, samples, send)
    }

    /// Samples at the path's rate.
    fn write_samples<E>(&mut self, samples: &[i16], send: &mut impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        if let Some(past) = &mut self.past {
            past.push_samples(samples);
        }
        if let Some(inband) = &mut self.inband {
            inband.push(samples);
        }
        self.frames.write_samples(samples, send)
    }

    fn write_silence<E>(
        &mut self,
        count: usize,
        quiet: &mut Quiet,
        send: &mut impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = count;
        while left > 0 {
            let mut samples = [0; BLOCK];
            let piece = &mut samples[..left.min(BLOCK)];
            quiet.fill(piece);
            left -= piece.len();
            self.write_samples(piece, send)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use codecs::{Codec, Encoder};
    use voicebot::Encoding;

    use super::*;

    fn coding() -> Coding {
        Coding {
            receive: vec![(0, Codec::Pcmu), (8, Codec::Pcma)],
            dtmf_payload_type: Some(96),
            ..Coding::g711(Law::Mu)
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
            let header =
                Header { payload_type: 8, sequence, timestamp: u32::from(sequence) * 160, ssrc: 1, marker: false };
            path.push(u64::from(sequence) * 20_000, &header, &codes, |_| Ok::<(), ()>(())).unwrap();
            presses.extend(std::iter::from_fn(|| path.poll_press(0)));
        }
        assert_eq!(presses.iter().map(|press| press.digit).collect::<String>(), "18#");
        assert!(presses.iter().all(|press| press.way == KeyWay::Inband && (60..=100).contains(&press.duration_ms)));
        assert!(path.takes_keys_by(KeyWay::Inband) && path.takes_keys_by(KeyWay::Info));
        assert!(!path.takes_keys_by(KeyWay::Inband) && path.takes_keys_by(KeyWay::Info));
    }
}
