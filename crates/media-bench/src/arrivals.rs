//! Gaps: packets that a caller misses or gets too late, by sequence number and time of arrival.

use rtp::Header;

/// Time from one packet to the next, in microseconds.
pub(crate) const PACKET_US: u64 = 20_000;

/// A packet that comes this much later than the quickest one before it, measured against the sender's pace, is late, in microseconds.
pub(crate) const LATE_US: i64 = 40_000;

/// Further than this, it is another stream's number (RFC 3550 §A.1, MAX_DROPOUT).
const JUMP_MAX: i64 = 3_000;

/// What a caller got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Different packets.
    pub(crate) received: u64,
    /// Packets between the first and the newest that never came.
    pub(crate) missing: u64,
    /// Packets that came, but late.
    pub(crate) late: u64,
    /// Packets that came again, or too old to be told from that.
    pub(crate) repeated: u64,
    /// Datagrams that are no RTP, or of a sequence number far off.
    pub(crate) foreign: u64,
}

/// Meter of one stream of RTP with a packet every [`PACKET_US`].
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    stream: Option<Stream>,
    heard: Heard,
}

#[derive(Debug)]
struct Stream {
    newest: i64,
    first: i64,
    /// Bit n: number `newest - n` came.
    seen: u64,
    /// Arrival of the quickest packet, less what its number accounts for.
    quickest_us: i64,
}

impl Arrivals {
    /// Takes a datagram that came at `at_us`, in microseconds of a monotonic clock.
    pub(crate) fn datagram(&mut self, datagram: &[u8], at_us: u64) {
        let Ok((header, _)) = Header::parse(datagram) else {
            self.heard.foreign += 1;
            return;
        };
        let pace = |number: i64| at_us as i64 - number * PACKET_US as i64;
        let Some(stream) = &mut self.stream else {
            let number = i64::from(header.sequence);
            self.stream = Some(Stream { newest: number, first: number, seen: 1, quickest_us: pace(number) });
            self.heard.received = 1;
            return;
        };
        let ahead = i64::from(header.sequence.wrapping_sub(stream.newest as u16) as i16);
        if ahead.abs() > JUMP_MAX {
            self.heard.foreign += 1;
            return;
        }
        let number = stream.newest + ahead;
        if ahead > 0 {
            stream.seen = if ahead < 64 { stream.seen << ahead | 1 } else { 1 };
            stream.newest = number;
        } else {
            // Before the first, it belongs to no span of ours.
            let bit = 1_u64.checked_shl(ahead.unsigned_abs() as u32).unwrap_or(0);
            if bit == 0 || stream.seen & bit != 0 || number < stream.first {
                self.heard.repeated += 1;
                return;
            }
            stream.seen |= bit;
        }
        self.heard.received += 1;
        let pace = pace(number);
        stream.quickest_us = stream.quickest_us.min(pace);
        self.heard.late += u64::from(pace - stream.quickest_us > LATE_US);
    }

    /// What came until now.
    pub(crate) fn heard(&self) -> Heard {
        let span = self.stream.as_ref().map_or(0, |stream| (stream.newest - stream.first + 1) as u64);
        Heard { missing: span.saturating_sub(self.heard.received), ..self.heard }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(packets: &[(u16, u64)]) -> Heard {
        let mut arrivals = Arrivals::default();
        for (sequence, at_ms) in packets {
            let header = Header { marker: false, payload_type: 0, sequence: *sequence, timestamp: 0, ssrc: 7 };
            arrivals.datagram(&header.to_bytes(), at_ms * 1_000);
        }
        arrivals.heard()
    }

    #[test]
    fn a_steady_stream_has_no_gaps_also_where_numbers_wrap() {
        let packets: Vec<_> = (0..200_u16).map(|n| (n.wrapping_add(65_500), 1_000 + u64::from(n) * 20)).collect();
        assert_eq!(hear(&packets), Heard { received: 200, ..Heard::default() });
    }

    #[test]
    fn missing_packets_are_counted_and_those_out_of_order_are_not_missing() {
        let heard = hear(&[(1, 0), (2, 20), (5, 80), (4, 81), (8, 140)]);
        assert_eq!(heard, Heard { received: 5, missing: 3, ..Heard::default() });
    }

    #[test]
    fn a_packet_is_late_past_the_limit_only() {
        assert_eq!(hear(&[(1, 0), (2, 60), (3, 40)]).late, 0);
        let heard = hear(&[(1, 0), (2, 61), (3, 81), (4, 60)]);
        assert_eq!(heard, Heard { received: 4, late: 2, ..Heard::default() });
    }

    #[test]
    fn a_quick_packet_later_on_sets_the_measure() {
        assert_eq!(hear(&[(1, 30), (2, 20), (3, 81)]).late, 1);
    }

    #[test]
    fn repeated_and_foreign_packets_count_as_neither_received_nor_missing() {
        let mut heard = hear(&[(10, 0), (11, 20), (11, 21), (9, 22), (30_000, 23), (100, 1_800), (20, 1_801)]);
        assert_eq!((heard.received, heard.repeated, heard.foreign, heard.missing), (3, 3, 1, 88));
        let mut arrivals = Arrivals::default();
        arrivals.datagram(b"no RTP", 0);
        heard = arrivals.heard();
        assert_eq!(heard, Heard { foreign: 1, ..Heard::default() });
    }
}
