//! Telnyx media streaming, bidirectional in RTP mode.
//!
//! Twilio's shape in snake_case. A clear sends the pending marks back. Refusals are told (`error`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::media_json::{Clock, Dtmf, Mark, Numbers, Table, Word};
use super::session::Context;
use super::{Carrier, OnClear, Properties, number};
use crate::format::Encoding;
use crate::message::{After, ErrorInfo, Stop};

pub(super) const PROPERTIES: Properties = Properties {
    name: "telnyx",
    subprotocol: None,
    formats: &[(Encoding::Mulaw, 8_000), (Encoding::Alaw, 8_000)],
    frame_ms: &[20],
    carrier: Carrier::Text,
    chunk_ms_min: 20,
    on_close: Some(After::Drained),
    on_clear: OnClear::Returned,
};

pub(super) const TABLE: Table = Table {
    stream_id: "stream_id",
    sequence: "sequence_number",
    numbers: Numbers::Text,
    connected: Some(r#"{"event":"connected","version":"1.0.0"}"#),
    start,
    start_names_stream: true,
    track: Some("inbound"),
    clock: Clock::Stream,
    dtmf: Dtmf { track: None, has_duration: false, has_timestamp: false },
    mark: Mark { event: "mark", is_nested: true },
    returns_cleared_marks: true,
    cleared: None,
    stop: Some(stop),
    error: Some(error),
    extra: None,
    words: &[("media", Word::Audio), ("mark", Word::Mark), ("clear", Word::Clear)],
    has_typed_media: false,
};

#[derive(Serialize)]
struct Start<'a> {
    user_id: &'a str,
    call_control_id: &'a str,
    call_session_id: &'a str,
    from: &'a str,
    to: &'a str,
    custom_parameters: &'a BTreeMap<String, String>,
    media_format: MediaFormat,
}

#[derive(Serialize)]
struct MediaFormat {
    encoding: &'static str,
    sample_rate: u32,
    channels: u32,
}

fn start(context: &Context) -> String {
    let start = Start {
        user_id: &context.account_id,
        call_control_id: &context.call.call_id,
        call_session_id: &context.call.call_id,
        from: number(&context.call.from),
        to: number(&context.call.to),
        custom_parameters: &context.parameters,
        media_format: MediaFormat {
            encoding: if context.format.encoding() == Encoding::Alaw { "PCMA" } else { "PCMU" },
            sample_rate: context.format.rate_hz(),
            channels: context.format.channels(),
        },
    };
    // Text and numbers always serialize.
    serde_json::to_string(&start).unwrap_or_default()
}

#[derive(Serialize)]
struct StopBody<'a> {
    user_id: &'a str,
    call_control_id: &'a str,
}

fn stop(context: &Context, _stop: &Stop) -> String {
    let body = StopBody { user_id: &context.account_id, call_control_id: &context.call.call_id };
    serde_json::to_string(&body).unwrap_or_default()
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: u32,
    title: &'static str,
    detail: &'a str,
}

fn error(error: &ErrorInfo) -> String {
    let (code, title) = match error.code {
        crate::close_code::BAD_MESSAGE => (100_003, "malformed_frame"),
        crate::close_code::OVERFLOW | crate::ProtocolError::UNSUPPORTED_FORMAT => (100_004, "invalid_media"),
        crate::close_code::LIMIT => (100_005, "rate_limit_reached"),
        _ => (100_002, "unknown_error"),
    };
    serde_json::to_string(&ErrorBody { code, title, detail: &error.message }).unwrap_or_default()
}
