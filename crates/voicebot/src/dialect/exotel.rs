//! Exotel's Voicebot applet (AgentStream), bidirectional.
//!
//! Twilio's shape in snake_case with `stream_sid`, L16 in frames of 100 ms. A clear sends the pending marks back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::media_json::{Clock, Dtmf, Mark, Numbers, Table, Word};
use super::session::Context;
use super::{Carrier, OnClear, Properties, number};
use crate::format::Encoding;
use crate::message::{After, Stop};

pub(super) const PROPERTIES: Properties = Properties {
    name: "exotel",
    subprotocol: None,
    formats: &[(Encoding::L16, 8_000), (Encoding::L16, 16_000), (Encoding::L16, 24_000)],
    frame_ms: &[100],
    carrier: Carrier::Text,
    chunk_ms_min: 100,
    on_close: Some(After::Drained),
    on_clear: OnClear::Returned,
};

pub(super) const TABLE: Table = Table {
    stream_id: "stream_sid",
    sequence: "sequence_number",
    numbers: Numbers::Text,
    connected: Some(r#"{"event":"connected"}"#),
    start,
    start_names_stream: true,
    track: None,
    clock: Clock::Stream,
    dtmf: Dtmf { track: None, has_duration: true, has_timestamp: false },
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
struct Start<'a> {
    stream_sid: &'a str,
    call_sid: &'a str,
    account_sid: &'a str,
    from: &'a str,
    to: &'a str,
    custom_parameters: &'a BTreeMap<String, String>,
    media_format: MediaFormat,
}

#[derive(Serialize)]
struct MediaFormat {
    encoding: &'static str,
    sample_rate: String,
    bit_rate: &'static str,
}

fn start(context: &Context) -> String {
    let start = Start {
        stream_sid: &context.stream_id,
        call_sid: &context.call.call_id,
        account_sid: &context.account_id,
        from: number(&context.call.from),
        to: number(&context.call.to),
        custom_parameters: &context.parameters,
        media_format: MediaFormat {
            encoding: "audio/x-raw",
            sample_rate: context.format.rate_hz().to_string(),
            bit_rate: "16",
        },
    };
    // Text always serializes.
    serde_json::to_string(&start).unwrap_or_default()
}

#[derive(Serialize)]
struct StopBody<'a> {
    call_sid: &'a str,
    account_sid: &'a str,
    reason: &'static str,
}

/// `callended` when the telephone hung up, `stopped` when the stream ends for another reason.
fn stop(context: &Context, stop: &Stop) -> String {
    let reason = if stop.reason == "hangup" { "callended" } else { "stopped" };
    let body = StopBody { call_sid: &context.call.call_id, account_sid: &context.account_id, reason };
    serde_json::to_string(&body).unwrap_or_default()
}
