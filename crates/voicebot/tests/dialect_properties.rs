//! For any event: what the switch writes in a dialect, a bot of that dialect reads, with a reader of its own that knows
//! nothing of our tables. For any message of a bot, however loosely written: the command it means. For any bytes: an
//! answer, never a panic.

#![allow(clippy::unwrap_used)] // Helpers beside the tests unwrap as the tests do.

mod support;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use support::{cleared, default_format, info, opening, press, report, started};
use voicebot::dialect::{Carrier, Dialect, DialectSession, Frame, Incoming, OnClear, Opening};
use voicebot::message::{MarkState, ToBot};
use voicebot::{Audio, AudioReader, Command};

/// What a bot understands of a frame.
#[derive(Debug, PartialEq)]
enum Heard {
    Audio { bytes: Vec<u8>, at_ms: u64 },
    Digit(String),
    Mark { name: String, is_played: bool },
    Cleared,
    Other,
}

/// A bot of Twilio's, written against Twilio's pages.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TwilioFrame {
    event: String,
    sequence_number: String,
    stream_sid: String,
    media: Option<TwilioMedia>,
    dtmf: Option<BTreeMap<String, String>>,
    mark: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwilioMedia {
    track: String,
    chunk: String,
    timestamp: String,
    payload: String,
}

fn decode(payload: &str) -> Vec<u8> {
    STANDARD.decode(payload).unwrap()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not text: {value}")).to_owned()
}

/// Reads a text frame as a bot of the dialect does; counts on in `sequence` and `chunk` where the dialect numbers its
/// frames.
fn hear(dialect: Dialect, frame: &str, sequence: &mut u64, chunk: &mut u64) -> Heard {
    let value: Value = serde_json::from_str(frame).unwrap();
    let event = value["event"].as_str().unwrap_or_default().to_owned();
    match dialect {
        Dialect::Twilio => {
            let frame: TwilioFrame = serde_json::from_str(frame).unwrap();
            *sequence += 1;
            assert_eq!((frame.sequence_number, frame.stream_sid.as_str()), (sequence.to_string(), "st-1"));
            match (frame.event.as_str(), frame.media, frame.dtmf, frame.mark) {
                ("media", Some(media), None, None) => {
                    *chunk += 1;
                    assert_eq!((media.track.as_str(), media.chunk), ("inbound", chunk.to_string()));
                    Heard::Audio { bytes: decode(&media.payload), at_ms: media.timestamp.parse().unwrap() }
                }
                ("dtmf", None, Some(dtmf), None) => Heard::Digit(dtmf["digit"].clone()),
                ("mark", None, None, Some(mark)) => Heard::Mark { name: mark["name"].clone(), is_played: true },
                other => panic!("{}", other.0),
            }
        }
        Dialect::Telnyx | Dialect::Exotel => {
            *sequence += 1;
            let stream = if dialect == Dialect::Telnyx { "stream_id" } else { "stream_sid" };
            assert_eq!(
                (string(&value["sequence_number"]), string(&value[stream])),
                (sequence.to_string(), "st-1".into())
            );
            match event.as_str() {
                "media" => {
                    *chunk += 1;
                    assert_eq!(string(&value["media"]["chunk"]), chunk.to_string());
                    let at_ms = string(&value["media"]["timestamp"]).parse().unwrap();
                    Heard::Audio { bytes: decode(&string(&value["media"]["payload"])), at_ms }
                }
                "dtmf" => Heard::Digit(string(&value["dtmf"]["digit"])),
                "mark" => Heard::Mark { name: string(&value["mark"]["name"]), is_played: true },
                _ => Heard::Other,
            }
        }
        Dialect::Plivo => {
            *sequence += 1;
            assert_eq!(
                (value["sequenceNumber"].as_u64(), string(&value["streamId"])),
                (Some(*sequence), "st-1".into())
            );
            match event.as_str() {
                "media" => {
                    *chunk += 1;
                    assert_eq!(value["media"]["chunk"].as_u64(), Some(*chunk));
                    let unix_ms: u64 = string(&value["media"]["timestamp"]).parse().unwrap();
                    let at_ms = unix_ms - opening().unix_ms;
                    Heard::Audio { bytes: decode(&string(&value["media"]["payload"])), at_ms }
                }
                "dtmf" => Heard::Digit(string(&value["dtmf"]["digit"])),
                "playedStream" => Heard::Mark { name: string(&value["name"]), is_played: true },
                "clearedAudio" => Heard::Cleared,
                _ => Heard::Other,
            }
        }
        Dialect::Vonage => match event.as_str() {
            "websocket:dtmf" => Heard::Digit(string(&value["digit"])),
            "websocket:notify" => Heard::Mark { name: string(&value["payload"]), is_played: true },
            "websocket:cleared" => Heard::Cleared,
            _ => Heard::Other,
        },
        // As the SDK tells them apart: by `event` for digits, else by `type`.
        Dialect::Jambonz if event == "dtmf" => Heard::Digit(string(&value["dtmf"])),
        Dialect::Jambonz => {
            assert_eq!(value["type"], "mark");
            let is_played = match value["data"]["event"].as_str() {
                Some("playout") => true,
                Some("cleared") => false,
                other => panic!("{other:?}"),
            };
            Heard::Mark { name: string(&value["data"]["name"]), is_played }
        }
        Dialect::Asterisk => match event.as_str() {
            "DTMF_END" => Heard::Digit(string(&value["digit"])),
            "MEDIA_MARK_PROCESSED" => Heard::Mark { name: string(&value["correlation_id"]), is_played: true },
            _ => Heard::Other,
        },
        Dialect::Botstream | Dialect::AsteriskPlain => Heard::Other,
    }
}

/// A mark, as a bot of the dialect sets it.
fn mark_message(dialect: Dialect, name: &str) -> Value {
    match dialect {
        Dialect::Twilio => json!({"event": "mark", "streamSid": "st-1", "mark": {"name": name}}),
        Dialect::Telnyx => json!({"event": "mark", "mark": {"name": name}}),
        Dialect::Exotel => json!({"event": "mark", "stream_sid": "st-1", "mark": {"name": name}}),
        Dialect::Plivo => json!({"event": "checkpoint", "streamId": "st-1", "name": name}),
        Dialect::Vonage => json!({"action": "notify", "payload": name}),
        Dialect::Jambonz => json!({"type": "mark", "data": {"name": name}}),
        _ => json!({"command": "MARK_MEDIA", "correlation_id": name}),
    }
}

fn clear_message(dialect: Dialect) -> Value {
    match dialect {
        Dialect::Twilio | Dialect::Telnyx | Dialect::Exotel => json!({"event": "clear"}),
        Dialect::Plivo => json!({"event": "clearAudio", "streamId": "st-1"}),
        Dialect::Vonage => json!({"action": "clear"}),
        Dialect::Jambonz => json!({"type": "killAudio"}),
        _ => json!({"command": "FLUSH_MEDIA"}),
    }
}

/// One message of audio, or a binary frame.
fn send_audio(dialect: Dialect, session: &mut DialectSession, bytes: &[u8]) -> Vec<Incoming> {
    let payload = STANDARD.encode(bytes);
    let message = match dialect {
        Dialect::Twilio | Dialect::Telnyx | Dialect::Exotel => json!({"event": "media", "media": {"payload": payload}}),
        Dialect::Plivo => json!({"event": "playAudio", "media": {"payload": payload}}),
        _ => return session.receive_binary(Bytes::copy_from_slice(bytes)).unwrap().into_iter().collect(),
    };
    session.receive_text(&message.to_string()).unwrap().into_iter().collect()
}

/// The dialects of others whose events are JSON.
fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![
        Dialect::Twilio,
        Dialect::Telnyx,
        Dialect::Plivo,
        Dialect::Exotel,
        Dialect::Vonage,
        Dialect::Jambonz,
        Dialect::Asterisk,
    ])
}

/// Scatters what the real services pass over: unknown members at the front and the back, names in other case.
fn loosen(message: &Value, noise: &Value, is_upper: bool) -> String {
    let Value::Object(fields) = message else { panic!("not an object") };
    let member = |name: &str, value: &Value| {
        let name = if is_upper { name.to_uppercase() } else { name.to_owned() };
        format!("{}: {value}", Value::String(name))
    };
    let body: Vec<String> = fields.iter().map(|(name, value)| member(name, value)).collect();
    format!(" {{ \"x-noise\": {noise},\n{} , \"zz\": {noise} }} ", body.join(" , "))
}

fn noise() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!({"a": [1, {"b": null}]}))
    ]
}

/// What happens on a stream, in order.
#[derive(Debug, Clone)]
enum Step {
    Audio(Vec<u8>),
    Lost(u32),
    Digit(char),
    Mark { name: String, state: MarkState },
    Cleared,
}

fn step() -> impl Strategy<Value = Step> {
    let state = prop::sample::select(vec![MarkState::Played, MarkState::Cleared, MarkState::Dropped]);
    prop_oneof![
        vec(any::<u8>(), 0..3_000).prop_map(Step::Audio),
        (0..100_u32).prop_map(Step::Lost),
        prop::sample::select("0123456789*#ABCD".chars().collect::<Vec<_>>()).prop_map(Step::Digit),
        ("\\PC{0,40}", state).prop_map(|(name, state)| Step::Mark { name, state }),
        Just(Step::Cleared),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_bot_reads_what_the_switch_writes(dialect in dialect(), steps in vec(step(), 0..12), noise in noise(), is_upper in any::<bool>()) {
        let mut session = started(dialect);
        let format = session.format();
        // `start` was the first.
        let (mut sequence, mut chunk, mut samples) = (1, 0, 0_u64);
        let mut memory = BytesMut::new();
        for step in steps {
            let mut out = String::new();
            match step {
                Step::Audio(mut bytes) => {
                    bytes.truncate(bytes.len() / format.bytes_per_sample() * format.bytes_per_sample());
                    let expected = Heard::Audio { bytes: bytes.clone(), at_ms: samples * 1_000 / u64::from(format.rate_hz()) };
                    samples += (bytes.len() / format.bytes_per_sample()) as u64;
                    match session.wrap_audio(Bytes::from(bytes.clone()), &mut memory) {
                        Frame::Text(text) => {
                            let text = String::from_utf8(text.to_vec()).unwrap();
                            prop_assert_eq!(hear(dialect, &text, &mut sequence, &mut chunk), expected);
                        }
                        Frame::Binary(sent) => {
                            prop_assert_eq!(dialect.properties().carrier, Carrier::Binary);
                            prop_assert_eq!(sent, bytes);
                        }
                    }
                }
                Step::Lost(frames) => {
                    session.lose_audio(frames);
                    samples += u64::from(frames) * format.samples_per_frame() as u64;
                }
                Step::Digit(digit) => {
                    prop_assert!(session.write_event(&press(digit), &mut out));
                    prop_assert_eq!(hear(dialect, &out, &mut sequence, &mut chunk), Heard::Digit(digit.to_string()));
                }
                Step::Mark { name, state } => {
                    let message = loosen(&mark_message(dialect, &name), &noise, is_upper);
                    let commands: Vec<Incoming> = session.receive_text(&message).unwrap().into_iter().collect();
                    let [Incoming::Command(Command::Mark { id })] = commands.as_slice() else { panic!("{commands:?}") };
                    if dialect != Dialect::Vonage && dialect != Dialect::Jambonz && dialect != Dialect::Asterisk {
                        prop_assert_eq!(id, &name);
                    }
                    let is_played = state == MarkState::Played;
                    let is_told = session.write_event(&report(id, state), &mut out);
                    let on_clear = dialect.properties().on_clear;
                    prop_assert_eq!(is_told, is_played || on_clear != OnClear::Forgotten);
                    if is_told {
                        let is_played = is_played || on_clear == OnClear::Returned;
                        prop_assert_eq!(hear(dialect, &out, &mut sequence, &mut chunk), Heard::Mark { name, is_played });
                    }
                }
                Step::Cleared => {
                    let message = loosen(&clear_message(dialect), &noise, is_upper);
                    let first = session.receive_text(&message).unwrap().into_iter().next();
                    prop_assert_eq!(first, Some(Incoming::Command(Command::Clear)));
                    if session.write_event(&cleared(), &mut out) {
                        prop_assert_eq!(hear(dialect, &out, &mut sequence, &mut chunk), Heard::Cleared);
                    }
                }
            }
        }
    }

    #[test]
    fn audio_is_the_same_wherever_it_is_cut(dialect in dialect(), bytes in vec(any::<u8>(), 0..2_000), cuts in vec(0..99_usize, 0..40)) {
        let mut session = started(dialect);
        let mut reader = AudioReader::default();
        let format = session.format();
        let (mut read, mut rest) = (Vec::new(), bytes.as_slice());
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            rest = after;
            for incoming in send_audio(dialect, &mut session, piece) {
                let Incoming::Audio { format: said, bytes } = incoming else { panic!("{incoming:?}") };
                prop_assert_eq!(said, format);
                match reader.read(said, &bytes) {
                    Audio::L16(samples) => read.extend(samples.flat_map(i16::to_le_bytes)),
                    Audio::Codec(codes) => read.extend_from_slice(codes),
                }
            }
        }
        let whole = bytes.len() / format.bytes_per_sample() * format.bytes_per_sample();
        prop_assert_eq!(read, &bytes[..whole]);
    }

    #[test]
    fn parameters_cannot_break_the_first_frames(
        dialect in prop::sample::select(Dialect::ALL.to_vec()), name in "\\PC{0,12}", value in any::<String>(), account_id in any::<String>(),
    ) {
        let parameters = BTreeMap::from([(name.clone(), value.clone())]);
        let opening = Opening { account_id, parameters, ..Opening::default() };
        let mut session = DialectSession::new(dialect, info(), default_format(dialect), opening);
        for frame in session.start_frames() {
            if dialect == Dialect::AsteriskPlain {
                prop_assert!(frame.starts_with("MEDIA_START ") && frame.split(' ').count() == 7);
                continue;
            }
            let frame: Value = serde_json::from_str(&frame).unwrap();
            let event = match dialect {
                Dialect::Botstream => &frame["type"],
                Dialect::Jambonz => &frame["callSid"],
                _ => &frame["event"],
            };
            prop_assert!(["start", "connected", "websocket:connected", "MEDIA_START", "sw1-01J"].contains(&event.as_str().unwrap()));
            let told = match dialect {
                Dialect::Twilio => &frame["start"]["customParameters"][&name],
                Dialect::Telnyx | Dialect::Exotel => &frame["start"]["custom_parameters"][&name],
                Dialect::Asterisk => &frame["channel_variables"][&name],
                _ => continue,
            };
            prop_assert!(event == "connected" || *told == value.as_str());
        }
    }

    #[test]
    fn nothing_a_bot_sends_makes_it_panic(dialect in prop::sample::select(Dialect::ALL.to_vec()), text in any::<String>(), bytes in vec(any::<u8>(), 0..64)) {
        let mut session = started(dialect);
        let is_taken = session.receive_text(&text).is_ok();
        let is_word = matches!(dialect, Dialect::Asterisk | Dialect::AsteriskPlain) && !text.trim().is_empty();
        let is_object = text.trim_start().starts_with('{');
        prop_assert!(!is_taken || is_word || is_object);
        let is_binary = dialect.properties().carrier == Carrier::Binary;
        prop_assert_eq!(session.receive_binary(Bytes::from(bytes)).is_ok(), is_binary);
    }

    /// JSON that is nearly right: known messages with members of any shape.
    #[test]
    fn nearly_right_json_is_taken_or_refused(
        dialect in dialect(),
        kind in prop::sample::select(vec!["media", "mark", "clear", "playAudio", "checkpoint", "sendDTMF", "notify", "clearMarks", "MARK_MEDIA", "SET_MEDIA_DIRECTION"]),
        outer in prop::sample::select(vec!["media", "mark", "name", "dtmf", "data", "payload", "correlation_id", "direction", "event"]),
        inner in prop::sample::select(vec!["payload", "name", "sampleRate", "contentType", "audioContent", "id", "queuePlay"]),
        value in prop::sample::select(vec!["null", "1", "-1", "1e308", "18446744073709551615", "\"x\"", "\"AAAA\"", "[]", "{}", "true", "1.5", "\"\\ud800\""]),
    ) {
        let mut session = started(dialect);
        for body in [format!("{{\"{inner}\":{value}}}"), value.to_owned()] {
            let frame = format!(r#"{{"event":"{kind}","action":"{kind}","type":"{kind}","command":"{kind}","{outer}":{body}}}"#);
            if let Err(error) = session.receive_text(&frame) {
                prop_assert!(!error.fatal() && error.to_string().len() < 400);
                prop_assert!(matches!(error.to_message(), ToBot::Error(_)));
            }
        }
    }
}
