//! Raw requests to a user agent: what it answers itself.
use crate::simulator::{CLEAN, OFFER, Side, World, ms};
use sip::message::parse;
use sip::ua::{UaConfig, UaEvent, UserAgent};
use sip::{Message, Peer, Response};

fn raw(method: &str, uri: &str, branch: &str, extra: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\nFrom: <sip:x@h>;tag=f\r\nTo: <sip:y@h>\r\nCall-ID: raw\r\nCSeq: 1 {method}\r\nContact: <sip:x@192.0.2.1>\r\n{extra}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The final response B gives to one request from A's address.
fn answer_to(request: &[u8]) -> Response {
    let mut w = World::new(3, CLEAN);
    final_response(&mut w, request)
}

fn final_response(w: &mut World, request: &[u8]) -> Response {
    let before = w.sent.len();
    w.inject(Side::B, request);
    w.run_for(ms(1));
    let found = w.sent[before..].iter().find_map(|(_, m)| match m {
        Message::Response(r) if r.status >= 200 => Some(r.clone()),
        _ => None,
    });
    found.expect("an answer")
}

const URI: &str = "sip:bot@192.0.2.2";
const SDP: &str = "Content-Type: application/sdp\r\n";

#[test]
fn out_of_dialog_requests() {
    let status = |method: &str| answer_to(&raw(method, URI, "a", "", "")).status;
    assert_eq!(status("BYE"), 481);
    assert_eq!(status("CANCEL"), 481);
    assert_eq!(status("INFO"), 481);
    assert_eq!(status("UPDATE"), 481);
    assert_eq!(status("NEWMETHOD"), 501);
    for method in ["REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "REFER", "PUBLISH", "PRACK"] {
        let response = answer_to(&raw(method, URI, "a", "", ""));
        assert_eq!(response.status, 405, "{method}");
        assert!(response.header("Allow").unwrap().contains("INVITE"));
    }
    let options = answer_to(&raw("OPTIONS", URI, "a", "", ""));
    assert_eq!(options.status, 200);
    assert_eq!(options.header("Accept").as_deref(), Some("application/sdp, multipart/mixed"));
    assert!(options.to_tag().is_some());
}

#[test]
fn what_is_not_understood_is_refused_as_the_standard_says() {
    assert_eq!(answer_to(&raw("OPTIONS", "nobody-knows:x", "a", "", "")).status, 416);
    assert_eq!(answer_to(&raw("INVITE", "soap.beep://192.0.2.103:3002", "a", SDP, OFFER)).status, 416);
    let response = answer_to(&raw("INVITE", URI, "a", "Require: 100rel\r\nRequire: x, y\r\n", ""));
    assert_eq!((response.status, response.header("Unsupported").as_deref()), (420, Some("100rel, x, y")));
    let response = answer_to(&raw("INVITE", URI, "a", "Content-Type: text/plain\r\n", "hello"));
    assert_eq!(
        (response.status, response.header("Accept").as_deref()),
        (415, Some("application/sdp, multipart/mixed"))
    );
    assert_eq!(
        answer_to(&raw("INVITE", URI, "a", "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", "x")).status,
        415
    );
    assert_eq!(answer_to(&raw("INVITE", URI, "a", "Accept: text/plain\r\n", "")).status, 406);
    let mut tagged = String::from_utf8(raw("INVITE", URI, "a", SDP, OFFER)).unwrap();
    tagged = tagged.replace("To: <sip:y@h>", "To: <sip:y@h>;tag=unknown");
    assert_eq!(answer_to(tagged.as_bytes()).status, 481);
}

#[test]
fn a_merged_request_is_a_loop() {
    let mut w = World::new(3, CLEAN);
    w.inject(Side::B, &raw("INVITE", URI, "one", SDP, OFFER));
    w.run_for(ms(1));
    assert_eq!(final_response(&mut w, &raw("INVITE", URI, "two", SDP, OFFER)).status, 482);
    assert_eq!(w.events.iter().filter(|(_, e)| matches!(e, UaEvent::Incoming { .. })).count(), 1);
}

#[test]
fn a_merged_request_is_a_loop_after_the_answer_too() {
    let mut w = World::new(3, CLEAN);
    w.inject(Side::B, &raw("INVITE", URI, "one", SDP, OFFER));
    let b = w.wait_incoming();
    w.act(Side::B, |ua, now| ua.answer(now, b, OFFER.into()).unwrap());
    w.run_for(ms(500));
    assert_eq!(final_response(&mut w, &raw("INVITE", URI, "two", SDP, OFFER)).status, 482);
    // For as long as copies of it may be on their way, even if the call is over by then.
    w.act(Side::B, |ua, now| ua.hangup(now, b, None).unwrap());
    w.run_for(ms(31_000));
    assert_eq!(final_response(&mut w, &raw("INVITE", URI, "three", SDP, OFFER)).status, 482);
    w.run_for(ms(1_000));
    w.inject(Side::B, &raw("INVITE", URI, "four", SDP, OFFER));
    w.wait_incoming();
}

#[test]
fn a_refused_invite_may_come_again() {
    let mut w = World::new(3, CLEAN);
    for branch in ["one", "two"] {
        w.inject(Side::B, &raw("INVITE", URI, branch, SDP, OFFER));
        let b = w.wait_incoming();
        w.act(Side::B, |ua, now| ua.reject(now, b, 480, None, &[]).unwrap());
    }
}

#[test]
fn an_invite_that_expires_ends_as_if_cancelled() {
    let mut w = World::new(3, CLEAN);
    w.inject(Side::B, &raw("INVITE", URI, "a", &format!("{SDP}Expires: 20\r\n"), OFFER));
    let b = w.wait_incoming();
    let came_at = w.now;
    assert!(
        matches!(w.wait(Side::B, UaEvent::is_final), UaEvent::Ended { status: Some(487), by_remote: true, session, .. } if session == b)
    );
    assert_eq!((w.now - came_at, w.sent_count(Side::B, "487")), (ms(20_000), 1));
    w.assert_quiet();
}

#[test]
fn an_invite_that_was_answered_does_not_expire() {
    let mut w = World::new(3, CLEAN);
    for (call, expires) in ["5", "4294967295", "nonsense"].into_iter().enumerate() {
        let invite = raw("INVITE", URI, expires, &format!("{SDP}Expires: {expires}\r\n"), OFFER);
        let invite = String::from_utf8(invite).unwrap().replace("Call-ID: raw", &format!("Call-ID: raw{call}"));
        w.inject(Side::B, invite.as_bytes());
        let b = w.wait_incoming();
        w.act(Side::B, |ua, now| ua.answer(now, b, OFFER.into()).unwrap());
    }
    w.run_for(ms(10_000));
    assert_eq!(w.sent_count(Side::B, "487"), 0);
}

#[test]
fn a_faulty_request_gets_400_and_nothing_else_happens() {
    let faulty =
        String::from_utf8(raw("INVITE", URI, "a", SDP, OFFER)).unwrap().replace("CSeq: 1 INVITE", "CSeq: 1 BYE");
    let response = answer_to(faulty.as_bytes());
    assert_eq!(response.status, 400);
    assert!(response.to_tag().is_some());
    let mut w = World::new(3, CLEAN);
    for garbage in [&b"\0\x01\x02"[..], b"\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"", b"SIP/2.0 200 OK\r\n\r\n"] {
        w.inject(Side::B, garbage);
    }
    w.run_for(ms(100));
    assert!(w.sent.is_empty() && w.events.is_empty());
    assert_eq!(w.act(Side::B, |ua, _| ua.counters().malformed), 3);
}

#[test]
fn in_dialog_requests() {
    let mut w = World::new(3, CLEAN);
    let invite = String::from_utf8(raw("INVITE", URI, "i", SDP, OFFER)).unwrap();
    w.inject(Side::B, invite.as_bytes());
    let b = w.wait_incoming();
    w.act(Side::B, |ua, now| ua.answer(now, b, OFFER.into()).unwrap());
    w.run_for(ms(1));
    let tag = w.sent.iter().find_map(|(_, m)| match m {
        Message::Response(r) if r.status == 200 => r.to_tag(),
        _ => None,
    });
    let tag = tag.unwrap();
    let in_dialog = |method: &str, branch: &str, cseq: u32, extra: &str, body: &str| {
        let text = String::from_utf8(raw(method, URI, branch, extra, body)).unwrap();
        text.replace("To: <sip:y@h>", &format!("To: <sip:y@h>;tag={tag}"))
            .replace("CSeq: 1 ", &format!("CSeq: {cseq} "))
    };
    w.inject(Side::B, in_dialog("ACK", "ack", 1, "", "").as_bytes());
    w.wait(Side::B, |e| matches!(e, UaEvent::Confirmed { .. }));
    let info = in_dialog("INFO", "info", 2, "Content-Type: application/dtmf-relay;x=y\r\n", "Signal=5");
    assert_eq!(final_response(&mut w, info.as_bytes()).status, 200);
    let UaEvent::Info { content_type, body, .. } = w.wait(Side::B, |e| matches!(e, UaEvent::Info { .. })) else {
        panic!()
    };
    assert_eq!((content_type.as_str(), &body[..]), ("application/dtmf-relay", &b"Signal=5"[..]));
    // Out of order (§12.2.2).
    assert_eq!(final_response(&mut w, in_dialog("INFO", "old", 2, "", "").as_bytes()).status, 500);
    assert_eq!(final_response(&mut w, in_dialog("OPTIONS", "opt", 3, "", "").as_bytes()).status, 200);
    assert_eq!(final_response(&mut w, in_dialog("FOO", "foo", 4, "", "").as_bytes()).status, 501);
    assert_eq!(final_response(&mut w, in_dialog("REFER", "refer", 5, "", "").as_bytes()).status, 405);
    // UPDATE: without SDP it only refreshes the target; with SDP it is an offer.
    let update =
        in_dialog("UPDATE", "up1", 6, "", "").replace("Contact: <sip:x@192.0.2.1>", "Contact: <sip:moved@192.0.2.1>");
    assert_eq!(final_response(&mut w, update.as_bytes()).status, 200);
    assert_eq!(w.act(Side::B, |ua, _| ua.dialog(b).unwrap().remote_target.clone()), "sip:moved@192.0.2.1");
    w.inject(Side::B, in_dialog("UPDATE", "up2", 7, SDP, OFFER).as_bytes());
    w.wait(Side::B, |e| matches!(e, UaEvent::Reoffered { .. }));
    // A second offer while the first waits (§14.2).
    let second = final_response(&mut w, in_dialog("INVITE", "re", 8, SDP, OFFER).as_bytes());
    assert_eq!(second.status, 500);
    assert!(second.header("Retry-After").is_some());
    w.act(Side::B, |ua, now| ua.answer_reinvite(now, b, Ok(OFFER.into())).unwrap());
    // A stranger who guesses the Call-ID but not the tags.
    let forged = in_dialog("BYE", "forged", 9, "", "").replace("tag=f\r\n", "tag=other\r\n");
    assert_eq!(final_response(&mut w, forged.as_bytes()).status, 481);
    assert_eq!(
        final_response(&mut w, in_dialog("BYE", "bye", 9, "Reason: SIP;cause=200\r\n", "").as_bytes()).status,
        200
    );
    assert!(matches!(w.wait(Side::B, UaEvent::is_final), UaEvent::Ended { by_remote: true, .. }));
    w.assert_quiet();
}

#[test]
fn over_its_limit_it_says_503_with_retry_after() {
    let mut config = UaConfig::new(Side::B.addr(), Side::B.addr());
    config.sessions_max = 2;
    let mut ua = UserAgent::new(config, 1);
    let now = std::time::Instant::now();
    let mut statuses = Vec::new();
    for i in 0..4 {
        let invite = String::from_utf8(raw("INVITE", URI, &i.to_string(), SDP, OFFER))
            .unwrap()
            .replace("Call-ID: raw", &format!("Call-ID: raw{i}"));
        ua.receive(now, Peer::udp(Side::A.addr()), invite.as_bytes());
        while let Some(transmit) = ua.poll_transmit() {
            let Ok(Message::Response(response)) = parse(&transmit.payload) else { panic!() };
            if response.status != 100 {
                assert_eq!(response.header("Retry-After").as_deref(), Some("5"));
                statuses.push(response.status);
            }
        }
    }
    assert_eq!((statuses, ua.session_count(), ua.counters().refused_requests), (vec![503, 503], 2, 2));
}
