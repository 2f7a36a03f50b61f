//! How audio may go on: its short-term predictor, driven by the latest pitch period of its residual.

use super::samples;
use crate::lpc::{autocorrelate, levinson};

/// Shortest and longest pitch period looked for: 400 to 60 Hz.
const PITCH_US_MIN: u32 = 2_500;
const PITCH_US_MAX: u32 = 16_600;

/// Audio compared when looking for the pitch, and analysed for the predictor.
const MATCH_US: u32 = 16_000;
const ANALYSIS_US: u32 = 20_000;

/// Residual from which noise is drawn.
const NOISE_US: u32 = 10_000;

/// Likeness of neighbouring periods below which a sound is all noise, and above which it is all voice.
const UNVOICED: f32 = 0.3;
const VOICED: f32 = 0.7;

/// Noise among what goes on, against the residual's own level: less is heard as less wrong.
const NOISE_GAIN: f32 = 0.5;

/// A shorter period that is nearly as like is the real one: its multiples always are.
const SHORTER_IS_BETTER: f32 = 0.85;

/// Bits of a sample's magnitude that are used to find the pitch.
const PITCH_BITS: u32 = 10;

const ORDER_MAX: usize = 18;
/// Samples of the history at 48 kHz.
const HISTORY_MAX: usize = 2_160;
/// Samples of [`ANALYSIS_US`] at 48 kHz.
const ANALYSIS_MAX: usize = 960;

/// One piece of audio going on.
#[derive(Debug, Clone)]
pub(super) struct Extension {
    rate_hz: u32,
    order: usize,
    /// The predictor: each sample is the residual less these times the samples before, the latest first.
    coefficients: [f32; ORDER_MAX],
    /// The latest samples, the latest first.
    memory: [f32; ORDER_MAX],
    /// The latest residual, oldest first, and how much of it is there.
    residual: Box<[f32]>,
    residual_len: usize,
    pitch: usize,
    /// 0 to 1.
    voicing: f32,
    produced: usize,
    random: u32,
}

impl Extension {
    pub(super) fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz,
            order: if rate_hz <= 8_000 { 12 } else { ORDER_MAX },
            coefficients: [0.0; ORDER_MAX],
            memory: [0.0; ORDER_MAX],
            residual: vec![0.0; samples(rate_hz, PITCH_US_MAX) + 1].into_boxed_slice(),
            residual_len: 1,
            pitch: 1,
            voicing: 0.0,
            produced: 0,
            random: 1,
        }
    }

    /// Begins after `audio`, at least 5 ms, whose end is the latest.
    pub(super) fn start(&mut self, audio: &[i16]) {
        self.analyse(audio);
        let order = self.order;
        let count = self.residual.len().min(audio.len().saturating_sub(order)).max(1);
        for (index, residual) in self.residual[..count].iter_mut().enumerate() {
            let at = audio.len() - count + index;
            let past = audio[at.saturating_sub(order)..at].iter().rev();
            let predicted: f32 = self.coefficients.iter().zip(past).map(|(a, &x)| a * f32::from(x)).sum();
            *residual = f32::from(audio[at]) + predicted;
        }
        self.residual_len = count;
        self.memory = [0.0; ORDER_MAX];
        for (memory, &sample) in self.memory[..order].iter_mut().zip(audio.iter().rev()) {
            *memory = sample.into();
        }
        let (pitch, likeness) = find_pitch(audio, self.rate_hz, count);
        self.pitch = pitch;
        self.voicing = ((likeness - UNVOICED) / (VOICED - UNVOICED)).clamp(0.0, 1.0);
        self.produced = 0;
    }

    /// The next sample.
    pub(super) fn next(&mut self) -> f32 {
        let residual = &self.residual[..self.residual_len];
        let mut excitation = residual[self.residual_len - self.pitch + self.produced % self.pitch];
        self.produced = self.produced.wrapping_add(1);
        if self.voicing < 1.0 {
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let among = samples(self.rate_hz, NOISE_US).min(residual.len());
            let drawn = residual[residual.len() - 1 - (self.random >> 16) as usize % among];
            let noise = if self.random & 0x8000 == 0 { drawn } else { -drawn };
            excitation = self.voicing.sqrt() * excitation + (1.0 - self.voicing).sqrt() * noise * NOISE_GAIN;
        }
        let predicted: f32 = self.coefficients.iter().zip(&self.memory).map(|(a, x)| a * x).sum();
        let sample = (excitation - predicted).clamp(-32_768.0, 32_767.0);
        self.memory.copy_within(..ORDER_MAX - 1, 1);
        self.memory[0] = sample;
        sample
    }

    /// The predictor of the latest audio: autocorrelation of a window that rises to the present, and Levinson's and Durbin's recursion.
    fn analyse(&mut self, audio: &[i16]) {
        let len = samples(self.rate_hz, ANALYSIS_US).min(ANALYSIS_MAX).min(audio.len());
        let tail = (len / 10).max(4);
        let mut windowed = [0.0; ANALYSIS_MAX];
        for (index, (to, &from)) in windowed.iter_mut().zip(&audio[audio.len() - len..]).enumerate() {
            let quarter = std::f32::consts::FRAC_PI_2;
            let mut weight = (quarter * (index as f32 + 0.5) / len as f32).sin();
            if let Some(within) = index.checked_sub(len.saturating_sub(tail)) {
                weight *= (quarter * (within as f32 + 0.5) / tail as f32).cos();
            }
            *to = f32::from(from) * weight;
        }
        let mut correlation = [0.0f32; ORDER_MAX + 1];
        let correlation = &mut correlation[..=self.order];
        autocorrelate(&windowed[..len], correlation);
        for (lag, sum) in correlation.iter_mut().enumerate() {
            // 40 Hz of widening, and a floor 40 dB down: no resonance is sharper than a voice's.
            let phase = std::f32::consts::TAU * 40.0 / self.rate_hz as f32 * lag as f32;
            *sum *= (-0.5 * phase * phase).exp();
        }
        correlation[0] = correlation[0] * 1.0001 + 1.0;
        let mut reflections = [0.0; ORDER_MAX];
        levinson(correlation, &mut self.coefficients, &mut reflections);
    }
}

/// The lag, at most `lag_max`, at which the latest audio resembles itself most, and how much: 1 is the same.
fn find_pitch(audio: &[i16], rate_hz: u32, lag_max: usize) -> (usize, f32) {
    // Few enough bits that sums of products fit 32: the compiler then has instructions for many at once.
    let audio = &audio[audio.len().saturating_sub(HISTORY_MAX)..];
    let peak = audio.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default();
    let shift = (u16::BITS - peak.leading_zeros()).saturating_sub(PITCH_BITS);
    let mut coarse = [0i16; HISTORY_MAX];
    for (to, from) in coarse.iter_mut().zip(audio) {
        *to = from >> shift;
    }
    let audio = &coarse[..audio.len()];

    let lag_min = samples(rate_hz, PITCH_US_MIN).min(lag_max).max(1);
    // What there is of audio is for the longest period and for what is compared.
    let match_len = samples(rate_hz, MATCH_US).min(audio.len() * 2 / 5).max(1);
    let lag_max = lag_max.min(audio.len() - match_len).max(lag_min);
    let latest = &audio[audio.len() - match_len..];
    let latest_energy = dot(latest, latest) as f32 + 1.0;
    let likeness = |lag: usize| {
        let start = (audio.len() - match_len).saturating_sub(lag);
        let earlier = &audio[start..start + match_len];
        dot(latest, earlier) as f32 / (latest_energy * (dot(earlier, earlier) as f32 + 1.0)).sqrt()
    };
    let better = |best: (usize, f32), next: (usize, f32)| if next.1 > best.1 { next } else { best };
    let best_of =
        |lags: std::ops::RangeInclusive<usize>| lags.map(|lag| (lag, likeness(lag))).fold((lag_min, f32::MIN), better);
    let best = best_of(lag_min..=lag_max);
    let shorter = [4, 3, 2].into_iter().map(|divisor| best.0 / divisor).filter(|&lag| lag > lag_min);
    shorter.map(|lag| best_of(lag - 1..=lag + 1)).find(|shorter| shorter.1 > SHORTER_IS_BETTER * best.1).unwrap_or(best)
}

/// The sum of products. Of [`PITCH_BITS`] and of [`MATCH_US`] at 48 kHz it stays below 2^30.
fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}
