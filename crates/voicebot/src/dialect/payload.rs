//! Audio as base64 (RFC 4648 §4).

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, Engine};
use bytes::{Bytes, BytesMut};

use crate::error::ProtocolError;

/// Padded or not, as bots send it.
const LOOSE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Up to here memory is kept from message to message; a longer one has its own, which is given back.
const KEPT_BYTES_MAX: usize = 4 << 10;

/// Decodes the field `path`. `memory` is used again once the bytes handed out before are dropped.
pub(super) fn decode(text: &str, path: &str, memory: &mut BytesMut) -> Result<Bytes, ProtocolError> {
    match decode_text(text, memory) {
        Ok(bytes) => Ok(bytes),
        // Some encoders break lines every 76 characters.
        Err(_) if text.contains(['\n', '\r', ' ']) => {
            let joined: String = text.split(['\n', '\r', ' ']).collect();
            decode_text(&joined, memory).map_err(|error| refusal(&error, path))
        }
        Err(error) => Err(refusal(&error, path)),
    }
}

fn refusal(error: &base64::DecodeSliceError, path: &str) -> ProtocolError {
    ProtocolError::bad(format_args!("`{path}` is not base64: {error}"))
}

fn decode_text(text: &str, memory: &mut BytesMut) -> Result<Bytes, base64::DecodeSliceError> {
    let bytes_max = base64::decoded_len_estimate(text.len());
    if bytes_max > KEPT_BYTES_MAX {
        let mut bytes = vec![0; bytes_max];
        let length = LOOSE.decode_slice(text, &mut bytes)?;
        bytes.truncate(length);
        return Ok(Bytes::from(bytes));
    }
    memory.clear();
    memory.resize(bytes_max, 0);
    let length = LOOSE.decode_slice(text, memory)?;
    memory.truncate(length);
    Ok(memory.split().freeze())
}

/// Appends `bytes` to `out`, padded.
pub(super) fn encode(bytes: &[u8], out: &mut BytesMut) {
    let start = out.len();
    // A length that overflows is that of no slice.
    let Some(length) = base64::encoded_len(bytes.len(), true) else { return };
    out.resize(start + length, 0);
    if let Some(place) = out.get_mut(start..) {
        let written = STANDARD.encode_slice(bytes, place);
        debug_assert_eq!(written, Ok(length));
    }
}
