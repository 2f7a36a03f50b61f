//! New calls from carriers: to the least loaded switch, and to the next one if that says nothing or 503.

use std::time::Instant;

use botstream_state::load::{self, SwitchLoad};
use sip::headers::NameAddr;
use sip::uri::{Uri, escape_user};
use sip::{HeaderName, Peer, Request, Response, Transport};

use super::forward::{Arrival, Forward, Kind};
use super::route::{count_hop, loop_mark, strip_internal};
use super::{Directory, Proxy, Refusal, TrunkName};

const TRUNK_HEADER: &str = "X-BotStream-Trunk";
const TENANT_HEADER: &str = "X-BotStream-Tenant";

impl Proxy {
    pub(super) fn forward_inbound(
        &mut self,
        now: Instant,
        arrival: Arrival,
        trunk: TrunkName,
        directory: &mut dyn Directory,
    ) {
        let Arrival { server, mut request, from } = arrival;
        if self.is_draining {
            self.refuse(now, server, &request, 503, Refusal::Draining);
            return;
        }
        let mark = loop_mark(&request, false);
        strip_internal(&mut request.headers);
        // Where a new call goes is decided here, not by the caller.
        request.headers.remove(&HeaderName::Route);
        count_hop(&mut request.headers);
        if let Some(contact_user) = directory.contact_user(&trunk) {
            name_called_number(&mut request, &contact_user);
        }
        request.headers.push(TRUNK_HEADER.into(), trunk.name);
        request.headers.push(TENANT_HEADER.into(), trunk.tenant);
        let kind = Kind::Inbound { tried: Vec::new(), is_reserved: false };
        let mut forward = self.new_forward(server, kind, request, from, from, mark);
        self.try_next_switch(now, &mut forward, None, directory);
        if !forward.is_over {
            self.counters.calls_inbound += 1;
        }
        self.file(forward, directory);
    }

    /// Sends an INVITE to the least loaded switch that has not been tried. With none left the carrier gets the last
    /// switch's refusal, or our own 503.
    pub(super) fn try_next_switch(
        &mut self,
        now: Instant,
        forward: &mut Forward,
        refusal: Option<Response>,
        directory: &mut dyn Directory,
    ) {
        let Kind::Inbound { tried, .. } = &mut forward.kind else { return };
        let mut candidates = directory.switches();
        self.switches.note(now, &candidates);
        candidates.retain(|switch| !tried.contains(&switch.node));
        let tie_break = self.tokens.next_u64();
        while let Some(switch) = load::choose(&candidates, tie_break).cloned() {
            tried.push(switch.node.clone());
            let Some(peer) = address(&switch, forward.upstream.transport) else {
                candidates.retain(|other| other.node != switch.node);
                continue;
            };
            let call_id = forward.request.call_id().into_owned();
            directory.reserve(&call_id, &switch.node);
            if tried.len() > 1 {
                self.counters.failovers += 1;
            }
            if let Kind::Inbound { is_reserved, .. } = &mut forward.kind {
                *is_reserved = true;
            }
            forward.downstream = peer;
            forward.silent_until = Some(now + self.config.switch_silence_max);
            self.send_branch(now, forward, peer, forward.upstream);
            return;
        }
        match refusal {
            Some(response) => self.respond_final(now, forward, response),
            None => self.refuse_forward(now, forward, 503, Refusal::NoSwitch),
        }
    }

    /// Takes back the reservation of a forward, if it has one.
    pub(super) fn release(&mut self, forward: &mut Forward, directory: &mut dyn Directory) {
        if let Kind::Inbound { is_reserved, .. } = &mut forward.kind
            && std::mem::take(is_reserved)
        {
            directory.release(&forward.request.call_id());
        }
    }
}

/// A call to the contact that a trunk registered says there only which trunk is meant. The number that was called is in
/// P-Called-Party-ID (RFC 7315 §4.2), where the registrar keeps it, and else in To.
fn name_called_number(request: &mut Request, contact_user: &str) {
    let Ok(Uri::Sip(mut uri)) = request.parsed_uri() else { return };
    if uri.user_decoded().as_deref() != Some(contact_user) {
        return;
    }
    let called = request.header("P-Called-Party-ID").and_then(|value| NameAddr::parse(&value).ok());
    let called = called.or_else(|| request.to()).and_then(|called| called.uri.user());
    if let Some(called) = called.filter(|called| !called.is_empty()) {
        uri.user = Some(escape_user(&called));
        request.uri = uri.to_string();
    }
}

/// Where a switch takes the call: over the transport it came by, if it can.
pub(super) fn address(switch: &SwitchLoad, transport: Transport) -> Option<Peer> {
    let udp = switch.sip_udp.parse().ok().map(Peer::udp);
    let tcp = switch.sip_tcp.parse().ok().map(Peer::tcp);
    match transport {
        Transport::Udp => udp.or(tcp),
        Transport::Tcp => tcp.or(udp),
    }
}
