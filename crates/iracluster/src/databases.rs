//! The shared databases that a service has open: closed together at its end, and their counters among the metrics.

use std::sync::{Arc, Mutex, PoisonError};

use iratdb::IraTdb;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::metrics::Metrics;

/// See the module. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Databases(Arc<Mutex<Vec<IraTdb>>>);

impl Databases {
    /// None yet, with their metrics.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let databases = Self::default();
        metrics.register(|registry| registry.register_collector(Box::new(databases.clone())));
        databases
    }

    pub(crate) fn add(&self, db: &IraTdb) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(db.clone());
    }

    fn all(&self) -> Vec<IraTdb> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Leaves them all, so that nobody has to wait for a lease to know.
    pub(crate) async fn close(&self) {
        let closing = self.all().into_iter().map(|db| async move {
            if let Err(error) = db.close().await {
                tracing::warn!(database = db.name(), %error, "the others will notice our end by themselves");
            }
        });
        futures_util::future::join_all(closing).await;
    }
}

impl Collector for Databases {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let all: Vec<_> = self.all().into_iter().map(|db| (db.name().to_owned(), db.stats())).collect();
        let help = "Messages of shared databases that were refused, because they were damaged, forged, replayed or not allowed";
        let mut refused = encoder.encode_descriptor("db_refused", help, None, MetricType::Counter)?;
        for (database, stats) in &all {
            for (reason, count) in stats.refusals.by_reason() {
                let labels = [("database", database.as_str()), ("reason", reason)];
                ConstCounter::new(count).encode(refused.encode_family(&labels)?)?;
            }
        }
        let help = "Live members of shared databases, this process included";
        let mut members = encoder.encode_descriptor("db_members", help, None, MetricType::Gauge)?;
        for (database, stats) in &all {
            let count = i64::try_from(stats.members.len()).unwrap_or(i64::MAX);
            ConstGauge::new(count).encode(members.encode_family(&[("database", database.as_str())])?)?;
        }
        Ok(())
    }
}
