//! What a call is told, and what it wants done.

use std::time::Duration;

use botstream_api::call::Direction;
use botstream_api::call_unbridged::Reason as UnbridgeReason;
use botstream_api::event::Body;
use botstream_api::{AudioFormat, DtmfDigit, MediaStats, StreamCleared, StreamFlow, StreamMark};

use crate::core::cause::Ending;
use crate::core::collect::CollectSpec;

/// What does not change during a call.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) direction: Direction,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) trunk: String,
    pub(crate) route: String,
    pub(crate) sip_call_id: String,
    pub(crate) stream_id: String,
    pub(crate) bot_url: String,
    /// Tried in order when it fails.
    pub(crate) fallback_urls: Vec<String>,
    /// Longest talk, from the answer; `None` is without limit.
    pub(crate) duration_max: Option<Duration>,
}

/// What happened to a call.
#[derive(Debug)]
pub(crate) enum Input {
    /// The callee rings, perhaps with early media.
    Ringing {
        sip_status: u16,
        has_early_media: bool,
    },
    /// The callee answered.
    Answered,
    /// The callee did not answer: a final status, or none in time (408).
    Refused {
        sip_status: u16,
        sip_reason: String,
        reason_headers: Vec<String>,
    },
    /// The far end hung up or, before the answer, cancelled.
    RemoteEnded {
        reason_headers: Vec<String>,
    },
    /// The signalling failed on its own: a transaction timed out, an ACK never came.
    SignallingLost {
        sip_status: u16,
    },
    /// The bot's WebSocket is open and has been told of the call.
    StreamReady {
        connect_ms: u32,
        format: AudioFormat,
    },
    /// The bot's WebSocket could not be opened, or broke.
    StreamFailed {
        reason: String,
        /// It is of no use to call it again.
        is_useless: bool,
    },
    /// The bot closed its WebSocket in order: it is done with the call.
    StreamClosed,
    /// Somebody wants the call to end now.
    HangUp(Ending),
    /// Somebody wants the call to end when the bot's last words have been played.
    HangUpDrained(Ending),
    /// All that the bot had queued has been played.
    Drained,
    /// A key was pressed at the telephone.
    Digit(DtmfDigit),
    /// News of the bot's stream that only have to be told.
    Cleared(StreamCleared),
    Mark(StreamMark),
    Flow(StreamFlow),
    /// A clip beside the bot's audio has begun, or is over.
    Playback(Body),
    /// Somebody has begun to hold the call, or ceased to: it only has to be told.
    Hold(Body),
    /// The caller hears another call's, not the bot.
    Bridged {
        other_call_id: String,
    },
    /// No longer.
    Unbridged {
        reason: UnbridgeReason,
    },
    /// Somebody wants the keys that the caller presses from now on.
    Collect {
        id: String,
        spec: CollectSpec,
    },
    /// No audio has come for too long.
    MediaTimeout,
    /// The media path of this call broke down.
    MediaFailed {
        reason: String,
    },
    /// The media is taken down, after [`Output::CloseMedia`]: its counters for the last event.
    MediaClosed(MediaStats),
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(crate) enum Output {
    /// Inbound: 180 Ringing.
    Ring,
    /// Inbound: 200 with our SDP.
    Answer,
    /// Inbound, before the answer: this final status.
    Reject { sip_status: u16, reason_header: String },
    /// BYE or CANCEL.
    HangUp { reason_header: String },
    /// Call a bot: the first one or one of its fallbacks, by number, in the place of one that was lost.
    Connect { address: usize, is_resumed: bool },
    /// The callers of two calls are to hear each other no longer: this call ends.
    LeaveBridge,
    /// Audio flows from now on.
    StartAudio,
    /// Tell when the bot's audio has been played to its end; take no more of it.
    Drain,
    /// Take down the audio and the bot's stream; [`Input::MediaClosed`] is to follow.
    CloseMedia { stop_reason: &'static str, class: &'static str },
    /// Tell the cluster.
    Publish(Body),
    /// `state()` has changed.
    StateChanged,
    /// `timeout()` has changed.
    TimerChanged,
    /// The call is over; nothing follows.
    Ended,
}
