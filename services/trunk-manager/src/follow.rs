//! Follows the buckets: what any trunk-manager accepted goes into force here too.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use iracluster::Chassis;

use crate::buckets::{self, Buckets};
use crate::core::object::{Kind, Object};
use crate::core::view::Stored;
use crate::shared::Shared;
use botstream_api::{Bot, Number, Route, Trunk};

/// How long to wait after something failed.
const RETRY: Duration = Duration::from_secs(1);
/// How often a lasting failure is told.
const TOLD_EVERY: u32 = 30;

/// Opens the buckets when they can be, and follows all of them until the process closes.
pub(crate) fn start(chassis: &Chassis, shared: Arc<Shared>) {
    let (nats, cluster, closing) = (chassis.nats.clone(), chassis.cluster.clone(), chassis.drain.closing_token());
    chassis.drain.spawn("follow-buckets", async move {
        tokio::select! {
            () = follow_all(&nats, &cluster, &shared) => {}
            () = closing.cancelled() => {}
        }
    });
}

async fn follow_all(nats: &async_nats::Client, cluster: &str, shared: &Shared) {
    let mut failures = 0_u32;
    loop {
        match Box::pin(Buckets::open(nats, cluster)).await {
            Ok(open) => {
                failures = 0;
                let open = Arc::new(open);
                shared.set_buckets(Arc::clone(&open));
                // The first that fails ends all: they are opened anew together, because a bucket may have been made anew.
                let ended = tokio::select! {
                    ended = follow::<Bot>(&open, shared) => ended,
                    ended = follow::<Route>(&open, shared) => ended,
                    ended = follow::<Trunk>(&open, shared) => ended,
                    ended = follow::<Number>(&open, shared) => ended,
                };
                tracing::warn!(error = ended, "a bucket cannot be followed; opening it again");
            }
            Err(error) => {
                if failures.is_multiple_of(TOLD_EVERY) {
                    tracing::warn!(error, "waiting for JetStream, which keeps the configuration");
                }
                failures = failures.saturating_add(1);
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Follows one bucket; why it ended.
async fn follow<T: Object>(open: &Buckets, shared: &Shared) -> String {
    match try_follow::<T>(open, shared).await {
        Ok(()) => format!("{}s: the bucket's messages have ended", T::KIND.noun()),
        Err(error) => format!("{}s: {error}", T::KIND.noun()),
    }
}

async fn try_follow<T: Object>(open: &Buckets, shared: &Shared) -> Result<(), String> {
    let store = open.of(T::KIND);
    // An empty bucket has no last message that could say that it is the last. Asked before: what comes in between is seen below.
    let is_empty = store.status().await.map_err(|e| e.to_string())?.values() == 0;
    let mut entries = store.watch_with_history(">").await.map_err(|e| e.to_string())?;
    let mut stored = Stored::<T>::new();
    let mut is_read = is_empty;
    while !is_read {
        let entry = entries.next().await.ok_or("ended while it was read")?.map_err(|e| e.to_string())?;
        if let Some((key, mut object)) = understood::<T>(&entry) {
            if let Some(object) = &mut object {
                object.set_revision(entry.revision);
            }
            stored.insert(key, (entry.revision, object));
        }
        is_read = entry.delta == 0;
    }
    tracing::debug!(bucket = T::KIND.noun(), objects = stored.len(), "read");
    shared.load(stored).map_err(|e| e.to_string())?;
    while let Some(entry) = entries.next().await {
        let entry = entry.map_err(|e| e.to_string())?;
        if let Some((key, object)) = understood::<T>(&entry)
            && let Err(error) = shared.take(key, entry.revision, object)
        {
            tracing::error!(key = entry.key, %error, "a change could not be put in force; trying again");
        }
    }
    Ok(())
}

fn understood<T: Object>(entry: &async_nats::jetstream::kv::Entry) -> Option<(crate::core::object::Key, Option<T>)> {
    match buckets::read(entry) {
        Ok(read) => Some(read),
        Err(error) => {
            tracing::error!(error, "an entry of a bucket is not understood, and left out");
            None
        }
    }
}

const _: () = assert!(Kind::ALL.len() == 4, "follow_all follows each kind");
