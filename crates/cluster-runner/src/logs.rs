//! Follows log files as they grow.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;

const POLL: Duration = Duration::from_millis(100);
/// A line that is longer is shown in pieces.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Read from one file before the next has its turn.
const READ_BYTES_MAX: usize = 256 * 1024;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The source's name.
    pub source: String,
    /// The line without its end.
    pub line: String,
}

/// Follows several log files; files that do not exist yet are waited for.
#[derive(Debug, Default)]
pub struct LogFollower {
    sources: Vec<Source>,
}

#[derive(Debug)]
struct Source {
    name: String,
    path: PathBuf,
    position: u64,
    part: Vec<u8>,
}

impl LogFollower {
    /// Follows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows this file too, from its present end: of what is there already nothing is shown.
    pub fn add_from_end(&mut self, name: impl Into<String>, path: impl Into<PathBuf>) {
        self.add(name, path);
        if let Some(source) = self.sources.last_mut() {
            source.position = std::fs::metadata(&source.path).map_or(0, |metadata| metadata.len());
        }
    }

    /// Follows this file too, from its beginning.
    pub fn add(&mut self, name: impl Into<String>, path: impl Into<PathBuf>) {
        self.sources.push(Source { name: name.into(), path: path.into(), position: 0, part: Vec::new() });
    }

    /// The lines that have come since the last call; waits until there are some.
    ///
    /// # Errors
    /// A file cannot be read.
    pub async fn next(&mut self) -> Result<Vec<LogLine>, Error> {
        loop {
            let lines = self.poll()?;
            if !lines.is_empty() {
                return Ok(lines);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The lines that have come since the last call, perhaps none.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn poll(&mut self) -> Result<Vec<LogLine>, Error> {
        let mut lines = Vec::new();
        for source in &mut self.sources {
            source.read(&mut lines)?;
        }
        Ok(lines)
    }
}

impl Source {
    fn read(&mut self, lines: &mut Vec<LogLine>) -> Result<(), Error> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                return Err(Error::Io { action: format!("reading {}", self.path.display()), source });
            }
        };
        let failed = || Error::io(format!("reading {}", self.path.display()));
        file.seek(SeekFrom::Start(self.position)).map_err(failed())?;
        let count = file.take(READ_BYTES_MAX as u64).read_to_end(&mut self.part).map_err(failed())?;
        self.position += count as u64;
        while let Some(end) = self.part.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.part.drain(..=end).collect();
            self.push(&line, lines);
        }
        if self.part.len() > LINE_BYTES_MAX {
            let line = std::mem::take(&mut self.part);
            self.push(&line, lines);
        }
        Ok(())
    }

    fn push(&self, bytes: &[u8], lines: &mut Vec<LogLine>) {
        let line = String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']).to_owned();
        lines.push(LogLine { source: self.name.clone(), line });
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn whole_lines_as_they_grow() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let mut follower = LogFollower::new();
        follower.add("a", &path);
        assert_eq!(follower.poll().unwrap(), [], "a file that is not there yet");

        let mut file = File::create(&path).unwrap();
        let line = |line: &str| LogLine { source: "a".to_owned(), line: line.to_owned() };
        file.write_all(b"one\ntw").unwrap();
        assert_eq!(follower.poll().unwrap(), [line("one")]);
        file.write_all(b"o\r\n\nthree").unwrap();
        assert_eq!(follower.poll().unwrap(), [line("two"), line("")]);
        assert_eq!(follower.poll().unwrap(), []);

        let mut late = LogFollower::new();
        late.add_from_end("a", &path);
        file.write_all(b"\nfour\n").unwrap();
        assert_eq!(late.poll().unwrap(), [line(""), line("four")]);
    }
}
