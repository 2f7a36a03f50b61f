//! Verbs on a call that is there: the same for whoever asks, over the API or on the bot's WebSocket.

use std::collections::BTreeMap;
use std::sync::Arc;

use botstream_api::call::State as CallState;
use botstream_api::event::Body;
use botstream_api::{
    AudioDirection, BridgeReply, CallId, DtmfCollectReply, DtmfCollectRequest, DtmfSendReply, DtmfSendRequest, Error,
    ErrorCode, HoldReply, MuteReply, MuteRequest, PlayReply, PlayRequest, PlayStopReply, PlayStopRequest,
    PlaybackFinished, SetVarsReply, SetVarsRequest, UnbridgeReply, UnholdReply, dtmf_collect_request, validate,
};
use ulid::Ulid;
use voicebot::message::{ErrorInfo, MuteDirection, Play};

use super::Switchboard;
use super::hold::{Hold, HoldAnswer};
use super::request::{Answer, Request};
use crate::clips::{self, Clip};
use crate::core::call::Input;
use crate::core::collect::CollectSpec;
use crate::media::{Command, PlayEnd, PlayOrder};

/// `play`s of one bot that are being loaded at once.
const PLAYS_ASKED_MAX: u32 = 4;

/// What a call's verbs have brought about.
#[derive(Debug, Default)]
pub(super) struct Doings {
    /// The clip that is played.
    playing: Option<String>,
    mutes_inbound: bool,
    mutes_outbound: bool,
    /// Whoever waits for the keys that are being collected.
    collect_waiter: Option<Answer<DtmfCollectReply>>,
    /// `play`s of the bot's that are being loaded.
    plays_asked: u32,
    pub(super) hold: Hold,
    /// The call that this one is bridged with.
    pub(super) bridge: Option<CallId>,
}

/// A verb of the API on a call that this node owns.
#[derive(Debug)]
pub(crate) enum Verb {
    Play(PlayRequest, Arc<Clip>, Answer<PlayReply>),
    /// The bot's: loaded, or not.
    BotPlay(PlayRequest, Result<Arc<Clip>, Error>),
    PlayStop(PlayStopRequest, Answer<PlayStopReply>),
    Mute(MuteRequest, bool, Answer<MuteReply>),
    /// With what is heard meanwhile.
    Hold(Option<Arc<Clip>>, Answer<HoldReply>),
    Unhold(Answer<UnholdReply>),
    Bridge(CallId, Answer<BridgeReply>),
    Unbridge(Answer<UnbridgeReply>),
    SetVars(SetVarsRequest, Answer<SetVarsReply>),
    DtmfSend(DtmfSendRequest, Answer<DtmfSendReply>),
    DtmfCollect(DtmfCollectRequest, Answer<DtmfCollectReply>),
}

impl Switchboard {
    pub(super) async fn handle_verb(&mut self, tenant: &str, call_id: &CallId, verb: Verb) {
        let found = self.find(tenant, call_id);
        // Whoever asked may have given up; that changes nothing here.
        match verb {
            Verb::Play(request, clip, answer) => {
                let reply = match found {
                    Ok(key) => self.play(key, request, clip).await,
                    Err(error) => Err(error),
                };
                let _is_heard = answer.send(reply);
            }
            Verb::BotPlay(request, loaded) => {
                let Ok(key) = found else { return };
                if let Some(active) = self.calls.get_mut(key) {
                    active.doings.plays_asked = active.doings.plays_asked.saturating_sub(1);
                }
                let outcome = match loaded {
                    Ok(clip) => self.play(key, request, clip).await.map(|_reply| ()),
                    Err(error) => Err(error),
                };
                self.answer_bot(key, "play", outcome).await;
            }
            Verb::PlayStop(request, answer) => {
                let reply = match found {
                    Ok(key) => self.play_stop(key, &request).await,
                    Err(error) => Err(error),
                };
                let _is_heard = answer.send(reply);
            }
            Verb::Mute(request, is_on, answer) => {
                let reply = match found {
                    Ok(key) => self.mute(key, &request, is_on).await,
                    Err(error) => Err(error),
                };
                let _is_heard = answer.send(reply);
            }
            Verb::Hold(music, answer) => self.hold_found(found, music, HoldAnswer::Hold(answer)).await,
            Verb::Unhold(answer) => self.hold_found(found, None, HoldAnswer::Unhold(answer)).await,
            Verb::Bridge(other, answer) => {
                let reply = match found {
                    Ok(key) => self.bridge(tenant, key, &other).await,
                    Err(error) => Err(error),
                };
                let _is_heard = answer.send(reply);
            }
            Verb::Unbridge(answer) => {
                let reply = match found {
                    Ok(key) => self.unbridge(key).await,
                    Err(error) => Err(error),
                };
                let _is_heard = answer.send(reply);
            }
            Verb::SetVars(request, answer) => {
                let _is_heard = answer.send(found.and_then(|key| self.set_vars(key, request.vars)));
            }
            Verb::DtmfSend(request, answer) => match found.and_then(|key| self.answered(key, "dtmf_send")) {
                Ok(key) => {
                    let call_id = call_id.to_string();
                    self.order(key, Command::SendDtmf { call_id, digits: request.digits, answer }).await;
                }
                Err(error) => {
                    let _is_heard = answer.send(Err(error));
                }
            },
            Verb::DtmfCollect(request, answer) => match found.and_then(|key| self.answered(key, "dtmf_collect")) {
                Ok(key) => self.collect(key, &request, answer).await,
                Err(error) => {
                    let _is_heard = answer.send(Err(error));
                }
            },
        }
    }

    async fn hold_found(&mut self, found: Result<usize, Error>, music: Option<Arc<Clip>>, answer: HoldAnswer) {
        match found {
            Ok(key) => self.hold(key, music, answer).await,
            Err(error) => answer.send(Err(error)),
        }
    }

    /// What the bot asks for on its WebSocket.
    pub(super) async fn handle_bot_verb(&mut self, key: usize, command: voicebot::Command) {
        let Some(active) = self.calls.get(key) else { return };
        let call_id = active.id.to_string();
        match command {
            voicebot::Command::Play(play) => {
                if let Err(error) = self.load_for_bot(key, play, call_id) {
                    self.answer_bot(key, "play", Err(error)).await;
                }
            }
            voicebot::Command::PlayStop => {
                let outcome = self.play_stop(key, &PlayStopRequest { call_id, ..PlayStopRequest::default() }).await;
                self.answer_bot(key, "play_stop", outcome.map(|_reply| ())).await;
            }
            voicebot::Command::Mute(mute) => {
                let direction = match mute.direction {
                    MuteDirection::Inbound => AudioDirection::Inbound,
                    MuteDirection::Outbound => AudioDirection::Outbound,
                    MuteDirection::Both => AudioDirection::Both,
                };
                let request = MuteRequest { call_id, direction: direction.into(), ..MuteRequest::default() };
                let outcome = self.mute(key, &request, mute.on).await;
                self.answer_bot(key, "mute", outcome.map(|_reply| ())).await;
            }
            voicebot::Command::Set { vars } => {
                let outcome = validate::text_map("vars", &vars).and_then(|()| self.set_vars(key, vars));
                self.answer_bot(key, "set", outcome.map(|_reply| ())).await;
            }
            // All others are the media's own.
            _ => {}
        }
    }

    /// Loads what the bot wants played; [`Verb::BotPlay`] follows.
    fn load_for_bot(&mut self, key: usize, play: Play, call_id: String) -> Result<(), Error> {
        let Play { url, file, tone, looped, mix_db, interruptible } = play;
        let request =
            PlayRequest { call_id, url, file, tone, r#loop: looped, leg: String::new(), mix_db, interruptible };
        let source = clips::source(&request)?;
        self.answered(key, "play")?;
        let Some(active) = self.calls.get_mut(key) else { return Ok(()) };
        if active.doings.plays_asked >= PLAYS_ASKED_MAX {
            let sentence = format!("play: {PLAYS_ASKED_MAX} are being loaded already");
            return Err(Error::new(ErrorCode::RateLimited, sentence));
        }
        active.doings.plays_asked += 1;
        let (tenant, call_id) = (active.row.tenant.clone(), active.id.clone());
        let (clips, requests) = (self.clips.clone(), self.own_requests.clone());
        tokio::spawn(async move {
            let verb = Verb::BotPlay(request, clips.load(source).await);
            // The switchboard is gone with the process.
            let _is_taken = requests.send(Request::Verb { tenant, call_id, verb: Box::new(verb) }).await;
        });
        Ok(())
    }

    async fn answer_bot(&mut self, key: usize, verb: &str, outcome: Result<(), Error>) {
        let refused = outcome.err().map(|error| ErrorInfo {
            code: u16::try_from(error.code.code()).unwrap_or(5_000),
            name: error.code.name().to_owned(),
            message: if error.message.starts_with(verb) { error.message } else { format!("{verb}: {}", error.message) },
            fatal: false,
        });
        self.order(key, Command::AnswerBot { is_play: verb == "play", refused }).await;
    }

    pub(super) fn answered(&self, key: usize, verb: &str) -> Result<usize, Error> {
        match self.calls.get(key).map(|active| active.call.state()) {
            Some(CallState::Answered) => Ok(key),
            Some(state) => {
                let sentence = format!("{verb}: the call is {}, not answered", state.name());
                Err(Error::new(ErrorCode::WrongState, sentence))
            }
            None => Err(Error::internal("the call is gone")),
        }
    }

    async fn play(&mut self, key: usize, request: PlayRequest, clip: Arc<Clip>) -> Result<PlayReply, Error> {
        self.answered(key, "play")?;
        let play_id = Ulid::generate().to_string();
        let duration_ms = clip.duration_ms();
        let source = [request.url, request.file, request.tone].into_iter().find(|source| !source.is_empty());
        if let Some(active) = self.calls.get_mut(key) {
            active.doings.playing = Some(play_id.clone());
        }
        let order = PlayOrder {
            play_id: play_id.clone(),
            source: source.unwrap_or_default(),
            clip,
            looped: request.r#loop,
            mix_db: request.mix_db,
            interruptible: request.interruptible,
        };
        self.order(key, Command::Play(Box::new(order))).await;
        Ok(PlayReply { call_id: request.call_id, play_id, duration_ms })
    }

    async fn play_stop(&mut self, key: usize, request: &PlayStopRequest) -> Result<PlayStopReply, Error> {
        let play_id = self.calls.get(key).and_then(|active| active.doings.playing.clone()).unwrap_or_default();
        if !request.play_id.is_empty() && request.play_id != play_id {
            let sentence = format!("play_id {:?} is not being played", request.play_id);
            return Err(Error::new(ErrorCode::NotFound, sentence).field("play_id"));
        }
        if !play_id.is_empty() {
            self.order(key, Command::StopPlay { play_id: play_id.clone() }).await;
        }
        Ok(PlayStopReply { call_id: request.call_id.clone(), play_id })
    }

    async fn mute(&mut self, key: usize, request: &MuteRequest, is_on: bool) -> Result<MuteReply, Error> {
        let Some(active) = self.calls.get_mut(key) else { return Err(Error::internal("the call is gone")) };
        let direction = AudioDirection::try_from(request.direction).map_err(|_| {
            Error::invalid(
                "direction",
                format!("direction = {}; allowed are inbound, outbound, both", request.direction),
            )
        })?;
        let doings = &mut active.doings;
        if direction != AudioDirection::Outbound {
            doings.mutes_inbound = is_on;
        }
        if direction != AudioDirection::Inbound {
            doings.mutes_outbound = is_on;
        }
        let (inbound, outbound) = (doings.mutes_inbound, doings.mutes_outbound);
        self.order(key, Command::Mute { inbound, outbound }).await;
        Ok(MuteReply { call_id: request.call_id.clone(), inbound_muted: inbound, outbound_muted: outbound })
    }

    /// Validated before; what they become together is validated here.
    fn set_vars(&mut self, key: usize, vars: BTreeMap<String, String>) -> Result<SetVarsReply, Error> {
        let Some(active) = self.calls.get_mut(key) else { return Err(Error::internal("the call is gone")) };
        let mut all = active.bot.start.call.vars.clone();
        all.extend(vars);
        validate::text_map("vars", &all)?;
        active.bot.start.call.vars.clone_from(&all);
        Ok(SetVarsReply { call_id: active.id.to_string(), vars: all })
    }

    async fn collect(&mut self, key: usize, request: &DtmfCollectRequest, answer: Answer<DtmfCollectReply>) {
        let spec = match CollectSpec::try_from(request) {
            Ok(spec) => spec,
            Err(error) => {
                let _is_heard = answer.send(Err(error));
                return;
            }
        };
        let id = Ulid::generate().to_string();
        // The former one is told as replaced, to whoever waits for it.
        self.feed(key, Input::Collect { id: id.clone(), spec }).await;
        if request.wait() == dtmf_collect_request::Wait::Completed {
            if let Some(active) = self.calls.get_mut(key) {
                active.doings.collect_waiter = Some(answer);
            }
            return;
        }
        let reply = DtmfCollectReply { call_id: request.call_id.clone(), collect_id: id, outcome: None };
        let _is_heard = answer.send(Ok(reply));
    }

    /// Answers whoever waits for what an event tells.
    pub(super) fn answer_waiter(&mut self, key: usize, body: &Body) {
        let Body::DtmfCollected(outcome) = body else { return };
        let Some(active) = self.calls.get_mut(key) else { return };
        if let Some(waiter) = active.doings.collect_waiter.take() {
            let (call_id, collect_id) = (active.id.to_string(), outcome.collect_id.clone());
            let _is_heard = waiter.send(Ok(DtmfCollectReply { call_id, collect_id, outcome: Some(outcome.clone()) }));
        }
    }

    pub(super) fn play_finished(&mut self, key: usize, end: PlayEnd) -> Input {
        if let Some(active) = self.calls.get_mut(key)
            && active.doings.playing.as_ref() == Some(&end.play_id)
        {
            active.doings.playing = None;
        }
        Input::Playback(Body::PlaybackFinished(PlaybackFinished {
            play_id: end.play_id,
            reason: end.reason.into(),
            played_ms: end.played_ms,
        }))
    }
}
