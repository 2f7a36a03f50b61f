//! What a playout ring must know about its samples: how silence looks and how to fade.

use std::fmt::Debug;

use crate::g711::Law;

/// The unit of a playout ring. Samples are moved, never changed, but for the fade at a clear.
pub trait Format: Debug {
    /// One sample of one channel.
    type Sample: Copy + Debug + PartialEq;

    /// The sample of silence.
    fn silence(&self) -> Self::Sample;

    /// A sample at `gain`, 0.0 to 1.0, of its amplitude.
    fn scale(&self, sample: Self::Sample, gain: f32) -> Self::Sample;
}

/// G.711 codes, one byte a sample: what the other side sent goes onto the line bit by bit.
impl Format for Law {
    type Sample = u8;

    fn silence(&self) -> u8 {
        Law::silence(*self)
    }

    fn scale(&self, sample: u8, gain: f32) -> u8 {
        self.encode((f32::from(self.decode(sample)) * gain) as i16)
    }
}

/// Linear 16-bit samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pcm16;

impl Format for Pcm16 {
    type Sample = i16;

    fn silence(&self) -> i16 {
        0
    }

    fn scale(&self, sample: i16, gain: f32) -> i16 {
        (f32::from(sample) * gain) as i16
    }
}
