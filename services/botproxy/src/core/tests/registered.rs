//! Trunks that are registered: the trunk-manager's requests go out, and the carrier's calls to the contact come in.

use std::net::SocketAddr;

use sip::{Message, Method, Peer, Request};

use super::network::{CARRIER, PROXY, STRANGER, SWITCH_1, SWITCH_2, World, addr, ms};

const AGENT: &str = "10.0.0.50:5070";
const REGISTRAR: &str = "203.0.113.5:5060";

fn raw(method: &str, uri: &str, from: &str, to: &str, extra: &str) -> Vec<u8> {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{method}{to}\r\nFrom: <sip:x@h>;tag=f\r\nTo: <sip:{to}@h>\r\nCall-ID: {to}{uri}\r\nCSeq: 1 {method}\r\nContact: <sip:x@{from}>\r\n{extra}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn forwarded(w: &World, method: Method) -> Vec<(SocketAddr, Request)> {
    let sent = w.sent.iter().filter(|(from, ..)| *from == addr(PROXY));
    sent.filter_map(|(_, to, message)| match message {
        Message::Request(request) if request.method == method => Some((*to, request.clone())),
        _ => None,
    })
    .collect()
}

#[test]
fn a_trunk_manager_registers_through_the_proxy_and_nobody_else_does() {
    let mut w = World::new();
    w.shared.0.borrow_mut().agent = Some(addr(AGENT));
    w.shared.0.borrow_mut().names.insert("registrar.example".into(), addr(REGISTRAR));
    let route = format!("Route: <sip:{PROXY};lr>\r\n");
    let by_name = raw("REGISTER", "sip:registrar.example", AGENT, "a", &route);
    w.inject(Peer::udp(addr(AGENT)), PROXY, &by_name);
    let by_route = format!("{route}Route: <sip:203.0.113.5;lr>\r\n");
    w.inject(Peer::udp(addr(AGENT)), PROXY, &raw("OPTIONS", "sip:carrier.example", AGENT, "b", &by_route));
    for other in [STRANGER, CARRIER] {
        w.inject(Peer::udp(addr(other)), PROXY, &raw("REGISTER", "sip:registrar.example", other, "c", &route));
    }
    w.inject(Peer::udp(addr(AGENT)), PROXY, &raw("INVITE", "sip:registrar.example", AGENT, "d", &route));
    w.run_for(ms(1));
    let registers = forwarded(&w, Method::Register);
    assert_eq!(registers.len(), 1);
    assert_eq!((registers[0].0, registers[0].1.header("Route")), (addr(REGISTRAR), None));
    assert_eq!(forwarded(&w, Method::Options).len(), 1);
    assert!(forwarded(&w, Method::Invite).is_empty());
}

#[test]
fn a_call_to_a_registered_contact_is_its_trunks_and_says_whom_it_is_for() {
    let mut w = World::new();
    {
        let mut shared = w.shared.0.borrow_mut();
        shared.names.insert("registrar.example".into(), addr(REGISTRAR));
        let ip = addr(REGISTRAR).ip();
        shared.registered.extend([(ip, "alice", "first"), (ip, "bob", "second")]);
    }
    let contact = |user: &str| format!("sip:{user}@{PROXY}");
    let called = "P-Called-Party-ID: <sip:+493099@h>\r\n";
    let registrar = Peer::udp(addr(REGISTRAR));
    w.inject(registrar, PROXY, &raw("INVITE", &contact("alice"), REGISTRAR, "+49301", ""));
    w.inject(registrar, PROXY, &raw("INVITE", &contact("bob"), REGISTRAR, "+49302", called));
    // Two are registered there: whose would this be?
    w.inject(registrar, PROXY, &raw("INVITE", &contact("+49303"), REGISTRAR, "+49303", ""));
    w.inject(Peer::udp(addr(STRANGER)), PROXY, &raw("INVITE", &contact("alice"), STRANGER, "+49304", ""));
    w.run_for(ms(1));
    let calls: Vec<_> = forwarded(&w, Method::Invite)
        .into_iter()
        .filter(|(to, _)| [addr(SWITCH_1), addr(SWITCH_2)].contains(to))
        .map(|(_, request)| (request.uri.clone(), request.header("X-BotStream-Trunk").unwrap_or_default().into_owned()))
        .collect();
    assert_eq!(calls, [(contact("+49301"), "first".to_owned()), (contact("+493099"), "second".to_owned())]);
    // With one of them there is no doubt.
    w.shared.0.borrow_mut().registered.pop();
    w.sent.clear();
    w.inject(registrar, PROXY, &raw("INVITE", &contact("+49305"), REGISTRAR, "+49305", ""));
    w.run_for(ms(1));
    let calls = forwarded(&w, Method::Invite);
    assert_eq!(calls.first().map(|(_, request)| request.uri.clone()), Some(contact("+49305")));
}
