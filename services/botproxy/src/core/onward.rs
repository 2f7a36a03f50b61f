//! Calls from switches to trunks, requests within dialogs both ways, CANCEL and ACK.

use std::time::{Duration, Instant};

use sip::headers::NameAddr;
use sip::transaction::ServerId;
use sip::uri::{DEFAULT_PORT, Host, SipUri, Uri};
use sip::{HeaderName, Headers, Peer, Request, Transport};

use super::classify::{Source, listening_at};
use super::forward::{Arrival, Forward, ForwardId, Kind};
use super::inbound::address;
use super::route::{OwnRoutes, count_hop, loop_mark, strip_internal};
use super::{Directory, Proxy, Refusal};

/// How long a switch that has left the table may be silent within a dialog.
const GONE_SILENCE_MAX: Duration = Duration::from_secs(2);

/// Until when a trunk's limits let a call out, in ms since 1970.
const SEND_BY_HEADER: &str = "X-BotStream-Send-By";

/// Where a request goes next.
struct Hop {
    peer: Peer,
    /// How long the far end may be silent, and the status that the sender gets then. Without it the transaction's own
    /// timers decide.
    patience: Option<(Duration, u16)>,
}

/// Why a request goes nowhere: its status, and what is counted.
type Nowhere = (u16, Refusal);

impl Proxy {
    /// A request from a switch or a trunk-manager that makes a dialog or stands alone.
    pub(super) fn forward_outbound(&mut self, now: Instant, arrival: Arrival, directory: &mut dyn Directory) {
        let Some(peer) = next_hop(&arrival.request, directory) else {
            self.refuse(now, arrival.server, &arrival.request, 502, Refusal::Unresolvable);
            return;
        };
        if arrival.request.method == sip::Method::Invite && !answers_challenge(&arrival.request) {
            // However it was delayed: sent now, it might be one too many in its second.
            let send_by_ms = arrival.request.header(SEND_BY_HEADER).map(|text| text.trim().parse::<i64>());
            if send_by_ms.is_some_and(|by_ms| by_ms.map_or(true, |by_ms| directory.unix_ms() > by_ms)) {
                self.refuse(now, arrival.server, &arrival.request, 503, Refusal::TooLate);
                return;
            }
            self.counters.calls_outbound += 1;
        }
        self.forward_onward(now, arrival, &Hop { peer, patience: None }, directory);
    }

    /// A request within a dialog.
    pub(super) fn forward_in_dialog(
        &mut self,
        now: Instant,
        arrival: Arrival,
        source: &Source,
        routes: &OwnRoutes,
        directory: &mut dyn Directory,
    ) {
        match self.dialog_hop(&arrival.request, source, routes, directory) {
            Ok(hop) => {
                self.counters.in_dialog += 1;
                self.forward_onward(now, arrival, &hop, directory);
            }
            Err((status, refusal)) => self.refuse(now, arrival.server, &arrival.request, status, refusal),
        }
    }

    /// Where a request within a dialog goes.
    fn dialog_hop(
        &self,
        request: &Request,
        source: &Source,
        routes: &OwnRoutes,
        directory: &dyn Directory,
    ) -> Result<Hop, Nowhere> {
        if *source == Source::Switch {
            let peer = next_hop(request, directory).or(routes.carrier).ok_or((502, Refusal::Unresolvable))?;
            return Ok(Hop { peer, patience: None });
        }
        // A carrier reaches switches through us and nothing else.
        let stated = routes.switch.or_else(|| next_hop(request, directory));
        let peer = stated
            .filter(|peer| self.switches.alive(*peer).is_some())
            .or_else(|| switch_of_call(request, directory))
            .ok_or((481, Refusal::UnknownDialog))?;
        let limit = self.config.dialog_silence_max;
        let patience = match self.switches.alive(peer).ok_or((481, Refusal::UnknownDialog))? {
            true => (limit, 408),
            false => (limit.min(GONE_SILENCE_MAX), 481),
        };
        Ok(Hop { peer, patience: Some(patience) })
    }

    fn forward_onward(&mut self, now: Instant, arrival: Arrival, hop: &Hop, directory: &mut dyn Directory) {
        let Arrival { server, mut request, from } = arrival;
        let switch = listening_at(&request, from);
        let mark = loop_mark(&request, self.switches.alive(switch).is_some());
        strip_internal(&mut request.headers);
        count_hop(&mut request.headers);
        let mut forward = self.new_forward(server, Kind::Onward, request, from, hop.peer, mark);
        if let Some((limit, status)) = hop.patience {
            forward.silent_until = Some(now + limit);
            forward.silence_status = status;
        }
        self.send_branch(now, &mut forward, switch, hop.peer);
        self.file(forward, directory);
    }

    /// An ACK of a 2xx goes the way of the dialog, statelessly (§16.11); nobody answers one that can't be carried.
    pub(super) fn on_ack(&mut self, now: Instant, mut request: Request, from: Peer, directory: &mut dyn Directory) {
        let source = self.classify(now, &request, from, directory);
        let refusal = match self.check(&request, source == Source::Switch) {
            Ok(()) if source == Source::Unknown => Some(Refusal::UnknownSource),
            Ok(()) => None,
            Err((_, refusal)) => Some(refusal),
        };
        if let Some(refusal) = refusal {
            self.counters.refused(refusal);
            return;
        }
        let routes = self.take_own_routes(&mut request);
        match self.dialog_hop(&request, &source, &routes, directory) {
            Ok(hop) => {
                strip_internal(&mut request.headers);
                count_hop(&mut request.headers);
                self.counters.in_dialog += 1;
                self.layer.request_stateless(hop.peer, request);
            }
            Err((_, refusal)) => self.counters.refused(refusal),
        }
    }

    /// §16.10: answered hop by hop; the INVITE's live branch is cancelled, and no other one is begun.
    pub(super) fn on_cancel(&mut self, now: Instant, server: ServerId, cancel: &Request) {
        let invite = self.layer.cancelled_invite(cancel);
        let tag = self.tokens.token();
        let Some(invite) = invite else {
            self.refuse(now, server, cancel, 481, Refusal::UnknownDialog);
            return;
        };
        self.layer.respond(now, server, &cancel.response(200, None, Some(&tag)));
        let forward = self.by_server.get(&invite).and_then(|id| self.forwards.get_mut(id));
        if let Some(forward) = forward.filter(|f| f.cancelled.is_none()) {
            let mut reasons = Headers::new();
            for reason in cancel.headers.all(&HeaderName::Reason) {
                reasons.push(HeaderName::Reason, reason.clone());
            }
            forward.cancelled = Some(reasons);
            let id = forward.id;
            self.cancel_branch(now, id);
        }
    }

    /// Cancels the live branch, if its far end has shown that it has the INVITE (§9.1).
    pub(super) fn cancel_branch(&mut self, now: Instant, id: ForwardId) {
        let Some(forward) = self.forwards.get_mut(&id) else { return };
        send_cancel(&mut self.layer, now, forward);
    }

    pub(super) fn new_forward(
        &mut self,
        server: ServerId,
        kind: Kind,
        request: Request,
        upstream: Peer,
        downstream: Peer,
        mark: String,
    ) -> Forward {
        self.next_forward += 1;
        let id = ForwardId(self.next_forward);
        self.by_server.insert(server, id);
        Forward {
            id,
            server,
            kind,
            request,
            upstream,
            downstream,
            client: None,
            mark,
            silent_until: None,
            silence_status: 408,
            give_up_status: 487,
            ring_until: None,
            watch_at: None,
            is_proceeding: false,
            cancelled: None,
            is_cancel_sent: false,
            end_at: None,
            is_over: false,
            scheduled: None,
        }
    }

    /// Sends the request on, with Record-Route if it makes a dialog. `switch` and `carrier` are its two ends.
    pub(super) fn send_branch(&mut self, now: Instant, forward: &mut Forward, switch: Peer, carrier: Peer) {
        let mut request = forward.request.clone();
        if forward.is_invite() && request.to_tag().is_none() {
            for value in self.record_routes(forward.upstream, forward.downstream, switch, carrier).into_iter().rev() {
                request.headers.push_front(HeaderName::RecordRoute, value);
            }
        }
        forward.is_proceeding = false;
        forward.watch_at = None;
        if forward.is_invite() {
            forward.ring_until = Some(now + self.config.timer_c);
        }
        match self.layer.request_marked(now, forward.downstream, request, &forward.mark) {
            Ok(client) => {
                forward.client = Some(client);
                self.by_client.insert(client, forward.id);
            }
            Err(_) => self.refuse_forward(now, forward, 503, Refusal::Full),
        }
    }
}

/// Whether it is the same call once more, with credentials: that was counted and had its turn.
fn answers_challenge(request: &Request) -> bool {
    let has = |name| request.headers.get(name).is_some();
    has(&HeaderName::Authorization) || has(&HeaderName::ProxyAuthorization)
}

/// Sends the CANCEL that a forward owes, once it may.
pub(super) fn send_cancel(layer: &mut sip::transaction::Layer, now: Instant, forward: &mut Forward) {
    let Some(reasons) = forward.cancelled.as_ref().filter(|_| forward.is_proceeding && !forward.is_cancel_sent) else {
        return;
    };
    if let Some(client) = forward.client {
        // Without room for it, the next provisional response tries again.
        forward.is_cancel_sent = layer.cancel(now, client, reasons).is_ok();
    }
}

/// The next hop by RFC 3261 §16.6 step 7: the first Route, else the Request-URI; a name must be a trunk's.
fn next_hop(request: &Request, directory: &dyn Directory) -> Option<Peer> {
    let route = sip::headers::list_values(&request.headers, &HeaderName::Route).into_iter().next();
    let uri = match route {
        Some(route) => NameAddr::parse(&route).ok()?.uri,
        None => request.parsed_uri().ok()?,
    };
    match uri {
        Uri::Sip(uri) => sip::dialog::peer_of(&uri).or_else(|| resolve(&uri, directory)),
        Uri::Tel(_) | Uri::Other(_) => None,
    }
}

/// The switch that has the call, by the shared table: for carriers that leave our Route out of what they send within a
/// dialog, and put our address into its Request-URI.
fn switch_of_call(request: &Request, directory: &dyn Directory) -> Option<Peer> {
    let node = directory.node_of_call(&request.call_id())?;
    let switches = directory.switches();
    let switch = switches.iter().find(|switch| switch.node == node)?;
    let transport = request.top_via().and_then(|via| Transport::from_name(&via.transport));
    address(switch, transport.unwrap_or(Transport::Udp))
}

fn resolve(uri: &SipUri, directory: &dyn Directory) -> Option<Peer> {
    let Host::Name(name) = &uri.host else { return None };
    let addr = directory.resolve(name, uri.port.unwrap_or(DEFAULT_PORT))?;
    Some(Peer { transport: uri.transport().unwrap_or(Transport::Udp), addr })
}
