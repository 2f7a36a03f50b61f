//! Twilio Media Streams, bidirectional (`<Connect><Stream>`).
//!
//! Numbers are text. A clear sends the pending marks back. A bot hangs up by closing the socket or by Twilio's REST
//! API.

use serde::Serialize;

use super::media_json::{Clock, Dtmf, Mark, Numbers, Table, Word};
use super::session::Context;
use super::{Carrier, OnClear, Properties};
use crate::format::Encoding;
use crate::message::{After, Stop};

pub(super) const PROPERTIES: Properties = Properties {
    name: "twilio",
    subprotocol: Some("audio.twilio.com"),
    formats: &[(Encoding::Mulaw, 8_000)],
    frame_ms: &[20],
    carrier: Carrier::Text,
    chunk_ms_min: 0,
    on_close: Some(After::Drained),
    on_clear: OnClear::Returned,
};

pub(super) const TABLE: Table = Table {
    stream_id: "streamSid",
    sequence: "sequenceNumber",
    numbers: Numbers::Text,
    connected: Some(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#),
    start,
    start_names_stream: true,
    track: Some("inbound"),
    clock: Clock::Stream,
    dtmf: Dtmf { track: Some("inbound_track"), has_duration: false, has_timestamp: false },
    mark: Mark { event: "mark", is_nested: true },
    returns_cleared_marks: true,
    cleared: None,
    stop: Some(stop),
    error: None,
    extra: None,
    words: &[("media", Word::Audio), ("mark", Word::Mark), ("clear", Word::Clear)],
    has_typed_media: false,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    account_sid: &'a str,
    stream_sid: &'a str,
    call_sid: &'a str,
    tracks: [&'static str; 1],
    media_format: MediaFormat,
    custom_parameters: &'a std::collections::BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MediaFormat {
    encoding: &'static str,
    sample_rate: u32,
    channels: u32,
}

fn start(context: &Context) -> String {
    let start = Start {
        account_sid: &context.account_id,
        stream_sid: &context.stream_id,
        call_sid: &context.call.call_id,
        tracks: ["inbound"],
        media_format: MediaFormat {
            encoding: "audio/x-mulaw",
            sample_rate: context.format.rate_hz(),
            channels: context.format.channels(),
        },
        custom_parameters: &context.parameters,
    };
    // Text and numbers always serialize.
    serde_json::to_string(&start).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StopBody<'a> {
    account_sid: &'a str,
    call_sid: &'a str,
}

fn stop(context: &Context, _stop: &Stop) -> String {
    let body = StopBody { account_sid: &context.account_id, call_sid: &context.call.call_id };
    serde_json::to_string(&body).unwrap_or_default()
}
