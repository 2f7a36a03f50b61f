//! Echo delay: from a burst's first packet leaving to its first packet coming back.

use std::collections::VecDeque;

/// An echo that comes later than this is none, in microseconds. Bursts of a call must start further apart.
pub const ECHO_MAX_US: u64 = 500_000;

/// Segment 4 of µ-law (ITU-T G.711) and above, -24 dB of full scale: louder than silence, whatever it was converted to on its way.
const LOUD: u8 = 0x40;

/// Meter of one call's echo.
#[derive(Debug, Default)]
pub struct Echo {
    /// Starts of bursts without an echo yet.
    said_us: VecDeque<u64>,
    is_loud: bool,
    delays_us: Vec<u64>,
    unanswered: u64,
    strange: u64,
}

impl Echo {
    /// A burst starts at `at_us`.
    pub fn said(&mut self, at_us: u64) {
        self.give_up(at_us);
        self.said_us.push_back(at_us);
    }

    /// A packet of µ-law came at `at_us`.
    pub fn heard(&mut self, payload: &[u8], at_us: u64) {
        let is_loud = payload.iter().any(|code| !code & 0x7f >= LOUD);
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
    pub fn give_up(&mut self, now_us: u64) {
        while self.said_us.front().is_some_and(|said_us| said_us + ECHO_MAX_US < now_us) {
            self.said_us.pop_front();
            self.unanswered += 1;
        }
    }

    /// Delays of all echoes, in microseconds, in the order in which they came.
    pub fn delays_us(&self) -> &[u64] {
        &self.delays_us
    }

    /// Bursts that were given up.
    pub fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// Bursts heard that this call did not say: another call's, or noise.
    pub fn strange(&self) -> u64 {
        self.strange
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: [u8; 160] = [0xff; 160];
    const BURST: [u8; 160] = [0x80; 160];

    #[test]
    fn the_delay_is_from_start_to_start() {
        let mut echo = Echo::default();
        for start in [0, 1_000_000] {
            echo.said(start);
            echo.heard(&SILENCE, start + 20_000);
            echo.heard(&BURST, start + 65_000);
            echo.heard(&BURST, start + 85_000);
            echo.heard(&SILENCE, start + 105_000);
        }
        assert_eq!(echo.delays_us(), [65_000, 65_000]);
        assert_eq!((echo.unanswered(), echo.strange()), (0, 0));
    }

    #[test]
    fn a_lost_echo_does_not_lend_its_start_to_the_next() {
        let mut echo = Echo::default();
        echo.said(0);
        echo.heard(&SILENCE, 400_000);
        echo.said(1_000_000);
        echo.heard(&BURST, 1_070_000);
        assert_eq!((echo.delays_us(), echo.unanswered()), (&[70_000][..], 1));
    }

    #[test]
    fn what_this_call_did_not_say_is_strange() {
        let mut echo = Echo::default();
        echo.heard(&BURST, 10_000);
        assert_eq!((echo.delays_us().len(), echo.strange()), (0, 1));
    }
}
