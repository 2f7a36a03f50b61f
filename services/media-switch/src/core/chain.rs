//! What is tried when a bot fails: its own address again, then the others in order.
//!
//! A bot that was there is called again after 0, 250, 500 and 1,000 ms, in 5 s at most; one that could not be reached in the
//! first place, or that was cut off, is not. Each other address is called once. A connection that has stood for a while
//! makes the next failure a new one.

use std::time::{Duration, Instant};

/// Before each call of the same address, since the failure before it.
const DELAYS: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(250), Duration::from_millis(500), Duration::from_millis(1_000)];

/// For all calls of the same address, from the failure on.
const RETRY_MAX: Duration = Duration::from_secs(5);

/// A connection that stood for so long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(5);

/// What is to be done after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Call the same address again, at this time. Attempts count from 1.
    Again { attempt: u32, at: Instant },
    /// Call the next one now.
    Next,
    /// There is none left.
    GiveUp,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Chain {
    addresses: usize,
    current: usize,
    /// When the present connection was made.
    ready: Option<Instant>,
    /// When the failure began that is being dealt with.
    failing: Option<Instant>,
    attempts: usize,
}

impl Chain {
    pub(crate) fn new(addresses: usize) -> Self {
        Self { addresses, current: 0, ready: None, failing: None, attempts: 0 }
    }

    /// Which address is called, or spoken to.
    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// A connection is made.
    pub(crate) fn ready(&mut self, now: Instant) {
        self.ready = Some(now);
    }

    /// The connection is lost, or could not be made. `is_useless`: the bot is there, but is not to be called again.
    pub(crate) fn failed(&mut self, now: Instant, is_useless: bool) -> Step {
        if let Some(ready) = self.ready.take() {
            if now.saturating_duration_since(ready) >= GOOD_AFTER {
                self.failing = None;
                self.attempts = 0;
            }
            self.failing.get_or_insert(now);
        }
        let has_time = self.failing.is_some_and(|since| now.saturating_duration_since(since) < RETRY_MAX);
        if let Some(delay) = DELAYS.get(self.attempts).filter(|_| has_time && !is_useless) {
            self.attempts += 1;
            return Step::Again { attempt: u32::try_from(self.attempts).unwrap_or(u32::MAX), at: now + *delay };
        }
        if self.current + 1 < self.addresses {
            self.current += 1;
            self.failing = None;
            self.attempts = 0;
            return Step::Next;
        }
        Step::GiveUp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(step: Step, now: Instant) -> Option<(u32, u128)> {
        match step {
            Step::Again { attempt, at } => Some((attempt, at.duration_since(now).as_millis())),
            Step::Next | Step::GiveUp => None,
        }
    }

    #[test]
    fn a_bot_that_was_there_is_called_four_times_then_the_others_once_each() {
        let mut now = Instant::now();
        let mut chain = Chain::new(3);
        chain.ready(now);
        for expected in [(1, 0), (2, 250), (3, 500), (4, 1_000)] {
            let step = chain.failed(now, false);
            assert_eq!(again(step, now), Some(expected));
            now += Duration::from_millis(expected.1 as u64);
        }
        assert_eq!(chain.failed(now, false), Step::Next);
        assert_eq!(chain.current(), 1);
        assert_eq!(chain.failed(now, false), Step::Next);
        assert_eq!(chain.failed(now, false), Step::GiveUp);
    }

    #[test]
    fn slow_attempts_end_after_five_seconds() {
        let now = Instant::now();
        let mut chain = Chain::new(1);
        chain.ready(now);
        assert!(again(chain.failed(now, false), now).is_some());
        assert!(again(chain.failed(now + Duration::from_secs(3), false), now).is_some());
        assert_eq!(chain.failed(now + Duration::from_secs(6), false), Step::GiveUp);
    }

    #[test]
    fn one_that_cannot_be_reached_or_sends_rubbish_is_not_called_again() {
        let now = Instant::now();
        assert_eq!(Chain::new(1).failed(now, false), Step::GiveUp);
        let mut chain = Chain::new(2);
        chain.ready(now);
        assert_eq!(chain.failed(now, true), Step::Next);
    }

    #[test]
    fn a_bot_that_dies_each_time_it_is_called_is_given_up() {
        let mut now = Instant::now();
        let mut chain = Chain::new(1);
        let mut calls = 0;
        loop {
            chain.ready(now);
            calls += 1;
            match chain.failed(now, false) {
                Step::Again { at, .. } => now = at,
                Step::Next | Step::GiveUp => break,
            }
        }
        assert_eq!(calls, 5);
        // One that was good for a while begins anew.
        chain.ready(now);
        assert!(again(chain.failed(now + GOOD_AFTER, false), now).is_some());
    }
}
