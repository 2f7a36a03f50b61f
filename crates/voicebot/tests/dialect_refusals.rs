//! What is refused in each dialect, with which code, and that garbage ends a session after its limit; formats and
//! upgrades.

#![allow(clippy::unwrap_used)] // Helpers beside the tests unwrap as the tests do.

mod support;

use bytes::Bytes;
use support::*;
use voicebot::dialect::{Carrier, Dialect, Incoming, basic_authorization, twilio_signature};
use voicebot::{Command, Encoding, FormatSpec, ProtocolError, limits};

/// The dialects whose messages are JSON only.
const IN_JSON: [Dialect; 6] =
    [Dialect::Twilio, Dialect::Telnyx, Dialect::Plivo, Dialect::Exotel, Dialect::Vonage, Dialect::Jambonz];

fn refusal(dialect: Dialect, frame: &str) -> (u16, String) {
    let error = refused(&mut started(dialect), frame);
    assert!(!error.fatal());
    (error.code(), error.to_string())
}

#[test]
fn garbage_is_a_bad_message() {
    for dialect in IN_JSON {
        for frame in [
            "",
            "hello",
            "{",
            "[]",
            "null",
            "\"clear\"",
            "{}",
            "{\"event\":[]}",
            "\u{0}",
            "{\"event\":\"mark\"",
            "{}{}",
        ] {
            assert_eq!(refusal(dialect, frame).0, 4400, "{dialect} {frame:?}");
        }
    }
    for frame in ["", " \n", "{", "{}", "{\"command\":7}x", "SET_MEDIA_DIRECTION", "SET_MEDIA_DIRECTION up"] {
        assert_eq!(refusal(Dialect::Asterisk, frame).0, 4400, "{frame:?}");
    }
}

#[test]
fn a_missing_or_wrong_field_is_named() {
    let cases = [
        (Dialect::Twilio, r#"{"event":"media"}"#, "missing field `media`"),
        (Dialect::Twilio, r#"{"event":"media","media":null}"#, "missing field `media`"),
        (Dialect::Twilio, r#"{"event":"media","media":"AAAA"}"#, "missing field `media.payload`"),
        (Dialect::Twilio, r#"{"event":"media","media":{"payload":["AAAA"]}}"#, "`media.payload` is not text"),
        (Dialect::Twilio, r#"{"event":"media","media":{"payload":"A!=="}}"#, "`media.payload` is not base64"),
        (Dialect::Twilio, r#"{"event":"media","media":{"payload":"A"}}"#, "`media.payload` is not base64"),
        (Dialect::Twilio, r#"{"event":"mark"}"#, "missing field `mark`"),
        (Dialect::Telnyx, r#"{"event":"mark","mark":{}}"#, "missing field `mark.name`"),
        (Dialect::Exotel, r#"{"event":"mark","mark":{"name":{}}}"#, "`mark.name` is not text"),
        (Dialect::Twilio, r#"{"media":{"payload":""}}"#, "missing field `event`"),
        (Dialect::Twilio, r#"{"event":"media","media":{"payload":1e999}}"#, "out of range"),
        (Dialect::Plivo, r#"{"event":"checkpoint"}"#, "missing field `name`"),
        (Dialect::Plivo, r#"{"event":"sendDTMF","dtmf":"1x"}"#, "'x'"),
        (Dialect::Plivo, r#"{"event":"sendDTMF","dtmf":-1}"#, "'-'"),
        (Dialect::Plivo, r#"{"event":"playAudio","media":{"sampleRate":{},"payload":""}}"#, "media.sampleRate"),
        (
            Dialect::Plivo,
            r#"{"event":"playAudio","media":{"sampleRate":99999999999999999999,"payload":""}}"#,
            "media.sampleRate",
        ),
        (Dialect::Plivo, r#"{"event":"playAudio","media":{"sampleRate":-8000,"payload":""}}"#, "media.sampleRate"),
        (Dialect::Vonage, r#"{"event":"clear"}"#, "missing field `action`"),
        (Dialect::Jambonz, r#"{"type":"mark"}"#, "missing field `data`"),
        (Dialect::Jambonz, r#"{"type":"mark","data":{}}"#, "missing field `data.name`"),
        (Dialect::Jambonz, r#"{"type":"playAudio","data":{}}"#, "missing field `data.audioContent`"),
        (Dialect::Jambonz, r#"{"type":"playAudio","data":{"audioContent":"AAAA","audioContentType":"mp3"}}"#, "mp3"),
        (Dialect::Jambonz, r#"{"type":"playAudio","data":{"audioContent":"AAAA","id":[]}}"#, "data.id"),
        (Dialect::Asterisk, r#"{"event":"ANSWER"}"#, "missing field `command`"),
    ];
    for (dialect, frame, named) in cases {
        let (code, sentence) = refusal(dialect, frame);
        assert!(code == 4400 && sentence.contains(named), "{dialect} {frame}: {code} {sentence}");
    }
}

#[test]
fn a_format_that_does_not_exist_is_refused() {
    let cases = [
        (
            Dialect::Plivo,
            r#"{"event":"playAudio","media":{"contentType":"audio/mpeg","sampleRate":8000,"payload":""}}"#,
            "audio/mpeg",
        ),
        (
            Dialect::Plivo,
            r#"{"event":"playAudio","media":{"contentType":"audio/x-l16","sampleRate":44100,"payload":""}}"#,
            "44100",
        ),
        (
            Dialect::Plivo,
            r#"{"event":"playAudio","media":{"contentType":"audio/x-mulaw","sampleRate":16000,"payload":""}}"#,
            "16000",
        ),
        (Dialect::Jambonz, r#"{"type":"playAudio","data":{"audioContent":"AAAA","sampleRate":64000}}"#, "64000"),
    ];
    for (dialect, frame, named) in cases {
        let (code, sentence) = refusal(dialect, frame);
        assert!(code == 4004 && sentence.contains(named), "{dialect} {frame}: {code} {sentence}");
    }
}

#[test]
fn text_only_dialects_take_no_binary_frames() {
    for dialect in Dialect::ALL {
        let outcome = started(dialect).receive_binary(Bytes::from_static(&[0, 0]));
        assert_eq!(outcome.is_err(), dialect.properties().carrier == Carrier::Text, "{dialect}");
    }
}

#[test]
fn over_long_messages_overflow() {
    for dialect in Dialect::ALL {
        let has_audio = dialect.properties().carrier == Carrier::Text || dialect == Dialect::Jambonz;
        let bytes_max = if has_audio { limits::BINARY_BYTES_MAX } else { limits::TEXT_BYTES_MAX };
        let padded = |length: usize| {
            let fields = r#"{"event":"x","type":"x","action":"x","command":"x""#;
            format!("{fields}{}}}", " ".repeat(length - fields.len() - 1))
        };
        assert_eq!(refusal(dialect, &padded(bytes_max + 1)).0, 4413, "{dialect}");
        if dialect != Dialect::Botstream {
            assert_eq!(received(&mut started(dialect), &padded(bytes_max)), unknown("x"), "{dialect}");
        }
        if dialect.properties().carrier == Carrier::Binary {
            let error = started(dialect).receive_binary(vec![0; limits::BINARY_BYTES_MAX + 1].into()).unwrap_err();
            assert_eq!(error.code(), 4413, "{dialect}");
        }
    }
}

/// Two minutes of speech in one message.
#[test]
fn a_whole_utterance_may_come_at_once() {
    let payload = "/".repeat(120 * 8_000 / 3 * 4);
    let frame = format!(r#"{{"event":"media","streamSid":"st-1","media":{{"payload":"{payload}"}}}}"#);
    match received(&mut started(Dialect::Twilio), &frame).as_slice() {
        [Incoming::Audio { bytes, .. }] => assert!(bytes.len() == 960_000 && bytes.iter().all(|byte| *byte == 0xff)),
        other => panic!("{} items", other.len()),
    }
}

#[test]
fn ids_have_limits() {
    let long = "m".repeat(limits::ID_BYTES_MAX);
    let mark = |name: &str| format!(r#"{{"event":"mark","mark":{{"name":"{name}"}}}}"#);
    assert_eq!(received(&mut started(Dialect::Twilio), &mark(&long)), support::mark(&long));
    assert_eq!(refusal(Dialect::Twilio, &mark(&format!("{long}m"))).0, 4413);
    assert_eq!(refusal(Dialect::Plivo, &format!(r#"{{"event":"checkpoint","name":"{long}m"}}"#)).0, 4413);
    assert_eq!(refusal(Dialect::Asterisk, &format!("MARK_MEDIA {long}m")).0, 4413);
    assert_eq!(refusal(Dialect::Asterisk, &format!("STOP_MEDIA_BUFFERING {long}")).0, 4413);
    assert_eq!(refusal(Dialect::Jambonz, &format!(r#"{{"type":"mark","data":{{"name":"{long}m"}}}}"#)).0, 4413);
    let clip = format!(r#"{{"type":"playAudio","data":{{"audioContent":"","id":"{long}"}}}}"#);
    assert_eq!(refusal(Dialect::Jambonz, &clip).0, 4413);
    let digits = "1".repeat(limits::DTMF_DIGITS_MAX + 1);
    assert_eq!(refusal(Dialect::Plivo, &format!(r#"{{"event":"sendDTMF","dtmf":"{digits}"}}"#)).0, 4413);
}

#[test]
fn pending_notifications_have_limits() {
    let notify = |length: usize| format!(r#"{{"action":"notify","payload":"{}"}}"#, "p".repeat(length));
    assert_eq!(refusal(Dialect::Vonage, &notify(8 << 10)).0, 4413);

    let mut session = started(Dialect::Vonage);
    for _ in 0..256 {
        received(&mut session, &notify(0));
    }
    assert_eq!(refused(&mut session, &notify(0)).code(), 4413);
    told(&mut session, &report("notify-7", voicebot::message::MarkState::Cleared));
    received(&mut session, &notify(0));

    let mut session = started(Dialect::Vonage);
    for _ in 0..8 {
        received(&mut session, &notify(8_000));
    }
    assert_eq!(refused(&mut session, &notify(8_000)).code(), 4413);
}

#[test]
fn jambonz_marks_beyond_the_limit_are_told_as_cleared() {
    let mut session = started(Dialect::Jambonz);
    let frame = r#"{"type":"mark","data":{"name":"m"}}"#;
    for _ in 0..1_024 {
        assert_eq!(received(&mut session, frame), mark("m"));
    }
    assert_eq!(received(&mut session, frame), reply(&[r#"{"type":"mark","data":{"name":"m","event":"cleared"}}"#]));
    // Reached ones make room.
    assert!(told(&mut session, &report("m", voicebot::message::MarkState::Played)).is_some());
    assert_eq!(received(&mut session, frame), mark("m"));
}

#[test]
fn deep_and_wide_json_is_refused() {
    for dialect in IN_JSON {
        let deep = format!(
            r#"{{"event":"clear","action":"clear","type":"killAudio","x":{}{}}}"#,
            "[".repeat(20_000),
            "]".repeat(20_000)
        );
        assert_eq!(refusal(dialect, &deep).0, 4400, "{dialect}");
        let wide = format!(r#"{{"event":"clear","action":"clear","type":"killAudio","x":[{}0]}}"#, "0,".repeat(20_000));
        let (code, sentence) = refusal(dialect, &wide);
        assert!(code == 4400 && sentence.contains("1024 values"), "{dialect} {sentence}");
    }
}

#[test]
fn a_flood_of_garbage_ends_the_session_after_its_limit() {
    for dialect in Dialect::ALL {
        let mut session = started(dialect);
        for _ in 0..limits::REFUSED_MAX {
            assert!(!refused(&mut session, "{").fatal());
        }
        let last = refused(&mut session, "{");
        assert!(last.fatal(), "{dialect}");
        assert_eq!(last.code(), voicebot::close_code::LIMIT);
    }
    // What is only unknown is no garbage.
    let mut session = started(Dialect::Twilio);
    for _ in 0..10 * limits::REFUSED_MAX {
        received(&mut session, r#"{"event":"custom","data":{"text":"hello"}}"#);
    }
    assert_eq!(received(&mut session, r#"{"event":"clear"}"#), command(Command::Clear));
}

#[test]
fn an_unknown_kind_is_not_repeated_whole() {
    let long = "é".repeat(5_000);
    for frame in [format!(r#"{{"event":"{long}"}}"#), format!(r#"{{"event":"{long}","media":1}}"#)] {
        match received(&mut started(Dialect::Twilio), &frame).as_slice() {
            [Incoming::Unknown { kind }] => assert!(kind.len() < 100),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_default_format_is_one() {
    for dialect in Dialect::ALL {
        let properties = dialect.properties();
        let format = default_format(dialect);
        assert_eq!((format.encoding(), format.rate_hz()), properties.formats[0], "{dialect}");
        assert_eq!(format.frame_ms(), properties.frame_ms[0]);
        for &(encoding, rate) in properties.formats {
            let asked =
                FormatSpec { encoding: Some(encoding.name().into()), rate: Some(rate), ..FormatSpec::default() };
            let format = dialect.format(&asked).unwrap();
            assert_eq!((format.encoding(), format.rate_hz()), (encoding, rate), "{dialect}");
            assert!(format.frame_ms() >= properties.chunk_ms_min);
        }
    }
}

#[test]
fn formats_that_a_dialect_does_not_have_are_refused() {
    let asked = |encoding: Option<&str>, rate, channels, frame_ms| FormatSpec {
        encoding: encoding.map(str::to_owned),
        rate,
        channels,
        frame_ms,
    };
    let cases = [
        (Dialect::Twilio, asked(Some("l16"), None, None, None)),
        (Dialect::Twilio, asked(None, Some(16_000), None, None)),
        (Dialect::Twilio, asked(None, None, Some(2), None)),
        (Dialect::Twilio, asked(None, None, None, Some(40))),
        (Dialect::Exotel, asked(None, None, None, Some(20))),
        (Dialect::Vonage, asked(Some("mulaw"), None, None, None)),
        (Dialect::Jambonz, asked(Some("opus"), None, None, None)),
        (Dialect::Telnyx, asked(Some("alaw"), Some(16_000), None, None)),
    ];
    for (dialect, asked) in cases {
        let sentence = dialect.format(&asked).unwrap_err().to_string();
        assert!(sentence.starts_with(dialect.name()), "{sentence}");
    }
    let rate_only = Dialect::Plivo.format(&asked(None, Some(16_000), Some(1), None)).unwrap();
    assert_eq!(rate_only.encoding(), Encoding::L16);
}

#[test]
fn names() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
    }
    assert_eq!("".parse(), Ok(Dialect::Botstream));
    assert_eq!("botstream.v1".parse(), Ok(Dialect::Botstream));
    let error = "Twilio2".parse::<Dialect>().unwrap_err().to_string();
    assert!(error.contains("Twilio2") && Dialect::ALL.iter().all(|dialect| error.contains(dialect.name())), "{error}");
}

#[test]
fn upgrades() {
    for dialect in Dialect::ALL {
        let upgrade = dialect.upgrade("wss://bots.example/ws", &info(), Some("secret"), 1_700_000_000);
        let header =
            |name: &str| upgrade.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(header("X-BotStream-Call-Id"), Some("sw1-01J"));
        assert_eq!(header("X-BotStream-Stream-Id"), Some("st-1"));
        assert_eq!(header("X-BotStream-Tenant"), Some("default"));
        assert_eq!(header("X-Twilio-Signature").is_some(), dialect == Dialect::Twilio);
        assert_eq!(header("X-BotStream-Signature").is_some(), dialect == Dialect::Botstream);
        let telnyx = (dialect == Dialect::Telnyx).then_some("secret");
        assert_eq!(header("x-telnyx-streaming-auth-token"), telnyx);
        assert!(dialect.takes_subprotocol(None) && dialect.takes_subprotocol(upgrade.subprotocol));
        assert!(!dialect.takes_subprotocol(Some("chat")));
        assert_eq!(dialect.upgrade("wss://x", &info(), None, 0).headers.len(), 3);
    }
    let offered = |dialect: Dialect| dialect.upgrade("ws://x", &info(), None, 0).subprotocol;
    assert_eq!(offered(Dialect::Botstream), Some("botstream.v1"));
    assert_eq!(offered(Dialect::Jambonz), Some("audio.drachtio.org"));
    assert_eq!(offered(Dialect::AsteriskPlain), Some("media"));
    assert_eq!(offered(Dialect::Vonage), None);
}

/// Computed by another implementation of HMAC-SHA1.
#[test]
fn twilio_signatures() {
    let cases = [
        ("wss://bots.example/ws", "12345", "HX5N7CJfIUgN5i/3mCMXdEDLZo4="),
        (
            "wss://bots.example:8443/media?a=1&b=2",
            "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
            "Wcwlkd36ni4888lonKMgPBmmmlA=",
        ),
        ("ws://x", "", "mstXJGZE5uAs2NTmS4wiP7XxPW0="),
    ];
    for (url, token, signature) in cases {
        assert_eq!(twilio_signature(url, token), signature, "{url}");
    }
    let upgrade = Dialect::Twilio.upgrade("wss://bots.example/ws", &info(), Some("12345"), 0);
    assert!(upgrade.headers.contains(&("X-Twilio-Signature", cases[0].2.to_owned())));
}

/// Computed by another implementation of HMAC-SHA256.
#[test]
fn botstream_signatures() {
    let upgrade = Dialect::Botstream.upgrade("wss://bots.example:8443/ws?x=1", &info(), Some("secret"), 1_700_000_000);
    let signature = "t=1700000000,v1=c150e481b99869012fd856fc0b05b0d5aee4aa421d4db60de5923f0eb2e4c642";
    assert!(upgrade.headers.contains(&("X-BotStream-Signature", signature.to_owned())), "{upgrade:?}");
    assert_eq!(basic_authorization("Aladdin:open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

#[test]
fn every_refusal_can_be_told_in_a_frame_or_is_silent() {
    let refusal = ProtocolError::BadMessage { detail: "why".into() }.to_message();
    for dialect in Dialect::ALL {
        let has_word =
            matches!(dialect, Dialect::Botstream | Dialect::Telnyx | Dialect::Asterisk | Dialect::AsteriskPlain);
        assert_eq!(told(&mut started(dialect), &refusal).is_some(), has_word, "{dialect}");
    }
}
