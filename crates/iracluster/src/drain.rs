use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The way a service ends: first it takes nothing new, then it finishes what it has, then it stops.
///
/// Three stages, each seen by who needs it: *draining* ([`Drain::requested`]), all work done ([`Drain::drained`]), and *closing*
/// ([`Drain::closing`]), when the main function has returned and loops must end. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Drain {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    draining: watch::Sender<Stage>,
    holds: watch::Sender<usize>,
    tasks: TaskTracker,
    /// How many tasks of each name run, to say at the end which did not.
    names: Mutex<BTreeMap<&'static str, usize>>,
    closing: CancellationToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// By order; can be taken back.
    Ordered,
    /// By a signal: whoever sent it will not wait for ever, so it cannot be taken back.
    Final,
}

impl Drain {
    pub(crate) fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                draining: watch::Sender::new(Stage::Running),
                holds: watch::Sender::new(0),
                tasks: TaskTracker::new(),
                names: Mutex::new(BTreeMap::new()),
                closing: CancellationToken::new(),
            }),
        }
    }

    /// Starts the drain, as `node.drain` does.
    pub fn request(&self) {
        self.inner.draining.send_if_modified(|stage| {
            let starts = *stage == Stage::Running;
            if starts {
                *stage = Stage::Ordered;
            }
            starts
        });
    }

    /// Starts the drain for good, as SIGTERM does.
    pub(crate) fn request_final(&self) {
        self.inner.draining.send_replace(Stage::Final);
    }

    /// Takes an ordered drain back; `false` when it is final.
    pub fn undo(&self) -> bool {
        let mut undone = true;
        self.inner.draining.send_if_modified(|stage| {
            undone = *stage != Stage::Final;
            let changes = *stage == Stage::Ordered;
            if changes {
                *stage = Stage::Running;
            }
            changes
        });
        undone
    }

    /// Whether nothing new may be taken.
    pub fn is_draining(&self) -> bool {
        *self.inner.draining.borrow() != Stage::Running
    }

    /// Waits until nothing new may be taken. The drain may be undone later; see [`Drain::changed_from`].
    pub async fn requested(&self) {
        self.changed_from(false).await;
    }

    /// Waits until [`Drain::is_draining`] is other than `draining`; says what it is then. For whoever has to follow the drain both
    /// ways.
    pub async fn changed_from(&self, draining: bool) -> bool {
        let mut stage = self.inner.draining.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        stage.wait_for(|stage| (*stage != Stage::Running) != draining).await.is_ok_and(|stage| *stage != Stage::Running)
    }

    /// Keeps the process from ending while it is held; one for each piece of work, e.g. a call.
    pub fn hold(&self) -> Hold {
        self.inner.holds.send_modify(|holds| *holds += 1);
        Hold { inner: Arc::clone(&self.inner) }
    }

    /// How many pieces of work are held.
    pub fn holds(&self) -> usize {
        *self.inner.holds.borrow()
    }

    /// Waits until nothing new may be taken and nothing is held: what a service's main function waits for.
    pub async fn drained(&self) {
        loop {
            self.requested().await;
            let mut holds = self.inner.holds.subscribe();
            tokio::select! {
                _ = holds.wait_for(|holds| *holds == 0) => {
                    if self.is_draining() {
                        return;
                    }
                }
                _ = self.changed_from(true) => {}
            }
        }
    }

    /// Waits until the service's main function has returned: what background loops end by.
    pub async fn closing(&self) {
        self.inner.closing.cancelled().await;
    }

    /// A token that is cancelled when [`Drain::closing`] returns.
    pub fn closing_token(&self) -> CancellationToken {
        self.inner.closing.clone()
    }

    /// Runs a task that the process waits for at its end. Loops end by [`Drain::closing`]; whatever else is left at the
    /// drain limit is named in the log and cut off.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let named = Named::new(name, Arc::clone(&self.inner));
        self.inner.tasks.spawn(async move {
            let _named = named;
            future.await
        })
    }

    pub(crate) fn close(&self) {
        self.inner.closing.cancel();
        self.inner.tasks.close();
    }

    /// Waits for all tasks; the names of those that are left after `limit`.
    pub(crate) async fn finished(&self, limit: Duration) -> Result<(), Vec<&'static str>> {
        match tokio::time::timeout(limit, self.inner.tasks.wait()).await {
            Ok(()) => Ok(()),
            Err(_) => {
                let names = self.inner.names.lock().unwrap_or_else(PoisonError::into_inner);
                Err(names.keys().copied().collect())
            }
        }
    }
}

/// A piece of work that the process does not end before; see [`Drain::hold`].
#[derive(Debug)]
pub struct Hold {
    inner: Arc<Inner>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.inner.holds.send_modify(|holds| *holds = holds.saturating_sub(1));
    }
}

struct Named {
    name: &'static str,
    inner: Arc<Inner>,
}

impl Named {
    fn new(name: &'static str, inner: Arc<Inner>) -> Self {
        let mut names = inner.names.lock().unwrap_or_else(PoisonError::into_inner);
        *names.entry(name).or_default() += 1;
        drop(names);
        Self { name, inner }
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let mut names = self.inner.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = names.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                names.remove(self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use std::pin::pin;

    #[tokio::test]
    async fn a_drain_ends_when_the_work_is_done() {
        let drain = Drain::new();
        let first = drain.hold();
        let second = drain.hold();
        let mut drained = pin!(drain.drained());
        assert!(poll!(&mut drained).is_pending());
        drain.request();
        drop(first);
        assert!(poll!(&mut drained).is_pending());
        drop(second);
        assert!(poll!(&mut drained).is_ready());
    }

    #[tokio::test]
    async fn idle_without_an_order_is_no_drain() {
        let drain = Drain::new();
        drop(drain.hold());
        assert!(poll!(pin!(drain.drained())).is_pending());
    }

    #[tokio::test]
    async fn an_order_can_be_undone_a_signal_cannot() {
        let drain = Drain::new();
        let hold = drain.hold();
        let mut drained = pin!(drain.drained());
        drain.request();
        assert!(poll!(&mut drained).is_pending());
        assert!(drain.undo());
        drop(hold);
        assert!(poll!(&mut drained).is_pending());
        assert!(!drain.is_draining());
        drain.request_final();
        drain.request();
        assert!(!drain.undo());
        assert!(poll!(&mut drained).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_left_at_the_limit_are_named() {
        let drain = Drain::new();
        let ends = drain.clone();
        drain.spawn("ends", async move { ends.closing().await });
        let stuck = drain.spawn("stuck", std::future::pending::<()>());
        drain.close();
        assert_eq!(drain.finished(Duration::from_secs(1)).await, Err(vec!["stuck"]));
        stuck.abort();
        assert_eq!(drain.finished(Duration::from_secs(1)).await, Ok(()));
    }
}
