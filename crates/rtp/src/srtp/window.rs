//! Which packet index a sequence number stands for, and whether that index was here before (RFC 3711 §3.3.1, §3.3.2).

/// Indices below the highest one that can still be told apart.
const WINDOW: u64 = u128::BITS as u64;

/// The 48-bit index that `sequence` stands for, when the highest index so far is `highest`: the nearest one. `None`: it would lie before
/// the first.
pub(super) fn guess(highest: u64, sequence: u16) -> Option<u64> {
    let step = i64::from(sequence.wrapping_sub(highest as u16) as i16);
    highest.checked_add_signed(step)
}

/// The highest index that was taken, and which of those just below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replay {
    pub(super) highest: u64,
    /// Bit n: `highest - n` was taken.
    taken: u128,
}

impl Replay {
    pub(super) fn new(first: u64) -> Self {
        Self { highest: first, taken: 1 }
    }

    /// Whether the index is new.
    pub(super) fn is_new(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => true,
            Some(behind) => behind < WINDOW && self.taken >> behind & 1 == 0,
        }
    }

    /// An authentic packet had this index, which is new.
    pub(super) fn take(&mut self, index: u64) {
        if let Some(behind) = self.highest.checked_sub(index) {
            self.taken |= 1u128.checked_shl(behind as u32).unwrap_or(0);
            return;
        }
        let ahead = index - self.highest;
        self.taken = if ahead < WINDOW { self.taken << ahead | 1 } else { 1 };
        self.highest = index;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sequence_numbers_stand_for_the_nearest_index() {
        assert_eq!(guess(0, 5), Some(5));
        assert_eq!(guess(5, 65_530), None);
        assert_eq!(guess(0xffff, 3), Some(0x1_0003));
        assert_eq!(guess(0x1_0003, 0xfffe), Some(0xfffe));
        assert_eq!(guess(0x7_8000, 0x7fff), Some(0x7_7fff));
        assert_eq!(guess(0x7_0000, 0x8000), Some(0x6_8000));
    }

    proptest! {
        #[test]
        fn no_index_is_taken_twice_and_recent_ones_are_not_lost(steps in prop::collection::vec(-200i64..200, 1..300)) {
            let mut replay = Replay::new(1000);
            let mut taken = BTreeSet::from([1000]);
            for step in steps {
                let index = (replay.highest as i64 + step).max(0) as u64;
                let is_recent = index + WINDOW > replay.highest;
                prop_assert_eq!(replay.is_new(index), is_recent && !taken.contains(&index));
                if replay.is_new(index) {
                    replay.take(index);
                    taken.insert(index);
                }
            }
        }
    }
}
