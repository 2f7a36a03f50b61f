//! How much of a message is accepted. What is over a limit is refused with 513 or 414, not cut.

/// Longest start line and header section together, in bytes.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most parts of a multipart body that are looked at for a session description.
pub const BODY_PARTS_MAX: usize = 16;
/// Longest Request-URI, in bytes (414).
pub const URI_BYTES_MAX: usize = 2 * 1024;
/// Most header field lines.
pub const HEADERS_MAX: usize = 256;
/// Most values of a list header (Via, Route, Record-Route) that are looked at.
pub const LIST_VALUES_MAX: usize = 128;
/// Most CRLFs before a start line that are skipped (RFC 3261 §7.5, RFC 5626 keep-alives in a row).
pub const LEADING_CRLF_MAX: usize = 64;
