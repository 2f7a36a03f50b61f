//! What `members()` and `stats()` tell: taken under the lock when that is soon free, else as it was when it last was.
//!
//! While a transaction of the application runs, the engine stands still, so that nothing is missed that is older than
//! [`FRESH_MS`] before the transaction began, but how long members have been silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::core::engine::{Counters, Engine, Sizes};

/// How long somebody who asks waits for the lock.
pub(crate) const PATIENCE: Duration = Duration::from_millis(50);
/// How old what is kept may be when something happens, before it is taken again.
const FRESH_MS: u64 = 100;

/// A look at an engine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overview {
    pub(crate) counters: Counters,
    pub(crate) sizes: Sizes,
    pub(crate) frames_missing: u64,
    /// This process's identity, and whether it is ready.
    pub(crate) own: (u64, bool),
    /// Whether this process only reads.
    pub(crate) is_reader: bool,
    pub(crate) others: Vec<Other>,
}

/// Another member.
#[derive(Debug, Clone)]
pub(crate) struct Other {
    pub(crate) id: u64,
    pub(crate) node: Arc<str>,
    pub(crate) ready: bool,
    pub(crate) reader: bool,
    pub(crate) heard_at_ms: u64,
    pub(crate) frames_missing: u64,
    pub(crate) frames_unacknowledged: u64,
}

impl Overview {
    pub(crate) fn of(engine: &Engine) -> Self {
        let others = engine.members().iter().filter_map(|(epoch, member)| {
            let (frames_missing, frames_unacknowledged) = engine.lag(epoch);
            Some(Other {
                id: member.writer?.0,
                node: Arc::clone(&member.node),
                ready: member.ready,
                reader: member.reader,
                heard_at_ms: member.heard_at_ms,
                frames_missing,
                frames_unacknowledged,
            })
        });
        Self {
            counters: engine.counters(),
            sizes: engine.sizes(),
            frames_missing: engine.frames_missing(),
            own: (engine.writer().0, engine.is_ready()),
            is_reader: engine.is_reader(),
            others: others.collect(),
        }
    }
}

/// The last look.
#[derive(Debug)]
pub(crate) struct Kept {
    overview: Mutex<Overview>,
    at_ms: AtomicU64,
}

impl Kept {
    pub(crate) fn new(overview: Overview) -> Self {
        Self { overview: Mutex::new(overview), at_ms: AtomicU64::new(0) }
    }

    /// The last look.
    pub(crate) fn get(&self) -> Overview {
        self.overview.lock().clone()
    }

    /// Takes another look, if the last is old. Called under the engine's lock.
    pub(crate) fn refresh(&self, engine: &Engine, now_ms: u64) {
        if now_ms >= self.at_ms.load(Ordering::Relaxed) + FRESH_MS {
            self.at_ms.store(now_ms, Ordering::Relaxed);
            self.renew(engine);
        }
    }

    /// Takes another look. Called under the engine's lock.
    pub(crate) fn renew(&self, engine: &Engine) -> Overview {
        let overview = Overview::of(engine);
        self.overview.lock().clone_from(&overview);
        overview
    }
}
