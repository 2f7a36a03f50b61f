//! A call is placed: the INVITE, by way of a botproxy, while the bot is called at the same time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use botstream_api::call::{Direction, State as CallState};
use botstream_api::trunk::Transport;
use botstream_api::{Error, ErrorCode, OriginateReply};
use botstream_state::secrets;
use sip::ua::{Credentials, InviteParams};
use sip::uri::escape_user;

use super::sdp::Sdp;
use super::{Begun, Originate, Switchboard};
use crate::core::call::Facts;
use crate::media::MediaId;

impl Switchboard {
    pub(super) async fn originate(&mut self, order: Originate) -> Result<OriginateReply, Error> {
        // A dialer that got no reply in time may ask again: the same order places no second call.
        if let Some(&key) = self.by_id.get(&order.call_id) {
            return Ok(self.reply(&order, self.calls[key].call.state()));
        }
        if self.ended.contains_key(&order.call_id) {
            return Ok(self.reply(&order, CallState::Ended));
        }
        if self.is_draining {
            return Err(Error::new(ErrorCode::Draining, "this media switch is draining"));
        }
        if self.calls.len() >= self.options.capacity as usize {
            let sentence = format!("this media switch has its {} calls", self.options.capacity);
            return Err(Error::new(ErrorCode::NoCapacity, sentence));
        }
        let (media, rtp, rtcp_port) =
            self.media.open().map_err(|error| Error::new(ErrorCode::NoCapacity, error.to_string()))?;
        let outcome = self.invite(&order, media, rtp, rtcp_port).await;
        if outcome.is_err() {
            self.media.close(media, "failed", "INTERNAL").await;
        }
        outcome
    }

    async fn invite(
        &mut self,
        order: &Originate,
        media: MediaId,
        rtp: SocketAddr,
        rtcp_port: u16,
    ) -> Result<OriginateReply, Error> {
        let local = SocketAddr::new(self.options.advertised_ip, rtp.port());
        let mut sdp = Sdp::new(local, rtcp_port, Some(&order.trunk), rand::random::<u32>().into());
        sdp.offer().map_err(|error| Error::internal(format!("own offer: {error}")))?;
        let sip_call_id = format!("{}@{}", order.call_id, local.ip());
        let request = &order.request;
        let params = InviteParams {
            request_uri: target_uri(&request.to, order),
            from: from_uri(&request.from, local),
            to: format!("<{}>", target_uri(&request.to, order)),
            call_id: Some(sip_call_id.clone()),
            route: if order.is_proxied { vec![route(order)] } else { Vec::new() },
            next_hop: order.next_hop,
            headers: request.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            body: Some(sdp.ours.clone()),
            credentials: self.trunk_credentials(order)?,
            ring_timeout: order.ring_timeout.or(Some(self.options.ring_timeout)),
        };
        let session = self
            .agent
            .invite(Instant::now(), params)
            .map_err(|error| Error::new(ErrorCode::InvalidArgument, error.to_string()))?;
        let Some(stream) = request.bot.clone() else {
            return Err(Error::invalid("bot", "a bot is needed"));
        };
        let facts = Facts {
            direction: Direction::Outbound,
            from: request.from.clone(),
            to: request.to.clone(),
            trunk: order.trunk.name.clone(),
            route: String::new(),
            sip_call_id,
            stream_id: format!("{}-1", order.call_id),
            bot_url: stream.url.clone(),
            fallback_urls: stream.fallback.clone(),
            duration_max: match request.max_duration_ms {
                0 => None,
                ms => Some(Duration::from_millis(ms.into())),
            },
        };
        let mut vars = request.vars.clone();
        vars.extend(stream.metadata.clone());
        let begun = Begun {
            id: order.call_id.clone(),
            tenant: order.tenant.clone(),
            facts,
            session,
            media,
            sdp,
            traceparent: order.traceparent.clone(),
        };
        let key = self.begin(begun, &stream, order.format, vars).await;
        let state = self.calls.get(key).map_or(CallState::Ended, |active| active.call.state());
        Ok(self.reply(order, state))
    }

    /// What answers the trunk's challenges, for calls that go to the trunk's peer and nowhere else.
    fn trunk_credentials(&self, order: &Originate) -> Result<Option<Credentials>, Error> {
        let trunk = &order.trunk;
        if is_uri(&order.request.to) {
            return Ok(None);
        }
        let found = self.state.secrets.read(|conn| secrets::of_trunk(conn, &trunk.tenant, &trunk.name, &trunk.peer));
        let found = found.map_err(|error| Error::internal(error.to_string()))?;
        Ok(found.map(|found| Credentials { username: found.username, password: found.password }))
    }

    fn reply(&self, order: &Originate, state: CallState) -> OriginateReply {
        OriginateReply { call_id: order.call_id.to_string(), node: self.options.node.clone(), state: state.into() }
    }
}

fn is_uri(text: &str) -> bool {
    text.starts_with("sip:") || text.starts_with("sips:")
}

/// The Request-URI: a number at the trunk, or the URI that was asked for.
fn target_uri(to: &str, order: &Originate) -> String {
    if is_uri(to) {
        return to.to_owned();
    }
    let transport = if order.trunk.transport() == Transport::Tcp { ";transport=tcp" } else { "" };
    format!("sip:{}@{}{transport}", escape_user(to), order.trunk.peer)
}

/// The caller's id at our address; anonymous when there is none (RFC 3323 §4.1.1.3).
fn from_uri(from: &str, local: SocketAddr) -> String {
    if from.is_empty() {
        return "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned();
    }
    if is_uri(from) {
        return format!("<{from}>");
    }
    let host = match local {
        SocketAddr::V4(addr) => addr.ip().to_string(),
        SocketAddr::V6(addr) => format!("[{}]", addr.ip()),
    };
    format!("<sip:{}@{host}>", escape_user(from))
}

fn route(order: &Originate) -> String {
    format!("<sip:{};transport={};lr>", order.next_hop.addr, order.next_hop.transport.param_name())
}
