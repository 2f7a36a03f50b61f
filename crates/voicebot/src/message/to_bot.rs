//! Switch → bot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{default_leg, write_json};
use crate::format::Format;

/// Switch → bot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToBot {
    /// Always the first frame.
    Start(Box<Start>),
    /// A key was pressed.
    Dtmf(DtmfReceived),
    /// A mark was reached or given up.
    Mark(MarkReport),
    /// The queue was emptied at the bot's wish; says what was heard of it.
    Cleared(Cleared),
    /// How playing goes on.
    Playback(Playback),
    /// What `play` or the API's `call.play` began: is heard, or is over.
    Play(PlayReport),
    /// Around caller audio that is late: said while the connection was lost, and just before.
    Replay(Replay),
    /// Whether the bot should hold back its audio.
    Flow(Flow),
    /// Voice activity.
    Speech(Speech),
    /// Call progress analysis has a verdict.
    Cpa(Cpa),
    /// The call's state has changed.
    Call(CallUpdate),
    /// Quality of the last seconds.
    Qos(Qos),
    /// The last frame: the stream is over.
    Stop(Stop),
    /// Something the bot sent was refused.
    Error(ErrorInfo),
    /// Answer to `ping`.
    Pong {
        /// The ping's id.
        id: String,
    },
}

impl ToBot {
    /// Every `type` of this direction.
    pub const TYPES: [&'static str; 15] = [
        "start", "dtmf", "mark", "cleared", "playback", "play", "replay", "flow", "speech", "cpa", "call", "qos",
        "stop", "error", "pong",
    ];

    /// The message's `type`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Dtmf(_) => "dtmf",
            Self::Mark(_) => "mark",
            Self::Cleared(_) => "cleared",
            Self::Playback(_) => "playback",
            Self::Play(_) => "play",
            Self::Replay(_) => "replay",
            Self::Flow(_) => "flow",
            Self::Speech(_) => "speech",
            Self::Cpa(_) => "cpa",
            Self::Call(_) => "call",
            Self::Qos(_) => "qos",
            Self::Stop(_) => "stop",
            Self::Error(_) => "error",
            Self::Pong { .. } => "pong",
        }
    }

    /// Writes the message over what `out` held; `out` keeps its memory from message to message.
    pub fn write(&self, out: &mut String) {
        write_json(self, out);
    }
}

/// `start`: everything a bot needs to know of its call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The protocol's version, 1.
    pub v: u32,
    /// This stream; a call may have several.
    pub stream_id: String,
    /// The call.
    pub call: CallInfo,
    /// The audio's format, both ways.
    pub format: Format,
    /// What the bot hears.
    #[serde(default = "default_tracks")]
    pub tracks: Vec<Track>,
    /// How the bot's audio is queued.
    #[serde(default)]
    pub playout: PlayoutInfo,
    /// The verbs and events this switch knows, so that a bot need not guess.
    #[serde(default)]
    pub features: Vec<String>,
    /// Shown when the bot's connection is to be taken up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_token: Option<String>,
    /// Whether this takes up an earlier connection of the same stream.
    #[serde(default)]
    pub resumed: bool,
}

fn default_tracks() -> Vec<Track> {
    vec![Track::Inbound]
}

/// The call that a stream belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallInfo {
    /// `<node>-<ULID>`.
    pub call_id: String,
    /// Whose call it is.
    pub tenant: String,
    /// Who called whom.
    pub direction: Direction,
    /// The calling party's URI.
    pub from: String,
    /// The called party's URI.
    pub to: String,
    /// The trunk it came or goes by.
    pub trunk: String,
    /// The SIP Call-ID on the trunk's side.
    pub sip_call_id: String,
    /// Headers of the INVITE that the route passes on.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The call's variables.
    #[serde(default)]
    pub vars: BTreeMap<String, String>,
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The telephone called the bot.
    Inbound,
    /// The bot called the telephone.
    Outbound,
}

/// One party's audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Track {
    /// What the person on the telephone says.
    Inbound,
    /// What the bot says.
    Outbound,
}

impl Track {
    /// What is in so many channels.
    #[must_use]
    pub fn of_channels(channels: u32) -> Vec<Self> {
        if channels == 2 { vec![Self::Inbound, Self::Outbound] } else { vec![Self::Inbound] }
    }
}

/// How the bot's audio is queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlayoutInfo {
    /// Mode of the ring.
    pub mode: PlayoutMode,
    /// The most it holds: a frame that does not fit is refused whole.
    pub cap_ms: u32,
    /// `flow xoff` when it holds so much.
    pub xoff_ms: u32,
    /// `flow xon` when it is down to so much.
    pub xon_ms: u32,
}

impl Default for PlayoutInfo {
    fn default() -> Self {
        Self { mode: PlayoutMode::Queue, cap_ms: 120_000, xoff_ms: 10_000, xon_ms: 5_000 }
    }
}

/// Mode of the playout ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlayoutMode {
    /// All is played, in order, however much was sent at once.
    #[default]
    Queue,
    /// Stays near the present: what is late is shortened.
    Live,
}

/// `dtmf` toward the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DtmfReceived {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    pub digit: char,
    /// How long the key was held.
    pub duration_ms: u32,
    /// Whose key.
    #[serde(default = "default_leg")]
    pub leg: String,
    /// How it was signalled.
    pub source: DtmfSource,
}

/// How a digit was signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DtmfSource {
    /// Telephone events in RTP.
    Rfc4733,
    /// SIP INFO.
    Info,
    /// Tones in the audio.
    Inband,
}

/// `mark` toward the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkReport {
    /// As the bot named it.
    pub id: String,
    /// What became of it.
    pub state: MarkState,
    /// The generation it was in: how many clears came before.
    #[serde(rename = "gen")]
    pub generation: u32,
    /// Audio of this generation that was played before it.
    pub pos_ms: u64,
}

/// What became of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkState {
    /// Everything before it has been sent to the caller.
    Played,
    /// A `clear` threw it away.
    Cleared,
    /// Too many marks were pending, or the call ended first.
    Dropped,
}

/// `cleared`: what the caller had heard when the queue was emptied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// The generation that begins now.
    #[serde(rename = "gen")]
    pub generation: u32,
    /// Audio of the generation before that was really sent.
    pub played_ms: u64,
    /// The same in samples of the call's codec.
    pub played_samples: u64,
    /// Audio that was thrown away.
    pub discarded_ms: u64,
    /// Marks that were thrown away, in order.
    #[serde(default)]
    pub marks: Vec<String>,
}

/// `playback`: how playing goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playback {
    /// What happened.
    pub state: PlaybackState,
    /// The generation.
    #[serde(rename = "gen")]
    pub generation: u32,
    /// Audio of this generation sent so far.
    pub pos_ms: u64,
    /// Audio still queued.
    pub queued_ms: u64,
}

/// What happened to the playout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaybackState {
    /// The first sample goes out.
    Started,
    /// The queue ran dry in the middle of an utterance.
    Underrun,
    /// The queue ran dry after the end of an utterance.
    Drained,
    /// A report in between.
    Progress,
}

/// `play`: what is played beside the bot's own audio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayReport {
    /// Begins or is over.
    pub state: PlayState,
    /// As the events of the NATS API name it.
    pub play_id: String,
    /// Why it is over: `completed`, `stopped`, `interrupted` or `replaced`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was sent of it, all rounds together.
    pub played_ms: u64,
}

/// A file or tone begins or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlayState {
    /// Its first sample goes out.
    Started,
    /// It is over.
    Finished,
}

/// `replay`: audio between `start` and `end` is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Begins or is over.
    pub state: ReplayState,
    /// How much of it there is.
    pub late_ms: u64,
}

/// A replay begins or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplayState {
    /// What follows is late.
    Start,
    /// What follows is live.
    End,
}

/// `flow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Hold back or go on.
    pub state: FlowState,
    /// Audio queued.
    pub queued_ms: u64,
}

/// Hold back or go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowState {
    /// Hold back.
    Xoff,
    /// Go on.
    Xon,
}

/// `speech`: voice activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speech {
    /// Began or ended.
    pub state: SpeechState,
    /// Since the stream's first sample.
    pub at_ms: u64,
}

/// Speech began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpeechState {
    /// Began.
    Start,
    /// Ended.
    End,
}

/// `cpa`: call progress analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cpa {
    /// The verdict.
    pub result: String,
    /// 0 to 1.
    pub confidence: f32,
    /// Since the stream's first sample.
    pub at_ms: u64,
    /// What led to it.
    #[serde(default)]
    pub detail: String,
}

/// `call`: the call's state has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallUpdate {
    /// The new state.
    pub state: CallState,
    /// Why, where there is a why: a cause class of the NATS API (`NORMAL`, `BUSY`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// State of a call as bots see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// The telephone is off the hook.
    Answered,
    /// On hold.
    Hold,
    /// Being handed on.
    Transferring,
    /// Connected to another call.
    Bridged,
    /// Over.
    Ended,
}

/// `qos`: quality of the last seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Qos {
    /// Mean opinion score, 1 to 5.
    pub mos: f32,
    /// Packets lost, percent.
    pub loss_pct: f32,
    /// RFC 3550 jitter.
    pub jitter_ms: f32,
    /// Round trip by RTCP.
    pub rtt_ms: f32,
}

/// `stop`: the last frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// What ended the stream, in a word: `hangup`, `bot_hangup`, `drain`, …
    pub reason: String,
    /// The cause class of the NATS API (`NORMAL`, `BUSY`, …), when the call ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// `error`: something the bot sent was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// See [`crate::ProtocolError::code`]; for a verb's error the NATS API's code.
    pub code: u16,
    /// The code's name.
    pub name: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Whether the socket is closed next.
    pub fatal: bool,
}
