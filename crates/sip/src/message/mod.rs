//! Messages: read from bytes by a lexer of our own, held in an editable form, written back.

mod body;
mod header_list;
pub(crate) mod lex;
pub mod limits;
mod method;
mod name;
mod status;
mod stream;
mod text;
mod validate;

use std::borrow::Cow;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

pub use header_list::{Header, Headers};
pub use method::Method;
pub use name::HeaderName;
pub use status::reason_phrase;
pub use stream::{Frame, StreamDecoder};
pub use text::Text;

use crate::headers::{CSeq, NameAddr, Via, top_via};
use crate::uri::Uri;
use lex::{Fault, Lexed, Start};

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The Request-URI as it stands.
    pub uri: String,
    /// The header fields. Content-Length is not among them once parsed: it is written from the body.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// 100 to 699.
    pub status: u16,
    /// The reason phrase.
    pub reason: Text,
    /// The header fields. Content-Length is not among them once parsed: it is written from the body.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

/// Why bytes are no message, and the answer to them where there is one.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct ParseError {
    /// The status that tells the sender (400, 414, 505, 513).
    pub status: u16,
    /// What is wrong.
    pub reason: &'static str,
    /// The response to send: it exists when this was a request other than ACK with a Via.
    pub response: Option<Box<Response>>,
    /// Nothing but CRLFs: a keep-alive, not a fault.
    pub keep_alive: bool,
}

/// Reads a datagram: one message; what follows its body is dropped (RFC 3261 §18.3).
///
/// # Errors
/// When it is not a message, or one with faults that make it unsafe to act on.
pub fn parse(input: &[u8]) -> Result<Message, ParseError> {
    parse_bytes(&Bytes::copy_from_slice(input))
}

/// The same without a copy.
///
/// # Errors
/// As [`parse`].
pub fn parse_bytes(input: &Bytes) -> Result<Message, ParseError> {
    let Some(mut lexed) = lex::lex(input) else {
        return Err(ParseError { status: 400, reason: "nothing but line ends", response: None, keep_alive: true });
    };
    let method = match &lexed.start {
        Some(Start::Request { method, .. }) => Some(method),
        _ => None,
    };
    let checked = match lexed.fault {
        Some(fault) => Err(fault),
        None => validate::headers(&lexed.headers, method).and_then(|()| validate::content_length(&lexed.headers)),
    };
    let length = match checked {
        Ok(length) => length,
        Err(fault) => return Err(refuse(&lexed, fault)),
    };
    if let Some(length) = length {
        if length > lexed.body.len() {
            return Err(refuse(&lexed, (400, "Content-Length is larger than the body")));
        }
        lexed.body.truncate(length);
    }
    if lexed.body.len() > limits::BODY_BYTES_MAX {
        return Err(refuse(&lexed, (513, "Message Too Large")));
    }
    lexed.headers.remove(&HeaderName::ContentLength);
    match lexed.start {
        Some(Start::Request { method, uri }) => {
            Ok(Message::Request(Request { method, uri, headers: lexed.headers, body: lexed.body }))
        }
        Some(Start::Response { status, reason }) => {
            Ok(Message::Response(Response { status, reason, headers: lexed.headers, body: lexed.body }))
        }
        None => Err(ParseError { status: 400, reason: "no start line", response: None, keep_alive: false }),
    }
}

/// The error for a faulty message, with the response to it if it can be addressed.
pub(crate) fn refuse(lexed: &Lexed, (status, reason): Fault) -> ParseError {
    let answerable = match &lexed.start {
        Some(Start::Request { method, .. }) => *method != Method::Ack && lexed.headers.count(&HeaderName::Via) > 0,
        _ => false,
    };
    let response = answerable.then(|| {
        let mut headers = Headers::new();
        copy_response_headers(&lexed.headers, &mut headers);
        Box::new(Response { status, reason: Text::from_static(reason), headers, body: Bytes::new() })
    });
    ParseError { status, reason, response, keep_alive: false }
}

/// What every response repeats from its request (RFC 3261 §8.2.6.2).
fn copy_response_headers(from: &Headers, to: &mut Headers) {
    for header in from {
        if matches!(
            header.name,
            HeaderName::Via | HeaderName::From | HeaderName::To | HeaderName::CallId | HeaderName::CSeq
        ) {
            to.push(header.name.clone(), header.value.clone());
        }
    }
}

macro_rules! common_accessors {
    ($type:ty) => {
        impl $type {
            /// The first field of that name (long or compact, any case), as text.
            #[must_use]
            pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
                self.headers.text(name)
            }

            /// Call-ID; "" if it is missing, which a parsed message never lacks.
            #[must_use]
            pub fn call_id(&self) -> Cow<'_, str> {
                self.headers.get(&HeaderName::CallId).map(Text::to_str).unwrap_or_default()
            }

            /// CSeq.
            #[must_use]
            pub fn cseq(&self) -> Option<CSeq> {
                CSeq::parse(&self.headers.get(&HeaderName::CSeq)?.to_str()).ok()
            }

            /// From.
            #[must_use]
            pub fn from(&self) -> Option<NameAddr> {
                NameAddr::parse(&self.headers.get(&HeaderName::From)?.to_str()).ok()
            }

            /// To.
            #[must_use]
            pub fn to(&self) -> Option<NameAddr> {
                NameAddr::parse(&self.headers.get(&HeaderName::To)?.to_str()).ok()
            }

            /// The From tag.
            #[must_use]
            pub fn from_tag(&self) -> Option<String> {
                self.from()?.tag().map(str::to_owned)
            }

            /// The To tag.
            #[must_use]
            pub fn to_tag(&self) -> Option<String> {
                self.to()?.tag().map(str::to_owned)
            }

            /// The topmost Via.
            #[must_use]
            pub fn top_via(&self) -> Option<Via> {
                top_via(&self.headers).ok()
            }

            /// The body as text, if it has one and it is UTF-8.
            #[must_use]
            pub fn body_text(&self) -> Option<&str> {
                std::str::from_utf8(&self.body).ok().filter(|b| !b.is_empty())
            }

            /// The SDP in the body, if the body or a part of it says it is `application/sdp`. What is not UTF-8
            /// is read as Latin-1: a name with an umlaut in it makes no offer go away.
            #[must_use]
            pub fn sdp(&self) -> Option<Cow<'_, str>> {
                body::sdp_bytes(&self.headers, &self.body).map(text::decode)
            }

            /// The message as it goes on the wire.
            #[must_use]
            pub fn to_bytes(&self) -> Bytes {
                let mut out = BytesMut::with_capacity(512 + self.body.len());
                self.write_start(&mut out);
                write_rest(&mut out, &self.headers, &self.body);
                out.freeze()
            }
        }
    };
}

common_accessors!(Request);
common_accessors!(Response);

impl Request {
    /// A request without header fields.
    #[must_use]
    pub fn new(method: Method, uri: impl Into<String>) -> Self {
        // A space or line end in the Request-URI would end the start line early.
        let uri: String = uri.into().chars().filter(|c| !c.is_ascii_whitespace() && !c.is_control()).collect();
        Self { method, uri, headers: Headers::new(), body: Bytes::new() }
    }

    /// The Request-URI.
    ///
    /// # Errors
    /// When it is none; a parsed request's always is one.
    pub fn parsed_uri(&self) -> Result<Uri, &'static str> {
        Uri::parse(&self.uri)
    }

    /// A response to this request, with the header fields it repeats (RFC 3261 §8.2.6.2). `to_tag` is put into To
    /// if it has no tag yet; a 100 gets none.
    #[must_use]
    pub fn response(&self, status: u16, reason: Option<&str>, to_tag: Option<&str>) -> Response {
        let mut headers = Headers::new();
        copy_response_headers(&self.headers, &mut headers);
        if let (Some(tag), Some(to)) = (to_tag, self.to())
            && status != 100
            && to.tag().is_none()
        {
            headers.replace_first(&HeaderName::To, to.with_tag(Some(tag)).to_string());
        }
        if status == 100
            && let Some(timestamp) = self.headers.get(&HeaderName::Other("Timestamp".into()))
        {
            headers.push(HeaderName::Other("Timestamp".into()), timestamp.clone());
        }
        let reason = reason.map_or_else(|| Text::from_static(reason_phrase(status)), Text::from);
        Response { status, reason, headers, body: Bytes::new() }
    }

    fn write_start(&self, out: &mut BytesMut) {
        out.put_slice(self.method.as_str().as_bytes());
        out.put_u8(b' ');
        out.put_slice(self.uri.as_bytes());
        out.put_slice(b" SIP/2.0\r\n");
    }
}

impl Response {
    /// Whether it is a final response (RFC 3261 §7.2).
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.status >= 200
    }

    /// Whether it is a 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn write_start(&self, out: &mut BytesMut) {
        out.put_slice(format!("SIP/2.0 {:03} ", self.status).as_bytes());
        out.put_slice(self.reason.as_bytes());
        out.put_slice(b"\r\n");
    }
}

impl Message {
    /// The message as it goes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }

    /// Its header fields.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }
}

fn write_rest(out: &mut BytesMut, headers: &Headers, body: &Bytes) {
    for header in headers {
        if header.name == HeaderName::ContentLength {
            continue;
        }
        out.put_slice(header.name.as_str().as_bytes());
        out.put_slice(b": ");
        out.put_slice(header.value.as_bytes());
        out.put_slice(b"\r\n");
    }
    // Written always and from the body itself, so that it is right over TCP too (RFC 3261 §20.14).
    out.put_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.put_slice(body);
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}
