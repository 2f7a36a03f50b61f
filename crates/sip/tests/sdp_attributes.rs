//! Attributes of formats and keys, as others write them and as we do.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use proptest::prelude::*;
use sip::sdp::{Crypto, Description, Fmtp, InlineKey, RtpMap};

#[test]
fn rtpmaps_and_fmtps_are_read_and_written() {
    for (value, expected) in [
        ("9 G722/8000", Some((9, "G722", 8_000, 1))),
        ("111 opus/48000/2", Some((111, "opus", 48_000, 2))),
        ("13 CN/8000", Some((13, "CN", 8_000, 1))),
        (" 98\tCN / 16000 ", Some((98, "CN", 16_000, 1))),
        ("128 CN/8000", None),
        ("9 /8000", None),
        ("9 G722", None),
        ("9", None),
        ("", None),
    ] {
        let read = RtpMap::parse(value);
        assert_eq!(read.map(|map| (map.payload_type, map.encoding, map.clock_hz, map.channels)), expected, "{value:?}");
    }
    assert_eq!(
        RtpMap { payload_type: 111, encoding: "opus", clock_hz: 48_000, channels: 2 }.to_string(),
        "111 opus/48000/2"
    );
    assert_eq!(RtpMap { payload_type: 9, encoding: "G722", clock_hz: 8_000, channels: 1 }.to_string(), "9 G722/8000");
    let fmtp = Fmtp::parse("111 minptime=10;useinbandfec=1").unwrap();
    assert_eq!((fmtp.payload_type, fmtp.parameters), (111, "minptime=10;useinbandfec=1"));
    assert_eq!(fmtp.to_string(), "111 minptime=10;useinbandfec=1");
    assert_eq!(Fmtp::parse("300 a"), None);
}

#[test]
fn the_formats_and_keys_of_a_media_line_are_found() {
    let offer = Description::parse(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/SAVP 111 9 0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:9 G722/8000\r\na=crypto:1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\na=crypto:3 nonsense\r\n",
    )
    .unwrap();
    let maps: Vec<_> = offer.rtpmaps(0).map(|map| (map.payload_type, map.encoding)).collect();
    assert_eq!(maps, [(111, "opus"), (9, "G722")]);
    assert_eq!(offer.fmtp(0, 111), Some("useinbandfec=1"));
    assert_eq!(offer.fmtp(0, 9), None);
    let cryptos: Vec<_> = offer.cryptos(0).collect();
    assert_eq!(cryptos.iter().map(|crypto| crypto.tag).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(cryptos[0].plain_key(), Some(&(0..28).collect::<Vec<u8>>()[..]));
    assert_eq!(cryptos[1].plain_key(), None, "a master key identifier is more than a key");
    assert_eq!(offer.media_protocol(0), Some("RTP/SAVP"));
    assert_eq!((offer.rtpmaps(1).count(), offer.cryptos(1).count(), offer.media_protocol(1)), (0, 0, None));
}

#[test]
fn crypto_lines_are_read_as_rfc_4568_has_them() {
    let line =
        "1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:32 KDR=1 UNENCRYPTED_SRTCP";
    let crypto = Crypto::parse(line).unwrap();
    assert_eq!((crypto.tag, crypto.suite.as_str(), crypto.keys.len()), (1, "AES_CM_128_HMAC_SHA1_80", 1));
    assert_eq!(
        (crypto.keys[0].key_and_salt.len(), crypto.keys[0].lifetime, crypto.keys[0].identifier),
        (30, Some(1 << 20), Some((1, 32)))
    );
    assert_eq!(crypto.session_parameters, ["KDR=1", "UNENCRYPTED_SRTCP"]);
    assert_eq!(crypto.plain_key(), None);
    let two = "2 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20|1:4;inline:QUJjZGVmMTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5|2^20|2:4 FEC_ORDER=FEC_SRTP";
    assert_eq!(Crypto::parse(two).unwrap().keys.len(), 2);
    // Without padding, with a hint, with a lifetime in figures.
    let hinted =
        Crypto::parse("1 AEAD_AES_128_GCM INLINE:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw|1048576 wsh=128").unwrap();
    assert_eq!(hinted.plain_key().map(<[u8]>::len), Some(28));
    assert!(!format!("{hinted:?}").contains("27") && !format!("{:?}", hinted.keys).contains("27"));
    for wrong in [
        "",
        "1",
        "1 AES_CM_128_HMAC_SHA1_80",
        "1 AES_CM_128_HMAC_SHA1_80 inline:",
        "1 AES_CM_128_HMAC_SHA1_80 inline:%%%%",
        "1 AES_CM_128_HMAC_SHA1_80 outline:AAEC",
        "x AES_CM_128_HMAC_SHA1_80 inline:AAEC",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAEC|3^20",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAEC|2^64",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAEC|0",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAEC|1:0",
        "1234567890 AES_CM_128_HMAC_SHA1_80 inline:AAEC",
    ] {
        assert_eq!(Crypto::parse(wrong), None, "{wrong:?}");
    }
    assert_eq!(Crypto::parse(&format!("1 X inline:{}", "A".repeat(400))), None);
}

proptest! {
    #[test]
    fn written_crypto_lines_read_back(
        tag in 0u32..1_000_000,
        keys in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..60), prop::option::of(1u64..), prop::option::of((any::<u64>(), 1u8..=128))), 1..4),
        session_parameters in prop::collection::vec("[A-Z_]{1,12}(=[0-9]{1,4})?", 0..4),
    ) {
        let keys = keys.into_iter().map(|(key_and_salt, lifetime, identifier)| InlineKey { key_and_salt, lifetime, identifier }).collect();
        let written = Crypto { tag, suite: "AES_CM_128_HMAC_SHA1_80".to_owned(), keys, session_parameters };
        prop_assert_eq!(Crypto::parse(&written.to_string()), Some(written));
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}", crypto in "[0-9]{1,3} [A-Z_0-9]{0,20} inline:[A-Za-z0-9+/=|^:;]{0,80} [A-Z=_0-9 ]{0,30}") {
        let _read = (RtpMap::parse(&text), Fmtp::parse(&text), Crypto::parse(&text));
        if let Some(read) = Crypto::parse(&crypto) {
            prop_assert_eq!(Crypto::parse(&read.to_string()), Some(read));
        }
    }
}
