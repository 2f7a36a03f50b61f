//! The receiving side.

use super::cipher::Session;
use super::window::{Replay, guess};
use super::{ENCRYPTED, Error, MasterKey, RTCP_CLEAR_LEN, SOURCES_MAX, rtcp_source, rtp_header};

/// Packets refused since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refusals {
    /// Too short, or without a valid header.
    pub malformed: u64,
    /// Forged, damaged, or of another key.
    pub authentication: u64,
    /// Came before, or too old.
    pub replayed: u64,
}

/// Takes the packets of one direction.
pub struct Receiver {
    rtp: Session,
    rtcp: Session,
    rtp_sources: Sources,
    rtcp_sources: Sources,
    refusals: Refusals,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("suite", &self.rtp.suite())
            .field("refusals", &self.refusals)
            .finish_non_exhaustive()
    }
}

impl Receiver {
    /// A receiver of what is protected with this key.
    ///
    /// # Errors
    /// None with a key that [`MasterKey::new`] took.
    pub fn new(key: &MasterKey) -> Result<Self, Error> {
        let [rtp, rtcp] = key.sessions()?;
        let sources = Sources::default();
        Ok(Self { rtp, rtcp, rtp_sources: sources.clone(), rtcp_sources: sources, refusals: Refusals::default() })
    }

    /// Checks and decrypts an RTP packet in place and returns the length of what is left: an ordinary RTP packet.
    ///
    /// # Errors
    /// The packet is not to be used. Nothing but [`refusals`](Self::refusals) has changed.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, Error> {
        let result = self.open_rtp(packet);
        self.count(result)
    }

    /// Checks and decrypts an RTCP packet in place and returns the length of what is left.
    ///
    /// # Errors
    /// As [`unprotect_rtp`](Self::unprotect_rtp).
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Error> {
        let result = self.open_rtcp(packet);
        self.count(result)
    }

    /// Packets refused so far.
    pub fn refusals(&self) -> Refusals {
        self.refusals
    }

    fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, Error> {
        let malformed = Error::Malformed { len: packet.len() };
        let (sequence, source, clear_len) = rtp_header(packet)?;
        let len = packet
            .len()
            .checked_sub(self.rtp.suite().rtp_overhead())
            .filter(|&len| len >= clear_len)
            .ok_or(malformed)?;
        let known = self.rtp_sources.find(source);
        let index = match known {
            // Nobody says how often a stream's numbers have begun anew before its first packet here: not at all (RFC 4568 §6.4).
            None => sequence.into(),
            Some(replay) => {
                guess(replay.highest, sequence).filter(|&index| replay.is_new(index)).ok_or(Error::Replayed)?
            }
        };
        self.rtp.open_rtp(packet, clear_len, source, index)?;
        self.rtp_sources.take(source, index);
        Ok(len)
    }

    fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Error> {
        let malformed = Error::Malformed { len: packet.len() };
        let source = rtcp_source(packet)?;
        let overhead = self.rtcp.suite().rtcp_overhead();
        let len = packet.len().checked_sub(overhead).filter(|&len| len >= RTCP_CLEAR_LEN).ok_or(malformed)?;
        let trailer = self.rtcp.rtcp_trailer(packet);
        let index = u64::from(trailer & !ENCRYPTED);
        if self.rtcp_sources.find(source).is_some_and(|replay| !replay.is_new(index)) {
            return Err(Error::Replayed);
        }
        self.rtcp.open_rtcp(packet, source, trailer)?;
        self.rtcp_sources.take(source, index);
        Ok(len)
    }

    fn count(&mut self, result: Result<usize, Error>) -> Result<usize, Error> {
        match result {
            Err(Error::Authentication) => self.refusals.authentication += 1,
            Err(Error::Replayed) => self.refusals.replayed += 1,
            Err(_) => self.refusals.malformed += 1,
            Ok(_) => {}
        }
        result
    }
}

/// What is known of each source, the one heard last first. When there are too many, the one not heard for longest goes: only who has the
/// key makes any.
#[derive(Debug, Clone, Default)]
struct Sources([Option<(u32, Replay)>; SOURCES_MAX]);

impl Sources {
    fn find(&self, source: u32) -> Option<&Replay> {
        self.0.iter().flatten().find(|(ssrc, _)| *ssrc == source).map(|(_, replay)| replay)
    }

    /// An authentic packet came.
    fn take(&mut self, source: u32, index: u64) {
        let known = self.0.iter().position(|known| known.is_some_and(|(ssrc, _)| ssrc == source));
        let place = known.unwrap_or(SOURCES_MAX - 1);
        if known.is_none() {
            self.0[place] = Some((source, Replay::new(index)));
        } else if let Some((_, replay)) = &mut self.0[place] {
            replay.take(index);
        }
        self.0[..=place].rotate_right(1);
    }
}
