//! The torture messages of RFC 4475 and RFC 5118 where their data is at hand, and a set of our own that always is.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use std::path::PathBuf;

use proptest::prelude::*;
use sip::message::{Message, parse};
use sip::{HeaderName, Method, Request, StreamDecoder};

enum Verdict {
    /// Parses; an element may still refuse it for what it asks (420, 416, ...).
    Valid,
    /// Refused with this status.
    Refused(u16),
    /// A response that is to be dropped.
    Dropped,
}
use Verdict::{Dropped, Refused, Valid};

const RFC_4475: &[(&str, Verdict)] = &[
    ("wsinv", Valid),
    ("intmeth", Valid),
    ("esc01", Valid),
    ("escnull", Valid),
    ("esc02", Valid),
    ("lwsdisp", Valid),
    ("longreq", Valid),
    ("dblreq", Valid),
    ("semiuri", Valid),
    ("transports", Valid),
    ("mpart01", Valid),
    ("unreason", Valid),
    ("noreason", Valid),
    ("badinv01", Refused(400)),
    ("clerr", Refused(400)),
    ("ncl", Refused(400)),
    ("scalar02", Refused(400)),
    ("scalarlg", Dropped),
    ("quotbal", Refused(400)),
    ("ltgtruri", Refused(400)),
    ("lwsruri", Refused(400)),
    ("lwsstart", Refused(400)),
    ("trws", Refused(400)),
    ("escruri", Refused(400)),
    // §3.1.2.12: not to be refused by who has no use for Date.
    ("baddate", Valid),
    ("regbadct", Refused(400)),
    ("badaspec", Refused(400)),
    ("baddn", Refused(400)),
    ("badvers", Refused(505)),
    ("mismatch01", Refused(400)),
    ("mismatch02", Refused(400)),
    ("bigcode", Dropped),
    // §3.2.1: the branch is no identifier, but the message is one.
    ("badbranch", Valid),
    ("insuf", Refused(400)),
    ("unkscm", Valid),
    ("novelsc", Valid),
    ("unksm2", Valid),
    ("bext01", Valid),
    ("invut", Valid),
    ("regaut01", Valid),
    ("multi01", Refused(400)),
    ("mcl01", Refused(400)),
    ("bcast", Valid),
    ("zeromf", Valid),
    ("cparam01", Valid),
    ("cparam02", Valid),
    ("regescrt", Valid),
    ("sdp01", Valid),
    ("inv2543", Valid),
];

const RFC_5118: &[(&str, Verdict)] = &[
    ("ipv6-good", Valid),
    ("ipv6-bad", Refused(400)),
    ("port-ambiguous", Valid),
    ("port-unambiguous", Valid),
    ("via-received-param-with-delim", Valid),
    ("via-received-param-no-delim", Valid),
    ("ipv6-in-sdp", Valid),
    ("mult-ip-in-header", Valid),
    ("mult-ip-in-sdp", Valid),
    ("ipv4-mapped-ipv6", Valid),
    ("ipv6-bug-abnf-3-colons", Refused(400)),
    ("ipv6-correct-abnf-2-colons", Valid),
];

fn check(name: &str, bytes: &[u8], verdict: &Verdict) {
    match (parse(bytes), verdict) {
        (Ok(message), Valid) => {
            let again =
                parse(&message.to_bytes()).unwrap_or_else(|e| panic!("{name}: what we write does not parse: {e}"));
            assert_eq!(again, message, "{name}: the round trip changes it");
        }
        (Err(error), Refused(status)) => {
            assert_eq!(error.status, *status, "{name}: {error}");
            assert_eq!(error.response.map(|r| r.status), Some(*status), "{name}: refused without an answer");
        }
        (Err(error), Dropped) => assert!(error.response.is_none(), "{name}: a response was answered"),
        (Ok(_), _) => panic!("{name} was accepted"),
        (Err(error), Valid) => panic!("{name} was refused: {} {error}", error.status),
    }
}

fn check_folder(folder: &str, expected: &[(&str, Verdict)]) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    let Ok(files) = std::fs::read_dir(&root) else {
        // Not part of the repository; the messages of our own below are always there.
        return;
    };
    let mut seen = 0;
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut bytes = std::fs::read(&path).unwrap();
        if !bytes.windows(2).any(|w| w == b"\r\n") {
            // Some of the files have lost their CRs, and with them the right Content-Length.
            let lines = String::from_utf8(bytes).unwrap();
            let lines: Vec<&str> = lines.trim_end().lines().filter(|l| !l.starts_with("Content-Length")).collect();
            bytes = (lines.join("\r\n") + "\r\n\r\n").into_bytes();
        }
        let (_, verdict) =
            expected.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("nothing is said about {name}"));
        check(&name, &bytes, verdict);
        seen += 1;
    }
    assert_eq!(seen, expected.len());
}

#[test]
fn rfc_4475() {
    check_folder("rfc4475", RFC_4475);
}

#[test]
fn rfc_5118() {
    check_folder("rfc5118", RFC_5118);
}

/// A request made of a start line and header lines, with those left out or added that a case is about.
fn request(start: &str, lines: &[&str], body: &[u8]) -> Vec<u8> {
    let mut out = format!("{start}\r\n{}\r\n\r\n", lines.join("\r\n")).into_bytes();
    out.extend_from_slice(body);
    out
}

const VIA: &str = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKown";
const FROM: &str = "From: <sip:a@example.com>;tag=1";
const TO: &str = "To: <sip:b@example.com>";
const ID: &str = "Call-ID: own@example.com";
const CSEQ: &str = "CSeq: 1 OPTIONS";
const START: &str = "OPTIONS sip:b@example.com SIP/2.0";

#[test]
fn our_own_valid_ones() {
    let all: Vec<Vec<u8>> = vec![
        request(START, &[VIA, FROM, TO, ID, CSEQ], b""),
        request(START, &["v:SIP/2.0/UDP [2001:db8::1]:5060 ;branch=z9hG4bKa", "f:<sip:a@h>", "t:sip:b@h", "i:x", "cseq: 1 OPTIONS", "l:2"], b"abcd"),
        request(START, &[VIA, "From: J\u{fc}rgen <sip:a@h>;tag=1", TO, ID, CSEQ], b""),
        request("OPTIONS tel:+14155550100;phone-context=example.com SIP/2.0", &[VIA, FROM, TO, ID, CSEQ], b""),
        request("OPTIONS sip:[2001:db8::1]:5060;transport=udp SIP/2.0", &[VIA, FROM, TO, ID, CSEQ], b""),
        request("NEW-M'ethod~1 sip:b@example.com sip/2.0", &[VIA, FROM, TO, ID, "CSeq: 1 NEW-M'ethod~1"], b""),
        request(START, &["Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKown,", "\tSIP/2.0/TCP h2", FROM, TO, ID, CSEQ, "X-Folded: a", "   b", "\t c", "X-Empty:"], b""),
        request(START, &[VIA, FROM, TO, ID, CSEQ, "X-Controls: \"\\\u{7}\\\u{0}\""], b""),
        [b"\r\n\r\n".to_vec(), request(START, &[VIA, FROM, TO, ID, CSEQ], b"")].concat(),
        b"SIP/2.0 200 \xe4\xf6\xfc\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@h>;tag=1\r\nTo: \"\xfc\" <sip:b@h>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n".to_vec(),
    ];
    for bytes in &all {
        check(&String::from_utf8_lossy(bytes), bytes, &Valid);
    }
    let Ok(Message::Request(folded)) = parse(&all[6]) else { panic!("not a request") };
    assert_eq!(folded.header("x-folded").as_deref(), Some("a b c"));
    assert_eq!(folded.header("X-Empty").as_deref(), Some(""));
    assert_eq!(sip::headers::list_values(&folded.headers, &HeaderName::Via).len(), 2);
    let Ok(Message::Request(cut)) = parse(&all[1]) else { panic!("not a request") };
    assert_eq!(&cut.body[..], b"ab", "what follows the body is dropped");
}

#[test]
fn our_own_invalid_ones() {
    let long_uri = format!("OPTIONS sip:{}@h SIP/2.0", "a".repeat(3000));
    let many: Vec<String> = (0..300).map(|i| format!("X-{i}: x")).collect();
    let mut many_lines = vec![VIA, FROM, TO, ID, CSEQ];
    many_lines.extend(many.iter().map(String::as_str));
    let huge = format!("X: {}", "a".repeat(40_000));
    let cases: Vec<(u16, Vec<u8>)> = vec![
        (400, request(START, &[VIA, FROM, TO, CSEQ], b"")),
        (400, request(START, &[VIA, FROM, ID, CSEQ], b"")),
        (400, request(START, &[VIA, TO, ID, CSEQ], b"")),
        (400, request(START, &[VIA, FROM, TO, ID], b"")),
        (400, request(START, &[VIA, FROM, TO, TO, ID, CSEQ], b"")),
        (400, request(START, &[VIA, FROM, TO, ID, "Call-ID: second", CSEQ], b"")),
        (400, request(START, &[VIA, FROM, TO, ID, "CSeq: 1 INVITE"], b"")),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "Content-Length: 5"], b"abc")),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "Content-Length: 1", "l: 1"], b"abc")),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "Content-Length: +1"], b"abc")),
        (
            400,
            request(START, &[VIA, FROM, TO, ID, CSEQ, "Content-Length: "], b"abc")
                .into_iter()
                .chain(*b"x")
                .collect::<Vec<u8>>(),
        ),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "Max-Forwards: 256"], b"")),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "no colon"], b"")),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "bad name: x"], b"")),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "X: a\rb"], b"")),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "X: a\nVia: b"], b"")),
        (400, request(START, &[VIA, FROM, TO, ID, CSEQ, "Contact: <sip:a@h"], b"")),
        (400, request("OPTIONS sip:b@example.com?x=y SIP/2.0", &[VIA, FROM, TO, ID, CSEQ], b"")),
        (400, request("OPTIONS b SIP/2.0", &[VIA, FROM, TO, ID, CSEQ], b"")),
        (505, request("OPTIONS sip:b@h SIP/3.0", &[VIA, FROM, TO, ID, CSEQ], b"")),
        (414, request(&long_uri, &[VIA, FROM, TO, ID, CSEQ], b"")),
        (513, request(START, &many_lines, b"")),
        (513, request(START, &[VIA, FROM, TO, ID, CSEQ, &huge, "Y: z"], b"")),
        (513, request(START, &[VIA, FROM, TO, ID, CSEQ], &[b'x'; 65 * 1024])),
    ];
    for (status, bytes) in &cases {
        let shown = String::from_utf8_lossy(bytes).chars().take(300).collect::<String>();
        let error = parse(bytes).expect_err(&shown);
        assert_eq!(error.status, *status, "{shown}: {error}");
        assert_eq!(error.response.as_ref().map(|r| r.status), Some(*status), "{shown}");
    }
    for garbage in [
        &b"hello"[..],
        b"",
        b"\r\n",
        b"SIP/2.0 99 x\r\n\r\n",
        b"SIP/2.0 2000 x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0\0\0\0",
        b"INVITE",
    ] {
        assert!(parse(garbage).expect_err("garbage").response.is_none());
    }
    let ack = request("ACK sip:b@h SIP/2.0", &[VIA, FROM, TO, ID, "CSeq: 1 INVITE"], b"");
    assert!(parse(&ack).expect_err("mismatch").response.is_none(), "an ACK is never answered");
}

fn header_value() -> impl Strategy<Value = String> {
    "[!-~\u{80}-\u{2ff}]([ -~\u{80}-\u{2ff}]{0,30}[!-~])?"
}

fn any_request() -> impl Strategy<Value = Request> {
    let extra = prop::collection::vec(("X-[A-Za-z0-9]{1,8}", header_value()), 0..8);
    ("[A-Z]{1,10}", "[a-z0-9]{1,12}", 0u32..1 << 31, extra, prop::collection::vec(any::<u8>(), 0..200)).prop_map(
        |(method, token, number, extra, body)| {
            let mut request =
                Request::new(Method::parse(method.as_bytes()).unwrap(), format!("sip:{token}@example.com"));
            request.headers.push(HeaderName::Via, format!("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{token}"));
            request.headers.push(HeaderName::From, format!("<sip:{token}@h>;tag={token}"));
            request.headers.push(HeaderName::To, "<sip:b@h>");
            request.headers.push(HeaderName::CallId, token);
            request.headers.push(HeaderName::CSeq, format!("{number} {method}"));
            for (name, value) in extra {
                request.headers.push(HeaderName::new(&name), value);
            }
            request.body = body.into();
            request
        },
    )
}

/// A valid message with some of its bytes changed, removed or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0u8..3, any::<u8>()), 1..12);
    (any_request(), edits).prop_map(|(request, edits)| {
        let mut bytes = request.to_bytes().to_vec();
        for (at, what, byte) in edits {
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\r\n ,;:\"<>@%\0\xff"[usize::from(byte) % 13]),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(parse(&bytes).is_err() || !bytes.is_empty());
    }

    #[test]
    fn mutated_messages_do_not_panic_and_survive_a_round_trip(bytes in mutated()) {
        if let Ok(message) = parse(&bytes) {
            prop_assert_eq!(parse(&message.to_bytes()).unwrap(), message);
        }
        let mut decoder = StreamDecoder::new();
        for chunk in bytes.chunks(17) {
            decoder.push(chunk);
            while let Some(Ok(_)) = decoder.next_frame() {}
        }
        prop_assert!(decoder.buffered_bytes() <= bytes.len());
    }

    #[test]
    fn what_is_written_is_read_back(request in any_request()) {
        prop_assert_eq!(parse(&request.to_bytes()).unwrap(), Message::Request(request.clone()));
        let mut decoder = StreamDecoder::new();
        decoder.push(&request.to_bytes());
        prop_assert_eq!(decoder.next_frame().unwrap().unwrap(), sip::message::Frame::Message(request.to_bytes()));
    }
}
