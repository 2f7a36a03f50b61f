//! Tones that are told apart when they come out at the other end.

use std::f64::consts::TAU;

use audio::tone::Tone;

/// Length of the pieces that are looked at, in ms.
pub const PIECE_MS: u64 = 20;

/// Share of a piece's energy that has to be at the tone's frequency.
const PURITY_MIN: f64 = 0.8;

/// Weakest amplitude that counts as sound.
const AMPLITUDE_MIN: f64 = 800.0;

/// A sine of this length at -10 dBFS.
pub fn tone(rate_hz: u32, frequency_hz: f64, duration_ms: u64) -> Vec<i16> {
    let mut samples = vec![0; (u64::from(rate_hz) * duration_ms / 1_000) as usize];
    Tone::sine(rate_hz, frequency_hz, -10.0).fill(&mut samples);
    samples
}

/// For each piece, whether it is this tone.
pub fn pieces(samples: &[i16], rate_hz: u32, frequency_hz: f64) -> Vec<bool> {
    let length = (u64::from(rate_hz) * PIECE_MS / 1_000) as usize;
    samples.chunks_exact(length).map(|piece| is_tone(piece, rate_hz, frequency_hz)).collect()
}

/// How much of it is this tone, in ms.
pub fn tone_ms(samples: &[i16], rate_hz: u32, frequency_hz: f64) -> u64 {
    pieces(samples, rate_hz, frequency_hz).iter().filter(|is_tone| **is_tone).count() as u64 * PIECE_MS
}

fn is_tone(piece: &[i16], rate_hz: u32, frequency_hz: f64) -> bool {
    let (mut real, mut imaginary, mut energy) = (0.0, 0.0, 0.0);
    for (n, sample) in piece.iter().enumerate() {
        let (sample, angle) = (f64::from(*sample), TAU * frequency_hz * n as f64 / f64::from(rate_hz));
        real += sample * angle.cos();
        imaginary += sample * angle.sin();
        energy += sample * sample;
    }
    let count = piece.len() as f64;
    let amplitude = 2.0 * real.hypot(imaginary) / count;
    // A pure sine of this amplitude has this energy.
    amplitude > AMPLITUDE_MIN && amplitude * amplitude / 2.0 * count >= PURITY_MIN * energy
}
