//! Whether the values of a message make sense: for what a type cannot say. Pure; every refusal names the field, the value and what
//! is allowed.
//!
//! Shared by whoever takes such a message in: the dialer at a dial, the trunk-manager at a configuration.

use std::collections::BTreeMap;

use url::Url;

use crate::audio_format::Encoding;
use crate::stream_spec::{Dialect, Tracks};
use crate::{AudioFormat, Error, ErrorCode, StreamSpec};

/// Longest URL, in bytes.
pub const URL_LEN_MAX: usize = 2_048;

/// Longest number or SIP URI, in bytes.
pub const NUMBER_LEN_MAX: usize = 256;

/// Most digits of a number: E.164 has 15; private plans with prefixes have more.
const DIGITS_MAX: usize = 32;

/// Most entries of a map such as `vars`.
pub const ENTRIES_MAX: usize = 64;

/// Longest key of such a map, in bytes.
pub const KEY_LEN_MAX: usize = 64;

/// Longest value of such a map, in bytes.
pub const VALUE_LEN_MAX: usize = 2_048;

/// Most audio that may be queued for a caller, in milliseconds: 10 minutes.
pub const PLAYOUT_CAP_MS_MAX: u32 = 600_000;

/// Most addresses that a stream falls back to.
pub const FALLBACKS_MAX: usize = 8;

const FRAME_MS: [u32; 5] = [10, 20, 40, 60, 100];
const L16_RATES: [u32; 4] = [8_000, 16_000, 24_000, 48_000];

/// A number that can be called: E.164, digits of a private plan, or a SIP URI.
pub fn number(field: &str, text: &str) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::new(ErrorCode::BadNumber, format!("{field}: {why}")).field(field));
    if text.is_empty() {
        return refuse("is missing; use a number like +14155550100 or a sip: URI");
    }
    if text.len() > NUMBER_LEN_MAX {
        return refuse(&format!("is longer than {NUMBER_LEN_MAX} bytes"));
    }
    if let Some((scheme, rest)) = text.split_once(':') {
        if !matches!(scheme, "sip" | "sips") {
            return refuse(&format!("{text:?} is not a sip: or sips: URI"));
        }
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        // What is allowed where is the SIP stack's business; what would break out of a header is ours.
        let is_safe = rest.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"'));
        if host.is_empty() || !is_safe {
            return refuse(&format!("{text:?} is not a SIP URI"));
        }
        return Ok(());
    }
    let digits = text.strip_prefix('+').unwrap_or(text);
    if let Some(wrong) = digits.chars().find(|c| !matches!(c, '0'..='9' | '*' | '#' | 'A'..='D')) {
        return refuse(&format!("{text:?} has a {wrong:?}; a number is an optional + and digits, without separators"));
    }
    if !(1..=DIGITS_MAX).contains(&digits.len()) {
        return refuse(&format!("{text:?} has {} digits; allowed are 1 to {DIGITS_MAX}", digits.len()));
    }
    Ok(())
}

/// The address of a bot.
pub fn bot_url(field: &str, text: &str) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::new(ErrorCode::BadUrl, format!("{field}: {why}")).field(field));
    if text.is_empty() {
        return refuse("is missing; use a ws:// or wss:// URL");
    }
    if text.len() > URL_LEN_MAX {
        return refuse(&format!("is longer than {URL_LEN_MAX} bytes"));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(e) => return refuse(&format!("{text:?} is not a URL: {e}")),
    };
    if !matches!(url.scheme(), "ws" | "wss") {
        return refuse(&format!("{text:?} is not a ws:// or wss:// URL"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return refuse(&format!("{text:?} names no host"));
    }
    if url.fragment().is_some() {
        return refuse(&format!("{text:?} has a #fragment, which WebSocket URLs cannot have"));
    }
    Ok(())
}

/// A format that can be streamed; what is left out counts as its default.
pub fn audio_format(field: &str, format: AudioFormat) -> Result<(), Error> {
    let full = format.with_defaults();
    let refuse = |leaf: &str, value: u32, allowed: &str| {
        let path = format!("{field}.{leaf}");
        let sentence = format!("{path} = {value} is not supported; use {allowed}");
        Err(Error::new(ErrorCode::UnsupportedFormat, sentence).field(path))
    };
    if Encoding::try_from(format.encoding).is_err() {
        let value = format.encoding.unsigned_abs();
        return refuse("encoding", value, "l16, mulaw or alaw");
    }
    match full.encoding() {
        Encoding::Mulaw | Encoding::Alaw if full.rate != 8_000 => {
            return refuse("rate", full.rate, "8000 with mulaw and alaw");
        }
        Encoding::L16 | Encoding::Unspecified if !L16_RATES.contains(&full.rate) => {
            return refuse("rate", full.rate, "8000, 16000, 24000 or 48000");
        }
        _ => {}
    }
    if full.channels != 1 {
        return refuse("channels", full.channels, "1");
    }
    if !FRAME_MS.contains(&full.frame_ms) {
        return refuse("frame_ms", full.frame_ms, "10, 20, 40, 60 or 100");
    }
    Ok(())
}

/// How a call is to be streamed.
pub fn stream(field: &str, stream: &StreamSpec) -> Result<(), Error> {
    bot_url(&format!("{field}.url"), &stream.url)?;
    if stream.fallback.len() > FALLBACKS_MAX {
        let sentence = format!("{field}.fallback has {} entries, more than {FALLBACKS_MAX}", stream.fallback.len());
        return Err(Error::invalid(format!("{field}.fallback"), sentence));
    }
    for url in &stream.fallback {
        bot_url(&format!("{field}.fallback"), url)?;
    }
    let is_named = |value, known: bool, leaf: &str| match known {
        true => Ok(()),
        false => Err(Error::invalid(format!("{field}.{leaf}"), format!("{field}.{leaf} = {value} is not known"))),
    };
    is_named(stream.dialect, Dialect::try_from(stream.dialect).is_ok(), "dialect")?;
    is_named(stream.tracks, Tracks::try_from(stream.tracks).is_ok(), "tracks")?;
    let mut format = stream.format.unwrap_or_default();
    // Two channels are what both tracks have; left out they go without saying.
    if stream.tracks() == Tracks::Both && format.channels == 2 {
        format.channels = 1;
    }
    audio_format(&format!("{field}.format"), format)?;
    let cap_ms = stream.playout.map_or(0, |playout| playout.cap_ms);
    if cap_ms > PLAYOUT_CAP_MS_MAX {
        let path = format!("{field}.playout.cap_ms");
        let sentence = format!("{path} = {cap_ms} is more than {PLAYOUT_CAP_MS_MAX}");
        return Err(Error::invalid(path, sentence));
    }
    text_map(&format!("{field}.metadata"), &stream.metadata)
}

/// A map of free texts such as `vars`.
pub fn text_map(field: &str, map: &BTreeMap<String, String>) -> Result<(), Error> {
    if map.len() > ENTRIES_MAX {
        let sentence = format!("{field} has {} entries, more than {ENTRIES_MAX}", map.len());
        return Err(Error::invalid(field, sentence));
    }
    for (key, value) in map {
        if !(1..=KEY_LEN_MAX).contains(&key.len()) {
            let sentence = format!("{field}: a key must have 1 to {KEY_LEN_MAX} bytes");
            return Err(Error::invalid(field, sentence));
        }
        if value.len() > VALUE_LEN_MAX {
            let path = format!("{field}.{key}");
            let sentence = format!("{path} is longer than {VALUE_LEN_MAX} bytes");
            return Err(Error::invalid(path, sentence));
        }
    }
    Ok(())
}

/// Headers of an INVITE: only `X-…`, because all others mean something to SIP.
pub fn sip_headers(field: &str, map: &BTreeMap<String, String>) -> Result<(), Error> {
    text_map(field, map)?;
    for (name, value) in map {
        let path = format!("{field}.{name}");
        let rest = name.strip_prefix("X-").or_else(|| name.strip_prefix("x-"));
        let is_name =
            |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !rest.is_some_and(is_name) {
            let sentence = format!("{field}: {name:?} is not allowed; only names that begin with X-");
            return Err(Error::invalid(path, sentence));
        }
        if value.chars().any(char::is_control) {
            let sentence = format!("{path} has a control character");
            return Err(Error::invalid(path, sentence));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_or_sip_uris() {
        for text in ["+14155550100", "110", "*31#5", "sip:alice@192.0.2.7", "sips:bob@[2001:db8::1]:5061", "sip:host"] {
            assert_eq!(number("to", text), Ok(()), "{text}");
        }
        for text in [
            "",
            "+",
            "+1 415",
            "1-2",
            "alice",
            "tel:+1",
            "sip:",
            "sip:a@",
            "sip:a@h>\r\nX: y",
            "sip:a@h ",
            "+123456789012345678901234567890123",
        ] {
            let error = number("to", text).unwrap_err();
            assert_eq!(error.code, ErrorCode::BadNumber, "{text}");
            assert_eq!(error.field.as_deref(), Some("to"));
        }
    }

    #[test]
    fn bots_are_web_sockets() {
        for text in ["ws://127.0.0.1:8080/ws", "wss://bot.example/a?b=c", "ws://[::1]:1"] {
            assert_eq!(bot_url("bot.url", text), Ok(()), "{text}");
        }
        for text in ["", "127.0.0.1:8080", "http://h/", "ws://", "ws://h:99999/", "ws://h/#f", "ws:"] {
            let error = bot_url("bot.url", text).unwrap_err();
            assert_eq!(error.code, ErrorCode::BadUrl, "{text}");
        }
    }

    #[test]
    fn formats_name_what_is_wrong() {
        let of = |encoding: Encoding, rate, channels, frame_ms| {
            let format = AudioFormat { encoding: encoding.into(), rate, channels, frame_ms };
            audio_format("bot.format", format).map_err(|e| e.field.unwrap_or_default())
        };
        assert_eq!(of(Encoding::Unspecified, 0, 0, 0), Ok(()));
        assert_eq!(of(Encoding::L16, 48_000, 1, 100), Ok(()));
        assert_eq!(of(Encoding::Alaw, 0, 0, 0), Ok(()));
        assert_eq!(of(Encoding::Mulaw, 16_000, 0, 0), Err("bot.format.rate".into()));
        assert_eq!(of(Encoding::L16, 44_100, 0, 0), Err("bot.format.rate".into()));
        assert_eq!(of(Encoding::L16, 0, 2, 0), Err("bot.format.channels".into()));
        assert_eq!(of(Encoding::L16, 0, 0, 30), Err("bot.format.frame_ms".into()));
        let unknown = AudioFormat { encoding: 99, ..Default::default() };
        let error = audio_format("f", unknown).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("f.encoding"));
    }

    #[test]
    fn headers_cannot_break_out() {
        let map = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(sip_headers("headers", &map("X-Campaign", "spring")), Ok(()));
        for (name, value) in [("Via", "x"), ("X-", "x"), ("X-A:b", "x"), ("X-A", "x\r\nVia: y"), ("", "")] {
            assert!(sip_headers("headers", &map(name, value)).is_err(), "{name}");
        }
    }

    #[test]
    fn maps_have_limits() {
        let many: BTreeMap<_, _> = (0..=ENTRIES_MAX).map(|n| (n.to_string(), String::new())).collect();
        assert!(text_map("vars", &many).is_err());
        let long = BTreeMap::from([("k".to_owned(), "x".repeat(VALUE_LEN_MAX + 1))]);
        assert_eq!(text_map("vars", &long).unwrap_err().field.as_deref(), Some("vars.k"));
    }
}
