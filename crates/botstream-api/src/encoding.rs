//! Bodies: protobuf or JSON, as the `Content-Type` header says.

use async_nats::HeaderMap;
use bytes::Bytes;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, ErrorCode, headers, json};

/// What a message of the API can do; every generated message is one.
pub trait Body: Message + Default + Serialize + DeserializeOwned {}

impl<T: Message + Default + Serialize + DeserializeOwned> Body for T {}

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    #[default]
    Json,
}

impl Encoding {
    /// Value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// How a received body is encoded. Without a header, a body that starts with `{` or is empty is JSON; anything else is protobuf.
    pub fn of(headers: Option<&HeaderMap>, body: &[u8]) -> Result<Self, Error> {
        let Some(value) = headers.and_then(|map| map.get(headers::CONTENT_TYPE)) else {
            let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
            return Ok(match first {
                None | Some(b'{') => Self::Json,
                Some(_) => Self::Protobuf,
            });
        };
        let media_type = value.as_str().split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/json") {
            Ok(Self::Json)
        } else if media_type.eq_ignore_ascii_case("application/x-protobuf") {
            Ok(Self::Protobuf)
        } else {
            Err(Error::invalid(
                headers::CONTENT_TYPE,
                format!("Content-Type {media_type:?} is not supported; use application/json or application/x-protobuf"),
            ))
        }
    }
}

/// Encodes a message.
pub fn encode<M: Body>(message: &M, encoding: Encoding) -> Result<Bytes, Error> {
    match encoding {
        Encoding::Protobuf => Ok(message.encode_to_vec().into()),
        Encoding::Json => serde_json::to_vec(message)
            .map(Bytes::from)
            .map_err(|e| Error::internal(format!("message cannot be written as JSON: {e}"))),
    }
}

/// Decodes a message. An empty body is an empty message.
pub fn decode<M: Body>(body: &[u8], encoding: Encoding) -> Result<M, Error> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(M::default());
    }
    match encoding {
        Encoding::Json => json::from_json(body),
        Encoding::Protobuf => M::decode(body).map_err(|e| {
            Error::new(ErrorCode::InvalidArgument, format!("body is not the protobuf message expected here: {e}"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DialRequest, StreamSpec, dial_request::Wait};

    fn header(value: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(headers::CONTENT_TYPE, value);
        map
    }

    #[test]
    fn the_header_decides_else_the_first_byte() {
        assert_eq!(Encoding::of(None, b" {}").unwrap(), Encoding::Json);
        assert_eq!(Encoding::of(None, b"").unwrap(), Encoding::Json);
        assert_eq!(Encoding::of(None, &[10, 2]).unwrap(), Encoding::Protobuf);
        let json = header("Application/JSON; charset=utf-8");
        assert_eq!(Encoding::of(Some(&json), &[10]).unwrap(), Encoding::Json);
        let other = header("text/plain");
        let error = Encoding::of(Some(&other), b"{}").unwrap_err();
        assert_eq!(error.field.as_deref(), Some("Content-Type"));
    }

    #[test]
    fn both_encodings_carry_the_same_message() {
        let request = DialRequest {
            to: "+14155550100".into(),
            bot: Some(StreamSpec { url: "ws://127.0.0.1:8080/ws".into(), ..Default::default() }),
            ring_timeout_ms: 30_000,
            wait: Wait::Answered.into(),
            ..Default::default()
        };
        for encoding in [Encoding::Json, Encoding::Protobuf] {
            let body = encode(&request, encoding).unwrap();
            assert_eq!(decode::<DialRequest>(&body, encoding).unwrap(), request);
        }
        let json = encode(&request, Encoding::Json).unwrap();
        assert_eq!(
            std::str::from_utf8(&json).unwrap(),
            r#"{"to":"+14155550100","bot":{"url":"ws://127.0.0.1:8080/ws"},"ring_timeout_ms":30000,"wait":"answered"}"#
        );
    }

    #[test]
    fn an_empty_body_is_an_empty_message() {
        assert_eq!(decode::<DialRequest>(b"", Encoding::Json).unwrap(), DialRequest::default());
    }

    #[test]
    fn garbage_is_an_invalid_argument() {
        for (body, encoding) in [
            (&b"\xff\xff\xff"[..], Encoding::Protobuf),
            (b"{", Encoding::Json),
            (b"[1]", Encoding::Json),
            (b"\"x\"", Encoding::Json),
        ] {
            let error = decode::<DialRequest>(body, encoding).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidArgument, "{body:?}");
        }
    }
}
