use std::sync::Arc;

use botstream_api::headers;
use iratdb::{IraTdb, Options};
use serde_json::Value;

use crate::Error;
use crate::drain::Drain;
use crate::events::{self, Events};
use crate::health::Health;
use crate::metrics::{ChassisMetrics, Metrics};
use crate::serve::RequestContext;
use crate::services_api::ServicesApi;

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
}

impl Chassis {
    /// Opens a shared database of this cluster and waits until what the others have is in.
    pub async fn open(&self, options: Options) -> Result<IraTdb, Error> {
        open(options, &self.cluster, &self.node, &self.nats).await
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
    cluster: &str,
    node: &str,
    nats: &async_nats::Client,
) -> Result<IraTdb, Error> {
    let database = options.name().to_owned();
    let failed = |source| Error::Database { database, source };
    let db = IraTdb::open(options.cluster(cluster).node(node).nats(nats.clone())).await;
    match db {
        Ok(db) => match db.ready().await {
            Ok(()) => Ok(db),
            Err(e) => Err(failed(e)),
        },
        Err(e) => Err(failed(e)),
    }
}
