//! Connections to all sides, as the benchmark and the processes that it starts use them.

use anyhow::{Context, Result};
use async_nats::jetstream::{self, kv, stream::StorageType};
use iratdb::{IraTdb, Keys, Options, TableOptions};
use redis::{ConnectionInfo, IntoConnectionInfo};

use crate::protocol::Opening;
use crate::rows::DDL;
use crate::test_keys::file;

/// Cluster name of all databases.
pub(crate) const CLUSTER: &str = "bench";
/// Subject of the raw NATS messages.
pub(crate) const SUBJECT: &str = "bench.raw";
/// The key-value store, and its key.
pub(crate) const BUCKET: &str = "bench";
/// Redis's channel.
pub(crate) const CHANNEL: &str = "bench";
/// Key of the value in Redis and in the key-value store.
pub(crate) const KEY: &str = "k1";
/// Bytes of a raw NATS message: about what a sealed frame of one change has.
pub(crate) const MESSAGE_BYTES: usize = 256;

/// A NATS connection.
pub(crate) async fn nats(url: &str) -> Result<async_nats::Client> {
    async_nats::connect(url).await.with_context(|| format!("connecting to {url}"))
}

/// The key-value store, in memory, made if it is not there.
pub(crate) async fn key_value(url: &str) -> Result<kv::Store> {
    let config =
        kv::Config { bucket: BUCKET.to_owned(), history: 1, storage: StorageType::Memory, ..kv::Config::default() };
    jetstream::new(nats(url).await?).create_key_value(config).await.context("making the key-value store")
}

/// A Redis connection that sends at once.
pub(crate) fn redis(url: &str) -> Result<redis::Connection> {
    let info: ConnectionInfo = url.into_connection_info()?;
    let settings = info.tcp_settings().clone().set_nodelay(true);
    let client = redis::Client::open(info.set_tcp_settings(settings))?;
    client.get_connection().with_context(|| format!("connecting to {url}"))
}

/// Opens a database, over that connection or for this process alone.
pub(crate) async fn open(opening: &Opening, nats: Option<async_nats::Client>) -> Result<IraTdb> {
    let keys =
        if opening.keys { Keys::read_write_from_files(file("write.pem"), file("read.pem"))? } else { Keys::open() };
    let table = if opening.owned { TableOptions::default().owned() } else { TableOptions::default() };
    let mut options = Options::new(&opening.database).cluster(CLUSTER).schema(&[DDL]).table("t", table).keys(keys);
    if let Some(nats) = nats {
        options = options.nats(nats);
    }
    let db = IraTdb::open(options).await?;
    db.ready().await.with_context(|| format!("joining {}", opening.database))?;
    Ok(db)
}
