//! What a caller hears whose bot is lost: a soft, short tone again and again, until there is another one.

use audio::tone::Tone;

use super::piece::Piece;

/// Lower than ringing and busy tones, so that it is not taken for one.
const FREQUENCY_HZ: f64 = 350.0;
const LEVEL_DBFS: f64 = -22.0;

/// Sound and silence of one round.
const SOUND_MS: u32 = 250;
const ROUND_MS: u32 = 2_000;

/// See the module.
#[derive(Debug)]
pub(super) struct HoldTone {
    tone: Tone,
    rate_hz: u32,
    /// Samples since the beginning of the round.
    position: u32,
}

impl HoldTone {
    pub(super) fn new(rate_hz: u32) -> Self {
        Self { tone: Tone::sine(rate_hz, FREQUENCY_HZ, LEVEL_DBFS), rate_hz, position: 0 }
    }

    /// The next samples.
    pub(super) fn fill(&mut self, piece: &mut Piece) {
        piece.change(|samples| {
            let mut sample = [0];
            for place in samples {
                *place = 0;
                if self.position < self.rate_hz / 1_000 * SOUND_MS {
                    self.tone.fill(&mut sample);
                    *place = sample[0];
                }
                self.position = (self.position + 1) % (self.rate_hz / 1_000 * ROUND_MS);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use audio::g711::Law;

    use super::super::piece::Line;
    use super::*;

    #[test]
    fn it_sounds_at_once_and_is_mostly_silent() {
        let mut tone = HoldTone::new(8_000);
        let is_loud = |sample: &i16| sample.unsigned_abs() > 1_000;
        let loud: Vec<bool> = (0..200)
            .map(|_| {
                let mut piece = Piece::silence(Line::Codes(Law::Mu));
                tone.fill(&mut piece);
                piece.samples().iter().any(is_loud)
            })
            .collect();
        assert!(loud[0] && loud[100], "each round begins with sound");
        assert_eq!(loud.iter().filter(|loud| **loud).count(), 2 * 13, "a quarter of a second of two");
    }
}
