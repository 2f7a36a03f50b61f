use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_nats::jetstream::stream::{Config, StorageType};
use async_nats::{Client, HeaderMap, jetstream};
use botstream_api::event::Body;
use botstream_api::{Encoding, Event, encoding, headers, subjects, timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::metrics::ChassisMetrics;

/// Events waiting for NATS to take them. At 10 events a call this is what 800 calls produce while NATS is away.
const QUEUE_MAX: usize = 8_192;

/// Calls whose events are being counted; far above what one switch can carry.
const CALLS_MAX: usize = 100_000;

/// How long JetStream keeps events.
const KEPT: Duration = Duration::from_secs(72 * 60 * 60);

/// Classes of events that are kept.
const KEPT_CLASSES: [&str; 4] = ["call", "dtmf", "stream", "trunk"];

/// Publishes events. Never waits: what NATS does not take in time is dropped and counted, and shows as a gap in `ev_seq`.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Events {
    node: String,
    queue: mpsc::Sender<Item>,
    /// The last `ev_seq` of each call that has not ended.
    sequences: Arc<Mutex<HashMap<String, u32>>>,
    metrics: ChassisMetrics,
    stream_asked_for: Arc<AtomicBool>,
}

enum Item {
    Event(Box<Event>),
    Flush(oneshot::Sender<()>),
}

impl Events {
    pub(crate) fn start(nats: Client, cluster: String, node: String, metrics: ChassisMetrics) -> Self {
        let (queue, items) = mpsc::channel(QUEUE_MAX);
        // Not a task of the drain: it has to outlive everything that publishes.
        tokio::spawn(publish_all(nats, cluster, items, metrics.clone()));
        Self { node, queue, sequences: Arc::default(), metrics, stream_asked_for: Arc::default() }
    }

    /// Publishes an event. Fills in what is not set: `node`, `ts`, `tenant`, and `ev_seq`, which counts each call's events from 1 and is
    /// forgotten with `call.ended`.
    pub fn publish(&self, mut event: Event) {
        if event.node.is_empty() {
            event.node.clone_from(&self.node);
        }
        if event.tenant.is_empty() {
            subjects::DEFAULT_TENANT.clone_into(&mut event.tenant);
        }
        if event.ts.is_none() {
            event.ts = Some(timestamp(SystemTime::now()));
        }
        if event.ev_seq == 0 {
            event.ev_seq = self.next_sequence(&event);
        }
        if self.queue.try_send(Item::Event(Box::new(event))).is_err() {
            self.metrics.events_dropped.inc();
        }
    }

    fn next_sequence(&self, event: &Event) -> u32 {
        let mut sequences = self.sequences.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(event.body, Some(Body::CallEnded(_))) {
            return sequences.remove(&event.call_id).unwrap_or(0) + 1;
        }
        if let Some(last) = sequences.get_mut(&event.call_id) {
            *last += 1;
            return *last;
        }
        if sequences.len() < CALLS_MAX {
            sequences.insert(event.call_id.clone(), 1);
        }
        1
    }

    /// Waits until everything published before is with NATS.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.queue.send(Item::Flush(done)).await.is_ok() {
            flushed.await.ok();
        }
    }

    /// Whether this is the first time of asking for the JetStream stream.
    pub(crate) fn first_to_need_stream(&self) -> bool {
        !self.stream_asked_for.swap(true, Ordering::Relaxed)
    }
}

async fn publish_all(nats: Client, cluster: String, mut items: mpsc::Receiver<Item>, metrics: ChassisMetrics) {
    while let Some(item) = items.recv().await {
        let event = match item {
            Item::Event(event) => event,
            Item::Flush(done) => {
                if let Err(e) = nats.flush().await {
                    tracing::warn!(error = %e, "events could not be flushed");
                }
                done.send(()).ok();
                continue;
            }
        };
        let Some((class, kind)) = event.class_and_type() else {
            tracing::error!(call_id = event.call_id, "an event without a body is not published");
            continue;
        };
        let subject = subjects::event(&cluster, &event.tenant, class, kind, &event.call_id);
        let payload = match encoding::encode(event.as_ref(), Encoding::Json) {
            Ok(payload) => payload,
            Err(e) => {
                tracing::error!(error = %e, "an event cannot be encoded");
                continue;
            }
        };
        let mut map = HeaderMap::new();
        map.insert(headers::CONTENT_TYPE, Encoding::Json.content_type());
        map.insert(async_nats::header::NATS_MESSAGE_ID, format!("{}-{}", event.call_id, event.ev_seq).as_str());
        match nats.publish_with_headers(subject, map, payload).await {
            Ok(()) => metrics.events_published.inc(),
            Err(e) => {
                tracing::warn!(error = %e, "an event could not be published");
                metrics.events_dropped.inc()
            }
        };
    }
}

/// Creates the stream that keeps events, or brings it up to date. Where there is no JetStream, events still go out; they are not kept.
pub(crate) async fn ensure_stream(nats: Client, cluster: &str) {
    let name = subjects::events_stream(cluster);
    let context = jetstream::new(nats.clone());
    let servers = nats.server_info().connect_urls.len();
    let mut config = Config {
        name: name.clone(),
        description: Some(format!("Events of the cluster {cluster}")),
        subjects: KEPT_CLASSES.iter().map(|class| format!("bs.v1.{cluster}.*.ev.{class}.>")).collect(),
        max_age: KEPT,
        storage: StorageType::File,
        num_replicas: if servers >= 3 { 3 } else { 1 },
        ..Config::default()
    };
    let mut failed = context.create_or_update_stream(config.clone()).await.err();
    if failed.is_some() {
        // A server without a disk, or another one's stream that memory was chosen for.
        config.storage = StorageType::Memory;
        failed = context.create_or_update_stream(config).await.err();
    }
    match failed {
        None => tracing::debug!(stream = name, "events are kept"),
        Some(e) => {
            tracing::warn!(stream = name, error = %e, "events are not kept: JetStream is not available")
        }
    }
}
