//! What a message must hold to be worth looking at (RFC 3261 §8.1.1, §18.3, §20).

use super::header_list::Headers;
use super::lex::Fault;
use super::method::Method;
use super::name::HeaderName;
use crate::headers::cursor::split_list;
use crate::headers::{CSeq, NameAddr, top_via};

/// Header fields that come once (RFC 3261 §7.3.1): two of them mean that two elements may read two messages.
const SINGLE: [HeaderName; 8] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::ContentLength,
    HeaderName::ContentType,
    HeaderName::Expires,
];

/// Checks the header fields that every element relies on.
pub(crate) fn headers(headers: &Headers, request: Option<&Method>) -> Result<(), Fault> {
    for name in &SINGLE {
        if headers.count(name) > 1 {
            return Err((400, "a header field twice that may come once"));
        }
    }
    top_via(headers).map_err(bad)?;
    for name in [HeaderName::From, HeaderName::To] {
        let value = headers.get(&name).ok_or((400, "From or To is missing"))?;
        NameAddr::parse(&value.to_str()).map_err(bad)?;
    }
    let call_id = headers.get(&HeaderName::CallId).ok_or((400, "Call-ID is missing"))?;
    if call_id.is_empty() || call_id.as_bytes().iter().any(|b| matches!(b, b' ' | b'\t' | b',')) {
        return Err((400, "not a Call-ID"));
    }
    let cseq = headers.get(&HeaderName::CSeq).ok_or((400, "CSeq is missing"))?;
    let cseq = CSeq::parse(&cseq.to_str()).map_err(bad)?;
    if let Some(method) = request {
        if cseq.method != *method {
            return Err((400, "another method in CSeq than in the request"));
        }
        if let Some(hops) = headers.get(&HeaderName::MaxForwards) {
            parse_decimal(&hops.to_str()).filter(|n| *n <= 255).ok_or((400, "Max-Forwards is not 0 to 255"))?;
        }
        contacts(headers, method)?;
    }
    Ok(())
}

fn contacts(headers: &Headers, method: &Method) -> Result<(), Fault> {
    for line in headers.all(&HeaderName::Contact) {
        for value in split_list(&line.to_str()) {
            let star = value == "*" && *method == Method::Register;
            if !star {
                NameAddr::parse(value).map_err(bad)?;
            }
        }
    }
    Ok(())
}

/// Content-Length, if there is one and it is the only one.
pub(crate) fn content_length(headers: &Headers) -> Result<Option<usize>, Fault> {
    let mut values = headers.all(&HeaderName::ContentLength);
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err((400, "Content-Length twice"));
    }
    parse_decimal(&first.to_str()).map(Some).ok_or((400, "Content-Length is not a number"))
}

/// Digits only: `+5`, `-1`, `5, 5` and what overflows are no numbers.
fn parse_decimal(text: &str) -> Option<usize> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn bad(reason: &'static str) -> Fault {
    (400, reason)
}
