//! Names of the headers that requests, replies and events carry.

/// How the body is encoded; see [`crate::Encoding`].
pub const CONTENT_TYPE: &str = "Content-Type";
/// W3C trace context of the caller.
pub const TRACEPARENT: &str = "traceparent";
/// Makes a repeated request answer with the first one's reply; kept for 10 minutes.
pub const IDEMPOTENCY_KEY: &str = "Bs-Idempotency-Key";
/// `true` on a reply that was stored, not made anew.
pub const REPLAYED: &str = "Bs-Replayed";
/// How long the requester waits for the reply, in milliseconds.
pub const DEADLINE_MS: &str = "Bs-Deadline";
/// Name and sentence of an error (NATS ADR-32).
pub const ERROR: &str = "Nats-Service-Error";
/// Numeric code of an error (NATS ADR-32).
pub const ERROR_CODE: &str = "Nats-Service-Error-Code";
