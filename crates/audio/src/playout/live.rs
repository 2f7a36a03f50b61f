//! Live mode: what is late is shortened, so that a stall of the writer does not stay as delay.
//!
//! Deeper than [`Config::high_ms`] for [`Config::patience_ms`], the queue is brought back to [`Config::target_ms`]: silent
//! frames are left out first, all of them; meanwhile sound is shortened by at most 5 %, a pitch period at a time where two
//! are most alike. What is still late after [`Config::trim_ms_max`] is cut out at once, with a cross-fade.

use super::format::Format;
use super::queue::Queue;

/// Times of live mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Depth that the queue is brought back to.
    pub target_ms: u32,
    /// Depth from which on it is too deep.
    pub high_ms: u32,
    /// How long it may be so: a burst of the network goes by itself.
    pub patience_ms: u32,
    /// How long shortening may take.
    pub trim_ms_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { target_ms: 60, high_ms: 120, patience_ms: 500, trim_ms_max: 4_000 }
    }
}

/// Ticks' share that may be left out of sound: 5 %.
const SHORTER_BY: u64 = 20;

/// A frame without a louder sample is silent: -42 dBFS.
const SILENT_PEAK: u16 = 256;

/// The pitch periods that are looked for: 250 down to 62 Hz.
const PERIOD_US: (u64, u64) = (4_000, 16_000);

/// Length of the joint, and of what is compared to find the best place for it.
const JOINT_US: u64 = 5_000;
const COMPARED_US: u64 = 10_000;

/// State of live mode.
#[derive(Debug)]
pub(super) struct Live<S> {
    target: u64,
    high: u64,
    patience: u64,
    trim_max: u64,
    period: (usize, usize),
    joint: usize,
    compared: usize,
    /// For how long the queue has been too deep.
    too_deep: u64,
    /// For how long it has been shortened; `None` while it is not.
    trimming: Option<u64>,
    /// Samples that may be left out by now, times [`SHORTER_BY`].
    credit: u64,
    scratch: Vec<S>,
    skipped: u64,
}

impl<S: Copy> Live<S> {
    pub(super) fn new(config: Config, rate_hz: u32, silence: S) -> Self {
        let of_ms = |ms: u32| u64::from(rate_hz) * u64::from(ms) / 1_000;
        let of_us = |us: u64| (u64::from(rate_hz) * us / 1_000_000) as usize;
        let (period, joint, compared) = ((of_us(PERIOD_US.0), of_us(PERIOD_US.1)), of_us(JOINT_US), of_us(COMPARED_US));
        Self {
            target: of_ms(config.target_ms),
            high: of_ms(config.high_ms),
            patience: of_ms(config.patience_ms),
            trim_max: of_ms(config.trim_ms_max),
            period,
            joint,
            compared,
            too_deep: 0,
            trimming: None,
            credit: 0,
            scratch: vec![silence; period.1 + compared],
            skipped: 0,
        }
    }

    /// Samples left out so far.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Everything was thrown away.
    pub(super) fn reset(&mut self) {
        self.too_deep = 0;
        self.trimming = None;
        self.credit = 0;
    }

    /// Fills `out` from the queue; returns how many samples it got, and how many were left out before them.
    pub(super) fn pop<F: Format<Sample = S>>(
        &mut self,
        format: &F,
        queue: &mut Queue<S>,
        out: &mut [S],
    ) -> (usize, u64) {
        let tick = out.len() as u64;
        // What came last is heard when all before it is out: this tick's samples and the target.
        let deep_enough = self.target + tick;
        self.watch(queue.len(), tick, deep_enough);
        let Some(trimming) = self.trimming else { return (queue.pop(out), 0) };
        let mut skipped = 0;
        while queue.len() >= deep_enough + tick && self.is_silent(format, queue, out.len()) {
            queue.skip(tick);
            skipped += tick;
        }
        let rest = queue.len().saturating_sub(deep_enough);
        let cut = if trimming >= self.trim_max {
            rest
        } else {
            self.credit += tick;
            let longest = self.period.1 as u64;
            let can_be = rest >= longest && self.credit >= longest * SHORTER_BY;
            let period = if can_be { self.best_period(format, queue) } else { 0 };
            self.credit -= period * SHORTER_BY;
            period
        };
        let taken = if cut > 0 { self.splice(format, queue, out, cut) } else { queue.pop(out) };
        self.skipped += skipped + cut;
        (taken, skipped + cut)
    }

    fn watch(&mut self, depth: u64, tick: u64, deep_enough: u64) {
        if let Some(trimming) = &mut self.trimming {
            *trimming += tick;
            if depth <= deep_enough {
                self.reset();
            }
        } else if depth > self.high {
            self.too_deep += tick;
            if self.too_deep >= self.patience {
                self.trimming = Some(0);
            }
        } else {
            self.too_deep = 0;
        }
    }

    fn is_silent<F: Format<Sample = S>>(&mut self, format: &F, queue: &Queue<S>, length: usize) -> bool {
        let mut start = 0;
        // Longer ticks than the scratch memory are looked at piece by piece.
        while start < length {
            let piece = (length - start).min(self.scratch.len());
            let seen = queue.peek(start as u64, &mut self.scratch[..piece]);
            if self.scratch[..seen].iter().any(|sample| format.decode(*sample).unsigned_abs() > SILENT_PEAK) {
                return false;
            }
            start += piece;
        }
        true
    }

    /// Leaves out `cut` samples: what would have come next goes over into what comes after them.
    fn splice<F: Format<Sample = S>>(&mut self, format: &F, queue: &mut Queue<S>, out: &mut [S], cut: u64) -> usize {
        let joint = self.joint.min(out.len());
        let seen = queue.peek(0, &mut self.scratch[..joint]);
        queue.skip(cut);
        let taken = queue.pop(out);
        let joint = seen.min(taken);
        for (index, (place, before)) in out.iter_mut().zip(&self.scratch[..joint]).enumerate() {
            let share = (index as f32 + 0.5) / joint as f32;
            let mixed = f32::from(format.decode(*before)) * (1.0 - share) + f32::from(format.decode(*place)) * share;
            *place = format.encode(mixed as i16);
        }
        taken
    }

    /// The lag at which the sound is most like itself.
    fn best_period<F: Format<Sample = S>>(&mut self, format: &F, queue: &Queue<S>) -> u64 {
        let seen = queue.peek(0, &mut self.scratch);
        if seen < self.scratch.len() {
            return 0;
        }
        let sample = |at: usize| f32::from(format.decode(self.scratch[at]));
        let (mut best, mut best_likeness) = (self.period.1, f32::MIN);
        for lag in self.period.0..=self.period.1 {
            let (mut product, mut energy) = (0.0, 1.0);
            for at in 0..self.compared {
                let later = sample(at + lag);
                product += sample(at) * later;
                energy += later * later;
            }
            let likeness = product / energy.sqrt();
            if likeness > best_likeness {
                (best, best_likeness) = (lag, likeness);
            }
        }
        best as u64
    }
}
