//! Hybrid logical clock: 48 bits of Unix milliseconds, 16 bits of counter. It never goes back, and a
//! stamp made after another was seen is later than it, whatever the wall clocks say.

use super::ids::Epoch;

/// A stamp further ahead of this process's wall clock than this is refused: a broken clock would
/// drag everybody's along.
pub const AHEAD_MS_MAX: u64 = 24 * 3600 * 1000;

const COUNTER_BITS: u32 = 16;

/// When and by whom something was written. Totally ordered, unique per write; zero is "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// The hybrid time.
    pub hlc: u64,
    /// The writer's epoch: breaks ties.
    pub epoch: Epoch,
}

impl Stamp {
    /// Before all others.
    pub const NEVER: Self = Self { hlc: 0, epoch: Epoch::NONE };

    /// Whether it is [`Stamp::NEVER`].
    pub fn is_never(self) -> bool {
        self.hlc == 0
    }
}

/// The clock of one process.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    last: u64,
}

impl Clock {
    /// A new stamp's time, later than all before and all seen.
    pub fn tick(&mut self, wall_ms: u64) -> u64 {
        let wall = wall_ms << COUNTER_BITS;
        self.last = wall.max(self.last.saturating_add(1));
        self.last
    }

    /// Takes note of somebody else's time. False, and nothing changes, if it is too far ahead.
    pub fn observe(&mut self, hlc: u64, wall_ms: u64) -> bool {
        if is_too_far_ahead(hlc, wall_ms) {
            return false;
        }
        self.last = self.last.max(hlc);
        true
    }
}

/// Whether a hybrid time is not taken by a process whose wall clock shows this.
pub fn is_too_far_ahead(hlc: u64, wall_ms: u64) -> bool {
    ms(hlc) > wall_ms.saturating_add(AHEAD_MS_MAX)
}

/// The milliseconds of a hybrid time.
pub fn ms(hlc: u64) -> u64 {
    hlc >> COUNTER_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_goes_back_when_the_wall_clock_does() {
        let mut clock = Clock::default();
        let a = clock.tick(1_000);
        let b = clock.tick(500);
        assert!(b > a);
        assert_eq!(ms(b), 1_000);
    }

    #[test]
    fn a_stamp_after_a_seen_one_is_later() {
        let mut clock = Clock::default();
        assert!(clock.observe(5_000 << 16, 1_000));
        assert!(clock.tick(1_000) > 5_000 << 16);
    }

    #[test]
    fn refuses_a_broken_clock() {
        let mut clock = Clock::default();
        assert!(!clock.observe(u64::MAX, 1_000));
        assert_eq!(ms(clock.tick(1_000)), 1_000);
    }

    #[test]
    fn the_counter_carries_into_the_milliseconds() {
        let mut clock = Clock::default();
        let first = clock.tick(1_000);
        for _ in 0..70_000 {
            clock.tick(1_000);
        }
        assert_eq!(clock.tick(1_000), first + 70_001);
    }
}
