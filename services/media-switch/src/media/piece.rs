//! What goes to the telephone, 20 ms at a time, before it is a payload.

use audio::g711::Law;

use super::coding::PACKETS_PER_SECOND;

/// Codes in 20 ms, and samples at the highest rate of a [`Line`].
const CODES: usize = 160;
const SAMPLES_MAX: usize = 320;

/// What a piece is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// G.711: its codes go onto the line bit by bit.
    Codes(Law),
    /// Samples that a codec encodes; at most 16,000 a second.
    Samples { rate_hz: u32 },
}

impl Line {
    pub(super) fn rate_hz(self) -> u32 {
        match self {
            Self::Codes(_) => 8_000,
            Self::Samples { rate_hz } => rate_hz,
        }
    }
}

/// 20 ms toward the telephone.
#[derive(Debug)]
pub(super) struct Piece {
    line: Line,
    codes: [u8; CODES],
    samples: [i16; SAMPLES_MAX],
}

impl Piece {
    pub(super) fn silence(line: Line) -> Self {
        let code = match line {
            Line::Codes(law) => law.silence(),
            Line::Samples { .. } => 0,
        };
        Self { line, codes: [code; CODES], samples: [0; SAMPLES_MAX] }
    }

    /// Nothing of it is heard.
    pub(super) fn silence_all(&mut self) {
        *self = Self::silence(self.line);
    }

    /// G.711's codes; nothing when it is made of samples.
    pub(super) fn codes(&self) -> &[u8] {
        match self.line {
            Line::Codes(_) => &self.codes,
            Line::Samples { .. } => &[],
        }
    }

    pub(super) fn codes_mut(&mut self) -> &mut [u8] {
        match self.line {
            Line::Codes(_) => &mut self.codes,
            Line::Samples { .. } => &mut [],
        }
    }

    pub(super) fn rate_hz(&self) -> u32 {
        self.line.rate_hz()
    }

    fn len(&self) -> usize {
        (self.rate_hz() / PACKETS_PER_SECOND) as usize
    }

    /// Its samples, at [`rate_hz`](Self::rate_hz): as they are, or decoded from its codes.
    pub(super) fn samples(&mut self) -> &[i16] {
        let len = self.len().min(SAMPLES_MAX);
        if let Line::Codes(law) = self.line {
            law.decode_slice(&self.codes, &mut self.samples);
        }
        &self.samples[..len]
    }

    /// The place of its samples, when it is made of them; nothing when it is made of codes.
    pub(super) fn samples_mut(&mut self) -> &mut [i16] {
        let len = self.len().min(SAMPLES_MAX);
        match self.line {
            Line::Codes(_) => &mut [],
            Line::Samples { .. } => &mut self.samples[..len],
        }
    }

    /// Lets `make` change or overwrite the samples, whatever it is made of.
    pub(super) fn change(&mut self, make: impl FnOnce(&mut [i16])) {
        let len = self.len().min(SAMPLES_MAX);
        if let Line::Codes(law) = self.line {
            law.decode_slice(&self.codes, &mut self.samples);
        }
        make(&mut self.samples[..len]);
        if let Line::Codes(law) = self.line {
            law.encode_slice(&self.samples[..len], &mut self.codes);
        }
    }
}
