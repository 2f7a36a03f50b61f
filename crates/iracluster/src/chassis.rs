use std::sync::Arc;

use std::time::Duration;

use botstream_api::headers;
use iratdb::{IraTdb, Keys, Options};
use serde_json::Value;

use crate::Error;
use crate::databases::Databases;
use crate::drain::Drain;
use crate::events::{self, Events};
use crate::health::Health;
use crate::keys::KeySource;
use crate::metrics::{ChassisMetrics, Metrics};
use crate::serve::RequestContext;
use crate::services_api::ServicesApi;

/// How often a service that waits for a database says so.
const WAITING_TOLD: Duration = Duration::from_secs(10);

/// How long [`Chassis::follow`] waits for somebody who writes: well over the lease of one that has just died.
const FOLLOW_LIMIT: Duration = Duration::from_secs(3);

/// What a service gets from the chassis. Cheap to clone.
#[derive(Clone)]
pub struct Chassis {
    /// Name of the cluster.
    pub cluster: String,
    /// Name of this instance, unique in the cluster.
    pub node: String,
    /// Failure zone; may be empty.
    pub zone: String,
    /// ULID of this process.
    pub instance_id: String,
    /// The connection to NATS.
    pub nats: async_nats::Client,
    /// Where the service says that it is ready.
    pub health: Health,
    /// Metrics, for `/metrics`.
    pub metrics: Metrics,
    /// The way this process ends, and its tasks.
    pub drain: Drain,
    pub(crate) parts: Arc<Parts>,
}

/// What services reach through methods only.
pub(crate) struct Parts {
    pub(crate) chassis_metrics: ChassisMetrics,
    pub(crate) services_api: ServicesApi,
    pub(crate) events: Events,
    pub(crate) cluster_db: IraTdb,
    pub(crate) keys: KeySource,
    pub(crate) databases: Databases,
}

impl Chassis {
    /// Opens a shared database of this cluster, with the keys this process has, and waits until what the others have is in. With keys that
    /// only read, that takes a process that writes it. Ends with [`Error::Interrupted`] when the service is told to end meanwhile.
    pub async fn open(&self, options: Options) -> Result<IraTdb, Error> {
        let db = self.join(options).await?;
        tokio::select! {
            ready = until_ready(&db) => ready.map(|()| db),
            () = self.drain.requested() => Err(Error::Interrupted),
        }
    }

    /// Opens a shared database whose rows live as long as their writers, to read it. If nobody is there who writes it, it is empty, and
    /// that is right.
    pub async fn follow(&self, options: Options) -> Result<IraTdb, Error> {
        let db = self.join(options).await?;
        match tokio::time::timeout(FOLLOW_LIMIT, until_ready(&db)).await {
            Ok(ready) => ready?,
            Err(_) => tracing::info!(database = db.name(), "nobody writes it yet: its rows come when somebody does"),
        }
        Ok(db)
    }

    async fn join(&self, options: Options) -> Result<IraTdb, Error> {
        let keys = self.keys(options.name())?;
        let db = open(options, keys, &self.cluster, &self.node, &self.nats).await?;
        self.parts.databases.add(&db);
        Ok(db)
    }

    /// Whether this process was started without keys, for development.
    pub fn has_no_keys(&self) -> bool {
        self.parts.keys == KeySource::None
    }

    /// The keys that this process has to a database, by its name or that of its files; read anew each time.
    pub fn keys(&self, name: &str) -> Result<Keys, Error> {
        self.parts.keys.of(name)
    }

    /// This process's copy of the `cluster` database: who else is running.
    pub fn cluster_db(&self) -> &IraTdb {
        &self.parts.cluster_db
    }

    /// Where events are published. The first use sees to it that JetStream keeps them.
    pub fn events(&self) -> Events {
        let events = &self.parts.events;
        if events.first_to_need_stream() {
            let (nats, cluster, closing) = (self.nats.clone(), self.cluster.clone(), self.drain.closing_token());
            self.drain.spawn("events-stream", async move {
                tokio::select! {
                    () = events::ensure_stream(nats, &cluster) => {}
                    () = closing.cancelled() => {}
                }
            });
        }
        events.clone()
    }

    /// A client of the API for a tenant.
    pub fn client(&self, tenant: &str) -> botstream_api::Client {
        botstream_api::Client::new(self.nats.clone(), &self.cluster, tenant)
    }

    /// A client for what is asked of others on behalf of a request: same tenant, same trace.
    pub fn client_for(&self, context: &RequestContext) -> botstream_api::Client {
        self.client(&context.tenant).with_header(headers::TRACEPARENT, &context.traceparent)
    }

    /// Live load, told as `data` of every endpoint in `$SRV.STATS`.
    pub fn on_stats(&self, load: impl Fn() -> Value + Send + Sync + 'static) {
        self.parts.services_api.set_load(Box::new(load));
    }

    pub(crate) fn services_api(&self) -> &ServicesApi {
        &self.parts.services_api
    }

    pub(crate) fn chassis_metrics(&self) -> &ChassisMetrics {
        &self.parts.chassis_metrics
    }
}

pub(crate) async fn open(
    options: Options,
    keys: Keys,
    cluster: &str,
    node: &str,
    nats: &async_nats::Client,
) -> Result<IraTdb, Error> {
    let database = options.name().to_owned();
    let db = IraTdb::open(options.cluster(cluster).node(node).nats(nats.clone()).keys(keys)).await;
    db.map_err(|source| Error::Database { database, source })
}

/// Waits until what the others have is in, and says so when that takes long.
pub(crate) async fn until_ready(db: &IraTdb) -> Result<(), Error> {
    loop {
        match tokio::time::timeout(WAITING_TOLD, db.ready()).await {
            Ok(ready) => return ready.map_err(|source| Error::Database { database: db.name().to_owned(), source }),
            Err(_) => tracing::warn!(
                database = db.name(),
                "waiting for a process that has it, writes it and has the same keys"
            ),
        }
    }
}
