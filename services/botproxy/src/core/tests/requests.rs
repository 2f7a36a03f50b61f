//! Raw requests: who may ask what, and what is refused (RFC 3261 §16.3).

use sip::{HeaderName, Message, Peer};

use super::network::{CARRIER, PROXY, SDP, STRANGER, SWITCH_1, World, addr, ms};
use crate::core::Refusal;

fn raw(method: &str, uri: &str, from: &str, extra: &str) -> Vec<u8> {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKraw{method}\r\nFrom: <sip:x@h>;tag=f\r\nTo: <sip:y@h>\r\nCall-ID: raw\r\nCSeq: 1 {method}\r\nContact: <sip:x@{from}>\r\n{extra}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn status_with(w: &mut World, from: &str, request: &[u8]) -> sip::Response {
    let before = w.finals(from).len();
    w.inject(Peer::udp(addr(from)), PROXY, request);
    w.run_for(ms(1));
    w.finals(from).get(before).copied().cloned().expect("an answer")
}

fn status(from: &str, request: &[u8]) -> u16 {
    status_with(&mut World::new(), from, request).status
}

const URI: &str = "sip:+15550100@10.0.0.100";

#[test]
fn strangers_get_403_and_no_further() {
    let mut w = World::new();
    let tagged = |method| {
        String::from_utf8(raw(method, "sip:bot@10.0.0.1", STRANGER, "Route: <sip:10.0.0.100;lr>\r\n"))
            .unwrap()
            .replace("To: <sip:y@h>", "To: <sip:y@h>;tag=t")
    };
    for method in ["INVITE", "REGISTER", "MESSAGE", "UNHEARDOF"] {
        assert_eq!(status_with(&mut w, STRANGER, &raw(method, URI, STRANGER, "")).status, 403, "{method}");
    }
    assert_eq!(status_with(&mut w, STRANGER, tagged("BYE").as_bytes()).status, 403);
    let ack = tagged("ACK");
    w.inject(Peer::udp(addr(STRANGER)), PROXY, ack.as_bytes());
    w.run_for(ms(100));
    assert!(w.sent.iter().all(|(_, to, _)| *to == addr(STRANGER)), "a stranger was let through");
    assert_eq!(w.proxy(PROXY).counters().refusals[&Refusal::UnknownSource], 6);
    let long = format!("Max-Forwards: 0\r\nUser-Agent: {}\r\n", "a monitor ".repeat(10));
    let options = status_with(&mut w, STRANGER, &raw("OPTIONS", URI, STRANGER, &long));
    assert_eq!(options.status, 200);
    assert!(options.header("Allow").unwrap().contains("INVITE"));
}

#[test]
fn a_carrier_reaches_switches_only() {
    // Within a dialog, by a forged Route and Request-URI.
    for uri in ["sip:x@203.0.113.5", "sip:x@example.com", "sip:x@198.51.100.66"] {
        for route in ["<sip:10.0.0.100;lr>", "<sip:10.0.0.100;lr;bs-s=udp:203.0.113.5:5060;bs-c=udp:192.0.2.1:5060>"] {
            let bye = raw("BYE", uri, CARRIER, &format!("Route: {route}\r\n"));
            let bye = String::from_utf8(bye).unwrap().replace("To: <sip:y@h>", "To: <sip:y@h>;tag=t");
            assert_eq!(status(CARRIER, bye.as_bytes()), 481);
        }
    }
    // Outside one, its Route counts for nothing.
    let mut w = World::new();
    let invite = raw(
        "INVITE",
        URI,
        CARRIER,
        &format!("Route: <sip:203.0.113.5;lr>\r\nContent-Type: application/sdp\r\nX-Length: {}\r\n", SDP.len()),
    );
    w.inject(Peer::udp(addr(CARRIER)), PROXY, &invite);
    w.wait_incoming(SWITCH_1);
}

#[test]
fn a_carrier_that_drops_our_route_still_reaches_the_switch_of_the_call() {
    let mut w = World::new();
    let bye = String::from_utf8(raw("BYE", URI, CARRIER, "")).unwrap().replace("To: <sip:y@h>", "To: <sip:y@h>;tag=t");
    assert_eq!(status_with(&mut w, CARRIER, bye.as_bytes()).status, 481);
    w.shared.0.borrow_mut().calls.insert("raw".into(), "s1".into());
    let again = bye.replace("z9hG4bKrawBYE", "z9hG4bKrawBYE2");
    w.inject(Peer::udp(addr(CARRIER)), PROXY, again.as_bytes());
    w.run_for(ms(1));
    assert_eq!(w.requests(PROXY, SWITCH_1, sip::Method::Bye).len(), 1);
}

#[test]
fn what_rfc_3261_section_16_3_asks() {
    assert_eq!(status(CARRIER, &raw("INVITE", URI, CARRIER, "Max-Forwards: 0\r\n")), 483);
    assert_eq!(status(CARRIER, &raw("INVITE", "mailto:x@h", CARRIER, "")), 416);
    assert_eq!(status(CARRIER, &raw("REGISTER", URI, CARRIER, "")), 405);
    let mut w = World::new();
    let response = status_with(&mut w, CARRIER, &raw("INVITE", URI, CARRIER, "Proxy-Require: foo, bar\r\n"));
    assert_eq!((response.status, response.header("Unsupported").as_deref()), (420, Some("foo, bar")));
    assert_eq!(status(CARRIER, &raw("CANCEL", URI, CARRIER, "")), 481);
}

#[test]
fn a_request_that_comes_round_again_is_a_loop() {
    let mut w = World::new();
    // The switch calls a carrier that sends the request straight back.
    let invite = raw("INVITE", "sip:1@203.0.113.5", SWITCH_1, "");
    w.inject(Peer::udp(addr(SWITCH_1)), PROXY, &invite);
    w.run_for(ms(1));
    let forwarded = w.sent.iter().find_map(|(_, to, m)| match m {
        Message::Request(request) if *to == addr("203.0.113.5:5060") => Some(request.clone()),
        _ => None,
    });
    let mut back = forwarded.unwrap();
    back.headers.push_front(HeaderName::Via, format!("SIP/2.0/UDP {SWITCH_1};branch=z9hG4bKback"));
    assert_eq!(status_with(&mut w, SWITCH_1, &back.to_bytes()).status, 482);
    // With another Request-URI it is a spiral, and goes on.
    let mut spiral = back.clone();
    spiral.uri = "sip:2@203.0.113.5".into();
    spiral.headers.replace_first(&HeaderName::Via, format!("SIP/2.0/UDP {SWITCH_1};branch=z9hG4bKspiral"));
    w.inject(Peer::udp(addr(SWITCH_1)), PROXY, &spiral.to_bytes());
    w.run_for(ms(1));
    assert!(w.sent.iter().any(|(_, _, m)| matches!(m, Message::Request(r) if r.uri == "sip:2@203.0.113.5")));
}

#[test]
fn a_strict_router_before_us_is_undone() {
    let mut w = World::new();
    let info = raw(
        "INFO",
        "sip:10.0.0.100:5060;lr;bs-s=udp:10.0.0.1:5060;bs-c=udp:192.0.2.1:5060",
        CARRIER,
        "Route: <sip:botstream@10.0.0.1:5060>\r\n",
    );
    let info = String::from_utf8(info).unwrap().replace("To: <sip:y@h>", "To: <sip:y@h>;tag=t");
    w.inject(Peer::udp(addr(CARRIER)), PROXY, info.as_bytes());
    w.run_for(ms(1));
    let there = w.requests(PROXY, SWITCH_1, sip::Method::Info);
    assert_eq!(there.len(), 1);
    assert_eq!((there[0].uri.as_str(), there[0].headers.count(&HeaderName::Route)), ("sip:botstream@10.0.0.1:5060", 0));
}

#[test]
fn garbage_is_counted_and_changes_nothing() {
    let mut w = World::new();
    for garbage in [&b"\0\xff\x01"[..], b"", b"\r\n\r\n", b"INVITE", b"SIP/2.0 200 OK\r\n\r\n"] {
        w.inject(Peer::udp(addr(STRANGER)), PROXY, garbage);
    }
    w.run_for(ms(100));
    assert!(w.sent.is_empty());
    assert_eq!(w.proxy(PROXY).counters().malformed[&400], 3);
    let faulty = String::from_utf8(raw("INVITE", URI, CARRIER, ""))
        .unwrap()
        .replace("CSeq: 1 INVITE", "CSeq: 1 INVITE\r\nMax-Forwards: 999");
    assert_eq!(status_with(&mut w, CARRIER, faulty.as_bytes()).status, 400);
    // A response that nobody asked for goes nowhere (RFC 6026 §8.9).
    let stray = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.100:5060;branch=z9hG4bKno\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n";
    let before = w.sent.len();
    w.inject(Peer::udp(addr(SWITCH_1)), PROXY, stray);
    w.run_for(ms(100));
    assert_eq!(w.sent.len(), before);
    assert_eq!(w.proxy(PROXY).counters().stray_responses, 1);
}
