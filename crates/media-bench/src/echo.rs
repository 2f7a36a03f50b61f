//! Echo delay: from a burst's first packet leaving to its first packet coming back.

use std::collections::VecDeque;

/// An echo that comes later than this is none, in microseconds. Bursts of a call must start further apart.
pub(crate) const ECHO_MAX_US: u64 = 1_000_000;

/// µ-law's silence (ITU-T G.711). What is said comes back as it was: nothing on the way converts it.
pub(crate) const SILENCE: u8 = 0xff;

/// Meter of one call's echo.
#[derive(Debug)]
pub(crate) struct Echo {
    /// What this call's bursts are made of.
    code: u8,
    /// Starts of bursts without an echo yet.
    said_us: VecDeque<u64>,
    is_loud: bool,
    delays_us: Vec<u64>,
    unanswered: u64,
    strange: u64,
}

impl Echo {
    /// A meter of a call whose bursts are made of this µ-law code.
    pub(crate) fn new(code: u8) -> Self {
        Self { code, said_us: VecDeque::new(), is_loud: false, delays_us: Vec::new(), unanswered: 0, strange: 0 }
    }

    /// What has been measured is forgotten; echoes that are on their way are still waited for.
    pub(crate) fn begin(&mut self) {
        self.delays_us.clear();
        (self.unanswered, self.strange) = (0, 0);
    }

    /// A burst starts at `at_us`.
    pub(crate) fn said(&mut self, at_us: u64) {
        self.give_up(at_us);
        self.said_us.push_back(at_us);
    }

    /// A packet of µ-law came at `at_us`.
    pub(crate) fn heard(&mut self, payload: &[u8], at_us: u64) {
        let is_loud = payload.contains(&self.code);
        self.strange += u64::from(payload.iter().any(|code| ![self.code, SILENCE].contains(code)));
        let starts = is_loud && !self.is_loud;
        self.is_loud = is_loud;
        self.give_up(at_us);
        if starts {
            match self.said_us.pop_front() {
                Some(said_us) => self.delays_us.push(at_us.saturating_sub(said_us)),
                None => self.strange += 1,
            }
        }
    }

    /// Counts as unanswered what waits for longer than [`ECHO_MAX_US`] at `now_us`.
    pub(crate) fn give_up(&mut self, now_us: u64) {
        while self.said_us.front().is_some_and(|said_us| said_us + ECHO_MAX_US < now_us) {
            self.said_us.pop_front();
            self.unanswered += 1;
        }
    }

    /// Delays of all echoes, in microseconds, in the order in which they came.
    pub(crate) fn delays_us(&self) -> &[u64] {
        &self.delays_us
    }

    /// Bursts that were given up.
    pub(crate) fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// Bursts that this call did not say at that time, and packets with something else in them: another call's, or noise.
    pub(crate) fn strange(&self) -> u64 {
        self.strange
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: [u8; 160] = [SILENCE; 160];
    const BURST: [u8; 160] = [0x80; 160];

    #[test]
    fn the_delay_is_from_start_to_start() {
        let mut echo = Echo::new(0x80);
        for start in [0, 1_000_000] {
            echo.said(start);
            echo.heard(&QUIET, start + 20_000);
            echo.heard(&BURST, start + 65_000);
            echo.heard(&BURST, start + 85_000);
            echo.heard(&QUIET, start + 105_000);
        }
        assert_eq!(echo.delays_us(), [65_000, 65_000]);
        assert_eq!((echo.unanswered(), echo.strange()), (0, 0));
    }

    #[test]
    fn a_lost_echo_does_not_lend_its_start_to_the_next() {
        let mut echo = Echo::new(0x80);
        echo.said(0);
        echo.heard(&QUIET, 400_000);
        echo.said(1_000_000);
        echo.heard(&BURST, 1_070_000);
        assert_eq!((echo.delays_us(), echo.unanswered()), (&[70_000][..], 1));
    }

    #[test]
    fn an_echo_of_what_was_said_before_is_measured() {
        let mut echo = Echo::new(0x80);
        echo.heard(&[0x81; 160], 0);
        echo.said(1_000);
        echo.begin();
        echo.heard(&BURST, 31_000);
        assert_eq!((echo.delays_us(), echo.strange()), (&[30_000][..], 0));
    }

    #[test]
    fn what_this_call_did_not_say_is_strange() {
        let mut echo = Echo::new(0x80);
        echo.heard(&BURST, 10_000);
        assert_eq!((echo.delays_us().len(), echo.strange()), (0, 1));
        echo.heard(&[0x81; 160], 30_000);
        assert_eq!((echo.delays_us().len(), echo.strange()), (0, 2));
    }
}
