//! The WebSocket protocols between a media switch and a bot, as pure functions over frames: `botstream.v1`, both sides,
//! and the [dialects](dialect) of existing bots, the switch's side.
//!
//! [`SwitchSession`] is the switch's side of one `botstream.v1` stream, [`BotSession`] the bot's;
//! [`dialect::DialectSession`] is the switch's side in any dialect. Frames go in as text and bytes and come out in
//! buffers of the caller's. No socket, no clock, no task: who owns the socket decides when to read, write and close.
//!
//! Invariants: `start` is the first frame; nothing a peer sends makes this crate panic, nor keep more of it than the
//! named limits (in `botstream.v1`, one sample); a message that is refused changes nothing, and says by its code and
//! name why ([`ProtocolError`]).

mod audio;
mod bot;
pub mod close_code;
pub mod dialect;
mod error;
mod format;
pub mod limits;
pub mod message;
mod switch;

pub use audio::{Audio, AudioReader, L16Samples};
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
    /// Proof that the switch knows the bot's secret: `t=<seconds since 1970>,v1=<HMAC-SHA256 in hex>`, of
    /// `<t>.<call_id>.<stream_id>.<path>`.
    pub const SIGNATURE: &str = "X-BotStream-Signature";
    /// W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
}
