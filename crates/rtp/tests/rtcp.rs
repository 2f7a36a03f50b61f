//! RTCP reports read back as they were written, and malformed ones say so.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use proptest::prelude::*;
use rtp::Error;
use rtp::rtcp::quality::{Bursts, Impairment};
use rtp::rtcp::xr::{Block, VoipMetrics};
use rtp::rtcp::{
    Chunk, INTERVAL_US, Packet, REPORT_BYTES_MAX, ReportBlock, Reports, SenderInfo, is_rtcp, parse, write_goodbye,
    write_report,
};

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
        let len = write_report(&mut out, ssrc, info.as_ref(), &blocks, &cname, None).unwrap();
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
        let Packet::SourceDescription(chunks) = packets[1] else { return Err(TestCaseError::fail("no description")) };
        prop_assert_eq!(chunks.collect::<Vec<_>>(), [Chunk { ssrc, cname: cname.as_bytes() }]);
        prop_assert!(is_rtcp(&out[..len]));
        prop_assert_eq!(write_report(&mut out[..len - 1], ssrc, info.as_ref(), &[], &"x".repeat(300), None), Err(Error::BufferTooSmall { needed: 8 + info.map_or(0, |_| 20) + 268 }));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), version_right in any::<bool>(), packet_type in prop_oneof![200u8..208, any::<u8>()]) {
        let mut bytes = bytes;
        if let Some(second) = bytes.get_mut(1) {
            *second = packet_type;
        }
        if version_right && let Some(first) = bytes.first_mut() {
            *first = *first & 0x3f | 0x80;
        }
        let most = bytes.len() / 4 + 1;
        let mut count = 0;
        for packet in parse(&bytes).flatten() {
            count += 1;
            match packet {
                Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } => prop_assert!(blocks.count() <= 31),
                Packet::SourceDescription(chunks) => prop_assert!(chunks.count() <= 31),
                Packet::Goodbye { sources, reason } => prop_assert!(sources.count() <= 31 && reason.len() <= 255),
                Packet::Extended { blocks, .. } => prop_assert!(blocks.count() <= bytes.len() / 4),
                Packet::Other { .. } => {}
            }
        }
        prop_assert!(count <= most);
        let mut reports = Reports::new(0, 1);
        reports.receive(5, Some(2), &bytes);
        prop_assert!(reports.write(10, &mut [0; REPORT_BYTES_MAX], None, Some(ReportBlock::default()), "a", None).is_ok());
    }
}

#[test]
fn a_truncated_report_is_an_error_and_ends_the_compound() {
    let mut out = [0; 100];
    let len = write_report(&mut out, 1, None, &[ReportBlock::default()], "a", None).unwrap();
    let results: Vec<_> = parse(&out[..len - 4]).collect();
    assert_eq!(results.len(), 2);
    assert!(results[0].is_ok());
    assert!(matches!(results[1], Err(Error::Truncated { .. })));
    assert_eq!(parse(&[0x00, 200, 0, 0]).next(), Some(Err(Error::Version(0))));
    // The count promises a block that the length leaves out.
    assert_eq!(parse(&[0x81, 201, 0, 1, 0, 0, 0, 1]).next(), Some(Err(Error::Truncated { len: 8 })));
    // A goodbye whose reason is longer than the packet, and a description whose item is.
    assert_eq!(parse(&[0x81, 203, 0, 2, 0, 0, 0, 9, 4, 0, 0, 0]).next(), Some(Err(Error::Truncated { len: 12 })));
    let Some(Ok(Packet::SourceDescription(mut chunks))) = parse(&[0x81, 202, 0, 2, 0, 0, 0, 9, 1, 9, b'a', 0]).next()
    else {
        panic!("no description")
    };
    assert_eq!(chunks.next(), None);
}

#[test]
fn a_goodbye_reads_back() {
    for reason in ["", "x", "hung up", "caller"] {
        let mut out = [0xaa; 200];
        let len = write_goodbye(&mut out, 9, "a@b", reason).unwrap();
        let packets: Vec<_> = parse(&out[..len]).collect::<Result<_, _>>().unwrap();
        assert_eq!(packets.len(), 3, "{packets:?}");
        let Packet::Goodbye { sources, reason: read } = packets[2] else { panic!("{packets:?}") };
        assert_eq!((sources.collect::<Vec<_>>(), read), (vec![9], reason.as_bytes()));
        assert!(write_goodbye(&mut out[..len - 1], 9, "a@b", reason).is_err());
    }
}

#[test]
fn voip_metrics_read_back_and_count_what_was_lost() {
    let mut bursts = Bursts::new(20);
    for _ in 0..10 {
        bursts.received(90);
        bursts.lost(3);
        bursts.received(4);
        bursts.lost(2);
        bursts.received(1);
    }
    let metrics = VoipMetrics {
        round_trip_delay_ms: 70,
        jitter_buffer_nominal_ms: 20,
        jitter_buffer_maximum_ms: 40,
        jitter_buffer_absolute_maximum_ms: 120,
        ..VoipMetrics::new(7, &bursts, Impairment::G711, 120)
    };
    // 5 of 100 lost, all in bursts of 9 packets; mean gap 910 packets in 11.
    assert_eq!((metrics.loss_rate, metrics.burst_density, metrics.gap_density), (12, 142, 0));
    assert_eq!((metrics.burst_duration_ms, metrics.gap_duration_ms), (180, 1_654));
    assert!((20..40).contains(&metrics.mos_cq) && metrics.mos_lq >= metrics.mos_cq, "{metrics:?}");
    let mut out = [0; REPORT_BYTES_MAX];
    let len = write_report(
        &mut out,
        1,
        Some(&SenderInfo::default()),
        &[ReportBlock::default()],
        &"n".repeat(255),
        Some(&metrics),
    )
    .unwrap();
    let packets: Vec<_> = parse(&out[..len]).collect::<Result<_, _>>().unwrap();
    let Packet::Extended { ssrc: 1, blocks } = packets[2] else { panic!("{packets:?}") };
    assert_eq!(blocks.collect::<Vec<_>>(), [Block::VoipMetrics(metrics)]);
}

#[test]
fn two_ends_measure_their_round_trip_and_hear_of_their_losses() {
    let (mut ours, mut theirs) = (Reports::new(0, 1), Reports::new(0, 2));
    assert!(ours.deadline_us() <= INTERVAL_US / 2);
    let mut out = [0; REPORT_BYTES_MAX];
    let ntp = |us: u64| (us << 32) / 1_000_000;
    // 35 ms to them, 700 ms until they report, 45 ms back.
    let info = SenderInfo { ntp: ntp(10_000_000), ..SenderInfo::default() };
    let len = ours.write(10_000_000, &mut out, Some(&info), None, "us", None).unwrap();
    assert!(!theirs.receive(10_035_000, Some(1), &out[..len]).has_report);
    let block = ReportBlock { ssrc: 1, fraction_lost: 26, cumulative_lost: 40, ..ReportBlock::default() };
    let metrics = VoipMetrics::new(1, &Bursts::default(), Impairment::G711, 0);
    let len = theirs.write(10_735_000, &mut out, None, Some(block), "them", Some(&metrics)).unwrap();
    let received = ours.receive(10_780_000, Some(2), &out[..len]);
    assert!(received.has_report && !received.is_goodbye);
    assert_eq!(received.metrics, Some(metrics));
    assert!(ours.round_trip_us().unwrap().abs_diff(80_000) < 50, "{:?}", ours.round_trip_us());
    assert_eq!(ours.remote().map(|block| (block.fraction_lost, block.cumulative_lost)), Some((26, 40)));
    // Reports about others, answers to reports never sent and goodbyes of others say nothing.
    let stranger = ReportBlock { ssrc: 77, fraction_lost: 255, ..block };
    let len = write_report(&mut out, 2, None, &[stranger, ReportBlock { last_sr: 1, ..block }], "x", None).unwrap();
    ours.receive(20_000_000, Some(2), &out[..len]);
    assert_eq!(ours.remote().map(|block| block.fraction_lost), Some(26));
    assert!(ours.round_trip_us().unwrap().abs_diff(80_000) < 50);
    let len = write_goodbye(&mut out, 2, "x", "").unwrap();
    assert!(ours.receive(20_000_001, Some(2), &out[..len]).is_goodbye);
    assert!(!ours.receive(20_000_001, Some(3), &out[..len]).is_goodbye);
}

#[test]
fn reports_come_every_five_seconds_or_so_and_never_in_step() {
    let mut out = [0; REPORT_BYTES_MAX];
    let mut all = Vec::new();
    for number in 1..=40u32 {
        let mut reports = Reports::new(0, number.wrapping_mul(0x1234_5677));
        let mut previous_us = reports.deadline_us();
        for _ in 0..25 {
            reports.write(previous_us, &mut out, None, None, "x", None).unwrap();
            let interval_us = reports.deadline_us() - previous_us;
            assert!((INTERVAL_US / 2..=INTERVAL_US * 3 / 2).contains(&interval_us), "{interval_us}");
            all.push(interval_us);
            previous_us = reports.deadline_us();
        }
    }
    let mean_us = all.iter().sum::<u64>() / all.len() as u64;
    assert!(mean_us.abs_diff(INTERVAL_US) < INTERVAL_US / 10, "{mean_us}");
    all.sort_unstable();
    all.dedup();
    assert!(all.len() > 900);
}
