//! Switches and proxies that die, are silent, refuse, or speak too late.

use sip::ua::{UaConfig, UaEvent, UserAgent};
use sip::{Message, Method, Peer, Transport};

use super::network::{CARRIER, Node, PROXY, SDP, SWITCH_1, SWITCH_2, World, addr, ms};

fn is_incoming(event: &UaEvent) -> bool {
    matches!(event, UaEvent::Incoming { .. })
}

#[test]
fn a_silent_switch_is_passed_over() {
    let mut w = World::new();
    w.nodes.insert(addr(SWITCH_1), Node::Silent);
    let started = w.now;
    let a = w.call_in(Transport::Udp);
    let b = w.wait_incoming(SWITCH_2);
    assert!(w.now - started >= ms(500) && w.now - started < ms(550), "{:?}", w.now - started);
    assert_eq!(w.shared.0.borrow().reservations.values().collect::<Vec<_>>(), ["s2"]);
    w.answer(SWITCH_2, b, CARRIER);
    w.hang_up(CARRIER, a, SWITCH_2);
    w.assert_quiet();
    assert_eq!(w.proxy(PROXY).counters().failovers, 1);
}

#[test]
fn a_switch_that_refuses_connections_is_passed_over_at_once() {
    let mut w = World::new();
    w.kill(SWITCH_1);
    let started = w.now;
    let a = w.call_in(Transport::Tcp);
    let b = w.wait_incoming(SWITCH_2);
    assert!(w.now - started < ms(50));
    w.answer(SWITCH_2, b, CARRIER);
    w.hang_up(SWITCH_2, b, CARRIER);
    assert_eq!(a.0, 1);
    w.assert_quiet();
}

#[test]
fn a_switch_without_room_is_passed_over_and_its_503_never_seen() {
    let mut w = World::new();
    let config = UaConfig { sessions_max: 0, ..UaConfig::new(addr(SWITCH_1), addr(SWITCH_1)) };
    w.nodes.insert(addr(SWITCH_1), Node::Agent(Box::new(UserAgent::new(config, 9))));
    let a = w.call_in(Transport::Udp);
    let b = w.wait_incoming(SWITCH_2);
    assert!(w.finals(CARRIER).is_empty());
    w.answer(SWITCH_2, b, CARRIER);
    w.hang_up(CARRIER, a, SWITCH_2);
    w.assert_quiet();
}

#[test]
fn with_no_switch_left_the_carrier_gets_503_with_retry_after() {
    let mut w = World::new();
    w.nodes.insert(addr(SWITCH_1), Node::Silent);
    w.nodes.insert(addr(SWITCH_2), Node::Silent);
    w.call_in(Transport::Udp);
    let started = w.now;
    let UaEvent::Failed { status: 503, retry_after_s: Some(5), .. } = w.wait(CARRIER, UaEvent::is_final) else {
        panic!()
    };
    assert!(w.now - started < ms(1100));
    w.assert_quiet();
    w.shared.0.borrow_mut().switches.clear();
    w.call_in(Transport::Udp);
    assert!(matches!(w.wait(CARRIER, UaEvent::is_final), UaEvent::Failed { status: 503, .. }));
    // Both full: the second one's own 503 goes back.
    let mut w = World::new();
    for at in [SWITCH_1, SWITCH_2] {
        let config = UaConfig { sessions_max: 0, retry_after_s: 77, ..UaConfig::new(addr(at), addr(at)) };
        w.nodes.insert(addr(at), Node::Agent(Box::new(UserAgent::new(config, 9))));
    }
    w.call_in(Transport::Udp);
    assert!(matches!(w.wait(CARRIER, UaEvent::is_final), UaEvent::Failed { status: 503, retry_after_s: Some(77), .. }));
    w.assert_quiet();
}

#[test]
fn a_late_switch_is_cancelled() {
    let mut w = World::new();
    w.slow.insert(addr(SWITCH_1), ms(700));
    let a = w.call_in(Transport::Udp);
    let late = w.wait_incoming(SWITCH_1);
    let b = w.wait_incoming(SWITCH_2);
    w.answer(SWITCH_2, b, CARRIER);
    let ended = w.wait(SWITCH_1, UaEvent::is_final);
    assert_eq!(ended.session(), late);
    assert!(matches!(ended, UaEvent::Ended { by_remote: true, status: Some(487), .. }));
    w.hang_up(CARRIER, a, SWITCH_2);
    w.assert_quiet();
}

#[test]
fn a_retransmitted_invite_is_absorbed_during_and_after_failover() {
    let mut w = World::new();
    w.nodes.insert(addr(SWITCH_1), Node::Silent);
    w.call_in(Transport::Udp);
    let invite = match &w.sent[0].2 {
        Message::Request(request) => request.to_bytes(),
        Message::Response(_) => panic!("no INVITE"),
    };
    let carrier = Peer::udp(addr(CARRIER));
    let hundreds = |w: &World| {
        w.sent
            .iter()
            .filter(|(_, to, m)| *to == addr(CARRIER) && matches!(m, Message::Response(r) if r.status == 100))
            .count()
    };
    for expected in 2..5 {
        w.inject(carrier, PROXY, &invite);
        w.run_for(ms(100));
        assert_eq!(hundreds(&w), expected, "the 100 is repeated");
    }
    let b = w.wait_incoming(SWITCH_2);
    w.inject(carrier, PROXY, &invite);
    w.run_for(ms(50));
    assert!(!w.events.iter().any(|(_, e)| is_incoming(e)), "the call came twice");
    w.act(SWITCH_2, |ua, now| ua.reject(now, b, 486, None, &[]).unwrap());
    w.wait(CARRIER, UaEvent::is_final);
    w.inject(carrier, PROXY, &invite);
    w.run_for(ms(50));
    let statuses: Vec<u16> = w.finals(CARRIER).iter().map(|r| r.status).collect();
    assert!(!statuses.is_empty() && statuses.iter().all(|s| *s == 486), "{statuses:?}");
    assert!(!w.events.iter().any(|(_, e)| is_incoming(e)));
    w.assert_quiet();
}

#[test]
fn a_cancel_while_a_switch_is_silent_tries_no_other() {
    let mut w = World::new();
    w.nodes.insert(addr(SWITCH_1), Node::Silent);
    let a = w.call_in(Transport::Udp);
    w.run_for(ms(100));
    w.act(CARRIER, |ua, now| ua.hangup(now, a, None).unwrap());
    assert!(matches!(w.wait(CARRIER, UaEvent::is_final), UaEvent::Failed { status: 487, .. }));
    w.assert_quiet();
    assert_eq!(w.shared.0.borrow().log, ["s1"]);
}

#[test]
fn an_unanswered_call_outlives_its_switch() {
    // Dead; and only cut off from the others, where it must stop ringing.
    for is_dead in [true, false] {
        let mut w = World::new();
        let a = w.call_in(Transport::Udp);
        let first = w.wait_incoming(SWITCH_1);
        w.act(SWITCH_1, |ua, now| ua.provisional(now, first, 180, None).unwrap());
        w.wait(CARRIER, |e| matches!(e, UaEvent::Provisional { .. }));
        if is_dead {
            w.kill(SWITCH_1);
        }
        w.shared.0.borrow_mut().switches.remove(0);
        let b = w.wait_incoming(SWITCH_2);
        if !is_dead {
            assert!(matches!(w.wait(SWITCH_1, UaEvent::is_final), UaEvent::Ended { status: Some(487), .. }));
        }
        w.answer(SWITCH_2, b, CARRIER);
        w.hang_up(CARRIER, a, SWITCH_2);
        w.assert_quiet();
    }
}

/// A call that is up from the carrier to the first switch: the carrier's session.
fn established(w: &mut World, transport: Transport) -> sip::ua::SessionId {
    let a = w.call_in(transport);
    let b = w.wait_incoming(SWITCH_1);
    w.answer(SWITCH_1, b, CARRIER);
    w.run_for(ms(60_000));
    a
}

/// What the BYE of the carrier is answered with, and after how long.
fn bye(w: &mut World, a: sip::ua::SessionId) -> (u16, std::time::Duration) {
    let started = w.now;
    let before = w.finals(CARRIER).len();
    w.act(CARRIER, |ua, now| ua.hangup(now, a, None).unwrap());
    while w.finals(CARRIER).len() == before {
        assert!(w.step(), "the BYE was never answered");
    }
    (w.finals(CARRIER)[before].status, w.now - started)
}

#[test]
fn a_bye_to_a_dead_switch_is_answered() {
    // Still in the table: silence is waited for.
    let mut w = World::new();
    let a = established(&mut w, Transport::Udp);
    w.kill(SWITCH_1);
    let (status, after) = bye(&mut w, a);
    assert_eq!(status, 408);
    assert!(after < ms(8100), "{after:?}");
    w.assert_quiet();
    // Gone from the table, too.
    let mut w = World::new();
    let a = established(&mut w, Transport::Udp);
    w.kill(SWITCH_1);
    w.shared.0.borrow_mut().switches.remove(0);
    let (status, after) = bye(&mut w, a);
    assert_eq!(status, 481);
    assert!(after < ms(2100), "{after:?}");
    // Never known to this proxy, because it was restarted.
    let mut w = World::new();
    let a = established(&mut w, Transport::Udp);
    w.kill(SWITCH_1);
    w.shared.0.borrow_mut().switches.remove(0);
    w.start_proxy(PROXY);
    let (status, after) = bye(&mut w, a);
    assert_eq!(status, 481);
    assert!(after < ms(50), "{after:?}");
    // Over TCP the failed connection tells.
    let mut w = World::new();
    let a = established(&mut w, Transport::Tcp);
    w.kill(SWITCH_1);
    let (status, after) = bye(&mut w, a);
    assert_eq!(status, 503);
    assert!(after < ms(50), "{after:?}");
    w.assert_quiet();
}

#[test]
fn a_switch_that_lost_nats_keeps_its_calls() {
    let mut w = World::new();
    let a = established(&mut w, Transport::Udp);
    w.shared.0.borrow_mut().switches.clear();
    w.hang_up(CARRIER, a, SWITCH_1);
    w.assert_quiet();
}

#[test]
fn a_restarted_proxy_routes_dialogs_it_never_saw_and_so_does_another_one() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut w = World::new();
        let a = established(&mut w, transport);
        w.start_proxy(PROXY);
        w.act(CARRIER, |ua, now| ua.reoffer(now, a, Some(SDP.into())).unwrap());
        let b = w.wait(SWITCH_1, |e| matches!(e, UaEvent::Reoffered { .. })).session();
        w.act(SWITCH_1, |ua, now| ua.answer_reinvite(now, b, Ok(SDP.into())).unwrap());
        w.wait(CARRIER, |e| matches!(e, UaEvent::Reanswered { .. }));
        w.wait(SWITCH_1, |e| matches!(e, UaEvent::Confirmed { .. }));
        // Its address moves to another instance.
        let other = "10.0.0.101:5060";
        w.start_proxy(other);
        w.kill(PROXY);
        w.moved.insert(addr(PROXY), addr(other));
        w.hang_up(SWITCH_1, b, CARRIER);
        assert_eq!(w.requests(SWITCH_1, other, Method::Bye).len(), 1);
    }
}

#[test]
fn an_invite_that_rings_without_end_is_cancelled() {
    let mut w = World::new();
    w.act(CARRIER, |ua, now| {
        let mut params = World::params(PROXY, Transport::Udp);
        params.ring_timeout = Some(ms(600_000));
        ua.invite(now, params).unwrap();
    });
    let b = w.wait_incoming(SWITCH_1);
    w.act(SWITCH_1, |ua, now| ua.provisional(now, b, 180, None).unwrap());
    let started = w.now;
    assert!(matches!(w.wait(CARRIER, UaEvent::is_final), UaEvent::Failed { status: 408, .. }));
    assert!(w.now - started > ms(180_000));
    assert!(matches!(w.wait(SWITCH_1, UaEvent::is_final), UaEvent::Ended { status: Some(487), .. }));
    w.assert_quiet();
}

#[test]
fn a_draining_proxy_takes_no_new_calls_and_keeps_the_old() {
    let mut w = World::new();
    let a = established(&mut w, Transport::Udp);
    w.proxy(PROXY).set_draining(true);
    w.call_in(Transport::Udp);
    assert!(matches!(w.wait(CARRIER, UaEvent::is_final), UaEvent::Failed { status: 503, retry_after_s: Some(5), .. }));
    w.hang_up(CARRIER, a, SWITCH_1);
    w.assert_quiet();
}
