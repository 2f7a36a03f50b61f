//! One call as its user sees it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use sip::digest::Credentials;
use sip::message::Request;
use sip::sdp::Direction;
use sip::{Peer, Transport};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::call_task::{Order, Role, Setup, run};
use crate::driver::{Command, IncomingParts};
use crate::endpoint::{advertised, bind_media};
use crate::secure::own_keys;
use crate::{Codec, Error, HeardDigit, MediaLog, Play, Report, Suite};

/// Events that can wait for a user who does not look; further ones are not kept (the outcome has them all).
const EVENTS_MAX: usize = 256;

/// Orders that can wait.
const ORDERS_MAX: usize = 64;

/// How a call is placed.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// From, as a name-addr or URI; the phone's own when `None`.
    pub from: Option<String>,
    /// Over which transport; what the URI says, or UDP, when `None`.
    pub transport: Option<Transport>,
    /// Where the INVITE is sent; where the URI points when `None`.
    pub next_hop: Option<SocketAddr>,
    /// Route set.
    pub route: Vec<String>,
    /// More header fields, as name and value.
    pub headers: Vec<(String, String)>,
    /// No SDP in the INVITE: the other side makes the offer.
    pub delayed_offer: bool,
    /// What answers a challenge.
    pub credentials: Option<Credentials>,
    /// Gives up when nobody has answered for so long.
    pub ring_timeout: Option<Duration>,
}

/// What a phone does in a call.
#[derive(Debug, Clone)]
pub struct Script {
    /// Codecs, best first.
    pub codecs: Vec<Codec>,
    /// What it says once answered.
    pub play: Play,
    /// Digits to press, each so long after the answer.
    pub dtmf: Vec<(Duration, String)>,
    /// Hangs up so long after the answer.
    pub hangup_after: Option<Duration>,
    /// Offers telephone events. Without them keys are tones in the audio.
    pub events: bool,
    /// Offers comfort noise, and sends that while it has nothing to say.
    pub comfort_noise: bool,
    /// Offers RTCP over RTP's port, and sends a report every half second.
    pub rtcp: bool,
    /// Offers SRTP, with these suites, and takes nothing else.
    pub srtp: Vec<Suite>,
    /// Loses every so many-th packet that it sends, as a network would.
    pub lose_every: Option<u32>,
}

impl Default for Script {
    /// G.711 with telephone events in the clear, and silence.
    fn default() -> Self {
        Self {
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            play: Play::Silence,
            dtmf: Vec::new(),
            hangup_after: None,
            events: true,
            comfort_noise: false,
            rtcp: false,
            srtp: Vec::new(),
            lose_every: None,
        }
    }
}

impl Script {
    /// Both codecs, no digits, and this to say.
    pub fn playing(play: Play) -> Self {
        Self { play, ..Self::default() }
    }

    /// Hangs up so long after the answer.
    pub fn for_duration(mut self, duration: Duration) -> Self {
        self.hangup_after = Some(duration);
        self
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// This phone hung up.
    LocalHangup,
    /// The other side hung up.
    RemoteHangup {
        /// Its Reason header fields (RFC 3326).
        reason_headers: Vec<String>,
    },
    /// It was never answered: refused, timed out, cancelled.
    NotAnswered {
        /// The final SIP status: 487 when it was cancelled.
        status: u16,
        /// Its reason phrase.
        reason: String,
        /// Its Reason header fields.
        reason_headers: Vec<String>,
        /// Retry-After in seconds.
        retry_after_s: Option<u32>,
    },
    /// It broke: never acknowledged (408), forgotten by the other side (481), no codec in the answer (488).
    Broken {
        /// The SIP status that says it best.
        status: u16,
    },
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocalHangup => f.write_str("hung up here"),
            Self::RemoteHangup { reason_headers } if reason_headers.is_empty() => f.write_str("hung up there"),
            Self::RemoteHangup { reason_headers } => write!(f, "hung up there ({})", reason_headers.join(", ")),
            Self::NotAnswered { status, reason, .. } => write!(f, "{status} {reason}"),
            Self::Broken { status } => write!(f, "broken off ({status})"),
        }
    }
}

/// When things happened, in milliseconds since the INVITE left or came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Timings {
    /// The first provisional response above 100.
    pub ringing_ms: Option<f64>,
    /// The answer.
    pub answered_ms: Option<f64>,
    /// The end.
    pub ended_ms: f64,
}

/// Something that happens in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEvent {
    /// A provisional response, 101 to 199.
    Ringing {
        /// Its status.
        status: u16,
    },
    /// Media runs before the answer.
    EarlyMedia,
    /// Answered, and media runs.
    Answered,
    /// A digit came in.
    Digit(HeardDigit),
    /// The other side has put this phone on hold, or taken the call up again.
    Held {
        /// Whether it listens no longer.
        is_held: bool,
    },
    /// It is over.
    Ended(End),
}

/// Everything about a call that is over.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// When things happened.
    pub timings: Timings,
    /// What was said and heard, if media ever ran.
    pub media: Option<MediaLog>,
    /// The SIP Call-ID.
    pub sip_call_id: String,
}

impl Outcome {
    /// Measures the call: takes a while for a long one.
    pub fn report(&self) -> Report {
        Report::new(self)
    }
}

/// A call under way. Dropping it hangs up.
#[derive(Debug)]
pub struct Call {
    sip_call_id: String,
    orders: mpsc::Sender<Order>,
    events: mpsc::Receiver<CallEvent>,
    task: JoinHandle<Outcome>,
}

impl Call {
    pub(crate) fn start(setup: Setup, sip_call_id: String) -> Self {
        let (orders, order_queue) = mpsc::channel(ORDERS_MAX);
        let (event_sender, events) = mpsc::channel(EVENTS_MAX);
        let task = tokio::spawn(run(setup, order_queue, event_sender, sip_call_id.clone()));
        Self { sip_call_id, orders, events, task }
    }

    /// The SIP Call-ID.
    pub fn sip_call_id(&self) -> &str {
        &self.sip_call_id
    }

    /// The next event; `None` after the end.
    pub async fn event(&mut self) -> Option<CallEvent> {
        self.events.recv().await
    }

    /// Waits for the answer, passing over what comes before it.
    pub async fn answered(&mut self) -> Result<(), Error> {
        while let Some(event) = self.events.recv().await {
            match event {
                CallEvent::Answered => return Ok(()),
                CallEvent::Ended(end) => return Err(Error::NotAnswered(end)),
                CallEvent::Ringing { .. } | CallEvent::EarlyMedia | CallEvent::Digit(_) | CallEvent::Held { .. } => {}
            }
        }
        Err(Error::Closed)
    }

    /// Presses keys, after those still being pressed. What is no key is not pressed at all.
    pub async fn press(&self, digits: &str) -> Result<(), Error> {
        self.orders.send(Order::Press(digits.to_owned())).await.map_err(|_| Error::Closed)
    }

    /// Puts the other side on hold, with a re-INVITE: it is to listen, to what this phone says, and to say nothing. Waits until it has agreed.
    pub async fn hold(&self) -> Result<(), Error> {
        self.redirect(Direction::SendOnly).await
    }

    /// Takes the call up again after [`hold`](Self::hold). Waits until the other side has agreed.
    pub async fn unhold(&self) -> Result<(), Error> {
        self.redirect(Direction::SendRecv).await
    }

    async fn redirect(&self, direction: Direction) -> Result<(), Error> {
        let (reply, replied) = oneshot::channel();
        self.orders.send(Order::Redirect(direction, reply)).await.map_err(|_| Error::Closed)?;
        match replied.await.map_err(|_| Error::Closed)? {
            Ok(()) => Ok(()),
            Err(status) => Err(Error::ReofferRefused { status }),
        }
    }

    /// Hangs up and waits until that is done.
    pub async fn hangup(self) -> Result<Outcome, Error> {
        // The call may be over already: then there is nobody to take the order, and nothing to do.
        self.orders.send(Order::Hangup).await.ok();
        self.wait().await
    }

    /// Waits until the call is over.
    pub async fn wait(self) -> Result<Outcome, Error> {
        let Self { orders, events, task, .. } = self;
        // Nobody reads events any more; orders must stay open, for their end means hanging up.
        drop(events);
        let outcome = task.await.map_err(|_| Error::Closed);
        drop(orders);
        outcome
    }
}

/// A call that wants to be answered. Dropping it refuses the call.
#[derive(Debug)]
pub struct Incoming {
    parts: Option<IncomingParts>,
    commands: mpsc::Sender<Command>,
    media_bind: IpAddr,
    media_ip: IpAddr,
}

impl Incoming {
    pub(crate) fn new(
        parts: IncomingParts,
        commands: mpsc::Sender<Command>,
        media_bind: IpAddr,
        media_ip: IpAddr,
    ) -> Self {
        Self { parts: Some(parts), commands, media_bind, media_ip }
    }

    /// The INVITE.
    pub fn request(&self) -> Option<&Arc<Request>> {
        self.parts.as_ref().map(|parts| &parts.request)
    }

    /// Where it came from.
    pub fn peer(&self) -> Option<Peer> {
        self.parts.as_ref().map(|parts| parts.from)
    }

    /// Rings for so long (180), or answers at once if it is zero, and then does what `script` says.
    pub async fn answer(mut self, ring: Duration, script: Script) -> Result<Call, Error> {
        let rtp = bind_media(self.media_bind).await?;
        let local_rtp = advertised(&rtp, self.media_ip)?;
        let parts = self.parts.take().ok_or(Error::Closed)?;
        let sip_call_id = parts.request.call_id().into_owned();
        let role = Role::Callee { offer: parts.offer, ring };
        let (commands, ua_events, session) = (self.commands.clone(), parts.events, parts.session);
        let keys = own_keys(&script.srtp);
        Ok(Call::start(Setup { commands, ua_events, session, rtp, local_rtp, script, role, keys }, sip_call_id))
    }

    /// Refuses the call.
    pub async fn reject(mut self, status: u16) {
        if let Some(parts) = self.parts.take() {
            self.commands.send(Command::Reject { session: parts.session, status }).await.ok();
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take() {
            self.commands.try_send(Command::Reject { session: parts.session, status: 480 }).ok();
        }
    }
}
