//! Requests of a callee that has not answered yet (RFC 3261 §12, RFC 3311, RFC 6086).
use crate::far_end::{Ask, FarEnd, final_in, ms, response};
use sip::ua::UaEvent;
use sip::{Request, Response};

struct Ringing {
    far: FarEnd,
    invite: Request,
    count: u32,
}

impl Ringing {
    fn new() -> Self {
        let mut far = FarEnd::new();
        let (_, invite) = far.called(|_| {});
        far.say(response(&invite, 180, "t1"));
        Self { far, invite, count: 0 }
    }

    fn ask(&mut self, tag: &str, cseq: u32, ask: Ask) -> Response {
        self.count += 1;
        let our_tag = self.invite.from_tag().unwrap();
        let mut ask = ask.call_id(self.invite.call_id()).cseq(cseq).tags(tag, &our_tag);
        ask.branch = format!("early{}", self.count);
        final_in(&self.far.ask(&ask))
    }
}

#[test]
fn an_early_dialog_of_ours_takes_requests() {
    let mut ringing = Ringing::new();
    assert_eq!(ringing.ask("t1", 1, Ask::new("OPTIONS", "")).status, 200);
    let mut info = Ask::new("INFO", "").extra("Content-Type: application/dtmf-relay");
    info.body = b"Signal=5".to_vec();
    assert_eq!(ringing.ask("t1", 2, info).status, 200);
    assert!(matches!(ringing.far.events.last(), Some(UaEvent::Info { body, .. }) if &body[..] == b"Signal=5"));
    let update = ringing.ask("t1", 3, Ask::new("UPDATE", ""));
    assert_eq!((update.status, update.header("Contact").is_some()), (200, true));
    for (method, status) in [("BYE", 481), ("REFER", 405), ("FOO", 501)] {
        let cseq = 4 + ringing.count;
        assert_eq!(ringing.ask("t1", cseq, Ask::new(method, "")).status, status);
    }
    assert!(!ringing.far.events.iter().any(UaEvent::is_final));
}

#[test]
fn an_early_offer_is_put_off_while_ours_is_unanswered() {
    let mut ringing = Ringing::new();
    let refused = ringing.ask("t1", 1, Ask::new("UPDATE", "").sdp());
    let seconds: u32 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert_eq!((refused.status, seconds <= 10), (500, true));
}

#[test]
fn each_early_dialog_counts_for_itself_and_goes_on_counting() {
    let mut ringing = Ringing::new();
    assert_eq!(ringing.ask("t1", 7, Ask::new("OPTIONS", "")).status, 200);
    assert_eq!(ringing.ask("t1", 7, Ask::new("OPTIONS", "")).status, 500);
    assert_eq!(ringing.ask("t2", 1, Ask::new("OPTIONS", "")).status, 200, "another branch of a fork");
    ringing.far.say(response(&ringing.invite, 200, "t1"));
    assert_eq!(ringing.ask("t1", 6, Ask::new("INFO", "")).status, 500);
    assert_eq!(ringing.ask("t1", 8, Ask::new("INFO", "")).status, 200);
    assert_eq!(ringing.ask("t2", 2, Ask::new("INFO", "")).status, 481, "its dialog was not the one that was answered");
    assert_eq!(ringing.ask("t1", 9, Ask::new("BYE", "")).status, 200);
    ringing.far.pass(ms(1));
    ringing.far.assert_quiet();
}

#[test]
fn who_does_not_know_our_tag_has_no_early_dialog() {
    let mut far = FarEnd::new();
    let (_, invite) = far.called(|_| {});
    far.say(response(&invite, 180, "t1"));
    let ask = Ask::new("OPTIONS", "x").call_id(invite.call_id()).tags("t1", "guessed");
    assert_eq!(final_in(&far.ask(&ask)).status, 481);
}
