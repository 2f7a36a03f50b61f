//! Every message of `botstream.v1`, exactly as it is in JSON. Fields that a receiver does not know are passed over.

mod from_bot;
pub(crate) mod parse;
mod to_bot;

use serde::Serialize;

pub use from_bot::*;
pub use to_bot::*;

/// The leg a message is about when it names none: the person on the telephone.
pub const LEG_CALLER: &str = "caller";

fn default_leg() -> String {
    LEG_CALLER.to_owned()
}

fn write_json(message: &impl Serialize, out: &mut String) {
    let mut bytes = std::mem::take(out).into_bytes();
    bytes.clear();
    // Writing to memory cannot fail, the messages have only string keys, and JSON is UTF-8.
    if serde_json::to_writer(&mut bytes, message).is_ok()
        && let Ok(text) = String::from_utf8(bytes)
    {
        *out = text;
    }
}
