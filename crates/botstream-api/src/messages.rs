//! What the generated messages can do besides being encoded.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{AudioFormat, Bot, Call, Event, StreamSpec, Timestamp, audio_format::Encoding, call::State, event::Body};

impl AudioFormat {
    /// The format with its defaults filled in: L16, 16 kHz (G.711: 8 kHz), mono, 20 ms.
    #[must_use]
    pub fn with_defaults(mut self) -> Self {
        if self.encoding() == Encoding::Unspecified {
            self.set_encoding(Encoding::L16);
        }
        if self.rate == 0 {
            self.rate = match self.encoding() {
                Encoding::Mulaw | Encoding::Alaw => 8_000,
                Encoding::L16 | Encoding::Unspecified => 16_000,
            };
        }
        if self.channels == 0 {
            self.channels = 1;
        }
        if self.frame_ms == 0 {
            self.frame_ms = 20;
        }
        self
    }
}

impl Bot {
    /// How calls are streamed to this bot.
    pub fn stream(&self) -> StreamSpec {
        StreamSpec {
            url: self.url.clone(),
            format: self.format,
            playout: self.playout,
            metadata: self.metadata.clone(),
            dialect: self.dialect,
            tracks: self.tracks,
            fallback: self.fallback.clone(),
        }
    }
}

impl Body {
    /// Class and type of the event, e.g. `("call", "answered")`: the tokens of its subject.
    pub fn class_and_type(&self) -> (&'static str, &'static str) {
        match self {
            Self::CallCreated(_) => ("call", "created"),
            Self::CallRouting(_) => ("call", "routing"),
            Self::CallRinging(_) => ("call", "ringing"),
            Self::CallEarlyMedia(_) => ("call", "early_media"),
            Self::CallAnswered(_) => ("call", "answered"),
            Self::CallEnded(_) => ("call", "ended"),
            Self::CallHold(_) => ("call", "hold"),
            Self::CallUnhold(_) => ("call", "unhold"),
            Self::CallBridged(_) => ("call", "bridged"),
            Self::CallUnbridged(_) => ("call", "unbridged"),
            Self::DtmfDigit(_) => ("dtmf", "digit"),
            Self::DtmfCollected(_) => ("dtmf", "collected"),
            Self::PlaybackStarted(_) => ("playback", "started"),
            Self::PlaybackFinished(_) => ("playback", "finished"),
            Self::StreamConnecting(_) => ("stream", "connecting"),
            Self::StreamStarted(_) => ("stream", "started"),
            Self::StreamCleared(_) => ("stream", "cleared"),
            Self::StreamMark(_) => ("stream", "mark"),
            Self::StreamFlow(_) => ("stream", "flow"),
            Self::StreamStopped(_) => ("stream", "stopped"),
            Self::StreamFailed(_) => ("stream", "failed"),
            Self::StreamReconnecting(_) => ("stream", "reconnecting"),
            Self::StreamFallback(_) => ("stream", "fallback"),
            Self::QosSample(_) => ("qos", "sample"),
            Self::TrunkUp(_) => ("trunk", "up"),
            Self::TrunkDown(_) => ("trunk", "down"),
        }
    }
}

impl Event {
    /// Class and type, when the body is one that this version knows.
    pub fn class_and_type(&self) -> Option<(&'static str, &'static str)> {
        self.body.as_ref().map(Body::class_and_type)
    }
}

impl State {
    /// The name in JSON and in the `calls` table.
    pub fn name(self) -> &'static str {
        self.as_str_name()
    }
}

impl Call {
    /// Whether nothing more will happen to the call.
    pub fn is_ended(&self) -> bool {
        self.state() == State::Ended
    }
}

/// A point in time as the messages carry it.
pub fn timestamp(time: SystemTime) -> Timestamp {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since_epoch.subsec_nanos()).unwrap_or(0),
    }
}

/// A point in time given in milliseconds since 1970, as the tables carry it.
pub fn timestamp_from_ms(unix_ms: i64) -> Timestamp {
    timestamp(UNIX_EPOCH + Duration::from_millis(u64::try_from(unix_ms).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallEnded, Cause, cause::Class};

    #[test]
    fn an_event_reads_as_documented() {
        let event = Event {
            call_id: "sw-1-X".into(),
            ev_seq: 3,
            ts: Some(timestamp_from_ms(1_700_000_000_123)),
            body: Some(Body::CallEnded(CallEnded {
                cause: Some(Cause { class: Class::Busy.into(), sip_status: 486, q850: 17, ..Default::default() }),
                ..Default::default()
            })),
            ..Default::default()
        };
        assert_eq!(event.class_and_type(), Some(("call", "ended")));
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"call_id":"sw-1-X","ev_seq":3,"ts":"2023-11-14T22:13:20.123+00:00","call_ended":{"cause":{"class":"BUSY","sip_status":486,"q850":17}}}"#
        );
    }

    #[test]
    fn formats_get_their_defaults() {
        let format = AudioFormat::default().with_defaults();
        assert_eq!((format.rate, format.channels, format.frame_ms), (16_000, 1, 20));
        let mut format = AudioFormat::default();
        format.set_encoding(Encoding::Mulaw);
        assert_eq!(format.with_defaults().rate, 8_000);
    }
}
