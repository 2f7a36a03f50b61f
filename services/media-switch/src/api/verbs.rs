//! Verbs on a call that is there: checked here, done by the switchboard of the node that owns the call.

use std::sync::Arc;

use botstream_api::encoding::Body;
use botstream_api::{
    BridgeRequest, DtmfCollectRequest, DtmfSendRequest, Error, ErrorCode, HoldRequest, MuteRequest, PlayRequest,
    PlayStopRequest, SetVarsRequest, UnbridgeRequest, UnholdRequest, validate,
};
use iracluster::{Chassis, RequestContext, Where};
use tokio::sync::oneshot;

use super::{Api, parse_call_id};
use crate::clips::{self, Clip, Source};
use crate::core::collect::CollectSpec;
use crate::switchboard::{Request, Verb};

/// Most keys that are sent at once.
const DIGITS_MAX: usize = 64;

/// A verb's request: whose call, and whether it makes sense.
trait CallRequest: Body + 'static {
    fn call_id(&self) -> &str;
    fn check(&self) -> Result<(), Error>;
}

macro_rules! call_requests {
    ($($request:ty: $check:expr;)+) => {$(
        impl CallRequest for $request {
            fn call_id(&self) -> &str {
                &self.call_id
            }

            fn check(&self) -> Result<(), Error> {
                let check: fn(&Self) -> Result<(), Error> = $check;
                check(self)
            }
        }
    )+};
}

call_requests! {
    PlayRequest: |request| clips::source(request).map(|_source| ());
    PlayStopRequest: |_request| Ok(());
    HoldRequest: |request| clips::hold_source(request).map(|_source| ());
    UnholdRequest: |request| clips::caller_leg(&request.leg);
    BridgeRequest: |request| parse_call_id(&request.other_call_id)
        .map(|_id| ())
        .map_err(|error| error.field("other_call_id"));
    UnbridgeRequest: |_request| Ok(());
    MuteRequest: |request| clips::caller_leg(&request.leg);
    SetVarsRequest: |request| validate::text_map("vars", &request.vars);
    DtmfSendRequest: |request| {
        clips::caller_leg(&request.leg)?;
        digits(&request.digits)
    };
    DtmfCollectRequest: |request| {
        clips::caller_leg(&request.leg)?;
        CollectSpec::try_from(request).map(|_spec| ())
    };
}

fn digits(digits: &str) -> Result<(), Error> {
    let is_key = |key: char| matches!(key.to_ascii_uppercase(), '0'..='9' | '*' | '#' | 'A'..='D');
    if (1..=DIGITS_MAX).contains(&digits.len()) && digits.chars().all(is_key) {
        return Ok(());
    }
    Err(Error::invalid("digits", format!("digits = {digits:?}; allowed are 1 to {DIGITS_MAX} of 0-9, *, # and A-D")))
}

/// Serves one verb, at this node and anywhere.
async fn serve<Req, Rep, Done>(
    chassis: &Chassis,
    api: &Api,
    name: &'static str,
    act: impl Fn(Api, String, Req) -> Done + Clone + Send + Sync + 'static,
) -> anyhow::Result<()>
where
    Req: CallRequest + Send + Sync,
    Rep: Body + Send + 'static,
    Done: Future<Output = Result<Rep, Error>> + Send,
{
    for place in [Where::ThisNode, Where::Anywhere] {
        let (here, act) = (api.clone(), act.clone());
        chassis
            .serve("call", name, place, move |context: RequestContext, request: Req| {
                let (api, act) = (here.clone(), act.clone());
                async move {
                    request.check()?;
                    let call_id = parse_call_id(request.call_id())?;
                    if call_id.node() == api.chassis.node {
                        return act(api, context.tenant, request).await;
                    }
                    api.hand_on(&context, &call_id, name, &request).await
                }
            })
            .await?;
    }
    Ok(())
}

pub(super) async fn serve_verbs(chassis: &Chassis, api: &Api) -> anyhow::Result<()> {
    serve(chassis, api, "play", |api: Api, tenant, request: PlayRequest| async move {
        let clip = api.load(&tenant, &request.call_id, clips::source(&request)?).await?;
        let call_id = request.call_id.clone();
        api.verb(tenant, &call_id, |answer| Verb::Play(request, clip, answer)).await
    })
    .await?;
    serve(chassis, api, "play_stop", |api: Api, tenant, request: PlayStopRequest| async move {
        let call_id = request.call_id.clone();
        api.verb(tenant, &call_id, |answer| Verb::PlayStop(request, answer)).await
    })
    .await?;
    for (name, is_on) in [("mute", true), ("unmute", false)] {
        serve(chassis, api, name, move |api: Api, tenant, request: MuteRequest| async move {
            let call_id = request.call_id.clone();
            api.verb(tenant, &call_id, |answer| Verb::Mute(request, is_on, answer)).await
        })
        .await?;
    }
    serve(chassis, api, "hold", |api: Api, tenant, request: HoldRequest| async move {
        let music = match clips::hold_source(&request)? {
            Some(source) => Some(api.load(&tenant, &request.call_id, source).await?),
            None => None,
        };
        api.verb(tenant, &request.call_id, |answer| Verb::Hold(music, answer)).await
    })
    .await?;
    serve(chassis, api, "unhold", |api: Api, tenant, request: UnholdRequest| async move {
        api.verb(tenant, &request.call_id, Verb::Unhold).await
    })
    .await?;
    serve(chassis, api, "bridge", |api: Api, tenant, request: BridgeRequest| async move {
        let other = parse_call_id(&request.other_call_id)?;
        if other.node() != api.chassis.node {
            let sentence = format!("bridge: {} and {other} are on two switches", request.call_id);
            let error = Error::new(ErrorCode::WrongNode, sentence);
            return Err(error.field("other_call_id").owner_node(other.node()));
        }
        api.verb(tenant, &request.call_id, |answer| Verb::Bridge(other, answer)).await
    })
    .await?;
    serve(chassis, api, "unbridge", |api: Api, tenant, request: UnbridgeRequest| async move {
        api.verb(tenant, &request.call_id, Verb::Unbridge).await
    })
    .await?;
    serve(chassis, api, "set_vars", |api: Api, tenant, request: SetVarsRequest| async move {
        let call_id = request.call_id.clone();
        api.verb(tenant, &call_id, |answer| Verb::SetVars(request, answer)).await
    })
    .await?;
    serve(chassis, api, "dtmf_send", |api: Api, tenant, request: DtmfSendRequest| async move {
        let call_id = request.call_id.clone();
        api.verb(tenant, &call_id, |answer| Verb::DtmfSend(request, answer)).await
    })
    .await?;
    serve(chassis, api, "dtmf_collect", |api: Api, tenant, request: DtmfCollectRequest| async move {
        let call_id = request.call_id.clone();
        api.verb(tenant, &call_id, |answer| Verb::DtmfCollect(request, answer)).await
    })
    .await
}

impl Api {
    /// Nothing is fetched for a call that is not there.
    async fn load(&self, tenant: &str, call_id: &str, source: Source) -> Result<Arc<Clip>, Error> {
        let id = parse_call_id(call_id)?;
        if self.ask(|answer| Request::Get { tenant: tenant.to_owned(), call_id: id, answer }).await?.is_ended() {
            return Err(Error::new(ErrorCode::CallEnded, format!("call {call_id} has ended")).field("call_id"));
        }
        self.clips.load(source).await
    }

    async fn verb<T>(
        &self,
        tenant: String,
        call_id: &str,
        verb: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Verb,
    ) -> Result<T, Error> {
        let call_id = parse_call_id(call_id)?;
        self.ask(|answer| Request::Verb { tenant, call_id, verb: Box::new(verb(answer)) }).await
    }
}
