//! The dialer under a real nats-server, with its peers on NATS played by the tests: media switches that obey, refuse, or say nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod choice;
mod idempotency;
mod refusals;
mod setup;
mod wait;
