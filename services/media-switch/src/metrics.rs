//! What a switch counts for Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    sip_status: u16,
}

/// Counters of the signalling side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    calls: Gauge,
    begun: Counter,
    answered: Counter,
    refused: Family<StatusLabel, Counter>,
}

impl Metrics {
    pub(crate) fn register(metrics: &iracluster::Metrics) -> Self {
        let all = Self::default();
        metrics.register(|registry| {
            registry.register("calls", "Calls there are", all.calls.clone());
            registry.register("calls_begun", "Calls taken in or placed", all.begun.clone());
            registry.register("calls_answered", "Calls answered", all.answered.clone());
            registry.register("calls_refused", "Inbound calls refused, by SIP status", all.refused.clone());
        });
        all
    }

    pub(crate) fn begun(&self) {
        self.calls.inc();
        self.begun.inc();
    }

    pub(crate) fn answered(&self) {
        self.answered.inc();
    }

    pub(crate) fn ended(&self) {
        self.calls.dec();
    }

    pub(crate) fn refused(&self, sip_status: u16) {
        self.refused.get_or_create(&StatusLabel { sip_status }).inc();
    }
}
