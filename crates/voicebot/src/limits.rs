//! Every limit on what a peer may send. The one who owns the socket should give the same limits to its WebSocket library, so
//! that an oversized message is never buffered whole.

/// Longest text frame, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Longest binary frame, in bytes: 120 s at L16/16k, so that a bot may send a whole utterance at once.
pub const BINARY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest `mark.id` and `ping.id`, in bytes.
pub const ID_BYTES_MAX: usize = 256;
/// Most digits in one `dtmf` from a bot.
pub const DTMF_DIGITS_MAX: usize = 128;
/// Most entries in one `set.vars` and in `accept.events`.
pub const ENTRIES_MAX: usize = 64;
/// Refused messages after which the session is over: a bot that sends nothing but garbage is cut off, so that it cannot have
/// the switch write errors without end.
pub const REFUSED_MAX: u32 = 100;
/// Most values (texts, numbers, lists, objects) in one JSON message of a dialect: a value takes twenty times the memory of its
/// text.
pub const JSON_VALUES_MAX: usize = 1_024;
/// Longest payload of one `notify` (vonage), in bytes of compact JSON.
pub const NOTIFY_BYTES_MAX: usize = 8 << 10;
/// Most notifications that can be pending (vonage).
pub const NOTIFY_PENDING_MAX: usize = 256;
/// Most bytes of payloads of pending notifications (vonage).
pub const NOTIFY_PENDING_BYTES_MAX: usize = 64 << 10;
/// Most marks that can be pending (jambonz), as many as the playout keeps; one more is told as cleared at once.
pub const MARKS_PENDING_MAX: usize = 1_024;
/// Most bytes of a peer's own text that an error repeats back.
pub const QUOTE_BYTES_MAX: usize = 64;
