//! SRTP and SRTCP: the packets of another implementation, replays, damage, and numbers that begin anew.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use proptest::prelude::*;
use rtp::Header;
use rtp::srtp::{Error, MasterKey, OVERHEAD_MAX, Receiver, SOURCES_MAX, Sender, Suite};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap()).collect()
}

fn key(suite: Suite, first: u8) -> MasterKey {
    let bytes: Vec<u8> = (first..).take(suite.key_len() + suite.salt_len()).collect();
    MasterKey::new(suite, &bytes).unwrap()
}

fn pair(suite: Suite) -> (Sender, Receiver) {
    let key = key(suite, 0);
    (Sender::new(&key).unwrap(), Receiver::new(&key).unwrap())
}

fn protect(sender: &mut Sender, packet: &[u8]) -> Result<Vec<u8>, Error> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + OVERHEAD_MAX, 0);
    let len = sender.protect_rtp(&mut buffer, packet.len())?;
    buffer.truncate(len);
    Ok(buffer)
}

fn unprotect(receiver: &mut Receiver, packet: &[u8]) -> Result<Vec<u8>, Error> {
    let mut buffer = packet.to_vec();
    let len = receiver.unprotect_rtp(&mut buffer)?;
    buffer.truncate(len);
    Ok(buffer)
}

fn packet(ssrc: u32, sequence: u16) -> Vec<u8> {
    let header = Header { ssrc, sequence, timestamp: u32::from(sequence) * 160, ..Header::default() };
    let mut packet = header.to_bytes().to_vec();
    packet.extend((0..160u16).map(|n| (n ^ sequence) as u8));
    packet
}

/// Made with libsrtp 2 and the master key 00 01 02 …: three RTP packets, the second after the sequence numbers began anew, the third with a
/// CSRC, an extension and padding; then an RTCP packet twice.
const RTP: [&str; 3] = [
    "800fffffdecafbadcafebabeabababababababababababababababab",
    "800f0000decafc4dcafebabecdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
    "b18f0001decafcedcafebabe11223344bede000101020304efefefefefefefefefefefefef000003",
];
const RTCP: &str = "80c90001cafebabe81ca0004cafebabe0105686940686f0000000000";
const OF_LIBSRTP: [(Suite, [&str; 3], [&str; 2]); 4] = [
    (
        Suite::AesCm128HmacSha1_80,
        [
            "800fffffdecafbadcafebabebced50f75e53ed182dbc3ea60a87d582ca5197b53a885e261dbf",
            "800f0000decafc4dcafebabe81d85b5937630155e1a2ef3cf5c66dd6a952768f0985ea0c853c",
            "b18f0001decafcedcafebabe11223344bede0001010203046f3d1fdabd81631ccbf265ef42f48882ab9286115832c0100947",
        ],
        [
            "80c90001cafebabe07aa7a0f9636901dd37d5b1d9ffc8bd60e95dc6a80000001f586742648fb8eabee46",
            "80c90001cafebabebbe191dc1a89fbdda115132b63a4dfdd63fb62ff8000000209a82de82037edf37cd4",
        ],
    ),
    (
        Suite::AesCm128HmacSha1_32,
        [
            "800fffffdecafbadcafebabebced50f75e53ed182dbc3ea60a87d582ca5197b5",
            "800f0000decafc4dcafebabe81d85b5937630155e1a2ef3cf5c66dd6a952768f",
            "b18f0001decafcedcafebabe11223344bede0001010203046f3d1fdabd81631ccbf265ef42f48882ab928611",
        ],
        [
            "80c90001cafebabe07aa7a0f9636901dd37d5b1d9ffc8bd60e95dc6a80000001f586742648fb8eabee46",
            "80c90001cafebabebbe191dc1a89fbdda115132b63a4dfdd63fb62ff8000000209a82de82037edf37cd4",
        ],
    ),
    (
        Suite::AeadAes128Gcm,
        [
            "800fffffdecafbadcafebabee00469ce1ae9bcf40b0c3c2a003ecaff84c4577dfff52ea06ff6acb65abe51ec",
            "800f0000decafc4dcafebabe92565cfca859649f70291ecaab197949fdb96657cbb14391dfaa82b43f2e6c08",
            "b18f0001decafcedcafebabe11223344bede00010102030486b887bc59a607b3fd27c37d63cf4c2d59b53eeba4f5c6e4fe366a09dee1c28c",
        ],
        [
            "80c90001cafebabe4ad727161055f535c60f0276a1aa34bcbdb78f0101abcda7ad207cc1ce0b5efc2c56423480000001",
            "80c90001cafebabe48352e4eff9f6843e22f0bbf31c89301eb8eff123f25d40a9277769a788cdda251e2e77e80000002",
        ],
    ),
    (
        Suite::AeadAes256Gcm,
        [
            "800fffffdecafbadcafebabe574ed52ca07e114da5309442df6ad920d4aac2db4fd3906d07d2a37fb92a87c5",
            "800f0000decafc4dcafebabee784b141977a04b61e4df3a176df60057b05fdea0bcb83ac479d1104f64e5f77",
            "b18f0001decafcedcafebabe11223344bede00010102030433935d57b20a9faae7a78a4c80b63a83c8affa8bc183d9dcb24567c4bac3ed71",
        ],
        [
            "80c90001cafebabe38b43d61009194f2104fa2c1dea0b1429e33238a98f02fb878b1189d4d5a9650152c2f4580000001",
            "80c90001cafebabe7200282457eb253096f33671716b12d7ba273e967140603f953182d9b530bdbf1f3d4df880000002",
        ],
    ),
];

#[test]
fn packets_are_those_of_libsrtp() {
    for (suite, rtp, rtcp) in OF_LIBSRTP {
        let (mut sender, mut receiver) = pair(suite);
        for (plain, expected) in RTP.iter().zip(rtp) {
            let protected = protect(&mut sender, &bytes(plain)).unwrap();
            assert_eq!(protected, bytes(expected), "{suite:?}");
            assert_eq!(protected.len(), plain.len() / 2 + suite.rtp_overhead());
            assert_eq!(unprotect(&mut receiver, &protected), Ok(bytes(plain)), "{suite:?}");
        }
        for expected in rtcp {
            let mut buffer = bytes(RTCP);
            let plain_len = buffer.len();
            buffer.resize(plain_len + OVERHEAD_MAX, 0);
            let len = sender.protect_rtcp(&mut buffer, plain_len).unwrap();
            assert_eq!(buffer[..len], bytes(expected), "{suite:?}");
            assert_eq!(len, plain_len + suite.rtcp_overhead());
            assert_eq!(receiver.unprotect_rtcp(&mut buffer[..len]), Ok(plain_len), "{suite:?}");
            assert_eq!(buffer[..plain_len], bytes(RTCP));
            // The same once more.
            let mut again = bytes(expected);
            assert_eq!(receiver.unprotect_rtcp(&mut again), Err(Error::Replayed));
        }
    }
}

#[test]
fn numbers_begin_anew_again_and_again_even_with_loss_and_disorder() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        let mut waiting: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut taken = 0;
        // Steps of 997: 200,000 sequence numbers, three times around.
        for number in 0..200u32 {
            let plain = packet(5, (65_000 + number * 997) as u16);
            let protected = protect(&mut sender, &plain).unwrap();
            if number == 0 {
                assert_eq!(unprotect(&mut receiver, &protected), Ok(plain), "{suite:?}: the first one comes first");
                continue;
            }
            waiting.push((protected, plain));
            if number % 4 == 3 {
                for (protected, plain) in waiting.drain(..).rev().skip(usize::from(number % 8 == 7)) {
                    // What is more than a window behind is refused; the newest of each four always comes.
                    match unprotect(&mut receiver, &protected) {
                        Ok(read) => {
                            assert_eq!(read, plain);
                            taken += 1;
                        }
                        Err(error) => assert_eq!(error, Error::Replayed),
                    }
                }
            }
        }
        assert_eq!(taken, 50, "{suite:?}");
        // One by one, in and out of order within the window: all come.
        let mut sent: Vec<_> = (0..400u32)
            .map(|n| packet(5, (65_000u32 + 200 * 997 + n) as u16))
            .map(|plain| protect(&mut sender, &plain).unwrap())
            .collect();
        sent.chunks_mut(50).for_each(|chunk| chunk.reverse());
        assert!(sent.iter().all(|protected| unprotect(&mut receiver, protected).is_ok()), "{suite:?}");
        assert!(sent.iter().all(|protected| unprotect(&mut receiver, protected) == Err(Error::Replayed)), "{suite:?}");
    }
}

#[test]
fn what_is_refused_is_counted_and_changes_nothing() {
    let (mut sender, mut receiver) = pair(Suite::AesCm128HmacSha1_80);
    let protected = protect(&mut sender, &packet(1, 10)).unwrap();
    let mut of_another_key = Sender::new(&key(Suite::AesCm128HmacSha1_80, 9)).unwrap();
    // A flood of forged sources leaves no trace.
    for ssrc in 0..1_000 {
        let forged = protect(&mut of_another_key, &packet(ssrc, 10));
        if let Ok(forged) = forged {
            assert_eq!(unprotect(&mut receiver, &forged), Err(Error::Authentication));
        }
    }
    assert_eq!(unprotect(&mut receiver, &protected[..20]), Err(Error::Malformed { len: 20 }));
    assert_eq!(unprotect(&mut receiver, &[]), Err(Error::Malformed { len: 0 }));
    assert!(unprotect(&mut receiver, &protected).is_ok());
    assert_eq!(unprotect(&mut receiver, &protected), Err(Error::Replayed));
    let refusals = receiver.refusals();
    assert_eq!((refusals.malformed, refusals.authentication, refusals.replayed), (2, SOURCES_MAX as u64, 1));
}

#[test]
fn no_sequence_number_is_protected_twice_and_no_source_is_forgotten() {
    let (mut sender, mut receiver) = pair(Suite::AeadAes128Gcm);
    protect(&mut sender, &packet(1, 10)).unwrap();
    assert_eq!(protect(&mut sender, &packet(1, 10)), Err(Error::SequenceReused(10)));
    assert_eq!(protect(&mut sender, &packet(1, 9)), Err(Error::SequenceReused(9)));
    protect(&mut sender, &packet(1, 11)).unwrap();
    for ssrc in 2..=SOURCES_MAX as u32 {
        let protected = protect(&mut sender, &packet(ssrc, 10)).unwrap();
        assert!(unprotect(&mut receiver, &protected).is_ok());
    }
    assert_eq!(protect(&mut sender, &packet(99, 10)), Err(Error::TooManySources));
    let mut short = packet(1, 12);
    let len = short.len();
    assert_eq!(sender.protect_rtp(&mut short, len), Err(Error::BufferTooSmall { needed: len + 16 }));
    assert_eq!(short, packet(1, 12));
    assert_eq!(sender.protect_rtp(&mut short, len + 1), Err(Error::BufferTooSmall { needed: len + 1 }));
    assert!(protect(&mut sender, &packet(1, 12)).is_ok(), "the refused one did not use its number up");
}

proptest! {
    /// Whatever bit is turned, the packet is refused, is left as it was, and the next good one is taken.
    #[test]
    fn a_turned_bit_is_refused(suite in prop::sample::select(Suite::ALL.to_vec()), bit in any::<prop::sample::Index>(), is_rtcp in any::<bool>()) {
        let (mut sender, mut receiver) = pair(suite);
        let mut good = packet(1, 10);
        good.resize(good.len() + OVERHEAD_MAX, 0);
        let len = if is_rtcp { sender.protect_rtcp(&mut good, 172) } else { sender.protect_rtp(&mut good, 172) }.unwrap();
        good.truncate(len);
        let mut damaged = good.clone();
        let bit = bit.index(len * 8);
        damaged[bit / 8] ^= 1 << (bit % 8);
        let before = damaged.clone();
        let result = if is_rtcp { receiver.unprotect_rtcp(&mut damaged) } else { receiver.unprotect_rtp(&mut damaged) };
        prop_assert!(result.is_err());
        prop_assert_eq!(receiver.refusals().authentication + receiver.refusals().malformed, 1);
        if !matches!(suite, Suite::AeadAes128Gcm | Suite::AeadAes256Gcm) {
            prop_assert_eq!(damaged, before);
        }
        let result = if is_rtcp { receiver.unprotect_rtcp(&mut good) } else { receiver.unprotect_rtp(&mut good) };
        prop_assert_eq!(result, Ok(172));
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), suite in prop::sample::select(Suite::ALL.to_vec())) {
        let (mut sender, mut receiver) = pair(suite);
        prop_assert!(receiver.unprotect_rtp(&mut bytes.clone()).is_err());
        prop_assert!(receiver.unprotect_rtcp(&mut bytes.clone()).is_err());
        // Protecting what is no packet fails or yields one that reads back.
        if let Ok(protected) = protect(&mut sender, &bytes) {
            prop_assert_eq!(unprotect(&mut receiver, &protected), Ok(bytes));
        }
    }
}
