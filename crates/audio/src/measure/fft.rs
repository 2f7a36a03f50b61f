//! Cross-correlation by a radix-2 FFT: a recording of seconds against a window of half a second is too much the direct way.

use std::f64::consts::TAU;

#[derive(Debug, Clone, Copy, Default)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

/// Correlates signals of up to a certain length.
pub(super) struct Correlator {
    root: Vec<Complex>,
}

impl Correlator {
    /// For a piece and a recording of at most `len` samples together.
    pub(super) fn new(len: usize) -> Self {
        let len = len.next_power_of_two().max(2);
        let root = (0..len / 2)
            .map(|k| {
                let angle = -TAU * k as f64 / len as f64;
                Complex { re: angle.cos(), im: angle.sin() }
            })
            .collect();
        Self { root }
    }

    /// `sum over n of piece[n] * heard[n + lag]` for every lag from 0 to `heard.len() - 1`.
    pub(super) fn correlate(&self, piece: &[i16], heard: &[i16]) -> Vec<f64> {
        let len = self.root.len() * 2;
        debug_assert!(piece.len() + heard.len() <= len);
        // Both signals are real: one transform does for two, the second in the imaginary part.
        let mut both = vec![Complex::default(); len];
        for (place, &sample) in both.iter_mut().zip(heard) {
            place.re = f64::from(sample);
        }
        for (place, &sample) in both.iter_mut().zip(piece) {
            place.im = f64::from(sample);
        }
        transform(&mut both, &self.root);
        // With Z = H + iP: H = (Z[k] + conj Z[-k]) / 2, P = (Z[k] - conj Z[-k]) / 2i. The correlation's spectrum is H * conj P;
        // its inverse transform is the conjugate of the transform of its conjugate.
        let mut product: Vec<Complex> = (0..len)
            .map(|k| {
                let z = both[k];
                let mirror = both[(len - k) % len];
                let heard = Complex { re: (z.re + mirror.re) / 2.0, im: (z.im - mirror.im) / 2.0 };
                let piece = Complex { re: (z.im + mirror.im) / 2.0, im: (mirror.re - z.re) / 2.0 };
                let spectrum = heard.times(Complex { re: piece.re, im: -piece.im });
                Complex { re: spectrum.re, im: -spectrum.im }
            })
            .collect();
        transform(&mut product, &self.root);
        product.iter().take(heard.len()).map(|value| value.re / len as f64).collect()
    }
}

/// In place, decimation in time. `values.len()` is a power of two and `root` holds half as many roots of unity.
fn transform(values: &mut [Complex], root: &[Complex]) {
    let len = values.len();
    let bits = len.trailing_zeros();
    if bits == 0 {
        return;
    }
    for index in 0..len {
        let reversed = index.reverse_bits() >> (usize::BITS - bits);
        if index < reversed {
            values.swap(index, reversed);
        }
    }
    let mut half = 1;
    while half < len {
        let root_step = len / (2 * half);
        for group in values.chunks_exact_mut(2 * half) {
            let (low, high) = group.split_at_mut(half);
            for (index, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let turned = b.times(root[index * root_step]);
                *b = Complex { re: a.re - turned.re, im: a.im - turned.im };
                *a = Complex { re: a.re + turned.re, im: a.im + turned.im };
            }
        }
        half *= 2;
    }
}
