//! The task of one call: signalling events and orders in, a packet every 20 ms out.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::sdp::{self, AnswerOptions, Crypto, Description, Direction, Negotiated, SdpError};
use sip::ua::{SessionId, UaEvent};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use crate::call::{CallEvent, End, Outcome, Script, Timings};
use crate::driver::Command;
use crate::endpoint::{OPUS_FMTP, codec_kinds, default_offer};
use crate::media::Media;
use crate::media_log::MediaLog;

/// How long the end of a call that was hung up here is waited for.
const HANGUP_LIMIT: Duration = Duration::from_secs(5);

/// Largest media datagram that is read whole.
const DATAGRAM_LEN: usize = 2048;

/// What the user of a call wants.
#[derive(Debug)]
pub(crate) enum Order {
    Press(String),
    /// Which way audio goes from now on; the status of a refusal comes back.
    Redirect(Direction, oneshot::Sender<Result<(), u16>>),
    Hangup,
}

/// Which side of the call this is.
#[derive(Debug)]
pub(crate) enum Role {
    Caller { offer: String, delayed_offer: bool },
    Callee { offer: Option<String>, ring: Duration },
}

/// Everything a call begins with.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) ua_events: mpsc::Receiver<UaEvent>,
    pub(crate) session: SessionId,
    pub(crate) rtp: UdpSocket,
    pub(crate) local_rtp: SocketAddr,
    pub(crate) script: Script,
    pub(crate) role: Role,
    /// Of what this phone sends, one a suite.
    pub(crate) keys: Vec<Crypto>,
}

/// A re-INVITE of this phone's that is not answered.
struct Reoffer {
    direction: Direction,
    offer: String,
    reply: oneshot::Sender<Result<(), u16>>,
}

struct Running {
    media: Media,
    start: Instant,
    remote: SocketAddr,
}

struct Task {
    setup: Setup,
    events: mpsc::Sender<CallEvent>,
    began: Instant,
    running: Option<Running>,
    log: Option<MediaLog>,
    timings: Timings,
    answered: Option<Instant>,
    /// When the phone is picked up.
    answer_at: Option<Instant>,
    /// The offer that was made when the INVITE had none.
    own_offer: Option<String>,
    /// What this phone last said of its media, and the re-INVITE with another description that is not answered yet.
    own_sdp: String,
    reoffer: Option<Reoffer>,
    /// One that waits until the other side's is through.
    waiting: Option<(Direction, oneshot::Sender<Result<(), u16>>)>,
    /// Which way audio goes as far as this phone is concerned.
    direction: Direction,
    is_held: bool,
    /// Digits still to be pressed, last one first.
    digits: Vec<(Duration, String)>,
    digits_told: usize,
    hung_up: Option<Instant>,
    end: Option<End>,
}

/// Why the task woke up.
enum Wake {
    Signalling(Option<UaEvent>),
    Order(Option<Order>),
    Tick,
    Packet(std::io::Result<(usize, SocketAddr)>),
    Time,
}

pub(crate) async fn run(
    setup: Setup,
    mut orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<CallEvent>,
    sip_call_id: String,
) -> Outcome {
    let began = Instant::now();
    let mut digits = setup.script.dtmf.clone();
    digits.sort_by_key(|(after, _)| std::cmp::Reverse(*after));
    let own_sdp = match &setup.role {
        Role::Caller { offer, .. } => offer.clone(),
        Role::Callee { .. } => String::new(),
    };
    let mut task = Task {
        setup,
        events,
        began,
        running: None,
        log: None,
        timings: Timings::default(),
        answered: None,
        answer_at: None,
        own_offer: None,
        own_sdp,
        reoffer: None,
        waiting: None,
        direction: Direction::SendRecv,
        is_held: false,
        digits,
        digits_told: 0,
        hung_up: None,
        end: None,
    };
    task.begin().await;
    let mut datagram = [0; DATAGRAM_LEN];
    let end = loop {
        if let Some(end) = task.end.take() {
            break end;
        }
        let tick_at = task.next_tick();
        let time_at = task.next_time();
        let wake = tokio::select! {
            biased;
            event = task.setup.ua_events.recv() => Wake::Signalling(event),
            order = orders.recv(), if task.hung_up.is_none() => Wake::Order(order),
            () = until(tick_at) => Wake::Tick,
            () = until(time_at) => Wake::Time,
            packet = task.setup.rtp.recv_from(&mut datagram), if task.running.is_some() => Wake::Packet(packet),
        };
        match wake {
            Wake::Signalling(Some(event)) => task.on_signalling(event).await,
            // The endpoint is gone, and the call with it.
            Wake::Signalling(None) => task.end = Some(End::Broken { status: 503 }),
            Wake::Order(Some(Order::Press(digits))) => task.press(&digits),
            Wake::Order(Some(Order::Redirect(direction, reply))) => task.redirect(direction, reply).await,
            Wake::Order(Some(Order::Hangup) | None) => task.hang_up().await,
            Wake::Tick => task.tick().await,
            Wake::Time => task.on_time().await,
            Wake::Packet(Ok((len, _))) => task.receive(&mut datagram[..len]),
            // A peer whose port is closed makes the system report errors here; they concern no packet of ours.
            Wake::Packet(Err(_)) => {}
        }
    };
    task.stop_media();
    task.timings.ended_ms = ms_since(began);
    task.tell(CallEvent::Ended(end.clone()));
    Outcome { end, timings: task.timings, media: task.log, sip_call_id }
}

impl Task {
    async fn begin(&mut self) {
        if let Role::Callee { ring, .. } = &self.setup.role {
            self.answer_at = Some(self.began + *ring);
            if !ring.is_zero() {
                self.timings.ringing_ms = Some(0.0);
                self.command(Command::Provisional { session: self.setup.session, status: 180 }).await;
            }
        }
    }

    fn next_tick(&self) -> Option<Instant> {
        let running = self.running.as_ref()?;
        Some(running.start + Duration::from_micros(running.media.next_tick_us()))
    }

    /// When the next thing of the script is due.
    fn next_time(&self) -> Option<Instant> {
        if let Some(hung_up) = self.hung_up {
            return Some(hung_up + HANGUP_LIMIT);
        }
        let after_answer =
            self.digits.last().map(|(after, _)| *after).into_iter().chain(self.setup.script.hangup_after).min();
        let scripted = self.answered.zip(after_answer).map(|(answered, after)| answered + after);
        scripted.into_iter().chain(self.answer_at).min()
    }

    async fn on_time(&mut self) {
        if self.hung_up.is_some() {
            self.end = Some(End::LocalHangup);
            return;
        }
        if self.answer_at.take_if(|at| *at <= Instant::now()).is_some() {
            self.pick_up().await;
        }
        let Some(since_answer) = self.answered.map(|answered| answered.elapsed()) else { return };
        while let Some((_, digits)) = self.digits.pop_if(|(after, _)| *after <= since_answer) {
            self.press(&digits);
        }
        if self.setup.script.hangup_after.is_some_and(|after| after <= since_answer) {
            self.hang_up().await;
        }
    }

    async fn on_signalling(&mut self, event: UaEvent) {
        let session = self.setup.session;
        match event {
            UaEvent::Provisional { status, body, .. } => {
                self.timings.ringing_ms.get_or_insert_with(|| ms_since(self.began));
                self.tell(CallEvent::Ringing { status });
                if let (Some(answer), Role::Caller { offer, delayed_offer: false }) = (body, &self.setup.role)
                    && let Ok(negotiated) = accept(offer, &answer)
                {
                    self.start_media(&negotiated);
                    self.tell(CallEvent::EarlyMedia);
                }
            }
            UaEvent::Answered { body, .. } => self.on_answered(body).await,
            UaEvent::Confirmed { body, .. } => {
                if let Some(offer) = self.own_offer.take() {
                    match body.as_deref().ok_or(SdpError::NoCommonCodec).and_then(|answer| accept(&offer, answer)) {
                        Ok(negotiated) => self.start_talking(&negotiated),
                        Err(error) => self.break_off(error.status()).await,
                    }
                }
                if let Some((direction, reply)) = self.waiting.take() {
                    self.redirect(direction, reply).await;
                }
            }
            UaEvent::Reoffered { body, .. } => {
                let answer = self.on_reoffered(body);
                self.command(Command::AnswerReoffer { session, answer }).await;
            }
            UaEvent::Failed { status, reason, reason_headers, retry_after_s, .. } => {
                self.end = Some(End::NotAnswered { status, reason, reason_headers, retry_after_s });
            }
            UaEvent::Ended { by_remote, status, reason_headers, .. } => {
                self.end = Some(match (self.answered, status) {
                    (None, status) => End::NotAnswered {
                        status: status.unwrap_or(487),
                        reason: if by_remote { "cancelled by the caller" } else { "refused here" }.to_owned(),
                        reason_headers,
                        retry_after_s: None,
                    },
                    (Some(_), Some(status)) => End::Broken { status },
                    (Some(_), None) if by_remote => End::RemoteHangup { reason_headers },
                    (Some(_), None) => End::LocalHangup,
                });
            }
            UaEvent::Reanswered { body, .. } => self.on_reanswered(body.as_deref()),
            UaEvent::ReofferFailed { status, .. } => {
                if let Some(refused) = self.reoffer.take() {
                    refused.reply.send(Err(status)).ok();
                }
            }
            UaEvent::Incoming { .. } | UaEvent::Info { .. } => {}
        }
    }

    /// Our INVITE was answered.
    async fn on_answered(&mut self, body: Option<String>) {
        let Role::Caller { offer, delayed_offer } = &self.setup.role else { return };
        let body = body.unwrap_or_default();
        if !delayed_offer {
            match accept(offer, &body) {
                Ok(negotiated) => self.start_talking(&negotiated),
                Err(error) => self.break_off(error.status()).await,
            }
            return;
        }
        match self.answer_to(&body) {
            Ok((answer, negotiated)) => {
                self.own_sdp.clone_from(&answer);
                self.command(Command::Acknowledge { session: self.setup.session, body: answer }).await;
                self.start_talking(&negotiated);
            }
            Err(error) => self.break_off(error.status()).await,
        }
    }

    /// The phone has rung long enough.
    async fn pick_up(&mut self) {
        let session = self.setup.session;
        let Role::Callee { offer, .. } = &self.setup.role else { return };
        let Some(offer) = offer else {
            let own_offer = default_offer(self.setup.local_rtp, &self.setup.script, &self.setup.keys);
            self.own_offer = Some(own_offer.clone());
            self.own_sdp.clone_from(&own_offer);
            self.command(Command::Answer { session, body: own_offer }).await;
            return;
        };
        match self.answer_to(offer) {
            Ok((body, negotiated)) => {
                self.own_sdp.clone_from(&body);
                self.command(Command::Answer { session, body }).await;
                self.start_talking(&negotiated);
            }
            Err(error) => self.command(Command::Reject { session, status: error.status() }).await,
        }
    }

    fn on_reoffered(&mut self, body: Option<String>) -> Result<String, u16> {
        let Some(offer) = body else {
            return Ok(default_offer(self.setup.local_rtp, &self.setup.script, &self.setup.keys));
        };
        let (answer, negotiated) = self.answer_to(&offer).map_err(|error| error.status())?;
        self.own_sdp.clone_from(&answer);
        self.note_hold(&negotiated);
        if let Some(running) = &mut self.running {
            running.remote = negotiated.remote_rtp;
            running.media.renegotiate(&negotiated);
        }
        Ok(answer)
    }

    /// The last description of our own again, with this direction.
    async fn redirect(&mut self, direction: Direction, reply: oneshot::Sender<Result<(), u16>>) {
        let offer = redirected(&self.own_sdp, direction);
        let (sent, is_sent) = oneshot::channel();
        let session = self.setup.session;
        self.command(Command::Reoffer { session, body: offer.clone(), reply: sent }).await;
        match is_sent.await {
            Ok(Ok(())) => self.reoffer = Some(Reoffer { direction, offer, reply }),
            // The other side has one under way, and has yet to acknowledge our answer.
            Ok(Err(sip::Error::WrongState(_))) if self.reoffer.is_none() && self.waiting.is_none() => {
                self.waiting = Some((direction, reply));
            }
            _ => {
                reply.send(Err(491)).ok();
            }
        }
    }

    fn on_reanswered(&mut self, body: Option<&str>) {
        let Some(Reoffer { direction, offer, reply }) = self.reoffer.take() else { return };
        let outcome = body.ok_or(SdpError::NoCommonCodec).and_then(|answer| accept(&offer, answer));
        if let Ok(negotiated) = &outcome {
            self.direction = direction;
            self.own_sdp = offer;
            self.start_media(negotiated);
            self.note_hold(negotiated);
        }
        reply.send(outcome.map(|_negotiated| ()).map_err(|error| error.status())).ok();
    }

    fn note_hold(&mut self, negotiated: &Negotiated) {
        let is_held = !negotiated.direction.sends();
        if std::mem::replace(&mut self.is_held, is_held) != is_held {
            self.tell(CallEvent::Held { is_held });
        }
    }

    fn answer_to(&self, offer: &str) -> Result<(String, Negotiated), SdpError> {
        let supported = codec_kinds(&self.setup.script.codecs);
        let session_id = self.setup.session.0;
        sdp::answer(
            &Description::parse(offer)?,
            self.setup.local_rtp,
            session_id,
            &supported,
            &AnswerOptions {
                direction: self.direction,
                dtmf: self.setup.script.events,
                comfort_noise: self.setup.script.comfort_noise,
                rtcp_mux: self.setup.script.rtcp,
                opus_fmtp: OPUS_FMTP,
                crypto: &self.setup.keys,
                ..AnswerOptions::default()
            },
        )
    }

    fn start_talking(&mut self, negotiated: &Negotiated) {
        self.start_media(negotiated);
        self.answered = Some(Instant::now());
        self.timings.answered_ms = Some(ms_since(self.began));
        if let Some(running) = &mut self.running {
            running.media.start_speaking();
        }
        self.tell(CallEvent::Answered);
    }

    fn start_media(&mut self, negotiated: &Negotiated) {
        match &mut self.running {
            Some(running) => {
                running.remote = negotiated.remote_rtp;
                running.media.renegotiate(negotiated);
            }
            None => {
                self.running = Some(Running {
                    media: Media::new(negotiated, &self.setup.script, rand::random()),
                    start: Instant::now(),
                    remote: negotiated.remote_rtp,
                });
            }
        }
    }

    async fn tick(&mut self) {
        let Some(running) = &mut self.running else { return };
        let now_us = micros_since(running.start);
        let remote = running.remote;
        if let Some(packet) = running.media.tick(now_us)
            && !remote.ip().is_unspecified()
        {
            // A full send buffer or an unreachable peer loses the packet, as a network would.
            self.setup.rtp.send_to(packet, remote).await.ok();
        }
        if let Some(report) = running.media.report(now_us) {
            self.setup.rtp.send_to(&report, remote).await.ok();
        }
        self.tell_digits();
    }

    fn receive(&mut self, datagram: &mut [u8]) {
        if let Some(running) = &mut self.running {
            running.media.receive(micros_since(running.start), datagram);
        }
        self.tell_digits();
    }

    fn press(&mut self, digits: &str) {
        if let Some(running) = &mut self.running
            && running.media.is_speaking()
        {
            // What is no digit is not pressed.
            running.media.press(digits).ok();
        }
    }

    async fn hang_up(&mut self) {
        if self.hung_up.is_some() {
            return;
        }
        self.hung_up = Some(Instant::now());
        self.stop_media();
        self.command(Command::Hangup { session: self.setup.session }).await;
    }

    async fn break_off(&mut self, status: u16) {
        self.hang_up().await;
        self.end = Some(End::Broken { status });
    }

    fn stop_media(&mut self) {
        if let Some(running) = self.running.take() {
            let now_us = micros_since(running.start);
            self.log = Some(running.media.finish(now_us));
        }
    }

    fn tell_digits(&mut self) {
        let Some(running) = &self.running else { return };
        let heard = running.media.digits_heard();
        let new: Vec<_> = heard.get(self.digits_told..).unwrap_or_default().to_vec();
        self.digits_told = heard.len();
        for digit in new {
            self.tell(CallEvent::Digit(digit));
        }
    }

    /// Events are a convenience: who does not read them misses them.
    fn tell(&self, event: CallEvent) {
        self.events.try_send(event).ok();
    }

    /// The endpoint takes commands as long as calls live.
    async fn command(&self, command: Command) {
        self.setup.commands.send(command).await.ok();
    }
}

/// A description of ours with another direction, and so with another version (RFC 3264 §8).
fn redirected(sdp: &str, direction: Direction) -> String {
    let mut out = String::with_capacity(sdp.len() + 2);
    for line in sdp.lines() {
        let changed = match line.split_once('=') {
            Some(("o", origin)) => {
                let mut words: Vec<String> = origin.split(' ').map(str::to_owned).collect();
                if let Some(version) = words.get_mut(2) {
                    *version = version.parse::<u64>().map_or(1, |version| version.wrapping_add(1)).to_string();
                }
                format!("o={}", words.join(" "))
            }
            Some(("a", "sendrecv" | "sendonly" | "recvonly" | "inactive")) => format!("a={}", direction.as_str()),
            _ => line.to_owned(),
        };
        out.push_str(&changed);
        out.push_str("\r\n");
    }
    out
}

fn accept(offer: &str, answer: &str) -> Result<Negotiated, SdpError> {
    sdp::accept_answer(&Description::parse(offer)?, &Description::parse(answer)?)
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

fn ms_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

fn micros_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}
