//! A `StreamSpec` of the API as what the bot's protocol and the media need.

use std::collections::BTreeMap;

use botstream_api::audio_format::Encoding as ApiEncoding;
use botstream_api::call::Direction as CallDirection;
use botstream_api::playout::Mode;
use botstream_api::stream_spec::{Dialect as ApiDialect, Tracks};
use botstream_api::{AudioFormat, StreamSpec};
use voicebot::dialect::{Dialect, Opening};
use voicebot::message::{CallInfo, Direction, PlayoutInfo, PlayoutMode, Track};
use voicebot::{Encoding, Format, FormatError, FormatSpec, StartInfo};

use crate::media::{BotTarget, Credential};
use crate::switchboard::Begun;

/// The protocol that a stream's bot speaks.
pub(crate) fn dialect(stream: &StreamSpec) -> Dialect {
    match stream.dialect() {
        ApiDialect::Unspecified | ApiDialect::Botstream => Dialect::Botstream,
        ApiDialect::Twilio => Dialect::Twilio,
        ApiDialect::Telnyx => Dialect::Telnyx,
        ApiDialect::Plivo => Dialect::Plivo,
        ApiDialect::Exotel => Dialect::Exotel,
        ApiDialect::Vonage => Dialect::Vonage,
        ApiDialect::Jambonz => Dialect::Jambonz,
        ApiDialect::Asterisk => Dialect::Asterisk,
        ApiDialect::AsteriskPlain => Dialect::AsteriskPlain,
    }
}

/// The format a stream asks for; what it leaves out is as its dialect has it.
pub(crate) fn format(stream: &StreamSpec) -> Result<Format, FormatError> {
    let asked = stream.format.unwrap_or_default();
    let encoding = match asked.encoding() {
        ApiEncoding::Mulaw => Some(Encoding::Mulaw),
        ApiEncoding::Alaw => Some(Encoding::Alaw),
        ApiEncoding::L16 => Some(Encoding::L16),
        ApiEncoding::Unspecified => None,
    };
    let some = |value: u32| Some(value).filter(|value| *value != 0);
    let channels = match stream.tracks() {
        Tracks::Both => Some(some(asked.channels).unwrap_or(2)),
        Tracks::Inbound | Tracks::Unspecified => some(asked.channels),
    };
    dialect(stream).format(&FormatSpec {
        encoding: encoding.map(|encoding| encoding.name().to_owned()),
        rate: some(asked.rate),
        channels,
        frame_ms: some(asked.frame_ms),
    })
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
    credential: Credential,
) -> BotTarget {
    let dialect = dialect(stream);
    let facts = &begun.facts;
    let defaults = PlayoutInfo::default();
    let asked = stream.playout.unwrap_or_default();
    let cap_ms = match asked.cap_ms {
        0 => defaults.cap_ms,
        cap_ms => cap_ms,
    };
    let mode = match asked.mode() {
        Mode::Live => PlayoutMode::Live,
        Mode::Queue | Mode::Unspecified => PlayoutMode::Queue,
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
        tracks: Track::of_channels(format.channels()),
        playout: PlayoutInfo { mode, cap_ms, ..defaults },
        features: features.to_vec(),
        resume_token: (dialect == Dialect::Botstream).then(|| format!("{:032x}", rand::random::<u128>())),
        resumed: false,
    };
    BotTarget {
        url: stream.url.clone(),
        dialect,
        format,
        start,
        opening: Opening { parameters: stream.metadata.clone(), ..Opening::default() },
        traceparent: Some(begun.traceparent.clone()).filter(|traceparent| !traceparent.is_empty()),
        credential,
    }
}

/// Verbs and events that this switch knows, told to every bot in `start`.
pub(crate) const FEATURES: &[&str] = &[
    "accept",
    "mark",
    "clear",
    "pause",
    "resume",
    "eou",
    "play",
    "play_stop",
    "dtmf",
    "hangup",
    "mute",
    "set",
    "ping",
    "cleared",
    "playback",
    "flow",
    "call",
    "replay",
    "qos",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(dialect: ApiDialect, format: Option<AudioFormat>, tracks: Tracks) -> StreamSpec {
        StreamSpec { dialect: dialect.into(), format, tracks: tracks.into(), ..StreamSpec::default() }
    }

    #[test]
    fn every_dialect_has_one_name_everywhere() {
        for value in 1..=9 {
            let named = ApiDialect::try_from(value).unwrap();
            assert_eq!(dialect(&stream(named, None, Tracks::Unspecified)).name(), named.as_str_name());
        }
        assert!(ApiDialect::try_from(10).is_err());
    }

    #[test]
    fn a_format_is_as_its_dialect_has_it() {
        let of = |dialect, format, tracks| super::format(&stream(dialect, format, tracks));
        let twilio = of(ApiDialect::Twilio, None, Tracks::Unspecified).unwrap();
        assert_eq!((twilio.encoding(), twilio.rate_hz()), (Encoding::Mulaw, 8_000));
        let ours = of(ApiDialect::Unspecified, None, Tracks::Unspecified).unwrap();
        assert_eq!(ours, Format::default());
        assert_eq!(of(ApiDialect::Botstream, None, Tracks::Both).unwrap().channels(), 2);
        let l16 = AudioFormat { encoding: ApiEncoding::L16.into(), ..AudioFormat::default() };
        assert!(of(ApiDialect::Twilio, Some(l16), Tracks::Unspecified).is_err());
        assert!(of(ApiDialect::Twilio, None, Tracks::Both).is_err());
    }
}
