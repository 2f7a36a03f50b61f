//! What is refused, with which code, and that nothing else changes by it.

#![allow(clippy::unwrap_used)] // Helpers beside the tests unwrap as the tests do.

use std::collections::BTreeMap;

use voicebot::message::{CallInfo, Direction, Flow, FlowState, PlayoutInfo, ToBot, Track};
use voicebot::{
    Audio, BotError, BotSession, Command, Encoding, Format, ProtocolError, StartInfo, SwitchSession, limits,
};

fn session() -> SwitchSession {
    let info = StartInfo {
        stream_id: "st-1".into(),
        call: CallInfo {
            call_id: "sw1-01J".into(),
            tenant: "default".into(),
            direction: Direction::Outbound,
            from: "sip:bot@x".into(),
            to: "sip:1@x".into(),
            trunk: "t".into(),
            sip_call_id: "c".into(),
            headers: BTreeMap::new(),
            vars: BTreeMap::new(),
        },
        tracks: vec![Track::Inbound],
        playout: PlayoutInfo::default(),
        features: Vec::new(),
        resume_token: None,
        resumed: false,
    };
    SwitchSession::new(info, Format::default())
}

fn refusal(text: &str) -> (u16, &'static str, String) {
    let error = session().receive_text(text).unwrap_err();
    assert!(!error.fatal());
    (error.code(), error.name(), error.to_string())
}

#[test]
fn garbage_is_a_bad_message() {
    for text in [
        "",
        "hello",
        "{",
        "[]",
        "null",
        "\"mark\"",
        "{}",
        r#"{"type":7}"#,
        r#"["mark","m"]"#,
        "{\"type\":\"mark\"",
        "\u{0}",
    ] {
        let (code, name, _) = refusal(text);
        assert_eq!((code, name), (4400, "BAD_MESSAGE"), "{text:?}");
    }
}

#[test]
fn a_missing_or_wrong_field_is_named() {
    assert!(refusal(r#"{"type":"mark"}"#).2.contains("`id`"));
    assert!(refusal(r#"{"type":"record","op":"erase"}"#).2.contains("erase"));
    assert!(refusal(r#"{"type":"hangup","after":"soon"}"#).2.contains("drained"));
    assert!(refusal(r#"{"type":"dtmf","digits":"1x"}"#).2.contains("'x'"));
}

#[test]
fn an_unknown_type_is_told_from_a_malformed_one() {
    let (code, name, message) = refusal(r#"{"type":"marc","id":"m"}"#);
    assert_eq!((code, name, message.as_str()), (4400, "UNKNOWN_TYPE", r#"unknown type "marc""#));
    // A message of the other direction is as unknown.
    assert_eq!(refusal(r#"{"type":"start"}"#).1, "UNKNOWN_TYPE");
    // However long it is, it is not repeated whole.
    let long = format!(r#"{{"type":"{}"}}"#, "é".repeat(5_000));
    assert!(refusal(&long).2.len() < 100);
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!(r#"{{"type":"clear","x":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(refusal(&deep).0, 4400);
}

#[test]
fn over_long_messages_overflow() {
    let text = format!(r#"{{"type":"mark","id":"{}"}}"#, "m".repeat(limits::TEXT_BYTES_MAX));
    assert_eq!(refusal(&text).0, 4413);

    let id = "m".repeat(limits::ID_BYTES_MAX);
    assert!(session().receive_text(&format!(r#"{{"type":"mark","id":"{id}"}}"#)).is_ok());
    assert_eq!(refusal(&format!(r#"{{"type":"mark","id":"{id}m"}}"#)).0, 4413);

    let mut session = session();
    let frame = vec![0; limits::BINARY_BYTES_MAX + 1];
    assert_eq!(session.receive_binary(&frame).unwrap_err().code(), 4413);
    assert_eq!(session.receive_binary(&frame[1..]).unwrap().len(), limits::BINARY_BYTES_MAX / 2);
}

#[test]
fn a_format_that_does_not_exist_is_refused_and_the_old_one_stays() {
    for (format, named) in [
        (r#"{"encoding":"opus"}"#, "opus"),
        (r#"{"rate":44100}"#, "44100"),
        (r#"{"encoding":"mulaw","rate":16000}"#, "16000"),
        (r#"{"channels":3}"#, "channels"),
        (r#"{"frame_ms":30}"#, "frame_ms"),
    ] {
        let mut session = session();
        let error = session.receive_text(&format!(r#"{{"type":"accept","format":{format}}}"#)).unwrap_err();
        assert_eq!((error.code(), error.name(), error.fatal()), (4004, "UNSUPPORTED_FORMAT", false), "{format}");
        assert!(error.to_string().contains(named), "{error}");
        assert_eq!(session.format(), Format::default());
    }
}

#[test]
fn accept_changes_the_format_before_audio_and_never_after() {
    let mulaw = Format::new(Encoding::Mulaw, 8_000, 20).unwrap();
    let accept = r#"{"type":"accept","format":{"encoding":"mulaw"},"playout":{"cap_ms":999999999}}"#;

    let mut early = session();
    let command = early.receive_text(accept).unwrap();
    // A bot cannot ask for more room than it is given.
    assert_eq!(command, Command::Accepted { format: mulaw, playout: PlayoutInfo::default() });
    assert_eq!(early.start_audio(), mulaw);
    assert_eq!(early.receive_binary(&[1, 2, 3]).unwrap(), Audio::Codec(&[1, 2, 3]));

    for heard_first in [true, false] {
        let mut late = session();
        if heard_first {
            assert_eq!(late.receive_binary(&[1]).unwrap().len(), 0);
        } else {
            assert_eq!(late.start_audio(), Format::default());
        }
        assert_eq!(late.receive_text(accept), Err(ProtocolError::FormatSettled));
        assert_eq!(late.format(), Format::default());
        assert!(late.receive_text(r#"{"type":"accept"}"#).is_ok(), "it may still say that it accepts");
    }
}

#[test]
fn a_flood_of_garbage_ends_the_session_after_its_limit() {
    let mut session = session();
    for _ in 0..limits::REFUSED_MAX {
        let error = session.receive_text("garbage").unwrap_err();
        assert!(!error.fatal());
        assert_eq!(session.receive_text(r#"{"type":"clear"}"#), Ok(Command::Clear), "what is right is still taken");
    }
    let last = session.receive_text("garbage").unwrap_err();
    assert!(last.fatal());
    assert_eq!(last.code(), voicebot::close_code::LIMIT);
    let ToBot::Error(told) = last.to_message() else { panic!("not an error") };
    assert!(told.fatal);
}

#[test]
fn a_bot_gets_only_the_events_it_asked_for() {
    let mut session = session();
    let playback = ToBot::Playback(voicebot::message::Playback {
        state: voicebot::message::PlaybackState::Started,
        generation: 0,
        pos_ms: 0,
        queued_ms: 40,
    });
    let flow = ToBot::Flow(Flow { state: FlowState::Xon, queued_ms: 0 });
    let mut frame = "kept".to_owned();
    assert!(session.write_event(&playback, &mut frame), "all of them by default");

    session.receive_text(r#"{"type":"accept","events":["dtmf"]}"#).unwrap();
    frame.replace_range(.., "kept");
    assert!(!session.write_event(&playback, &mut frame));
    assert_eq!(frame, "kept");
    assert!(session.write_event(&flow, &mut frame), "flow control cannot be declined");
}

#[test]
fn a_bot_refuses_what_is_out_of_turn() {
    let start = session().start_frame();
    let mut bot = BotSession::new();
    assert_eq!(bot.receive_binary(&[0, 0]), Err(BotError::NoStart));
    assert_eq!(bot.receive_text(r#"{"type":"pong","id":""}"#), Err(BotError::NoStart));
    assert!(matches!(bot.receive_text("garbage"), Err(BotError::Message(_))));
    let other = start.replacen(r#""v":1"#, r#""v":2"#, 1);
    assert_eq!(bot.receive_text(&other), Err(BotError::Version { v: 2 }));

    bot.receive_text(&start).unwrap();
    assert_eq!(bot.receive_text(&start), Err(BotError::SecondStart));
    assert_eq!(bot.receive_text(r#"{"type":"of-the-future"}"#), Ok(None));
}

#[test]
fn a_bot_whose_format_is_refused_goes_on_with_the_one_offered() {
    let mut bot = BotSession::new();
    bot.receive_text(&session().start_frame()).unwrap();
    let asked = Format::new(Encoding::Alaw, 8_000, 20).unwrap();
    let accept = voicebot::message::Accept { format: Some(asked.into()), ..Default::default() };
    let mut frame = String::new();
    bot.accept(accept).unwrap().write(&mut frame);
    assert_eq!(bot.format(), Some(asked));

    let mut late = session();
    late.start_audio();
    late.receive_text(&frame).unwrap_err().to_message().write(&mut frame);
    bot.receive_text(&frame).unwrap();
    assert_eq!(bot.format(), Some(Format::default()));
}
