//! The sending side of one RTP stream: what sequence number and timestamp the next packet carries.

use crate::{Header, dtmf};

/// Numbers the packets of one outgoing stream. The starting values are the caller's: RFC 3550 §5.1 wants them random.
#[derive(Debug, Clone)]
pub struct Sender {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    packets: u32,
    octets: u32,
}

impl Sender {
    /// A stream whose first packet carries `sequence` and `timestamp`, with the marker set.
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self { ssrc, sequence, timestamp, marker: true, packets: 0, octets: 0 }
    }

    /// The header of the next audio packet, of `samples` clock units and `payload_len` bytes; moves on behind it.
    pub fn audio(&mut self, payload_type: u8, samples: u32, payload_len: usize) -> Header {
        let header = self.header(payload_type, self.marker, self.timestamp, payload_len);
        self.marker = false;
        self.timestamp = self.timestamp.wrapping_add(samples);
        header
    }

    /// The header of a telephone-event packet that takes the place of one audio packet of `samples` clock units.
    pub fn event(&mut self, payload_type: u8, packet: &dtmf::Packet, samples: u32) -> Header {
        let header = self.header(payload_type, packet.marker, packet.timestamp, packet.payload.len());
        self.skip(samples);
        header
    }

    /// Time passes without a packet: silence, or ticks missed. The next packet begins a talk spurt.
    pub fn skip(&mut self, samples: u32) {
        self.timestamp = self.timestamp.wrapping_add(samples);
        self.marker = true;
    }

    /// The timestamp of the next packet.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// The stream's synchronisation source.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Packets numbered so far, as an RTCP sender report counts them (wraps).
    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// Payload bytes so far, as an RTCP sender report counts them (wraps).
    pub fn octets(&self) -> u32 {
        self.octets
    }

    fn header(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload_len: usize) -> Header {
        let header = Header { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc };
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload_len as u32);
        header
    }
}
