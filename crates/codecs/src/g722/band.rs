//! One band's coder: a predictor with two poles and six zeros, an adaptive quantizer, and their adaptation (G.722 §3.2-3.6, §6.2).
//!
//! All values are 16 bits wide and kept in 32: sums saturate, products keep their upper bits. In the recommendation's names: `zeros` is B,
//! `poles` A, `differences` D, `partials` P, `reconstructed` R.

use super::qmf::{clip, limit};
use super::tables::{
    HIGH_DECISION, HIGH_OUTPUTS, HIGH_STEPS, LOW_CODES_NEGATIVE, LOW_CODES_POSITIVE, LOW_DECISIONS, LOW_OUTPUTS_4_BIT,
    LOW_OUTPUTS_6_BIT, LOW_STEPS, POWERS,
};

/// Largest logarithmic scale factors of the two bands.
const LOW_LOG_SCALE_MAX: i32 = 18_432;
const HIGH_LOG_SCALE_MAX: i32 = 22_528;

#[derive(Debug, Clone)]
pub(super) struct Band {
    /// Scale factor of the quantizer, and its logarithm.
    scale: i32,
    log_scale: i32,
    /// Predicted value, and the zeros' part of it.
    prediction: i32,
    prediction_zeros: i32,
    zeros: [i32; 6],
    poles: [i32; 2],
    /// Quantized differences, the newest first.
    differences: [i32; 6],
    /// Partially reconstructed values: only their signs are used.
    partials: [i32; 2],
    /// The reconstructed value before.
    reconstructed: i32,
}

impl Band {
    pub(super) fn low() -> Self {
        Self::new(32)
    }

    pub(super) fn high() -> Self {
        Self::new(8)
    }

    fn new(scale: i32) -> Self {
        Self {
            scale,
            log_scale: 0,
            prediction: 0,
            prediction_zeros: 0,
            zeros: [0; 6],
            poles: [0; 2],
            differences: [0; 6],
            partials: [0; 2],
            reconstructed: 0,
        }
    }

    /// The lower band's next sample to its six bits.
    pub(super) fn encode_low(&mut self, sample: i16) -> u8 {
        let difference = saturate(i32::from(sample) - self.prediction);
        let magnitude = if difference < 0 { !difference } else { difference };
        let interval = LOW_DECISIONS.partition_point(|level| (level * self.scale) >> 12 <= magnitude);
        let code = if difference < 0 { LOW_CODES_NEGATIVE[interval] } else { LOW_CODES_POSITIVE[interval] };
        self.adapt_low(code);
        code
    }

    /// The lower band's next six bits to its sample.
    pub(super) fn decode_low(&mut self, code: u8) -> i16 {
        let difference = product(self.scale, LOW_OUTPUTS_6_BIT[usize::from(code & 0x3f)]);
        let sample = limit(self.prediction + difference);
        self.adapt_low(code);
        sample
    }

    /// The higher band's next sample to its two bits.
    pub(super) fn encode_high(&mut self, sample: i16) -> u8 {
        let difference = saturate(i32::from(sample) - self.prediction);
        let magnitude = if difference < 0 { !difference } else { difference };
        let is_outer = magnitude >= (HIGH_DECISION * self.scale) >> 12;
        let code = match (difference < 0, is_outer) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        self.adapt_high(code);
        code
    }

    /// The higher band's next two bits to its sample.
    pub(super) fn decode_high(&mut self, code: u8) -> i16 {
        let difference = product(self.scale, HIGH_OUTPUTS[usize::from(code & 3)]);
        let sample = limit(self.prediction + difference);
        self.adapt_high(code);
        sample
    }

    fn adapt_low(&mut self, code: u8) {
        let code = usize::from(code >> 2 & 0xf);
        let difference = product(self.scale, LOW_OUTPUTS_4_BIT[code]);
        self.log_scale = (((self.log_scale * 127) >> 7) + LOW_STEPS[code]).clamp(0, LOW_LOG_SCALE_MAX);
        self.scale = linear(self.log_scale, 8);
        self.predict(difference);
    }

    fn adapt_high(&mut self, code: u8) {
        let code = usize::from(code & 3);
        let difference = product(self.scale, HIGH_OUTPUTS[code]);
        self.log_scale = (((self.log_scale * 127) >> 7) + HIGH_STEPS[code]).clamp(0, HIGH_LOG_SCALE_MAX);
        self.scale = linear(self.log_scale, 10);
        self.predict(difference);
    }

    /// Block 4 of the recommendation: takes the quantized difference and predicts the next value.
    fn predict(&mut self, difference: i32) {
        let reconstructed = saturate(self.prediction + difference);
        let partial = saturate(self.prediction_zeros + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);

        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.partials = [partial, self.partials[0]];
        let poles = saturate(
            product(self.poles[0], saturate(2 * reconstructed))
                + product(self.poles[1], saturate(2 * self.reconstructed)),
        );
        self.reconstructed = reconstructed;
        self.prediction_zeros = 0;
        for (zero, past) in self.zeros.iter().zip(&self.differences).rev() {
            self.prediction_zeros = saturate(self.prediction_zeros + product(*zero, saturate(2 * past)));
        }
        self.prediction = saturate(poles + self.prediction_zeros);
    }

    /// UPPOL1 and UPPOL2: a step by signs, a leak, and the bounds that keep the filter stable.
    fn adapt_poles(&mut self, partial: i32) {
        let [first, second] = self.poles;
        let is_like = |past: i32| (partial < 0) == (past < 0);
        let toward = saturate(4 * first);
        let toward = if is_like(self.partials[0]) { saturate(-toward) } else { toward };
        let step = (toward >> 7) + if is_like(self.partials[1]) { 128 } else { -128 };
        let second = saturate(step + product(second, 32_512)).clamp(-12_288, 12_288);
        let step = if is_like(self.partials[0]) { 192 } else { -192 };
        let bound = 15_360 - second;
        let first = saturate(step + product(first, 32_640)).clamp(-bound, bound);
        self.poles = [first, second];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self, difference: i32) {
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, past) in self.zeros.iter_mut().zip(&self.differences) {
            let step = if (difference < 0) == (*past < 0) { step } else { -step };
            *zero = saturate(step + product(*zero, 32_640));
        }
    }
}

/// SCALEL and SCALEH: two to the power of the logarithm, with as many bits shifted out as `shift` says.
fn linear(log_scale: i32, shift: i32) -> i32 {
    let power = POWERS[(log_scale >> 6 & 31) as usize];
    let shift = shift - (log_scale >> 11);
    (if shift < 0 { power << -shift } else { power >> shift }) << 2
}

/// The upper bits of a product, as the recommendation's multiplication leaves them.
fn product(a: i32, b: i32) -> i32 {
    (a * b) >> 15
}

fn saturate(value: i32) -> i32 {
    clip(value).into()
}
