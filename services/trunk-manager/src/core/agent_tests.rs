use super::*;
use std::time::Duration;

use botstream_api::registration_status::State;
use sip::message::parse;
use sip::{HeaderName, Message, Request};

fn proxy(node: &str, port: u16) -> ProxyAddress {
    let at = SocketAddr::from(([192, 0, 2, 9], port));
    ProxyAddress { node: node.into(), udp: at, tcp: at }
}

fn settings(user: &str) -> Settings {
    Settings {
        registrars: vec![("r1:5060".into(), None)],
        user: user.into(),
        domain: String::new(),
        contact_user: user.into(),
        expires_s: 600,
        transport: Transport::Udp,
    }
}

fn agent() -> (Agent, Instant) {
    let (mut agent, now) = (Agent::new("192.0.2.1:5070".parse().unwrap(), 3), Instant::now());
    agent.set_proxies(now, vec![proxy("p-1", 5060)]);
    (agent, now)
}

fn wanted(names: &[(&str, &str)]) -> BTreeMap<Key, Settings> {
    names.iter().map(|(name, user)| (Key::named("default", name), settings(user))).collect()
}

fn sent(agent: &mut Agent) -> Vec<(SocketAddr, Request)> {
    let sent = std::iter::from_fn(|| agent.poll_transmit());
    sent.map(|transmit| match parse(&transmit.payload) {
        Ok(Message::Request(request)) => (transmit.peer.addr, request),
        other => panic!("{other:?}"),
    })
    .collect()
}

fn grant(agent: &mut Agent, now: Instant, request: &Request) {
    let mut response = request.response(200, None, Some("t"));
    response.headers.push(HeaderName::new("Expires"), "600");
    let proxy = agent.proxies.first().map(|proxy| proxy.udp).unwrap();
    agent.receive(now, Peer::udp(proxy), &response.to_bytes());
}

fn expires(request: &Request) -> String {
    request.header("Expires").unwrap().into_owned()
}

fn states(agent: &Agent) -> Vec<State> {
    agent.statuses().map(|status| status.state).collect()
}

#[test]
fn trunks_register_by_way_of_the_proxy_and_only_it_is_heard() {
    let (mut agent, now) = agent();
    agent.set_wanted(now, wanted(&[("a", "alice"), ("b", "bob")]), |_| Gone::Over);
    let requests = sent(&mut agent);
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|(to, _)| to.to_string() == "192.0.2.9:5060"));
    let mut forged = requests[0].1.response(403, None, Some("t"));
    forged.headers.push(HeaderName::new("Expires"), "1");
    agent.receive(now, Peer::udp("198.51.100.66:5060".parse().unwrap()), &forged.to_bytes());
    for (_, request) in &requests {
        grant(&mut agent, now, request);
    }
    assert_eq!(states(&agent), [State::Registered; 2]);
    let changes: Vec<_> = std::iter::from_fn(|| agent.poll_change()).collect();
    assert_eq!(changes.len(), 2);
    assert!(agent.poll_change().is_none());
    // The same again is nothing new.
    agent.set_wanted(now, wanted(&[("a", "alice"), ("b", "bob")]), |_| Gone::Over);
    assert!(sent(&mut agent).is_empty() && agent.poll_change().is_none());
}

#[test]
fn what_is_over_is_taken_back_and_what_another_takes_over_is_not() {
    let (mut agent, now) = agent();
    agent.set_wanted(now, wanted(&[("a", "alice"), ("b", "bob")]), |_| Gone::Over);
    for (_, request) in sent(&mut agent) {
        grant(&mut agent, now, &request);
    }
    agent.set_wanted(now, wanted(&[("b", "bob")]), |_| Gone::Over);
    let requests = sent(&mut agent);
    assert_eq!((requests.len(), expires(&requests[0].1).as_str()), (1, "0"));
    assert!(requests[0].1.header("To").unwrap().contains("alice"));
    grant(&mut agent, now, &requests[0].1);
    agent.set_wanted(now, BTreeMap::new(), |_| Gone::Taken);
    assert!(sent(&mut agent).is_empty() && agent.is_idle() && agent.timers.is_empty());
}

#[test]
fn another_binding_comes_after_the_old_one_is_taken_back() {
    let (mut agent, now) = agent();
    agent.set_wanted(now, wanted(&[("a", "alice")]), |_| Gone::Over);
    let first = sent(&mut agent).remove(0).1;
    grant(&mut agent, now, &first);
    agent.set_wanted(now, wanted(&[("a", "carol")]), |_| Gone::Over);
    agent.set_wanted(now, wanted(&[("a", "carol")]), |_| Gone::Over);
    let back = sent(&mut agent);
    assert_eq!((back.len(), expires(&back[0].1).as_str()), (1, "0"));
    // It does not answer: that takes its time, and no longer.
    let fresh = loop {
        let later = agent.poll_timeout().unwrap();
        agent.handle_timeout(later);
        if let Some((_, request)) = sent(&mut agent).into_iter().find(|(_, request)| expires(request) != "0") {
            break request;
        }
    };
    assert!(fresh.header("To").unwrap().contains("carol"));
    // A new password alone registers anew at once.
    let mut same = wanted(&[("a", "carol")]);
    for settings in same.values_mut() {
        settings.expires_s = 700;
    }
    agent.set_wanted(now, same, |_| Gone::Over);
    let requests = sent(&mut agent);
    assert_eq!((requests.len(), expires(&requests[0].1).as_str()), (1, "700"));
}

#[test]
fn a_proxy_that_is_gone_is_left_at_once() {
    let (mut agent, now) = agent();
    agent.set_wanted(now, wanted(&[("a", "alice")]), |_| Gone::Over);
    let first = sent(&mut agent).remove(0).1;
    grant(&mut agent, now, &first);
    let later = now + Duration::from_secs(1);
    agent.set_proxies(later, vec![proxy("p-2", 5062)]);
    let requests = sent(&mut agent);
    assert_eq!((requests.len(), requests[0].0.port()), (1, 5062));
    agent.set_proxies(later, Vec::new());
    agent.handle_timeout(later + Duration::from_secs(700));
    assert_eq!(states(&agent), [State::Waiting]);
}
