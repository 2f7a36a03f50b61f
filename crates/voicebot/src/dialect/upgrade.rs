//! The HTTP upgrade of a WebSocket, as each dialect's bots expect it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

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
    /// The upgrade of the stream `info` to the bot's `url`, which is taken exactly as configured. `secret` is what the
    /// bot knows too: Twilio's auth token, Telnyx's streaming auth token; other dialects have no use for it.
    #[must_use]
    pub fn upgrade(self, url: &str, info: &StartInfo, secret: Option<&str>) -> Upgrade {
        let mut headers = vec![
            (header::CALL_ID, info.call.call_id.clone()),
            (header::STREAM_ID, info.stream_id.clone()),
            (header::TENANT, info.call.tenant.clone()),
        ];
        match (self, secret) {
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

/// `X-Twilio-Signature` of a request without a body: HMAC-SHA1 of the URL, keyed with the account's auth token, in
/// base64.
#[must_use]
pub fn twilio_signature(url: &str, auth_token: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()) else { return String::new() };
    mac.update(url.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
