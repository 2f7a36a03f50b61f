//! RTCP reports read back as they were written, and malformed ones say so.

use proptest::prelude::*;
use rtp::Error;
use rtp::rtcp::{Packet, ReportBlock, SenderInfo, parse, write_report};

fn block() -> impl Strategy<Value = ReportBlock> {
    (any::<u32>(), any::<u8>(), -0x80_0000i32..0x80_0000, any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>())
        .prop_map(|(ssrc, fraction_lost, cumulative_lost, highest_sequence, jitter, last_sr, delay_since_last_sr)| {
            ReportBlock { ssrc, fraction_lost, cumulative_lost, highest_sequence, jitter, last_sr, delay_since_last_sr }
        })
}

proptest! {
    #[test]
    fn reports_read_back(
        ssrc in any::<u32>(),
        info in prop::option::of((any::<u64>(), any::<u32>(), any::<u32>(), any::<u32>())),
        blocks in prop::collection::vec(block(), 0..5),
        cname in "[a-z0-9@.]{0,40}",
    ) {
        let info = info.map(|(ntp, rtp_timestamp, packets, octets)| SenderInfo { ntp, rtp_timestamp, packets, octets });
        let mut out = [0xaa; 400];
        let len = write_report(&mut out, ssrc, info.as_ref(), &blocks, &cname).unwrap();
        prop_assert_eq!(len % 4, 0);
        let packets: Vec<_> = parse(&out[..len]).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(packets.len(), 2);
        match (packets[0], info) {
            (Packet::SenderReport { ssrc: from, info: read, blocks: read_blocks }, Some(info)) => {
                prop_assert_eq!((from, read), (ssrc, info));
                prop_assert_eq!(read_blocks.collect::<Vec<_>>(), blocks);
            }
            (Packet::ReceiverReport { ssrc: from, blocks: read_blocks }, None) => {
                prop_assert_eq!(from, ssrc);
                prop_assert_eq!(read_blocks.collect::<Vec<_>>(), blocks);
            }
            (other, _) => prop_assert!(false, "{other:?}"),
        }
        prop_assert_eq!(packets[1], Packet::Other { packet_type: 202 });
        prop_assert_eq!(write_report(&mut out[..len - 1], ssrc, info.as_ref(), &[], &"x".repeat(300)), Err(Error::BufferTooSmall { needed: 8 + info.map_or(0, |_| 20) + 268 }));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), version_right in any::<bool>()) {
        let mut bytes = bytes;
        if version_right && let Some(first) = bytes.first_mut() {
            *first = *first & 0x3f | 0x80;
        }
        let most = bytes.len() / 4 + 1;
        let mut count = 0;
        for packet in parse(&bytes).flatten() {
            count += 1;
            if let Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } = packet {
                prop_assert!(blocks.count() <= 31);
            }
        }
        prop_assert!(count <= most);
    }
}

#[test]
fn a_truncated_report_is_an_error_and_ends_the_compound() {
    let mut out = [0; 100];
    let len = write_report(&mut out, 1, None, &[ReportBlock::default()], "a").unwrap();
    let results: Vec<_> = parse(&out[..len - 4]).collect();
    assert_eq!(results.len(), 2);
    assert!(results[0].is_ok());
    assert!(matches!(results[1], Err(Error::Truncated { .. })));
    assert_eq!(parse(&[0x00, 200, 0, 0]).next(), Some(Err(Error::Version(0))));
    // The count promises a block that the length leaves out.
    assert_eq!(parse(&[0x81, 201, 0, 1, 0, 0, 0, 1]).next(), Some(Err(Error::Truncated { len: 8 })));
    assert_eq!(parse(&[0x81, 203, 0, 1, 0, 0, 0, 9]).next(), Some(Ok(Packet::Goodbye { ssrc: 9 })));
}
