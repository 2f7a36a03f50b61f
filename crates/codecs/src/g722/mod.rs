//! G.722 at 64 kbit/s (ITU-T G.722, mode 1): 16 kHz audio in two bands of 8 kHz, each coded by adaptive differential PCM.
//!
//! The arithmetic is the recommendation's: 16-bit, saturating, each product cut to its upper bits. So the codes are the same, bit by bit,
//! as any other conforming implementation's. One byte carries two samples: six bits of the lower band, two of the higher.

mod band;
mod qmf;
mod tables;

use band::Band;
use qmf::{Analysis, Synthesis};

/// Samples of 16 kHz audio in one byte.
pub const SAMPLES_PER_BYTE: usize = 2;

/// Codes one stream.
#[derive(Debug, Clone)]
pub struct Encoder {
    filter: Analysis,
    low: Band,
    high: Band,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { filter: Analysis::default(), low: Band::low(), high: Band::high() }
    }
}

impl Encoder {
    /// Codes as many pairs of samples as both slices hold; returns the bytes written. An odd last sample is left out.
    pub fn encode(&mut self, samples: &[i16], codes: &mut [u8]) -> usize {
        let mut count = 0;
        for (code, pair) in codes.iter_mut().zip(samples.chunks_exact(SAMPLES_PER_BYTE)) {
            let (low, high) = self.filter.split(pair[0], pair[1]);
            *code = self.high.encode_high(high) << 6 | self.low.encode_low(low);
            count += 1;
        }
        count
    }
}

/// Decodes one stream.
#[derive(Debug, Clone)]
pub struct Decoder {
    filter: Synthesis,
    low: Band,
    high: Band,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { filter: Synthesis::default(), low: Band::low(), high: Band::high() }
    }
}

impl Decoder {
    /// Decodes as many bytes as there is room for; returns the samples written, two a byte.
    pub fn decode(&mut self, codes: &[u8], samples: &mut [i16]) -> usize {
        let mut count = 0;
        for (&code, pair) in codes.iter().zip(samples.chunks_exact_mut(SAMPLES_PER_BYTE)) {
            let low = self.low.decode_low(code & 0x3f);
            let high = self.high.decode_high(code >> 6);
            [pair[0], pair[1]] = self.filter.join(low, high);
            count += SAMPLES_PER_BYTE;
        }
        count
    }
}
