//! Writing reports and goodbyes.

use super::{
    CNAME, EXTENDED_REPORT, GOODBYE, RECEIVER_REPORT, REPORT_BLOCK_LEN, ReportBlock, SENDER_REPORT, SOURCE_DESCRIPTION,
    SenderInfo, xr,
};
use crate::Error;

/// Report blocks that one report can have.
pub const REPORT_BLOCKS_MAX: usize = 31;

/// Bytes of the longest text in RTCP.
const TEXT_LEN_MAX: usize = 255;

/// Room that a report with one block, VoIP metrics and a name of any length needs.
pub const REPORT_BYTES_MAX: usize = 28 + REPORT_BLOCK_LEN + 8 + xr::VOIP_METRICS_LEN + 4 + 4 + 2 + TEXT_LEN_MAX + 4;

/// Writes a compound: a sender report (or a receiver report when `info` is `None`) with up to [`REPORT_BLOCKS_MAX`] blocks, the CNAME (at
/// most 255 bytes of it), and an extended report with `metrics`, if there are some. Returns the length.
///
/// # Errors
/// [`Error::BufferTooSmall`]; nothing was written.
pub fn write_report(
    out: &mut [u8],
    ssrc: u32,
    info: Option<&SenderInfo>,
    blocks: &[ReportBlock],
    cname: &str,
    metrics: Option<&xr::VoipMetrics>,
) -> Result<usize, Error> {
    let blocks = &blocks[..blocks.len().min(REPORT_BLOCKS_MAX)];
    let cname = &cname.as_bytes()[..cname.len().min(TEXT_LEN_MAX)];
    let report_len = 8 + info.map_or(0, |_| 20) + blocks.len() * REPORT_BLOCK_LEN;
    // Chunk: SSRC, item header, text, and at least one zero byte up to the word boundary (RFC 3550 §6.5).
    let description_len = 4 + (4 + 2 + cname.len() + 1).next_multiple_of(4);
    let extended_len = metrics.map_or(0, |_| 8 + xr::VOIP_METRICS_LEN);
    let needed = report_len + description_len + extended_len;
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
    cursor.bytes(&[CNAME, cname.len() as u8]);
    cursor.bytes(cname);
    cursor.zeros(report_len + description_len);
    if let Some(metrics) = metrics {
        cursor.header(0, EXTENDED_REPORT, extended_len);
        cursor.u32(ssrc);
        cursor.bytes(&metrics.to_bytes());
    }
    Ok(needed)
}

/// Writes the end of a stream: an empty receiver report, as every compound begins with a report (RFC 3550 §6.1), the CNAME, and a goodbye
/// with a reason (at most 255 bytes of it). Returns the length.
///
/// # Errors
/// [`Error::BufferTooSmall`]; nothing useful was written.
pub fn write_goodbye(out: &mut [u8], ssrc: u32, cname: &str, reason: &str) -> Result<usize, Error> {
    let reason = &reason.as_bytes()[..reason.len().min(TEXT_LEN_MAX)];
    let goodbye_len = 8 + if reason.is_empty() { 0 } else { (1 + reason.len()).next_multiple_of(4) };
    let report_len = write_report(out, ssrc, None, &[], cname, None)?;
    let needed = report_len + goodbye_len;
    let Some(out) = out.get_mut(report_len..needed) else {
        return Err(Error::BufferTooSmall { needed });
    };
    let mut cursor = Cursor { out, at: 0 };
    cursor.header(1, GOODBYE, goodbye_len);
    cursor.u32(ssrc);
    if !reason.is_empty() {
        cursor.bytes(&[reason.len() as u8]);
        cursor.bytes(reason);
        cursor.zeros(goodbye_len);
    }
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

    /// Zeros up to this place.
    fn zeros(&mut self, end: usize) {
        self.out[self.at..end].fill(0);
        self.at = end;
    }

    fn header(&mut self, count: u8, packet_type: u8, len: usize) {
        let [high, low] = ((len / 4 - 1) as u16).to_be_bytes();
        self.bytes(&[0x80 | count, packet_type, high, low]);
    }
}
