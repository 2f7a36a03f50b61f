//! DTMF in INFO requests: bodies of `application/dtmf-relay` and `application/dtmf`.
//!
//! Neither was ever standardised (RFC 6086 §4.3 names the practice): the first is lines of `Signal=` and `Duration=`, as Cisco began it,
//! the second the bare digit. So reading takes what is really sent, and writing keeps to what all take.

/// Media type with a duration.
pub const DTMF_RELAY: &str = "application/dtmf-relay";
/// Media type of the bare digit.
pub const DTMF: &str = "application/dtmf";

/// Longest body that is looked at.
const BODY_BYTES_MAX: usize = 256;

/// Longest duration that is believed.
const DURATION_MS_MAX: u32 = 60_000;

/// One key pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DtmfInfo {
    /// `0`-`9`, `*`, `#`, `A`-`D`, or `!` for hook flash.
    pub digit: char,
    /// How long, if the body says.
    pub duration_ms: Option<u32>,
}

impl DtmfInfo {
    /// Reads the body of an INFO with this Content-Type; parameters of the type do not matter. `None` when it is of another type or names
    /// no key.
    #[must_use]
    pub fn parse(content_type: &str, body: &[u8]) -> Option<Self> {
        let media_type = content_type.split(';').next()?.trim();
        let text = std::str::from_utf8(body.get(..body.len().min(BODY_BYTES_MAX))?).ok()?;
        if media_type.eq_ignore_ascii_case(DTMF_RELAY) {
            Self::parse_relay(text)
        } else if media_type.eq_ignore_ascii_case(DTMF) {
            // Some write the lines of the other type.
            Self::parse_relay(text).or_else(|| Some(Self { digit: digit(text.trim())?, duration_ms: None }))
        } else {
            None
        }
    }

    /// The body of `application/dtmf-relay`; without a duration it says 100 ms.
    #[must_use]
    pub fn to_relay(self) -> String {
        format!("Signal={}\r\nDuration={}\r\n", self.digit, self.duration_ms.unwrap_or(100))
    }

    /// The body of `application/dtmf`.
    #[must_use]
    pub fn to_dtmf(self) -> String {
        self.digit.to_string()
    }

    fn parse_relay(text: &str) -> Option<Self> {
        let (mut signal, mut duration_ms) = (None, None);
        for (name, value) in text.lines().filter_map(|line| line.split_once(['=', ':'])) {
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("Signal") {
                signal = signal.or_else(|| digit(value));
            } else if name.eq_ignore_ascii_case("Duration") {
                duration_ms = value.parse().ok().filter(|ms| (1..=DURATION_MS_MAX).contains(ms));
            }
        }
        Some(Self { digit: signal?, duration_ms })
    }
}

/// A key by its character or, above 9, by its event code (RFC 4733 §3.2).
fn digit(text: &str) -> Option<char> {
    let mut chars = text.chars();
    match (chars.next()?.to_ascii_uppercase(), chars.next()) {
        (key @ ('0'..='9' | '*' | '#' | 'A'..='D' | '!'), None) => Some(key),
        (_, Some(_)) => match text {
            "10" => Some('*'),
            "11" => Some('#'),
            "12" => Some('A'),
            "13" => Some('B'),
            "14" => Some('C'),
            "15" => Some('D'),
            "16" => Some('!'),
            _ if text.eq_ignore_ascii_case("hf") || text.eq_ignore_ascii_case("flash") => Some('!'),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_phones_and_gateways_send_is_read() {
        for (content_type, body, digit, duration_ms) in [
            ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', Some(160)),
            ("application/dtmf-relay", "Signal= #\r\nDuration= 250", '#', Some(250)),
            ("Application/DTMF-Relay; charset=utf-8", "signal = a\nduration = 80\n", 'A', Some(80)),
            ("application/dtmf-relay", "Signal=11\r\nDuration=0\r\n", '#', None),
            ("application/dtmf-relay", "Signal=16\r\n", '!', None),
            ("application/dtmf-relay", "Signal=hf\r\nDuration=99999999\r\n", '!', None),
            ("application/dtmf", "7", '7', None),
            ("application/dtmf", "*\r\n", '*', None),
            ("application/dtmf", "Signal=3\r\nDuration=100\r\n", '3', Some(100)),
        ] {
            let read = DtmfInfo::parse(content_type, body.as_bytes());
            assert_eq!(read, Some(DtmfInfo { digit, duration_ms }), "{content_type} {body:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        for (content_type, body) in [
            ("application/dtmf-relay", "Duration=100\r\n"),
            ("application/dtmf-relay", "5"),
            ("application/dtmf-relay", "Signal=E\r\n"),
            ("application/dtmf-relay", "Signal=17\r\n"),
            ("application/dtmf", ""),
            ("application/dtmf", "12x"),
            ("application/sdp", "Signal=5\r\n"),
            ("", "5"),
        ] {
            assert_eq!(DtmfInfo::parse(content_type, body.as_bytes()), None, "{content_type} {body:?}");
        }
        assert_eq!(DtmfInfo::parse(DTMF, &[0xff]), None);
    }

    proptest! {
        #[test]
        fn written_bodies_read_back(digit in prop::sample::select("0123456789*#ABCD!".chars().collect::<Vec<_>>()), ms in 1u32..=60_000) {
            let written = DtmfInfo { digit, duration_ms: Some(ms) };
            prop_assert_eq!(DtmfInfo::parse(DTMF_RELAY, written.to_relay().as_bytes()), Some(written));
            let bare = DtmfInfo { digit, duration_ms: None };
            prop_assert_eq!(DtmfInfo::parse(DTMF, bare.to_dtmf().as_bytes()), Some(bare));
        }

        #[test]
        fn any_bytes_are_read(body in prop::collection::vec(any::<u8>(), 0..400), relay in any::<bool>()) {
            let _read = DtmfInfo::parse(if relay { DTMF_RELAY } else { DTMF }, &body);
        }
    }
}
