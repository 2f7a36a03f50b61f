//! Full tables: what ends calls goes through all the same.
use crate::far_end::{Ask, FarEnd, SDP, final_in, kinds, ms, params, request_in, response};
use sip::Error;
use sip::ua::UaEvent;

fn small() -> FarEnd {
    FarEnd::with(|config| config.sessions_max = 20)
}

/// Calls that are refused at once leave their client transactions for 32 s (timer D), until there is no room.
fn fill_client_transactions(far: &mut FarEnd) {
    for _ in 0..1000 {
        let (now, params) = (far.now, params(far.peer));
        let (result, sent) = far.act(|ua| ua.invite(now, params));
        match result {
            Ok(_) => drop(far.say(response(&request_in(&sent, "INVITE"), 486, "busy"))),
            Err(error) => {
                assert!(matches!(error, Error::Full { what: "client transactions", .. }), "{error}");
                return;
            }
        }
    }
    panic!("never full");
}

#[test]
fn a_cancel_is_sent_when_client_transactions_are_used_up() {
    let mut far = small();
    let (id, invite) = far.called(|_| {});
    far.say(response(&invite, 180, "t"));
    fill_client_transactions(&mut far);
    let now = far.now;
    let ((), sent) = far.act(|ua| ua.hangup(now, id, None).unwrap());
    assert_eq!(kinds(&sent), ["CANCEL"]);
    far.say(response(&request_in(&sent, "CANCEL"), 200, "t"));
    assert_eq!(kinds(&far.say(response(&invite, 487, "t"))), ["ACK"]);
    assert!(matches!(far.events.last(), Some(UaEvent::Failed { status: 487, session, .. }) if *session == id));
    far.assert_quiet();
}

#[test]
fn a_call_that_is_cancelled_ends_even_if_nobody_answers_any_more() {
    let mut far = small();
    let (id, invite) = far.called(|_| {});
    far.say(response(&invite, 180, "t"));
    fill_client_transactions(&mut far);
    let now = far.now;
    far.act(|ua| ua.hangup(now, id, None).unwrap());
    far.pass(ms(32_000));
    assert!(matches!(far.events.last(), Some(UaEvent::Failed { status: 487, session, .. }) if *session == id));
    far.assert_quiet();
}

#[test]
fn a_bye_is_sent_when_client_transactions_are_used_up() {
    let mut far = small();
    let (id, _) = far.answered_call();
    fill_client_transactions(&mut far);
    let now = far.now;
    let ((), sent) = far.act(|ua| ua.hangup(now, id, None).unwrap());
    assert_eq!(kinds(&sent), ["BYE"]);
    far.assert_quiet();
}

#[test]
fn strangers_requests_leave_nothing_behind() {
    let mut far = small();
    let (_, tag) = far.answered_call();
    for i in 0..1000 {
        let (method, status) =
            [("OPTIONS", 200), ("REGISTER", 405), ("BYE", 481), ("CANCEL", 481), ("NEW", 501)][i % 5];
        let ask = Ask::new(method, format!("stranger{i}")).call_id("scan");
        assert_eq!(final_in(&far.ask(&ask)).status, status);
        let ask = Ask::new("INFO", format!("tagged{i}")).call_id("scan").tags("f", "guessed");
        assert_eq!(final_in(&far.ask(&ask)).status, 481);
    }
    assert_eq!(final_in(&far.ask(&Ask::new("BYE", "bye").cseq(2).tags("f", &tag))).status, 200);
    assert!(matches!(far.events.last(), Some(UaEvent::Ended { by_remote: true, .. })));
    far.assert_quiet();
}

#[test]
fn a_stateless_answer_is_the_same_each_time() {
    let mut far = FarEnd::new();
    let ask = |far: &mut FarEnd, branch: &str| final_in(&far.ask(&Ask::new("OPTIONS", branch)));
    let first = ask(&mut far, "a");
    assert!(first.to_tag().is_some());
    assert_eq!(ask(&mut far, "a"), first);
    assert_ne!(ask(&mut far, "b").to_tag(), first.to_tag());
    assert_eq!(far.ua.poll_timeout(), None);
}

/// Strangers' INVITEs are refused, but never acknowledged: their transactions stay for 32 s (timer H).
fn fill_server_transactions(far: &mut FarEnd) {
    for i in 0..1000 {
        let sent = far.ask(&Ask::invite(format!("flood{i}")).call_id(format!("flood{i}")));
        if let Some(session) = far.events.last().filter(|e| matches!(e, UaEvent::Incoming { .. })).map(UaEvent::session)
        {
            let now = far.now;
            far.act(|ua| ua.reject(now, session, 403, None, &[]).unwrap());
        } else {
            // No transaction, hence no 100.
            assert_eq!((sent.len(), final_in(&sent).status), (1, 503));
            return;
        }
    }
    panic!("never full");
}

#[test]
fn live_calls_end_and_change_when_server_transactions_are_used_up() {
    let mut far = small();
    let (_, tag) = far.answered_call();
    far.ask(&Ask::invite("ringing").call_id("ringing"));
    let ringing = far.events.last().unwrap().session();
    fill_server_transactions(&mut far);
    // Guessed tags do not use up what is kept for those who know them.
    for i in 0..1000 {
        let method = ["INVITE", "INFO"][i % 2];
        let sent = far.ask(&Ask::new(method, format!("guess{i}")).call_id(format!("guess{i}")).tags("f", "guessed"));
        assert_eq!(final_in(&sent).status, 481, "{i}");
    }
    let sent = far.ask(&Ask::new("CANCEL", "ringing").call_id("ringing"));
    assert_eq!(kinds(&sent), ["200", "487"]);
    assert!(far.events.iter().any(|e| matches!(e, UaEvent::Ended { session, .. } if *session == ringing)));
    far.ask(&Ask::invite("re").cseq(2).tags("f", &tag));
    let Some(UaEvent::Reoffered { session, .. }) = far.events.last() else { panic!("{:?}", far.events.last()) };
    let (session, now) = (*session, far.now);
    let ((), sent) = far.act(|ua| ua.answer_reinvite(now, session, Ok(SDP.into())).unwrap());
    assert_eq!(kinds(&sent), ["200"]);
    far.ask(&Ask::new("ACK", "re-ack").cseq(2).tags("f", &tag));
    assert_eq!(final_in(&far.ask(&Ask::new("BYE", "bye").cseq(3).tags("f", &tag))).status, 200);
    far.assert_quiet();
}
