//! What operators see of the handles.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    pub(crate) handles: Gauge,
    pub(crate) expired: Counter,
    pub(crate) changes: Counter,
}

impl Metrics {
    pub(crate) fn register(metrics: &iracluster::Metrics) -> Self {
        let all = Self::default();
        metrics.register(|registry| {
            registry.register("db_handles", "Open handles", all.handles.clone());
            let expired = "Handles closed because nothing was heard of their client";
            registry.register("db_handles_expired", expired, all.expired.clone());
            registry.register("db_watch_changes", "Row changes told to watching clients", all.changes.clone());
        });
        all
    }
}
