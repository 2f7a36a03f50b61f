//! The HTTP upgrade of a WebSocket, as each dialect's bots expect it.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::Dialect;
use crate::header;
use crate::switch::StartInfo;

/// What the dialect puts into the upgrade, beside what RFC 6455 asks for and what the stream's own authorization adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// `Sec-WebSocket-Protocol` to be offered.
    pub subprotocol: Option<&'static str>,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
}

impl Dialect {
    /// The upgrade of the stream `info` to the bot's `url`, which is taken exactly as configured, at `unix_s` seconds since
    /// 1970. `secret` is what the bot knows too: for `botstream` the key of the signature, Twilio's auth token, Telnyx's
    /// streaming auth token; other dialects have no use for it.
    #[must_use]
    pub fn upgrade(self, url: &str, info: &StartInfo, secret: Option<&str>, unix_s: u64) -> Upgrade {
        let mut headers = vec![
            (header::CALL_ID, info.call.call_id.clone()),
            (header::STREAM_ID, info.stream_id.clone()),
            (header::TENANT, info.call.tenant.clone()),
        ];
        match (self, secret) {
            (Self::Botstream, Some(secret)) => {
                let path = path_of(url);
                let signature = botstream_signature(secret, unix_s, &info.call.call_id, &info.stream_id, path);
                headers.push((header::SIGNATURE, signature));
            }
            (Self::Twilio, Some(token)) => headers.push(("X-Twilio-Signature", twilio_signature(url, token))),
            (Self::Telnyx, Some(token)) => headers.push(("x-telnyx-streaming-auth-token", token.to_owned())),
            _ => {}
        }
        Upgrade { subprotocol: self.properties().subprotocol, headers }
    }

    /// Whether a bot may answer the upgrade with this subprotocol: with the one that was offered, or with none.
    #[must_use]
    pub fn takes_subprotocol(self, answer: Option<&str>) -> bool {
        answer.is_none() || answer == self.properties().subprotocol
    }
}

/// Path and query of a URL, as they stand in the request line.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// The value of [`header::SIGNATURE`]: HMAC-SHA256 of `<unix_s>.<call_id>.<stream_id>.<path>`, in hex. A bot that checks it
/// should refuse a time that is minutes away.
#[must_use]
pub fn botstream_signature(secret: &str, unix_s: u64, call_id: &str, stream_id: &str, path: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{unix_s}.{call_id}.{stream_id}.{path}").as_bytes());
    let mut value = format!("t={unix_s},v1=");
    for byte in mac.finalize().into_bytes() {
        // Writing to a string can't fail.
        let _written = write!(value, "{byte:02x}");
    }
    value
}

/// `X-Twilio-Signature` of a request without a body: HMAC-SHA1 of the URL, keyed with the account's auth token, in
/// base64.
#[must_use]
pub fn twilio_signature(url: &str, auth_token: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()) else { return String::new() };
    mac.update(url.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The value of `Authorization` for `user:password` (RFC 7617 §2).
#[must_use]
pub fn basic_authorization(user_password: &str) -> String {
    format!("Basic {}", STANDARD.encode(user_password))
}
