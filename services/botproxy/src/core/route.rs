//! Routing headers: our own Route and Record-Route, Max-Forwards, loops (RFC 3261 §16.4, §16.6).
//!
//! Our Record-Route URI carries two parameters of our own: `bs-s`, the switch's address, and `bs-c`, the carrier's,
//! each as `udp:192.0.2.1:5060`. They come back in the Route of every request within the dialog.

use std::net::SocketAddr;

use sip::digest::Algorithm;
use sip::headers::{NameAddr, Via, list_values};
use sip::uri::{SipUri, Uri};
use sip::{HeaderName, Headers, Peer, Request, Text, Transport};

use super::Proxy;

const SWITCH_PARAM: &str = "bs-s";
const CARRIER_PARAM: &str = "bs-c";
/// Hexadecimal digits of the hash that tells a loop.
const MARK_DIGITS: usize = 12;

/// What our own Route values said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnRoutes {
    /// There was at least one.
    pub(super) were_ours: bool,
    pub(super) switch: Option<Peer>,
    pub(super) carrier: Option<Peer>,
}

impl Proxy {
    /// Removes our own values from the top of the Route list and reads what they carry.
    pub(super) fn take_own_routes(&self, request: &mut Request) -> OwnRoutes {
        let mut found = OwnRoutes::default();
        self.undo_strict_routing(request);
        let mut routes = list_values(&request.headers, &HeaderName::Route);
        while let Some(uri) = routes.first().and_then(|route| self.own_route(route)) {
            found.were_ours = true;
            found.switch = found.switch.or_else(|| uri.params.raw(SWITCH_PARAM).and_then(parse_peer));
            found.carrier = found.carrier.or_else(|| uri.params.raw(CARRIER_PARAM).and_then(parse_peer));
            routes.remove(0);
        }
        if found.were_ours {
            request.headers.replace_all(&HeaderName::Route, routes.into_iter().map(Text::from));
        }
        found
    }

    /// A strict router before us has put our Record-Route into the Request-URI and the target at the end of Route
    /// (§16.4).
    fn undo_strict_routing(&self, request: &mut Request) {
        let is_ours = matches!(Uri::parse(&request.uri), Ok(Uri::Sip(uri)) if uri.params.has(SWITCH_PARAM));
        let mut routes = list_values(&request.headers, &HeaderName::Route);
        let target = routes.last().and_then(|last| NameAddr::parse(last).ok());
        if let Some(target) = target.filter(|_| is_ours) {
            routes.pop();
            routes.insert(0, format!("<{}>", request.uri));
            request.uri = target.uri.to_string();
            request.headers.replace_all(&HeaderName::Route, routes.into_iter().map(Text::from));
        }
    }

    /// The URI of a Route value that means us, or another instance of us that this one stands in for.
    fn own_route(&self, route: &str) -> Option<SipUri> {
        let NameAddr { uri: Uri::Sip(uri), .. } = NameAddr::parse(route).ok()? else { return None };
        (uri.params.has(SWITCH_PARAM) || self.is_own(&uri)).then_some(uri)
    }

    fn is_own(&self, uri: &SipUri) -> bool {
        uri.socket_addr().is_some_and(|addr| addr == self.config.udp || addr == self.config.tcp)
    }

    /// Our Record-Route values for a dialog between these two, topmost first: one, or two where the transports or
    /// the families of the addresses differ (§16.6 step 4, RFC 5658).
    pub(super) fn record_routes(&self, upstream: Peer, downstream: Peer, switch: Peer, carrier: Peer) -> Vec<String> {
        let value = |transport: Transport| {
            let mut uri = SipUri::at(self.config.addr(transport));
            if transport == Transport::Tcp {
                uri.params.set("transport", Some(transport.param_name()));
            }
            uri.params.set("lr", None);
            uri.params.set(SWITCH_PARAM, Some(&peer_text(switch)));
            uri.params.set(CARRIER_PARAM, Some(&peer_text(carrier)));
            format!("<{uri}>")
        };
        if upstream.transport == downstream.transport {
            vec![value(downstream.transport)]
        } else {
            vec![value(downstream.transport), value(upstream.transport)]
        }
    }

    /// Whether the same request has been here before, unchanged: its mark ends a branch of ours (§16.3 item 4).
    pub(super) fn is_loop(&self, request: &Request, is_from_switch: bool) -> bool {
        let vias = list_values(&request.headers, &HeaderName::Via);
        let mut ours = vias.iter().filter_map(|via| Via::parse(via).ok()).filter(|via| self.is_own_via(via)).peekable();
        if ours.peek().is_none() {
            return false;
        }
        let mark = loop_mark(request, is_from_switch);
        ours.any(|via| via.branch().is_some_and(|branch| branch.ends_with(&mark)))
    }

    fn is_own_via(&self, via: &Via) -> bool {
        let addr = via.host.ip().zip(via.port).map(SocketAddr::from);
        addr.is_some_and(|addr| addr == self.config.udp || addr == self.config.tcp)
    }
}

/// A hash of what decides where a request goes (RFC 5393 §4.2). A call that a switch sends out to ourselves, as a trunk, and
/// that then comes in is no loop: so who sent it counts too.
pub(super) fn loop_mark(request: &Request, is_from_switch: bool) -> String {
    let routes = list_values(&request.headers, &HeaderName::Route).join(",");
    let from = request.from_tag().unwrap_or_default();
    let to = request.to_tag().unwrap_or_default();
    let cseq = request.headers.text("CSeq").unwrap_or_default();
    let text = format!("{is_from_switch}|{}|{routes}|{from}|{to}|{}|{cseq}", request.uri, request.call_id());
    let hash: String = Algorithm::Md5.hex(text.as_bytes()).chars().take(MARK_DIGITS).collect();
    format!("-{hash}")
}

/// Counts a hop (§16.6 step 3).
pub(super) fn count_hop(headers: &mut Headers) {
    let hops = headers.text("Max-Forwards").and_then(|hops| hops.parse::<u8>().ok());
    headers.set(HeaderName::MaxForwards, hops.map_or(70, |hops| hops.saturating_sub(1)).to_string());
}

/// Removes the header fields that only we may write, and that only switches may read.
pub(super) fn strip_internal(headers: &mut Headers) {
    headers.retain(|header| {
        !header.name.as_str().get(..12).is_some_and(|start| start.eq_ignore_ascii_case("X-BotStream-"))
    });
}

fn peer_text(peer: Peer) -> String {
    format!("{}:{}", peer.transport.param_name(), peer.addr)
}

fn parse_peer(text: &str) -> Option<Peer> {
    let (transport, addr) = text.split_once(':')?;
    Some(Peer { transport: Transport::from_name(transport)?, addr: addr.parse().ok()? })
}
