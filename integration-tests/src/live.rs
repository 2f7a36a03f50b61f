//! Looks into the live shared databases of a cluster, with the operator's keys.

use std::time::Duration;

use anyhow::Context;
use botstream_state::load::{self, SwitchLoad};
use botstream_state::rights::OPERATOR;
use cluster_runner::Cluster;
use iratdb::{IraTdb, Keys, Options};

/// Longest wait for what should come soon.
const LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// Opens a copy of a database, with everything in it.
pub async fn open(cluster: &Cluster, options: Options) -> anyhow::Result<IraTdb> {
    let nats = cluster.client().nats().clone();
    let keys = Keys::from_directory(cluster.keys().directory(OPERATOR), options.name())?;
    let database = IraTdb::open(options.cluster(cluster.name()).node("test").nats(nats).keys(keys)).await?;
    tokio::time::timeout(LIMIT, database.ready()).await.context("the database is not ready")??;
    Ok(database)
}

/// The load of all switches.
pub fn switches(load: &IraTdb) -> anyhow::Result<Vec<SwitchLoad>> {
    Ok(load.read(load::switches)?)
}

/// Waits until `holds`; at the time limit fails with `what` was waited for.
pub async fn until(what: &str, mut holds: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let waiting = async {
        while !holds()? {
            tokio::time::sleep(POLL).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(LIMIT, waiting).await.with_context(|| format!("waited in vain until {what}"))?
}
