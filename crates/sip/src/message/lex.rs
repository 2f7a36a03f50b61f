//! The lexer: cuts a message into start line, header fields and body (RFC 3261 §7, §25).
//!
//! It copies nothing but folded values: every value is a slice of the input's own buffer. It goes on after a
//! fault, so that whoever sent a faulty request can still be told what is wrong with it.

use bytes::Bytes;

use super::header_list::{Header, Headers};
use super::limits::{HEAD_BYTES_MAX, HEADERS_MAX, LEADING_CRLF_MAX, URI_BYTES_MAX};
use super::method::Method;
use super::name::HeaderName;
use super::text::Text;
use crate::uri::Uri;

/// What is wrong with a message: the status that answers it, and a sentence.
pub(crate) type Fault = (u16, &'static str);

/// `token` (RFC 3261 §25.1).
pub(crate) fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b)
}

pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&b| is_token_byte(b))
}

/// A start line.
#[derive(Debug)]
pub(crate) enum Start {
    Request { method: Method, uri: String },
    Response { status: u16, reason: Text },
}

/// A message cut into pieces. Without `start`, nothing can be said about what it was meant to be.
#[derive(Debug)]
pub(crate) struct Lexed {
    pub(crate) start: Option<Start>,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    pub(crate) fault: Option<Fault>,
}

/// Where the line that begins at `from` ends: (end without CRLF, begin of the next line).
///
/// CR and LF come as a pair or not at all: an element that takes a lone one for a line end reads other headers
/// than one that does not, which is how requests are smuggled.
fn line_end(input: &[u8], from: usize) -> Result<Option<(usize, usize)>, Fault> {
    let rest = input.get(from..).unwrap_or(&[]);
    match rest.iter().position(|b| matches!(b, b'\r' | b'\n')) {
        None => Ok(None),
        Some(at) if rest.get(at..at + 2) == Some(b"\r\n") => Ok(Some((from + at, from + at + 2))),
        Some(at) if rest.get(at) == Some(&b'\r') && at + 1 == rest.len() => Ok(None),
        Some(_) => Err((400, "a lone CR or LF")),
    }
}

/// How many bytes of CRLF stand before the start line (RFC 3261 §7.5).
pub(crate) fn leading_crlf(input: &[u8]) -> usize {
    input.chunks_exact(2).take(LEADING_CRLF_MAX).take_while(|pair| *pair == b"\r\n").count() * 2
}

/// Cuts a message into its pieces. `None`: nothing there but CRLFs (a keep-alive).
pub(crate) fn lex(input: &Bytes) -> Option<Lexed> {
    let mut at = leading_crlf(input);
    if at == input.len() {
        return None;
    }
    let mut out = Lexed { start: None, headers: Headers::new(), body: Bytes::new(), fault: None };
    match line_end(input, at) {
        Ok(Some((end, next))) => {
            let line = input.slice(at..end);
            let (start, fault) = start_line(&line);
            out.start = start;
            out.fault = fault;
            at = next;
        }
        Ok(None) => out.fault = Some((400, "no end of the start line")),
        Err(fault) => out.fault = Some(fault),
    }
    if out.start.is_none() {
        return Some(out);
    }
    loop {
        if at > HEAD_BYTES_MAX {
            out.fault = out.fault.or(Some((513, "the header section is too long")));
            return Some(out);
        }
        match header_line(input, at) {
            Ok(HeaderLine::End(next)) => {
                out.body = input.slice(next..);
                return Some(out);
            }
            Ok(HeaderLine::Field(header, next)) => {
                if out.headers.len() == HEADERS_MAX {
                    out.fault = out.fault.or(Some((513, "too many header fields")));
                    return Some(out);
                }
                out.headers.push(header.name, header.value);
                at = next;
            }
            Ok(HeaderLine::Bad(fault, next)) => {
                out.fault = out.fault.or(Some(fault));
                at = next;
            }
            Err(fault) => {
                out.fault = out.fault.or(Some(fault));
                return Some(out);
            }
        }
    }
}

enum HeaderLine {
    /// The empty line; the body begins here.
    End(usize),
    Field(Header, usize),
    /// A line that is no header field, and where the next one begins.
    Bad(Fault, usize),
}

/// Reads one header field with its folded continuation lines.
fn header_line(input: &Bytes, from: usize) -> Result<HeaderLine, Fault> {
    let Some((mut end, mut next)) = line_end(input, from)? else {
        return Err((400, "no empty line after the header fields"));
    };
    if end == from {
        return Ok(HeaderLine::End(next));
    }
    let mut folded = false;
    while matches!(input.get(next), Some(b' ' | b'\t')) {
        let Some((more_end, more_next)) = line_end(input, next)? else {
            return Err((400, "no empty line after the header fields"));
        };
        (end, next, folded) = (more_end, more_next, true);
    }
    let line = input.slice(from..end);
    let Some(colon) = line.iter().position(|&b| b == b':') else {
        return Ok(HeaderLine::Bad((400, "a header line without a colon"), next));
    };
    let name = trim_end(line.get(..colon).unwrap_or(&[]));
    let Some(name) = is_token(name).then(|| std::str::from_utf8(name).ok()).flatten() else {
        return Ok(HeaderLine::Bad((400, "a header name that is no token"), next));
    };
    let value = line.slice(colon + 1..);
    let value = if folded { unfold(&value) } else { value };
    let header = Header { name: HeaderName::new(name), value: Text::from_line(trim(&value)) };
    Ok(HeaderLine::Field(header, next))
}

/// Joins folded lines: a line end and the white space after it is worth one space (RFC 3261 §7.3.1).
fn unfold(value: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.iter().position(|&b| b == b'\r') {
        let (line, after) = rest.split_at(at);
        out.extend_from_slice(trim_end(line));
        out.push(b' ');
        rest = trim_start(after.get(2..).unwrap_or(&[]));
    }
    out.extend_from_slice(rest);
    out.into()
}

fn is_ws(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

fn trim_start(text: &[u8]) -> &[u8] {
    let begin = text.iter().position(|&b| !is_ws(b)).unwrap_or(text.len());
    text.get(begin..).unwrap_or(&[])
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&b| !is_ws(b)).map_or(0, |i| i + 1);
    text.get(..end).unwrap_or(&[])
}

fn trim(text: &Bytes) -> Bytes {
    text.slice_ref(trim_end(trim_start(text)))
}

/// Reads a start line. With a fault and a start, the request can be answered; without a start it can't.
fn start_line(line: &Bytes) -> (Option<Start>, Option<Fault>) {
    let begins_as_response = line.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/"));
    if begins_as_response { status_line(line) } else { request_line(line) }
}

fn status_line(line: &Bytes) -> (Option<Start>, Option<Fault>) {
    let mut parts = line.splitn(3, |&b| b == b' ');
    let (version, code, reason) = (parts.next().unwrap_or(&[]), parts.next().unwrap_or(&[]), parts.next());
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return (None, Some((400, "a response of another SIP version")));
    }
    let status = std::str::from_utf8(code)
        .ok()
        .filter(|c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|c| c.parse().ok());
    match status {
        // The space before an empty reason phrase is required (RFC 4475 §3.1.1.13), but nothing hangs on it.
        Some(status) if (100..700).contains(&status) => {
            let reason = Text::from_line(line.slice_ref(reason.unwrap_or(&[])));
            (Some(Start::Response { status, reason }), None)
        }
        _ => (None, Some((400, "not a status code"))),
    }
}

fn request_line(line: &Bytes) -> (Option<Start>, Option<Fault>) {
    // The version is the last word, so that a URI with spaces in it does not hide that this is SIP.
    let Some(last_space) = line.iter().rposition(|&b| b == b' ') else {
        return (None, Some((400, "not a SIP start line")));
    };
    let trailing = last_space + 1 == line.len();
    let line_text = if trailing { trim_end(line) } else { line };
    let mut words = line_text.splitn(2, |&b| b == b' ');
    let (Some(method), Some(rest)) = (words.next().and_then(Method::parse), words.next()) else {
        return (None, Some((400, "not a SIP start line")));
    };
    let Some(space) = rest.iter().rposition(|&b| b == b' ') else {
        return (None, Some((400, "not a SIP start line")));
    };
    let (uri, version) = (rest.get(..space).unwrap_or(&[]), rest.get(space + 1..).unwrap_or(&[]));
    if !version.get(..4).is_some_and(|v| v.eq_ignore_ascii_case(b"SIP/")) {
        return (None, Some((400, "not a SIP start line")));
    }
    let text = String::from_utf8_lossy(uri).into_owned();
    let fault = if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        Some((505, "Version Not Supported"))
    } else if trailing || uri.iter().any(|&b| is_ws(b)) {
        Some((400, "odd white space in the start line"))
    } else if uri.len() > URI_BYTES_MAX {
        Some((414, "Request-URI Too Long"))
    } else {
        match Uri::parse(&text) {
            // Headers in a Request-URI could smuggle in Route and the like (RFC 3261 §19.1.1, RFC 4475 escruri).
            Ok(Uri::Sip(sip)) if sip.headers.is_some() => Some((400, "headers in the Request-URI")),
            Ok(_) => None,
            Err(reason) => Some((400, reason)),
        }
    };
    (Some(Start::Request { method, uri: text }), fault)
}
