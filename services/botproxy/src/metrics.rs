//! What `/metrics` shows.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::core::{Counters, Proxy};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: u16,
}

/// The proxy's metrics. The core counts plainly; [`update`](Self::update) shows what has been added since the last time.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    shown: Counters,
    calls: Family<Direction, Counter>,
    failovers: Counter,
    in_dialog: Counter,
    timeouts: Counter,
    options: Counter,
    strays: Counter,
    refusals: Family<Reason, Counter>,
    bans: Counter,
    dropped: Family<Reason, Counter>,
    malformed: Family<Status, Counter>,
    pending: Gauge,
    udp_drops: Counter,
    udp_drops_shown: u64,
}

impl Metrics {
    pub(crate) fn register(metrics: &iracluster::Metrics) -> Self {
        let new = Self::default();
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix("botproxy");
            registry.register("calls", "New calls carried, by direction", new.calls.clone());
            registry.register(
                "failovers",
                "Calls sent to another switch because one refused, was silent or not reachable",
                new.failovers.clone(),
            );
            registry.register("in_dialog_requests", "Requests within dialogs carried", new.in_dialog.clone());
            registry.register("timeouts", "Requests that the far end did not answer", new.timeouts.clone());
            registry.register("options_answered", "OPTIONS answered", new.options.clone());
            registry.register("stray_responses", "Responses to no request of ours", new.strays.clone());
            registry.register(
                "refused_requests",
                "Requests refused by the proxy itself, by reason",
                new.refusals.clone(),
            );
            registry.register("bans", "Addresses of strangers that were banned", new.bans.clone());
            registry.register(
                "dropped_messages",
                "Messages of strangers that got no answer, by reason",
                new.dropped.clone(),
            );
            registry.register(
                "malformed_messages",
                "Messages that are no SIP, by the status for them",
                new.malformed.clone(),
            );
            registry.register("pending_requests", "Requests without a final response", new.pending.clone());
            registry.register("udp_sends_dropped", "Datagrams that the kernel would not take", new.udp_drops.clone());
        });
        new
    }

    pub(crate) fn update(&mut self, proxy: &Proxy, udp_sends_dropped: u64) {
        self.pending.set(i64::try_from(proxy.pending()).unwrap_or(i64::MAX));
        self.udp_drops
            .inc_by(udp_sends_dropped.saturating_sub(std::mem::replace(&mut self.udp_drops_shown, udp_sends_dropped)));
        let now = proxy.counters();
        if *now == self.shown {
            return;
        }
        let was = std::mem::replace(&mut self.shown, now.clone());
        let calls = |direction| self.calls.get_or_create_owned(&Direction { direction });
        calls("inbound").inc_by(now.calls_inbound - was.calls_inbound);
        calls("outbound").inc_by(now.calls_outbound - was.calls_outbound);
        self.failovers.inc_by(now.failovers - was.failovers);
        self.in_dialog.inc_by(now.in_dialog - was.in_dialog);
        self.timeouts.inc_by(now.timeouts - was.timeouts);
        self.options.inc_by(now.options_answered - was.options_answered);
        self.strays.inc_by(now.stray_responses - was.stray_responses);
        for (refusal, count) in &now.refusals {
            let before = was.refusals.get(refusal).copied().unwrap_or(0);
            self.refusals.get_or_create_owned(&Reason { reason: refusal.name() }).inc_by(count - before);
        }
        self.bans.inc_by(now.bans - was.bans);
        for (reason, count) in &now.dropped {
            let before = was.dropped.get(reason).copied().unwrap_or(0);
            self.dropped.get_or_create_owned(&Reason { reason: reason.name() }).inc_by(count - before);
        }
        for (status, count) in &now.malformed {
            let before = was.malformed.get(status).copied().unwrap_or(0);
            self.malformed.get_or_create_owned(&Status { status: *status }).inc_by(count - before);
        }
    }
}
