//! A first-in first-out queue of samples whose memory grows and shrinks in blocks.

use std::collections::VecDeque;

/// Samples in a block: 128 ms of telephone audio.
const BLOCK: usize = 1024;

/// Emptied blocks that are kept. A stream near its write position spans two.
const SPARES_MAX: usize = 2;

/// Samples in blocks. Emptied ones are kept, as many as a steady stream needs to allocate no more.
#[derive(Debug)]
pub(super) struct Queue<S> {
    blocks: VecDeque<Box<[S]>>,
    spares: Vec<Box<[S]>>,
    /// Index of the first sample in the first block.
    start: usize,
    len: u64,
}

impl<S: Copy> Queue<S> {
    pub(super) fn new() -> Self {
        Self { blocks: VecDeque::new(), spares: Vec::new(), start: 0, len: 0 }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn memory_bytes(&self) -> usize {
        (self.blocks.len() + self.spares.len()) * BLOCK * size_of::<S>()
            + self.blocks.capacity() * size_of::<Box<[S]>>()
    }

    pub(super) fn push(&mut self, mut samples: &[S]) {
        while let Some(&filler) = samples.first() {
            let end = (self.start as u64 + self.len) as usize % BLOCK;
            if end == 0 && (self.start as u64 + self.len) as usize / BLOCK == self.blocks.len() {
                let block = self.spares.pop().unwrap_or_else(|| vec![filler; BLOCK].into_boxed_slice());
                self.blocks.push_back(block);
            }
            let Some(block) = self.blocks.back_mut() else {
                return;
            };
            let count = samples.len().min(BLOCK - end);
            let (now, later) = samples.split_at(count);
            block[end..end + count].copy_from_slice(now);
            self.len += count as u64;
            samples = later;
        }
    }

    /// Moves as many samples as there are, or as fit, to the front of `out`; returns their number.
    pub(super) fn pop(&mut self, out: &mut [S]) -> usize {
        let wanted = out.len().min(usize::try_from(self.len).unwrap_or(usize::MAX));
        let mut done = 0;
        while done < wanted {
            let Some(block) = self.blocks.front() else {
                break;
            };
            let count = (wanted - done).min(BLOCK - self.start);
            out[done..done + count].copy_from_slice(&block[self.start..self.start + count]);
            done += count;
            self.start += count;
            self.len -= count as u64;
            if self.start == BLOCK {
                self.let_go();
                self.start = 0;
            }
        }
        if self.len == 0 {
            self.rewind();
        }
        done
    }

    /// Copies samples from `offset` on to the front of `out`, as many as there are; returns their number.
    pub(super) fn peek(&self, offset: u64, out: &mut [S]) -> usize {
        let wanted = out.len().min(usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX));
        let mut done = 0;
        while done < wanted {
            let at = self.start + offset as usize + done;
            let Some(block) = self.blocks.get(at / BLOCK) else { break };
            let count = (wanted - done).min(BLOCK - at % BLOCK);
            out[done..done + count].copy_from_slice(&block[at % BLOCK..at % BLOCK + count]);
            done += count;
        }
        done
    }

    /// Drops samples from the front.
    pub(super) fn skip(&mut self, count: u64) {
        let mut left = usize::try_from(count.min(self.len)).unwrap_or(usize::MAX);
        while left > 0 && !self.blocks.is_empty() {
            let step = left.min(BLOCK - self.start);
            self.start += step;
            self.len -= step as u64;
            left -= step;
            if self.start == BLOCK {
                self.let_go();
                self.start = 0;
            }
        }
        if self.len == 0 {
            self.rewind();
        }
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.rewind();
        self.release();
    }

    /// Empty: the next sample goes to the front of a block.
    fn rewind(&mut self) {
        self.start = 0;
        while !self.blocks.is_empty() {
            self.let_go();
        }
    }

    /// Keeps the first block for later, or gives it back when enough are kept.
    fn let_go(&mut self) {
        let block = self.blocks.pop_front();
        if self.spares.len() < SPARES_MAX {
            self.spares.extend(block);
        }
    }

    /// Gives back the list of blocks that a long burst needed.
    pub(super) fn release(&mut self) {
        self.blocks.shrink_to(4);
    }
}
