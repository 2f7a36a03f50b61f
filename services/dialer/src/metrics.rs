//! What operators see of dialling, besides what the chassis counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Metrics of dialling.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    orders: Family<Outcome, Counter>,
    pub(crate) replayed: Counter,
    pub(crate) waiting: Gauge,
}

impl Metrics {
    pub(crate) fn register(metrics: &iracluster::Metrics) -> Self {
        let all = Self::default();
        metrics.register(|registry| {
            registry.register("dial_orders", "Orders to media switches, by outcome", all.orders.clone());
            registry.register("dial_replayed", "Dials answered with a stored reply", all.replayed.clone());
            registry.register("dial_waiting", "Requesters waiting for an answer or an end", all.waiting.clone());
        });
        all
    }

    pub(crate) fn ordered(&self, outcome: &'static str) {
        self.orders.get_or_create(&Outcome { outcome }).inc();
    }
}
