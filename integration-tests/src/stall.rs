//! How long the machine itself stands still, so that a test of timing does not blame the system for what something else does
//! to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(5);

/// A thread that does nothing but nap, and notes how much too late it wakes.
#[derive(Debug)]
pub struct StallWatch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    longest_us: AtomicU64,
}

impl StallWatch {
    /// Watches from now on.
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let watched = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            while !watched.stopped.load(Ordering::Relaxed) {
                let begin = Instant::now();
                thread::sleep(NAP);
                let late = begin.elapsed().saturating_sub(NAP);
                watched.longest_us.fetch_max(u64::try_from(late.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        });
        Self { shared, thread: Some(thread) }
    }

    /// The longest stall so far.
    pub fn longest_stall_ms(&self) -> f64 {
        self.shared.longest_us.load(Ordering::Relaxed) as f64 / 1_000.0
    }
}

impl Drop for StallWatch {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}
