//! Whole calls through the proxy, in and out, over every pair of transports.

use sip::headers::list_values;
use sip::ua::UaEvent;
use sip::{HeaderName, Method, Peer, Transport};

use super::network::{CARRIER, PROXY, SDP, SWITCH_1, SWITCH_2, World, addr, ms};

#[test]
fn a_call_in() {
    let mut w = World::new();
    let a = w.call_in(Transport::Udp);
    let UaEvent::Incoming { session: b, request, from, .. } =
        w.wait(SWITCH_1, |e| matches!(e, UaEvent::Incoming { .. }))
    else {
        panic!()
    };
    assert_eq!(from, Peer::udp(addr(PROXY)));
    assert_eq!(request.header("X-BotStream-Trunk").as_deref(), Some("carrier"));
    assert_eq!(list_values(&request.headers, &"X-BotStream-Tenant".into()), ["acme"], "a forged one got through");
    assert_eq!(request.header("Max-Forwards").as_deref(), Some("69"));
    assert_eq!(request.headers.count(&HeaderName::RecordRoute), 1);
    assert_eq!(w.shared.0.borrow().reservations.len(), 1);
    w.act(SWITCH_1, |ua, now| ua.provisional(now, b, 180, None).unwrap());
    w.wait(CARRIER, |e| matches!(e, UaEvent::Provisional { status: 180, .. }));
    w.answer(SWITCH_1, b, CARRIER);
    assert!(w.shared.0.borrow().reservations.is_empty());
    // In-dialog both ways: the re-INVITE of the switch, the BYE of the carrier.
    w.act(SWITCH_1, |ua, now| ua.reoffer(now, b, Some(SDP.into())).unwrap());
    w.wait(CARRIER, |e| matches!(e, UaEvent::Reoffered { .. }));
    w.act(CARRIER, |ua, now| ua.answer_reinvite(now, a, Ok(SDP.into())).unwrap());
    w.wait(SWITCH_1, |e| matches!(e, UaEvent::Reanswered { .. }));
    w.hang_up(CARRIER, a, SWITCH_1);
    w.assert_quiet();
    assert_eq!(w.requests(CARRIER, PROXY, Method::Invite).len(), 1, "the INVITE was not answered with 100 at once");
    let counters = w.proxy(PROXY).counters().clone();
    assert_eq!((counters.calls_inbound, counters.failovers, counters.refusals.len()), (1, 0, 0));
}

#[test]
fn every_pair_of_transports_both_ways() {
    for carrier_side in [Transport::Udp, Transport::Tcp] {
        for switch_side in [Transport::Udp, Transport::Tcp] {
            let mut w = World::new();
            for switch in &mut w.shared.0.borrow_mut().switches {
                let other = if switch_side == Transport::Udp { &mut switch.sip_tcp } else { &mut switch.sip_udp };
                other.clear();
            }
            let a = w.call_in(carrier_side);
            let UaEvent::Incoming { session: b, request, from, .. } =
                w.wait(SWITCH_1, |e| matches!(e, UaEvent::Incoming { .. }))
            else {
                panic!()
            };
            assert_eq!(from.transport, switch_side);
            let routes = if carrier_side == switch_side { 1 } else { 2 };
            assert_eq!(request.headers.count(&HeaderName::RecordRoute), routes);
            w.answer(SWITCH_1, b, CARRIER);
            w.run_for(ms(40_000));
            w.act(SWITCH_1, |ua, now| ua.reoffer(now, b, Some(SDP.into())).unwrap());
            w.wait(CARRIER, |e| matches!(e, UaEvent::Reoffered { .. }));
            w.act(CARRIER, |ua, now| ua.answer_reinvite(now, a, Ok(SDP.into())).unwrap());
            w.wait(SWITCH_1, |e| matches!(e, UaEvent::Reanswered { .. }));
            w.hang_up(CARRIER, a, SWITCH_1);
            w.assert_quiet();

            // And out, from a switch that speaks the one to a carrier that wants the other.
            let mut params = World::params(PROXY, switch_side);
            let wanted = if carrier_side == Transport::Tcp { ";transport=tcp" } else { "" };
            params.request_uri = format!("sip:+15550199@sip.carrier.example{wanted}");
            params.route = vec![format!("<sip:{PROXY};transport={};lr>", switch_side.param_name())];
            params.headers = vec![("X-BotStream-Secret".into(), "1".into())];
            let mut w = World::new();
            let a = w.invite(SWITCH_2, params);
            let UaEvent::Incoming { session: b, request, from, .. } =
                w.wait(CARRIER, |e| matches!(e, UaEvent::Incoming { .. }))
            else {
                panic!()
            };
            assert_eq!(from.transport, carrier_side);
            assert_eq!(request.headers.count(&HeaderName::RecordRoute), routes);
            assert_eq!(request.headers.count(&HeaderName::Route), 0);
            assert!(!request.headers.iter().any(|h| h.name.as_str().starts_with("X-BotStream")));
            w.answer(CARRIER, b, SWITCH_2);
            w.act(SWITCH_2, |ua, now| ua.reoffer(now, a, Some(SDP.into())).unwrap());
            w.wait(CARRIER, |e| matches!(e, UaEvent::Reoffered { .. }));
            w.act(CARRIER, |ua, now| ua.answer_reinvite(now, b, Ok(SDP.into())).unwrap());
            w.hang_up(CARRIER, b, SWITCH_2);
            w.assert_quiet();
            assert_eq!(w.proxy(PROXY).counters().calls_outbound, 1);
        }
    }
}

#[test]
fn a_call_out_that_nobody_can_reach() {
    let mut w = World::new();
    let mut params = World::params(PROXY, Transport::Udp);
    params.route = vec![format!("<sip:{PROXY};lr>")];
    params.request_uri = "sip:1@unknown.example".into();
    w.invite(SWITCH_1, params.clone());
    assert!(matches!(w.wait(SWITCH_1, UaEvent::is_final), UaEvent::Failed { status: 502, .. }));
    params.request_uri = "sip:1@203.0.113.9".into();
    w.invite(SWITCH_1, params.clone());
    assert!(matches!(w.wait(SWITCH_1, UaEvent::is_final), UaEvent::Failed { status: 408, .. }));
    params.request_uri = "sip:1@203.0.113.9;transport=tcp".into();
    w.invite(SWITCH_1, params);
    assert!(matches!(w.wait(SWITCH_1, UaEvent::is_final), UaEvent::Failed { status: 503, .. }));
    w.assert_quiet();
}

#[test]
fn a_call_out_that_comes_later_than_its_trunk_allows_is_refused() {
    let mut w = World::new();
    w.shared.0.borrow_mut().unix_ms = 1_000;
    let mut params = World::params(PROXY, Transport::Udp);
    params.request_uri = "sip:+15550199@sip.carrier.example".into();
    params.route = vec![format!("<sip:{PROXY};lr>")];
    for send_by in ["999", "soon", ""] {
        params.headers = vec![("X-BotStream-Send-By".into(), send_by.into())];
        w.invite(SWITCH_1, params.clone());
        assert!(matches!(w.wait(SWITCH_1, UaEvent::is_final), UaEvent::Failed { status: 503, .. }), "{send_by}");
    }
    assert!(!w.sent.iter().any(|(_, to, _)| *to == addr(CARRIER)));
    // The answer to a challenge is the same call once more.
    params.headers = vec![("X-BotStream-Send-By".into(), "999".into()), ("Authorization".into(), "Digest".into())];
    let a = w.invite(SWITCH_1, params.clone());
    let UaEvent::Incoming { session: b, .. } = w.wait(CARRIER, |e| matches!(e, UaEvent::Incoming { .. })) else {
        panic!()
    };
    w.answer(CARRIER, b, SWITCH_1);
    w.hang_up(SWITCH_1, a, CARRIER);
    params.headers = vec![("X-BotStream-Send-By".into(), "1000".into())];
    let a = w.invite(SWITCH_1, params);
    let UaEvent::Incoming { session: b, request, .. } = w.wait(CARRIER, |e| matches!(e, UaEvent::Incoming { .. }))
    else {
        panic!()
    };
    assert!(!request.headers.iter().any(|h| h.name.as_str().starts_with("X-BotStream")));
    w.answer(CARRIER, b, SWITCH_1);
    w.hang_up(SWITCH_1, a, CARRIER);
    w.assert_quiet();
}

#[test]
fn a_call_in_is_cancelled() {
    let mut w = World::new();
    let a = w.call_in(Transport::Udp);
    let b = w.wait_incoming(SWITCH_1);
    w.act(SWITCH_1, |ua, now| ua.provisional(now, b, 180, None).unwrap());
    w.wait(CARRIER, |e| matches!(e, UaEvent::Provisional { .. }));
    w.act(CARRIER, |ua, now| ua.hangup(now, a, Some("SIP;cause=200".into())).unwrap());
    let UaEvent::Ended { status: Some(487), reason_headers, .. } = w.wait(SWITCH_1, UaEvent::is_final) else {
        panic!()
    };
    assert_eq!(reason_headers, ["SIP;cause=200"]);
    assert!(matches!(w.wait(CARRIER, UaEvent::is_final), UaEvent::Failed { status: 487, .. }));
    w.assert_quiet();
}

#[test]
fn a_refusal_of_the_switch_reaches_the_carrier() {
    let mut w = World::new();
    w.call_in(Transport::Udp);
    let b = w.wait_incoming(SWITCH_1);
    w.act(SWITCH_1, |ua, now| ua.reject(now, b, 486, None, &[]).unwrap());
    assert!(matches!(w.wait(CARRIER, UaEvent::is_final), UaEvent::Failed { status: 486, .. }));
    w.assert_quiet();
    assert_eq!(w.shared.0.borrow().log, ["s1"], "486 is an answer, not a failure of the switch");
}

#[test]
fn calls_alternate_by_load_and_reservations() {
    let mut w = World::new();
    w.shared.0.borrow_mut().switches[1].calls = 0;
    for _ in 0..10 {
        w.call_in(Transport::Udp);
        w.run_for(ms(20));
    }
    let log = w.shared.0.borrow().log.clone();
    assert_eq!(log.iter().filter(|node| *node == "s1").count(), 5, "{log:?}");
}

#[test]
fn calls_under_loss_leave_nothing_behind() {
    for seed in 0..4 {
        let mut w = World::seeded(seed);
        w.loss_percent = 15;
        let mut finished = 0;
        for i in 0..40 {
            let a = w.call_in(Transport::Udp);
            w.run_for(ms(300));
            let incoming: Vec<_> = w
                .events
                .iter()
                .filter(|(_, e)| matches!(e, UaEvent::Incoming { .. }))
                .map(|(at, e)| (*at, e.session()))
                .collect();
            w.events.retain(|(_, e)| !matches!(e, UaEvent::Incoming { .. }));
            for (at, b) in incoming {
                // Some may be cancelled by now.
                let answered = w.act(&at.to_string(), |ua, now| ua.answer(now, b, SDP.into()));
                finished += usize::from(answered.is_ok());
            }
            if i % 3 == 0 {
                w.run_for(ms(200));
                let late = w.act(CARRIER, |ua, now| ua.hangup(now, a, None));
                finished += usize::from(late.is_err());
            }
        }
        w.run_for(ms(90_000));
        // Hang up whatever is up, at either side; a call whose BYE is lost for good is hung up by its other side.
        for at in [CARRIER, SWITCH_1, SWITCH_2] {
            for id in 0..200 {
                finished += usize::from(w.act(at, |ua, now| ua.hangup(now, sip::ua::SessionId(id), None)).is_ok());
            }
        }
        assert!(finished > 20, "seed {seed}: hardly a call went through");
        w.assert_quiet();
        let finals = w.events.iter().filter(|(at, e)| *at == addr(CARRIER) && e.is_final()).count();
        assert_eq!(finals, 40, "seed {seed}");
    }
}
