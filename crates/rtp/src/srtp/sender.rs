//! The sending side.

use super::cipher::Session;
use super::window::guess;
use super::{Error, INDEX_LEN, MasterKey, RTCP_CLEAR_LEN, SOURCES_MAX, rtcp_source, rtp_header};

/// 2^48 packets of RTP and 2^31 of RTCP can have one key (RFC 3711 §9.2).
const RTP_INDEX_MAX: u64 = (1 << 48) - 1;
const RTCP_INDEX_MAX: u32 = (1 << 31) - 1;

/// Protects the packets of one direction.
pub struct Sender {
    rtp: Session,
    rtcp: Session,
    /// Sources with the highest index used. None is ever forgotten: its key stream would be used again.
    sources: [Option<(u32, u64)>; SOURCES_MAX],
    rtcp_index: u32,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("suite", &self.rtp.suite()).finish_non_exhaustive()
    }
}

impl Sender {
    /// A sender with a key that nothing was sent with yet.
    ///
    /// # Errors
    /// None with a key that [`MasterKey::new`] took.
    pub fn new(key: &MasterKey) -> Result<Self, Error> {
        let [rtp, rtcp] = key.sessions()?;
        Ok(Self { rtp, rtcp, sources: [None; SOURCES_MAX], rtcp_index: 0 })
    }

    /// Protects the RTP packet in the first `len` bytes of `packet` and returns its new length.
    ///
    /// # Errors
    /// The packet is as it was, and must not be sent.
    pub fn protect_rtp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, Error> {
        let content = packet.get(..len).ok_or(Error::BufferTooSmall { needed: len })?;
        let (sequence, source, clear_len) = rtp_header(content)?;
        let needed = len + self.rtp.suite().rtp_overhead();
        if packet.len() < needed {
            return Err(Error::BufferTooSmall { needed });
        }
        let known = self.sources.iter().position(|known| known.is_some_and(|(ssrc, _)| ssrc == source));
        let place = known.or_else(|| self.sources.iter().position(Option::is_none)).ok_or(Error::TooManySources)?;
        let index = match self.sources[place] {
            None => sequence.into(),
            Some((_, highest)) => {
                guess(highest, sequence).filter(|&index| index > highest).ok_or(Error::SequenceReused(sequence))?
            }
        };
        if index > RTP_INDEX_MAX {
            return Err(Error::KeyExhausted);
        }
        self.rtp.seal_rtp(&mut packet[..needed], clear_len, len, source, index)?;
        self.sources[place] = Some((source, index));
        Ok(needed)
    }

    /// Protects the RTCP packet, compound or not, in the first `len` bytes of `packet` and returns its new length.
    ///
    /// # Errors
    /// The packet is as it was, and must not be sent.
    pub fn protect_rtcp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, Error> {
        let content = packet.get(..len).ok_or(Error::BufferTooSmall { needed: len })?;
        let source = rtcp_source(content)?;
        let needed = len + self.rtcp.suite().rtcp_overhead();
        debug_assert!(len >= RTCP_CLEAR_LEN && needed > len + INDEX_LEN);
        if packet.len() < needed {
            return Err(Error::BufferTooSmall { needed });
        }
        if self.rtcp_index >= RTCP_INDEX_MAX {
            return Err(Error::KeyExhausted);
        }
        self.rtcp_index += 1;
        self.rtcp.seal_rtcp(&mut packet[..needed], len, source, self.rtcp_index)?;
        Ok(needed)
    }
}
