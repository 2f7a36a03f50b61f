//! The chassis under a real service process and a real nats-server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod configuration;
mod drain;
mod events;
mod nats;
mod operation;
mod requests;
mod security;
mod setup;
mod traces;
