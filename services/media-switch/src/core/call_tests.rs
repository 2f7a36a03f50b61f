//! The call's rules, each told as a story.

use std::time::{Duration, Instant};

use botstream_api::call::{Direction, State};
use botstream_api::call_unbridged::Reason as UnbridgeReason;
use botstream_api::cause::{Class, Party};
use botstream_api::event::Body;
use botstream_api::{AudioFormat, Cause, DtmfCollectRequest, DtmfDigit, MediaStats, PlaybackFinished};
use proptest::prelude::*;

use super::call::{Call, Facts, Input, Output};
use super::cause::Ending;
use super::collect::CollectSpec;

struct Story {
    call: Call,
    now: Instant,
    outputs: Vec<Output>,
}

fn facts(direction: Direction, duration_max: Option<Duration>) -> Facts {
    Facts {
        direction,
        from: "+14155550100".to_owned(),
        to: "100".to_owned(),
        trunk: "carrier".to_owned(),
        route: "main".to_owned(),
        sip_call_id: "abc".to_owned(),
        stream_id: "sw-1-X-1".to_owned(),
        bot_url: "ws://127.0.0.1:1".to_owned(),
        fallback_urls: Vec::new(),
        duration_max,
    }
}

impl Story {
    fn begin(direction: Direction) -> Self {
        Self::with_duration(direction, None)
    }

    fn with_duration(direction: Direction, duration_max: Option<Duration>) -> Self {
        let now = Instant::now();
        let mut outputs = Vec::new();
        let mut call = Call::begin(facts(direction, duration_max), now, &mut outputs);
        if direction == Direction::Inbound {
            call.ring(&mut outputs);
        }
        Self { call, now, outputs }
    }

    fn then(&mut self, input: Input) -> &mut Self {
        self.outputs.clear();
        self.call.handle(self.now, input, &mut self.outputs);
        self
    }

    fn later(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.outputs.clear();
        self.call.handle_timeout(self.now, &mut self.outputs);
        self
    }

    /// The outputs by name, events by type.
    fn told(&self) -> Vec<String> {
        self.outputs
            .iter()
            .map(|output| match output {
                Output::Publish(body) => {
                    let (class, kind) = body.class_and_type();
                    format!("{class}.{kind}")
                }
                other => format!("{other:?}").split([' ', '{']).next().unwrap().to_owned(),
            })
            .collect()
    }

    /// The cause of the call's end, once its media is closed.
    fn cause(&mut self) -> Cause {
        self.then(Input::MediaClosed(MediaStats { rtp_sent: 7, ..MediaStats::default() }));
        assert_eq!(self.told(), ["call.ended", "Ended"]);
        let Output::Publish(Body::CallEnded(ended)) = &self.outputs[0] else { panic!("{:?}", self.outputs) };
        assert_eq!(ended.media.unwrap().rtp_sent, 7);
        ended.cause.clone().unwrap()
    }
}

fn ready() -> Input {
    Input::StreamReady { connect_ms: 3, format: AudioFormat::default() }
}

fn hangup(class: Class) -> Input {
    Input::HangUp(Ending::by_operator(class))
}

#[test]
fn an_inbound_call_is_answered_when_its_bot_is_there() {
    let mut story = Story::begin(Direction::Inbound);
    assert_eq!(
        story.told(),
        ["call.created", "call.routing", "stream.connecting", "StateChanged", "Ring", "call.ringing", "StateChanged"]
    );
    story.then(ready());
    assert_eq!(story.told(), ["stream.started", "Answer", "call.answered", "StateChanged", "StartAudio"]);
    assert_eq!(story.call.state(), State::Answered);
    story.then(Input::RemoteEnded { reason_headers: Vec::new() });
    assert_eq!(story.told(), ["CloseMedia", "stream.stopped", "StateChanged"]);
    let cause = story.cause();
    assert_eq!((cause.party(), cause.class(), cause.q850), (Party::Caller, Class::Normal, 16));
}

#[test]
fn nobody_is_answered_without_a_bot() {
    let mut story = Story::begin(Direction::Inbound);
    story.then(Input::StreamFailed { reason: "refused".to_owned(), is_useless: false });
    assert_eq!(story.told(), ["stream.failed", "Reject", "CloseMedia", "StateChanged"]);
    assert!(story.outputs.iter().any(|output| matches!(output, Output::Reject { sip_status: 480, .. })));
    let cause = story.cause();
    assert_eq!((cause.party(), cause.class(), cause.sip_status), (Party::Bot, Class::BotFailed, 480));
}

#[test]
fn a_callee_waits_for_the_bot_and_not_the_other_way_round() {
    let mut story = Story::begin(Direction::Outbound);
    story.then(Input::Ringing { sip_status: 180, has_early_media: false });
    assert_eq!(story.told(), ["call.ringing", "StateChanged"]);
    story.then(Input::Answered);
    assert_eq!(story.told(), ["call.answered", "StateChanged"]);
    story.then(ready());
    assert_eq!(story.told(), ["stream.started", "StartAudio"]);
}

#[test]
fn a_bot_that_fails_while_it_rings_cancels_the_call() {
    let mut story = Story::begin(Direction::Outbound);
    story.then(Input::Ringing { sip_status: 183, has_early_media: true });
    assert_eq!(story.told(), ["call.ringing", "StateChanged", "call.early_media", "StateChanged"]);
    story.then(Input::StreamFailed { reason: "refused".to_owned(), is_useless: false });
    assert_eq!(story.told(), ["stream.failed", "HangUp", "CloseMedia", "StateChanged"]);
    assert_eq!(story.cause().class(), Class::BotFailed);
}

fn failed() -> Input {
    Input::StreamFailed { reason: "reset".to_owned(), is_useless: false }
}

fn with_fallback(direction: Direction) -> Story {
    let now = Instant::now();
    let mut outputs = Vec::new();
    let facts = Facts { fallback_urls: vec!["ws://127.0.0.1:2".to_owned()], ..facts(direction, None) };
    let call = Call::begin(facts, now, &mut outputs);
    Story { call, now, outputs }
}

#[test]
fn a_bot_that_is_lost_is_called_again_and_then_another() {
    let mut story = with_fallback(Direction::Inbound);
    story.then(ready()).then(failed());
    assert_eq!(story.told(), ["stream.reconnecting", "Connect"]);
    assert!(story.outputs.contains(&Output::Connect { address: 0, is_resumed: true }));
    // It is back: audio has been started and the call answered before.
    story.then(ready());
    assert_eq!(story.told(), ["stream.started"]);
    for delay_ms in [250, 500, 1_000] {
        story.then(failed());
        assert_eq!(story.told(), ["stream.reconnecting", "StateChanged"]);
        story.later(Duration::from_millis(delay_ms));
        assert_eq!(story.told(), ["Connect", "StateChanged"]);
    }
    story.then(failed());
    assert_eq!(story.told(), ["stream.fallback", "Connect"]);
    assert!(story.outputs.contains(&Output::Connect { address: 1, is_resumed: true }));
    story.then(failed());
    assert_eq!(story.told(), ["stream.failed", "HangUp", "CloseMedia", "StateChanged"]);
    assert_eq!(story.cause().class(), Class::BotFailed);
}

#[test]
fn a_bot_that_cannot_be_reached_is_replaced_before_the_answer() {
    let mut story = with_fallback(Direction::Inbound);
    story.then(failed());
    assert_eq!(story.told(), ["stream.fallback", "Connect"]);
    assert!(story.outputs.contains(&Output::Connect { address: 1, is_resumed: false }));
    story.then(ready());
    assert_eq!(story.told(), ["stream.started", "Answer", "call.answered", "StateChanged", "StartAudio"]);
}

#[test]
fn a_call_that_ends_calls_no_bot_any_more() {
    let mut story = with_fallback(Direction::Inbound);
    story.then(ready()).then(failed()).then(failed());
    assert!(story.call.timeout().is_some());
    story.then(Input::RemoteEnded { reason_headers: Vec::new() });
    assert_eq!(story.call.timeout(), None);
    assert_eq!(story.later(Duration::from_secs(9)).told(), [""; 0]);
}

#[test]
fn a_bot_that_dies_while_its_last_words_are_played_is_not_called_again() {
    let mut story = Story::begin(Direction::Inbound);
    story.then(ready()).then(Input::HangUpDrained(Ending::by_operator(Class::Normal))).then(failed());
    assert!(story.told().is_empty());
    story.then(Input::Drained);
    assert_eq!(story.cause().party(), Party::Operator);
}

#[test]
fn a_refused_call_says_why() {
    for (sip_status, class) in
        [(486, Class::Busy), (404, Class::InvalidNumber), (408, Class::NoAnswer), (503, Class::Congestion)]
    {
        let mut story = Story::begin(Direction::Outbound);
        story.then(Input::Refused { sip_status, sip_reason: "why".to_owned(), reason_headers: Vec::new() });
        let cause = story.cause();
        assert_eq!((cause.party(), cause.class(), cause.sip_status), (Party::Callee, class, u32::from(sip_status)));
    }
}

#[test]
fn a_drained_hang_up_waits_for_the_last_words() {
    let mut story = Story::begin(Direction::Inbound);
    story.then(ready()).then(Input::HangUpDrained(Ending::by_bot(None)));
    assert_eq!(story.told(), ["Drain"]);
    // A second one changes nothing.
    story.then(Input::HangUpDrained(Ending::by_operator(Class::Busy)));
    assert!(story.told().is_empty());
    story.then(Input::Drained);
    assert_eq!(story.told(), ["HangUp", "CloseMedia", "stream.stopped", "StateChanged"]);
    assert_eq!(story.cause().party(), Party::Bot);
}

#[test]
fn what_a_bot_says_before_the_answer_is_played_before_it_hangs_up() {
    for direction in [Direction::Inbound, Direction::Outbound] {
        let mut story = Story::begin(direction);
        story.then(Input::HangUpDrained(Ending::by_bot(None)));
        assert!(story.told().is_empty());
        let mut told = story.then(ready()).told();
        told.extend(story.then(Input::Answered).told());
        assert_eq!(told.iter().rev().take(2).collect::<Vec<_>>(), ["Drain", "StartAudio"]);
        story.then(Input::Drained);
        assert_eq!(story.cause().party(), Party::Bot);
    }
}

#[test]
fn a_drained_hang_up_of_a_call_without_audio_is_one_at_once() {
    let mut story = Story::begin(Direction::Outbound);
    story.then(Input::HangUpDrained(Ending::by_operator(Class::Normal)));
    assert_eq!(story.told(), ["HangUp", "CloseMedia", "StateChanged"]);
}

#[test]
fn a_call_ends_when_its_time_is_up() {
    let mut story = Story::with_duration(Direction::Inbound, Some(Duration::from_secs(60)));
    assert_eq!(story.call.timeout(), None);
    story.then(ready());
    assert!(story.call.timeout().is_some());
    story.later(Duration::from_secs(59));
    assert!(story.told().is_empty());
    story.later(Duration::from_secs(1));
    assert_eq!(story.told(), ["HangUp", "CloseMedia", "stream.stopped", "StateChanged"]);
    assert_eq!(story.cause().class(), Class::MaxDuration);
}

#[test]
fn a_caller_who_gives_up_is_no_answer() {
    let mut story = Story::begin(Direction::Inbound);
    story.then(Input::RemoteEnded { reason_headers: Vec::new() });
    let cause = story.cause();
    assert_eq!((cause.party(), cause.class(), cause.sip_status), (Party::Caller, Class::NoAnswer, 487));
}

#[test]
fn the_operators_reason_reaches_the_far_end() {
    let mut story = Story::begin(Direction::Inbound);
    story.then(hangup(Class::Busy));
    assert!(story.outputs.iter().any(|output| matches!(
        output,
        Output::Reject { sip_status: 486, reason_header } if reason_header.starts_with("Q.850;cause=17")
    )));
}

fn digit(digit: &str) -> Input {
    Input::Digit(DtmfDigit { digit: digit.to_owned(), ..DtmfDigit::default() })
}

fn collect(max: u32) -> Input {
    let request = DtmfCollectRequest { max, ..DtmfCollectRequest::default() };
    Input::Collect { id: "c".to_owned(), spec: CollectSpec::try_from(&request).unwrap() }
}

#[test]
fn keys_are_collected_in_time_and_told_once() {
    let mut story = Story::begin(Direction::Inbound);
    story.then(ready()).then(collect(2));
    assert_eq!(story.then(digit("1")).told(), ["dtmf.digit", "TimerChanged"]);
    assert_eq!(story.then(digit("2")).told(), ["dtmf.digit", "dtmf.collected", "TimerChanged"]);
    assert_eq!(story.then(digit("3")).told(), ["dtmf.digit"]);
    // Nobody presses anything; another takes over; the call ends.
    story.then(collect(1));
    assert_eq!(story.later(Duration::from_secs(10)).told(), ["dtmf.collected", "TimerChanged"]);
    assert_eq!(story.call.timeout(), None);
    story.then(collect(1));
    assert_eq!(story.then(collect(1)).told(), ["dtmf.collected", "TimerChanged"]);
    story.then(Input::RemoteEnded { reason_headers: Vec::new() });
    assert_eq!(story.told(), ["CloseMedia", "dtmf.collected", "stream.stopped", "StateChanged"]);
}

#[test]
fn what_is_played_at_the_end_is_told_before_the_end() {
    let mut story = Story::begin(Direction::Inbound);
    story.then(ready()).then(hangup(Class::Normal));
    assert_eq!(story.then(playback()).told(), ["playback.finished"]);
    story.cause();
    assert!(story.then(playback()).told().is_empty());
}

fn playback() -> Input {
    Input::Playback(Body::PlaybackFinished(PlaybackFinished::default()))
}

fn bridged() -> Input {
    Input::Bridged { other_call_id: "sw-1-Y".to_owned() }
}

fn unbridged() -> Input {
    Input::Unbridged { reason: UnbridgeReason::Unbridged }
}

#[test]
fn two_people_are_not_cut_off_for_want_of_a_bot() {
    for closes in [true, false] {
        let mut story = Story::begin(Direction::Inbound);
        story.then(ready()).then(bridged());
        assert_eq!(story.told(), ["call.bridged"]);
        if closes {
            assert_eq!(story.then(Input::StreamClosed).told(), ["stream.stopped"]);
        } else {
            story.then(Input::StreamFailed { reason: "rubbish".to_owned(), is_useless: true });
            assert_eq!(story.told(), ["stream.failed"]);
        }
        story.then(unbridged());
        assert_eq!(story.told(), ["call.unbridged", "HangUp", "CloseMedia", "StateChanged"]);
        let class = if closes { Class::Normal } else { Class::BotFailed };
        assert_eq!(story.cause(), Cause { ..Cause::ours(Party::Bot, class) });
    }
}

#[test]
fn a_call_that_ends_in_a_bridge_leaves_it_first() {
    let mut story = Story::begin(Direction::Outbound);
    story.then(ready()).then(Input::Answered).then(bridged());
    story.then(Input::RemoteEnded { reason_headers: Vec::new() });
    assert_eq!(story.told(), ["LeaveBridge", "call.unbridged", "CloseMedia", "stream.stopped", "StateChanged"]);
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        any::<bool>().prop_map(|has_early_media| Input::Ringing { sip_status: 180, has_early_media }),
        Just(()).prop_map(|()| Input::Answered),
        Just(()).prop_map(|()| Input::Refused {
            sip_status: 486,
            sip_reason: String::new(),
            reason_headers: Vec::new()
        }),
        Just(()).prop_map(|()| Input::RemoteEnded { reason_headers: Vec::new() }),
        Just(()).prop_map(|()| Input::SignallingLost { sip_status: 408 }),
        Just(()).prop_map(|()| ready()),
        Just(()).prop_map(|()| Input::StreamFailed { reason: String::new(), is_useless: false }),
        Just(()).prop_map(|()| Input::StreamClosed),
        Just(()).prop_map(|()| hangup(Class::Normal)),
        Just(()).prop_map(|()| Input::HangUpDrained(Ending::by_bot(None))),
        Just(()).prop_map(|()| Input::Drained),
        Just(()).prop_map(|()| bridged()),
        Just(()).prop_map(|()| unbridged()),
        Just(()).prop_map(|()| digit("1")),
        Just(()).prop_map(|()| collect(2)),
        Just(()).prop_map(|()| playback()),
        Just(()).prop_map(|()| Input::MediaTimeout),
        Just(()).prop_map(|()| Input::MediaFailed { reason: String::new() }),
        Just(()).prop_map(|()| Input::MediaClosed(MediaStats::default())),
    ]
}

proptest! {
    /// Whatever happens in whatever order: one end, told once and last; media closed once and before it; audio only
    /// between an answer and the end.
    #[test]
    fn every_story_has_one_end(
        is_inbound: bool,
        inputs in prop::collection::vec(any_input(), 0..40),
    ) {
        let mut story = Story::begin(if is_inbound { Direction::Inbound } else { Direction::Outbound });
        let mut told = story.told();
        for input in inputs {
            story.then(input);
            told.extend(story.told());
        }
        story.then(hangup(Class::Normal));
        told.extend(story.told());
        story.then(Input::MediaClosed(MediaStats::default()));
        told.extend(story.told());
        let count = |name: &str| told.iter().filter(|one| *one == name).count();
        let position = |name: &str| told.iter().position(|one| one == name);
        prop_assert_eq!(count("Ended"), 1);
        prop_assert_eq!(told.last().map(String::as_str), Some("Ended"));
        prop_assert_eq!(count("call.ended"), 1);
        prop_assert_eq!(count("CloseMedia"), 1);
        prop_assert_eq!(count("call.bridged"), count("call.unbridged"));
        prop_assert!(count("StartAudio") <= 1 && count("call.answered") <= 1 && count("Answer") <= 1);
        if let Some(audio) = position("StartAudio") {
            prop_assert!(position("call.answered").is_some_and(|answered| answered < audio));
            prop_assert!(position("stream.started").is_some_and(|ready| ready < audio));
            prop_assert!(position("CloseMedia").is_some_and(|close| audio < close));
        }
    }
}
