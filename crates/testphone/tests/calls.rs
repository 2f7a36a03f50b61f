//! Two phones call each other over loopback: signalling, audio bit by bit, digits, refusals.

use std::sync::Arc;
use std::time::Duration;

use testphone::{
    CallEvent, CallOptions, Clip, End, Endpoint, EndpointConfig, Error, Law, Outcome, Play, Script, Transport,
};

async fn phone() -> Endpoint {
    Endpoint::bind(EndpointConfig::default()).await.expect("a free port")
}

/// Three seconds of noise in bursts, every code of the law in it.
fn speech(law: Law) -> Arc<Clip> {
    let mut seed = 1u64;
    let codes = (0..24_000)
        .map(|n| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if n / 2400 % 4 == 3 { law.silence() } else { (seed >> 56) as u8 }
        })
        .collect();
    Arc::new(Clip::from_codes(law, codes))
}

/// Places a call that the other side answers, and waits until it is over for both.
async fn converse(
    to: String,
    caller: Script,
    callee: Script,
    options: CallOptions,
    (one, two): (&Endpoint, &Endpoint),
) -> (Outcome, Outcome) {
    let placed = async { one.call(&to, options, caller).await.expect("an INVITE").wait().await.expect("an outcome") };
    let taken = async {
        let incoming = two.incoming().await.expect("a call");
        incoming.answer(Duration::ZERO, callee).await.expect("a media port").wait().await.expect("an outcome")
    };
    tokio::join!(placed, taken)
}

async fn audio_comes_back_bit_exact(transport: Transport, law: Law) {
    let (one, two) = (phone().await, phone().await);
    let mut caller = Script::playing(Play::Clip(speech(law))).for_duration(Duration::from_millis(3500));
    caller.codecs = vec![law.into()];
    caller.dtmf = vec![(Duration::from_millis(3050), "1*9".to_owned())];
    let callee = Script::playing(Play::Echo { delay_ms: 120, gain_db: 0.0 });
    let (placed, taken) = converse(two.uri(transport), caller, callee, CallOptions::default(), (&one, &two)).await;

    assert_eq!(placed.end, End::LocalHangup);
    assert_eq!(taken.end, End::RemoteHangup { reason_headers: Vec::new() });
    assert_eq!(placed.sip_call_id, taken.sip_call_id);
    let report = placed.report();
    let media = report.media.clone().expect("media");
    assert_eq!(media.packets_lost, 0);
    assert_eq!(media.measurements.bit_exact_percent, Some(100.0), "{report}");
    let delay = media.measurements.delay.expect("an echo");
    // Never less than what the echo waits; how much more is up to the machine.
    assert!(delay.p50_ms >= 119.0 && delay.p50_ms < 400.0, "{report}");
    assert!(delay.windows_found * 10 >= delay.windows * 9, "{report}");
    let heard = taken.media.expect("media");
    assert_eq!(heard.digits(), "1*9");
    assert_eq!(heard.law, law);
    assert!(report.to_string().contains("bytes unchanged"));
    assert!(serde_json::to_string(&report).expect("JSON").contains("\"end\":\"local_hangup\""));
    one.close().await;
    two.close().await;
}

#[tokio::test]
async fn ulaw_comes_back_bit_exact_over_udp() {
    audio_comes_back_bit_exact(Transport::Udp, Law::Mu).await;
}

#[tokio::test]
async fn alaw_comes_back_bit_exact_over_tcp() {
    audio_comes_back_bit_exact(Transport::Tcp, Law::A).await;
}

#[tokio::test]
async fn an_attenuated_echo_is_measured_as_such_and_the_callee_may_hang_up() {
    let (one, two) = (phone().await, phone().await);
    let caller = Script::playing(Play::Clip(speech(Law::Mu)));
    let callee = Script::playing(Play::Echo { delay_ms: 60, gain_db: -9.0 }).for_duration(Duration::from_millis(3300));
    let (placed, taken) = converse(two.uri(Transport::Udp), caller, callee, CallOptions::default(), (&one, &two)).await;
    assert_eq!(placed.end, End::RemoteHangup { reason_headers: Vec::new() });
    assert_eq!(taken.end, End::LocalHangup);
    let measured = placed.media.unwrap().measure();
    let change_db = measured.level_heard_dbfs - measured.level_sent_dbfs;
    assert!((change_db + 9.0).abs() < 0.5, "{change_db} dB");
    assert!(measured.similarity.unwrap() > 0.99, "{measured:?}");
}

#[tokio::test]
async fn an_invite_without_an_offer_is_answered_with_one() {
    let (one, two) = (phone().await, phone().await);
    let caller = Script::playing(Play::Clip(speech(Law::Mu))).for_duration(Duration::from_millis(1500));
    let options = CallOptions { delayed_offer: true, ..CallOptions::default() };
    let callee = Script::playing(Play::Echo { delay_ms: 60, gain_db: 0.0 });
    let (placed, taken) = converse(two.uri(Transport::Udp), caller, callee, options, (&one, &two)).await;
    assert_eq!(placed.end, End::LocalHangup);
    assert!(placed.media.unwrap().measure().similarity.unwrap() > 0.99);
    assert!(taken.media.unwrap().received.received > 50);
}

#[tokio::test]
async fn a_refusal_names_its_status() {
    let (one, two) = (phone().await, phone().await);
    let placed = one.call(&two.uri(Transport::Tcp), CallOptions::default(), Script::default()).await.unwrap();
    two.incoming().await.unwrap().reject(486).await;
    let outcome = placed.wait().await.unwrap();
    assert!(matches!(outcome.end, End::NotAnswered { status: 486, .. }), "{:?}", outcome.end);
    assert!(outcome.media.is_none());
    // Nobody takes it: refused as well.
    let placed = one.call(&two.uri(Transport::Udp), CallOptions::default(), Script::default()).await.unwrap();
    drop(two.incoming().await.unwrap());
    assert!(matches!(placed.wait().await.unwrap().end, End::NotAnswered { status: 480, .. }));
}

#[tokio::test]
async fn no_codec_in_common_is_488() {
    let (one, two) = (phone().await, phone().await);
    let caller = Script { codecs: vec![Law::Mu.into()], ..Script::default() };
    let callee = Script { codecs: vec![Law::A.into()], ..Script::default() };
    let (placed, taken) = converse(two.uri(Transport::Udp), caller, callee, CallOptions::default(), (&one, &two)).await;
    assert!(matches!(placed.end, End::NotAnswered { status: 488, .. }), "{:?}", placed.end);
    assert!(matches!(taken.end, End::NotAnswered { status: 488, .. }), "{:?}", taken.end);
}

#[tokio::test]
async fn a_ringing_call_can_be_given_up() {
    let (one, two) = (phone().await, phone().await);
    let mut placed = one.call(&two.uri(Transport::Udp), CallOptions::default(), Script::default()).await.unwrap();
    let taken = two.incoming().await.unwrap().answer(Duration::from_secs(60), Script::default()).await.unwrap();
    assert_eq!(placed.event().await, Some(CallEvent::Ringing { status: 180 }));
    let outcome = placed.hangup().await.unwrap();
    assert!(matches!(outcome.end, End::NotAnswered { status: 487, .. }), "{:?}", outcome.end);
    assert!(outcome.timings.ringing_ms.is_some() && outcome.timings.answered_ms.is_none());
    let taken = taken.wait().await.unwrap();
    assert!(matches!(taken.end, End::NotAnswered { status: 487, .. }), "{:?}", taken.end);
}

#[tokio::test]
async fn a_dropped_call_hangs_up() {
    let (one, two) = (phone().await, phone().await);
    let mut placed = one.call(&two.uri(Transport::Udp), CallOptions::default(), Script::default()).await.unwrap();
    let taken = two.incoming().await.unwrap().answer(Duration::ZERO, Script::default()).await.unwrap();
    placed.answered().await.unwrap();
    drop(placed);
    assert_eq!(taken.wait().await.unwrap().end, End::RemoteHangup { reason_headers: Vec::new() });
}

#[tokio::test]
async fn what_cannot_be_called_is_said_at_once() {
    let one = phone().await;
    for uri in ["", "tel:+1", "sip:a b@h", "mailto:a@h"] {
        let refused = one.call(uri, CallOptions::default(), Script::default()).await;
        assert!(matches!(refused, Err(Error::Uri { .. })), "{uri:?}");
    }
    // A port where nobody listens: TCP says so.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let placed =
        one.call(&format!("sip:x@{closed};transport=tcp"), CallOptions::default(), Script::default()).await.unwrap();
    assert!(matches!(placed.wait().await.unwrap().end, End::NotAnswered { status: 503, .. }));
}
