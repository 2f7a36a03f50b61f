//! The control side: one task that owns the SIP user agent, all calls and what the cluster sees of them.
//!
//! One owner, so no locks: everything reaches it as a message (SIP, the media workers' notices, the API's
//! requests), and every message is handled to its end before the next. The media threads never wait for it.

mod bridge;
mod effects;
mod hold;
mod inbound;
mod outbound;
mod request;
mod sdp;
mod verbs;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use botstream_api::cause::Class;
use botstream_api::{Call as CallDocument, CallId};
use botstream_state::calls::CallRow;
use iracluster::{Drain, Events, Hold};
use sip::ua::{SessionId, UaConfig, UaEvent, UserAgent};
use sip_transport::{Received, SipTransport};
use slab::Slab;
use tokio::sync::mpsc;

use crate::clips::Clips;
use crate::core::call::{Call, Input, Output};
use crate::core::cause::Ending;
use crate::media::{BotTarget, MediaEngine, MediaId, Notice};
use crate::metrics::Metrics;
use crate::state::State;
pub(crate) use request::{Originate, Request};
use sdp::Sdp;
pub(crate) use verbs::Verb;

/// Ended calls remembered, so that a question about one just ended gets its end and not "no such call".
const ENDED_MAX: usize = 10_000;

/// What is left when the process has to end is hung up; so long the goodbyes may take. The chassis waits a little longer.
const PARTING: Duration = Duration::from_millis(1_500);

/// SIP messages handled before the other sources get their turn.
const MESSAGES_PER_TURN: usize = 64;

/// How the switchboard is set up.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) node: String,
    pub(crate) zone: String,
    /// Most calls at once.
    pub(crate) capacity: u32,
    /// Address in SDP and Contact, when it is not that of the sockets.
    pub(crate) advertised_ip: std::net::IpAddr,
    /// How long a callee may ring when the dial does not say.
    pub(crate) ring_timeout: Duration,
    /// Names of the verbs and events bots are told of.
    pub(crate) features: Vec<String>,
}

/// Everything about a call that is not its state machine.
#[derive(Debug)]
struct Active {
    id: CallId,
    call: Call,
    session: Option<SessionId>,
    media: MediaId,
    sdp: Sdp,
    row: CallRow,
    traceparent: String,
    /// The bot as it was called first.
    bot: Box<BotTarget>,
    doings: verbs::Doings,
    ev_seq: u32,
    /// In `timers` under this time.
    timer: Option<Instant>,
    /// The media has been told to close.
    is_closing: bool,
}

/// What a call starts with.
pub(crate) struct Begun {
    pub(crate) id: CallId,
    pub(crate) tenant: String,
    pub(crate) facts: crate::core::call::Facts,
    session: SessionId,
    media: MediaId,
    sdp: Sdp,
    pub(crate) traceparent: String,
}

/// See the module.
pub(crate) struct Switchboard {
    options: Options,
    transport: SipTransport,
    agent: UserAgent,
    media: MediaEngine,
    notices: mpsc::Receiver<(MediaId, Notice)>,
    requests: mpsc::Receiver<Request>,
    /// For what takes its time on behalf of a call, and comes back.
    own_requests: mpsc::Sender<Request>,
    clips: Arc<Clips>,
    state: State,
    events: Events,
    metrics: Metrics,
    calls: Slab<Active>,
    by_id: HashMap<CallId, usize>,
    by_session: HashMap<SessionId, usize>,
    by_media: HashMap<MediaId, usize>,
    timers: BTreeSet<(Instant, usize)>,
    ended: HashMap<CallId, CallDocument>,
    ended_order: VecDeque<CallId>,
    is_draining: bool,
    /// Reused from input to input.
    outputs: Vec<Output>,
}

/// The parts a switchboard is made of.
pub(crate) struct Parts {
    pub(crate) transport: SipTransport,
    pub(crate) media: MediaEngine,
    pub(crate) notices: mpsc::Receiver<(MediaId, Notice)>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) own_requests: mpsc::Sender<Request>,
    pub(crate) clips: Arc<Clips>,
    pub(crate) state: State,
    pub(crate) events: Events,
    pub(crate) metrics: Metrics,
}

impl Switchboard {
    pub(crate) fn new(options: Options, parts: Parts) -> Self {
        let advertised = |bound: SocketAddr| SocketAddr::new(options.advertised_ip, bound.port());
        let config = UaConfig {
            user_agent: concat!("BotStream/", env!("CARGO_PKG_VERSION")).to_owned(),
            // Those being hung up live a little longer than their calls.
            sessions_max: 2 * options.capacity as usize + 100,
            ..UaConfig::new(advertised(parts.transport.udp_addr()), advertised(parts.transport.tcp_addr()))
        };
        Self {
            agent: UserAgent::new(config, rand::random()),
            options,
            transport: parts.transport,
            media: parts.media,
            notices: parts.notices,
            requests: parts.requests,
            own_requests: parts.own_requests,
            clips: parts.clips,
            state: parts.state,
            events: parts.events,
            metrics: parts.metrics,
            calls: Slab::new(),
            by_id: HashMap::new(),
            by_session: HashMap::new(),
            by_media: HashMap::new(),
            timers: BTreeSet::new(),
            ended: HashMap::new(),
            ended_order: VecDeque::new(),
            is_draining: false,
            outputs: Vec::new(),
        }
    }

    /// Runs until the process closes. A drain is followed both ways, and held up while there is a call.
    pub(crate) async fn run(mut self, drain: Drain) {
        let mut busy: Option<Hold> = None;
        let mut parting: Option<Instant> = None;
        loop {
            let due = self.next_timeout().into_iter().chain(parting).min();
            let timer = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                received = self.transport.receive() => self.receive_sip(received),
                Some((media, notice)) = self.notices.recv() => self.handle_notice(media, notice).await,
                Some(request) = self.requests.recv() => self.handle_request(request).await,
                is_draining = drain.changed_from(self.is_draining) => self.set_draining(is_draining),
                () = timer => {}
                () = drain.closing(), if parting.is_none() => {
                    parting = Some(Instant::now() + PARTING);
                    self.hang_up_all().await;
                }
            }
            self.handle_timeouts().await;
            self.drain_agent().await;
            // A BYE on its way is work too: the far end must not be left hanging.
            let is_busy = !self.calls.is_empty() || self.agent.session_count() > 0;
            if parting.is_some_and(|until| !is_busy || until <= Instant::now()) {
                return;
            }
            if is_busy != busy.is_some() {
                busy = is_busy.then(|| drain.hold());
            }
        }
    }

    /// The time for draining is up: nobody is left in silence, and every call is told of to its end.
    async fn hang_up_all(&mut self) {
        let keys: Vec<usize> = self.calls.iter().map(|(key, _)| key).collect();
        for key in keys {
            self.feed(key, Input::HangUp(Ending::by_system(Class::Drain))).await;
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        let of_calls = self.timers.first().map(|(due, _)| *due);
        of_calls.into_iter().chain(self.agent.poll_timeout()).min()
    }

    fn receive_sip(&mut self, received: Received) {
        let mut next = Some(received);
        let mut taken = 0;
        while let Some(received) = next {
            let now = Instant::now();
            match received {
                Received::Message { from, payload } => self.agent.receive(now, from, &payload),
                Received::Failed { peer } => self.agent.transport_failed(now, peer),
            }
            taken += 1;
            next = if taken < MESSAGES_PER_TURN { self.transport.try_receive() } else { None };
        }
    }

    async fn handle_timeouts(&mut self) {
        let now = Instant::now();
        if self.agent.poll_timeout().is_some_and(|due| due <= now) {
            self.agent.handle_timeout(now);
        }
        while let Some(&(due, key)) = self.timers.first().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, key));
            let mut outputs = std::mem::take(&mut self.outputs);
            if let Some(active) = self.calls.get_mut(key) {
                active.timer = None;
                active.call.handle_timeout(now, &mut outputs);
            }
            self.perform(key, outputs).await;
        }
    }

    /// Takes what the user agent has to say and to send, until there is nothing left.
    async fn drain_agent(&mut self) {
        while let Some(event) = self.agent.poll_event() {
            self.handle_sip_event(event).await;
        }
        while let Some(transmit) = self.agent.poll_transmit() {
            self.transport.send(&transmit);
        }
    }

    async fn handle_sip_event(&mut self, event: UaEvent) {
        let session = event.session();
        let is_final = event.is_final();
        match event {
            UaEvent::Incoming { session, from, request, offer } => {
                self.take_incoming(session, from, &request, offer.as_deref()).await;
            }
            other => {
                let Some(&key) = self.by_session.get(&session) else {
                    return;
                };
                if is_final {
                    self.by_session.remove(&session);
                    if let Some(active) = self.calls.get_mut(key) {
                        active.session = None;
                    }
                }
                if let Some(input) = self.input_of(key, other).await {
                    self.feed(key, input).await;
                }
            }
        }
    }

    async fn handle_notice(&mut self, media: MediaId, notice: Notice) {
        if matches!(notice, Notice::WorkerFailed) {
            let lost: Vec<usize> =
                self.by_media.iter().filter(|(id, _)| id.shares_worker(media)).map(|(_, key)| *key).collect();
            tracing::error!(calls = lost.len(), "a media thread broke down; it begins anew, its calls are lost");
            for key in lost {
                let reason = "the media thread broke down".to_owned();
                self.feed(key, Input::MediaFailed { reason }).await;
            }
            return;
        }
        let Some(&key) = self.by_media.get(&media) else {
            return;
        };
        if matches!(notice, Notice::Closed(_)) {
            self.by_media.remove(&media);
        }
        let notice = match notice {
            Notice::BotVerb(command) => return self.handle_bot_verb(key, command).await,
            Notice::PlayFinished(end) => {
                let input = self.play_finished(key, end);
                return self.feed(key, input).await;
            }
            Notice::Qos(sample) => return self.publish_sample(key, sample),
            Notice::Digit(ref pressed) => {
                self.relay_key(key, pressed).await;
                notice
            }
            notice => notice,
        };
        if let Some(input) = self.input_of_notice(key, notice) {
            self.feed(key, input).await;
        }
    }

    /// Gives an input to a call and does what follows from it.
    async fn feed(&mut self, key: usize, input: Input) {
        let mut outputs = std::mem::take(&mut self.outputs);
        if let Some(active) = self.calls.get_mut(key) {
            active.call.handle(Instant::now(), input, &mut outputs);
        }
        self.perform(key, outputs).await;
    }
}
