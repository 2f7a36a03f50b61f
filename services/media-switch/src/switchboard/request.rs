//! What the API asks of the switchboard.

use std::time::Duration;

use botstream_api::{
    Call, CallId, Error, ErrorCode, HangupReply, HangupRequest, OriginateReply, OriginateRequest, Trunk,
};
use sip::Peer;
use tokio::sync::oneshot;
use voicebot::Format;

use super::{Switchboard, Verb};
use crate::core::call::Input;
use crate::core::cause::Ending;

/// A checked order to place a call.
#[derive(Debug)]
pub(crate) struct Originate {
    pub(crate) call_id: CallId,
    pub(crate) tenant: String,
    pub(crate) request: OriginateRequest,
    pub(crate) format: Format,
    pub(crate) trunk: Trunk,
    /// Where the INVITE goes first: a botproxy, or the trunk itself where there is none.
    pub(crate) next_hop: Peer,
    pub(crate) is_proxied: bool,
    pub(crate) ring_timeout: Option<Duration>,
    pub(crate) traceparent: String,
}

pub(super) type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// A request and where its answer goes.
#[derive(Debug)]
pub(crate) enum Request {
    Originate(Box<Originate>, Answer<OriginateReply>),
    Get { tenant: String, call_id: CallId, answer: Answer<Call> },
    Hangup { tenant: String, call_id: CallId, request: HangupRequest, answer: Answer<HangupReply> },
    Verb { tenant: String, call_id: CallId, verb: Box<Verb> },
}

impl Switchboard {
    pub(super) async fn handle_request(&mut self, request: Request) {
        // Whoever asked may have given up; that changes nothing here.
        match request {
            Request::Originate(originate, answer) => {
                let _is_heard = answer.send(self.originate(*originate).await);
            }
            Request::Get { tenant, call_id, answer } => {
                let _is_heard = answer.send(self.get(&tenant, &call_id));
            }
            Request::Verb { tenant, call_id, verb } => self.handle_verb(&tenant, &call_id, *verb).await,
            Request::Hangup { tenant, call_id, request, answer } => {
                let reply = self.hang_up(&tenant, &call_id, &request).await;
                let _is_heard = answer.send(reply);
            }
        }
    }

    pub(super) fn set_draining(&mut self, is_draining: bool) {
        self.is_draining = is_draining;
        tracing::info!(is_draining, calls = self.calls.len(), "drain");
        self.write_load();
    }

    /// The call's key, when it is there and the tenant's.
    pub(super) fn find(&self, tenant: &str, call_id: &CallId) -> Result<usize, Error> {
        let key = self.by_id.get(call_id).copied();
        if let Some(key) = key.filter(|&key| self.calls.get(key).is_some_and(|active| active.row.tenant == tenant)) {
            return Ok(key);
        }
        match self.ended.get(call_id) {
            Some(call) if call.tenant == tenant => {
                Err(Error::new(ErrorCode::CallEnded, format!("call {call_id} has ended")).field("call_id"))
            }
            _ => Err(Error::call_not_found(call_id.as_str())),
        }
    }

    fn get(&self, tenant: &str, call_id: &CallId) -> Result<Call, Error> {
        match self.find(tenant, call_id) {
            Ok(key) => {
                let active = &self.calls[key];
                Ok(Call { vars: active.bot.start.call.vars.clone(), ..active.row.clone().into() })
            }
            Err(error) if error.code == ErrorCode::CallEnded => self.ended.get(call_id).cloned().ok_or(error),
            Err(error) => Err(error),
        }
    }

    async fn hang_up(&mut self, tenant: &str, call_id: &CallId, request: &HangupRequest) -> Result<HangupReply, Error> {
        let key = self.find(tenant, call_id)?;
        let ending = Ending::by_operator(request.cause());
        let input = match request.after() {
            botstream_api::hangup_request::After::Drained => Input::HangUpDrained(ending),
            _ => Input::HangUp(ending),
        };
        self.feed(key, input).await;
        let state = self.calls.get(key).map_or(botstream_api::call::State::Ended, |active| active.call.state());
        Ok(HangupReply { call_id: call_id.to_string(), state: state.into() })
    }
}
