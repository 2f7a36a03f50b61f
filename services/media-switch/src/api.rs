//! The switch's verbs on NATS: `call.originate`, `get`, `list`, `hangup`, and what can be done to a call in between.
//!
//! Requests about a call go to the node that owns it; whoever gets one for another node hands it on.

mod verbs;

use std::sync::Arc;
use std::time::Duration;

use botstream_api::encoding::Body;
use botstream_api::trunk::Transport;
use botstream_api::{
    Call, CallGetRequest, CallId, CallListReply, CallListRequest, ClientError, Error, ErrorCode, HangupReply,
    HangupRequest, OriginateReply, OriginateRequest, Trunk,
};
use iracluster::{Chassis, RequestContext, Where};
use sip::Peer;
use tokio::sync::{mpsc, oneshot};

use crate::clips::Clips;
use crate::state::State;
use crate::stream_spec;
use crate::switchboard::{Originate, Request};
use verbs::serve_verbs;

/// What a handler needs.
#[derive(Clone)]
struct Api {
    chassis: Chassis,
    state: State,
    clips: Arc<Clips>,
    requests: mpsc::Sender<Request>,
}

/// Subscribes to all of the switch's verbs.
pub(crate) async fn serve(
    chassis: &Chassis,
    state: State,
    clips: Arc<Clips>,
    requests: mpsc::Sender<Request>,
) -> anyhow::Result<()> {
    let api = Api { chassis: chassis.clone(), state, clips, requests };
    let here = api.clone();
    chassis
        .serve("call", "originate", Where::ThisNode, move |context, request| {
            let api = here.clone();
            async move { api.originate(context, request).await }
        })
        .await?;
    for place in [Where::ThisNode, Where::Anywhere] {
        let here = api.clone();
        chassis
            .serve("call", "get", place, move |context, request| {
                let api = here.clone();
                async move { api.get(context, request).await }
            })
            .await?;
        let here = api.clone();
        chassis
            .serve("call", "hangup", place, move |context, request| {
                let api = here.clone();
                async move { api.hangup(context, request).await }
            })
            .await?;
    }
    serve_verbs(chassis, &api).await?;
    let here = api;
    chassis
        .serve("call", "list", Where::Anywhere, move |context, request| {
            let api = here.clone();
            async move { api.list(&context, &request) }
        })
        .await?;
    Ok(())
}

impl Api {
    async fn originate(&self, context: RequestContext, request: OriginateRequest) -> Result<OriginateReply, Error> {
        let call_id = self.own_call_id(&request.call_id)?;
        let stream = request.bot.as_ref().ok_or_else(|| Error::invalid("bot", "a bot is needed"))?;
        let format = stream_spec::format(stream)
            .map_err(|error| Error::new(ErrorCode::UnsupportedFormat, error.to_string()).field("bot.format"))?;
        let trunk = self
            .state
            .trunk(&context.tenant, &request.trunk)
            .map_err(|error| Error::internal(error.to_string()))?
            .filter(|trunk| !trunk.peer.is_empty())
            .ok_or_else(|| {
                Error::new(ErrorCode::TrunkNotFound, format!("no trunk {:?} to call by", request.trunk)).field("trunk")
            })?;
        let (next_hop, is_proxied) = self.next_hop(&trunk).await?;
        let ring_timeout = match request.ring_timeout_ms {
            0 => None,
            ms => Some(Duration::from_millis(ms.into())),
        };
        let order = Originate {
            call_id,
            tenant: context.tenant.clone(),
            format,
            trunk,
            next_hop,
            is_proxied,
            ring_timeout,
            traceparent: context.traceparent.clone(),
            request,
        };
        self.ask(|answer| Request::Originate(Box::new(order), answer)).await
    }

    async fn get(&self, context: RequestContext, request: CallGetRequest) -> Result<Call, Error> {
        let call_id = parse_call_id(&request.call_id)?;
        if call_id.node() == self.chassis.node {
            return self.ask(|answer| Request::Get { tenant: context.tenant.clone(), call_id, answer }).await;
        }
        self.hand_on(&context, &call_id, "get", &request).await
    }

    async fn hangup(&self, context: RequestContext, request: HangupRequest) -> Result<HangupReply, Error> {
        let call_id = parse_call_id(&request.call_id)?;
        if call_id.node() == self.chassis.node {
            let tenant = context.tenant.clone();
            return self.ask(|answer| Request::Hangup { tenant, call_id, request, answer }).await;
        }
        self.hand_on(&context, &call_id, "hangup", &request).await
    }

    fn list(&self, context: &RequestContext, request: &CallListRequest) -> Result<CallListReply, Error> {
        self.state
            .calls
            .read(|conn| botstream_state::calls::list(conn, &context.tenant, request))
            .map(|(rows, cursor)| CallListReply { calls: rows.into_iter().map(Call::from).collect(), cursor })
            .map_err(|error| Error::internal(error.to_string()))
    }

    /// Asks the owner, and nobody else: whoever answers for all would hand it on again.
    async fn hand_on<Req: Body, Rep: Body>(
        &self,
        context: &RequestContext,
        call_id: &CallId,
        verb: &str,
        request: &Req,
    ) -> Result<Rep, Error> {
        let client = self.chassis.client_for(context);
        client.request_at(call_id.node(), "call", verb, request).await.map_err(|error| match error {
            ClientError::Service(error) => error,
            ClientError::NoResponders { .. } => Error::call_not_found(call_id.as_str()),
            other => Error::new(ErrorCode::Timeout, other.to_string()),
        })
    }

    fn own_call_id(&self, text: &str) -> Result<CallId, Error> {
        let call_id = parse_call_id(text)?;
        if call_id.node() != self.chassis.node {
            let sentence = format!("call {text:?} belongs to another node than {}", self.chassis.node);
            return Err(Error::new(ErrorCode::WrongNode, sentence).field("call_id").owner_node(call_id.node()));
        }
        Ok(call_id)
    }

    /// Where an INVITE goes first: any botproxy, so that carriers see one address; without one, the trunk itself.
    async fn next_hop(&self, trunk: &Trunk) -> Result<(Peer, bool), Error> {
        let proxies = self.state.proxies().map_err(|error| Error::internal(error.to_string()))?;
        let addresses: Vec<_> = proxies.iter().filter_map(|proxy| proxy.sip_udp.parse().ok()).collect();
        if let Some(&address) = addresses.get(rand::random_range(0..addresses.len().max(1))) {
            return Ok((Peer::udp(address), true));
        }
        let down = |why: String| {
            Error::new(ErrorCode::TrunkDown, format!("trunk {:?}: peer {:?}: {why}", trunk.name, trunk.peer))
        };
        let address = tokio::net::lookup_host(with_port(&trunk.peer))
            .await
            .map_err(|error| down(error.to_string()))?
            .next()
            .ok_or_else(|| down("it has no address".to_owned()))?;
        let peer = if trunk.transport() == Transport::Tcp { Peer::tcp(address) } else { Peer::udp(address) };
        Ok((peer, false))
    }

    /// Asks the switchboard.
    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Request) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let gone = || Error::new(ErrorCode::Draining, "this media switch is ending");
        self.requests.send(request(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn parse_call_id(text: &str) -> Result<CallId, Error> {
    text.parse().map_err(|_| Error::call_not_found(text))
}

/// SIP's port where the peer names none (RFC 3261 §19.1.2).
fn with_port(peer: &str) -> String {
    let has_port = peer
        .rsplit_once(':')
        .is_some_and(|(host, port)| port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']')));
    if has_port { peer.to_owned() } else { format!("{peer}:5060") }
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn peers_without_a_port_get_sips() {
        for (peer, expected) in [
            ("sip.example", "sip.example:5060"),
            ("sip.example:5080", "sip.example:5080"),
            ("192.0.2.1", "192.0.2.1:5060"),
            ("[2001:db8::1]", "[2001:db8::1]:5060"),
            ("[2001:db8::1]:5080", "[2001:db8::1]:5080"),
        ] {
            assert_eq!(with_port(peer), expected);
        }
    }
}
