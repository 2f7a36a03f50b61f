use botstream_api::call::State;
use botstream_api::cause::{Class, Party};
use botstream_api::dial_request::Wait;
use botstream_api::event::Body;
use botstream_api::{CallAnswered, CallEnded, CallRinging, Cause, DialReply, DialRequest};
use botstream_state::calls;
use cluster_runner::Signal;
use tokio::task::JoinHandle;

use crate::setup::{Behaviour, Bench, Switch, eventually, request};

fn dial(bench: &Bench, wait: Wait) -> JoinHandle<DialReply> {
    let client = bench.client.clone();
    let mut request: DialRequest = request("1");
    request.set_wait(wait);
    tokio::spawn(async move { client.dial(request).await.unwrap() })
}

async fn ordered(switch: &Switch) -> String {
    eventually("the order is there", async || switch.ordered().first().map(|order| order.call_id.clone())).await
}

fn busy() -> Body {
    Body::CallEnded(CallEnded {
        cause: Some(Cause::from_sip(Party::Callee, 486, "Busy Here", &[])),
        ..Default::default()
    })
}

#[tokio::test]
async fn answered_replies_at_the_answer() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    let reply = dial(&bench, Wait::Answered);
    let call_id = ordered(&switch).await;
    switch.publish(&call_id, Body::CallRinging(CallRinging::default())).await;
    assert!(!reply.is_finished());
    switch.publish(&call_id, Body::CallAnswered(CallAnswered::default())).await;
    let reply = reply.await.unwrap();
    assert_eq!((reply.call_id, reply.node.as_str()), (call_id, "s1"));
    assert_eq!((State::try_from(reply.state), reply.cause), (Ok(State::Answered), None));
}

#[tokio::test]
async fn a_call_that_fails_replies_with_its_cause() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    let reply = dial(&bench, Wait::Answered);
    let call_id = ordered(&switch).await;
    switch.publish(&call_id, busy()).await;
    let reply = reply.await.unwrap();
    assert_eq!(reply.state(), State::Ended);
    let cause = reply.cause.unwrap();
    assert_eq!((cause.class(), cause.sip_status, cause.q850), (Class::Busy, 486, 17));
}

#[tokio::test]
async fn completed_replies_at_the_end() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    let reply = dial(&bench, Wait::Completed);
    let call_id = ordered(&switch).await;
    switch.publish(&call_id, Body::CallAnswered(CallAnswered::default())).await;
    switch.publish(&call_id, busy()).await;
    assert_eq!(reply.await.unwrap().state(), State::Ended);
}

#[tokio::test]
async fn a_call_whose_switch_died_ends_the_wait() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let _dialer = bench.dialer("d1").await;
    let reply = dial(&bench, Wait::Completed);
    let call_id = ordered(&switch).await;
    eventually("the call is there", async || bench.calls.read(|conn| calls::get(conn, &call_id)).unwrap().map(drop))
        .await;
    bench.calls.write(|conn| calls::remove(conn, &call_id)).unwrap();
    let reply = reply.await.unwrap();
    assert_eq!(reply.state(), State::Ended);
    assert_eq!(reply.cause.unwrap().class(), Class::NodeLost);
}

#[tokio::test]
async fn a_drain_ends_the_wait_with_what_is_known() {
    let bench = Bench::new().await;
    let switch = bench.switch("s1", 0, Behaviour::Obeys).await;
    let dialer = bench.dialer("d1").await;
    let reply = dial(&bench, Wait::Completed);
    let call_id = ordered(&switch).await;
    eventually("the dialer has the switch's reply", async || (bench.reservations() == 0).then_some(())).await;
    dialer.signal(Signal::TERM);
    let reply = reply.await.unwrap();
    assert_eq!((reply.call_id.as_str(), reply.state()), (call_id.as_str(), State::Created));
    assert!(dialer.wait().await.success(), "{}", dialer.log_tail());
}
