//! Two callers hear each other: one's decoded audio becomes the other's playout.
//!
//! The two calls may live on two threads, so each direction is a bounded queue of samples without a lock ([`rtrb`]): one thread
//! writes, the other reads, neither waits. What does not fit is dropped by the writer. The reader has a playout of its own in live
//! mode: it takes up the jitter of the first network, and what a stall has left behind does not stay as delay.

use audio::playout::{self, live};
use audio::resample::Resampler;
use rtrb::{Consumer, Producer, RingBuffer};

use super::piece::{Line, Piece};
use super::ring::Ring;

/// Most audio on its way between two threads: as much as a loop that was held up makes good for.
const QUEUED_MS_MAX: usize = 500;

/// Audio that is collected before it is played. A packet comes every 20 ms and one leaves every 20 ms: the second packet is there
/// before the first is needed.
const START_MS: u32 = 40;

/// The playout is never so deep that this matters; what is over it is dropped.
const PLAYOUT_MS_MAX: u32 = 2_000;

/// Samples converted at a time, and the largest ratio of two rates: Opus is decoded to what a bot wants.
const BLOCK: usize = 480;
const RATIO_MAX: usize = 6;

/// One call's end of a bridge.
#[derive(Debug)]
pub(crate) struct BridgeEnd {
    rate_hz: u32,
    to_other: Producer<i16>,
    from_other: Consumer<i16>,
}

impl BridgeEnd {
    /// Both ends of a new bridge between calls of these codecs: at the lower rate of the two, so that nothing is made larger
    /// only to be made smaller again.
    pub(crate) fn pair(rates_hz: [u32; 2]) -> [Self; 2] {
        let [one_hz, other_hz] = rates_hz;
        let rate_hz = one_hz.min(other_hz);
        let samples = rate_hz as usize / 1_000 * QUEUED_MS_MAX;
        let (to_other, from_one) = RingBuffer::new(samples);
        let (to_one, from_other) = RingBuffer::new(samples);
        [Self { rate_hz, to_other, from_other }, Self { rate_hz, to_other: to_one, from_other: from_one }]
    }

    /// The way there and the way back, to a telephone on this line.
    pub(super) fn split(self, line: Line) -> (ToOther, FromOther) {
        let Self { rate_hz, to_other, from_other } = self;
        let to_other = ToOther { queue: to_other, rate_hz, from_hz: rate_hz, resampler: None, is_deaf: false };
        (to_other, FromOther::new(from_other, rate_hz, line))
    }
}

/// What the caller says, on its way to the other.
#[derive(Debug)]
pub(super) struct ToOther {
    queue: Producer<i16>,
    rate_hz: u32,
    /// Rate of what comes.
    from_hz: u32,
    resampler: Option<Resampler>,
    /// Silence goes in the place of what the caller says.
    pub(super) is_deaf: bool,
}

impl ToOther {
    /// What comes has this rate from now on.
    pub(super) fn set_rate(&mut self, from_hz: u32) {
        if self.from_hz != from_hz {
            self.from_hz = from_hz;
            self.resampler = Resampler::new(from_hz, self.rate_hz).ok().filter(|_| from_hz != self.rate_hz);
        }
    }

    pub(super) fn push(&mut self, samples: &[i16]) {
        for block in samples.chunks(BLOCK) {
            let mut silence = [0; BLOCK];
            let block = if self.is_deaf { &mut silence[..block.len()] } else { block };
            // The other side is held up, or has left: what does not fit is not heard.
            match &mut self.resampler {
                Some(resampler) => {
                    let mut resampled = [0; BLOCK * RATIO_MAX];
                    let count = resampler.process(block, &mut resampled);
                    let _dropped = self.queue.push_partial_slice(&resampled[..count]);
                }
                None => {
                    let _dropped = self.queue.push_partial_slice(block);
                }
            }
        }
    }
}

/// What the other caller says, on its way to this one.
#[derive(Debug)]
pub(super) struct FromOther {
    queue: Consumer<i16>,
    rate_hz: u32,
    line: Line,
    playout: Ring,
    resampler: Option<Resampler>,
}

impl FromOther {
    fn new(queue: Consumer<i16>, rate_hz: u32, line: Line) -> Self {
        let to_hz = line.rate_hz();
        let live = live::Config { target_ms: START_MS, ..live::Config::default() };
        let config = playout::Config {
            start_ms: START_MS,
            cap_ms: PLAYOUT_MS_MAX,
            xoff_ms: PLAYOUT_MS_MAX,
            xon_ms: 0,
            ..playout::Config::live(to_hz)
        };
        let config = playout::Config { live: Some(live), ..config };
        let resampler = Resampler::new(rate_hz, to_hz).ok().filter(|_| rate_hz != to_hz);
        Self { queue, rate_hz, line, playout: Ring::new(line, config), resampler }
    }

    /// SDP has settled the codec anew.
    pub(super) fn settle(self, line: Line) -> Self {
        if self.line == line { self } else { Self::new(self.queue, self.rate_hz, line) }
    }

    /// The next 20 ms for the caller. The answer is whether there is anything to be heard.
    pub(super) fn fill(&mut self, out: &mut Piece) -> bool {
        loop {
            let mut block = [0; BLOCK];
            let (block, _) = self.queue.pop_partial_slice(&mut block);
            if block.is_empty() {
                break;
            }
            // Over the cap it is not heard.
            let _outcome = match &mut self.resampler {
                Some(resampler) => {
                    let mut resampled = [0; BLOCK * RATIO_MAX];
                    let count = resampler.process(block, &mut resampled);
                    self.playout.push_samples(&resampled[..count])
                }
                None => self.playout.push_samples(block),
            };
        }
        let has_audio = self.playout.tick(out).has_audio();
        while self.playout.poll_event().is_some() {}
        has_audio
    }
}

#[cfg(test)]
mod tests {
    use audio::g711::Law;
    use audio::level::dbfs;
    use audio::measure::goertzel_dbfs;
    use audio::tone::Tone;

    use super::*;

    /// What comes out at the end of `line` of a tone that goes in at `from_hz`, in samples of the line.
    fn through(from_hz: u32, line: Line, rounds: usize) -> Vec<i16> {
        let [one, other] = BridgeEnd::pair([from_hz.min(16_000), line.rate_hz()]);
        let (mut to_other, _) = one.split(Line::Codes(Law::Mu));
        let (_, mut from_other) = other.split(line);
        to_other.set_rate(from_hz);
        let mut tone = Tone::sine(from_hz, 440.0, -20.0);
        let mut heard = Vec::new();
        for _ in 0..rounds {
            let mut samples = vec![0; from_hz as usize / 50];
            tone.fill(&mut samples);
            to_other.push(&samples);
            let mut piece = Piece::silence(line);
            from_other.fill(&mut piece);
            heard.extend_from_slice(piece.samples());
        }
        heard
    }

    #[test]
    fn a_tone_goes_through_between_all_codecs_at_its_level() {
        for from_hz in [8_000, 16_000, 24_000, 48_000] {
            for line in [Line::Codes(Law::Mu), Line::Codes(Law::A), Line::Samples { rate_hz: 16_000 }] {
                let heard = through(from_hz, line, 100);
                let first = heard.iter().position(|sample| sample.unsigned_abs() > 100).unwrap();
                assert!(first <= line.rate_hz() as usize / 25, "{from_hz} {line:?}: silent for {first} samples");
                let second = &heard[line.rate_hz() as usize..];
                let (level, tone) = (dbfs(second), goertzel_dbfs(second, line.rate_hz(), 440.0));
                assert!((level + 20.0).abs() < 0.5 && (level - tone).abs() < 0.5, "{from_hz} {line:?}: {level} {tone}");
            }
        }
    }

    #[test]
    fn who_is_deaf_says_silence_and_the_clock_goes_on() {
        let [one, other] = BridgeEnd::pair([8_000, 8_000]);
        let (mut to_other, _) = one.split(Line::Codes(Law::Mu));
        let (_, mut from_other) = other.split(Line::Samples { rate_hz: 8_000 });
        to_other.is_deaf = true;
        let mut piece = Piece::silence(Line::Samples { rate_hz: 8_000 });
        for round in 0..50 {
            to_other.push(&[9_000; 160]);
            let has_audio = from_other.fill(&mut piece);
            assert!(has_audio || round < 2);
            assert!(piece.samples().iter().all(|sample| *sample == 0));
        }
    }

    #[test]
    fn a_reader_that_was_held_up_is_given_the_present_soon_and_the_writer_never_waits() {
        let [one, other] = BridgeEnd::pair([8_000, 8_000]);
        let (mut to_other, _) = one.split(Line::Codes(Law::Mu));
        let line = Line::Samples { rate_hz: 8_000 };
        let (_, mut from_other) = other.split(line);
        let mut tone = Tone::sine(8_000, 440.0, -20.0);
        let mut say = |to_other: &mut ToOther| {
            let mut samples = [0; 160];
            tone.fill(&mut samples);
            to_other.push(&samples);
        };
        // Three seconds, of which the queue has room for the first half.
        (0..150).for_each(|_| say(&mut to_other));
        let mut piece = Piece::silence(line);
        let mut depths = Vec::new();
        for _ in 0..500 {
            say(&mut to_other);
            from_other.fill(&mut piece);
            depths.push(from_other.playout.queued_ms());
        }
        assert!(depths[0] >= QUEUED_MS_MAX as u64 - 40, "{}", depths[0]);
        assert!(*depths.last().unwrap() <= 120, "{depths:?}");
    }

    #[test]
    fn when_the_other_has_left_there_is_silence() {
        let [one, other] = BridgeEnd::pair([16_000, 8_000]);
        drop(one);
        let (mut to_other, mut from_other) = other.split(Line::Codes(Law::A));
        to_other.push(&[1_000; 160]);
        assert!(!from_other.fill(&mut Piece::silence(Line::Codes(Law::A))));
    }
}
