//! The playout ring of a call: of codes where the call's codec is G.711, so that a bot's codes go onto the line bit by bit,
//! else of samples.

use audio::g711::Law;
use audio::playout::{Config, Pcm16, Playout, PlayoutEvent, Tick};

use super::piece::{Line, Piece};

/// Samples converted at a time.
const BLOCK: usize = 960;

/// See the module.
#[derive(Debug)]
pub(super) enum Ring {
    Codes(Law, Playout<Law>),
    Samples(Playout<Pcm16>),
}

impl Ring {
    /// `config` is for the line's rate.
    pub(super) fn new(line: Line, config: Config) -> Self {
        match line {
            Line::Codes(law) => Self::Codes(law, Playout::new(law, config)),
            Line::Samples { .. } => Self::Samples(Playout::new(Pcm16, config)),
        }
    }

    /// Codes of G.711, of the ring's law or of another; the rate is the ring's.
    pub(super) fn push_codes(&mut self, law: Law, codes: &[u8]) -> Result<(), audio::Error> {
        if let Self::Codes(own, playout) = self
            && *own == law
        {
            return playout.push(codes);
        }
        let mut samples = [0; BLOCK];
        for block in codes.chunks(BLOCK) {
            let count = law.decode_slice(block, &mut samples);
            self.push_samples(&samples[..count])?;
        }
        Ok(())
    }

    /// Samples at the ring's rate.
    pub(super) fn push_samples(&mut self, samples: &[i16]) -> Result<(), audio::Error> {
        match self {
            Self::Codes(law, playout) => {
                let mut codes = [0; BLOCK];
                for block in samples.chunks(BLOCK) {
                    let count = law.encode_slice(block, &mut codes);
                    playout.push(&codes[..count])?;
                }
                Ok(())
            }
            Self::Samples(playout) => playout.push(samples),
        }
    }

    /// The next 20 ms.
    pub(super) fn tick(&mut self, out: &mut Piece) -> Tick {
        match self {
            Self::Codes(_, playout) => playout.tick(out.codes_mut()),
            Self::Samples(playout) => playout.tick(out.samples_mut()),
        }
    }

    pub(super) fn mark_ahead(&mut self, id: String, samples: u64) {
        match self {
            Self::Codes(_, playout) => playout.mark_ahead(id, samples),
            Self::Samples(playout) => playout.mark_ahead(id, samples),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Codes(_, playout) => playout.clear(),
            Self::Samples(playout) => playout.clear(),
        }
    }

    pub(super) fn end_of_utterance(&mut self) {
        match self {
            Self::Codes(_, playout) => playout.end_of_utterance(),
            Self::Samples(playout) => playout.end_of_utterance(),
        }
    }

    pub(super) fn pause(&mut self) {
        match self {
            Self::Codes(_, playout) => playout.pause(),
            Self::Samples(playout) => playout.pause(),
        }
    }

    pub(super) fn resume(&mut self) {
        match self {
            Self::Codes(_, playout) => playout.resume(),
            Self::Samples(playout) => playout.resume(),
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        match self {
            Self::Codes(_, playout) => playout.is_paused(),
            Self::Samples(playout) => playout.is_paused(),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        match self {
            Self::Codes(_, playout) => playout.is_idle(),
            Self::Samples(playout) => playout.is_idle(),
        }
    }

    pub(super) fn queued_ms(&self) -> u64 {
        match self {
            Self::Codes(_, playout) => playout.queued_ms(),
            Self::Samples(playout) => playout.queued_ms(),
        }
    }

    pub(super) fn poll_event(&mut self) -> Option<PlayoutEvent> {
        match self {
            Self::Codes(_, playout) => playout.poll_event(),
            Self::Samples(playout) => playout.poll_event(),
        }
    }
}
