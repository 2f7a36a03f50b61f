//! Caller → bot: RTP packets in, frames of the bot's format out.

use audio::comfort_noise::Noise;
use audio::g711::Law;
use audio::resample::Resampler;
use bytes::Bytes;
use codecs::{Decoder, PACKET_MS_MAX};
use rtp::{Header, JitterBuffer, dtmf};
use voicebot::Format;

use super::bot_frames::BotFrames;
use super::bridge::ToOther;
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
    /// Another caller hears it, too.
    to_other: Option<ToOther>,
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
            sink: Sink { law, frames: BotFrames::default(), past: None, inband: None, to_other: None },
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
        self.forget_past();
        if let Some(to_other) = &mut self.sink.to_other {
            to_other.set_rate(rate_hz);
        }
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

    /// From here on another caller hears what this one says, too; or no longer. Returns what was before.
    pub(super) fn bridge(&mut self, mut to_other: Option<ToOther>) -> Option<ToOther> {
        if let Some(to_other) = &mut to_other {
            to_other.set_rate(self.rate_hz);
        }
        std::mem::replace(&mut self.sink.to_other, to_other)
    }

    /// The way to the other caller, while there is one.
    pub(super) fn other_mut(&mut self) -> Option<&mut ToOther> {
        self.sink.to_other.as_mut()
    }

    /// What is kept was not for the bot.
    pub(super) fn forget_past(&mut self) {
        self.sink.past = self.sink.past.take().map(|_| self.new_past());
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
        self.tap(samples);
        self.frames.write_payload(law, payload, samples, send)
    }

    /// Samples at the path's rate.
    fn write_samples<E>(&mut self, samples: &[i16], send: &mut impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        if let Some(past) = &mut self.past {
            past.push_samples(samples);
        }
        self.tap(samples);
        self.frames.write_samples(samples, send)
    }

    fn tap(&mut self, samples: &[i16]) {
        if let Some(inband) = &mut self.inband {
            inband.push(samples);
        }
        if let Some(to_other) = &mut self.to_other {
            to_other.push(samples);
        }
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
mod tests;
