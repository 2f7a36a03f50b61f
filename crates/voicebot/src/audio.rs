//! Audio of binary frames: whole samples out of frames that may be cut anywhere.

use crate::format::{Encoding, Format};

/// The whole samples of one binary frame. What is left over of a cut sample comes with the next frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audio<'a> {
    /// L16: samples to be read in blocks.
    L16(L16Samples<'a>),
    /// µ-law or A-law, one byte a sample, as it came.
    Codec(&'a [u8]),
}

impl Audio<'_> {
    /// Samples in it, of the stream's rate.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::L16(samples) => samples.len(),
            Self::Codec(bytes) => bytes.len(),
        }
    }

    /// Whether no whole sample is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Little-endian samples that borrow the frame they came in: nothing is copied until they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct L16Samples<'a> {
    /// The sample cut in two by the border between the last frame and this one.
    first: Option<i16>,
    rest: &'a [u8],
}

impl L16Samples<'_> {
    /// Samples still to be read.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rest.len() / 2 + if self.first.is_some() { 1 } else { 0 }
    }

    /// Whether all are read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the next samples into `block`; returns how many, fewer than `block` holds only at the end.
    pub fn read(&mut self, block: &mut [i16]) -> usize {
        let mut count = 0;
        for (slot, sample) in block.iter_mut().zip(self) {
            *slot = sample;
            count += 1;
        }
        count
    }
}

impl Iterator for L16Samples<'_> {
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let (sample, rest) = self.rest.split_first_chunk::<2>()?;
        self.rest = rest;
        Some(i16::from_le_bytes(*sample))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for L16Samples<'_> {}

/// Finds the samples in a row of frames; keeps at most the first half of one sample. The format may change from frame to
/// frame: a half sample is then forgotten.
#[derive(Debug, Clone, Copy, Default)]
pub struct AudioReader {
    format: Option<Format>,
    half: Option<u8>,
}

impl AudioReader {
    /// The whole samples of (a part of) a frame. An odd byte at the end is kept for the next.
    pub fn read<'a>(&mut self, format: Format, frame: &'a [u8]) -> Audio<'a> {
        if self.format.replace(format) != Some(format) {
            self.half = None;
        }
        if format.encoding() != Encoding::L16 {
            return Audio::Codec(frame);
        }
        let (first, rest) = match (self.half, frame.split_first()) {
            (Some(low), Some((&high, rest))) => {
                self.half = None;
                (Some(i16::from_le_bytes([low, high])), rest)
            }
            _ => (None, frame),
        };
        let (pairs, left) = rest.split_at(rest.len() & !1);
        if let [odd] = left {
            self.half = Some(*odd);
        }
        Audio::L16(L16Samples { first, rest: pairs })
    }

    /// Forgets the half sample.
    pub fn reset(&mut self) {
        self.half = None;
    }
}
