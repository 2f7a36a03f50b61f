//! Bot → caller: frames of the bot's format in, 20 ms of the call's line a tick out.

use std::collections::VecDeque;

use audio::playout::{self, PlayoutEvent, Tick};
use audio::resample::Resampler;
use bytes::Bytes;
use voicebot::dialect::QueueStatus;
use voicebot::message::{PlayoutInfo, PlayoutMode};
use voicebot::{Audio, AudioReader, Format, ProtocolError};

use super::bot_frames::law_of;
use super::piece::{Line, Piece};
use super::ring::Ring;

/// Audio turned into the call's codec in one sweep, so that one bot's two-minute burst does not hold up the
/// other calls of the worker: 200 times real time.
const CONVERT_MS_PER_SWEEP: u64 = 1_000;

/// Messages that can wait for their turn: two minutes in frames of 10 ms, said before the answer, with marks between.
const WAITING_MAX: usize = 16_384;

/// Samples converted at a time, and the largest ratio of the line's rate to a bot's.
const BLOCK: usize = 960;
const RATIO_MAX: usize = 2;

/// Half samples at 48 kHz: a byte of any format is a whole number of these.
const UNITS_PER_MS: u64 = 96;

/// How long so many bytes last, in [`UNITS_PER_MS`].
fn units(format: Format, bytes: usize) -> u64 {
    let bytes_per_ms = u64::from(format.rate_hz() / 1_000) * format.bytes_per_sample() as u64;
    bytes as u64 * (UNITS_PER_MS / bytes_per_ms)
}

/// What waits to be put into the ring, in the bot's order.
#[derive(Debug)]
enum Item {
    Audio {
        format: Format,
        bytes: Bytes,
        taken: usize,
    },
    /// `ahead`: so many samples at the line's rate were before it and are thrown away.
    Mark {
        id: String,
        ahead: u64,
    },
    EndOfUtterance,
    Clear {
        discarded_ms: u64,
    },
}

/// Why a frame or command was refused.
#[derive(Debug)]
pub(super) enum Refused {
    Protocol(ProtocolError),
    /// The queue has no room: a sentence.
    Overflow(String),
}

/// One stream's way to the caller.
#[derive(Debug)]
pub(super) struct FromBot {
    line: Line,
    playout: Ring,
    /// From what the bot sends to the line's rate.
    resampler: Option<Resampler>,
    reader: AudioReader,
    info: PlayoutInfo,
    waiting: VecDeque<Item>,
    /// Audio in `waiting`.
    waiting_units: u64,
    /// Thrown away by clears before it reached the ring; told with the ring's own figure.
    discarded_ms: VecDeque<u64>,
    is_draining: bool,
    pub(super) frames_received: u32,
}

impl FromBot {
    pub(super) fn new(line: Line, info: PlayoutInfo) -> Self {
        Self {
            line,
            playout: Ring::new(line, config(line, info)),
            resampler: None,
            reader: AudioReader::default(),
            info,
            waiting: VecDeque::new(),
            waiting_units: 0,
            discarded_ms: VecDeque::new(),
            is_draining: false,
            frames_received: 0,
        }
    }

    /// The playout the bot has settled on, and the codec SDP has; only before audio flows.
    pub(super) fn settle(&mut self, line: Line, info: PlayoutInfo) {
        if (self.line, self.info) != (line, info) {
            let waiting = std::mem::take(&mut self.waiting);
            let waiting_units = self.waiting_units;
            *self = Self { waiting, waiting_units, frames_received: self.frames_received, ..Self::new(line, info) };
        }
    }

    pub(super) fn status(&self) -> QueueStatus {
        QueueStatus {
            queued_ms: self.playout.queued_ms() + self.waiting_units / UNITS_PER_MS,
            is_paused: self.playout.is_paused(),
        }
    }

    /// One binary frame: taken whole, or refused whole when it would go over the cap.
    pub(super) fn push(&mut self, format: Format, frame: Bytes) -> Result<(), Refused> {
        if self.is_draining {
            return Ok(());
        }
        self.room()?;
        let added = units(format, frame.len());
        let queued_ms = self.playout.queued_ms() + (self.waiting_units + added) / UNITS_PER_MS;
        if queued_ms > u64::from(self.info.cap_ms) {
            return Err(Refused::Overflow(format!(
                "{queued_ms} ms would be queued, the most allowed is {}",
                self.info.cap_ms
            )));
        }
        self.frames_received = self.frames_received.wrapping_add(1);
        self.waiting_units += added;
        self.waiting.push_back(Item::Audio { format, bytes: frame, taken: 0 });
        Ok(())
    }

    pub(super) fn mark(&mut self, id: String) -> Result<(), Refused> {
        self.room()?;
        self.waiting.push_back(Item::Mark { id, ahead: 0 });
        Ok(())
    }

    pub(super) fn end_of_utterance(&mut self) -> Result<(), Refused> {
        self.room()?;
        self.waiting.push_back(Item::EndOfUtterance);
        Ok(())
    }

    /// Drops all audio that has not been played. Never refused: it only makes room.
    pub(super) fn clear(&mut self) {
        let discarded_ms = self.waiting_units / UNITS_PER_MS;
        self.waiting_units = 0;
        // The other half of a sample cut in two was thrown away.
        self.reader.reset();
        // A mark behind audio that was never played is not reached, however early the clear comes.
        let mut before = 0;
        let units_per_sample = UNITS_PER_MS * 1_000 / u64::from(self.line.rate_hz());
        for item in &mut self.waiting {
            match item {
                Item::Audio { format, bytes, taken } => before += units(*format, bytes.len() - *taken),
                Item::Mark { ahead, .. } => *ahead += before / units_per_sample,
                Item::Clear { .. } => before = 0,
                Item::EndOfUtterance => {}
            }
        }
        self.waiting.retain(|item| matches!(item, Item::Mark { .. } | Item::Clear { .. }));
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(Item::Clear { discarded_ms });
        } else if let Some(Item::Clear { discarded_ms: last }) = self.waiting.back_mut() {
            *last += discarded_ms;
        }
    }

    pub(super) fn pause(&mut self) {
        // The last words are not to be held for ever.
        if !self.is_draining {
            self.playout.pause();
        }
    }

    pub(super) fn resume(&mut self) {
        self.playout.resume();
    }

    /// What is queued is the last: it is played, and nothing more is taken.
    pub(super) fn drain(&mut self) {
        if !self.is_draining {
            self.is_draining = true;
            self.waiting.push_back(Item::EndOfUtterance);
            self.playout.resume();
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Whether, after [`drain`](Self::drain), all has been played.
    pub(super) fn is_drained(&self) -> bool {
        self.is_draining && self.is_empty()
    }

    /// Moves what waits into the ring, as much as one sweep may. Only when the call is answered: positions count
    /// from there.
    pub(super) fn convert(&mut self) -> Result<(), Refused> {
        let mut budget_ms = CONVERT_MS_PER_SWEEP;
        while budget_ms > 0 {
            match self.waiting.pop_front() {
                None => break,
                Some(Item::Mark { id, ahead }) => self.playout.mark_ahead(id, ahead),
                Some(Item::EndOfUtterance) => self.playout.end_of_utterance(),
                Some(Item::Clear { discarded_ms }) => {
                    self.playout.clear();
                    self.discarded_ms.push_back(discarded_ms);
                }
                Some(Item::Audio { format, bytes, taken }) => {
                    let bytes_per_ms = (format.rate_hz() / 1_000) as usize * format.bytes_per_sample();
                    let end = bytes.len().min(taken + budget_ms as usize * bytes_per_ms);
                    budget_ms -= ((end - taken) / bytes_per_ms) as u64;
                    self.waiting_units = self.waiting_units.saturating_sub(units(format, end - taken));
                    let part = bytes.slice(taken..end);
                    if end < bytes.len() {
                        self.waiting.push_front(Item::Audio { format, bytes, taken: end });
                        budget_ms = 0;
                    }
                    self.convert_audio(format, &part)?;
                    budget_ms = budget_ms.saturating_sub(1);
                }
            }
        }
        Ok(())
    }

    /// The next 20 ms for the caller. What is not going to be sent is not played: the ring stands still, but for a clear.
    pub(super) fn tick(&mut self, out: &mut Piece, is_sent: bool) -> Tick {
        if is_sent || self.playout.is_paused() {
            return self.playout.tick(out);
        }
        self.playout.pause();
        let tick = self.playout.tick(out);
        self.playout.resume();
        tick
    }

    /// The next event of the ring.
    pub(super) fn poll_event(&mut self) -> Option<PlayoutEvent> {
        let mut event = self.playout.poll_event()?;
        if let PlayoutEvent::Cleared(cleared) = &mut event {
            cleared.discarded_ms += self.discarded_ms.pop_front().unwrap_or_default();
            // Told by the telephone's clock, whatever the call's codec: bots don't know it.
            cleared.played_samples = cleared.played_samples * 8_000 / u64::from(self.line.rate_hz());
        }
        Some(event)
    }

    /// Whether there is nothing to be played.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.playout.is_idle()
    }

    fn room(&self) -> Result<(), Refused> {
        if self.waiting.len() < WAITING_MAX {
            Ok(())
        } else {
            Err(Refused::Overflow(format!("{WAITING_MAX} messages wait for their turn already")))
        }
    }

    fn convert_audio(&mut self, format: Format, frame: &[u8]) -> Result<(), Refused> {
        let full = |error: audio::Error| Refused::Overflow(error.to_string());
        let (from_hz, to_hz) = (format.rate_hz(), self.line.rate_hz());
        if self.resampler.as_ref().is_none_or(|known| (known.from_hz(), known.to_hz()) != (from_hz, to_hz)) {
            // Formats are validated: the line's rate can be made from each of theirs.
            self.resampler = Resampler::new(from_hz, to_hz).ok();
        }
        let law = law_of(format.encoding()).filter(|_| from_hz == to_hz);
        let mut block = [0; BLOCK];
        match (self.reader.read(format, frame), law) {
            (Audio::Codec(codes), Some(law)) => self.playout.push_codes(law, codes).map_err(full),
            (Audio::Codec(codes), None) => {
                let Some(law) = law_of(format.encoding()) else { return Ok(()) };
                for codes in codes.chunks(BLOCK) {
                    let count = law.decode_slice(codes, &mut block);
                    self.resample(&block[..count]).map_err(full)?;
                }
                Ok(())
            }
            (Audio::L16(mut samples), _) => loop {
                let count = samples.read(&mut block);
                if count == 0 {
                    return Ok(());
                }
                self.resample(&block[..count]).map_err(full)?;
            },
        }
    }

    fn resample(&mut self, block: &[i16]) -> Result<(), audio::Error> {
        let mut resampled = [0; BLOCK * RATIO_MAX];
        let count = match &mut self.resampler {
            Some(resampler) => resampler.process(block, &mut resampled),
            None => 0,
        };
        self.playout.push_samples(&resampled[..count])
    }
}

/// A bot is told how far its audio has got, so often while it is played.
const PROGRESS_MS: u32 = 1_000;

fn config(line: Line, info: PlayoutInfo) -> playout::Config {
    let defaults = match info.mode {
        PlayoutMode::Queue => playout::Config::new(line.rate_hz()),
        PlayoutMode::Live => playout::Config::live(line.rate_hz()),
    };
    playout::Config {
        cap_ms: info.cap_ms,
        xoff_ms: info.xoff_ms,
        xon_ms: info.xon_ms,
        progress_ms: Some(PROGRESS_MS),
        ..defaults
    }
}

#[cfg(test)]
mod tests {
    use audio::g711::Law;
    use audio::playout::{MarkState, PlaybackState};

    use super::*;

    struct Stream {
        format: Format,
        from_bot: FromBot,
    }

    fn stream(encoding: voicebot::Encoding, rate_hz: u32, law: Law, cap_ms: u32) -> Stream {
        let format = Format::new(encoding, rate_hz, 20).unwrap();
        let playout = PlayoutInfo { cap_ms, ..PlayoutInfo::default() };
        Stream { format, from_bot: FromBot::new(Line::Codes(law), playout) }
    }

    impl Stream {
        fn push(&mut self, bytes: impl Into<Bytes>) -> Result<(), Refused> {
            self.from_bot.push(self.format, bytes.into())
        }

        /// Ticks until all is played; returns what went to the caller and the events.
        fn play(&mut self) -> (Vec<u8>, Vec<PlayoutEvent>) {
            let (mut played, mut events) = (Vec::new(), Vec::new());
            for _ in 0..10_000 {
                self.from_bot.convert().unwrap();
                let mut frame = Piece::silence(self.from_bot.line);
                let tick = self.from_bot.tick(&mut frame, true);
                if tick.has_audio() {
                    played.extend_from_slice(frame.codes());
                }
                while let Some(event) = self.from_bot.poll_event() {
                    events.push(event);
                }
                if self.from_bot.waiting.is_empty() && self.from_bot.playout.is_idle() {
                    return (played, events);
                }
            }
            panic!("it never drains");
        }
    }

    #[test]
    fn codec_bytes_pass_untouched_negative_zero_among_them() {
        let mut stream = stream(voicebot::Encoding::Mulaw, 8_000, Law::Mu, 120_000);
        let sent: Vec<u8> = (0..=255).cycle().take(160 * 50).collect();
        for piece in sent.chunks(333) {
            stream.push(Bytes::copy_from_slice(piece)).unwrap();
        }
        stream.from_bot.end_of_utterance().unwrap();
        assert_eq!(stream.play().0, sent);
    }

    #[test]
    fn the_other_law_is_recoded() {
        let mut stream = stream(voicebot::Encoding::Alaw, 8_000, Law::Mu, 120_000);
        let samples: Vec<i16> = (0..1_600).map(|n| (8_000.0 * f64::sin(f64::from(n) / 5.0)) as i16).collect();
        let mut codes = vec![0; samples.len()];
        Law::A.encode_slice(&samples, &mut codes);
        stream.push(Bytes::from(codes)).unwrap();
        stream.from_bot.end_of_utterance().unwrap();
        let (played, _) = stream.play();
        let mut heard = vec![0; played.len()];
        Law::Mu.decode_slice(&played, &mut heard);
        let worst = samples.iter().zip(&heard).map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs()).max();
        assert!(worst.unwrap() < 600, "{worst:?}");
    }

    #[test]
    fn a_burst_of_two_minutes_is_taken_whole_and_one_frame_more_refused_whole() {
        let mut stream = stream(voicebot::Encoding::L16, 16_000, Law::Mu, 120_000);
        stream.push(Bytes::from(vec![0; 120_000 * 32])).unwrap();
        assert!(matches!(stream.push(Bytes::from(vec![0; 640])), Err(Refused::Overflow(_))));
        // The first sweep converts no more than its share.
        stream.from_bot.convert().unwrap();
        assert!(stream.from_bot.playout.queued_ms() <= CONVERT_MS_PER_SWEEP);
        stream.from_bot.mark("end".to_owned()).unwrap();
        stream.from_bot.end_of_utterance().unwrap();
        let (played, events) = stream.play();
        assert_eq!(played.len(), 120_000 * 8);
        assert!(events.iter().any(|event| matches!(
            event,
            PlayoutEvent::Mark(mark) if mark.state == MarkState::Played && mark.pos_ms == 120_000
        )));
    }

    #[test]
    fn odd_bytes_are_carried_over_between_frames() {
        let mut stream = stream(voicebot::Encoding::L16, 8_000, Law::Mu, 120_000);
        let sent: Vec<u8> = (0..640_i16).flat_map(|n| (n * 40).to_le_bytes()).collect();
        for piece in sent.chunks(77) {
            stream.push(Bytes::copy_from_slice(piece)).unwrap();
        }
        stream.from_bot.end_of_utterance().unwrap();
        let mut expected = vec![0; 640];
        let samples: Vec<i16> = (0..640).map(|n| n * 40).collect();
        Law::Mu.encode_slice(&samples, &mut expected);
        assert_eq!(stream.play().0, expected);
    }

    #[test]
    fn a_clear_counts_what_was_still_waiting_too() {
        let mut stream = stream(voicebot::Encoding::L16, 16_000, Law::Mu, 120_000);
        stream.push(Bytes::from(vec![0; 60_000 * 32])).unwrap();
        stream.from_bot.mark("never".to_owned()).unwrap();
        let mut frame = Piece::silence(Line::Codes(Law::Mu));
        for _ in 0..5 {
            stream.from_bot.convert().unwrap();
            stream.from_bot.tick(&mut frame, true);
        }
        stream.from_bot.clear();
        let (_, events) = stream.play();
        let cleared = events
            .iter()
            .find_map(|event| match event {
                PlayoutEvent::Cleared(cleared) => Some(cleared.clone()),
                _ => None,
            })
            .unwrap();
        assert_eq!(cleared.played_ms + cleared.discarded_ms, 60_000, "{cleared:?}");
        assert_eq!(cleared.marks.len(), 1);
        assert!((100..=105).contains(&cleared.played_ms), "{cleared:?}");
    }

    #[test]
    fn a_mark_behind_audio_that_was_never_played_is_not_reached() {
        let mut stream = stream(voicebot::Encoding::L16, 16_000, Law::Mu, 120_000);
        // All before the first sweep: nothing of it has reached the ring.
        stream.from_bot.mark("at once".to_owned()).unwrap();
        stream.push(Bytes::from(vec![0; 32_000])).unwrap();
        stream.from_bot.mark("never".to_owned()).unwrap();
        stream.from_bot.clear();
        stream.push(Bytes::from(vec![0; 3_200])).unwrap();
        stream.from_bot.mark("after".to_owned()).unwrap();
        stream.from_bot.end_of_utterance().unwrap();
        let (_, events) = stream.play();
        let marks: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                PlayoutEvent::Mark(mark) => Some((&*mark.id, mark.state, mark.generation)),
                _ => None,
            })
            .collect();
        let expected =
            [("at once", MarkState::Played, 0), ("never", MarkState::Cleared, 0), ("after", MarkState::Played, 1)];
        assert_eq!(marks, expected);
    }

    #[test]
    fn what_is_not_sent_is_not_played() {
        let mut stream = stream(voicebot::Encoding::Mulaw, 8_000, Law::Mu, 120_000);
        stream.push(Bytes::from(vec![1; 1_600])).unwrap();
        stream.from_bot.mark("end".to_owned()).unwrap();
        stream.from_bot.convert().unwrap();
        let mut frame = Piece::silence(Line::Codes(Law::Mu));
        for _ in 0..50 {
            stream.from_bot.tick(&mut frame, false);
        }
        assert!(
            !std::iter::from_fn(|| stream.from_bot.poll_event()).any(|event| matches!(event, PlayoutEvent::Mark(_)))
        );
        stream.from_bot.end_of_utterance().unwrap();
        assert_eq!(stream.play().0, vec![1; 1_600]);
    }

    #[test]
    fn draining_plays_what_is_there_and_takes_no_more() {
        let mut stream = stream(voicebot::Encoding::Mulaw, 8_000, Law::Mu, 120_000);
        stream.push(Bytes::from(vec![1; 1_600])).unwrap();
        stream.from_bot.drain();
        stream.push(Bytes::from(vec![2; 1_600])).unwrap();
        assert!(!stream.from_bot.is_drained());
        let (played, events) = stream.play();
        assert_eq!(played, vec![1; 1_600]);
        assert!(stream.from_bot.is_drained());
        assert!(events.iter().any(
            |event| matches!(event, PlayoutEvent::Playback(playback) if playback.state == PlaybackState::Drained)
        ));
    }

    #[test]
    fn waiting_commands_are_bounded() {
        let mut stream = stream(voicebot::Encoding::Mulaw, 8_000, Law::Mu, 120_000);
        let refused = (0..WAITING_MAX + 10).filter(|n| stream.from_bot.mark(n.to_string()).is_err()).count();
        assert_eq!(refused, 10);
        stream.from_bot.clear();
        stream.from_bot.clear();
        assert!(stream.from_bot.waiting.len() <= WAITING_MAX);
    }
}
