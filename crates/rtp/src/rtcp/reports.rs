//! One stream's RTCP: when to report, and what the far end's reports tell.

use super::{Packet, ReportBlock, SenderInfo, parse, write_report, xr};
use crate::Error;

/// Mean time between two reports; each is drawn from half to one and a half of it, so that ends that started together do not stay together
/// (RFC 3550 §6.2, §6.3.1).
pub const INTERVAL_US: u64 = 5_000_000;

/// Sender reports of ours that the far end may still answer.
const SENT_MAX: usize = 4;

/// Longest round trip that is believed.
const ROUND_TRIP_US_MAX: u64 = 30_000_000;

/// What a datagram of the far end has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// The far end's source has left: its stream ends.
    pub is_goodbye: bool,
    /// It says how well it hears us: [`Reports::remote`] is new.
    pub has_report: bool,
    /// It sent VoIP metrics about our stream.
    pub metrics: Option<xr::VoipMetrics>,
}

/// The books of one stream in both directions.
#[derive(Debug, Clone)]
pub struct Reports {
    ssrc: u32,
    random: u32,
    due_us: u64,
    /// Middle bits of the NTP time of our latest sender reports, and when they left.
    sent: [Option<(u32, u64)>; SENT_MAX],
    /// The same of the far end's latest, and when it arrived.
    heard: Option<(u32, u64)>,
    round_trip_us: Option<u64>,
    remote: Option<ReportBlock>,
}

impl Reports {
    /// Of a stream that we send with this source. The first report is due half an interval from now at the latest.
    pub fn new(now_us: u64, ssrc: u32) -> Self {
        let mut new = Self {
            ssrc,
            random: ssrc | 1,
            due_us: 0,
            sent: [None; SENT_MAX],
            heard: None,
            round_trip_us: None,
            remote: None,
        };
        new.due_us = now_us.saturating_add(new.next_interval_us() / 3);
        new
    }

    /// When the next report is due.
    pub fn deadline_us(&self) -> u64 {
        self.due_us
    }

    /// The last round-trip time measured, from a sender report of ours to the far end and back.
    pub fn round_trip_us(&self) -> Option<u64> {
        self.round_trip_us
    }

    /// The far end's last report about what it hears of us.
    pub fn remote(&self) -> Option<&ReportBlock> {
        self.remote.as_ref()
    }

    /// Takes a datagram of the far end, whose stream has the source `remote_ssrc`, if one has been heard yet.
    pub fn receive(&mut self, now_us: u64, remote_ssrc: Option<u32>, datagram: &[u8]) -> Received {
        let mut received = Received::default();
        // What comes after a malformed packet is lost; what came before it stands.
        for packet in parse(datagram).map_while(Result::ok) {
            match packet {
                Packet::SenderReport { ssrc, info, blocks } => {
                    if remote_ssrc.is_none_or(|remote| remote == ssrc) {
                        self.heard = Some(((info.ntp >> 16) as u32, now_us));
                    }
                    received.has_report |= self.take_blocks(now_us, blocks);
                }
                Packet::ReceiverReport { blocks, .. } => received.has_report |= self.take_blocks(now_us, blocks),
                Packet::Goodbye { mut sources, .. } => {
                    received.is_goodbye |= remote_ssrc.is_some_and(|remote| sources.any(|source| source == remote));
                }
                Packet::Extended { blocks, .. } => {
                    for block in blocks {
                        if let xr::Block::VoipMetrics(metrics) = block
                            && metrics.ssrc == self.ssrc
                        {
                            received.metrics = Some(metrics);
                        }
                    }
                }
                Packet::SourceDescription(_) | Packet::Other { .. } => {}
            }
        }
        received
    }

    /// Writes the report that is due and returns its length; the next one is due an interval later. `info` is `None` when nothing was sent
    /// since the last report; `block` is the jitter buffer's.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn write(
        &mut self,
        now_us: u64,
        out: &mut [u8],
        info: Option<&SenderInfo>,
        block: Option<ReportBlock>,
        cname: &str,
        metrics: Option<&xr::VoipMetrics>,
    ) -> Result<usize, Error> {
        let block = block.map(|block| {
            let (last_sr, delay_us) = self.heard.map_or((0, 0), |(ntp, at_us)| (ntp, now_us.saturating_sub(at_us)));
            ReportBlock { last_sr, delay_since_last_sr: in_65536ths(delay_us), ..block }
        });
        let len = write_report(out, self.ssrc, info, block.as_slice(), cname, metrics)?;
        if let Some(info) = info {
            self.sent.rotate_right(1);
            self.sent[0] = Some(((info.ntp >> 16) as u32, now_us));
        }
        self.due_us = now_us.saturating_add(self.next_interval_us());
        Ok(len)
    }

    /// Takes what the far end says about us. Returns whether there was something.
    fn take_blocks(&mut self, now_us: u64, blocks: super::ReportBlocks<'_>) -> bool {
        let mut is_about_us = false;
        for block in blocks.filter(|block| block.ssrc == self.ssrc) {
            is_about_us = true;
            self.remote = Some(block);
            let sent = self.sent.iter().flatten().find(|(ntp, _)| *ntp == block.last_sr && block.last_sr != 0);
            let held_us = (u64::from(block.delay_since_last_sr) * 1_000_000) >> 16;
            if let Some(round_trip_us) =
                sent.and_then(|(_, sent_us)| now_us.checked_sub(*sent_us)?.checked_sub(held_us))
                && round_trip_us <= ROUND_TRIP_US_MAX
            {
                self.round_trip_us = Some(round_trip_us);
            }
        }
        is_about_us
    }

    fn next_interval_us(&mut self) -> u64 {
        // xorshift: the spread need not be unforeseeable.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        INTERVAL_US / 2 + u64::from(self.random) * INTERVAL_US / (1 << 32)
    }
}

fn in_65536ths(us: u64) -> u32 {
    u32::try_from(u128::from(us) * 65_536 / 1_000_000).unwrap_or(u32::MAX)
}
