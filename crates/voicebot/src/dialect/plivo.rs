//! Plivo audio streams, bidirectional.
//!
//! Numbers are numbers, timestamps count from 1970. `checkpoint` is its mark and `playedStream` says that it was
//! reached; a clear is told (`clearedAudio`), the checkpoints it threw away are not. Each `playAudio` says its own
//! format.

use serde::Serialize;

use super::media_json::{Clock, Dtmf, Mark, Numbers, Table, Word};
use super::session::Context;
use super::{Carrier, OnClear, Properties};
use crate::format::Encoding;
use crate::message::After;

pub(super) const PROPERTIES: Properties = Properties {
    name: "plivo",
    subprotocol: Some("audio.plivo.com"),
    formats: &[(Encoding::Mulaw, 8_000), (Encoding::L16, 8_000), (Encoding::L16, 16_000)],
    frame_ms: &[20],
    carrier: Carrier::Text,
    chunk_ms_min: 0,
    on_close: Some(After::Drained),
    on_clear: OnClear::Forgotten,
};

pub(super) const TABLE: Table = Table {
    stream_id: "streamId",
    sequence: "sequenceNumber",
    numbers: Numbers::Plain,
    connected: None,
    start,
    start_names_stream: false,
    track: Some("inbound"),
    clock: Clock::Unix,
    dtmf: Dtmf { track: Some("inbound"), has_duration: false, has_timestamp: true },
    mark: Mark { event: "playedStream", is_nested: false },
    returns_cleared_marks: false,
    cleared: Some("clearedAudio"),
    stop: None,
    error: None,
    extra: Some("extra_headers"),
    words: &[
        ("playAudio", Word::Audio),
        ("checkpoint", Word::Mark),
        ("clearAudio", Word::Clear),
        ("sendDTMF", Word::Dtmf),
    ],
    has_typed_media: true,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    call_id: &'a str,
    stream_id: &'a str,
    account_id: &'a str,
    tracks: [&'static str; 1],
    media_format: MediaFormat,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MediaFormat {
    encoding: &'static str,
    sample_rate: u32,
}

fn start(context: &Context) -> String {
    let start = Start {
        call_id: &context.call.call_id,
        stream_id: &context.stream_id,
        account_id: &context.account_id,
        tracks: ["inbound"],
        media_format: MediaFormat {
            encoding: if context.format.encoding() == Encoding::L16 { "audio/x-l16" } else { "audio/x-mulaw" },
            sample_rate: context.format.rate_hz(),
        },
    };
    // Text and numbers always serialize.
    serde_json::to_string(&start).unwrap_or_default()
}
