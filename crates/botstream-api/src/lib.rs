//! BotStream's API on NATS: messages, subjects, errors, encodings and a typed client.
//!
//! This is what a Rust program links to talk to BotStream, and what every service uses to answer.
//! Invariants: the messages are generated from `proto/botstream/v1` and checked in; JSON and protobuf
//! bodies carry the same messages; a body with an unknown JSON field is refused, never half understood;
//! subjects are built and parsed in [`subjects`] and nowhere else.

mod call_id;

mod client;
pub mod encoding;
mod error;
pub mod headers;
mod json;
mod messages;
pub mod q850;
pub mod subjects;
pub mod validate;

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::or_fun_call)]
#[rustfmt::skip]
mod generated {
    include!("generated/botstream.v1.rs");
    include!("generated/botstream.v1.serde.rs");
}

pub use call_id::{CallId, CallIdError};
pub use client::{Client, ClientError, EventStream, Reply, round_trip};
pub use encoding::Encoding;
pub use error::{Error, ErrorCode};
pub use generated::*;
pub use json::{from_json, from_value};
pub use messages::{timestamp, timestamp_from_ms};
pub use pbjson_types::Timestamp;
