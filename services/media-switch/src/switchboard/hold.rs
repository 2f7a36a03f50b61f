//! Hold, by us and by the far end (RFC 3264 §8.4).

use std::sync::Arc;
use std::time::Instant;

use botstream_api::event::Body;
use botstream_api::{CallHold, CallUnhold, Error, ErrorCode, HoldReply, UnholdReply};
use sip::sdp::Direction;

use super::Switchboard;
use super::request::Answer;
use super::sdp::Former;
use crate::clips::Clip;
use crate::core::call::Input;
use crate::media::Command;

/// Who holds a call, and what is asked of the far end about it.
#[derive(Debug, Default)]
pub(super) struct Hold {
    is_ours: bool,
    is_theirs: bool,
    asked: Option<Asked>,
}

/// A re-INVITE of ours that is not answered.
#[derive(Debug)]
struct Asked {
    /// `None`: it is not sent yet, for the far end has one under way.
    former: Option<Box<Former>>,
    music: Option<Arc<Clip>>,
    answer: HoldAnswer,
}

/// What has become of a wish to hold or unhold.
enum Step {
    /// The far end is asked.
    Asked(Box<Former>),
    /// The far end's own offer comes first: it has yet to acknowledge our answer.
    Wait,
    /// It is as it is to be.
    Done,
}

/// Whoever waits for the far end's answer.
#[derive(Debug)]
pub(super) enum HoldAnswer {
    Hold(Answer<HoldReply>),
    Unhold(Answer<UnholdReply>),
}

impl HoldAnswer {
    fn is_hold(&self) -> bool {
        matches!(self, Self::Hold(_))
    }

    fn verb(&self) -> &'static str {
        if self.is_hold() { "hold" } else { "unhold" }
    }

    /// Whoever asked may have given up.
    pub(super) fn send(self, outcome: Result<String, Error>) {
        match self {
            Self::Hold(answer) => {
                let _is_heard = answer.send(outcome.map(|call_id| HoldReply { call_id }));
            }
            Self::Unhold(answer) => {
                let _is_heard = answer.send(outcome.map(|call_id| UnholdReply { call_id }));
            }
        }
    }
}

impl Hold {
    /// The call is over: there will be no answer any more.
    pub(super) fn abandon(&mut self, call_id: &str) {
        if let Some(asked) = self.asked.take() {
            let sentence = format!("call {call_id} has ended");
            asked.answer.send(Err(Error::new(ErrorCode::CallEnded, sentence).field("call_id")));
        }
    }
}

impl Switchboard {
    /// `call.hold` and `call.unhold`; the answer is sent when the far end has agreed.
    pub(super) async fn hold(&mut self, key: usize, music: Option<Arc<Clip>>, answer: HoldAnswer) {
        let former = match self.ask_to_hold(key, music.is_some(), &answer) {
            Err(error) => return answer.send(Err(error)),
            Ok(Step::Asked(former)) => Some(former),
            Ok(Step::Wait) => None,
            // Nothing that the far end has to be told.
            Ok(Step::Done) => {
                if answer.is_hold() {
                    self.order(key, Command::HoldMusic(music)).await;
                }
                let call_id = self.calls.get(key).map(|active| active.id.to_string());
                return answer.send(call_id.ok_or_else(|| Error::internal("the call is gone")));
            }
        };
        if let Some(active) = self.calls.get_mut(key) {
            active.doings.hold.asked = Some(Asked { former, music, answer });
        }
    }

    /// The far end's offer is through: ours, if one waits, is next.
    pub(super) async fn resume_hold(&mut self, key: usize) {
        let asked = self.calls.get_mut(key).map(|active| &mut active.doings.hold.asked);
        if let Some(waiting) = asked.and_then(|asked| asked.take_if(|asked| asked.former.is_none())) {
            self.hold(key, waiting.music, waiting.answer).await;
        }
    }

    /// Sends the re-INVITE, if it is needed.
    fn ask_to_hold(&mut self, key: usize, has_music: bool, answer: &HoldAnswer) -> Result<Step, Error> {
        let verb = answer.verb();
        self.answered(key, verb)?;
        let refuse = |why: String| Error::new(ErrorCode::WrongState, format!("{verb}: {why}"));
        let Some(active) = self.calls.get_mut(key) else { return Err(Error::internal("the call is gone")) };
        if active.doings.hold.asked.is_some() {
            return Err(refuse("another hold or unhold has not been answered".to_owned()));
        }
        let wanted = match (answer.is_hold(), has_music) {
            (false, _) => Direction::SendRecv,
            (true, true) => Direction::SendOnly,
            (true, false) => Direction::Inactive,
        };
        if active.sdp.direction() == wanted {
            return Ok(Step::Done);
        }
        let Some(session) = active.session else { return Err(refuse("the call is ending".to_owned())) };
        let former = active.sdp.offer_direction(wanted).map_err(|error| refuse(error.to_string()))?;
        match self.agent.reoffer(Instant::now(), session, Some(active.sdp.ours.clone())) {
            Ok(()) => Ok(Step::Asked(Box::new(former))),
            Err(error) => {
                active.sdp.withdraw(former);
                match error {
                    // Until it acknowledges what we have answered; if it never does, the call ends.
                    sip::Error::WrongState(_) => Ok(Step::Wait),
                    error => Err(refuse(error.to_string())),
                }
            }
        }
    }

    /// The far end has agreed to our re-INVITE. An answer that is of no use is an input to the call.
    pub(super) async fn hold_agreed(&mut self, key: usize, body: Option<String>) -> Option<Input> {
        let active = self.calls.get_mut(key)?;
        let call_id = active.id.to_string();
        let Asked { music, answer, .. } = active.doings.hold.asked.take_if(|asked| asked.former.is_some())?;
        let is_hold = answer.is_hold();
        let was_ours = std::mem::replace(&mut active.doings.hold.is_ours, is_hold);
        self.order(key, Command::HoldMusic(music)).await;
        let outcome = match body {
            Some(body) => self.take_answer(key, &body).await,
            None => Err("the 200 has no session description".to_owned()),
        };
        if let Err(why) = outcome {
            answer.send(Err(Error::new(ErrorCode::WrongState, format!("{}: {why}", answer_verb(is_hold)))));
            return Some(self.bad_media(key, &why));
        }
        if was_ours != is_hold {
            self.feed(key, Input::Hold(event(is_hold, false))).await;
        }
        self.note_their_hold(key).await;
        answer.send(Ok(call_id));
        None
    }

    /// The far end has refused our re-INVITE: all is as it was.
    pub(super) fn hold_refused(&mut self, key: usize, status: u16) {
        let Some(active) = self.calls.get_mut(key) else { return };
        if let Some(Asked { former: Some(former), answer, .. }) =
            active.doings.hold.asked.take_if(|asked| asked.former.is_some())
        {
            active.sdp.withdraw(*former);
            let sentence = format!("{}: the far end has refused it with {status}", answer.verb());
            answer.send(Err(Error::new(ErrorCode::WrongState, sentence)));
        }
    }

    /// Tells if the far end has begun or ceased to hold an answered call.
    pub(super) async fn note_their_hold(&mut self, key: usize) {
        let Some(active) = self.calls.get_mut(key) else { return };
        let is_theirs = active.sdp.is_held_by_far_end();
        if std::mem::replace(&mut active.doings.hold.is_theirs, is_theirs) != is_theirs {
            self.feed(key, Input::Hold(event(is_theirs, true))).await;
        }
    }
}

fn answer_verb(is_hold: bool) -> &'static str {
    if is_hold { "hold" } else { "unhold" }
}

fn event(is_held: bool, by_far_end: bool) -> Body {
    match is_held {
        true => Body::CallHold(CallHold { by_far_end }),
        false => Body::CallUnhold(CallUnhold { by_far_end }),
    }
}
