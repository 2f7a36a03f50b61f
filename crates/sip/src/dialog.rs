//! Dialogs (RFC 3261 §12): who, which way, and in what order.
//!
//! A [`Dialog`] is plain data, all of it public: write it away and build it again from that, and another process
//! can go on with the call.

use crate::headers::{CSeq, NameAddr, list_values, name_addrs};
use crate::message::{HeaderName, Headers, Method, Request, Response};
use crate::transport::{Peer, Transport};
use crate::uri::{SipUri, Uri};

/// The state of one side of a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// Theirs; "" for one of RFC 2543, which has none.
    pub remote_tag: String,
    /// Our name-addr, without tag.
    pub local: String,
    /// Theirs, without tag.
    pub remote: String,
    /// The URI of their Contact: the Request-URI of what we send.
    pub remote_target: String,
    /// Route values, the next hop's first.
    pub route_set: Vec<String>,
    /// The number of our last request.
    pub local_cseq: u32,
    /// The number of their last request, if they sent one.
    pub remote_cseq: Option<u32>,
    /// Where the first message came from or went to: the next hop when the routing says a name, not an address.
    pub peer: Peer,
}

impl Dialog {
    /// The caller's side, from its INVITE and a response with a To tag (§12.1.2).
    #[must_use]
    pub fn of_caller(request: &Request, response: &Response, peer: Peer) -> Option<Self> {
        let (from, to) = (request.from()?, response.to()?);
        let mut route_set = list_values(&response.headers, &HeaderName::RecordRoute);
        route_set.reverse();
        Some(Self {
            call_id: request.call_id().into_owned(),
            local_tag: from.tag()?.to_owned(),
            remote_tag: to.tag().unwrap_or("").to_owned(),
            local: from.with_tag(None).to_string(),
            remote: to.with_tag(None).to_string(),
            remote_target: contact(&response.headers).unwrap_or_else(|| request.uri.clone()),
            route_set,
            local_cseq: request.cseq()?.number,
            remote_cseq: None,
            peer,
        })
    }

    /// The callee's side, from the INVITE and the tag it gets (§12.1.1).
    #[must_use]
    pub fn of_callee(request: &Request, local_tag: &str, peer: Peer) -> Option<Self> {
        let (from, to) = (request.from()?, request.to()?);
        Some(Self {
            call_id: request.call_id().into_owned(),
            local_tag: local_tag.to_owned(),
            remote_tag: from.tag().unwrap_or("").to_owned(),
            local: to.with_tag(None).to_string(),
            remote: from.with_tag(None).to_string(),
            // Contact is required; who leaves it out is reached where he is.
            remote_target: contact(&request.headers).unwrap_or_else(|| uri_of(peer)),
            route_set: list_values(&request.headers, &HeaderName::RecordRoute),
            local_cseq: 0,
            remote_cseq: Some(request.cseq()?.number),
            peer,
        })
    }

    /// The next request of ours: a new CSeq number, addressed and routed (§12.2.1.1).
    pub fn request(&mut self, method: Method) -> Request {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.request_numbered(method, self.local_cseq)
    }

    /// The ACK of a 2xx: the CSeq number of its INVITE (§13.2.2.4).
    #[must_use]
    pub fn ack(&self, invite_cseq: u32) -> Request {
        self.request_numbered(Method::Ack, invite_cseq)
    }

    fn request_numbered(&self, method: Method, number: u32) -> Request {
        let (uri, routes) = self.routing();
        let mut request = Request::new(method.clone(), uri);
        for route in routes {
            request.headers.push(HeaderName::Route, route);
        }
        request.headers.push(HeaderName::MaxForwards, "70");
        request.headers.push(HeaderName::From, tagged(&self.local, &self.local_tag));
        request.headers.push(HeaderName::To, tagged(&self.remote, &self.remote_tag));
        request.headers.push(HeaderName::CallId, self.call_id.clone());
        request.headers.push(HeaderName::CSeq, CSeq { number, method }.to_string());
        request
    }

    /// Request-URI and Route values (§12.2.1.1): a first hop without `lr` is a strict router and gets itself as
    /// the Request-URI, with the target as the last Route.
    fn routing(&self) -> (String, Vec<String>) {
        let first = self.route_set.first().and_then(|r| NameAddr::parse(r).ok());
        match first {
            Some(NameAddr { uri: Uri::Sip(strict), .. }) if !strict.is_loose_route() => {
                let mut routes: Vec<String> = self.route_set.iter().skip(1).cloned().collect();
                routes.push(format!("<{}>", self.remote_target));
                (strict.to_string(), routes)
            }
            _ => (self.remote_target.clone(), self.route_set.clone()),
        }
    }

    /// Where a request goes: the first Route's address, else the target's, else where the dialog began.
    ///
    /// A target without a transport would mean UDP. Who came over TCP from that very address and only left the
    /// parameter out is reached over TCP, though: he need not listen on UDP at all.
    #[must_use]
    pub fn next_hop(&self) -> Peer {
        if self.is_peer_meant_by_target() { self.peer } else { self.routed_hop().unwrap_or(self.peer) }
    }

    /// Where to try once more when `tried` cannot be reached: where the dialog began, or what the routing says.
    #[must_use]
    pub fn other_hop(&self, tried: Peer) -> Option<Peer> {
        [Some(self.peer), self.routed_hop()].into_iter().flatten().find(|peer| *peer != tried)
    }

    fn routed_hop(&self) -> Option<Peer> {
        let uri = match self.route_set.first() {
            Some(route) => NameAddr::parse(route).ok().map(|r| r.uri),
            None => Uri::parse(&self.remote_target).ok(),
        };
        uri.as_ref().and_then(Uri::as_sip).and_then(peer_of)
    }

    fn is_peer_meant_by_target(&self) -> bool {
        let target = Uri::parse(&self.remote_target).ok();
        self.route_set.is_empty()
            && self.peer.transport == Transport::Tcp
            && target.as_ref().and_then(Uri::as_sip).is_some_and(|uri| {
                let same_ip = uri.host.ip().map(|ip| ip.to_canonical()) == Some(self.peer.addr.ip().to_canonical());
                same_ip && !uri.secure && !uri.params.has("transport")
            })
    }

    /// Notes the number of a request of theirs; `false` if it comes out of order (§12.2.2: 500).
    pub fn accept_cseq(&mut self, number: u32) -> bool {
        let in_order = self.remote_cseq.is_none_or(|last| number > last);
        if in_order {
            self.remote_cseq = Some(number);
        }
        in_order
    }

    /// Takes the Contact of a target refresh request or its 2xx (§12.2).
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = contact(headers) {
            self.remote_target = target;
        }
    }
}

/// Where a URI with an address points. Without a transport it is UDP (RFC 3263 §4.1). `None` for names and `sips:`.
#[must_use]
pub fn peer_of(uri: &SipUri) -> Option<Peer> {
    if uri.secure {
        return None;
    }
    let transport = if uri.params.has("transport") { uri.transport()? } else { Transport::Udp };
    Some(Peer { transport, addr: uri.socket_addr()? })
}

/// The URI that means a peer.
fn uri_of(peer: Peer) -> String {
    let mut uri = SipUri::at(peer.addr);
    if peer.transport == Transport::Tcp {
        uri.params.set("transport", Some(peer.transport.param_name()));
    }
    uri.to_string()
}

fn contact(headers: &Headers) -> Option<String> {
    name_addrs(headers, &HeaderName::Contact).ok()?.into_iter().next().map(|c| c.uri.to_string())
}

fn tagged(name_addr: &str, tag: &str) -> String {
    if tag.is_empty() { name_addr.to_owned() } else { format!("{name_addr};tag={tag}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, parse};

    fn request(text: &str) -> Request {
        match parse(text.replace('\n', "\r\n").as_bytes()) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn invite() -> Request {
        request(
            "INVITE sip:b@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\nFrom: A <sip:a@example.com>;tag=fa\nTo: <sip:b@example.com>\nCall-ID: c1\nCSeq: 7 INVITE\nContact: <sip:a@192.0.2.1:5062>\nRecord-Route: <sip:192.0.2.20:5060;lr>, <sip:192.0.2.10;transport=tcp;lr>\n\n",
        )
    }

    fn ok_to(invite: &Request) -> Response {
        let mut response = invite.response(200, None, Some("tb"));
        response.headers.push(HeaderName::Contact, "<sip:b@192.0.2.2:5070>");
        for route in invite.headers.all(&HeaderName::RecordRoute) {
            response.headers.push(HeaderName::RecordRoute, route.clone());
        }
        response
    }

    fn peer() -> Peer {
        Peer::udp("192.0.2.99:5060".parse().unwrap())
    }

    #[test]
    fn both_sides_see_the_same_dialog_with_routes_reversed() {
        let invite = invite();
        let mut caller = Dialog::of_caller(&invite, &ok_to(&invite), peer()).unwrap();
        let mut callee = Dialog::of_callee(&invite, "tb", peer()).unwrap();
        assert_eq!((&caller.local_tag, &caller.remote_tag), (&callee.remote_tag, &callee.local_tag));
        assert_eq!(caller.next_hop(), Peer::tcp("192.0.2.10:5060".parse().unwrap()));
        assert_eq!(callee.next_hop(), Peer::udp("192.0.2.20:5060".parse().unwrap()));
        let bye = caller.request(Method::Bye);
        assert_eq!((bye.uri.as_str(), bye.cseq().unwrap().number), ("sip:b@192.0.2.2:5070", 8));
        assert_eq!(bye.to_tag().as_deref(), Some("tb"));
        let bye = callee.request(Method::Bye);
        assert_eq!((bye.uri.as_str(), bye.cseq().unwrap().number), ("sip:a@192.0.2.1:5062", 1));
        assert_eq!(callee.ack(7).cseq().unwrap().to_string(), "7 ACK");
    }

    #[test]
    fn a_strict_router_gets_itself_as_request_uri() {
        let invite = invite();
        let mut dialog = Dialog::of_callee(&invite, "tb", peer()).unwrap();
        dialog.route_set = vec!["<sip:old.example.com>".into(), "<sip:192.0.2.10;lr>".into()];
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri, "sip:old.example.com");
        assert_eq!(list_values(&bye.headers, &HeaderName::Route), ["<sip:192.0.2.10;lr>", "<sip:a@192.0.2.1:5062>"]);
        assert_eq!(dialog.next_hop(), peer());
    }

    #[test]
    fn a_tcp_caller_without_transport_in_his_contact_is_reached_over_his_connection() {
        let connection = Peer::tcp("192.0.2.1:49152".parse().unwrap());
        let mut invite = invite();
        invite.headers.remove(&HeaderName::RecordRoute);
        let mut dialog = Dialog::of_callee(&invite, "tb", connection).unwrap();
        assert_eq!(dialog.next_hop(), connection);
        assert_eq!(dialog.other_hop(connection), Some(Peer::udp("192.0.2.1:5062".parse().unwrap())));
        for (target, hop) in [
            ("sip:a@192.0.2.1:5062;transport=udp", Peer::udp("192.0.2.1:5062".parse().unwrap())),
            ("sip:a@192.0.2.1:5062;transport=tcp", Peer::tcp("192.0.2.1:5062".parse().unwrap())),
            ("sip:a@192.0.2.8:5062", Peer::udp("192.0.2.8:5062".parse().unwrap())),
        ] {
            dialog.remote_target = target.to_owned();
            assert_eq!((dialog.next_hop(), dialog.other_hop(hop)), (hop, Some(connection)), "{target}");
        }
        dialog.route_set = vec!["<sip:192.0.2.10;lr>".into()];
        assert_eq!(dialog.next_hop(), Peer::udp("192.0.2.10:5060".parse().unwrap()));
        dialog.peer = dialog.next_hop();
        assert_eq!(dialog.other_hop(dialog.peer), None);
    }

    #[test]
    fn requests_out_of_order_are_noticed_and_targets_move() {
        let mut dialog = Dialog::of_callee(&invite(), "tb", peer()).unwrap();
        assert!(!dialog.accept_cseq(7));
        assert!(dialog.accept_cseq(9));
        assert!(!dialog.accept_cseq(8));
        let mut headers = Headers::new();
        dialog.refresh_target(&headers);
        assert_eq!(dialog.remote_target, "sip:a@192.0.2.1:5062");
        headers.push(HeaderName::Contact, "<sip:new@192.0.2.3>;q=1");
        dialog.refresh_target(&headers);
        assert_eq!(dialog.remote_target, "sip:new@192.0.2.3");
    }
}
