//! What operators see of the file, and of what is in force.

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Unit;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

/// Metrics of the telephony file and of what is in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    valid: Gauge,
    loaded: Gauge<f64, AtomicU64>,
    trunks: Gauge,
    numbers: Gauge,
    channels: Family<Outcome, Counter>,
    registrations: Family<State, Gauge>,
}

impl Metrics {
    pub(crate) fn register(metrics: &iracluster::Metrics) -> Self {
        let all = Self::default();
        metrics.register(|registry| {
            registry.register("telephony_file_valid", "1 when the file as it is now is in force", all.valid.clone());
            registry.register_with_unit(
                "telephony_file_loaded_timestamp",
                "When the file was last put in force",
                Unit::Seconds,
                all.loaded.clone(),
            );
            registry.register("telephony_trunks", "Trunks in force", all.trunks.clone());
            registry.register("telephony_numbers", "Numbers in force", all.numbers.clone());
            registry.register(
                "trunk_channels_asked_for",
                "Requests for a channel of a trunk with limits, by outcome",
                all.channels.clone(),
            );
            registry.register(
                "trunk_registrations",
                "Trunks that this instance registers, by state",
                all.registrations.clone(),
            );
        });
        all
    }

    pub(crate) fn file_in_force(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.valid.set(1);
        self.loaded.set(now.as_secs_f64());
    }

    pub(crate) fn in_force(&self, trunks: usize, numbers: usize) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.trunks.set(count(trunks));
        self.numbers.set(count(numbers));
    }

    pub(crate) fn asked_for_channel(&self, outcome: &'static str) {
        self.channels.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn registrations(&self, state: &'static str, count: usize) {
        self.registrations.get_or_create(&State { state }).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn refused(&self) {
        self.valid.set(0);
    }
}
