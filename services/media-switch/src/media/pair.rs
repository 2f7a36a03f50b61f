//! Both sides of a call as two channels of one stream: the telephone's and the bot's.
//!
//! What goes to the caller comes by the switch's clock, what the caller says by the network's. A frame is made of what both
//! have; the one that falls behind for too long is given silence, so that they stay side by side.

use std::collections::VecDeque;

use audio::resample::Resampler;
use bytes::BytesMut;
use voicebot::Format;

use super::bot_frames::law_of;

/// How far one side may be behind the other.
const APART_MS_MAX: usize = 120;

/// Samples converted at a time, at the incoming rate.
const BLOCK: usize = 480;

/// Largest ratio of the bot's rate to the incoming.
const RATIO_MAX: usize = 6;

/// One side, at the bot's rate.
#[derive(Debug)]
struct Side {
    resampler: Option<Resampler>,
    samples: VecDeque<i16>,
}

impl Side {
    fn new(format: Format, rate_hz: u32) -> Self {
        Self { resampler: Resampler::new(rate_hz, format.rate_hz()).ok(), samples: VecDeque::new() }
    }

    fn push(&mut self, samples: &[i16]) {
        let mut resampled = [0; BLOCK * RATIO_MAX];
        let Some(resampler) = &mut self.resampler else { return };
        for block in samples.chunks(BLOCK) {
            let count = resampler.process(block, &mut resampled);
            self.samples.extend(&resampled[..count]);
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Pair {
    inbound: Side,
    outbound: Side,
    apart_max: usize,
}

impl Pair {
    /// From the rates of both sides' samples.
    pub(super) fn new(format: Format, inbound_rate_hz: u32, outbound_rate_hz: u32) -> Self {
        let apart_max = format.rate_hz() as usize / 1_000 * APART_MS_MAX;
        Self { inbound: Side::new(format, inbound_rate_hz), outbound: Side::new(format, outbound_rate_hz), apart_max }
    }

    /// What the caller has said.
    pub(super) fn push_inbound(&mut self, samples: &[i16]) {
        self.inbound.push(samples);
        level(&self.inbound, &mut self.outbound, self.apart_max);
    }

    /// What the caller hears next.
    pub(super) fn push_outbound(&mut self, samples: &[i16]) {
        self.outbound.push(samples);
        level(&self.outbound, &mut self.inbound, self.apart_max);
    }

    /// Appends what both sides have to `frame`, in the bot's encoding.
    pub(super) fn take(&mut self, format: Format, frame: &mut BytesMut) {
        let count = self.inbound.samples.len().min(self.outbound.samples.len());
        frame.reserve(count * format.bytes_per_sample());
        let law = law_of(format.encoding());
        for (inbound, outbound) in self.inbound.samples.drain(..count).zip(self.outbound.samples.drain(..count)) {
            for sample in [inbound, outbound] {
                match law {
                    Some(law) => frame.extend_from_slice(&[law.encode(sample)]),
                    None => frame.extend_from_slice(&sample.to_le_bytes()),
                }
            }
        }
    }
}

/// Gives silence to the side that is too far behind.
fn level(ahead: &Side, behind: &mut Side, apart_max: usize) {
    let apart = ahead.samples.len().saturating_sub(behind.samples.len());
    if apart > apart_max {
        behind.samples.extend(std::iter::repeat_n(0, apart));
    }
}

#[cfg(test)]
mod tests {
    use audio::g711::Law;
    use voicebot::Encoding;

    use super::*;

    fn stereo(encoding: Encoding) -> Format {
        Format::new(encoding, 8_000, 20).unwrap().stereo()
    }

    fn samples(frame: &[u8]) -> Vec<[i16; 2]> {
        let sample = |bytes: &[u8]| i16::from_le_bytes([bytes[0], bytes[1]]);
        frame.chunks_exact(4).map(|both| [sample(&both[..2]), sample(&both[2..])]).collect()
    }

    #[test]
    fn both_sides_stand_side_by_side() {
        let format = stereo(Encoding::L16);
        let (mut pair, mut frame) = (Pair::new(format, 8_000, 8_000), BytesMut::new());
        pair.push_inbound(&[1_000; 160]);
        pair.take(format, &mut frame);
        assert!(frame.is_empty(), "nothing until both are there");
        pair.push_outbound(&[-2_000; 160]);
        pair.take(format, &mut frame);
        assert_eq!(samples(&frame), vec![[1_000, -2_000]; 160]);
    }

    #[test]
    fn a_caller_that_says_nothing_does_not_hold_up_the_other_side() {
        let format = stereo(Encoding::L16);
        let (mut pair, mut frame) = (Pair::new(format, 8_000, 8_000), BytesMut::new());
        for _ in 0..50 {
            pair.push_outbound(&[500; 160]);
            pair.take(format, &mut frame);
        }
        let taken = samples(&frame);
        assert!(taken.len() >= 8_000 - 120 * 8, "{}", taken.len());
        assert!(taken.iter().all(|[inbound, outbound]| *inbound == 0 && *outbound != 0));
        // It is heard at once when it speaks again.
        frame.clear();
        pair.push_inbound(&[700; 1_600]);
        pair.push_outbound(&[500; 160]);
        pair.take(format, &mut frame);
        assert!(samples(&frame).iter().any(|[inbound, _]| *inbound == 700));
    }

    #[test]
    fn codecs_interleave_bytes() {
        let format = stereo(Encoding::Mulaw);
        let (mut pair, mut frame) = (Pair::new(format, 8_000, 8_000), BytesMut::new());
        pair.push_inbound(&[1_000; 160]);
        pair.push_outbound(&[-1_000; 160]);
        pair.take(format, &mut frame);
        assert_eq!(frame.len(), format.bytes_per_frame());
        assert_eq!(&frame[..1], &[Law::Mu.encode(1_000)]);
    }
}
