//! A broken connection concerns those who used it.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

use std::time::Instant;

use sip::transaction::{Config, Event, Failure, Layer};
use sip::{HeaderName, Method, Peer, Request};

fn request(call_id: &str) -> Request {
    let mut request = Request::new(Method::Options, "sip:a@192.0.2.9");
    for (name, value) in [("From", "<sip:b@h>;tag=1"), ("To", "<sip:a@h>"), ("Call-ID", call_id), ("CSeq", "1 OPTIONS")]
    {
        request.headers.push(HeaderName::new(name), value);
    }
    request
}

fn layer() -> Layer {
    let addr = "192.0.2.1:5060".parse().unwrap();
    Layer::new(Config::new(addr, addr), 1)
}

#[test]
fn a_broken_connection_fails_the_requests_that_went_over_it() {
    let (mut layer, now) = (layer(), Instant::now());
    let peers = ["192.0.2.9:5060", "192.0.2.9:5061"].map(|a| Peer::tcp(a.parse().unwrap()));
    let broken = layer.request(now, peers[0], request("a")).unwrap();
    layer.request(now, peers[1], request("b")).unwrap();
    layer.request(now, Peer::udp(peers[0].addr), request("c")).unwrap();
    layer.transport_failed(now, peers[0]);
    assert!(
        matches!(layer.poll_event(), Some(Event::ClientFailed { id, failure: Failure::Transport }) if id == broken)
    );
    assert!(layer.poll_event().is_none());
    assert_eq!(layer.transaction_count(), (2, 0));
    layer.transport_failed(now, peers[0]);
    assert!(layer.poll_event().is_none());
}

#[test]
fn a_response_whose_connection_is_gone_goes_where_via_says_and_no_further() {
    let (mut layer, now) = (layer(), Instant::now());
    let connection = Peer::tcp("192.0.2.9:49152".parse().unwrap());
    let mut invite = request("a");
    invite.method = Method::Invite;
    invite.headers.set(HeaderName::CSeq, "1 INVITE");
    invite.headers.push_front(HeaderName::Via, "SIP/2.0/TCP 192.0.2.9:5060;branch=z9hG4bKx");
    layer.receive(now, connection, &invite.to_bytes());
    let Some(Event::Request { id, request, .. }) = layer.poll_event() else { panic!("no request") };
    layer.respond(now, id, &request.response(486, None, Some("t")));
    while layer.poll_transmit().is_some() {}
    layer.transport_failed(now, connection);
    let listener = Peer::tcp("192.0.2.9:5060".parse().unwrap());
    assert_eq!(layer.poll_transmit().map(|t| t.peer), Some(listener));
    layer.transport_failed(now, connection);
    assert!(layer.poll_event().is_none(), "it does not use that connection any more");
    layer.transport_failed(now, listener);
    assert!(matches!(layer.poll_event(), Some(Event::ServerFailed { id: failed }) if failed == id));
    assert_eq!((layer.transaction_count(), layer.poll_timeout()), ((0, 0), None));
}
