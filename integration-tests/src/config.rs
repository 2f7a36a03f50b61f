//! The telephony file of a test's cluster.

use std::fmt::Write;

/// Trunks, numbers and bots, as TOML.
#[derive(Debug, Default)]
pub struct Telephony {
    text: String,
}

impl Telephony {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A trunk: calls come from `address`, and calls go to `peer` (host and port).
    #[must_use]
    pub fn trunk(self, name: &str, address: &str, peer: impl std::fmt::Display) -> Self {
        self.table(format_args!("[[trunks]]\nname = {name:?}\naddresses = [{address:?}]\npeer = \"{peer}\""))
    }

    /// A trunk with these further keys, one a line: `srtp = "required"`.
    #[must_use]
    pub fn trunk_with(self, name: &str, peer: impl std::fmt::Display, keys: &str) -> Self {
        self.table(format_args!("[[trunks]]\nname = {name:?}\npeer = \"{peer}\"\n{keys}"))
    }

    /// A number that leads straight to a bot, over a route and a bot of the number's name.
    #[must_use]
    pub fn number(self, number: &str, bot_url: &str, format: Format) -> Self {
        // `*` is no name.
        let name = if number == "*" { "any" } else { number.trim_start_matches('+') };
        let format = format.toml();
        self.table(format_args!(
            "[[numbers]]\nnumber = {number:?}\nroute = \"r{name}\"\n\n\
             [[routes]]\nname = \"r{name}\"\nbot = \"b{name}\"\n\n\
             [[bots]]\nname = \"b{name}\"\nurl = {bot_url:?}\nformat = {format}"
        ))
    }

    /// A number that leads straight to a bot of these further keys, one a line: `dialect = "twilio"`.
    #[must_use]
    pub fn bot(self, number: &str, bot_url: &str, keys: &str) -> Self {
        let name = number.trim_start_matches('+');
        self.table(format_args!(
            "[[numbers]]\nnumber = {number:?}\nroute = \"r{name}\"\n\n\
             [[routes]]\nname = \"r{name}\"\nbot = \"b{name}\"\n\n\
             [[bots]]\nname = \"b{name}\"\nurl = {bot_url:?}\n{keys}"
        ))
    }

    /// The file's text.
    pub fn toml(&self) -> &str {
        &self.text
    }

    fn table(mut self, table: std::fmt::Arguments<'_>) -> Self {
        // Writing to a string cannot fail.
        write!(self.text, "{table}\n\n").unwrap_or_default();
        self
    }
}

/// Format of the audio between switch and bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// L16 at 16 kHz, the default.
    L16,
    /// µ-law at 8 kHz.
    Mulaw,
    /// A-law at 8 kHz.
    Alaw,
}

impl Format {
    /// The same for a bot, which accepts it: a bot that says so is sent audio from the first packet on, others are given time
    /// to choose.
    pub fn accepted(self) -> Option<voicebot::Format> {
        let (encoding, rate_hz) = match self {
            Self::L16 => (voicebot::Encoding::L16, 16_000),
            Self::Mulaw => (voicebot::Encoding::Mulaw, 8_000),
            Self::Alaw => (voicebot::Encoding::Alaw, 8_000),
        };
        voicebot::Format::new(encoding, rate_hz, 20).ok()
    }

    fn toml(self) -> &'static str {
        match self {
            Self::L16 => r#"{ encoding = "l16", rate = 16000 }"#,
            Self::Mulaw => r#"{ encoding = "mulaw", rate = 8000 }"#,
            Self::Alaw => r#"{ encoding = "alaw", rate = 8000 }"#,
        }
    }
}
