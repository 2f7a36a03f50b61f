//! The quadrature mirror filters that split 16 kHz audio into two bands and join them again (G.722 §3.1, §4.4).

/// Every second of the filter's 24 taps, in 8,192ths (G.722 table 11); the others are these in reverse order.
const TAPS: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

const PAIRS: usize = TAPS.len();

/// The latest pairs of samples, newest last. Kept twice, so that the latest [`PAIRS`] always lie in a row.
#[derive(Debug, Clone, Default)]
struct Line {
    pairs: [[i32; 2]; 2 * PAIRS],
    at: usize,
}

impl Line {
    fn push(&mut self, pair: [i32; 2]) -> &[[i32; 2]] {
        self.pairs[self.at] = pair;
        self.pairs[self.at + PAIRS] = pair;
        self.at = (self.at + 1) % PAIRS;
        &self.pairs[self.at..self.at + PAIRS]
    }
}

/// Sums of the filter's two phases: over the older and over the newer sample of each pair.
fn phases(pairs: &[[i32; 2]]) -> (i32, i32) {
    let (mut older, mut newer) = (0, 0);
    for (index, pair) in pairs.iter().enumerate() {
        older += pair[0] * TAPS[index];
        newer += pair[1] * TAPS[PAIRS - 1 - index];
    }
    (older, newer)
}

/// Splits.
#[derive(Debug, Clone, Default)]
pub(super) struct Analysis(Line);

impl Analysis {
    /// The next sample of the lower and of the higher band, each at half the input's level.
    pub(super) fn split(&mut self, first: i16, second: i16) -> (i16, i16) {
        let (older, newer) = phases(self.0.push([first.into(), second.into()]));
        (limit((newer + older) >> 14), limit((newer - older) >> 14))
    }
}

/// Joins.
#[derive(Debug, Clone, Default)]
pub(super) struct Synthesis(Line);

impl Synthesis {
    /// The next two samples from the next of each band.
    pub(super) fn join(&mut self, low: i16, high: i16) -> [i16; 2] {
        let (low, high) = (i32::from(low), i32::from(high));
        let (second, first) = phases(self.0.push([low + high, low - high]));
        [clip(first >> 11), clip(second >> 11)]
    }
}

/// To 16 bits, saturating.
pub(super) fn clip(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// To 15 bits, saturating: what both bands and their reconstruction have (LIMIT).
pub(super) fn limit(value: i32) -> i16 {
    value.clamp(-16_384, 16_383) as i16
}
