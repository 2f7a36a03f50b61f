//! Extended reports (RFC 3611): the VoIP metrics block; others are passed over.

use super::{quality, read_u32};

/// Bytes of a VoIP metrics block with its header.
pub const VOIP_METRICS_LEN: usize = 36;

const VOIP_METRICS: u8 = 7;

/// What stands for "not known" in levels, rating and opinion scores (RFC 3611 §4.7.2, §4.7.5).
pub const UNKNOWN: u8 = 127;

/// A block of an extended report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// How well a voice stream is received.
    VoipMetrics(VoipMetrics),
    /// Another type, skipped.
    Other {
        /// Its block type.
        block_type: u8,
    },
}

/// The blocks of an extended report, read as they are iterated; ends at the first that is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks<'a>(pub(super) &'a [u8]);

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let whole = std::mem::take(&mut self.0);
        let &[block_type, _, high, low] = whole.first_chunk::<4>()?;
        let len = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        let (block, rest) = whole.split_at_checked(len)?;
        self.0 = rest;
        match block.first_chunk::<VOIP_METRICS_LEN>() {
            Some(bytes) if block_type == VOIP_METRICS => Some(Block::VoipMetrics(VoipMetrics::from_bytes(bytes)?)),
            _ => Some(Block::Other { block_type }),
        }
    }
}

/// How well one source is received (RFC 3611 §4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoipMetrics {
    /// The source this is about.
    pub ssrc: u32,
    /// Packets lost since the beginning, in 256ths.
    pub loss_rate: u8,
    /// Packets that came too late or twice and were thrown away, in 256ths.
    pub discard_rate: u8,
    /// Share of lost and discarded packets within bursts, in 256ths.
    pub burst_density: u8,
    /// The same within gaps, the times between bursts.
    pub gap_density: u8,
    /// Mean length of bursts.
    pub burst_duration_ms: u16,
    /// Mean length of gaps.
    pub gap_duration_ms: u16,
    /// 0: not measured.
    pub round_trip_delay_ms: u16,
    /// Delay within this end: capture, coding, jitter buffer, playout. 0: not known.
    pub end_system_delay_ms: u16,
    /// Level of speech in dBm0, a negative number, or [`UNKNOWN`].
    pub signal_level: u8,
    /// Level of noise in dBm0, a negative number, or [`UNKNOWN`].
    pub noise_level: u8,
    /// Residual echo return loss in dB, or [`UNKNOWN`].
    pub residual_echo_return_loss: u8,
    /// Good packets in a row that end a burst.
    pub gap_threshold: u8,
    /// The E-model's rating, 0 to 100, or [`UNKNOWN`].
    pub r_factor: u8,
    /// Rating of another network that the call crosses, or [`UNKNOWN`].
    pub external_r_factor: u8,
    /// Opinion score of listening in tenths, 10 to 50, or [`UNKNOWN`].
    pub mos_lq: u8,
    /// Opinion score of conversation in tenths, 10 to 50, or [`UNKNOWN`].
    pub mos_cq: u8,
    /// Concealment (2 bits), kind of jitter buffer (2 bits), its rate of adaptation (4 bits) (RFC 3611 §4.7.6).
    pub receiver_configuration: u8,
    /// Present delay of the jitter buffer for packets that are in time.
    pub jitter_buffer_nominal_ms: u16,
    /// Present delay for the latest packet that is still taken.
    pub jitter_buffer_maximum_ms: u16,
    /// The most that this delay can become.
    pub jitter_buffer_absolute_maximum_ms: u16,
}

/// Enhanced concealment and an adaptive jitter buffer, as this crate and its neighbours have them.
const ENHANCED_AND_ADAPTIVE: u8 = 0b1111_0000;

impl VoipMetrics {
    /// The metrics of a stream from what its receiver has counted, with the opinion scores that follow; `one_way_delay_ms` is half the
    /// round trip and both ends' own.
    pub fn new(ssrc: u32, bursts: &quality::Bursts, impairment: quality::Impairment, one_way_delay_ms: u32) -> Self {
        let in_256ths = |part: u64, whole: u64| (part * 256).checked_div(whole).unwrap_or(0).min(255) as u8;
        let ms = |ms: u64| u16::try_from(ms).unwrap_or(u16::MAX);
        let summary = bursts.summary();
        let listening = quality::r_factor(impairment, summary.lost_share(), summary.burst_ratio(), 0);
        let conversation = quality::r_factor(impairment, summary.lost_share(), summary.burst_ratio(), one_way_delay_ms);
        let tenths = |r: f32| (quality::mos(r) * 10.0).round() as u8;
        Self {
            ssrc,
            loss_rate: in_256ths(summary.lost, summary.packets),
            discard_rate: in_256ths(summary.discarded, summary.packets),
            burst_density: in_256ths(summary.burst_losses, summary.burst_packets),
            gap_density: in_256ths(summary.gap_losses, summary.gap_packets),
            burst_duration_ms: ms(summary.burst_duration_ms()),
            gap_duration_ms: ms(summary.gap_duration_ms()),
            round_trip_delay_ms: 0,
            end_system_delay_ms: 0,
            signal_level: UNKNOWN,
            noise_level: UNKNOWN,
            residual_echo_return_loss: UNKNOWN,
            gap_threshold: quality::GAP_THRESHOLD,
            r_factor: conversation.round() as u8,
            external_r_factor: UNKNOWN,
            mos_lq: tenths(listening),
            mos_cq: tenths(conversation),
            receiver_configuration: ENHANCED_AND_ADAPTIVE,
            jitter_buffer_nominal_ms: 0,
            jitter_buffer_maximum_ms: 0,
            jitter_buffer_absolute_maximum_ms: 0,
        }
    }

    pub(super) fn to_bytes(self) -> [u8; VOIP_METRICS_LEN] {
        let mut bytes = [0; VOIP_METRICS_LEN];
        // Block length in words, less one.
        bytes[..4].copy_from_slice(&[VOIP_METRICS, 0, 0, (VOIP_METRICS_LEN / 4 - 1) as u8]);
        bytes[4..8].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes[8..12].copy_from_slice(&[self.loss_rate, self.discard_rate, self.burst_density, self.gap_density]);
        bytes[20..28].copy_from_slice(&[
            self.signal_level,
            self.noise_level,
            self.residual_echo_return_loss,
            self.gap_threshold,
            self.r_factor,
            self.external_r_factor,
            self.mos_lq,
            self.mos_cq,
        ]);
        bytes[28] = self.receiver_configuration;
        for (at, value) in [
            (12, self.burst_duration_ms),
            (14, self.gap_duration_ms),
            (16, self.round_trip_delay_ms),
            (18, self.end_system_delay_ms),
            (30, self.jitter_buffer_nominal_ms),
            (32, self.jitter_buffer_maximum_ms),
            (34, self.jitter_buffer_absolute_maximum_ms),
        ] {
            bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; VOIP_METRICS_LEN]) -> Option<Self> {
        let u16_at = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        Some(Self {
            ssrc: read_u32(bytes, 4)?,
            loss_rate: bytes[8],
            discard_rate: bytes[9],
            burst_density: bytes[10],
            gap_density: bytes[11],
            burst_duration_ms: u16_at(12),
            gap_duration_ms: u16_at(14),
            round_trip_delay_ms: u16_at(16),
            end_system_delay_ms: u16_at(18),
            signal_level: bytes[20],
            noise_level: bytes[21],
            residual_echo_return_loss: bytes[22],
            gap_threshold: bytes[23],
            r_factor: bytes[24],
            external_r_factor: bytes[25],
            mos_lq: bytes[26],
            mos_cq: bytes[27],
            receiver_configuration: bytes[28],
            jitter_buffer_nominal_ms: u16_at(30),
            jitter_buffer_maximum_ms: u16_at(32),
            jitter_buffer_absolute_maximum_ms: u16_at(34),
        })
    }
}
