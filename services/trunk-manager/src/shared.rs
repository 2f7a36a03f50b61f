//! What is in force, and the way of everything into it: from the file, from requests, and from the other trunk-managers' writes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use botstream_api::Error;
use iratdb::IraTdb;
use tokio::sync::watch;

use crate::buckets::{self, Buckets};
use crate::core::land;
use crate::core::object::{Key, Kind, Object};
use crate::core::status::Status;
use crate::core::telephony::Telephony;
use crate::core::view::{Stored, View};

/// Shared by the requests and by those who follow the buckets.
#[derive(Debug)]
pub(crate) struct Shared {
    db: IraTdb,
    state: Mutex<State>,
    /// `None` until JetStream is there.
    buckets: watch::Sender<Option<Arc<Buckets>>>,
    loaded: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    view: View,
    /// Buckets that have not been read yet. As long as there are any, `config` is not touched: its rows may be theirs.
    awaited: BTreeSet<Kind>,
    /// Something could not be landed.
    is_behind: bool,
}

impl Shared {
    pub(crate) fn new(db: IraTdb, file: Telephony) -> Self {
        let view = View { file, ..View::default() };
        let state = State { view, awaited: Kind::ALL.into(), is_behind: false };
        Self { db, state: Mutex::new(state), buckets: watch::Sender::new(None), loaded: watch::Sender::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks what is in force.
    pub(crate) fn view<R>(&self, ask: impl FnOnce(&View) -> R) -> R {
        ask(&self.state().view)
    }

    /// The buckets, if JetStream is there.
    pub(crate) fn buckets(&self) -> Result<Arc<Buckets>, Error> {
        let open = self.buckets.borrow().clone();
        open.ok_or_else(|| buckets::storage("is not available: the configuration cannot be changed now"))
    }

    pub(crate) fn set_buckets(&self, open: Arc<Buckets>) {
        self.buckets.send_replace(Some(open));
    }

    /// Waits until everything that is kept is in force.
    pub(crate) async fn until_loaded(&self) {
        let mut loaded = self.loaded.subscribe();
        // The sender lives as long as `self`.
        drop(loaded.wait_for(|loaded| *loaded).await);
    }

    /// There is no JetStream: the file is all there is.
    pub(crate) fn await_nothing(&self) -> iratdb::Result<()> {
        let mut state = self.state();
        state.awaited.clear();
        self.land_all(&mut state).map(drop)
    }

    /// Puts another file in force; says how many rows that changed.
    pub(crate) fn set_file(&self, file: Telephony) -> iratdb::Result<usize> {
        let mut state = self.state();
        state.view.file = file;
        self.land_all(&mut state)
    }

    /// Takes in all that a bucket holds.
    pub(crate) fn load<T: Object>(&self, stored: Stored<T>) -> iratdb::Result<()> {
        let mut state = self.state();
        *T::held_mut(&mut state.view.held) = stored;
        state.awaited.remove(&T::KIND);
        self.land_all(&mut state).map(drop)
    }

    /// Takes in what a bucket has under one key, in memory and in `config`, unless it is known.
    pub(crate) fn take<T: Object>(&self, key: Key, revision: u64, object: Option<T>) -> iratdb::Result<()> {
        let mut state = self.state();
        if !state.view.take(key.clone(), revision, object) || !state.awaited.is_empty() {
            return Ok(());
        }
        let landed = self.db.write(|conn| state.view.land::<T>(conn, &key));
        state.is_behind |= landed.is_err();
        landed.map(drop)
    }

    /// Asks JetStream what it has under this key now: another trunk-manager may just have changed it.
    pub(crate) async fn refresh<T: Object>(&self, key: &Key) -> Result<(), Error> {
        let buckets = self.buckets()?;
        let entry = buckets.of(T::KIND).entry(key.to_bucket()).await.map_err(buckets::storage)?;
        let Some(entry) = entry else { return Ok(()) };
        let (key, object) = buckets::read::<T>(&entry).map_err(buckets::storage)?;
        self.take(key, entry.revision, object).map_err(not_landed)
    }

    /// The database `config`.
    pub(crate) fn db(&self) -> &IraTdb {
        &self.db
    }

    /// Fills in how the objects are.
    pub(crate) fn fill_in_status<T: Status>(&self, objects: &mut [T]) -> Result<(), Error> {
        let filled = self.db.read(|conn| objects.iter_mut().try_for_each(|object| object.fill_in_status(conn)));
        filled.map_err(|error| Error::internal(error.to_string()))
    }

    /// Lands what could not be landed.
    pub(crate) fn catch_up(&self) -> iratdb::Result<()> {
        let mut state = self.state();
        if state.is_behind { self.land_all(&mut state).map(drop) } else { Ok(()) }
    }

    fn land_all(&self, state: &mut State) -> iratdb::Result<usize> {
        if !state.awaited.is_empty() {
            return Ok(0);
        }
        state.is_behind = true;
        let whole = state.view.whole();
        let commit = self.db.write(|conn| land::land(conn, &whole))?;
        state.is_behind = false;
        self.loaded.send_replace(true);
        Ok(commit.rows_changed)
    }
}

/// It is kept, but the shared database did not take it yet.
pub(crate) fn not_landed(error: iratdb::Error) -> Error {
    Error::internal(format!("it is kept, but not in force yet: {error}"))
}
