//! WebSocket close codes (RFC 6455 §7.4; 4000 to 4999 are for private use).

/// The stream is over and all is well.
pub const DONE: u16 = 1000;
/// The peer sent what is no message of the protocol, once too often or where it cannot be passed over.
pub const BAD_MESSAGE: u16 = 4400;
/// The peer did not prove who it is.
pub const AUTH: u16 = 4401;
/// The bot did not accept in time.
pub const NOT_ACCEPTED: u16 = 4408;
/// Another connection has taken this stream's place.
pub const REPLACED: u16 = 4409;
/// A message, or a queue, is over its limit.
pub const OVERFLOW: u16 = 4413;
/// Too many of something.
pub const LIMIT: u16 = 4429;
/// The switch failed.
pub const INTERNAL: u16 = 4500;
/// The switch is draining.
pub const DRAINING: u16 = 4503;
