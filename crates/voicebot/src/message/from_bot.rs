//! Bot → switch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::to_bot::PlayoutMode;
use super::{default_leg, write_json};
use crate::format::FormatSpec;

/// Bot → switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromBot {
    /// The bot takes the call, and may say how it wants it. Without it the defaults hold.
    Accept(Accept),
    /// Report when everything sent before this has been played.
    Mark {
        /// The bot's own name for it.
        id: String,
    },
    /// Throw away what has not been played.
    Clear,
    /// Stop playing, keep what is queued.
    Pause,
    /// Play on.
    Resume,
    /// End of an utterance: play what is queued however short it is.
    Eou,
    /// Play a file or a tone.
    Play(Play),
    /// Stop what `play` began.
    PlayStop,
    /// Press keys.
    Dtmf(DtmfSend),
    /// End the call.
    Hangup(Hangup),
    /// Hand the caller on.
    Transfer(Transfer),
    /// Record.
    Record {
        /// What to do.
        op: RecordOp,
    },
    /// Mute or unmute.
    Mute(Mute),
    /// Set variables of the call.
    Set {
        /// They replace those of the same name.
        vars: BTreeMap<String, String>,
    },
    /// Asks for a `pong`.
    Ping {
        /// Comes back in the `pong`.
        #[serde(default)]
        id: String,
    },
}

impl FromBot {
    /// Every `type` of this direction.
    pub const TYPES: [&'static str; 15] = [
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
        "transfer",
        "record",
        "mute",
        "set",
        "ping",
    ];

    /// The message's `type`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Accept(_) => "accept",
            Self::Mark { .. } => "mark",
            Self::Clear => "clear",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Eou => "eou",
            Self::Play(_) => "play",
            Self::PlayStop => "play_stop",
            Self::Dtmf(_) => "dtmf",
            Self::Hangup(_) => "hangup",
            Self::Transfer(_) => "transfer",
            Self::Record { .. } => "record",
            Self::Mute(_) => "mute",
            Self::Set { .. } => "set",
            Self::Ping { .. } => "ping",
        }
    }

    /// Writes the message over what `out` held; `out` keeps its memory from message to message.
    pub fn write(&self, out: &mut String) {
        write_json(self, out);
    }
}

/// `accept`: how the bot wants its call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Accept {
    /// Another format than `start` offered. Only before any audio has flowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<FormatSpec>,
    /// Another playout than `start` offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playout: Option<PlayoutSpec>,
    /// The only events wanted of `dtmf`, `playback`, `speech`, `cpa` and `qos`; all of them when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
}

/// A playout as a bot asks for it; what is left out stays as `start` said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlayoutSpec {
    /// Mode of the ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<PlayoutMode>,
    /// The most it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_ms: Option<u32>,
}

/// `play`: a file or a tone, to the caller. The same as `call.play` of the NATS API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Play {
    /// `http://` or `https://` address of a WAV, FLAC or Ogg Vorbis file. One of `url`, `file` and `tone`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Path of such a file below the switch's play directory.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// One or two frequencies in Hz, and ms of sound and silence: `440+480:2000/4000`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tone: String,
    /// Again and again.
    #[serde(rename = "loop")]
    pub looped: bool,
    /// What the bot sends is heard too, and this mixed in at so many dB. Without it the bot's audio waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mix_db: Option<i32>,
    /// A key that the caller presses, or a `clear`, stops it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interruptible: bool,
}

/// `dtmf` from the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DtmfSend {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    pub digits: String,
    /// To whom.
    #[serde(default = "default_leg")]
    pub leg: String,
}

/// `hangup`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hangup {
    /// When.
    pub after: After,
    /// A cause class of the NATS API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// When to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// When all that is queued has been played: a bot's last words are heard.
    #[default]
    Drained,
    /// At once.
    Now,
}

/// `transfer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// How.
    pub kind: TransferKind,
    /// To whom.
    pub to: String,
    /// When.
    #[serde(default)]
    pub after: After,
}

/// How a caller is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TransferKind {
    /// Dialled by the switch, without asking.
    Blind,
    /// By SIP REFER.
    Refer,
    /// After the bot has spoken with the new party.
    Attended,
    /// To a call that exists.
    Bridge,
}

/// What to do with the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordOp {
    /// Begin.
    Start,
    /// End.
    Stop,
    /// Leave out what follows.
    Pause,
    /// Go on.
    Resume,
}

/// `mute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Whose audio.
    pub direction: MuteDirection,
    /// Muted, or not any more.
    pub on: bool,
}

/// Whose audio is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MuteDirection {
    /// What the person on the telephone says.
    Inbound,
    /// What the bot says.
    Outbound,
    /// Both.
    Both,
}
