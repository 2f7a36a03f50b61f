//! The trunk-manager alone: what it is told comes by file and NATS, what it does is seen over NATS and in a copy of its databases.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod durable;
mod file;
mod limits;
mod setup;
