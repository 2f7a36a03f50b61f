//! Offers and answers as they are really wrapped.
use crate::far_end::{Ask, FarEnd, SDP, final_in, kinds};
use sip::HeaderName;
use sip::ua::UaEvent;

fn multipart(part_type: &str) -> Vec<u8> {
    format!("--cut\r\nContent-Type: application/isup\r\n\r\n\u{1}\r\n--cut\r\nContent-Type: {part_type}\r\n\r\n{SDP}\r\n--cut--\r\n")
        .into_bytes()
}

#[test]
fn an_offer_in_a_multipart_body_is_found() {
    let mut far = FarEnd::new();
    let mut ask = Ask::new("INVITE", "a").extra("Content-Type: multipart/mixed; boundary=\"cut\"");
    ask.body = multipart("application/sdp");
    far.ask(&ask);
    let Some(UaEvent::Incoming { offer, .. }) = far.events.last() else { panic!("{:?}", far.events) };
    assert_eq!(offer.as_deref(), Some(SDP));
}

#[test]
fn a_multipart_body_without_sdp_is_refused() {
    let mut far = FarEnd::new();
    let mut ask = Ask::new("INVITE", "a").extra("Content-Type: multipart/mixed; boundary=cut");
    ask.body = multipart("text/plain");
    let refused = final_in(&far.ask(&ask));
    assert_eq!(refused.status, 415);
    assert_eq!(refused.header("Accept").as_deref(), Some("application/sdp, multipart/mixed"));
}

#[test]
fn an_answer_in_a_multipart_body_is_found() {
    let mut far = FarEnd::new();
    let (_, invite) = far.called(|_| {});
    let mut answer = invite.response(200, None, Some("t"));
    answer.headers.push(HeaderName::Contact, "<sip:callee@192.0.2.2>");
    answer.headers.push(HeaderName::ContentType, "multipart/mixed;boundary=cut");
    answer.body = multipart("application/sdp").into();
    assert_eq!(kinds(&far.say(answer.to_bytes())), ["ACK"]);
    let Some(UaEvent::Answered { body, .. }) = far.events.last() else { panic!("{:?}", far.events) };
    assert_eq!(body.as_deref(), Some(SDP));
}

#[test]
fn an_offer_with_latin_1_in_it_is_an_offer() {
    let mut far = FarEnd::new();
    let mut ask = Ask::invite("a");
    let at = ask.body.windows(3).position(|w| w == b"s=-").unwrap();
    ask.body[at + 2] = 0xe9;
    far.ask(&ask);
    let Some(UaEvent::Incoming { offer: Some(offer), .. }) = far.events.last() else { panic!("{:?}", far.events) };
    assert_eq!(*offer, SDP.replace("s=-", "s=é"));
    assert!(sip::sdp::Description::parse(offer).is_ok());
}
