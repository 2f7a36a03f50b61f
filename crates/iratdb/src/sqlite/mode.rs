//! What the connection is used for at the moment, as the hooks see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::hook::memory_used;
use crate::options::Sandbox;

/// What the connection is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mode {
    /// The declared schema is being created, or the crate itself is at work.
    Internal,
    /// The application reads.
    Read,
    /// The application's transaction runs.
    Write,
}

/// Shared by the connection and its hooks. All run on the thread that holds the database's lock, so that relaxed
/// ordering is enough.
#[derive(Debug, Clone)]
pub(super) struct ModeCell(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    mode: AtomicU8,
    savepoints: AtomicBool,
    local_tables: AtomicBool,
    temporary: AtomicBool,
    began: Instant,
    /// How long a closure's statements may run.
    time_max: Option<Duration>,
    /// Whether the transaction can't be committed any more, because it has changed too much.
    doomed: AtomicBool,
    /// How much memory SQLite may use while a closure runs, in bytes.
    memory_max: Option<u64>,
    /// When the closure's time is over, in nanoseconds since `began`.
    deadline_ns: AtomicU64,
}

impl ModeCell {
    pub(super) fn new(sandbox: Option<Sandbox>) -> Self {
        Self(Arc::new(Shared {
            mode: AtomicU8::new(Mode::Internal as u8),
            savepoints: AtomicBool::new(false),
            local_tables: AtomicBool::new(false),
            temporary: AtomicBool::new(false),
            began: Instant::now(),
            doomed: AtomicBool::new(false),
            time_max: sandbox.map(|sandbox| sandbox.statement_time_max),
            memory_max: sandbox.map(|sandbox| sandbox.memory_bytes_max),
            deadline_ns: AtomicU64::new(0),
        }))
    }

    pub(super) fn get(&self) -> Mode {
        match self.0.mode.load(Ordering::Relaxed) {
            0 => Mode::Internal,
            1 => Mode::Read,
            _ => Mode::Write,
        }
    }

    pub(super) fn set(&self, mode: Mode) {
        if let Some(time_max) = self.0.time_max {
            let deadline = self.0.began.elapsed() + time_max;
            self.0.deadline_ns.store(u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        self.0.doomed.store(false, Ordering::Relaxed);
        self.0.mode.store(mode as u8, Ordering::Relaxed);
    }

    /// Whether a closure runs whose time is over, or that has used up its memory or what it may change.
    pub(super) fn is_overdue(&self) -> bool {
        let time = || self.0.began.elapsed() > Duration::from_nanos(self.0.deadline_ns.load(Ordering::Relaxed));
        let memory = || self.0.memory_max.is_some_and(|max| memory_used() > max);
        self.get() != Mode::Internal && (self.0.doomed.load(Ordering::Relaxed) || time() || memory())
    }

    /// The transaction has changed too much to be committed.
    pub(super) fn doom(&self) {
        self.0.doomed.store(true, Ordering::Relaxed);
    }

    /// The application has prepared a savepoint statement; it may be cached, and so run at any time from now on.
    pub(super) fn note_savepoint(&self) {
        self.0.savepoints.store(true, Ordering::Relaxed);
    }

    /// The application has made a table of its own, which may refer to a replicated one.
    pub(super) fn note_local_table(&self) {
        self.0.local_tables.store(true, Ordering::Relaxed);
    }

    pub(super) fn local_tables(&self) -> bool {
        self.0.local_tables.load(Ordering::Relaxed)
    }

    /// The application has prepared a statement that makes or drops something temporary.
    pub(super) fn note_temporary(&self) {
        self.0.temporary.store(true, Ordering::Relaxed);
    }

    pub(super) fn temporary(&self) -> bool {
        self.0.temporary.load(Ordering::Relaxed)
    }

    pub(super) fn savepoints(&self) -> bool {
        self.0.savepoints.load(Ordering::Relaxed)
    }
}
