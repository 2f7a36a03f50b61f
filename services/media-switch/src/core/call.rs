//! The life of one call: a SIP session on one side, a bot's stream on the other, and the rule of
//! how the two hold together.
//!
//! Invariants: `Output::Ended` comes exactly once and is the last output; no person on the
//! telephone is connected without a bot, or another person; whatever ends first ends the other.

mod io;

use std::time::{Duration, Instant};

use botstream_api::call::{Direction, State};
use botstream_api::call_unbridged::Reason as UnbridgeReason;
use botstream_api::cause::{Class, Party};
use botstream_api::dtmf_collected::Reason;
use botstream_api::event::Body;
use botstream_api::{
    CallAnswered, CallBridged, CallCreated, CallEarlyMedia, CallEnded, CallRinging, CallRouting, CallUnbridged, Cause,
    StreamConnecting, StreamFailed, StreamFallback, StreamReconnecting, StreamStarted, StreamStopped,
};

use super::cause::{self, Ending};
use super::chain::{Chain, Step};
use super::collect::Collect;
pub(crate) use io::{Facts, Input, Output};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Connecting,
    Ready,
    Over,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Call {
    facts: Facts,
    state: State,
    stream: Stream,
    chain: Chain,
    /// A bot was there once.
    had_bot: bool,
    /// When the bot is called again.
    reconnect: Option<Instant>,
    created: Instant,
    answered: Option<Instant>,
    is_audio_started: bool,
    /// Keys that somebody collects.
    collect: Option<Collect>,
    /// The call that this one is bridged with.
    bridge: Option<String>,
    /// The bot is gone for good while the caller talks to somebody else: the call ends like this when they are done.
    alone: Option<Ending>,
    /// Set when a drained hang-up has been asked for.
    ending: Option<Ending>,
    /// Set when the call is over but for its media's counters.
    closing: Option<CallEnded>,
}

impl Call {
    /// A new call; its stream is being opened by the caller of this function.
    pub(crate) fn begin(facts: Facts, now: Instant, outputs: &mut Vec<Output>) -> Self {
        let call = Self {
            state: State::Routing,
            stream: Stream::Connecting,
            chain: Chain::new(1 + facts.fallback_urls.len()),
            had_bot: false,
            reconnect: None,
            created: now,
            answered: None,
            is_audio_started: false,
            collect: None,
            bridge: None,
            alone: None,
            ending: None,
            closing: None,
            facts,
        };
        let facts = &call.facts;
        outputs.push(Output::Publish(Body::CallCreated(CallCreated {
            direction: facts.direction.into(),
            from: facts.from.clone(),
            to: facts.to.clone(),
            trunk: facts.trunk.clone(),
            sip_call_id: facts.sip_call_id.clone(),
        })));
        outputs.push(Output::Publish(Body::CallRouting(CallRouting {
            route: facts.route.clone(),
            bot_url: facts.bot_url.clone(),
        })));
        outputs.push(Output::Publish(Body::StreamConnecting(StreamConnecting {
            stream_id: facts.stream_id.clone(),
            url: facts.bot_url.clone(),
        })));
        outputs.push(Output::StateChanged);
        call
    }

    /// Inbound: the caller hears ringing while the bot is called.
    pub(crate) fn ring(&mut self, outputs: &mut Vec<Output>) {
        outputs.push(Output::Ring);
        self.become_ringing(180, outputs);
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Whether audio flows: it is answered, and its bot was there.
    pub(crate) fn has_audio(&self) -> bool {
        self.is_audio_started
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        let collect = self.collect.as_ref().map(Collect::due);
        self.duration_end().into_iter().chain(self.reconnect).chain(collect).min()
    }

    fn duration_end(&self) -> Option<Instant> {
        match (self.state, self.answered, self.facts.duration_max) {
            (State::Answered, Some(answered), Some(max)) => answered.checked_add(max),
            _ => None,
        }
    }

    /// Ends a call that has lasted its time; calls a lost bot again; waits no longer for a key.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        if let Some(late) = self.collect.take_if(|collect| collect.due() <= now) {
            outputs.push(Output::Publish(Body::DtmfCollected(late.outcome(Reason::Timeout))));
            outputs.push(Output::TimerChanged);
        }
        if self.duration_end().is_some_and(|due| due <= now) {
            self.end(now, Ending::by_system(Class::MaxDuration), outputs);
        } else if self.reconnect.take_if(|due| *due <= now).is_some() {
            outputs.push(Output::Connect { address: self.chain.current(), is_resumed: true });
            outputs.push(Output::StateChanged);
        }
    }

    /// The address that is called, or spoken to.
    fn url(&self) -> &str {
        let fallback = self.chain.current().checked_sub(1).and_then(|index| self.facts.fallback_urls.get(index));
        fallback.unwrap_or(&self.facts.bot_url)
    }

    /// Takes one input; what follows from it is appended to `outputs`.
    pub(crate) fn handle(&mut self, now: Instant, input: Input, outputs: &mut Vec<Output>) {
        // The end of the call ends what is played, and is told before the call's own.
        if let Input::Playback(body) = input {
            if self.state != State::Ended || self.closing.is_some() {
                outputs.push(Output::Publish(body));
            }
            return;
        }
        if self.state == State::Ended {
            // The order of these two matters: any other input must leave what is to be told in place.
            if let Input::MediaClosed(media) = input
                && let Some(ended) = self.closing.take()
            {
                outputs.push(Output::Publish(Body::CallEnded(CallEnded { media: Some(media), ..ended })));
                outputs.push(Output::Ended);
            }
            return;
        }
        match input {
            // Only ever an answer to the order given when the call is over.
            Input::MediaClosed(_) | Input::Playback(_) => {}
            Input::Collect { id, spec } => {
                if let Some(former) = self.collect.replace(Collect::begin(id, spec, now)) {
                    outputs.push(Output::Publish(Body::DtmfCollected(former.outcome(Reason::Replaced))));
                }
                outputs.push(Output::TimerChanged);
            }
            Input::Ringing { sip_status, has_early_media } => {
                self.become_ringing(sip_status, outputs);
                if has_early_media && self.state == State::Ringing {
                    self.state = State::EarlyMedia;
                    outputs
                        .push(Output::Publish(Body::CallEarlyMedia(CallEarlyMedia { sip_status: sip_status.into() })));
                    outputs.push(Output::StateChanged);
                }
            }
            Input::Answered => {
                self.become_answered(now, outputs);
                self.start_audio_if_ready(outputs);
            }
            Input::Refused { sip_status, sip_reason, reason_headers } => {
                self.finish(now, cause::of_refusal(sip_status, &sip_reason, &reason_headers), outputs);
            }
            Input::RemoteEnded { reason_headers } => {
                let party = match self.facts.direction {
                    Direction::Outbound => Party::Callee,
                    _ => Party::Caller,
                };
                self.finish(now, cause::of_remote_end(party, self.answered.is_some(), &reason_headers), outputs);
            }
            Input::SignallingLost { sip_status } => {
                self.finish(now, cause::of_lost_signalling(sip_status), outputs);
            }
            Input::StreamReady { connect_ms, format } => {
                if self.stream != Stream::Connecting {
                    return;
                }
                self.stream = Stream::Ready;
                self.chain.ready(now);
                self.had_bot = true;
                outputs.push(Output::Publish(Body::StreamStarted(StreamStarted {
                    stream_id: self.facts.stream_id.clone(),
                    url: self.url().to_owned(),
                    format: Some(format),
                    connect_ms,
                })));
                if self.facts.direction == Direction::Inbound && self.answered.is_none() {
                    outputs.push(Output::Answer);
                    self.become_answered(now, outputs);
                }
                self.start_audio_if_ready(outputs);
            }
            Input::StreamFailed { reason, is_useless } => self.lose_stream(now, reason, is_useless, outputs),
            Input::StreamClosed if self.bridge.is_some() => {
                self.stream = Stream::Over;
                self.alone = Some(Ending::by_bot(None));
                self.tell_stopped("bot_hangup", outputs);
            }
            Input::StreamClosed => self.end(now, Ending::by_bot(None), outputs),
            Input::Bridged { .. } if self.bridge.is_some() => {}
            Input::Bridged { other_call_id } => {
                self.bridge = Some(other_call_id.clone());
                outputs.push(Output::Publish(Body::CallBridged(CallBridged { other_call_id })));
            }
            Input::Unbridged { reason } => {
                self.tell_unbridged(reason, outputs);
                if let Some(ending) = self.alone.take() {
                    self.end(now, ending, outputs);
                }
            }
            Input::HangUp(ending) => self.end(now, ending, outputs),
            // The first reason given is the one that stays.
            Input::HangUpDrained(_) if self.ending.is_some() => {}
            Input::HangUpDrained(ending) if self.is_audio_started => {
                self.ending = Some(ending);
                outputs.push(Output::Drain);
            }
            // A bot that has said its piece before the answer: it is played, then the call ends.
            Input::HangUpDrained(ending) if ending.party == Party::Bot => self.ending = Some(ending),
            Input::HangUpDrained(ending) => self.end(now, ending, outputs),
            Input::Drained => {
                if let Some(ending) = self.ending.take() {
                    self.end(now, ending, outputs);
                }
            }
            Input::Digit(digit) => {
                let collected = self.collect.as_mut().map(|collect| collect.press(&digit.digit, now));
                outputs.push(Output::Publish(Body::DtmfDigit(digit)));
                if let Some(outcome) = collected {
                    if let Some(outcome) = outcome {
                        self.collect = None;
                        outputs.push(Output::Publish(Body::DtmfCollected(outcome)));
                    }
                    outputs.push(Output::TimerChanged);
                }
            }
            Input::Hold(body) => outputs.push(Output::Publish(body)),
            Input::Cleared(cleared) => outputs.push(Output::Publish(Body::StreamCleared(cleared))),
            Input::Mark(mark) => outputs.push(Output::Publish(Body::StreamMark(mark))),
            Input::Flow(flow) => outputs.push(Output::Publish(Body::StreamFlow(flow))),
            Input::MediaTimeout => self.end(now, Ending::by_system(Class::MediaTimeout), outputs),
            Input::MediaFailed { reason } => {
                tracing::error!(stream_id = self.facts.stream_id, reason, "the media path of a call broke down");
                self.end(now, Ending::by_system(Class::Internal), outputs);
            }
        }
    }

    /// The bot is gone: it is called again, or another one, or the call ends.
    fn lose_stream(&mut self, now: Instant, reason: String, is_useless: bool, outputs: &mut Vec<Output>) {
        // What it has said is played to the end, and then the call is over: it needs no other bot.
        if self.ending.is_some() && self.is_audio_started {
            return;
        }
        let stream_id = self.facts.stream_id.clone();
        match self.chain.failed(now, is_useless) {
            Step::Again { attempt, at } => {
                self.stream = Stream::Connecting;
                let url = self.url().to_owned();
                let told = StreamReconnecting { stream_id, url, reason, attempt };
                outputs.push(Output::Publish(Body::StreamReconnecting(told)));
                if at <= now {
                    outputs.push(Output::Connect { address: self.chain.current(), is_resumed: true });
                } else {
                    self.reconnect = Some(at);
                    outputs.push(Output::StateChanged);
                }
            }
            Step::Next => {
                self.stream = Stream::Connecting;
                let url = self.url().to_owned();
                outputs.push(Output::Publish(Body::StreamFallback(StreamFallback { stream_id, url, reason })));
                outputs.push(Output::Connect { address: self.chain.current(), is_resumed: self.had_bot });
            }
            Step::GiveUp => {
                self.stream = Stream::Over;
                let url = self.url().to_owned();
                outputs.push(Output::Publish(Body::StreamFailed(StreamFailed { stream_id, url, reason })));
                match self.bridge {
                    // Two people are not to be cut off for want of a bot.
                    Some(_) => self.alone = Some(Ending::bot_failed()),
                    None => self.end(now, Ending::bot_failed(), outputs),
                }
            }
        }
    }

    fn become_ringing(&mut self, sip_status: u16, outputs: &mut Vec<Output>) {
        if self.state == State::Routing {
            self.state = State::Ringing;
            outputs.push(Output::Publish(Body::CallRinging(CallRinging { sip_status: sip_status.into() })));
            outputs.push(Output::StateChanged);
        }
    }

    fn become_answered(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        if self.answered.is_some() {
            return;
        }
        self.answered = Some(now);
        self.state = State::Answered;
        let setup_ms = millis(now.saturating_duration_since(self.created));
        outputs.push(Output::Publish(Body::CallAnswered(CallAnswered { setup_ms })));
        outputs.push(Output::StateChanged);
    }

    fn start_audio_if_ready(&mut self, outputs: &mut Vec<Output>) {
        if self.answered.is_some() && self.stream == Stream::Ready && !self.is_audio_started {
            self.is_audio_started = true;
            outputs.push(Output::StartAudio);
            if self.ending.is_some() {
                outputs.push(Output::Drain);
            }
        }
    }

    /// Ends the call from our side: tells the far end, then finishes.
    fn end(&mut self, now: Instant, ending: Ending, outputs: &mut Vec<Output>) {
        let reason_header = ending.reason_header();
        let is_early_inbound = self.facts.direction == Direction::Inbound && self.answered.is_none();
        outputs.push(if is_early_inbound {
            Output::Reject { sip_status: ending.reject_status(), reason_header }
        } else {
            Output::HangUp { reason_header }
        });
        let sip_status = if is_early_inbound { ending.reject_status() } else { 0 };
        self.finish(now, ending.into_cause(sip_status), outputs);
    }

    fn finish(&mut self, now: Instant, cause: Cause, outputs: &mut Vec<Output>) {
        let stop_reason = cause::stop_reason(&cause);
        let class = cause.class().as_str_name();
        if self.bridge.is_some() {
            outputs.push(Output::LeaveBridge);
            self.tell_unbridged(UnbridgeReason::Ended, outputs);
        }
        outputs.push(Output::CloseMedia { stop_reason, class });
        self.reconnect = None;
        if let Some(collect) = self.collect.take() {
            outputs.push(Output::Publish(Body::DtmfCollected(collect.outcome(Reason::Ended))));
        }
        if self.stream == Stream::Ready || self.had_bot && self.stream == Stream::Connecting {
            self.tell_stopped(stop_reason, outputs);
        }
        self.stream = Stream::Over;
        self.state = State::Ended;
        self.closing = Some(CallEnded {
            cause: Some(cause),
            duration_ms: millis(now.saturating_duration_since(self.created)),
            talk_ms: self.answered.map_or(0, |answered| millis(now.saturating_duration_since(answered))),
            media: None,
        });
        outputs.push(Output::StateChanged);
    }

    fn tell_stopped(&self, reason: &str, outputs: &mut Vec<Output>) {
        let stream_id = self.facts.stream_id.clone();
        outputs.push(Output::Publish(Body::StreamStopped(StreamStopped { stream_id, reason: reason.to_owned() })));
    }

    fn tell_unbridged(&mut self, reason: UnbridgeReason, outputs: &mut Vec<Output>) {
        if let Some(other_call_id) = self.bridge.take() {
            let told = CallUnbridged { other_call_id, reason: reason.into() };
            outputs.push(Output::Publish(Body::CallUnbridged(told)));
        }
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
