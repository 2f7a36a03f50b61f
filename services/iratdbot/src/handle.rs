//! One open database of one client.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use iratdb::IraTdb;
use tokio_util::sync::CancellationToken;

use crate::cursors::Cursors;
use crate::wire::OpenMode;

/// A replica of its own: its client's owned rows are this replica's, and vanish with it.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) id: String,
    pub(crate) database: String,
    pub(crate) mode: OpenMode,
    pub(crate) db: IraTdb,
    transactions: AtomicU64,
    cursors: Mutex<Cursors>,
    watches: Mutex<HashMap<String, CancellationToken>>,
    heard: Mutex<Instant>,
    running: AtomicUsize,
}

/// A request that uses the handle: it does not expire meanwhile.
#[derive(Debug)]
pub(crate) struct InUse(pub(crate) Arc<Handle>);

impl InUse {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        handle.running.fetch_add(1, Ordering::AcqRel);
        Self(handle)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        *lock(&self.0.heard) = Instant::now();
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Handle {
    pub(crate) fn new(id: String, database: String, mode: OpenMode, db: IraTdb) -> Self {
        Self {
            id,
            database,
            mode,
            db,
            transactions: AtomicU64::new(0),
            cursors: Mutex::default(),
            watches: Mutex::default(),
            heard: Mutex::new(Instant::now()),
            running: AtomicUsize::new(0),
        }
    }

    /// Whether nothing has been heard of the client for longer than `lease`.
    pub(crate) fn is_expired(&self, lease: Duration) -> bool {
        self.running.load(Ordering::Acquire) == 0 && lock(&self.heard).elapsed() > lease
    }

    /// Names the next transaction.
    pub(crate) fn next_token(&self) -> String {
        let number = self.transactions.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}.{number}", self.id)
    }

    pub(crate) fn cursors(&self) -> MutexGuard<'_, Cursors> {
        lock(&self.cursors)
    }

    pub(crate) fn watches(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        lock(&self.watches)
    }

    /// Ends the watches and leaves the database.
    pub(crate) async fn close(&self) {
        for (_, watch) in self.watches().drain() {
            watch.cancel();
        }
        if let Err(error) = self.db.close().await {
            tracing::warn!(handle = self.id, database = self.database, %error, "the others will notice its end by themselves");
        }
    }
}

/// Nothing of these panics half-way, so what they guard is whole even then.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
