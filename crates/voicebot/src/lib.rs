//! The WebSocket protocol between a media switch and a bot, `botstream.v1`, both sides, as pure functions over frames.
//!
//! [`SwitchSession`] is the switch's side of one stream, [`BotSession`] the bot's. Frames go in as `&str` and `&[u8]` and come out
//! as text in a buffer of the caller's. No socket, no clock, no task: who owns the socket decides when to read, write and close.
//!
//! Invariants: `start` is the first frame; nothing a peer sends makes this crate panic or keep more than one sample of it;
//! a message that is refused changes nothing, and says by its code and name why ([`ProtocolError`]).

mod audio;
mod bot;
pub mod close_code;
mod error;
mod format;
pub mod limits;
pub mod message;
mod switch;

pub use audio::{Audio, L16Samples};
pub use bot::{BotError, BotSession};
pub use error::ProtocolError;
pub use format::{Encoding, Format, FormatError, FormatSpec};
pub use switch::{Command, StartInfo, SwitchSession};

/// The WebSocket subprotocol's name (`Sec-WebSocket-Protocol`).
pub const SUBPROTOCOL: &str = "botstream.v1";

/// The protocol's version, `start.v`.
pub const VERSION: u32 = 1;

/// Names of the HTTP headers the switch sends with the WebSocket upgrade.
pub mod header {
    /// The call's id.
    pub const CALL_ID: &str = "X-BotStream-Call-Id";
    /// The stream's id; a call may have several streams.
    pub const STREAM_ID: &str = "X-BotStream-Stream-Id";
    /// The tenant that the call belongs to.
    pub const TENANT: &str = "X-BotStream-Tenant";
    /// W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
}
