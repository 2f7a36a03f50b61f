//! Who is neither a switch nor a trunk: what it may cost us, and others by us.

use std::net::SocketAddr;
use std::time::Duration;

use sip::{HeaderName, Message, Method, Peer};

use super::network::{CARRIER, PROXY, STRANGER, SWITCH_1, World, addr, ms};
use crate::core::{Dropped, Refusal};

fn request(method: &str, from: &str, branch: usize, extra: &str) -> Vec<u8> {
    format!(
        "{method} sip:+15550100@10.0.0.100 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{branch}\r\nFrom: <sip:x@h>;tag=f\r\n\
         To: <sip:y@h>\r\nCall-ID: {branch}@stranger\r\nCSeq: 1 {method}\r\nContact: <sip:x@{from}>\r\n{extra}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn sent_to(w: &World, to: SocketAddr) -> usize {
    w.sent.iter().filter(|(_, at, _)| *at == to).count()
}

#[test]
fn an_invite_is_answered_once_and_leaves_nothing_behind() {
    let mut w = World::new();
    let invite = request("INVITE", STRANGER, 1, "");
    w.inject(Peer::udp(addr(STRANGER)), PROXY, &invite);
    // Long enough for a transaction to have sent its refusal eleven times.
    w.run_for(Duration::from_secs(40));
    assert_eq!(sent_to(&w, addr(STRANGER)), 1);
    assert_eq!(w.finals(STRANGER)[0].status, 403);
    assert_eq!(w.proxy(PROXY).layer.transaction_count(), (0, 0));
    // The same request again is answered the same, To tag included (RFC 3261 §8.2.7).
    w.inject(Peer::udp(addr(STRANGER)), PROXY, &invite);
    w.run_for(ms(10));
    let tags: Vec<_> = w.finals(STRANGER).iter().map(|response| response.to_tag()).collect();
    assert!(tags.len() == 2 && tags[0].is_some() && tags[0] == tags[1], "{tags:?}");
}

#[test]
fn no_answer_is_longer_than_the_question() {
    let mut w = World::new();
    let short = b"OPTIONS sip:h SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK1;rport\r\nf:<sip:a@h>;tag=1\r\nt:<sip:b@h>\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n";
    for padding in 0..400 {
        let mut question = short.strip_suffix(b"\r\n").unwrap().to_vec();
        question.extend_from_slice(format!("s:{}\r\n\r\n", "x".repeat(padding)).as_bytes());
        let from = SocketAddr::from(([198, 51, (padding / 250) as u8, (padding % 250) as u8], 5060));
        w.inject(Peer::udp(from), PROXY, &question);
        w.run_for(ms(20));
        let answers = w.sent.iter().filter(|(_, to, _)| *to == from);
        for (_, _, message) in answers {
            let Message::Response(response) = message else { panic!("not an answer") };
            assert!(
                response.to_bytes().len() <= question.len(),
                "{} for {}",
                response.to_bytes().len(),
                question.len()
            );
        }
    }
    let counters = w.proxy(PROXY).counters();
    assert!(counters.dropped[&Dropped::Longer] > 10, "{counters:?}");
    let with_allow =
        w.sent.iter().filter(|(_, _, message)| message.headers().get(&HeaderName::Allow).is_some()).count();
    assert!(with_allow > 50 && w.sent.len() > with_allow, "{with_allow} of {}", w.sent.len());
    // Over TCP nobody can send in another's name.
    let before = w.sent.len();
    w.inject(Peer::tcp("198.51.100.9:41000".parse().unwrap()), PROXY, short);
    w.run_for(ms(20));
    assert_eq!(w.sent.len(), before + 1);
}

#[test]
fn who_sends_too_much_is_not_heard_for_a_while() {
    let mut w = World::new();
    for n in 0..1_000 {
        w.inject(Peer::udp(addr(STRANGER)), PROXY, &request("REGISTER", STRANGER, n, ""));
    }
    w.run_for(ms(10));
    assert_eq!(sent_to(&w, addr(STRANGER)), 20);
    assert_eq!(w.proxy(PROXY).counters().bans, 1);
    assert_eq!(w.proxy(PROXY).counters().dropped[&Dropped::Banned], 980);
    w.run_for(Duration::from_secs(590));
    w.inject(Peer::udp(addr(STRANGER)), PROXY, &request("REGISTER", STRANGER, 1_001, ""));
    w.run_for(Duration::from_secs(20));
    assert_eq!(sent_to(&w, addr(STRANGER)), 20);
    // Afterwards it is, and who asks now and then always is.
    for n in 0..200 {
        w.inject(Peer::udp(addr(STRANGER)), PROXY, &request("REGISTER", STRANGER, 2_000 + n, ""));
        w.run_for(Duration::from_secs(4));
    }
    assert_eq!(sent_to(&w, addr(STRANGER)), 220);
    assert_eq!(w.proxy(PROXY).counters().bans, 1);
}

#[test]
fn many_made_up_addresses_get_few_answers_together() {
    let mut w = World::new();
    for n in 0..20_000_u32 {
        let [_, b, c, d] = n.to_be_bytes();
        let from = SocketAddr::from(([203, b, c, d], 5060));
        w.inject(Peer::udp(from), PROXY, &request("INVITE", &from.to_string(), n as usize, ""));
    }
    w.run_for(ms(10));
    // Two seconds' worth at once.
    assert_eq!(w.sent.len(), 400);
    assert_eq!(w.proxy(PROXY).counters().dropped[&Dropped::Answer], 19_600);
    // A call of the carrier's goes through all the same.
    w.call_in(sip::Transport::Udp);
    w.wait_incoming(SWITCH_1);
}

#[test]
fn a_far_end_may_answer_from_another_address() {
    let mut w = World::new();
    let mut params = World::params(PROXY, sip::Transport::Udp);
    params.route = vec![format!("<sip:{PROXY};lr>")];
    params.request_uri = "sip:+15550199@sip.carrier.example".into();
    w.invite(SWITCH_1, params);
    w.run_for(ms(30));
    let asked = w.requests(PROXY, CARRIER, Method::Invite);
    let Some(asked) = asked.first() else { panic!("the call has not left") };
    let ringing = asked.response(180, None, Some("far"));
    for _ in 0..100 {
        w.inject(Peer::udp(addr(STRANGER)), PROXY, &ringing.to_bytes());
        w.run_for(ms(10));
    }
    assert_eq!(w.proxy(PROXY).counters().bans, 0);
    let passed = w.sent.iter().filter(|(from, to, message)| {
        let is_ringing = matches!(message, Message::Response(response) if response.status == 180);
        (*from, *to) == (addr(PROXY), addr(SWITCH_1)) && is_ringing
    });
    assert_eq!(passed.count(), 100);
}

#[test]
fn a_trunk_that_calls_too_often_is_told_to_wait() {
    let mut w = World::new();
    w.proxy(PROXY).config.calls_per_second_max = 10;
    for n in 0..50 {
        w.inject(Peer::udp(addr(CARRIER)), PROXY, &request("INVITE", CARRIER, n, ""));
    }
    w.run_for(ms(20));
    let refused: Vec<_> = w.finals(CARRIER).into_iter().filter(|response| response.status == 503).collect();
    assert_eq!(refused.len(), 30);
    assert!(refused.iter().all(|response| response.header("Retry-After").is_some()));
    assert_eq!(w.proxy(PROXY).counters().refusals[&Refusal::Rate], 30);
}
