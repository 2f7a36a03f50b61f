//! The small ones: CSeq, Reason, Retry-After, Content-Type.

use std::fmt;

use super::cursor::Cursor;
use super::params::Params;
use crate::message::{HeaderName, Headers, Method};

/// CSeq (RFC 3261 §20.16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Less than 2^31 (§8.1.1.5).
    pub number: u32,
    /// The request's method.
    pub method: Method,
}

impl CSeq {
    /// Reads the value.
    ///
    /// # Errors
    /// A short sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut cursor = Cursor::new(text);
        cursor.skip_ws();
        let digits = cursor.digits().ok_or("no number in CSeq")?;
        let number = digits.parse::<u32>().ok().filter(|n| *n < 1 << 31).ok_or("a CSeq number of 2^31 or more")?;
        if !matches!(cursor.peek(), Some(' ' | '\t')) {
            return Err("no space after the CSeq number");
        }
        cursor.skip_ws();
        let method = Method::parse(cursor.token().ok_or("no method in CSeq")?.as_bytes()).ok_or("not a method")?;
        cursor.skip_ws();
        if cursor.at_end() { Ok(Self { number, method }) } else { Err("something after the CSeq method") }
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

/// One Reason value (RFC 3326): why a request was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// "SIP", "Q.850", ...
    pub protocol: String,
    /// The cause in that protocol.
    pub cause: Option<u16>,
    /// Text for people.
    pub text: Option<String>,
}

impl Reason {
    /// Reads one value.
    ///
    /// # Errors
    /// A short sentence saying what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut cursor = Cursor::new(text);
        cursor.skip_ws();
        let protocol = cursor.token().ok_or("no protocol in Reason")?.to_owned();
        let params = Params::parse(&mut cursor)?;
        Ok(Self { protocol, cause: params.raw("cause").and_then(|c| c.parse().ok()), text: params.get("text") })
    }

    /// All Reason values of a message that parse.
    #[must_use]
    pub fn all(headers: &Headers) -> Vec<Self> {
        super::list_values(headers, &HeaderName::Reason).iter().filter_map(|v| Self::parse(v).ok()).collect()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if let Some(text) = &self.text {
            write!(f, ";text={}", super::cursor::quote(text))?;
        }
        Ok(())
    }
}

/// Retry-After in seconds; comment and parameters are skipped (RFC 3261 §20.33).
#[must_use]
pub fn retry_after_s(headers: &Headers) -> Option<u32> {
    let value = headers.get(&HeaderName::RetryAfter)?.to_str();
    Cursor::new(value.trim_start_matches([' ', '\t'])).digits()?.parse().ok()
}

/// The media type of the body without parameters, in lower case ("application/sdp").
#[must_use]
pub fn media_type(headers: &Headers) -> Option<String> {
    let value = headers.get(&HeaderName::ContentType)?.to_str();
    let full = value.split(';').next().unwrap_or("");
    Some(full.chars().filter(|c| !matches!(c, ' ' | '\t')).collect::<String>().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cseq() {
        assert_eq!(CSeq::parse("0009\t INVITE ").unwrap().to_string(), "9 INVITE");
        for text in
            ["", "1", "INVITE 1", "2147483648 INVITE", "36893488147419103232 X", "1 INV ITE", "-1 INVITE", "1INVITE"]
        {
            assert!(CSeq::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn reasons() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Reason, "Q.850 ;cause=16 ;text=\"Terminated, normally\", SIP;cause=487");
        let all = Reason::all(&headers);
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[0],
            Reason { protocol: "Q.850".into(), cause: Some(16), text: Some("Terminated, normally".into()) }
        );
        assert_eq!(all[0].to_string(), "Q.850;cause=16;text=\"Terminated, normally\"");
        assert_eq!(all[1].cause, Some(487));
    }

    #[test]
    fn small_ones() {
        let mut headers = Headers::new();
        headers.push(HeaderName::RetryAfter, "120 (I'm in a meeting);duration=60");
        headers.push(HeaderName::ContentType, "Application / SDP ;charset=utf-8");
        assert_eq!(retry_after_s(&headers), Some(120));
        assert_eq!(media_type(&headers).as_deref(), Some("application/sdp"));
    }
}
