//! Why a cluster could not be run.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Why a cluster could not be run. Each message says what to do where something can be done.
#[derive(Debug, Error)]
pub enum Error {
    /// A program that is to be run is not there.
    #[error("{program} was not found: {hint}")]
    Missing {
        /// Its name.
        program: String,
        /// Where it was looked for, or how to get it.
        hint: String,
    },
    /// nats-server is there, but too old.
    #[error("{} is version {version}, needed is {version_min} or newer: run scripts/install-tools.sh", path.display())]
    TooOld {
        /// Where it is.
        path: PathBuf,
        /// Its version.
        version: String,
        /// The oldest that works.
        version_min: &'static str,
    },
    /// A file or a process could not be made.
    #[error("{action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it failed.
        source: io::Error,
    },
    /// No port is free.
    #[error("no free port between {first} and {last}")]
    NoPort {
        /// First port tried.
        first: u16,
        /// Last port tried.
        last: u16,
    },
    /// A process ended instead of becoming ready.
    #[error("{name} ended ({status}) before it was ready; its log {} ends with:\n{tail}", log.display())]
    Ended {
        /// The process's name.
        name: String,
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A process did not become ready in time.
    #[error("{name} was not ready after {limit:?}; its log {} ends with:\n{tail}", log.display())]
    NotReady {
        /// The process's name.
        name: String,
        /// How long was waited.
        limit: Duration,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A process that was asked to end did not.
    #[error("{name} did not end within {limit:?} of being asked to and was killed; its log {} ends with:\n{tail}", log.display())]
    WouldNotEnd {
        /// The process's name.
        name: String,
        /// How long was waited.
        limit: Duration,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A process ended by itself, or badly.
    #[error("{name} ended with {status}; its log {} ends with:\n{tail}", log.display())]
    BadEnd {
        /// The process's name.
        name: String,
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// The keys of the shared databases can't be made or used.
    #[error("{0}")]
    Keys(String),
    /// NATS could not be talked to.
    #[error("NATS at {url}: {detail}")]
    Nats {
        /// Where.
        url: String,
        /// What went wrong.
        detail: String,
    },
}

impl Error {
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
