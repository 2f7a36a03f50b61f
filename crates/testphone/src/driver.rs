//! The task of an endpoint: moves bytes and time between the sockets and the user agent, and events to the calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sip::Peer;
use sip::message::Request;
use sip::ua::{InviteParams, SessionId, UaEvent, UserAgent};
use sip_transport::{Received, SipTransport};
use tokio::sync::{mpsc, oneshot};

/// Events that can wait in a call that is slow to take them: more than a call has in all its life.
const EVENTS_MAX: usize = 64;

/// How long the hang-ups under way are waited for when an endpoint closes.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) enum Command {
    Invite {
        params: Box<InviteParams>,
        reply: oneshot::Sender<Result<(SessionId, mpsc::Receiver<UaEvent>), sip::Error>>,
    },
    Provisional {
        session: SessionId,
        status: u16,
    },
    Answer {
        session: SessionId,
        body: String,
    },
    Reject {
        session: SessionId,
        status: u16,
    },
    Hangup {
        session: SessionId,
    },
    Acknowledge {
        session: SessionId,
        body: String,
    },
    Reoffer {
        session: SessionId,
        body: String,
        /// Whether it could be sent.
        reply: oneshot::Sender<Result<(), sip::Error>>,
    },
    AnswerReoffer {
        session: SessionId,
        answer: Result<String, u16>,
    },
    Close {
        done: oneshot::Sender<()>,
    },
}

/// An INVITE that came in.
#[derive(Debug)]
pub(crate) struct IncomingParts {
    pub(crate) session: SessionId,
    pub(crate) from: Peer,
    pub(crate) request: Arc<Request>,
    pub(crate) offer: Option<String>,
    pub(crate) events: mpsc::Receiver<UaEvent>,
}

pub(crate) struct Driver {
    ua: UserAgent,
    transport: SipTransport,
    commands: mpsc::Receiver<Command>,
    incoming: mpsc::Sender<IncomingParts>,
    calls: HashMap<SessionId, mpsc::Sender<UaEvent>>,
    /// Closing: who is to be told, and when at the latest.
    closing: Option<(oneshot::Sender<()>, Instant)>,
}

impl Driver {
    pub(crate) fn new(
        ua: UserAgent,
        transport: SipTransport,
        commands: mpsc::Receiver<Command>,
        incoming: mpsc::Sender<IncomingParts>,
    ) -> Self {
        Self { ua, transport, commands, incoming, calls: HashMap::new(), closing: None }
    }

    /// Runs until the endpoint and all its calls are gone, or until it has been closed.
    pub(crate) async fn run(mut self) {
        loop {
            self.flush();
            let close_by = self.closing.as_ref().map(|(_, deadline)| *deadline);
            if close_by.is_some() && self.ua.session_count() == 0 {
                break;
            }
            let wake = self.ua.poll_timeout().into_iter().chain(close_by).min();
            tokio::select! {
                received = self.transport.receive() => match received {
                    Received::Message { from, payload } => self.ua.receive(Instant::now(), from, &payload),
                    Received::Failed { peer } => self.ua.transport_failed(Instant::now(), peer),
                },
                command = self.commands.recv() => match command {
                    None => break,
                    Some(command) => self.on_command(command),
                },
                () = until(wake) => {
                    let now = Instant::now();
                    if close_by.is_some_and(|deadline| now >= deadline) {
                        break;
                    }
                    self.ua.handle_timeout(now);
                }
            }
        }
        if let Some((done, _)) = self.closing.take() {
            done.send(()).ok();
        }
    }

    fn flush(&mut self) {
        loop {
            let mut idle = true;
            while let Some(transmit) = self.ua.poll_transmit() {
                idle = false;
                self.transport.send(&transmit);
            }
            while let Some(event) = self.ua.poll_event() {
                idle = false;
                self.deliver(event);
            }
            if idle {
                return;
            }
        }
    }

    fn deliver(&mut self, event: UaEvent) {
        let session = event.session();
        if let UaEvent::Incoming { session, from, request, offer } = event {
            let (sender, events) = mpsc::channel(EVENTS_MAX);
            self.calls.insert(session, sender);
            if self.incoming.try_send(IncomingParts { session, from, request, offer, events }).is_err() {
                self.ua.reject(Instant::now(), session, 480, None, &[]).ok();
            }
            return;
        }
        let is_final = event.is_final();
        if let Some(call) = self.calls.get(&session)
            && call.try_send(event).is_err()
            && !is_final
        {
            // Nobody listens any more: the call has no owner.
            self.ua.hangup(Instant::now(), session, None).ok();
        }
        if is_final {
            self.calls.remove(&session);
        }
    }

    fn on_command(&mut self, command: Command) {
        let now = Instant::now();
        // A call may have ended a moment before its command arrives: the session is unknown then, and that is all right.
        match command {
            Command::Invite { params, reply } => {
                let placed = self.ua.invite(now, *params).map(|session| {
                    let (sender, events) = mpsc::channel(EVENTS_MAX);
                    self.calls.insert(session, sender);
                    (session, events)
                });
                if let Err(Ok((session, _))) = reply.send(placed) {
                    self.ua.hangup(now, session, None).ok();
                }
            }
            Command::Provisional { session, status } => {
                self.ua.provisional(now, session, status, None).ok();
            }
            Command::Answer { session, body } => {
                self.ua.answer(now, session, body).ok();
            }
            Command::Reject { session, status } => {
                self.ua.reject(now, session, status, None, &[]).ok();
            }
            Command::Hangup { session } => {
                self.ua.hangup(now, session, None).ok();
            }
            Command::Acknowledge { session, body } => {
                self.ua.ack_with_body(now, session, body).ok();
            }
            Command::Reoffer { session, body, reply } => {
                reply.send(self.ua.reoffer(now, session, Some(body))).ok();
            }
            Command::AnswerReoffer { session, answer } => {
                self.ua.answer_reinvite(now, session, answer).ok();
            }
            Command::Close { done } => self.closing = Some((done, now + CLOSE_LIMIT)),
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
