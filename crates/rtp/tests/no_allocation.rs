//! Nothing allocates per packet: counted by the allocator itself.

use allocation_counter::measure;
use rtp::srtp::{self, MasterKey, OVERHEAD_MAX, Suite};
use rtp::{Config, HEADER_LEN, Header, JitterBuffer, Sender, dtmf};

#[test]
fn the_counter_counts() {
    assert!(measure(|| drop(std::hint::black_box(vec![0u8; 100]))).count_total >= 1);
}

#[test]
fn packets_with_loss_duplicates_reordering_and_restarts_allocate_nothing() {
    let mut buffer = JitterBuffer::new(Config { event_payload_type: Some(101), ..Config::default() });
    let mut digits = dtmf::Sender::new(8000, 100, 60);
    let mut presses = dtmf::Receiver::new(8000);
    let mut sender = Sender::new(1, 65_000, 0);
    let mut report = [0; 200];
    let mut heard = 0;
    let allocations = measure(|| {
        for number in 0u64..5000 {
            let now_us = number * 20_000;
            if number % 100 == 0 {
                digits.queue("12").unwrap();
            }
            let mut packet = [0; HEADER_LEN + 160];
            let header = match digits.tick(sender.timestamp(), 160) {
                Some(event) => sender.event(101, &event, 160),
                None => sender.audio(0, 160, 160),
            };
            // Every 16th is lost, every 7th comes twice, every 5th is an old one again; the source changes now and then.
            let ssrc = (number / 1500) as u32;
            let header = Header {
                ssrc,
                sequence: if number % 5 == 4 { header.sequence.wrapping_sub(3) } else { header.sequence },
                ..header
            };
            header.write(&mut packet).unwrap();
            let (header, payload) = Header::parse(&packet).unwrap();
            for _ in 0..if number % 16 == 3 { 0 } else { 1 + usize::from(number % 7 == 0) } {
                buffer.push(now_us, &header, &packet[payload.clone()]);
            }
            while let Some(frame) = buffer.pop(now_us) {
                heard += 1;
                if frame.payload_type == 101 {
                    presses.push(now_us, frame.rtp_timestamp, frame.payload).unwrap();
                }
            }
            while presses.poll(now_us).is_some() {}
            if let Some(block) = buffer.report_block() {
                rtp::rtcp::write_report(&mut report, 1, None, &[block], "a@b", None).unwrap();
            }
        }
    });
    assert_eq!(allocations.count_total, 0);
    assert!(heard > 3000 && buffer.stats().restarts == 3, "{heard} {:?}", buffer.stats());
}

#[test]
fn srtp_allocates_nothing() {
    for suite in Suite::ALL {
        let key = MasterKey::new(suite, &vec![7; suite.key_len() + suite.salt_len()]).unwrap();
        let (mut sender, mut receiver) = (srtp::Sender::new(&key).unwrap(), srtp::Receiver::new(&key).unwrap());
        let mut rtp = Sender::new(1, 65_000, 0);
        let allocations = measure(|| {
            for _ in 0..1000 {
                let mut packet = [0; HEADER_LEN + 160 + OVERHEAD_MAX];
                rtp.audio(0, 160, 160).write(&mut packet).unwrap();
                let len = sender.protect_rtp(&mut packet, HEADER_LEN + 160).unwrap();
                assert_eq!(receiver.unprotect_rtp(&mut packet[..len]), Ok(HEADER_LEN + 160));
                let len = rtp::rtcp::write_report(&mut packet, 1, None, &[], "a@b", None).unwrap();
                let len = sender.protect_rtcp(&mut packet, len).unwrap();
                receiver.unprotect_rtcp(&mut packet[..len]).unwrap();
            }
        });
        assert_eq!(allocations.count_total, 0, "{suite:?}");
    }
}
