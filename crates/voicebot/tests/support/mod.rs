//! A call, and short ways to drive a session in any dialect.

#![allow(dead_code, clippy::unwrap_used)] // Each test file uses some of it; helpers unwrap as the tests do.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use voicebot::dialect::{Dialect, DialectSession, Frame, Incoming, Opening};
use voicebot::message::{
    CallInfo, Cleared, Direction, DtmfReceived, DtmfSource, ErrorInfo, Flow, FlowState, LEG_CALLER, MarkReport,
    MarkState, Playback, PlaybackState, PlayoutInfo, Stop, ToBot, Track,
};
use voicebot::{Command, Format, FormatSpec, ProtocolError, StartInfo};

pub(crate) fn info() -> StartInfo {
    StartInfo {
        stream_id: "st-1".into(),
        call: CallInfo {
            call_id: "sw1-01J".into(),
            tenant: "default".into(),
            direction: Direction::Inbound,
            from: "sip:+14155550100@carrier.example;user=phone".into(),
            to: "sip:+14155550199@bots.example".into(),
            trunk: "carrier".into(),
            sip_call_id: "abc@carrier.example".into(),
            headers: BTreeMap::new(),
            vars: BTreeMap::from([("order".to_owned(), "7".to_owned()), ("lang".to_owned(), "xx".to_owned())]),
        },
        tracks: vec![Track::Inbound],
        playout: PlayoutInfo::default(),
        features: Vec::new(),
        resume_token: None,
        resumed: false,
    }
}

pub(crate) fn opening() -> Opening {
    Opening {
        account_id: "AC1".into(),
        parameters: BTreeMap::from([("lang".to_owned(), "en".to_owned())]),
        unix_ms: 1_705_312_200_000,
        is_answered: true,
    }
}

pub(crate) fn default_format(dialect: Dialect) -> Format {
    dialect.format(&FormatSpec::default()).unwrap()
}

pub(crate) fn session(dialect: Dialect) -> DialectSession {
    DialectSession::new(dialect, info(), default_format(dialect), opening())
}

/// A session that has sent its first frames.
pub(crate) fn started(dialect: Dialect) -> DialectSession {
    let mut session = session(dialect);
    assert!(!session.start_frames().is_empty());
    session
}

pub(crate) fn text(frame: Frame) -> String {
    match frame {
        Frame::Text(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Frame::Binary(bytes) => panic!("a binary frame of {} bytes", bytes.len()),
    }
}

pub(crate) fn audio_frame(session: &mut DialectSession, audio: &[u8]) -> Frame {
    session.wrap_audio(Bytes::copy_from_slice(audio), &mut BytesMut::new())
}

/// The frame that tells of an event, if there is one.
pub(crate) fn told(session: &mut DialectSession, event: &ToBot) -> Option<String> {
    let mut out = "kept".to_owned();
    let is_told = session.write_event(event, &mut out);
    assert_eq!(is_told, out != "kept");
    is_told.then_some(out)
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What a text frame means.
pub(crate) fn received(session: &mut DialectSession, frame: &str) -> Vec<Incoming> {
    session.receive_text(frame).unwrap_or_else(|error| panic!("{error}: {frame}")).into_iter().collect()
}

pub(crate) fn refused(session: &mut DialectSession, frame: &str) -> ProtocolError {
    match session.receive_text(frame) {
        Ok(received) => panic!("{:?}: {frame}", received.into_iter().collect::<Vec<_>>()),
        Err(error) => error,
    }
}

pub(crate) fn command(command: Command) -> Vec<Incoming> {
    vec![Incoming::Command(command)]
}

pub(crate) fn mark(id: &str) -> Vec<Incoming> {
    command(Command::Mark { id: id.into() })
}

pub(crate) fn reply(frames: &[&str]) -> Vec<Incoming> {
    vec![Incoming::Reply(frames.iter().map(ToString::to_string).collect())]
}

pub(crate) fn unknown(kind: &str) -> Vec<Incoming> {
    vec![Incoming::Unknown { kind: kind.into() }]
}

pub(crate) fn press(digit: char) -> ToBot {
    ToBot::Dtmf(DtmfReceived { digit, duration_ms: 260, leg: LEG_CALLER.into(), source: DtmfSource::Rfc4733 })
}

pub(crate) fn report(id: &str, state: MarkState) -> ToBot {
    ToBot::Mark(MarkReport { id: id.into(), state, generation: 0, pos_ms: 40 })
}

pub(crate) fn cleared() -> ToBot {
    ToBot::Cleared(Cleared { generation: 1, played_ms: 40, played_samples: 320, discarded_ms: 60, marks: Vec::new() })
}

pub(crate) fn playback(state: PlaybackState) -> ToBot {
    ToBot::Playback(Playback { state, generation: 0, pos_ms: 40, queued_ms: 0 })
}

pub(crate) fn flow(state: FlowState) -> ToBot {
    ToBot::Flow(Flow { state, queued_ms: 10_000 })
}

pub(crate) fn stop(reason: &str) -> ToBot {
    ToBot::Stop(Stop { reason: reason.into(), cause: Some("NORMAL".into()) })
}

pub(crate) fn error(code: u16) -> ToBot {
    ToBot::Error(ErrorInfo { code, name: "NAME".into(), message: "a sentence".into(), fatal: false })
}
