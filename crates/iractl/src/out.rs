//! Writing to the terminal: a reader that has gone away (`iractl calls | head`) is no error.

use std::io::{self, IsTerminal, Write};

/// Writes a line to standard output at once.
pub(crate) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Writes a line to standard error. When that cannot be written there is nobody to tell.
pub(crate) fn note(text: impl std::fmt::Display) {
    writeln!(io::stderr().lock(), "{text}").unwrap_or_default();
}

/// Colours, where they are wanted: on a terminal, unless `NO_COLOR` is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    pub(crate) fn for_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { on: wanted && io::stdout().is_terminal() }
    }

    fn paint(self, code: u8, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.paint(32, text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.paint(31, text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(1, text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(2, text)
    }

    /// One of a few colours that are told apart easily.
    pub(crate) fn nth(self, index: usize, text: &str) -> String {
        const COLOURS: [u8; 6] = [36, 33, 35, 34, 32, 31];
        let code = COLOURS.get(index % COLOURS.len()).copied().unwrap_or(36);
        self.paint(code, text)
    }
}
