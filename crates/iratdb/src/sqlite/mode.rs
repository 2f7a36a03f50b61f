//! What the connection is used for at the moment, as the hooks see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

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
#[derive(Debug, Clone, Default)]
pub(super) struct ModeCell(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    mode: AtomicU8,
    savepoints: AtomicBool,
    local_tables: AtomicBool,
}

impl ModeCell {
    pub(super) fn get(&self) -> Mode {
        match self.0.mode.load(Ordering::Relaxed) {
            0 => Mode::Internal,
            1 => Mode::Read,
            _ => Mode::Write,
        }
    }

    pub(super) fn set(&self, mode: Mode) {
        self.0.mode.store(mode as u8, Ordering::Relaxed);
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

    pub(super) fn savepoints(&self) -> bool {
        self.0.savepoints.load(Ordering::Relaxed)
    }
}
