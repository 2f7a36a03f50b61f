//! A WAV file in memory (RIFF), as jambonz bots send whole clips.

use bytes::Bytes;

use crate::error::ProtocolError;
use crate::format::{Encoding, Format};

const PCM: u16 = 1;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
/// The real code stands further on, in the sub-format.
const EXTENSIBLE: u16 = 0xfffe;

/// Finds the audio of a mono file: its format and its bytes.
pub(super) fn read(file: &Bytes) -> Result<(Format, Bytes), ProtocolError> {
    let bad = |detail: &str| ProtocolError::bad(format_args!("the WAV file {detail}"));
    if file.get(..4) != Some(b"RIFF") || file.get(8..12) != Some(b"WAVE") {
        return Err(bad("does not begin with RIFF and WAVE"));
    }
    let mut format = None;
    let mut at = 12;
    while let (Some(name), Some(length)) = (file.get(at..at + 4), u32_at(file, at + 4)) {
        let start = at + 8;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match (name, format) {
            (b"fmt ", _) => format = Some(read_format(file.get(start..).unwrap_or_default())?),
            (b"data", Some(format)) => {
                // A file that was streamed out says a length that is too large, or none: what is there counts.
                let end = start.saturating_add(length).min(file.len());
                let end = if length == 0 { file.len() } else { end };
                return Ok((format, file.slice(start..end)));
            }
            (b"data", None) => return Err(bad("has its data before its format")),
            _ => {}
        }
        // Chunks are aligned to two bytes.
        at = start.saturating_add(length).saturating_add(length & 1);
        if at > file.len() {
            break;
        }
    }
    Err(bad("has no data"))
}

fn read_format(chunk: &[u8]) -> Result<Format, ProtocolError> {
    let field = |at| u16_at(chunk, at);
    let (Some(code), Some(channels), Some(rate), Some(bits)) = (field(0), field(2), u32_at(chunk, 4), field(14)) else {
        return Err(ProtocolError::bad("the WAV file's format is cut short"));
    };
    let code = if code == EXTENSIBLE { field(24).unwrap_or(code) } else { code };
    let encoding = match (code, bits) {
        (PCM, 16) => Encoding::L16,
        (ALAW, 8) => Encoding::Alaw,
        (MULAW, 8) => Encoding::Mulaw,
        _ => {
            return Err(ProtocolError::bad(format_args!(
                "the WAV file has format code {code} with {bits} bits, allowed are PCM (1) with 16, A-law (6) and µ-law (7) with 8"
            )));
        }
    };
    if channels != 1 {
        return Err(ProtocolError::bad(format_args!("the WAV file has {channels} channels, allowed is 1")));
    }
    Ok(Format::new(encoding, rate, 20)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
