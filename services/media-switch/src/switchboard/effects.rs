//! What follows from a call's decisions: SIP, media orders, events, rows.

use std::time::Instant;

use botstream_api::call::State as CallState;
use botstream_api::event::Body;
use botstream_api::{Event, QosSample, StreamCleared, StreamFlow, StreamMark};
use botstream_state::load::{SwitchLoad, SwitchState};
use sip::dtmf_info::DtmfInfo;
use sip::ua::UaEvent;

use super::inbound::unix_ms;
use super::{ENDED_MAX, Switchboard};
use crate::core::call::{Input, Output};
use crate::core::cause::Ending;
use crate::media::{Command, KeyPress, KeyWay, Notice};
use crate::stream_spec;

/// How long a key was pressed whose INFO does not say.
const INFO_KEY_MS: u32 = 100;

impl Switchboard {
    /// Does what a call has decided. The vector is kept for the next time.
    pub(super) async fn perform(&mut self, key: usize, mut outputs: Vec<Output>) {
        for output in outputs.drain(..) {
            match output {
                Output::Ring => {
                    self.signal(key, |agent, now, session, _sdp| agent.provisional(now, session, 180, None))
                }
                Output::Answer => {
                    self.signal(key, |agent, now, session, sdp| agent.answer(now, session, sdp.to_owned()))
                }
                Output::Reject { sip_status, reason_header } => {
                    let headers = [("Reason".to_owned(), reason_header)];
                    self.signal(key, |agent, now, session, _sdp| {
                        agent.reject(now, session, sip_status, None, &headers)
                    });
                }
                Output::HangUp { reason_header } => {
                    self.signal(key, |agent, now, session, _sdp| agent.hangup(now, session, Some(reason_header)));
                }
                Output::Connect { address, is_resumed } => self.connect_again(key, address, is_resumed).await,
                Output::LeaveBridge => self.leave_bridge(key).await,
                Output::StartAudio => self.order(key, Command::StartAudio).await,
                Output::Drain => self.order(key, Command::Drain).await,
                Output::CloseMedia { stop_reason, class } => self.close_media(key, stop_reason, class).await,
                Output::Publish(body) => self.publish(key, body),
                Output::StateChanged => self.note_state(key),
                Output::TimerChanged => self.note_timer(key),
                Output::Ended => self.forget(key),
            }
        }
        self.outputs = outputs;
    }

    fn signal(
        &mut self,
        key: usize,
        act: impl FnOnce(&mut sip::ua::UserAgent, Instant, sip::ua::SessionId, &str) -> Result<(), sip::Error>,
    ) {
        let Some(active) = self.calls.get(key) else {
            return;
        };
        let Some(session) = active.session else {
            return;
        };
        if let Err(error) = act(&mut self.agent, Instant::now(), session, &active.sdp.ours) {
            tracing::warn!(call_id = %active.id, %error, "SIP");
        }
    }

    /// Gives an order to a call's media; a worker that can't take it costs the call, not the switch.
    pub(super) async fn order(&mut self, key: usize, command: Command) {
        let Some(active) = self.calls.get(key) else {
            return;
        };
        if let Err(error) = self.media.send(active.media, command) {
            tracing::error!(call_id = %active.id, %error, "media");
            let lost = Input::MediaFailed { reason: error.to_string() };
            Box::pin(self.feed(key, lost)).await;
        }
    }

    /// Calls a bot in the place of one that was lost, or that could not be reached.
    async fn connect_again(&mut self, key: usize, address: usize, is_resumed: bool) {
        let Some(active) = self.calls.get(key) else {
            return;
        };
        let facts = active.call.facts();
        let fallback = address.checked_sub(1).and_then(|index| facts.fallback_urls.get(index));
        let mut bot = active.bot.clone();
        if let Some(url) = fallback {
            bot.credential = self.bot_credential(&active.row.tenant, url);
            url.clone_into(&mut bot.url);
        }
        bot.start.resumed = is_resumed;
        self.order(key, Command::Connect(bot)).await;
    }

    async fn close_media(&mut self, key: usize, stop_reason: &'static str, class: &'static str) {
        let Some(active) = self.calls.get_mut(key) else {
            return;
        };
        if !std::mem::replace(&mut active.is_closing, true) {
            active.doings.hold.abandon(active.id.as_str());
            self.media.close(active.media, stop_reason, class).await;
        }
    }

    fn publish(&mut self, key: usize, body: Body) {
        self.answer_waiter(key, &body);
        let Some(active) = self.calls.get_mut(key) else {
            return;
        };
        active.ev_seq += 1;
        if let Body::StreamFailed(failed) = &body {
            tracing::warn!(call_id = %active.id, url = failed.url, reason = failed.reason, "the bot's stream failed");
        }
        if let Body::CallEnded(ended) = &body {
            tracing::info!(
                call_id = %active.id, class = ended.cause.as_ref().map_or("", |cause| cause.class().as_str_name()),
                sip_status = ended.cause.as_ref().map_or(0, |cause| cause.sip_status), talk_ms = ended.talk_ms,
                "call ended"
            );
        }
        self.events.publish(Event {
            call_id: active.id.to_string(),
            ev_seq: active.ev_seq,
            tenant: active.row.tenant.clone(),
            trace: active.traceparent.clone(),
            body: Some(body),
            ..Event::default()
        });
    }

    /// How well a call is heard: not kept, and so not counted among its events.
    pub(super) fn publish_sample(&self, key: usize, sample: QosSample) {
        let Some(active) = self.calls.get(key) else { return };
        self.events.publish(Event {
            call_id: active.id.to_string(),
            ev_seq: active.ev_seq,
            tenant: active.row.tenant.clone(),
            trace: active.traceparent.clone(),
            body: Some(Body::QosSample(sample)),
            ..Event::default()
        });
    }

    fn note_state(&mut self, key: usize) {
        let Some(active) = self.calls.get_mut(key) else {
            return;
        };
        let state = active.call.state();
        if state == CallState::Answered && active.row.answered_ms.is_none() {
            active.row.answered_ms = Some(unix_ms());
            self.metrics.answered();
        }
        active.row.state = state;
        if state != CallState::Ended
            && let Err(error) = self.state.put_call(&active.row)
        {
            tracing::error!(call_id = %active.id, %error, "writing the call's row");
        }
        self.note_timer(key);
    }

    fn note_timer(&mut self, key: usize) {
        let Some(active) = self.calls.get_mut(key) else {
            return;
        };
        let timer = active.call.timeout();
        if timer != active.timer {
            if let Some(old) = active.timer {
                self.timers.remove(&(old, key));
            }
            if let Some(new) = timer {
                self.timers.insert((new, key));
            }
            active.timer = timer;
        }
    }

    /// The call is over: it leaves all tables, and is remembered for a while.
    fn forget(&mut self, key: usize) {
        let Some(active) = self.calls.try_remove(key) else {
            return;
        };
        self.by_id.remove(&active.id);
        self.by_media.remove(&active.media);
        if let Some(session) = active.session {
            self.by_session.remove(&session);
        }
        if let Some(timer) = active.timer {
            self.timers.remove(&(timer, key));
        }
        if let Err(error) = self.state.remove_call(active.id.as_str()) {
            tracing::error!(call_id = %active.id, %error, "removing the call's row");
        }
        if self.ended_order.len() >= ENDED_MAX
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
        self.ended_order.push_back(active.id.clone());
        self.ended.insert(active.id, active.row.into());
        self.metrics.ended();
        self.write_load();
    }

    /// Tells the cluster how full this switch is.
    pub(super) fn write_load(&self) {
        let row = self.load_row();
        if let Err(error) = self.state.put_load(&row, false) {
            tracing::error!(%error, "writing the switch's load");
        }
    }

    /// Enters this switch among those that take calls.
    pub(crate) fn announce(&self) -> iratdb::Result<()> {
        self.state.put_load(&self.load_row(), true)
    }

    fn load_row(&self) -> SwitchLoad {
        let advertised = |port| std::net::SocketAddr::new(self.options.advertised_ip, port).to_string();
        SwitchLoad {
            node: self.options.node.clone(),
            sip_udp: advertised(self.transport.udp_addr().port()),
            sip_tcp: advertised(self.transport.tcp_addr().port()),
            zone: self.options.zone.clone(),
            calls: u32::try_from(self.calls.len()).unwrap_or(u32::MAX),
            reservations: 0,
            capacity: self.options.capacity,
            state: if self.is_draining { SwitchState::Draining } else { SwitchState::Active },
        }
    }

    /// What an event of the user agent means to its call; media orders that come with it are given.
    pub(super) async fn input_of(&mut self, key: usize, event: UaEvent) -> Option<Input> {
        match event {
            UaEvent::Incoming { .. } => None,
            UaEvent::Reanswered { body, .. } => self.hold_agreed(key, body).await,
            UaEvent::ReofferFailed { status, .. } => {
                self.hold_refused(key, status);
                None
            }
            UaEvent::Provisional { status, body, .. } => {
                let has_early_media = match body {
                    // An answer that is no good now will be looked at again when it comes for good.
                    Some(body) => self.take_answer(key, &body).await.is_ok(),
                    None => false,
                };
                Some(Input::Ringing { sip_status: status, has_early_media })
            }
            UaEvent::Answered { body, .. } => {
                let outcome = match body {
                    Some(body) => self.take_answer(key, &body).await,
                    // The answer may have come with a provisional response, and only there (RFC 3261 §13.2.1).
                    None if self.calls.get(key).is_some_and(|active| active.sdp.is_settled()) => Ok(()),
                    None => Err("the 200 has no session description".to_owned()),
                };
                Some(self.or_bad_media(key, outcome, Input::Answered))
            }
            UaEvent::Confirmed { body, .. } => {
                let is_open = self.calls.get(key).is_some_and(|active| !active.sdp.is_settled());
                let outcome = match (body, is_open) {
                    (Some(body), true) => self.take_answer(key, &body).await,
                    (None, true) => Err("the ACK has no session description".to_owned()),
                    (_, false) => Ok(()),
                };
                if self.calls.get(key).is_some_and(|active| active.call.state() == CallState::Answered) {
                    self.note_their_hold(key).await;
                }
                self.resume_hold(key).await;
                outcome.err().map(|why| self.bad_media(key, &why))
            }
            UaEvent::Reoffered { session, body } => {
                self.answer_reoffer(key, session, body).await;
                None
            }
            UaEvent::Failed { status, reason, reason_headers, .. } => {
                Some(Input::Refused { sip_status: status, sip_reason: reason, reason_headers })
            }
            UaEvent::Ended { by_remote: true, reason_headers, .. } => Some(Input::RemoteEnded { reason_headers }),
            UaEvent::Ended { by_remote: false, status, .. } => {
                Some(Input::SignallingLost { sip_status: status.unwrap_or(408) })
            }
            UaEvent::Info { content_type, body, .. } => {
                if let Some(DtmfInfo { digit, duration_ms }) = DtmfInfo::parse(&content_type, &body) {
                    let duration_ms = duration_ms.unwrap_or(INFO_KEY_MS);
                    self.order(key, Command::Key(KeyPress { digit, duration_ms, way: KeyWay::Info })).await;
                }
                None
            }
        }
    }

    fn or_bad_media(&self, key: usize, outcome: Result<(), String>, good: Input) -> Input {
        match outcome {
            Ok(()) => good,
            Err(why) => self.bad_media(key, &why),
        }
    }

    pub(super) fn bad_media(&self, key: usize, why: &str) -> Input {
        if let Some(active) = self.calls.get(key) {
            tracing::info!(call_id = %active.id, why, "the far end's session description is of no use");
        }
        Input::HangUp(Ending::by_system(botstream_api::cause::Class::Rejected))
    }

    pub(super) async fn take_answer(&mut self, key: usize, answer: &str) -> Result<(), String> {
        let Some(active) = self.calls.get_mut(key) else {
            return Ok(());
        };
        let negotiated = active.sdp.accept(answer).map_err(|error| error.to_string())?;
        self.order(key, Command::Negotiate(Box::new(negotiated))).await;
        Ok(())
    }

    async fn answer_reoffer(&mut self, key: usize, session: sip::ua::SessionId, offer: Option<String>) {
        let Some(active) = self.calls.get_mut(key) else {
            return;
        };
        let settled = match &offer {
            Some(offer) => active.sdp.answer(offer).map(Some),
            None => active.sdp.offer().map(|()| None),
        };
        let answer = settled.as_ref().map(|_| active.sdp.ours.clone()).map_err(sip::sdp::SdpError::status);
        if let Err(error) = self.agent.answer_reinvite(Instant::now(), session, answer) {
            tracing::warn!(%error, "answering a re-INVITE");
        }
        if let Ok(Some(negotiated)) = settled {
            self.order(key, Command::Negotiate(Box::new(negotiated))).await;
            self.note_their_hold(key).await;
        }
    }

    /// What a notice of the media means to its call.
    pub(super) fn input_of_notice(&self, key: usize, notice: Notice) -> Option<Input> {
        let stream_id = || self.calls.get(key).map(|active| active.call.facts().stream_id.clone()).unwrap_or_default();
        Some(match notice {
            Notice::BotReady { connect_ms, format } => {
                Input::StreamReady { connect_ms, format: stream_spec::document(format) }
            }
            Notice::BotFailed { reason, is_refused } => Input::StreamFailed { reason, is_useless: is_refused },
            Notice::BotClosed => Input::StreamClosed,
            Notice::BotHangup { is_drained: true, cause } => Input::HangUpDrained(Ending::by_bot(cause.as_deref())),
            Notice::BotHangup { is_drained: false, cause } => Input::HangUp(Ending::by_bot(cause.as_deref())),
            Notice::PlayStarted(started) => Input::Playback(Body::PlaybackStarted(started)),
            Notice::Digit(digit) => Input::Digit(digit),
            Notice::Cleared(cleared) => Input::Cleared(StreamCleared { stream_id: stream_id(), ..cleared }),
            Notice::Mark(mark) => Input::Mark(StreamMark { stream_id: stream_id(), ..mark }),
            Notice::Flow(flow) => Input::Flow(StreamFlow { stream_id: stream_id(), ..flow }),
            Notice::Drained => Input::Drained,
            Notice::Silent => Input::MediaTimeout,
            Notice::Closed(stats) => Input::MediaClosed(stats),
            Notice::Failed { reason } => Input::MediaFailed { reason },
            // Of all the worker's calls, and told to each; or no matter of the call's course.
            Notice::WorkerFailed | Notice::BotVerb(_) | Notice::PlayFinished(_) | Notice::Qos(_) => return None,
        })
    }
}
