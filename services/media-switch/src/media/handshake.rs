//! The client's half of the WebSocket opening handshake (RFC 6455 §4.1), as bytes in and out.
//!
//! The WebSocket library has one too, but fails when the server names no subprotocol. RFC 6455 lets
//! a server stay silent about it, and a ten-line bot does.

use std::fmt::Write;

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use voicebot::dialect::Dialect;

/// Longest response head that is read.
pub(super) const RESPONSE_BYTES_MAX: usize = 16 << 10;

const HEADERS_MAX: usize = 64;

/// Why a handshake failed: a clause that follows the bot's URL in a sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error("the bot answered HTTP {0} to the WebSocket upgrade")]
    Status(u16),
    #[error("the bot's answer to the WebSocket upgrade is not HTTP: {0}")]
    NotHttp(&'static str),
    #[error("the bot's answer to the WebSocket upgrade has a wrong or missing {0} header")]
    Header(&'static str),
    #[error("the bot chose the subprotocol {chosen:?}, which was not offered; in the dialect {dialect} it must speak {}", dialect.properties().subprotocol.unwrap_or("none"))]
    Subprotocol { chosen: String, dialect: Dialect },
}

/// The request's bytes. Header values come from call data: what can't stand in a header is refused.
pub(super) fn request(
    host: &str,
    target: &str,
    key: &str,
    subprotocol: Option<&str>,
    headers: &[(&str, &str)],
) -> Result<String, HandshakeError> {
    let mut text = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    );
    let subprotocol = subprotocol.map(|name| ("Sec-WebSocket-Protocol", name));
    for (name, value) in subprotocol.iter().chain(headers) {
        if value.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(HandshakeError::NotHttp("a header value holds control characters"));
        }
        // Writing to a string can't fail.
        let _written = write!(text, "{name}: {value}\r\n");
    }
    text.push_str("\r\n");
    Ok(text)
}

/// Reads the response's head. `None`: more bytes are needed. Else the length of the head: what
/// follows it is WebSocket frames.
pub(super) fn response(bytes: &[u8], key: &str, dialect: Dialect) -> Result<Option<usize>, HandshakeError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() >= RESPONSE_BYTES_MAX => {
            return Err(HandshakeError::NotHttp("its head is too long"));
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(HandshakeError::NotHttp("it does not parse")),
    };
    let status = response.code.unwrap_or_default();
    if status != 101 {
        return Err(HandshakeError::Status(status));
    }
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.and_then(|header| std::str::from_utf8(header.value).ok()).map(str::trim)
    };
    if !value("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
        return Err(HandshakeError::Header("Upgrade"));
    }
    let is_upgrade = |list: &str| list.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    if !value("connection").is_some_and(is_upgrade) {
        return Err(HandshakeError::Header("Connection"));
    }
    if value("sec-websocket-accept") != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(HandshakeError::Header("Sec-WebSocket-Accept"));
    }
    // No extension was offered, so none may be chosen.
    if value("sec-websocket-extensions").is_some_and(|value| !value.is_empty()) {
        return Err(HandshakeError::Header("Sec-WebSocket-Extensions"));
    }
    // Some servers send the header empty.
    match value("sec-websocket-protocol").filter(|value| !value.is_empty()) {
        chosen if dialect.takes_subprotocol(chosen) => Ok(Some(length)),
        chosen => {
            let chosen = chosen.unwrap_or_default().chars().take(64).collect();
            Err(HandshakeError::Subprotocol { chosen, dialect })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Dialect = Dialect::Botstream;

    // The example of RFC 6455 §1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn answer(extra: &str) -> String {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\n{extra}\r\n"
        )
    }

    #[test]
    fn a_bot_that_is_silent_about_the_subprotocol_is_taken() {
        let plain = answer("");
        assert_eq!(response(plain.as_bytes(), KEY, OURS), Ok(Some(plain.len())));
        let named = answer("Sec-WebSocket-Protocol: botstream.v1\r\n");
        assert_eq!(response(named.as_bytes(), KEY, OURS), Ok(Some(named.len())));
        let empty = answer("Sec-WebSocket-Protocol: \r\n");
        assert_eq!(response(empty.as_bytes(), KEY, Dialect::Vonage), Ok(Some(empty.len())));
    }

    #[test]
    fn every_prefix_of_an_answer_asks_for_more() {
        let plain = answer("");
        for length in 0..plain.len() {
            assert_eq!(response(&plain.as_bytes()[..length], KEY, OURS), Ok(None));
        }
    }

    #[test]
    fn wrong_answers_are_refused_with_what_is_wrong() {
        let other = answer("Sec-WebSocket-Protocol: chat\r\n");
        let chosen = HandshakeError::Subprotocol { chosen: "chat".to_owned(), dialect: OURS };
        assert_eq!(response(other.as_bytes(), KEY, OURS), Err(chosen));
        assert!(response(answer("Sec-WebSocket-Protocol: botstream.v1\r\n").as_bytes(), KEY, Dialect::Twilio).is_err());
        assert_eq!(response(b"HTTP/1.1 404 Not Found\r\n\r\n", KEY, OURS), Err(HandshakeError::Status(404)));
        assert_eq!(response(answer("").as_bytes(), "AAAA", OURS), Err(HandshakeError::Header("Sec-WebSocket-Accept")));
        assert!(matches!(response(b"SSH-2.0-OpenSSH\r\n\r\n", KEY, OURS), Err(HandshakeError::NotHttp(_))));
        assert!(matches!(response(&[b'a'; RESPONSE_BYTES_MAX], KEY, OURS), Err(HandshakeError::NotHttp(_))));
    }

    #[test]
    fn call_data_cannot_smuggle_headers() {
        assert!(request("h", "/", KEY, None, &[("X-A", "a\r\nX-B: b")]).is_err());
        let text = request("bot:80", "/ws?x=1", KEY, Some("media"), &[("X-A", "a")]).unwrap();
        assert!(text.contains("\r\nSec-WebSocket-Protocol: media\r\n"));
        assert!(text.starts_with("GET /ws?x=1 HTTP/1.1\r\nHost: bot:80\r\n"));
        assert!(text.ends_with("X-A: a\r\n\r\n"));
    }
}
