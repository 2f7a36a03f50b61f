//! Keys of the telephone: the ones that a bot presses, sent as events or as tones, and the ones that the caller presses, by whichever of
//! the three ways they come.

use audio::dtmf as tones;
use botstream_api::dtmf_digit;
use rtp::dtmf as events;
use voicebot::message::DtmfSource;

use super::coding::Coding;
use super::piece::Piece;

/// Toward the telephone: more than ITU-T Q.24 asks receivers to recognise.
const TONE_MS: u32 = 100;
const PAUSE_MS: u32 = 60;

/// How a key has come, the way to be trusted least first: a far end that is heard to use one is not believed in a lesser one any more, so
/// that no key counts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyWay {
    /// Tones in the audio.
    Inband,
    /// SIP INFO.
    Info,
    /// Telephone events in RTP (RFC 4733).
    Event,
}

impl KeyWay {
    /// As the API names it.
    pub(super) fn source(self) -> dtmf_digit::Source {
        match self {
            Self::Inband => dtmf_digit::Source::Inband,
            Self::Info => dtmf_digit::Source::Info,
            Self::Event => dtmf_digit::Source::Rfc4733,
        }
    }

    /// As bots know it.
    pub(super) fn bot_source(self) -> DtmfSource {
        match self {
            Self::Inband => DtmfSource::Inband,
            Self::Info => DtmfSource::Info,
            Self::Event => DtmfSource::Rfc4733,
        }
    }
}

/// A key that the caller has pressed and let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyPress {
    pub(crate) digit: char,
    pub(crate) duration_ms: u32,
    pub(crate) way: KeyWay,
}

/// Keys on their way to the telephone.
#[derive(Debug)]
pub(super) struct Keys {
    events: events::Sender,
    events_clock_hz: u32,
    tones: tones::Generator,
    tones_rate_hz: u32,
    has_events: bool,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            events: events::Sender::new(8_000, TONE_MS, PAUSE_MS),
            events_clock_hz: 8_000,
            tones: tones::Generator::new(8_000, TONE_MS, PAUSE_MS),
            tones_rate_hz: 8_000,
            has_events: false,
        }
    }

    /// SDP has settled how they are sent. What waits to be sent in another way is not sent any more.
    pub(super) fn settle(&mut self, coding: &Coding) {
        let rate_hz = coding.line().rate_hz();
        self.has_events = coding.dtmf_payload_type.is_some();
        if self.events_clock_hz != coding.dtmf_clock_hz {
            self.events_clock_hz = coding.dtmf_clock_hz;
            self.events = events::Sender::new(self.events_clock_hz, TONE_MS, PAUSE_MS);
        }
        if self.tones_rate_hz != rate_hz {
            self.tones_rate_hz = rate_hz;
            self.tones = tones::Generator::new(rate_hz, TONE_MS, PAUSE_MS);
        }
    }

    /// Queues digits: all of them, or none when one is no key or there is no room. The error is a sentence.
    pub(super) fn queue(&mut self, digits: &str) -> Result<(), String> {
        match self.has_events {
            true => self.events.queue(digits).map_err(|error| error.to_string()),
            false => self.tones.queue(digits).map_err(|error| error.to_string()),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.events.is_idle() && self.tones.is_idle()
    }

    /// A packet's time passes; `Some`: this goes in place of audio.
    pub(super) fn event(&mut self, timestamp: u32) -> Option<events::Packet> {
        self.has_events.then(|| self.events.tick(timestamp, self.events_clock_hz / 50)).flatten()
    }

    /// Whether tones are to take the place of audio.
    pub(super) fn is_sounding(&self) -> bool {
        !self.tones.is_idle()
    }

    pub(super) fn fill(&mut self, piece: &mut Piece) {
        piece.change(|samples| self.tones.fill(samples));
    }
}

/// Finds keys in the caller's audio.
#[derive(Debug)]
pub(super) struct InbandKeys(tones::Detector);

impl InbandKeys {
    pub(super) fn new(rate_hz: u32) -> Self {
        Self(tones::Detector::new(rate_hz))
    }

    pub(super) fn push(&mut self, samples: &[i16]) {
        self.0.push(samples);
    }

    /// The next key that was let go.
    pub(super) fn poll(&mut self) -> Option<KeyPress> {
        loop {
            match self.0.poll()? {
                tones::Event::Down { .. } => {}
                tones::Event::Up { digit, duration_ms } => {
                    return Some(KeyPress { digit, duration_ms, way: KeyWay::Inband });
                }
            }
        }
    }
}
