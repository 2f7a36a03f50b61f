//! iratdbot alone: NATS in, NATS out, with a real nats-server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod keys;
mod leases;
mod refusals;
mod rows;
mod watches;
