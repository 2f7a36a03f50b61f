//! What happened, as plain numbers: the shell shows them to Prometheus. No call appears in them.

use std::collections::BTreeMap;

/// Why the proxy itself answered a request with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Refusal {
    /// Neither a trunk nor a switch has this source address.
    UnknownSource,
    /// No switch has room, or none answered.
    NoSwitch,
    /// No new calls while draining.
    Draining,
    /// Max-Forwards was used up.
    TooManyHops,
    /// The request came by here before, unchanged.
    Loop,
    /// An extension was asked of the proxy.
    ProxyRequire,
    /// A Request-URI of a scheme that is not carried.
    Scheme,
    /// A method that is not carried outside a dialog.
    Method,
    /// The far end is a name that no trunk has.
    Unresolvable,
    /// A dialog with a switch that nobody knows (any more).
    UnknownDialog,
    /// No room for another transaction.
    Full,
    /// More new calls from one address than it may make.
    Rate,
    /// A call out came later than its trunk's limits allow.
    TooLate,
}

/// Why nothing at all was done about a message of a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Dropped {
    /// Its source has sent too much.
    Banned,
    /// Strangers have been answered often enough in this second.
    Answer,
    /// The answer would have been longer than what was sent.
    Longer,
}

impl Dropped {
    /// The value of the label `reason`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Banned => "banned",
            Self::Answer => "answers",
            Self::Longer => "longer",
        }
    }
}

impl Refusal {
    /// The value of the label `reason`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UnknownSource => "unknown_source",
            Self::NoSwitch => "no_switch",
            Self::Draining => "draining",
            Self::TooManyHops => "too_many_hops",
            Self::Loop => "loop",
            Self::ProxyRequire => "proxy_require",
            Self::Scheme => "scheme",
            Self::Method => "method",
            Self::Unresolvable => "unresolvable",
            Self::UnknownDialog => "unknown_dialog",
            Self::Full => "full",
            Self::Rate => "rate",
            Self::TooLate => "too_late",
        }
    }
}

/// Counts since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// INVITEs from carriers sent to a switch; failovers are not counted again.
    pub(crate) calls_inbound: u64,
    /// INVITEs from switches sent to a trunk.
    pub(crate) calls_outbound: u64,
    /// INVITEs sent to another switch because the first one refused, was silent or not reachable.
    pub(crate) failovers: u64,
    /// Requests within dialogs that were carried.
    pub(crate) in_dialog: u64,
    /// Requests answered for a switch or carrier that did not answer.
    pub(crate) timeouts: u64,
    /// OPTIONS answered.
    pub(crate) options_answered: u64,
    /// Responses that belong to no request of ours.
    pub(crate) stray_responses: u64,
    /// Requests refused by the proxy itself, by reason.
    pub(crate) refusals: BTreeMap<Refusal, u64>,
    /// Strangers that were banned.
    pub(crate) bans: u64,
    /// Messages of strangers that got no answer, by reason.
    pub(crate) dropped: BTreeMap<Dropped, u64>,
    /// Messages that are none, by the status that answers them.
    pub(crate) malformed: BTreeMap<u16, u64>,
}

impl Counters {
    pub(super) fn refused(&mut self, refusal: Refusal) {
        *self.refusals.entry(refusal).or_default() += 1;
    }

    pub(super) fn dropped(&mut self, dropped: Dropped) {
        *self.dropped.entry(dropped).or_default() += 1;
    }

    pub(super) fn malformed(&mut self, status: u16) {
        *self.malformed.entry(status).or_default() += 1;
    }
}
