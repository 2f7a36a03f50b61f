//! All open handles of this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use botstream_api::{Error, ErrorCode};

use crate::handle::{Handle, InUse};
use crate::metrics::Metrics;
use crate::wire::DatabaseInfo;

/// What a client that is one too many is told to wait.
const RETRY_AFTER_MS: u32 = 1_000;

/// See the module. A place is taken before a database is opened, so that many that open at once stay within the limit.
#[derive(Debug)]
pub(crate) struct Handles {
    open: Mutex<Open>,
    handles_max: usize,
    pub(crate) lease: Duration,
    pub(crate) metrics: Metrics,
}

#[derive(Debug, Default)]
struct Open {
    handles: BTreeMap<String, Arc<Handle>>,
    opening: usize,
}

/// A handle that is being opened.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Handles);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().opening -= 1;
    }
}

impl Handles {
    pub(crate) fn new(handles_max: usize, lease: Duration, metrics: Metrics) -> Self {
        Self { open: Mutex::default(), handles_max, lease, metrics }
    }

    /// Room for one more.
    pub(crate) fn place(&self) -> Result<Place<'_>, Error> {
        let mut open = self.lock();
        if open.handles.len() + open.opening >= self.handles_max {
            let sentence = format!("{} handles are open here, the most allowed (flag handles)", self.handles_max);
            return Err(Error::new(ErrorCode::ConcurrencyLimit, sentence).retry_after_ms(RETRY_AFTER_MS));
        }
        open.opening += 1;
        Ok(Place(self))
    }

    pub(crate) fn insert(&self, handle: Handle) {
        let mut open = self.lock();
        open.handles.insert(handle.id.clone(), Arc::new(handle));
        self.count(&open);
    }

    /// A handle, for one request.
    pub(crate) fn get(&self, id: &str) -> Result<InUse, Error> {
        self.lock().handles.get(id).map(|handle| InUse::new(Arc::clone(handle))).ok_or_else(|| no_handle(id))
    }

    pub(crate) fn remove(&self, id: &str) -> Result<Arc<Handle>, Error> {
        let mut open = self.lock();
        let handle = open.handles.remove(id).ok_or_else(|| no_handle(id))?;
        self.count(&open);
        Ok(handle)
    }

    /// Takes out those whose clients are gone.
    pub(crate) fn expire(&self) -> Vec<Arc<Handle>> {
        let mut open = self.lock();
        let expired: Vec<_> = open.handles.values().filter(|handle| handle.is_expired(self.lease)).cloned().collect();
        for handle in &expired {
            open.handles.remove(&handle.id);
        }
        self.count(&open);
        expired
    }

    /// Takes out all.
    pub(crate) fn take_all(&self) -> Vec<Arc<Handle>> {
        let mut open = self.lock();
        let handles = std::mem::take(&mut open.handles);
        self.count(&open);
        handles.into_values().collect()
    }

    /// The open databases.
    pub(crate) fn databases(&self) -> Vec<DatabaseInfo> {
        let handles: Vec<_> = self.lock().handles.values().cloned().collect();
        let mut databases: BTreeMap<&str, DatabaseInfo> = BTreeMap::new();
        for handle in &handles {
            let stats = handle.db.stats();
            let info = databases.entry(&handle.database).or_insert_with(|| DatabaseInfo {
                db: handle.database.clone(),
                handles: 0,
                members: 0,
                rows: 0,
            });
            info.handles += 1;
            (info.members, info.rows) = (stats.members.len(), stats.rows);
        }
        databases.into_values().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, open: &Open) {
        self.metrics.handles.set(i64::try_from(open.handles.len()).unwrap_or(i64::MAX));
    }
}

fn no_handle(id: &str) -> Error {
    let sentence =
        format!("no handle {id:?}: it was closed, or has expired because nothing was heard of its client; open anew");
    Error::new(ErrorCode::NotFound, sentence).field("handle")
}
