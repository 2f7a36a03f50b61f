//! Takes what comes from each side, and notes how long ago it was written: the time of writing is the value.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use futures_util::StreamExt;
use iratdb::{Change, IraTdb};

use crate::clock::monotonic_ns;
use crate::protocol::Latencies;
use crate::{rows, sides};

/// Listens to all sides.
#[derive(Debug)]
pub(super) struct Ears {
    heard: Arc<Mutex<Latencies>>,
}

type Heard = Arc<Mutex<Latencies>>;

fn note(heard: &Heard, side: impl FnOnce(&mut Latencies) -> &mut Vec<i64>, written_ns: i64) {
    let latency = monotonic_ns() - written_ns;
    side(&mut heard.lock().unwrap_or_else(PoisonError::into_inner)).push(latency);
}

/// The time in a message.
fn time(bytes: &[u8]) -> Option<i64> {
    bytes.first_chunk().map(|time| i64::from_le_bytes(*time))
}

impl Ears {
    /// Starts to listen. What is sent after this is heard.
    pub(super) async fn open(db: &IraTdb, nats_url: &str, redis_url: &str) -> Result<Self> {
        let heard = Heard::default();
        iratdb(db.clone(), Arc::clone(&heard))?;
        nats(nats_url, Arc::clone(&heard)).await?;
        kv(nats_url, Arc::clone(&heard)).await?;
        redis(redis_url, Arc::clone(&heard))?;
        Ok(Self { heard })
    }

    /// How many of each side there are, at least.
    pub(super) fn heard(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).complete()
    }

    /// Gives them, and starts over.
    pub(super) fn take(&self) -> Latencies {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn iratdb(db: IraTdb, heard: Heard) -> Result<()> {
    let mut changes = db.subscribe("t")?;
    tokio::spawn(async move {
        while let Some(change) = changes.next().await {
            // What counts is that it can be read.
            if let Change::Row(row) = change
                && let Some(id) = row.pk.first().and_then(iratdb::Value::as_i64)
                && let Ok(written_ns) = db.read(|c| rows::select(c, id))
                && written_ns != 0
            {
                note(&heard, |l| &mut l.iratdb, written_ns);
            }
        }
    });
    Ok(())
}

async fn nats(url: &str, heard: Heard) -> Result<()> {
    let client = sides::nats(url).await?;
    let mut messages = client.subscribe(sides::SUBJECT).await?;
    client.flush().await?;
    tokio::spawn(async move {
        while let Some(message) = messages.next().await {
            if let Some(written_ns) = time(&message.payload) {
                note(&heard, |l| &mut l.nats, written_ns);
            }
        }
        drop(client);
    });
    Ok(())
}

async fn kv(url: &str, heard: Heard) -> Result<()> {
    let store = sides::key_value(url).await?;
    let mut entries = store.watch(sides::KEY).await.context("watching the key-value store")?;
    tokio::spawn(async move {
        while let Some(Ok(entry)) = entries.next().await {
            if let Some(written_ns) = time(&entry.value) {
                note(&heard, |l| &mut l.kv, written_ns);
            }
        }
    });
    Ok(())
}

fn redis(url: &str, heard: Heard) -> Result<()> {
    let (mut subscribed, mut reading) = (sides::redis(url)?, sides::redis(url)?);
    let (sender, started) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("redis".to_owned()).spawn(move || {
        let mut messages = subscribed.as_pubsub();
        let subscription = messages.subscribe(sides::CHANNEL);
        let failed = subscription.is_err();
        if sender.send(subscription).is_err() || failed {
            return;
        }
        while messages.get_message().is_ok() {
            let read: redis::RedisResult<i64> = redis::cmd("GET").arg(sides::KEY).query(&mut reading);
            if let Ok(written_ns) = read {
                note(&heard, |l| &mut l.redis, written_ns);
            }
        }
    })?;
    started.recv().map_err(|_| anyhow!("the thread for Redis ended"))?.context("subscribing in Redis")
}
