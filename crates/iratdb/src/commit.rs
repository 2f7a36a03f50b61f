//! Committed transactions, and waiting until others have them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::core::engine::Engine;
use crate::error::{Error, Result};
use crate::shared::Shared;

/// A transaction that is in the local copy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Commit<T> {
    /// What the closure returned.
    pub value: T,
    /// How many replicated rows changed.
    pub rows_changed: usize,
    pub(crate) number: u64,
    pub(crate) shared: Arc<Shared>,
}

impl<T> Commit<T> {
    /// What the closure returned.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Waits until this commit, and all of this process before it, shows at `members` live members beside this process. What so many
    /// have is not lost as long as one of them lives.
    ///
    /// Fails with [`Error::NotReplicated`] if it takes longer than `timeout`: the commit stays, and may arrive later. Fails with
    /// [`Error::Closed`] if the database is closed meanwhile.
    pub async fn replicated(&self, members: usize, timeout: Duration) -> Result<()> {
        let shared = &self.shared;
        let wait_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let too_few = |have| Error::NotReplicated { have, wanted: members, waited_ms: wait_ms };
        shared.check_open()?;
        let waiter = shared.with(|state| {
            let have = state.engine.replicas(self.number);
            if have >= members {
                return Ok(None);
            }
            if !state.engine.has_others() {
                return Err(too_few(have));
            }
            state.engine.await_replicas(shared.now(), self.number, wait_ms);
            Ok(Some(state.waiters.add(self.number, members)))
        })??;
        let Some(waiter) = waiter else { return Ok(()) };
        // There may be a question to send, and a time to ask again.
        shared.work.notify_one();
        match tokio::time::timeout(timeout, waiter).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => {
                shared.check_open()?;
                Err(Error::Closed)
            }
            Err(_) => match shared.with(|state| state.engine.replicas(self.number))? {
                have if have >= members => Ok(()),
                have => Err(too_few(have)),
            },
        }
    }
}

/// Who waits for commits to be at other members.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Vec<Waiter>);

#[derive(Debug)]
struct Waiter {
    commit: u64,
    members: usize,
    done: oneshot::Sender<()>,
}

impl Waiters {
    fn add(&mut self, commit: u64, members: usize) -> oneshot::Receiver<()> {
        let (done, waiter) = oneshot::channel();
        // Those whose time is over leave when the next comes.
        self.0.retain(|waiter| !waiter.done.is_closed());
        self.0.push(Waiter { commit, members, done });
        waiter
    }

    /// Tells those whose commits have arrived.
    pub(crate) fn wake(&mut self, engine: &mut Engine) {
        if !engine.take_ack_news() || self.0.is_empty() {
            return;
        }
        let arrived = |waiter: &Waiter| engine.replicas(waiter.commit) >= waiter.members;
        for waiter in self.0.extract_if(.., |waiter| arrived(waiter)) {
            // If it has stopped waiting, that is its affair.
            waiter.done.send(()).unwrap_or_default();
        }
    }

    /// The database is closed.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
