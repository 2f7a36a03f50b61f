//! The last of the caller's audio, kept for a bot that takes the place of another.

use std::collections::VecDeque;

use audio::g711::Law;

/// Audio that is kept.
const KEPT_MS: usize = 2_000;

/// Samples handed out at a time.
const BLOCK: usize = 480;

/// See the module.
#[derive(Debug)]
pub(super) enum Past {
    /// G.711, as codes: half the memory of samples.
    Codes(Law, VecDeque<u8>),
    /// Of this sample rate.
    Samples(u32, VecDeque<i16>),
}

impl Past {
    pub(super) fn codes(law: Law) -> Self {
        Self::Codes(law, VecDeque::new())
    }

    pub(super) fn samples(rate_hz: u32) -> Self {
        Self::Samples(rate_hz, VecDeque::new())
    }

    pub(super) fn push_payload(&mut self, codes: &[u8]) {
        if let Self::Codes(_, kept) = self {
            push(kept, codes, KEPT_MS * 8);
        }
    }

    pub(super) fn push_samples(&mut self, samples: &[i16]) {
        match self {
            Self::Samples(rate_hz, kept) => push(kept, samples, KEPT_MS * (*rate_hz / 1_000) as usize),
            Self::Codes(law, kept) => {
                let mut codes = [0; BLOCK];
                for block in samples.chunks(BLOCK) {
                    let count = law.encode_slice(block, &mut codes);
                    push(kept, &codes[..count], KEPT_MS * 8);
                }
            }
        }
    }

    pub(super) fn ms(&self) -> u64 {
        match self {
            Self::Codes(_, kept) => kept.len() as u64 / 8,
            Self::Samples(rate_hz, kept) => kept.len() as u64 * 1_000 / u64::from(*rate_hz),
        }
    }

    /// All that is kept, from the oldest on: codes, where it is kept as codes, and samples.
    pub(super) fn replay<E>(&self, mut each: impl FnMut(&[u8], &[i16]) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Codes(law, kept) => {
                let (first, second) = kept.as_slices();
                let mut samples = [0; BLOCK];
                for codes in first.chunks(BLOCK).chain(second.chunks(BLOCK)) {
                    let count = law.decode_slice(codes, &mut samples);
                    each(codes, &samples[..count])?;
                }
            }
            Self::Samples(_, kept) => {
                let (first, second) = kept.as_slices();
                for samples in first.chunks(BLOCK).chain(second.chunks(BLOCK)) {
                    each(&[], samples)?;
                }
            }
        }
        Ok(())
    }
}

fn push<T: Copy>(kept: &mut VecDeque<T>, new: &[T], most: usize) {
    let surplus = (kept.len() + new.len()).saturating_sub(most).min(kept.len());
    kept.drain(..surplus);
    kept.extend(new);
}
