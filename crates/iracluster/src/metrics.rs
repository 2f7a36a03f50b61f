use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The metrics of a process; every name begins with `botstream_`. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self { registry: Arc::new(Mutex::new(Registry::with_prefix("botstream"))) }
    }

    /// Registers metrics. Once each, at the start.
    pub fn register<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All metrics in OpenMetrics text.
    pub(crate) fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub(crate) verb: String,
    /// `OK`, or the name of the error.
    pub(crate) outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct VerbLabel {
    pub(crate) verb: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct KindLabel {
    pub(crate) kind: &'static str,
}

/// What the chassis itself counts.
#[derive(Debug, Clone)]
pub(crate) struct ChassisMetrics {
    pub(crate) requests: Family<RequestLabels, Counter>,
    pub(crate) request_seconds: Family<VerbLabel, Histogram>,
    pub(crate) requests_running: Gauge,
    pub(crate) nats_connected: Gauge,
    pub(crate) nats_events: Family<KindLabel, Counter>,
    pub(crate) events_published: Counter,
    pub(crate) events_dropped: Counter,
    pub(crate) panics: Counter,
    pub(crate) draining: Gauge,
}

impl ChassisMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        // 0.1 ms to 26 s.
        let buckets = || Histogram::new(exponential_buckets(0.000_1, 4.0, 10));
        let all = Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(buckets),
            requests_running: Gauge::default(),
            nats_connected: Gauge::default(),
            nats_events: Family::default(),
            events_published: Counter::default(),
            events_dropped: Counter::default(),
            panics: Counter::default(),
            draining: Gauge::default(),
        };
        metrics.register(|registry| {
            registry.register("requests", "Requests answered, by verb and outcome", all.requests.clone());
            registry.register_with_unit(
                "request_duration",
                "Time to answer a request",
                Unit::Seconds,
                all.request_seconds.clone(),
            );
            registry.register("requests_running", "Requests being carried out", all.requests_running.clone());
            registry.register("nats_connected", "1 while connected to NATS", all.nats_connected.clone());
            registry.register("nats_events", "What happened to the NATS connection, by kind", all.nats_events.clone());
            registry.register("events_published", "Events handed to NATS", all.events_published.clone());
            registry.register(
                "events_dropped",
                "Events dropped because NATS did not take them fast enough",
                all.events_dropped.clone(),
            );
            registry.register("panics", "Panics, each of which failed one request or task", all.panics.clone());
            registry.register("draining", "1 while draining", all.draining.clone());
        });
        all
    }
}
