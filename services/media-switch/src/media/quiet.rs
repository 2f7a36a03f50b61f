//! A caller whose telephone sends nothing in silence but, now and then, a description of it (RFC 3389): what the bot
//! hears meanwhile.
//!
//! Noise is made as time passes, not when the next packet comes: a bot that waits for a caller to fall silent must hear that.

use audio::comfort_noise::{Generator, Noise};

/// So far behind the clock noise is made: what arrives in time is not overtaken by it.
const BEHIND_US: u64 = 60_000;

/// Made at a time.
const STEP_US: u64 = 20_000;

/// Without a packet for so long there is no telling whether the far end is there at all.
const LONGEST_US: u64 = 10_000_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Quiet {
    generator: Generator,
    rate_hz: u32,
    /// When the description came that is in force; `None`: the far end sends audio.
    since_us: Option<u64>,
    /// Made since then.
    made_us: u64,
    /// Samples made of a silence whose length no packet has told yet.
    ahead: usize,
}

impl Quiet {
    pub(super) fn new(rate_hz: u32) -> Self {
        Self { generator: Generator::new(rate_hz), rate_hz, since_us: None, made_us: 0, ahead: 0 }
    }

    /// A description has come.
    pub(super) fn begin(&mut self, noise: &Noise, now_us: u64) {
        self.generator.set(noise);
        if self.since_us.is_none() {
            self.generator.restart();
        }
        self.since_us = Some(now_us);
        self.made_us = 0;
    }

    /// Audio has come.
    pub(super) fn end(&mut self) {
        self.since_us = None;
        self.made_us = 0;
    }

    /// The source has changed: what was before tells nothing any more.
    pub(super) fn restart(&mut self) {
        self.end();
        self.ahead = 0;
    }

    /// How many samples are to be made now; [`fill`](Self::fill) makes them.
    pub(super) fn due(&mut self, now_us: u64) -> usize {
        let Some(since_us) = self.since_us else { return 0 };
        let passed_us = now_us.saturating_sub(since_us).min(LONGEST_US);
        if passed_us < self.made_us + STEP_US + BEHIND_US {
            return 0;
        }
        self.made_us += STEP_US;
        let samples = (u64::from(self.rate_hz) * STEP_US / 1_000_000) as usize;
        self.ahead += samples;
        samples
    }

    /// A packet tells that so many samples of silence were before it: how many of them are still to be made.
    pub(super) fn rest_of(&mut self, silence: usize) -> usize {
        let rest = silence.saturating_sub(self.ahead);
        self.ahead = self.ahead.saturating_sub(silence);
        rest
    }

    /// The noise of a silence; nothing is heard in one that was not described.
    pub(super) fn fill(&mut self, samples: &mut [i16]) {
        match self.since_us {
            Some(_) => self.generator.fill(samples),
            None => samples.fill(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_made_as_time_passes_and_not_twice() {
        let mut quiet = Quiet::new(8_000);
        quiet.begin(&Noise::white(-40), 0);
        let mut made = 0;
        for now_us in (0..1_000_000).step_by(5_000) {
            let count = quiet.due(now_us);
            let mut samples = vec![0; count];
            quiet.fill(&mut samples);
            assert!(count == 0 || samples.iter().any(|sample| *sample != 0));
            made += count;
        }
        assert_eq!(made, 46 * 160, "from 80 ms on, every 20 ms");
        // The next packet tells the length of it all.
        assert_eq!(quiet.rest_of(8_000) + made, 8_000);
        quiet.end();
        assert_eq!(quiet.due(2_000_000), 0);
        let mut samples = [1; 160];
        quiet.fill(&mut samples);
        assert_eq!(samples, [0; 160], "a silence that nothing described");
        assert_eq!(quiet.rest_of(160), 160);
    }

    #[test]
    fn what_was_made_too_much_is_made_up_for_in_the_next_silence() {
        let mut quiet = Quiet::new(8_000);
        quiet.begin(&Noise::white(-40), 0);
        assert_eq!(quiet.due(80_000), 160);
        assert_eq!(quiet.rest_of(100), 0);
        assert_eq!(quiet.rest_of(100), 40);
    }
}
