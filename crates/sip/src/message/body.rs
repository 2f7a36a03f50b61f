//! The session description in a body: the whole of it, or a part of a multipart one (RFC 2046 §5.1, RFC 5621).

use crate::headers::cursor::{Cursor, unquote};
use crate::headers::{Params, media_type};

use super::limits::BODY_PARTS_MAX;
use super::{HeaderName, Headers};

/// Longest boundary (RFC 2046 §5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;
/// Most header lines of a part.
const PART_HEADERS_MAX: usize = 32;
/// What a body may be for its description to be found.
const SDP: &str = "application/sdp";

/// The bytes of the description, if there is one.
pub(crate) fn sdp_bytes<'a>(headers: &Headers, body: &'a [u8]) -> Option<&'a [u8]> {
    let kind = media_type(headers)?;
    let found = match kind.as_str() {
        SDP => Some(body),
        "multipart/mixed" | "multipart/alternative" | "multipart/related" => sdp_part(&boundary(headers)?, body),
        _ => None,
    };
    found.filter(|bytes| !bytes.is_empty())
}

fn boundary(headers: &Headers) -> Option<String> {
    let value = headers.get(&HeaderName::ContentType)?.to_str();
    let mut cursor = Cursor::new(&value);
    cursor.take_while(|c| c != ';');
    let boundary = unquote(Params::parse(&mut cursor).ok()?.raw("boundary")?);
    (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()).then_some(boundary)
}

/// The first part that is a description. A nested multipart is not looked into.
fn sdp_part<'a>(boundary: &str, body: &'a [u8]) -> Option<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let mut parts = Parts { rest: body, delimiter: delimiter.as_bytes() };
    parts.next_part();
    for _ in 0..BODY_PARTS_MAX {
        let part = parts.next_part()?;
        if let Some(content) = sdp_content(part) {
            return Some(content);
        }
    }
    None
}

struct Parts<'a, 'b> {
    rest: &'a [u8],
    delimiter: &'b [u8],
}

impl<'a> Parts<'a, '_> {
    /// What stands before the next line that begins with the delimiter, without the line end before that line
    /// (it belongs to the delimiter); the first time the preamble. `None` where no delimiter follows.
    fn next_part(&mut self) -> Option<&'a [u8]> {
        let mut at = 0;
        while let Some(line) = self.rest.get(at..).filter(|l| !l.is_empty()) {
            if line.starts_with(self.delimiter) {
                let part = self.rest.get(..at)?;
                self.rest = line.get(self.delimiter.len()..)?;
                // What is left of the delimiter's line: blanks, or `--` at the last one.
                self.rest = if self.rest.starts_with(b"--") { &[] } else { after_line(self.rest) };
                return Some(part.strip_suffix(b"\n").map_or(part, |p| p.strip_suffix(b"\r").unwrap_or(p)));
            }
            at += line.len() - after_line(line).len();
        }
        None
    }
}

fn after_line(text: &[u8]) -> &[u8] {
    text.iter().position(|&b| b == b'\n').and_then(|at| text.get(at + 1..)).unwrap_or(&[])
}

/// The content of a part, if its header says that it is a description as it stands.
fn sdp_content(part: &[u8]) -> Option<&[u8]> {
    let mut headers = Headers::new();
    let mut rest = part;
    for _ in 0..=PART_HEADERS_MAX {
        let after = after_line(rest);
        let line = String::from_utf8_lossy(rest.get(..rest.len() - after.len())?).into_owned();
        let line = line.trim_end();
        rest = after;
        if line.is_empty() {
            let plain = headers.text("Content-Transfer-Encoding").is_none_or(|encoding| {
                ["7bit", "8bit", "binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain))
            });
            return (plain && media_type(&headers)? == SDP).then_some(rest);
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push(HeaderName::new(name.trim()), value.trim());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(content_type: &str, body: &str) -> Option<String> {
        let mut headers = Headers::new();
        headers.push(HeaderName::ContentType, content_type);
        sdp_bytes(&headers, body.as_bytes()).map(|b| String::from_utf8(b.to_vec()).unwrap())
    }

    #[test]
    fn the_description_among_other_parts() {
        let body = "preamble\r\n--b1 \r\nContent-Type: text/plain\r\n\r\nv=0 --b1\r\n--b1\r\nc: application/SDP;x=y\r\nContent-ID: <1>\r\n\r\nv=0\r\ns=-\r\n\r\n--b1--\r\nepilogue";
        assert_eq!(find("multipart/mixed;boundary=b1", body).as_deref(), Some("v=0\r\ns=-\r\n"));
        assert_eq!(find("Multipart/Related ; type=x; boundary=\"b1\"", body).as_deref(), Some("v=0\r\ns=-\r\n"));
        assert_eq!(find("application/sdp", "v=0").as_deref(), Some("v=0"));
        let bare = "--b1\n\nnothing\n--b1\nContent-Type:application/sdp\n\nv=0\n--b1--";
        assert_eq!(find("multipart/mixed;boundary=b1", bare).as_deref(), Some("v=0"));
    }

    #[test]
    fn what_is_no_description() {
        let body = "--b1\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0w\r\n--b1--";
        assert_eq!(find("multipart/mixed;boundary=b1", body), None);
        for (kind, body) in [
            ("multipart/mixed", "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1--"),
            ("multipart/mixed;boundary=b2", "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1--"),
            ("multipart/mixed;boundary=b1", "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0"),
            ("multipart/mixed;boundary=b1", "--b1--\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1--"),
            ("multipart/mixed;boundary=b1", "--b1\r\nContent-Type: application/sdp"),
            ("multipart/mixed;boundary=", "--"),
            ("text/plain", "v=0"),
            ("application/sdp", ""),
        ] {
            assert_eq!(find(kind, body), None, "{kind} {body:?}");
        }
    }

    #[test]
    fn the_scan_of_parts_is_bounded() {
        let body = "--b1\r\n\r\n".repeat(BODY_PARTS_MAX) + "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1--";
        assert_eq!(find("multipart/mixed;boundary=b1", &body), None);
    }
}
