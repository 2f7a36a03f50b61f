//! Calls between two user agents, one behaviour a test.
use crate::simulator::{ANSWER, CLEAN, OFFER, Side, World, ms};
use sip::digest::Credentials;
use sip::ua::UaEvent;
use sip::{Error, HeaderName, Message, Peer, Transport};

fn world() -> World {
    World::new(1, CLEAN)
}

fn failed(event: &UaEvent) -> bool {
    matches!(event, UaEvent::Failed { .. })
}

fn ended(event: &UaEvent) -> bool {
    matches!(event, UaEvent::Ended { .. })
}

#[test]
fn an_ordinary_call() {
    let mut w = world();
    let a = w.call();
    let UaEvent::Incoming { session: b, request, offer, from } =
        w.wait(Side::B, |e| matches!(e, UaEvent::Incoming { .. }))
    else {
        panic!()
    };
    assert_eq!(offer.as_deref(), Some(OFFER));
    assert_eq!(from, Peer::udp(Side::A.addr()));
    assert_eq!(request.header("x-test").as_deref(), Some("1"));
    w.act(Side::B, |ua, now| ua.provisional(now, b, 183, Some(ANSWER.into())).unwrap());
    let UaEvent::Provisional { status, body, .. } = w.wait(Side::A, |e| matches!(e, UaEvent::Provisional { .. }))
    else {
        panic!()
    };
    assert_eq!((status, body.as_deref()), (183, Some(ANSWER)));
    w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
    let UaEvent::Answered { session, body, .. } = w.wait(Side::A, |e| matches!(e, UaEvent::Answered { .. })) else {
        panic!()
    };
    assert_eq!((session, body.as_deref()), (a, Some(ANSWER)));
    w.wait(Side::B, |e| matches!(e, UaEvent::Confirmed { body: None, .. }));
    assert_eq!(w.act(Side::B, |ua, _| ua.dialog(b).unwrap().next_hop()), Peer::udp(Side::A.addr()));
    w.run_for(ms(60_000));
    w.act(Side::A, |ua, now| ua.hangup(now, a, Some("Q.850;cause=16".into())).unwrap());
    assert!(matches!(w.wait(Side::A, ended), UaEvent::Ended { by_remote: false, status: None, .. }));
    let UaEvent::Ended { by_remote: true, status: None, reason_headers, .. } = w.wait(Side::B, ended) else { panic!() };
    assert_eq!(reason_headers, ["Q.850;cause=16"]);
    assert_eq!(w.act(Side::B, |ua, now| ua.hangup(now, b, None)), Err(Error::UnknownSession));
    w.assert_quiet();
    // Nothing was sent twice over a clean network.
    for (side, what, count) in [
        (Side::A, "INVITE", 1),
        (Side::B, "100", 1),
        (Side::B, "183", 1),
        (Side::B, "200", 2),
        (Side::A, "ACK", 1),
        (Side::A, "BYE", 1),
    ] {
        assert_eq!(w.sent_count(side, what), count, "{what}");
    }
}

#[test]
fn the_callee_hangs_up_and_refuses() {
    let mut w = world();
    let (_, b) = w.established();
    w.act(Side::B, |ua, now| ua.hangup(now, b, None).unwrap());
    assert!(matches!(w.wait(Side::A, ended), UaEvent::Ended { by_remote: true, .. }));
    w.call();
    let b = w.wait_incoming();
    let headers = [("Retry-After".into(), "7".into()), ("Reason".into(), "Q.850;cause=17".into())];
    w.act(Side::B, |ua, now| ua.reject(now, b, 486, Some("Busy"), &headers).unwrap());
    let UaEvent::Failed { status: 486, reason, retry_after_s: Some(7), reason_headers, .. } = w.wait(Side::A, failed)
    else {
        panic!()
    };
    assert_eq!((reason.as_str(), reason_headers), ("Busy", vec!["Q.850;cause=17".to_owned()]));
    w.assert_quiet();
}

#[test]
fn a_2xx_is_repeated_until_its_ack_comes() {
    let mut w = world();
    let mut acks = 0;
    w.filter = Some(Box::new(move |_, m| {
        let is_ack = matches!(m, Message::Request(r) if r.method.as_str() == "ACK");
        acks += usize::from(is_ack);
        is_ack && acks <= 3
    }));
    let (a, _) = w.established();
    assert_eq!((w.sent_count(Side::B, "200"), w.sent_count(Side::A, "ACK")), (4, 4));
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.assert_quiet();
}

#[test]
fn a_2xx_that_is_never_acknowledged_is_hung_up() {
    let mut w = world();
    w.filter = Some(Box::new(|_, m| matches!(m, Message::Request(r) if r.method.as_str() == "ACK")));
    w.call();
    let b = w.wait_incoming();
    let answered_at = w.now;
    w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
    assert!(matches!(w.wait(Side::B, ended), UaEvent::Ended { by_remote: false, status: Some(408), .. }));
    assert_eq!(w.now - answered_at, ms(32_000));
    assert!(matches!(w.wait(Side::A, ended), UaEvent::Ended { by_remote: true, .. }));
    // Timer G's pattern: 0.5 s doubling up to 4 s (RFC 3261 §13.3.1.4).
    assert_eq!(w.sent_count(Side::B, "200"), 11);
    w.assert_quiet();
}

#[test]
fn the_callee_hangs_up_only_after_the_ack() {
    let mut w = world();
    w.call();
    let b = w.wait_incoming();
    w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
    w.act(Side::B, |ua, now| ua.hangup(now, b, None).unwrap());
    w.wait(Side::B, ended);
    assert_eq!(w.sent_count(Side::B, "BYE"), 0);
    assert!(matches!(w.wait(Side::A, ended), UaEvent::Ended { by_remote: true, .. }));
    w.assert_quiet();
}

#[test]
fn cancel_while_it_rings() {
    let mut w = world();
    let a = w.call();
    let b = w.wait_incoming();
    w.act(Side::B, |ua, now| ua.provisional(now, b, 180, None).unwrap());
    w.wait(Side::A, |e| matches!(e, UaEvent::Provisional { status: 180, .. }));
    w.act(Side::A, |ua, now| ua.hangup(now, a, Some("SIP;cause=200;text=\"elsewhere\"".into())).unwrap());
    let UaEvent::Ended { by_remote: true, status: Some(487), reason_headers, .. } = w.wait(Side::B, ended) else {
        panic!()
    };
    assert_eq!(reason_headers, ["SIP;cause=200;text=\"elsewhere\""]);
    assert!(matches!(w.wait(Side::A, failed), UaEvent::Failed { status: 487, .. }));
    assert!(w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into())).is_err());
    w.assert_quiet();
}

#[test]
fn a_cancel_before_any_response_waits_for_one() {
    let mut w = world();
    w.filter = Some(Box::new({
        let mut count = 0;
        move |_, m| {
            let first_100s = matches!(m, Message::Response(r) if r.status == 100);
            count += usize::from(first_100s);
            first_100s && count <= 2
        }
    }));
    let a = w.call();
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.run_for(ms(100));
    assert_eq!(w.sent_count(Side::A, "CANCEL"), 0, "a CANCEL overtook its INVITE");
    assert!(matches!(w.wait(Side::A, failed), UaEvent::Failed { status: 487, .. }));
    assert!(matches!(w.wait(Side::B, ended), UaEvent::Ended { status: Some(487), .. }));
    w.assert_quiet();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up() {
    let mut w = world();
    let a = w.call();
    let b = w.wait_incoming();
    w.run_for(ms(50));
    w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    assert!(matches!(w.wait(Side::A, failed), UaEvent::Failed { status: 487, .. }));
    assert!(matches!(w.wait(Side::B, ended), UaEvent::Ended { by_remote: true, status: None, .. }));
    assert_eq!((w.sent_count(Side::A, "ACK"), w.sent_count(Side::A, "BYE")), (1, 1));
    w.assert_quiet();
}

#[test]
fn nobody_answers() {
    let mut w = world();
    w.call_with(|p| p.ring_timeout = Some(ms(15_000)));
    w.wait_incoming();
    let started = w.now;
    assert!(matches!(w.wait(Side::A, failed), UaEvent::Failed { status: 408, .. }));
    assert!(w.now - started < ms(16_000));
    assert!(matches!(w.wait(Side::B, ended), UaEvent::Ended { status: Some(487), .. }));
    w.assert_quiet();
}

#[test]
fn nobody_is_there() {
    let mut w = world();
    w.filter = Some(Box::new(|_, _| true));
    w.call();
    let started = w.now;
    assert!(matches!(w.wait(Side::A, failed), UaEvent::Failed { status: 408, .. }));
    assert_eq!(w.now - started, ms(32_000));
    assert_eq!(w.sent_count(Side::A, "INVITE"), 7);
    w.call_with(|p| p.next_hop = Peer { transport: Transport::Tcp, addr: "192.0.2.77:5060".parse().unwrap() });
    w.act(Side::A, |ua, now| ua.transport_failed(now, Peer::tcp("192.0.2.77:5060".parse().unwrap())));
    assert!(matches!(w.wait(Side::A, failed), UaEvent::Failed { status: 503, .. }));
    w.assert_quiet();
}

#[test]
fn delayed_offer() {
    let mut w = world();
    let a = w.call_with(|p| p.body = None);
    let UaEvent::Incoming { session: b, offer: None, .. } = w.wait(Side::B, |e| matches!(e, UaEvent::Incoming { .. }))
    else {
        panic!()
    };
    w.act(Side::B, |ua, now| ua.answer(now, b, OFFER.into()).unwrap());
    let UaEvent::Answered { body, .. } = w.wait(Side::A, |e| matches!(e, UaEvent::Answered { .. })) else { panic!() };
    assert_eq!(body.as_deref(), Some(OFFER));
    assert_eq!(w.sent_count(Side::A, "ACK"), 0);
    w.act(Side::A, |ua, now| ua.ack_with_body(now, a, ANSWER.into()).unwrap());
    let UaEvent::Confirmed { body, .. } = w.wait(Side::B, |e| matches!(e, UaEvent::Confirmed { .. })) else { panic!() };
    assert_eq!(body.as_deref(), Some(ANSWER));
    assert!(w.act(Side::A, |ua, now| ua.ack_with_body(now, a, ANSWER.into())).is_err());
    w.act(Side::B, |ua, now| ua.hangup(now, b, None).unwrap());
    w.assert_quiet();
}

#[test]
fn a_delayed_offer_hung_up_before_its_answer_is_acknowledged_all_the_same() {
    let mut w = world();
    let a = w.call_with(|p| p.body = None);
    let b = w.wait_incoming();
    w.act(Side::B, |ua, now| ua.answer(now, b, OFFER.into()).unwrap());
    w.wait(Side::A, |e| matches!(e, UaEvent::Answered { .. }));
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.wait(Side::B, ended);
    assert_eq!(w.sent_count(Side::A, "ACK"), 1);
    w.assert_quiet();
}

#[test]
fn re_invite_both_ways() {
    let mut w = world();
    let (a, b) = w.established();
    for (from, id) in [(Side::A, a), (Side::B, b)] {
        w.act(from, |ua, now| ua.reoffer(now, id, Some(OFFER.into())).unwrap());
        assert!(w.act(from, |ua, now| ua.reoffer(now, id, None)).is_err(), "two offers at once");
        let UaEvent::Reoffered { session, body } = w.wait(from.other(), |e| matches!(e, UaEvent::Reoffered { .. }))
        else {
            panic!()
        };
        assert_eq!(body.as_deref(), Some(OFFER));
        w.act(from.other(), |ua, now| ua.answer_reinvite(now, session, Ok(ANSWER.into())).unwrap());
        let UaEvent::Reanswered { body, .. } = w.wait(from, |e| matches!(e, UaEvent::Reanswered { .. })) else {
            panic!()
        };
        assert_eq!(body.as_deref(), Some(ANSWER));
        w.wait(from.other(), |e| matches!(e, UaEvent::Confirmed { .. }));
    }
    w.act(Side::A, |ua, now| ua.reoffer(now, a, Some(OFFER.into())).unwrap());
    w.wait(Side::B, |e| matches!(e, UaEvent::Reoffered { .. }));
    w.act(Side::B, |ua, now| ua.answer_reinvite(now, b, Err(488)).unwrap());
    assert!(matches!(
        w.wait(Side::A, |e| matches!(e, UaEvent::ReofferFailed { .. })),
        UaEvent::ReofferFailed { status: 488, .. }
    ));
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.assert_quiet();
}

#[test]
fn glare_is_resolved() {
    for seed in 0..10 {
        let mut w = World::new(seed, CLEAN);
        let (a, b) = w.established();
        w.act(Side::A, |ua, now| ua.reoffer(now, a, Some(OFFER.into())).unwrap());
        w.act(Side::B, |ua, now| ua.reoffer(now, b, Some(OFFER.into())).unwrap());
        for _ in 0..2 {
            while !w.events.iter().any(|(_, e)| matches!(e, UaEvent::Reoffered { .. })) {
                assert!(w.step());
            }
            let at = w.events.iter().position(|(_, e)| matches!(e, UaEvent::Reoffered { .. })).unwrap();
            let (side, event) = w.events.remove(at);
            w.act(side, |ua, now| ua.answer_reinvite(now, event.session(), Ok(ANSWER.into())).unwrap());
            w.wait(side.other(), |e| matches!(e, UaEvent::Reanswered { .. }));
        }
        assert_eq!((w.sent_count(Side::A, "491"), w.sent_count(Side::B, "491")), (1, 1));
        w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
        w.assert_quiet();
    }
}

#[test]
fn a_re_invite_into_nowhere_ends_the_call() {
    let mut w = world();
    let (a, b) = w.established();
    w.act(Side::B, |ua, now| ua.hangup(now, b, None).unwrap());
    w.filter = Some(Box::new(|side, m| side == Side::B && matches!(m, Message::Request(_))));
    w.run_for(ms(40_000));
    assert_eq!(w.act(Side::B, |ua, _| ua.session_count()), 0);
    w.events.clear();
    // A missed the BYE.
    if w.act(Side::A, |ua, now| ua.reoffer(now, a, Some(OFFER.into()))).is_ok() {
        assert!(matches!(w.wait(Side::A, ended), UaEvent::Ended { by_remote: true, status: Some(481), .. }));
    }
    w.assert_quiet();
}

#[test]
fn both_hang_up_at_once() {
    let mut w = world();
    let (a, b) = w.established();
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.act(Side::B, |ua, now| ua.hangup(now, b, None).unwrap());
    w.assert_quiet();
    assert_eq!((w.sent_count(Side::A, "BYE"), w.sent_count(Side::B, "BYE")), (1, 1));
}

#[test]
fn a_challenge_is_answered_with_credentials() {
    let mut w = world();
    let a = w.call_with(|p| p.credentials = Some(Credentials { username: "u".into(), password: "p".into() }));
    let b = w.wait_incoming();
    let challenge = [(
        "WWW-Authenticate".into(),
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=SHA-256".into(),
    )];
    w.act(Side::B, |ua, now| ua.reject(now, b, 401, None, &challenge).unwrap());
    w.wait(Side::B, ended);
    let UaEvent::Incoming { session: b, request, .. } = w.wait(Side::B, |e| matches!(e, UaEvent::Incoming { .. }))
    else {
        panic!()
    };
    let answer = request.header("Authorization").unwrap().into_owned();
    assert!(
        answer.contains("algorithm=SHA-256") && answer.contains("qop=auth,") && answer.contains("username=\"u\""),
        "{answer}"
    );
    assert_eq!(request.cseq().unwrap().number, 2);
    w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
    assert_eq!(w.wait(Side::A, |e| matches!(e, UaEvent::Answered { .. })).session(), a);
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.assert_quiet();
}

#[test]
fn wrong_credentials_are_given_up() {
    let mut w = world();
    w.call_with(|p| p.credentials = Some(Credentials { username: "u".into(), password: "p".into() }));
    let mut challenges = 0;
    while !w.events.iter().any(|(s, e)| *s == Side::A && failed(e)) {
        if let Some(at) = w.events.iter().position(|(_, e)| matches!(e, UaEvent::Incoming { .. })) {
            let b = w.events.remove(at).1.session();
            challenges += 1;
            let challenge = [("Proxy-Authenticate".into(), format!("Digest realm=\"r\", nonce=\"n{challenges}\""))];
            w.act(Side::B, |ua, now| ua.reject(now, b, 407, None, &challenge).unwrap());
        }
        assert!(w.step());
    }
    assert!(matches!(w.wait(Side::A, failed), UaEvent::Failed { status: 407, .. }));
    assert_eq!(challenges, 2, "the same password was tried again");
    w.assert_quiet();
}

#[test]
fn a_second_answer_of_a_forked_call_is_acknowledged_and_hung_up() {
    let mut w = world();
    let a = w.call();
    let b = w.wait_incoming();
    w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
    w.wait(Side::A, |e| matches!(e, UaEvent::Answered { .. }));
    let mut second = w.sent.iter().find_map(|(_, m)| match m {
        Message::Response(r) if r.status == 200 => Some(r.clone()),
        _ => None,
    });
    let second = second.as_mut().unwrap();
    second.headers.set(HeaderName::To, "<sip:callee@example.com>;tag=fork");
    for _ in 0..2 {
        w.inject(Side::A, &second.to_bytes());
        w.run_for(ms(5));
    }
    let to_fork = |method: &str| {
        let fits = |m: &Message| matches!(m, Message::Request(r) if r.method.as_str() == method && r.to_tag().as_deref() == Some("fork"));
        w.sent.iter().filter(|(_, m)| fits(m)).count()
    };
    assert_eq!((to_fork("ACK"), to_fork("BYE")), (2, 1));
    assert!(!w.events.iter().any(|(_, e)| e.is_final()), "the first answer's call goes on");
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.assert_quiet();
}

#[test]
fn a_ring_timeout_longer_than_the_clock_reaches_is_for_ever() {
    let mut w = world();
    let a = w.call_with(|p| p.ring_timeout = Some(std::time::Duration::MAX));
    let b = w.wait_incoming();
    w.run_for(ms(10_000_000));
    assert!(w.events.iter().all(|(_, e)| !e.is_final()));
    w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
    w.wait(Side::A, |e| matches!(e, UaEvent::Answered { .. }));
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.assert_quiet();
}

#[test]
fn a_stale_nonce_is_answered_once_more() {
    let mut w = world();
    let a = w.call_with(|p| p.credentials = Some(Credentials { username: "u".into(), password: "p".into() }));
    for challenge in ["Digest realm=\"r\", nonce=\"n1\"", "Digest realm=\"r\", nonce=\"n2\", stale=true"] {
        let b = w.wait_incoming();
        let headers = [("WWW-Authenticate".into(), challenge.to_owned())];
        w.act(Side::B, |ua, now| ua.reject(now, b, 401, None, &headers).unwrap());
    }
    let UaEvent::Incoming { session: b, request, .. } = w.wait(Side::B, |e| matches!(e, UaEvent::Incoming { .. }))
    else {
        panic!()
    };
    assert_eq!(request.headers.count(&HeaderName::Authorization), 1);
    assert!(request.header("Authorization").unwrap().contains("n2"));
    w.act(Side::B, |ua, now| ua.answer(now, b, ANSWER.into()).unwrap());
    assert_eq!(w.wait(Side::A, |e| matches!(e, UaEvent::Answered { .. })).session(), a);
    w.act(Side::A, |ua, now| ua.hangup(now, a, None).unwrap());
    w.assert_quiet();
}

#[test]
fn what_the_application_gives_is_checked() {
    let mut w = world();
    let now = w.now;
    let mut try_with = |edit: &dyn Fn(&mut sip::ua::InviteParams)| {
        let mut params = World::params(Side::B, Transport::Udp);
        edit(&mut params);
        w.agent(Side::A).invite(now, params)
    };
    assert!(matches!(try_with(&|p| p.request_uri = "nonsense".into()), Err(Error::BadUri { .. })));
    assert!(matches!(try_with(&|p| p.from = "<sip:a@h".into()), Err(Error::BadUri { .. })));
    assert!(matches!(try_with(&|p| p.headers.push(("via".into(), "x".into()))), Err(Error::BadHeader { .. })));
    assert!(matches!(try_with(&|p| p.headers.push(("X y".into(), "x".into()))), Err(Error::BadHeader { .. })));
    assert!(matches!(try_with(&|p| p.call_id = Some("a b".into())), Err(Error::BadHeader { .. })));
    for name in ["Supported", "k", "Require", "Session-Expires", "x", "Content-Encoding", "e", "Accept", "Expires"] {
        let refused = try_with(&|p| p.headers.push((name.into(), "x".into())));
        assert!(matches!(refused, Err(Error::BadHeader { .. })), "{name}");
    }
    w.call_with(|p| p.headers.push(("X-Injected".into(), "x\r\nVia: y".into())));
    let (_, invite) = &w.sent[0];
    assert!(matches!(invite, Message::Request(r) if r.headers.count(&HeaderName::Via) == 1));
}
