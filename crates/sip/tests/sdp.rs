//! Offers and answers (RFC 3264).
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use proptest::prelude::*;
use sip::sdp::{self, AnswerOptions, Codec, CodecKind, Description, Direction, SdpError};

const BOTH: [CodecKind; 2] = [CodecKind::Pcmu, CodecKind::Pcma];

fn description(body: &str) -> Description {
    Description::parse(&format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n{body}")).unwrap()
}

fn answer_to(body: &str) -> Result<(String, sdp::Negotiated), SdpError> {
    sdp::answer(&description(body), "192.0.2.9:4000".parse().unwrap(), 7, &BOTH, &AnswerOptions::default())
}

#[test]
fn an_offer_of_ours_and_its_answer_agree() {
    for (a, b) in [("192.0.2.1:4000", "192.0.2.2:5000"), ("[2001:db8::1]:4000", "[2001:db8::2]:5000")] {
        let (a, b) = (a.parse().unwrap(), b.parse().unwrap());
        let offer = sdp::offer(a, 1, &BOTH.map(Codec::from), Some(101), 20);
        let offer = Description::parse(&offer).unwrap();
        let (text, theirs) = sdp::answer(&offer, b, 2, &[CodecKind::Pcma], &AnswerOptions::default()).unwrap();
        let ours = sdp::accept_answer(&offer, &Description::parse(&text).unwrap()).unwrap();
        assert_eq!((ours.codec, ours.payload_type, ours.dtmf_payload_type), (CodecKind::Pcma, 8, Some(101)));
        assert_eq!((theirs.codec, theirs.payload_type, theirs.dtmf_payload_type), (CodecKind::Pcma, 8, Some(101)));
        assert_eq!((ours.remote_rtp, theirs.remote_rtp), (b, a));
        assert_eq!(ours.remote_rtcp.map(|r| r.port()), Some(5001));
        assert_eq!((ours.direction, ours.ptime_ms), (Direction::SendRecv, 20));
    }
}

#[test]
fn the_offerers_order_counts_and_static_types_need_no_rtpmap() {
    let (text, agreed) = answer_to("c=IN IP4 192.0.2.1\r\nt=3 4\r\nm=audio 9000 RTP/AVP 18 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n").unwrap();
    assert_eq!(
        (agreed.codec, agreed.payload_type, agreed.dtmf_payload_type, agreed.ptime_ms),
        (CodecKind::Pcma, 8, Some(96), 30)
    );
    assert!(text.contains("t=3 4\r\n") && text.contains("m=audio 4000 RTP/AVP 8 96\r\n"), "{text}");
}

#[test]
fn a_dynamic_payload_type_for_g711_is_taken_and_others_at_its_name_are_not() {
    let (_, agreed) = answer_to("c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 97 98 99\r\na=rtpmap:97 PCMU/16000\r\na=rtpmap:98 pcmu/8000/2\r\na=rtpmap:99 pcmu/8000/1\r\n").unwrap();
    assert_eq!(agreed.payload_type, 99);
}

#[test]
fn other_streams_are_refused_in_their_place() {
    let (text, agreed) = answer_to(
        "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=video 1 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\nm=audio 2 RTP/SAVP 0\r\nm=audio 9000 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\na=rtcp:9100 IN IP4 192.0.2.8\r\nm=audio 9002 RTP/AVP 0\r\n",
    )
    .unwrap();
    let media: Vec<&str> = text.lines().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(
        media,
        [
            "m=video 0 RTP/AVP 31",
            "m=audio 0 RTP/AVP 0",
            "m=audio 0 RTP/SAVP 0",
            "m=audio 4000 RTP/AVP 0",
            "m=audio 0 RTP/AVP 0"
        ]
    );
    assert_eq!(agreed.remote_rtp, "192.0.2.7:9000".parse().unwrap());
    assert_eq!(agreed.remote_rtcp, Some("192.0.2.8:9100".parse().unwrap()));
}

#[test]
fn directions_are_mirrored_and_hold_by_address_is_understood() {
    let line =
        |c: &str, a: &str| answer_to(&format!("c=IN IP4 {c}\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n{a}")).unwrap();
    for (a, expected, written) in [
        ("", Direction::SendRecv, "a=sendrecv"),
        ("a=sendonly\r\n", Direction::RecvOnly, "a=recvonly"),
        ("a=recvonly\r\n", Direction::SendOnly, "a=sendonly"),
        ("a=inactive\r\n", Direction::Inactive, "a=inactive"),
    ] {
        let (text, agreed) = line("192.0.2.1", a);
        assert_eq!(agreed.direction, expected);
        assert!(text.contains(written), "{text}");
    }
    assert_eq!(line("0.0.0.0", "").1.direction, Direction::RecvOnly);
    let session_level = answer_to("c=IN IP4 192.0.2.1\r\nt=0 0\r\na=inactive\r\nm=audio 9000 RTP/AVP 0\r\n").unwrap();
    assert_eq!(session_level.1.direction, Direction::Inactive);
}

#[test]
fn what_cannot_be_answered_says_so() {
    let status = |body: &str| answer_to(body).unwrap_err().status();
    assert_eq!(status("c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 18\r\n"), 488);
    assert_eq!(status("c=IN IP4 192.0.2.1\r\nt=0 0\r\n"), 488);
    assert_eq!(status("c=IN IP4 name.invalid\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n"), 488);
    assert_eq!(status("c=IN IP4 224.2.1.1/127\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n"), 488);
    assert_eq!(status("t=0 0\r\nm=audio 9000 RTP/AVP 0\r\n"), 488);
    assert_eq!(Description::parse("hello").unwrap_err().status(), 400);
}

#[test]
fn an_answer_must_fit_its_offer() {
    let offer = description(
        "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n",
    );
    let take = |body: &str| sdp::accept_answer(&offer, &description(body));
    assert!(matches!(take("c=IN IP4 192.0.2.2\r\nt=0 0\r\n"), Err(SdpError::Mismatch(_))));
    assert_eq!(take("c=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"), Err(SdpError::NoCommonCodec));
    assert_eq!(take("c=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 1 RTP/AVP 8\r\n"), Err(SdpError::NoCommonCodec));
    let held = take("c=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\na=sendonly\r\n").unwrap();
    assert_eq!((held.direction, held.dtmf_payload_type), (Direction::RecvOnly, None));
}

#[test]
fn a_payload_type_named_often_is_looked_at_once() {
    // 62 kB, the most that a body may have: formats times rtpmaps would be 35 million comparisons.
    let formats = " 7 0".repeat(8000);
    let maps = "a=rtpmap:1 a\r\n".repeat(2200);
    let offer = description(&format!("c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP{formats}\r\n{maps}"));
    let audio = offer.audio().next().unwrap().unwrap();
    assert_eq!(audio.codecs, [Codec::from(CodecKind::Pcmu)]);
    let twice = description(
        "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 96 96\r\na=rtpmap:96 nonsense\r\na=rtpmap:96 PCMA/8000\r\na=rtpmap:96 PCMU/8000\r\n",
    );
    let audio = twice.audio().next().unwrap().unwrap();
    assert_eq!(audio.codecs, [Codec { kind: CodecKind::Pcma, payload_type: 96 }], "the first mapping counts");
}

#[test]
fn an_rtpmap_is_split_at_any_white_space() {
    for map in ["96\tPCMU/8000", " 96 PCMU/8000", "96 \t PCMU/8000", "96 PCMU / 8000"] {
        let (_, agreed) =
            answer_to(&format!("c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 96\r\na=rtpmap:{map}\r\n"))
                .unwrap();
        assert_eq!((agreed.codec, agreed.payload_type), (CodecKind::Pcmu, 96), "{map:?}");
    }
}

#[test]
fn each_direction_has_its_own_payload_types() {
    let offer = sdp::offer("192.0.2.1:4000".parse().unwrap(), 1, &BOTH.map(Codec::from), Some(101), 20);
    let offer = Description::parse(&offer).unwrap();
    let take = |body: &str| {
        sdp::accept_answer(&offer, &description(&format!("c=IN IP4 192.0.2.2\r\nt=0 0\r\n{body}"))).unwrap()
    };
    let agreed = take("m=audio 5000 RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\n");
    assert_eq!((agreed.payload_type, agreed.dtmf_payload_type), (8, Some(96)), "we send with their numbers");
    assert_eq!((agreed.receive, agreed.dtmf_receive_payload_type), (vec![(8, CodecKind::Pcma)], Some(101)));
    let agreed = take("m=audio 5000 RTP/AVP 97\r\na=rtpmap:97 PCMU/8000\r\n");
    assert_eq!((agreed.codec, agreed.payload_type, agreed.dtmf_payload_type), (CodecKind::Pcmu, 97, None));
    assert_eq!((agreed.receive, agreed.dtmf_receive_payload_type), (vec![(0, CodecKind::Pcmu)], None));
    let (_, agreed) = answer_to("c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 97 0 98\r\na=rtpmap:97 PCMA/8000\r\na=rtpmap:98 telephone-event/8000\r\n").unwrap();
    assert_eq!((agreed.receive, agreed.dtmf_receive_payload_type), (vec![(97, CodecKind::Pcma)], Some(98)));
    assert_eq!((agreed.payload_type, agreed.dtmf_payload_type), (97, Some(98)));
}

#[test]
fn an_answer_that_keeps_both_codecs_lets_them_send_either() {
    let offer = sdp::offer("192.0.2.1:4000".parse().unwrap(), 1, &BOTH.map(Codec::from), None, 20);
    let answer = description("c=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8 0 18\r\n");
    let agreed = sdp::accept_answer(&Description::parse(&offer).unwrap(), &answer).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type), (CodecKind::Pcma, 8));
    assert_eq!(agreed.receive, [(0, CodecKind::Pcmu), (8, CodecKind::Pcma)]);
}

#[test]
fn an_avpf_offer_is_answered_with_avpf() {
    let (text, _) = answer_to("c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVPF 0\r\n").unwrap();
    assert!(text.contains("m=audio 4000 RTP/AVPF 0\r\n"), "{text}");
}

#[test]
fn harmless_deviations_are_taken() {
    let plain = "v=0\r\no=- 1 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n";
    let expected = Description::parse(plain).unwrap().audio().next().unwrap().unwrap();
    for (from, to) in [
        ("m=audio 9000", "m=audio  9000"),
        ("RTP/AVP 0\r\n", "RTP/AVP 0 \r\n \r\n\r\n"),
        ("\r\n", "\n"),
        ("RTP/AVP 0\r\n", "RTP/AVP 0"),
        ("s=-\r\n", "s=-\r\ns=again\r\nb=AS:64 \r\nb=nonsense\r\nz=x\r\nk=\r\ni=a\r\ni=b\r\nr=7d\r\nhello\r\n"),
        ("c=IN IP4 192.0.2.1\r\n", "c=IN IP4 192.0.2.1 \r\nc=IN IP4 192.0.2.7\r\n"),
        ("o=- 1 7 ", "o=My PBX 1 7 "),
        ("o=- 1 7 ", "o=- 1 -7 "),
        ("o=- 1 7 ", "o=- -99999999999999999999 00000000000000000000000007 "),
        ("t=0 0\r\n", ""),
        ("t=0 0\r\n", "t=0\r\n"),
        ("t=0 0\r\n", "t=0 0\r\na=\r\n"),
        ("v=0", "v=0 "),
    ] {
        let text = plain.replace(from, to);
        let read = Description::parse(&text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert_eq!(read.audio().next().unwrap().unwrap(), expected, "{text:?}");
        assert_eq!(read.version(), 7, "{text:?}");
    }
    let (text, _) =
        answer_to("c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\nm=video 0 RTP/AVP\r\n").unwrap();
    assert!(text.ends_with("m=video 0 RTP/AVP 0\r\n"), "{text}");
}

proptest! {
    #[test]
    fn nothing_panics(text in "(?s)v=0\r\n.{0,200}", lines in prop::collection::vec("[vosctma]=[ -~]{0,40}\r\n", 0..12)) {
        for text in [text, format!("v=0\r\n{}", lines.concat())] {
            if let Ok(offer) = Description::parse(&text)
                && let Ok((answer, agreed)) = sdp::answer(&offer, "192.0.2.9:4000".parse().unwrap(), 1, &BOTH, &AnswerOptions::default())
            {
                let answer = Description::parse(&answer).unwrap();
                prop_assert!(agreed.payload_type < 128);
                prop_assert!(answer.audio().count() == 1);
            }
        }
    }
}

#[test]
fn opus_g722_and_their_events_are_offered_and_answered_in_the_offerers_order() {
    let a = "192.0.2.1:4000".parse().unwrap();
    let codecs = [CodecKind::Opus, CodecKind::G722, CodecKind::Pcmu].map(Codec::from);
    let options = sdp::OfferOptions {
        comfort_noise: true,
        opus_fmtp: "minptime=10;useinbandfec=1",
        rtcp_mux: true,
        ..sdp::OfferOptions::default()
    };
    let offer = sdp::offer_with(a, 1, &codecs, Some(101), &options);
    for line in [
        "m=audio 4000 RTP/AVP 111 9 0 13 101 102\r\n",
        "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n",
        "a=rtpmap:9 G722/8000\r\n",
        "a=rtpmap:13 CN/8000\r\n",
        "a=rtpmap:101 telephone-event/48000\r\n",
        "a=rtpmap:102 telephone-event/8000\r\n",
        "a=rtcp-mux\r\n",
    ] {
        assert!(offer.contains(line), "{line} {offer}");
    }
    let offer = Description::parse(&offer).unwrap();
    let answered = |supported: &[CodecKind]| {
        let options =
            AnswerOptions { comfort_noise: true, rtcp_mux: true, opus_fmtp: "usedtx=1", ..AnswerOptions::default() };
        let (text, theirs) = sdp::answer(&offer, "192.0.2.2:5000".parse().unwrap(), 2, supported, &options).unwrap();
        let ours = sdp::accept_answer(&offer, &Description::parse(&text).unwrap()).unwrap();
        (text, theirs, ours)
    };
    let (text, theirs, ours) = answered(&[CodecKind::Pcmu, CodecKind::G722, CodecKind::Opus]);
    assert!(text.contains("a=fmtp:111 usedtx=1\r\n") && !text.contains("CN/8000"), "{text}");
    assert_eq!((theirs.codec, theirs.fmtp.as_deref()), (CodecKind::Opus, Some("minptime=10;useinbandfec=1")));
    assert_eq!((ours.codec, ours.payload_type, ours.fmtp.as_deref()), (CodecKind::Opus, 111, Some("usedtx=1")));
    for agreed in [&theirs, &ours] {
        assert_eq!((agreed.dtmf_payload_type, agreed.dtmf_clock_hz), (Some(101), 48_000));
        assert_eq!((agreed.cn_payload_type, agreed.rtcp_mux), (None, true));
        assert_eq!(agreed.remote_rtcp, Some(agreed.remote_rtp));
    }
    let (_, theirs, ours) = answered(&[CodecKind::Pcmu, CodecKind::G722]);
    for agreed in [theirs, ours] {
        assert_eq!((agreed.codec, agreed.dtmf_payload_type, agreed.dtmf_clock_hz), (CodecKind::G722, Some(102), 8_000));
        assert_eq!((agreed.cn_payload_type, agreed.cn_receive_payload_type), (Some(13), Some(13)));
    }
}

#[test]
fn codecs_of_one_stream_have_one_clock_and_events_of_8_khz_do_for_opus() {
    let codecs = [CodecKind::Opus, CodecKind::Pcmu].map(Codec::from);
    let offer = sdp::offer("192.0.2.1:4000".parse().unwrap(), 1, &codecs, Some(101), 20);
    let answer = description(
        "c=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 96 0 97\r\na=rtpmap:96 OPUS/48000\r\na=rtpmap:97 telephone-event/8000\r\n",
    );
    let agreed = sdp::accept_answer(&Description::parse(&offer).unwrap(), &answer).unwrap();
    assert_eq!((agreed.payload_type, agreed.receive), (96, vec![(111, CodecKind::Opus)]));
    assert_eq!((agreed.dtmf_payload_type, agreed.dtmf_receive_payload_type), (Some(97), Some(102)));
    assert_eq!(agreed.dtmf_clock_hz, 8_000);
}

#[test]
fn srtp_takes_the_first_offered_suite_that_is_ours_and_each_side_has_its_own_key() {
    let ours =
        [sdp::Crypto::new(1, "AES_CM_128_HMAC_SHA1_80", &[1; 30]), sdp::Crypto::new(2, "AEAD_AES_128_GCM", &[2; 28])];
    let theirs =
        [sdp::Crypto::new(1, "AEAD_AES_128_GCM", &[3; 28]), sdp::Crypto::new(2, "AES_CM_128_HMAC_SHA1_80", &[4; 30])];
    let codecs = [Codec::from(CodecKind::Pcmu)];
    let options = sdp::OfferOptions { crypto: &ours, ..sdp::OfferOptions::default() };
    let offer = sdp::offer_with("192.0.2.1:4000".parse().unwrap(), 1, &codecs, None, &options);
    assert!(offer.contains("m=audio 4000 RTP/SAVP 0\r\n"), "{offer}");
    let offer = Description::parse(&offer).unwrap();
    let answer = |crypto: &[sdp::Crypto]| {
        let options = AnswerOptions { crypto, ..AnswerOptions::default() };
        sdp::answer(&offer, "192.0.2.2:5000".parse().unwrap(), 2, &[CodecKind::Pcmu], &options)
    };
    let (text, answered) = answer(&theirs).unwrap();
    let answered = answered.crypto.unwrap();
    assert_eq!((answered.local.tag, answered.local.plain_key()), (1, Some(&[4; 30][..])));
    assert_eq!(answered.remote.plain_key(), Some(&[1; 30][..]));
    let accepted = sdp::accept_answer(&offer, &Description::parse(&text).unwrap()).unwrap().crypto.unwrap();
    assert_eq!((accepted.local, accepted.remote), (answered.remote, answered.local));
    let other = [sdp::Crypto::new(1, "AEAD_AES_256_GCM", &[3; 44])];
    assert_eq!(answer(&other).unwrap_err(), SdpError::NoCommonCrypto);
    assert_eq!(answer(&[]).unwrap_err().status(), 488);
    // An answer in the clear to an offer of SRTP is none, and so is one with a tag that was not offered.
    let clear = text.replace("RTP/SAVP", "RTP/AVP");
    assert!(matches!(sdp::accept_answer(&offer, &Description::parse(&clear).unwrap()), Err(SdpError::Mismatch(_))));
    let stray = text.replace("a=crypto:1 ", "a=crypto:9 ");
    assert_eq!(sdp::accept_answer(&offer, &Description::parse(&stray).unwrap()), Err(SdpError::NoCommonCrypto));
}
