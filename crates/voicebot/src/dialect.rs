//! The protocols that existing bots speak ("dialects"), beside `botstream.v1`: bots written for another platform work
//! unmodified.
//!
//! [`DialectSession`] has one interface for all of them, `botstream.v1` included: frames of a bot become
//! [`Command`](crate::Command)s and audio, events ([`ToBot`](crate::message::ToBot)) become frames, or nothing where the
//! dialect has no word for them. A dialect is chosen by name ([`Dialect`]), never guessed.
//!
//! One file per dialect says what it maps to what. Twilio, Telnyx, Plivo and Exotel carry audio as base64 in JSON: one
//! engine (`media_json`), driven by a table per dialect. Messages are read loosely, as the real services read them:
//! unknown fields and messages are passed over, names match whatever their case, numbers may be text.

mod asterisk;
mod exotel;
mod jambonz;
mod json;
mod media_json;
mod payload;
mod plivo;
mod received;
mod session;
mod tagged;
mod telnyx;
mod twilio;
mod upgrade;
mod vonage;
mod wav;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::format::{Encoding, Format, FormatError, FormatSpec};
use crate::message::After;

pub use received::{Incoming, IntoIter, Received};
pub use session::{DialectSession, Frame, Opening, QueueStatus};
pub use upgrade::{Upgrade, basic_authorization, botstream_signature, twilio_signature};

/// A protocol between the switch and a bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// Our own, `botstream.v1`.
    #[default]
    Botstream,
    /// Twilio Media Streams.
    Twilio,
    /// Telnyx media streaming.
    Telnyx,
    /// Plivo audio streams.
    Plivo,
    /// Exotel's Voicebot applet.
    Exotel,
    /// Vonage Voice API WebSockets.
    Vonage,
    /// jambonz `listen`/`stream`.
    Jambonz,
    /// Asterisk's `chan_websocket`, control messages in JSON.
    Asterisk,
    /// Asterisk's `chan_websocket`, control messages in plain text.
    AsteriskPlain,
}

/// What is fixed in a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Properties {
    /// The name in `StreamSpec.dialect`.
    pub name: &'static str,
    /// `Sec-WebSocket-Protocol` that is offered. A bot may answer with it or with none.
    pub subprotocol: Option<&'static str>,
    /// Encodings and sample rates (Hz), the default first.
    pub formats: &'static [(Encoding, u32)],
    /// Lengths of a frame toward the bot in ms, the default first.
    pub frame_ms: &'static [u32],
    /// How audio travels.
    pub carrier: Carrier,
    /// Least audio the protocol asks its bots to send in one message, in ms; less is taken all the same.
    pub chunk_ms_min: u32,
    /// What a bot that closes its socket in order wants for the call; `None`: nothing, it is gone.
    pub on_close: Option<After>,
    /// What a clear does to the marks that are pending.
    pub on_clear: OnClear,
}

/// How audio travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// In binary frames, as it is.
    Binary,
    /// In text frames, as base64 in JSON.
    Text,
}

/// What a bot learns of the marks that a clear threw away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnClear {
    /// Each is told as cleared.
    Told,
    /// Each is sent back as if it had been played.
    Returned,
    /// Nothing.
    Forgotten,
}

const L16: Encoding = Encoding::L16;
const MULAW: Encoding = Encoding::Mulaw;
const ALAW: Encoding = Encoding::Alaw;

const BOTSTREAM: Properties = Properties {
    name: "botstream",
    subprotocol: Some(crate::SUBPROTOCOL),
    formats: &[(L16, 16_000), (L16, 8_000), (L16, 24_000), (L16, 48_000), (MULAW, 8_000), (ALAW, 8_000)],
    frame_ms: &[20, 10, 40, 60, 100],
    carrier: Carrier::Binary,
    chunk_ms_min: 0,
    on_close: None,
    on_clear: OnClear::Told,
};

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 9] = [
        Self::Botstream,
        Self::Twilio,
        Self::Telnyx,
        Self::Plivo,
        Self::Exotel,
        Self::Vonage,
        Self::Jambonz,
        Self::Asterisk,
        Self::AsteriskPlain,
    ];

    /// What is fixed in it.
    #[must_use]
    pub const fn properties(self) -> &'static Properties {
        match self {
            Self::Botstream => &BOTSTREAM,
            Self::Twilio => &twilio::PROPERTIES,
            Self::Telnyx => &telnyx::PROPERTIES,
            Self::Plivo => &plivo::PROPERTIES,
            Self::Exotel => &exotel::PROPERTIES,
            Self::Vonage => &vonage::PROPERTIES,
            Self::Jambonz => &jambonz::PROPERTIES,
            Self::Asterisk => &asterisk::PROPERTIES,
            Self::AsteriskPlain => &asterisk::PLAIN_PROPERTIES,
        }
    }

    /// The name in `StreamSpec.dialect`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.properties().name
    }

    /// The format of a stream: what is left out is filled in as the dialect has it.
    ///
    /// # Errors
    /// The dialect does not have such a format.
    pub fn format(self, asked: &FormatSpec) -> Result<Format, FormatError> {
        if self == Self::Botstream {
            return asked.resolve();
        }
        let properties = self.properties();
        let fits = |(encoding, rate): &&(Encoding, u32)| {
            asked.encoding.as_deref().is_none_or(|name| name == encoding.name())
                && asked.rate.is_none_or(|hz| hz == *rate)
        };
        let frame_ms = asked.frame_ms.or_else(|| properties.frame_ms.first().copied()).unwrap_or_default();
        let is_mono = matches!(asked.channels, None | Some(1));
        match properties.formats.iter().find(fits) {
            Some(&(encoding, rate)) if is_mono && properties.frame_ms.contains(&frame_ms) => {
                Format::new(encoding, rate, frame_ms)
            }
            _ => Err(FormatError::Dialect {
                dialect: properties.name,
                formats: properties.formats,
                frame_ms: properties.frame_ms,
            }),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// There is no dialect of this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "dialect is {name:?}, allowed are botstream, twilio, telnyx, plivo, exotel, vonage, jambonz, asterisk and asterisk_plain"
)]
pub struct UnknownDialect {
    /// What was asked for, shortened.
    pub name: String,
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    /// An empty name is `botstream`.
    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        if name.is_empty() || name == crate::SUBPROTOCOL {
            return Ok(Self::Botstream);
        }
        let known = Self::ALL.into_iter().find(|dialect| dialect.name() == name);
        known.ok_or_else(|| UnknownDialect { name: crate::error::quote(name) })
    }
}

/// The number in a SIP or tel URI, as these protocols tell parties: `sip:+14155550100@host` is `+14155550100`.
fn number(uri: &str) -> &str {
    let rest = ["sip:", "sips:", "tel:"].into_iter().find_map(|scheme| uri.strip_prefix(scheme));
    rest.and_then(|rest| rest.split(['@', ';', '?']).next()).unwrap_or(uri)
}
