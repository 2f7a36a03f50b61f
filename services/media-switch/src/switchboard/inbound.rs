//! A call comes in: whose it is, where it leads, and the first answers to it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use botstream_api::call::{Direction, State as CallState};
use botstream_api::{CallId, StreamSpec, Trunk};
use botstream_state::calls::CallRow;
use sip::Peer;
use sip::message::Request as SipRequest;
use sip::ua::SessionId;
use ulid::Ulid;
use voicebot::Format;

use super::sdp::Sdp;
use super::{Active, Begun, Switchboard};
use crate::core::call::{Call, Facts, Output};
use crate::media::{Command, Credential};
use crate::state::Destination;
use crate::stream_spec;

/// Headers that a botproxy puts on the calls it lets in.
const TRUNK_HEADER: &str = "X-BotStream-Trunk";
const TENANT_HEADER: &str = "X-BotStream-Tenant";

/// What a caller that met no free line is asked to wait.
const RETRY_AFTER_S: u32 = 2;

/// A status and the sentence for our own log.
struct Refusal {
    status: u16,
    why: String,
}

impl Refusal {
    fn new(status: u16, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }
}

/// An inbound call that is to be taken.
struct Admitted {
    tenant: String,
    trunk: Option<Trunk>,
    destination: Destination,
    format: Format,
}

impl Switchboard {
    pub(super) async fn take_incoming(
        &mut self,
        session: SessionId,
        from: Peer,
        request: &SipRequest,
        offer: Option<&str>,
    ) {
        let outcome = match self.admit(from, request) {
            Ok(admitted) => self.begin_inbound(session, request, offer, admitted).await,
            Err(refusal) => Err(refusal),
        };
        let Err(refusal) = outcome else { return };
        tracing::info!(
            status = refusal.status, why = refusal.why, %from, sip_call_id = %request.call_id(), "inbound call refused"
        );
        self.metrics.refused(refusal.status);
        let headers = match refusal.status {
            503 => vec![("Retry-After".to_owned(), RETRY_AFTER_S.to_string())],
            _ => Vec::new(),
        };
        if let Err(error) = self.agent.reject(Instant::now(), session, refusal.status, None, &headers) {
            tracing::warn!(%error, "refusing an INVITE");
        }
    }

    /// Decides by this switch's own copies: nobody is asked anything.
    fn admit(&self, from: Peer, request: &SipRequest) -> Result<Admitted, Refusal> {
        if self.is_draining {
            return Err(Refusal::new(503, "draining"));
        }
        if self.calls.len() >= self.options.capacity as usize {
            return Err(Refusal::new(503, "at capacity"));
        }
        let broken = |error: iratdb::Error| Refusal::new(500, error.to_string());
        let (tenant, trunk) = if self.state.is_proxy(from).map_err(broken)? {
            let header = |name: &str| request.header(name).map(|value| value.trim().to_owned()).unwrap_or_default();
            let tenant = header(TENANT_HEADER);
            let trunk = self.state.trunk(&tenant, &header(TRUNK_HEADER)).map_err(broken)?;
            (tenant, trunk)
        } else {
            let trunk = self.state.trunk_of_source(from.addr.ip()).map_err(broken)?;
            let Some(trunk) = trunk else {
                return Err(Refusal::new(403, "no trunk has this address"));
            };
            (trunk.tenant.clone(), Some(trunk))
        };
        let called = called_number(request).ok_or_else(|| Refusal::new(404, "no number in the Request-URI"))?;
        let trunk_name = trunk.as_ref().map_or("", |trunk| trunk.name.as_str());
        let destination = self
            .state
            .destination(&tenant, trunk_name, &called)
            .map_err(broken)?
            .ok_or_else(|| Refusal::new(404, format!("no route for {called:?} from trunk {trunk_name:?}")))?;
        let format = stream_spec::format(&destination.stream).map_err(|error| Refusal::new(500, error.to_string()))?;
        Ok(Admitted { tenant, trunk, destination, format })
    }

    async fn begin_inbound(
        &mut self,
        session: SessionId,
        request: &SipRequest,
        offer: Option<&str>,
        admitted: Admitted,
    ) -> Result<(), Refusal> {
        let Admitted { tenant, trunk, destination, format } = admitted;
        let (media, rtp, rtcp_port) = self.media.open().map_err(|error| Refusal::new(503, error.to_string()))?;
        let local = std::net::SocketAddr::new(self.options.advertised_ip, rtp.port());
        let mut sdp = Sdp::new(local, rtcp_port, trunk.as_ref(), rand::random::<u32>().into());
        let settled = match offer {
            Some(offer) => sdp.answer(offer).map(Some),
            None => sdp.offer().map(|()| None),
        };
        let settled = match settled {
            Ok(settled) => settled,
            Err(error) => {
                self.media.close(media, "failed", "REJECTED").await;
                return Err(Refusal::new(error.status(), error.to_string()));
            }
        };
        let id = CallId::new(&self.options.node, Ulid::generate());
        let facts = Facts {
            direction: Direction::Inbound,
            from: party(request.from().map(|from| from.uri)),
            to: party(request.parsed_uri().ok()),
            trunk: trunk.map(|trunk| trunk.name).unwrap_or_default(),
            route: destination.route.name.clone(),
            sip_call_id: request.call_id().into_owned(),
            stream_id: format!("{id}-1"),
            bot_url: destination.stream.url.clone(),
            fallback_urls: destination.stream.fallback.clone(),
            duration_max: match destination.route.max_duration_ms {
                0 => None,
                ms => Some(Duration::from_millis(ms.into())),
            },
        };
        let mut vars = destination.route.vars.clone();
        vars.extend(destination.stream.metadata.clone());
        let begun = Begun { id, tenant, facts, session, media, sdp, traceparent: String::new() };
        let key = self.begin(begun, &destination.stream, format, vars).await;
        if let Some(negotiated) = settled {
            self.order(key, Command::Negotiate(Box::new(negotiated))).await;
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        if let Some(active) = self.calls.get_mut(key) {
            active.call.ring(&mut outputs);
        }
        self.perform(key, outputs).await;
        Ok(())
    }

    /// Enters a call whose signalling and media are there, and calls its bot.
    pub(super) async fn begin(
        &mut self,
        begun: Begun,
        stream: &StreamSpec,
        format: Format,
        vars: std::collections::BTreeMap<String, String>,
    ) -> usize {
        let credential = self.bot_credential(&begun.tenant, &stream.url);
        let bot = Box::new(stream_spec::target(&begun, stream, format, vars, &self.options.features, credential));
        let Begun { id, tenant, facts, session, media, sdp, traceparent } = begun;
        let row = CallRow {
            call_id: id.to_string(),
            tenant,
            node: self.options.node.clone(),
            direction: facts.direction,
            state: CallState::Created,
            from_uri: facts.from.clone(),
            to_uri: facts.to.clone(),
            trunk: facts.trunk.clone(),
            bot_url: facts.bot_url.clone(),
            sip_call_id: facts.sip_call_id.clone(),
            created_ms: unix_ms(),
            answered_ms: None,
        };
        let mut outputs: Vec<Output> = std::mem::take(&mut self.outputs);
        let call = Call::begin(facts, Instant::now(), &mut outputs);
        let key = self.calls.insert(Active {
            id: id.clone(),
            call,
            session: Some(session),
            media,
            sdp,
            row,
            traceparent,
            bot: bot.clone(),
            doings: super::verbs::Doings::default(),
            ev_seq: 0,
            timer: None,
            is_closing: false,
        });
        self.by_id.insert(id, key);
        self.by_session.insert(session, key);
        self.by_media.insert(media, key);
        self.metrics.begun();
        self.write_load();
        self.perform(key, outputs).await;
        self.order(key, Command::Connect(bot)).await;
        key
    }

    pub(super) fn bot_credential(&self, tenant: &str, url: &str) -> Credential {
        self.state.bot_credential(tenant, url).unwrap_or_else(|error| {
            // The bot refuses a call without it, and the call ends with that.
            tracing::error!(%error, "the bots' credentials cannot be read");
            Credential::default()
        })
    }
}

/// The called number: the user part of the Request-URI.
fn called_number(request: &SipRequest) -> Option<String> {
    request.parsed_uri().ok()?.user().filter(|user| !user.is_empty())
}

/// A party as people know it: the number of a `tel:` or `sip:` URI, else the URI.
fn party(uri: Option<sip::uri::Uri>) -> String {
    uri.map(|uri| uri.user().filter(|user| !user.is_empty()).unwrap_or_else(|| uri.to_string())).unwrap_or_default()
}

pub(super) fn unix_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
