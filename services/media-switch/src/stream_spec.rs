//! A `StreamSpec` of the API as what the bot's protocol and the media need.

use std::collections::BTreeMap;

use botstream_api::audio_format::Encoding as ApiEncoding;
use botstream_api::call::Direction as CallDirection;
use botstream_api::{AudioFormat, StreamSpec};
use voicebot::message::{CallInfo, Direction, PlayoutInfo, Track};
use voicebot::{Encoding, Format, FormatError, StartInfo};

use crate::media::{Bearer, BotTarget};
use crate::switchboard::Begun;

/// The format a stream asks for, its defaults filled in.
pub(crate) fn format(stream: &StreamSpec) -> Result<Format, FormatError> {
    let asked = stream.format.unwrap_or_default().with_defaults();
    if asked.channels != 1 {
        return Err(FormatError::Channels { channels: asked.channels });
    }
    let encoding = match asked.encoding() {
        ApiEncoding::Mulaw => Encoding::Mulaw,
        ApiEncoding::Alaw => Encoding::Alaw,
        ApiEncoding::L16 | ApiEncoding::Unspecified => Encoding::L16,
    };
    Format::new(encoding, asked.rate, asked.frame_ms)
}

/// The same as the API's message.
pub(crate) fn document(format: Format) -> AudioFormat {
    let encoding = match format.encoding() {
        Encoding::Mulaw => ApiEncoding::Mulaw,
        Encoding::Alaw => ApiEncoding::Alaw,
        Encoding::L16 => ApiEncoding::L16,
    };
    AudioFormat {
        encoding: encoding.into(),
        rate: format.rate_hz(),
        channels: format.channels(),
        frame_ms: format.frame_ms(),
    }
}

/// Everything that is told to the bot of a call.
pub(crate) fn target(
    begun: &Begun,
    stream: &StreamSpec,
    format: Format,
    vars: BTreeMap<String, String>,
    features: &[String],
    bearer: Option<Bearer>,
) -> BotTarget {
    let facts = &begun.facts;
    let defaults = PlayoutInfo::default();
    let cap_ms = match stream.playout.map_or(0, |playout| playout.cap_ms) {
        0 => defaults.cap_ms,
        cap_ms => cap_ms,
    };
    let start = StartInfo {
        stream_id: facts.stream_id.clone(),
        call: CallInfo {
            call_id: begun.id.to_string(),
            tenant: begun.tenant.clone(),
            direction: match facts.direction {
                CallDirection::Outbound => Direction::Outbound,
                CallDirection::Inbound | CallDirection::Unspecified => Direction::Inbound,
            },
            from: facts.from.clone(),
            to: facts.to.clone(),
            trunk: facts.trunk.clone(),
            sip_call_id: facts.sip_call_id.clone(),
            headers: BTreeMap::new(),
            vars,
        },
        tracks: vec![Track::Inbound],
        playout: PlayoutInfo { cap_ms, ..defaults },
        features: features.to_vec(),
        resume_token: None,
        resumed: false,
    };
    BotTarget {
        url: stream.url.clone(),
        format,
        start,
        traceparent: Some(begun.traceparent.clone()).filter(|traceparent| !traceparent.is_empty()),
        bearer,
    }
}

/// Verbs and events that this switch knows, told to every bot in `start`.
pub(crate) const FEATURES: &[&str] = &[
    "accept", "mark", "clear", "pause", "resume", "eou", "dtmf", "hangup", "ping", "cleared", "playback", "flow",
    "call",
];
