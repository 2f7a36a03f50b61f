//! Minimal RTCP: sender and receiver reports with one or more report blocks, and CNAME (RFC 3550 §6).

use crate::Error;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;

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
    /// A source leaves.
    Goodbye {
        /// The first of the sources that leave.
        ssrc: u32,
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

/// The packets of a compound datagram; ends at the first malformed one, with its error.
#[derive(Debug, Clone)]
pub struct Packets<'a>(&'a [u8]);

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
        GOODBYE if first & 0x1f > 0 => Some(Packet::Goodbye { ssrc: read_u32(packet, 4)? }),
        packet_type => Some(Packet::Other { packet_type }),
    };
    read().ok_or(truncated)
}

fn read_u32(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk::<4>().map(|&word| u32::from_be_bytes(word))
}

/// Writes a compound: a sender report (or a receiver report when `info` is `None`) with up to 31 blocks, and the CNAME (at most 255
/// bytes of it). Returns the length.
pub fn write_report(
    out: &mut [u8],
    ssrc: u32,
    info: Option<&SenderInfo>,
    blocks: &[ReportBlock],
    cname: &str,
) -> Result<usize, Error> {
    let blocks = &blocks[..blocks.len().min(31)];
    let cname = &cname.as_bytes()[..cname.len().min(255)];
    let report_len = 8 + info.map_or(0, |_| 20) + blocks.len() * REPORT_BLOCK_LEN;
    // Chunk: SSRC, item header, text, and at least one zero byte up to the word boundary (RFC 3550 §6.5).
    let description_len = 4 + (4 + 2 + cname.len() + 1).next_multiple_of(4);
    let needed = report_len + description_len;
    let Some(out) = out.get_mut(..needed) else {
        return Err(Error::BufferTooSmall { needed });
    };
    let mut cursor = Cursor { out, at: 0 };
    let packet_type = if info.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    cursor.header(blocks.len() as u8, packet_type, report_len);
    cursor.u32(ssrc);
    if let Some(info) = info {
        cursor.bytes(&info.ntp.to_be_bytes());
        cursor.u32(info.rtp_timestamp);
        cursor.u32(info.packets);
        cursor.u32(info.octets);
    }
    for block in blocks {
        cursor.u32(block.ssrc);
        cursor.u32(u32::from(block.fraction_lost) << 24 | block.cumulative_lost as u32 & 0xff_ffff);
        cursor.u32(block.highest_sequence);
        cursor.u32(block.jitter);
        cursor.u32(block.last_sr);
        cursor.u32(block.delay_since_last_sr);
    }
    cursor.header(1, SOURCE_DESCRIPTION, description_len);
    cursor.u32(ssrc);
    cursor.bytes(&[1, cname.len() as u8]);
    cursor.bytes(cname);
    cursor.out[cursor.at..].fill(0);
    Ok(needed)
}

/// Writes into a buffer whose length has been checked to fit.
struct Cursor<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Cursor<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.out[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    fn header(&mut self, count: u8, packet_type: u8, len: usize) {
        let [high, low] = ((len / 4 - 1) as u16).to_be_bytes();
        self.bytes(&[0x80 | count, packet_type, high, low]);
    }
}
