//! The RTP fixed header (RFC 3550 §5.1).

use std::ops::Range;

use crate::Error;

/// Bytes of a header without CSRCs and extension.
pub const HEADER_LEN: usize = 12;

/// The fields of an RTP header that an endpoint uses. CSRC entries and the header extension are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// Marker: the first packet of a talk spurt (RFC 3551 §4.1) or of a telephone event (RFC 4733 §2.1).
    pub marker: bool,
    /// Payload type, 0..=127.
    pub payload_type: u8,
    /// Sequence number; wraps at 65,536.
    pub sequence: u16,
    /// Sampling instant of the first sample, in clock units; wraps at 2^32.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// Reads the header of `packet` and returns it with the range of its payload: without CSRCs, extension and padding.
    pub fn parse(packet: &[u8]) -> Result<(Self, Range<usize>), Error> {
        let header_len = Self::len(packet)?;
        let (Some(fixed), Some(body)) = (packet.first_chunk::<HEADER_LEN>(), packet.get(header_len..)) else {
            return Err(Error::Truncated { len: packet.len() });
        };
        let header = Self {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        let has_padding = fixed[0] & 0x20 != 0;
        let padding = match (has_padding, body.last()) {
            (false, _) => 0,
            (true, None) => return Err(Error::Padding(0)),
            (true, Some(&count)) if count == 0 || usize::from(count) > body.len() => {
                return Err(Error::Padding(count));
            }
            (true, Some(&count)) => usize::from(count),
        };
        Ok((header, header_len..packet.len() - padding))
    }

    /// Bytes of `packet`'s header with CSRCs and extension: where its payload begins, or, in SRTP, its encrypted part.
    pub fn len(packet: &[u8]) -> Result<usize, Error> {
        let truncated = Error::Truncated { len: packet.len() };
        let Some((fixed, rest)) = packet.split_first_chunk::<HEADER_LEN>() else {
            return Err(truncated);
        };
        let version = fixed[0] >> 6;
        if version != 2 {
            return Err(Error::Version(version));
        }
        let has_extension = fixed[0] & 0x10 != 0;
        let mut skipped = usize::from(fixed[0] & 0x0f) * 4;
        if has_extension {
            // RFC 3550 §5.3.1: 16 bits of profile data, 16 bits counting the 32-bit words that follow.
            let Some(&[_, _, high, low]) = rest.get(skipped..skipped + 4) else {
                return Err(truncated);
            };
            skipped += 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
        }
        if skipped > rest.len() {
            return Err(truncated);
        }
        Ok(HEADER_LEN + skipped)
    }

    /// The header as 12 bytes: version 2, no padding, extension or CSRC.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = 0x80;
        bytes[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7f;
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }

    /// Writes the header to the front of `out` and returns its length, [`HEADER_LEN`].
    pub fn write(&self, out: &mut [u8]) -> Result<usize, Error> {
        let Some(front) = out.first_chunk_mut::<HEADER_LEN>() else {
            return Err(Error::BufferTooSmall { needed: HEADER_LEN });
        };
        *front = self.to_bytes();
        Ok(HEADER_LEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_header() -> impl Strategy<Value = Header> {
        (any::<bool>(), 0u8..128, any::<u16>(), any::<u32>(), any::<u32>()).prop_map(
            |(marker, payload_type, sequence, timestamp, ssrc)| Header {
                marker,
                payload_type,
                sequence,
                timestamp,
                ssrc,
            },
        )
    }

    proptest! {
        #[test]
        fn written_headers_read_back(header in any_header(), payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut packet = vec![0; HEADER_LEN];
            header.write(&mut packet).unwrap();
            packet.extend_from_slice(&payload);
            let (read, range) = Header::parse(&packet).unwrap();
            prop_assert_eq!(read, header);
            prop_assert_eq!(&packet[range], &payload[..]);
        }

        #[test]
        fn csrc_extension_and_padding_are_skipped(
            header in any_header(),
            csrcs in proptest::collection::vec(any::<u32>(), 0..16),
            extension in proptest::option::of(proptest::collection::vec(any::<u32>(), 0..20)),
            payload in proptest::collection::vec(any::<u8>(), 0..200),
            padding in 0u8..=255,
        ) {
            let mut packet = header.to_bytes().to_vec();
            packet[0] |= csrcs.len() as u8;
            for csrc in &csrcs {
                packet.extend_from_slice(&csrc.to_be_bytes());
            }
            if let Some(words) = &extension {
                packet[0] |= 0x10;
                packet.extend_from_slice(&[0xbe, 0xde]);
                packet.extend_from_slice(&(words.len() as u16).to_be_bytes());
                for word in words {
                    packet.extend_from_slice(&word.to_be_bytes());
                }
            }
            packet.extend_from_slice(&payload);
            if padding > 0 {
                packet[0] |= 0x20;
                packet.resize(packet.len() + usize::from(padding) - 1, 0);
                packet.push(padding);
            }
            let (read, range) = Header::parse(&packet).unwrap();
            prop_assert_eq!(read, header);
            prop_assert_eq!(&packet[range], &payload[..]);
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_ranges_lie_inside(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok((_, range)) = Header::parse(&bytes) {
                prop_assert!(range.start <= range.end && range.end <= bytes.len());
            }
        }
    }

    #[test]
    fn malformed_packets_name_their_fault() {
        let packet = Header::default().to_bytes();
        assert_eq!(Header::parse(&packet[..11]), Err(Error::Truncated { len: 11 }));
        assert_eq!(Header::parse(&[0x40; 12]), Err(Error::Version(1)));
        let mut csrc_missing = packet;
        csrc_missing[0] |= 1;
        assert_eq!(Header::parse(&csrc_missing), Err(Error::Truncated { len: 12 }));
        let mut padding_missing = packet;
        padding_missing[0] |= 0x20;
        assert_eq!(Header::parse(&padding_missing), Err(Error::Padding(0)));
        assert_eq!(Header::default().write(&mut [0; 11]), Err(Error::BufferTooSmall { needed: 12 }));
    }
}
