//! Reading a header value from left to right (RFC 3261 §25.1: LWS around separators).

use crate::message::lex::is_token_byte;

/// A position in a header value.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(crate) fn skip_ws(&mut self) {
        self.take_while(|c| c == ' ' || c == '\t');
    }

    /// Takes the character, with white space on both sides of it.
    pub(crate) fn separator(&mut self, wanted: char) -> bool {
        let before = self.at;
        self.skip_ws();
        if self.peek() == Some(wanted) {
            self.at += wanted.len_utf8();
            self.skip_ws();
            return true;
        }
        self.at = before;
        false
    }

    /// Takes the character, here and now.
    pub(crate) fn take_char(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    pub(crate) fn take_while(&mut self, mut accept: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    /// A token, not empty.
    pub(crate) fn token(&mut self) -> Option<&'a str> {
        let token = self.take_while(|c| c.is_ascii() && is_token_byte(c as u8));
        (!token.is_empty()).then_some(token)
    }

    /// Decimal digits, at least one.
    pub(crate) fn digits(&mut self) -> Option<&'a str> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        (!digits.is_empty()).then_some(digits)
    }

    /// A quoted-string with its quotes and escapes as they stand; `None` if it does not end.
    pub(crate) fn quoted_raw(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let mut chars = rest.char_indices();
        if chars.next()?.1 != '"' {
            return None;
        }
        let mut escaped = false;
        for (i, c) in chars {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '"' {
                self.at += i + 1;
                return rest.get(..=i);
            }
        }
        None
    }
}

/// The text inside a quoted-string, escapes resolved; other text unchanged.
pub(crate) fn unquote(raw: &str) -> String {
    let Some(inner) = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')) else {
        return raw.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            other => out.push(other),
        }
    }
    out
}

/// The text as a quoted-string.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        // Line ends are the one thing a quoted-pair can't carry (RFC 3261 §25.1).
        out.push(if c == '\r' || c == '\n' { ' ' } else { c });
    }
    out.push('"');
    out
}

/// Cuts a list at the commas that are outside quotes and angle brackets (RFC 3261 §7.3.1).
pub(crate) fn split_list(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let now = rest?;
        let (mut quoted, mut escaped, mut depth) = (false, false, 0u32);
        for (i, c) in now.char_indices() {
            if escaped {
                escaped = false;
                continue;
            }
            match c {
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '<' if !quoted => depth = depth.saturating_add(1),
                '>' if !quoted => depth = depth.saturating_sub(1),
                ',' if !quoted && depth == 0 => {
                    rest = now.get(i + 1..);
                    return now.get(..i).map(trim);
                }
                _ => {}
            }
        }
        rest = None;
        Some(trim(now))
    })
}

/// Without spaces and tabs around it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_split() {
        let parts: Vec<&str> = split_list(r#""a, \" b" <sip:x,y@h> , <sip:z>"#).collect();
        assert_eq!(parts, [r#""a, \" b" <sip:x,y@h>"#, "<sip:z>"]);
    }

    #[test]
    fn quotes_come_off_and_go_on() {
        assert_eq!(unquote(r#""a \"b\" \\ c""#), r#"a "b" \ c"#);
        assert_eq!(unquote(&quote(r#"x"y\z"#)), r#"x"y\z"#);
        assert_eq!(unquote("plain"), "plain");
    }
}
