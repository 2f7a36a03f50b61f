//! RTCP: sender and receiver reports, source descriptions, goodbyes (RFC 3550 §6) and the VoIP metrics of extended reports (RFC 3611 §4.7).
//!
//! [`parse`] reads a compound datagram packet by packet without copying; [`Reports`] keeps one stream's books: when a report is due, the
//! round-trip time, what the far end says about what it hears. [`quality`] turns losses and delay into the E-model's rating.

pub mod quality;
mod reports;
mod write;
pub mod xr;

use crate::Error;

pub use reports::{INTERVAL_US, Received, Reports};
pub use write::{REPORT_BLOCKS_MAX, REPORT_BYTES_MAX, write_goodbye, write_report};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const EXTENDED_REPORT: u8 = 207;

/// The item of a source description that names the participant (RFC 3550 §6.5.1).
const CNAME: u8 = 1;

const REPORT_BLOCK_LEN: usize = 24;

/// How one source was received (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The source this is about.
    pub ssrc: u32,
    /// Lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the start; negative when duplicates outnumber losses. 24 bits.
    pub cumulative_lost: i32,
    /// Extended highest sequence number received.
    pub highest_sequence: u32,
    /// Interarrival jitter, clock units.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time in the last sender report received; 0: none yet.
    pub last_sr: u32,
    /// Time since that report arrived, in 65,536ths of a second.
    pub delay_since_last_sr: u32,
}

/// What a sender report says about its sender (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// Wall clock, NTP format: seconds since 1900 in the upper 32 bits.
    pub ntp: u64,
    /// The same instant on the stream's clock.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Sender report.
    SenderReport {
        /// Its sender's source.
        ssrc: u32,
        /// About its sender.
        info: SenderInfo,
        /// About what it receives.
        blocks: ReportBlocks<'a>,
    },
    /// Receiver report.
    ReceiverReport {
        /// Its sender's source.
        ssrc: u32,
        /// About what it receives.
        blocks: ReportBlocks<'a>,
    },
    /// Who the sources are.
    SourceDescription(Chunks<'a>),
    /// Sources leave.
    Goodbye {
        /// Which.
        sources: Sources<'a>,
        /// Why, as free text in UTF-8; empty if nothing is said.
        reason: &'a [u8],
    },
    /// Extended report.
    Extended {
        /// Its sender's source.
        ssrc: u32,
        /// What it tells.
        blocks: xr::Blocks<'a>,
    },
    /// Another type, skipped.
    Other {
        /// RTCP packet type.
        packet_type: u8,
    },
}

/// Report blocks, read as they are iterated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlocks<'a>(&'a [u8]);

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_at_checked(REPORT_BLOCK_LEN)?;
        self.0 = rest;
        let lost_24 = read_u32(block, 4)? << 8;
        Some(ReportBlock {
            ssrc: read_u32(block, 0)?,
            fraction_lost: *block.get(4)?,
            // The shift drops the fraction and brings the 24-bit sign to the top; shifting back extends it.
            cumulative_lost: lost_24 as i32 >> 8,
            highest_sequence: read_u32(block, 8)?,
            jitter: read_u32(block, 12)?,
            last_sr: read_u32(block, 16)?,
            delay_since_last_sr: read_u32(block, 20)?,
        })
    }
}

/// Sources, read as they are iterated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sources<'a>(&'a [u8]);

impl Iterator for Sources<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*word))
    }
}

/// What a source says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The source.
    pub ssrc: u32,
    /// Its canonical name in UTF-8; empty if it says none.
    pub cname: &'a [u8],
}

/// The chunks of a source description, read as they are iterated; ends at the first that is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunks<'a> {
    rest: &'a [u8],
    left: u8,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        self.left = self.left.checked_sub(1)?;
        let chunk = std::mem::take(&mut self.rest);
        let mut found = Chunk { ssrc: read_u32(chunk, 0)?, cname: &[] };
        let mut at = 4;
        // Items are type, length, text; a zero ends them, and zeros fill up the word (RFC 3550 §6.5).
        while *chunk.get(at)? != 0 {
            let (&item, &len) = (chunk.get(at)?, chunk.get(at + 1)?);
            let text = chunk.get(at + 2..at + 2 + usize::from(len))?;
            if item == CNAME {
                found.cname = text;
            }
            at += 2 + text.len();
        }
        self.rest = chunk.get((at + 1).next_multiple_of(4)..).unwrap_or_default();
        Some(found)
    }
}

/// The packets of a compound datagram; ends at the first malformed one, with its error.
#[derive(Debug, Clone)]
pub struct Packets<'a>(&'a [u8]);

/// Whether a datagram is RTCP, where it shares a port with RTP (RFC 5761 §4): RTP's payload types 64 to 95 are not used there.
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram.first_chunk::<2>(), Some([_, 192..=223]))
}

/// Reads a compound RTCP datagram.
pub fn parse(datagram: &[u8]) -> Packets<'_> {
    Packets(datagram)
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let whole = std::mem::take(&mut self.0);
        Some(match split_packet(whole) {
            Ok((packet, rest)) => {
                self.0 = rest;
                read_packet(packet)
            }
            Err(error) => Err(error),
        })
    }
}

fn split_packet(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let truncated = Error::Truncated { len: bytes.len() };
    let Some(&[first, _, high, low]) = bytes.first_chunk::<4>() else {
        return Err(truncated);
    };
    if first >> 6 != 2 {
        return Err(Error::Version(first >> 6));
    }
    let len = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
    bytes.split_at_checked(len).ok_or(truncated)
}

fn read_packet(packet: &[u8]) -> Result<Packet<'_>, Error> {
    let truncated = Error::Truncated { len: packet.len() };
    let &[first, packet_type, ..] = packet else {
        return Err(truncated);
    };
    let blocks_len = usize::from(first & 0x1f) * REPORT_BLOCK_LEN;
    let blocks_at = |offset: usize| packet.get(offset..offset + blocks_len).map(ReportBlocks);
    let read = || match packet_type {
        SENDER_REPORT => Some(Packet::SenderReport {
            ssrc: read_u32(packet, 4)?,
            info: SenderInfo {
                ntp: u64::from(read_u32(packet, 8)?) << 32 | u64::from(read_u32(packet, 12)?),
                rtp_timestamp: read_u32(packet, 16)?,
                packets: read_u32(packet, 20)?,
                octets: read_u32(packet, 24)?,
            },
            blocks: blocks_at(28)?,
        }),
        RECEIVER_REPORT => Some(Packet::ReceiverReport { ssrc: read_u32(packet, 4)?, blocks: blocks_at(8)? }),
        SOURCE_DESCRIPTION => Some(Packet::SourceDescription(Chunks { rest: &packet[4..], left: first & 0x1f })),
        GOODBYE => {
            let end = 4 + usize::from(first & 0x1f) * 4;
            let sources = Sources(packet.get(4..end)?);
            let reason = match packet[end..].split_first() {
                Some((&len, text)) => text.get(..usize::from(len))?,
                None => &[],
            };
            Some(Packet::Goodbye { sources, reason })
        }
        EXTENDED_REPORT => Some(Packet::Extended { ssrc: read_u32(packet, 4)?, blocks: xr::Blocks(packet.get(8..)?) }),
        packet_type => Some(Packet::Other { packet_type }),
    };
    read().ok_or(truncated)
}

fn read_u32(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk::<4>().map(|&word| u32::from_be_bytes(word))
}
