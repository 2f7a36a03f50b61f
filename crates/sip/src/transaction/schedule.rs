//! Which transaction's timer fires next.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The two times a transaction waits for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timers {
    /// A, E or G: send again.
    pub(super) retransmit: Option<Instant>,
    /// The interval that ended then.
    pub(super) interval: Duration,
    /// B, D, F, H, I, J, K, L or M: this state is over.
    pub(super) deadline: Option<Instant>,
}

impl Timers {
    /// The earlier of the two.
    pub(super) fn next(&self) -> Option<Instant> {
        match (self.retransmit, self.deadline) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Only waits for the end of the state.
    pub(super) fn until(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..Self::default() }
    }

    /// Sends again after `interval`, then at doubled intervals.
    pub(super) fn retransmit_from(now: Instant, interval: Duration, deadline: Instant) -> Self {
        Self { retransmit: Some(now + interval), interval, deadline: Some(deadline) }
    }

    /// Doubles the interval, up to `most`.
    pub(super) fn back_off(&mut self, now: Instant, most: Duration) {
        self.interval = (self.interval * 2).min(most);
        self.retransmit = Some(now + self.interval);
    }
}

/// An ordered set of (time, what), one time for each.
#[derive(Debug)]
pub(crate) struct Schedule<K>(BTreeSet<(Instant, K)>);

impl<K: Ord + Copy> Schedule<K> {
    pub(crate) fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// Moves an entry from its old time to its new one.
    pub(crate) fn update(&mut self, key: K, old: Option<Instant>, new: Option<Instant>) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.0.remove(&(old, key));
        }
        if let Some(new) = new {
            self.0.insert((new, key));
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes an entry whose time has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(Instant, K)> {
        self.0.first().filter(|(at, _)| *at <= now)?;
        self.0.pop_first()
    }
}
