//! What is played to the caller beside the bot: a clip, once or again and again, in the place of the bot's audio or mixed with it.

use std::sync::Arc;

use audio::resample::Resampler;
use botstream_api::PlaybackStarted;
use botstream_api::playback_finished::Reason;

use crate::clips::{CLIP_RATE_HZ, Clip};

/// 20 ms of a clip.
const BLOCK: usize = CLIP_RATE_HZ as usize / 50;

/// What is to be played.
#[derive(Debug, Clone)]
pub(crate) struct PlayOrder {
    pub(crate) play_id: String,
    /// As it was asked for.
    pub(crate) source: String,
    pub(crate) clip: Arc<Clip>,
    pub(crate) looped: bool,
    /// Mixed with the bot's audio at this level; without it the bot waits.
    pub(crate) mix_db: Option<i32>,
    /// A key or the bot's clear stops it.
    pub(crate) interruptible: bool,
}

/// What is over.
#[derive(Debug, Clone)]
pub(crate) struct PlayEnd {
    pub(crate) play_id: String,
    pub(crate) reason: Reason,
    pub(crate) played_ms: u32,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Player {
    order: PlayOrder,
    gain: f32,
    /// Next sample of the clip.
    position: usize,
    /// Samples of the clip sent, all rounds together.
    played: u64,
    resampler: Option<Resampler>,
}

impl Player {
    pub(super) fn new(order: PlayOrder) -> Self {
        let gain = order.mix_db.map_or(1.0, |db| 10_f32.powf(db as f32 / 20.0));
        Self { order, gain, position: 0, played: 0, resampler: None }
    }

    /// One that nobody is told of, and that goes on until it is thrown away.
    pub(super) fn music(clip: Arc<Clip>) -> Self {
        let (play_id, source) = (String::new(), String::new());
        Self::new(PlayOrder { play_id, source, clip, looped: true, mix_db: None, interruptible: false })
    }

    pub(super) fn started(&self) -> PlaybackStarted {
        PlaybackStarted {
            play_id: self.order.play_id.clone(),
            source: self.order.source.clone(),
            duration_ms: self.order.clip.duration_ms(),
            r#loop: self.order.looped,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.order.play_id
    }

    pub(super) fn is_mixed(&self) -> bool {
        self.order.mix_db.is_some()
    }

    pub(super) fn is_interruptible(&self) -> bool {
        self.order.interruptible
    }

    /// What is played is the last round.
    pub(super) fn finish_round(&mut self) {
        self.order.looped = false;
    }

    /// Whether all has been played.
    pub(super) fn is_over(&self) -> bool {
        self.position >= self.order.clip.samples.len()
    }

    pub(super) fn end(&self, reason: Reason) -> PlayEnd {
        let played_ms = u32::try_from(self.played * 1_000 / u64::from(CLIP_RATE_HZ)).unwrap_or(u32::MAX);
        PlayEnd { play_id: self.order.play_id.clone(), reason, played_ms }
    }

    /// The next samples at the telephone's rate, at most 20 ms: put in the place of `out`, or mixed into it.
    pub(super) fn fill(&mut self, rate_hz: u32, out: &mut [i16]) {
        if self.resampler.as_ref().is_none_or(|resampler| resampler.to_hz() != rate_hz) {
            self.resampler = Resampler::new(CLIP_RATE_HZ, rate_hz).ok();
        }
        let wanted = (out.len() as u64 * u64::from(CLIP_RATE_HZ) / u64::from(rate_hz.max(1))) as usize;
        let mut block = [0; BLOCK];
        let block = &mut block[..wanted.min(BLOCK)];
        for place in block.iter_mut() {
            if self.is_over() {
                break;
            }
            *place = self.order.clip.samples[self.position];
            self.played += 1;
            self.position += 1;
            if self.order.looped && self.is_over() {
                self.position = 0;
            }
        }
        let mut resampled = [0; BLOCK * 3];
        let count = match &mut self.resampler {
            Some(resampler) => resampler.process(block, &mut resampled),
            None => 0,
        };
        for (index, place) in out.iter_mut().enumerate() {
            let sample = if index < count { resampled[index] } else { 0 };
            *place = if self.is_mixed() {
                // Casts of floats saturate.
                place.saturating_add((f32::from(sample) * self.gain) as i16)
            } else {
                sample
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(samples: Vec<i16>, looped: bool, mix_db: Option<i32>) -> Player {
        let order = PlayOrder {
            play_id: "p".into(),
            source: String::new(),
            clip: Clip::of(samples),
            looped,
            mix_db,
            interruptible: false,
        };
        Player::new(order)
    }

    #[test]
    fn a_clip_is_played_once_and_its_length_told() {
        let mut player = player(vec![1_000; 800], false, None);
        let mut frames = 0;
        while !player.is_over() {
            player.fill(16_000, &mut [0; 320]);
            frames += 1;
        }
        assert_eq!((frames, player.end(Reason::Completed).played_ms), (3, 50));
    }

    #[test]
    fn a_loop_has_no_gap_and_ends_with_its_round() {
        let mut player = player(vec![1_000; 500], true, None);
        let mut out = [0; 320];
        for _ in 0..10 {
            player.fill(16_000, &mut out);
            assert!(out.iter().all(|sample| *sample == 1_000));
        }
        player.finish_round();
        player.fill(16_000, &mut out);
        player.fill(16_000, &mut out);
        assert!(player.is_over());
    }

    #[test]
    fn a_mix_is_added_at_its_level_and_a_clip_alone_takes_the_place() {
        let mut out = [500; 320];
        player(vec![1_000; 320], false, Some(-20)).fill(16_000, &mut out);
        assert_eq!(out[100], 600);
        player(vec![1_000; 320], false, None).fill(16_000, &mut out);
        assert_eq!(out[100], 1_000);
        let mut narrow = [0; 160];
        player(vec![1_000; 320], false, None).fill(8_000, &mut narrow);
        assert!((narrow[120] - 1_000).abs() < 20);
    }
}
