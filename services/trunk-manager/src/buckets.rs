//! The buckets in JetStream: where what was accepted at run time is kept for good.

use std::time::Duration;

use async_nats::jetstream::kv::{Config, CreateErrorKind, Entry, Operation, Store, UpdateErrorKind};
use async_nats::jetstream::stream::StorageType;
use async_nats::jetstream::{self, Context};
use botstream_api::{Error, ErrorCode, from_json};
use bytes::Bytes;

use crate::core::object::{Key, Kind, Object};
use crate::core::view::without_revision;

/// How long what was replied to a request with an idempotency key is kept.
const REQUESTS_KEPT: Duration = Duration::from_secs(600);

/// How long what was granted on a trunk is kept after the last grant: far longer than it counts.
const LIMITS_KEPT: Duration = Duration::from_secs(3_600);

/// All of a cluster's.
#[derive(Debug)]
pub(crate) struct Buckets {
    bots: Store,
    routes: Store,
    trunks: Store,
    numbers: Store,
    /// Requests with idempotency keys.
    pub(crate) requests: Store,
    /// What has been granted on trunks with limits.
    pub(crate) limits: Store,
}

/// Why a write was not made.
#[derive(Debug)]
pub(crate) enum NotWritten {
    /// The object is not what the writer thought.
    Conflict,
    /// Storage failed; it may have been made.
    Failed(Error),
}

impl Buckets {
    /// Opens them, and makes those that are not there.
    pub(crate) async fn open(nats: &async_nats::Client, cluster: &str) -> Result<Self, String> {
        let context = jetstream::new(nats.clone());
        let replicas = if nats.server_info().connect_urls.len() >= 3 { 3 } else { 1 };
        let bucket = |kind: Kind| config(kind.bucket(cluster), Duration::ZERO, replicas);
        Ok(Self {
            bots: open(&context, bucket(Kind::Bot)).await?,
            routes: open(&context, bucket(Kind::Route)).await?,
            trunks: open(&context, bucket(Kind::Trunk)).await?,
            numbers: open(&context, bucket(Kind::Number)).await?,
            requests: open(&context, config(format!("bs_{cluster}_config_requests"), REQUESTS_KEPT, replicas)).await?,
            limits: open(&context, config(format!("bs_{cluster}_trunk_limits"), LIMITS_KEPT, replicas)).await?,
        })
    }

    pub(crate) const fn of(&self, kind: Kind) -> &Store {
        match kind {
            Kind::Bot => &self.bots,
            Kind::Route => &self.routes,
            Kind::Trunk => &self.trunks,
            Kind::Number => &self.numbers,
        }
    }

    /// Writes an object that is not there; its revision.
    pub(crate) async fn create<T: Object>(&self, object: &T) -> Result<u64, NotWritten> {
        let created = self.of(T::KIND).create(object.key().to_bucket(), written(object)?).await;
        created.map_err(|e| match e.kind() {
            CreateErrorKind::AlreadyExists => NotWritten::Conflict,
            _ => NotWritten::Failed(storage(e)),
        })
    }

    /// Writes an object over the revision that it names; its new revision.
    pub(crate) async fn update<T: Object>(&self, object: &T) -> Result<u64, NotWritten> {
        let updated = self.of(T::KIND).update(object.key().to_bucket(), written(object)?, object.revision()).await;
        updated.map_err(not_updated)
    }

    /// Deletes an object of this revision.
    pub(crate) async fn delete<T: Object>(&self, key: &Key, revision: u64) -> Result<(), NotWritten> {
        let deleted = self.of(T::KIND).delete_expect_revision(key.to_bucket(), Some(revision)).await;
        deleted.map_err(not_updated)
    }
}

fn not_updated(error: jetstream::kv::UpdateError) -> NotWritten {
    match error.kind() {
        UpdateErrorKind::WrongLastRevision => NotWritten::Conflict,
        _ => NotWritten::Failed(storage(error)),
    }
}

fn written<T: Object>(object: &T) -> Result<Bytes, NotWritten> {
    let text = serde_json::to_vec(&without_revision(object));
    text.map(Bytes::from).map_err(|e| NotWritten::Failed(Error::internal(format!("it cannot be written as JSON: {e}"))))
}

/// What an entry says of its object: `None`: it was deleted. An entry that this version does not understand is an error.
pub(crate) fn read<T: Object>(entry: &Entry) -> Result<(Key, Option<T>), String> {
    let problem = |why: String| format!("{}, revision {}: {why}", entry.key, entry.revision);
    let key = Key::from_bucket(&entry.key).ok_or_else(|| problem("is no key of ours".to_owned()))?;
    if entry.operation != Operation::Put {
        return Ok((key, None));
    }
    let object: T = from_json(&entry.value).map_err(|e| problem(e.to_string()))?;
    if object.key() != key {
        return Err(problem("holds another object".to_owned()));
    }
    Ok((key, Some(object)))
}

/// An error of JetStream.
pub(crate) fn storage(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::StorageFailed, format!("JetStream: {error}"))
}

fn config(bucket: String, max_age: Duration, num_replicas: usize) -> Config {
    Config { bucket, history: 1, max_age, num_replicas, storage: StorageType::File, ..Config::default() }
}

async fn open(context: &Context, config: Config) -> Result<Store, String> {
    // Whatever an operator has changed of one that is there (replicas, placement) stays so.
    if let Ok(store) = context.get_key_value(&config.bucket).await {
        return Ok(store);
    }
    let name = config.bucket.clone();
    context.create_key_value(config).await.map_err(|e| format!("bucket {name}: {e}"))
}
