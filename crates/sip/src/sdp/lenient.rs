//! Descriptions as they are really sent, made fit for the strict parser.
//!
//! Only the lines that this stack acts on are kept (v o s c t a m); everything else could only fail to parse.
//! White space around lines goes, and so do doubles of what may come once: the first counts.

use std::fmt::Write;

/// Most digits of an origin's number that are kept: what a 64-bit reader surely takes.
const ORIGIN_DIGITS_MAX: usize = 18;

/// The same description with only what matters, spelt as the standard has it.
pub(super) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_media, mut origin_seen, mut name_seen, mut connection_seen) = (false, false, false, false);
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once('=') else { continue };
        let value = value.trim();
        let once = |seen: &mut bool| !std::mem::replace(seen, true);
        // Writing to a String cannot fail.
        match key {
            "v" => write!(out, "v={value}\r\n").unwrap_or_default(),
            "o" if once(&mut origin_seen) => origin(&mut out, value),
            "s" if !in_media && once(&mut name_seen) => write!(out, "s={value}\r\n").unwrap_or_default(),
            "c" if in_media || once(&mut connection_seen) => connection(&mut out, value),
            "t" if !in_media => times(&mut out, value),
            "a" if !value.is_empty() => write!(out, "a={value}\r\n").unwrap_or_default(),
            "m" => {
                in_media = true;
                media(&mut out, value);
            }
            _ => {}
        }
    }
    out
}

/// `<user> <id> <version> IN IP4 <address>`, read from its end, for user names have spaces in them. Nothing but
/// the version is of use to us: it only has to grow when the description changes.
fn origin(out: &mut String, value: &str) {
    let mut words = value.split_whitespace().rev().skip(3);
    let (version, id) = (words.next(), words.next());
    if let (Some(version), Some(id)) = (version, id) {
        write!(out, "o=- {} {} IN IP4 0.0.0.0\r\n", number(id), number(version)).unwrap_or_default();
    }
}

/// The number itself, or the last digits in what is none ("-5", "1.0", more than 64 bits).
fn number(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| {
        let digits: Vec<char> = word.chars().filter(char::is_ascii_digit).collect();
        let from = digits.len().saturating_sub(ORIGIN_DIGITS_MAX);
        digits.iter().skip(from).collect::<String>().parse().unwrap_or(0)
    })
}

fn connection(out: &mut String, value: &str) {
    let mut words = value.split_whitespace();
    if let (Some(net), Some(family), Some(address)) = (words.next(), words.next(), words.next()) {
        write!(out, "c={net} {family} {address}\r\n").unwrap_or_default();
    }
}

/// What can't be read is left out; the answer then says `0 0`.
fn times(out: &mut String, value: &str) {
    let mut words = value.split_whitespace().map(str::parse::<u64>);
    if let (Some(Ok(start)), Some(Ok(stop))) = (words.next(), words.next()) {
        write!(out, "t={start} {stop}\r\n").unwrap_or_default();
    }
}

/// One space between words. A stream that is switched off may come without formats; it gets the one that is
/// echoed for it.
fn media(out: &mut String, value: &str) {
    out.push_str("m=");
    let mut count = 0;
    for word in value.split_whitespace() {
        if count > 0 {
            out.push(' ');
        }
        out.push_str(word);
        count += 1;
    }
    if count == 3 {
        out.push_str(" 0");
    }
    out.push_str("\r\n");
}
