//! What the far end still says, or must still be told, when a session is over.
use crate::far_end::{Ask, FarEnd, SDP, final_in, kinds, ms, request_in, response};
use sip::ua::UaEvent;
use sip::{Message, Peer};

#[test]
fn a_fork_that_answers_after_the_session_is_over_is_acknowledged_and_hung_up() {
    let mut far = FarEnd::new();
    let (id, invite) = far.called(|_| {});
    far.say(response(&invite, 180, "t1"));
    let now = far.now;
    far.act(|ua| ua.hangup(now, id, None).unwrap());
    let sent = far.say(response(&invite, 200, "t1"));
    assert_eq!(kinds(&sent), ["ACK", "BYE"]);
    far.say(response(&request_in(&sent, "BYE"), 200, "t1"));
    assert_eq!(far.ua.session_count(), 0);
    let sent = far.say(response(&invite, 200, "t2"));
    assert_eq!(kinds(&sent), ["ACK", "BYE"]);
    assert_eq!(request_in(&sent, "BYE").to_tag().as_deref(), Some("t2"));
    far.pass(ms(600));
    assert_eq!(kinds(&far.say(response(&invite, 200, "t2"))), ["ACK"], "again");
    assert_eq!(kinds(&far.say(response(&invite, 200, "t1"))), ["ACK"], "the first one's ACK was lost");
    far.pass(ms(40_000));
    assert!(far.say(response(&invite, 200, "t3")).is_empty(), "64*T1 are over");
    far.assert_quiet();
}

#[test]
fn a_fork_that_answers_after_a_re_invite_is_acknowledged_and_hung_up() {
    let mut far = FarEnd::new();
    let (id, invite) = far.called(|_| {});
    far.say(response(&invite, 200, "t1"));
    let now = far.now;
    let ((), sent) = far.act(|ua| ua.reoffer(now, id, Some(SDP.into())).unwrap());
    let reinvite = request_in(&sent, "INVITE");
    let sent = far.say(response(&invite, 200, "t2"));
    assert_eq!(kinds(&sent), ["ACK", "BYE"]);
    assert_eq!(request_in(&sent, "ACK").cseq().unwrap().number, invite.cseq().unwrap().number);
    assert_eq!(kinds(&far.say(response(&invite, 200, "t1"))), ["ACK"]);
    assert_eq!(kinds(&far.say(response(&reinvite, 200, "t1"))), ["ACK"]);
    assert_eq!(kinds(&far.say(response(&reinvite, 200, "t1"))), ["ACK"]);
    let now = far.now;
    far.act(|ua| ua.hangup(now, id, None).unwrap());
    far.assert_quiet();
}

#[test]
fn a_487_to_a_re_invite_after_our_bye_is_acknowledged() {
    for answer in [487, 200] {
        let mut far = FarEnd::new();
        let (id, invite) = far.called(|_| {});
        far.say(response(&invite, 200, "t1"));
        let now = far.now;
        let ((), sent) = far.act(|ua| ua.reoffer(now, id, Some(SDP.into())).unwrap());
        let reinvite = request_in(&sent, "INVITE");
        far.say(response(&reinvite, 100, "t1"));
        let ((), sent) = far.act(|ua| ua.hangup(now, id, None).unwrap());
        assert_eq!(kinds(&sent), ["BYE"]);
        far.say(response(&request_in(&sent, "BYE"), 200, "t1"));
        for _ in 0..2 {
            let sent = far.say(response(&reinvite, answer, "t1"));
            assert_eq!(kinds(&sent), ["ACK"], "of a {answer}");
            assert_eq!(request_in(&sent, "ACK").cseq().unwrap().number, reinvite.cseq().unwrap().number);
        }
        far.assert_quiet();
    }
}

#[test]
fn a_re_invite_that_never_ends_is_forgotten_after_the_bye() {
    let mut far = FarEnd::new();
    let (id, invite) = far.called(|_| {});
    far.say(response(&invite, 200, "t1"));
    let now = far.now;
    let ((), sent) = far.act(|ua| ua.reoffer(now, id, Some(SDP.into())).unwrap());
    far.say(response(&request_in(&sent, "INVITE"), 180, "t1"));
    far.act(|ua| ua.hangup(now, id, None).unwrap());
    far.assert_quiet();
    // Its transaction, too: nothing answers to its branch.
    assert!(far.say(response(&request_in(&sent, "INVITE"), 487, "t1")).is_empty());
}

#[test]
fn our_hangup_is_the_reason_whatever_echoes_it() {
    for (status, expected) in
        [(487, 487), (401, 487), (408, 487), (480, 487), (500, 487), (503, 487), (486, 486), (603, 603)]
    {
        let mut far = FarEnd::new();
        let (id, invite) = far.called(|_| {});
        far.say(response(&invite, 180, "t1"));
        let now = far.now;
        far.act(|ua| ua.hangup(now, id, None).unwrap());
        far.say(response(&invite, status, "t1"));
        assert!(matches!(far.events.last(), Some(UaEvent::Failed { status, .. }) if *status == expected), "{status}");
        far.assert_quiet();
    }
    let mut far = FarEnd::new();
    let (_, invite) = far.called(|p| p.ring_timeout = Some(ms(15_000)));
    far.say(response(&invite, 180, "t1"));
    assert_eq!(kinds(&far.pass(ms(15_000))), ["CANCEL"]);
    far.say(response(&invite, 480, "t1"));
    assert!(matches!(far.events.last(), Some(UaEvent::Failed { status: 408, .. })));
    far.assert_quiet();
}

fn bye_of(sent: &[(Peer, Message)]) -> Option<Peer> {
    sent.iter().find_map(|(peer, m)| matches!(m, Message::Request(r) if r.method.as_str() == "BYE").then_some(*peer))
}

#[test]
fn a_tcp_caller_without_transport_in_his_contact_gets_the_bye_over_tcp() {
    let mut far = FarEnd::new();
    far.peer = Peer::tcp("192.0.2.2:49152".parse().unwrap());
    let (id, _) = far.answered_call();
    let (now, connection) = (far.now, far.peer);
    let ((), sent) = far.act_to(|ua| ua.hangup(now, id, Some("Q.850;cause=16".into())).unwrap());
    assert_eq!(bye_of(&sent), Some(connection));
    // The connection is gone: then what the Contact says, and no third time.
    let ((), sent) = far.act_to(|ua| ua.transport_failed(now, connection));
    assert_eq!(bye_of(&sent), Some(Peer::udp("192.0.2.2:5060".parse().unwrap())));
    let bye = sent.iter().find_map(|(_, m)| match m {
        Message::Request(r) => Some(r.clone()),
        Message::Response(_) => None,
    });
    let bye = bye.unwrap();
    assert_eq!((bye.header("Reason").as_deref(), bye.cseq().unwrap().number), (Some("Q.850;cause=16"), 2));
    let ((), sent) = far.act_to(|ua| ua.transport_failed(now, Peer::udp("192.0.2.2:5060".parse().unwrap())));
    assert!(sent.is_empty());
    far.assert_quiet();
}

#[test]
fn a_bye_that_cannot_reach_the_contact_is_tried_where_the_call_came_from() {
    let mut far = FarEnd::new();
    let (came_from, contact) = (far.peer, Peer::tcp("192.0.2.2:5090".parse().unwrap()));
    let ask = Ask::invite("call");
    let invite = String::from_utf8(ask.bytes(came_from)).unwrap();
    far.say(invite.replace("<sip:x@192.0.2.2>", "<sip:x@192.0.2.2:5090;transport=tcp>"));
    let (id, now) = (far.events.last().unwrap().session(), far.now);
    let ((), sent) = far.act(|ua| ua.answer(now, id, SDP.into()).unwrap());
    let tag = final_in(&sent).to_tag().unwrap();
    far.ask(&Ask::new("ACK", "ack").tags("f", &tag));
    let ((), sent) = far.act_to(|ua| ua.hangup(now, id, None).unwrap());
    assert_eq!(bye_of(&sent), Some(contact));
    let ((), sent) = far.act_to(|ua| ua.transport_failed(now, contact));
    assert_eq!(bye_of(&sent), Some(came_from));
    far.assert_quiet();
}
