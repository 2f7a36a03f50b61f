//! Who writes: processes and their epochs.

use std::fmt;

/// A process that has the database open: a random number of its own, for as long as it lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer(pub u64);

/// One life of a writer, a random number too. A writer starts a new epoch when the others have
/// ended the one it had; frames are numbered, and rows owned, per epoch. Zero is nobody. Those of processes whose keys only read are odd,
/// and others even: so none of them can speak in the epoch of a writer.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// Nobody's epoch.
    pub const NONE: Self = Self(0);

    /// Whether it is of a process that only reads.
    pub fn is_readers(self) -> bool {
        self.0 & 1 == 1
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "w{:016x}", self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{:016x}", self.0)
    }
}

/// A small seeded generator (SplitMix64) for epochs and tokens: the core takes its randomness as a seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// An epoch for a process that only reads, or one that writes.
    pub fn epoch(&mut self, reader: bool) -> Epoch {
        loop {
            let epoch = Epoch((self.next_nonzero() & !1) | u64::from(reader));
            if epoch != Epoch::NONE {
                return epoch;
            }
        }
    }

    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, never zero.
    pub fn next_nonzero(&mut self) -> u64 {
        loop {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            if z != 0 {
                return z;
            }
        }
    }
}
