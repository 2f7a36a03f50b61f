//! Moves messages between the engine and NATS: one task receives and keeps time, one sends.
//!
//! The sender waits for a frame to be written before it asks for the next: the first change leaves at once, what is committed
//! meanwhile rides the next frame. What NATS loses (a slow consumer, a broken connection) shows as a gap in the numbers
//! of frames.

mod subjects;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State as ConnectionState;
use async_nats::{Client, Message, Subscriber};
use futures_util::{FutureExt, StreamExt};
use tokio::task::JoinHandle;

use self::subjects::Subjects;
use crate::core::engine::{Event, Outgoing};
use crate::core::guard::Guard;
use crate::core::store::StoreError;
use crate::error::{Error, Result};
use crate::gate::for_all;
use crate::shared::{Shared, Status};

/// Bytes of messages applied under one lock: transactions wait no longer than that takes.
const BATCH_BYTES: usize = 128 * 1024;
/// Messages handed to NATS between two frames.
const MESSAGES_AT_ONCE: usize = 64;
/// How often the connection is looked at, at least.
const CONNECTION_CHECK: Duration = Duration::from_millis(100);
/// How long closing waits for NATS to take the last messages.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// The tasks of an open database.
#[derive(Debug)]
pub(crate) struct Driver {
    receiver: JoinHandle<()>,
    sender: JoinHandle<()>,
}

impl Driver {
    /// Subscribes and starts the tasks.
    pub(crate) async fn start(
        shared: Arc<Shared>,
        client: Client,
        cluster: &str,
        guard: Option<Box<Guard>>,
    ) -> Result<Self> {
        let subjects = match &shared.gate {
            Some(gate) => Subjects::with_keys(cluster, gate.database),
            None => Subjects::new(cluster, &shared.name),
        };
        let writer = shared.with(|state| state.engine.writer())?;
        let failed = |error: async_nats::SubscribeError| Error::Nats(error.to_string());
        let all = client.subscribe(subjects.all()).await.map_err(failed)?;
        let own = client.subscribe(subjects.one(writer)).await.map_err(failed)?;
        let receiver =
            Receiver { shared: Arc::clone(&shared), client: client.clone(), guard, all, own, connects: 0, up: true };
        let sender = Sender { shared, client, subjects };
        Ok(Self { receiver: tokio::spawn(receiver.run()), sender: tokio::spawn(sender.run()) })
    }

    /// Waits until the tasks have ended.
    pub(crate) async fn stopped(self) {
        for task in [self.sender, self.receiver] {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the database failed");
            }
        }
    }
}

struct Receiver {
    shared: Arc<Shared>,
    client: Client,
    guard: Option<Box<Guard>>,
    all: Subscriber,
    own: Subscriber,
    connects: u64,
    up: bool,
}

impl Receiver {
    async fn run(mut self) {
        self.connects = self.client.statistics().connects.load(Ordering::Relaxed);
        let mut status = self.shared.status.subscribe();
        let mut batch: Vec<Message> = Vec::new();
        if let Some(guard) = &mut self.guard {
            guard.connect(self.shared.now().mono_ms);
        }
        loop {
            self.publish_guard();
            let Ok(timeout) = self.shared.with(|state| state.engine.poll_timeout()) else { return };
            let timeout = self.guard.as_ref().map_or(timeout, |guard| timeout.min(guard.poll_timeout()));
            let timeout = self.shared.instant(timeout).min(std::time::Instant::now() + CONNECTION_CHECK);
            tokio::select! {
                message = self.all.next() => match message {
                    Some(message) => batch.push(message),
                    None => return self.deaf(),
                },
                message = self.own.next() => match message {
                    Some(message) => batch.push(message),
                    None => return self.deaf(),
                },
                () = tokio::time::sleep_until(timeout.into()) => {}
                // Not when it begins to close: what is sent last may be asked for again.
                _ = status.wait_for(|status| matches!(status, Status::Closed | Status::Failed(_))) => return,
            }
            self.collect(&mut batch);
            let mut events = self.connection_events();
            let clear = match &mut self.guard {
                Some(guard) => {
                    let now_ms = self.shared.now().mono_ms;
                    if self.shared.gate.as_ref().is_some_and(|gate| gate.take_rotation()) {
                        guard.rotate(now_ms);
                    }
                    let (links, clear) = through(guard, now_ms, &events, &batch);
                    events = links;
                    clear
                }
                None => batch.iter().map(|message| message.payload.clone()).collect(),
            };
            let messages = clear.iter().map(|message| Event::Message(message));
            let Ok(outgoing) = self.shared.handle(events.into_iter().chain(messages).chain([Event::Tick])) else {
                return;
            };
            batch.clear();
            // Most of what comes needs no answer: waking the sender for nothing would cost as much as applying it, and
            // would hold the lock just when those who were told of a change want to read it.
            if outgoing {
                self.shared.work.notify_one();
            }
        }
    }

    /// The client has been drained or closed by somebody else: who hears nothing any more must not go on as if nobody said anything.
    fn deaf(&self) {
        self.shared.fail(StoreError("its NATS subscriptions have ended".to_owned()));
    }

    fn publish_guard(&mut self) {
        if let (Some(guard), Some(gate)) = (&mut self.guard, &self.shared.gate)
            && gate.publish(guard)
        {
            self.shared.work.notify_one();
        }
    }

    /// Takes what else is there, up to a batch.
    fn collect(&mut self, batch: &mut Vec<Message>) {
        let mut bytes: usize = batch.iter().map(|message| message.payload.len()).sum();
        for subscriber in [&mut self.own, &mut self.all] {
            while bytes < BATCH_BYTES {
                let Some(Some(message)) = subscriber.next().now_or_never() else { break };
                bytes += message.payload.len();
                batch.push(message);
            }
        }
    }

    fn connection_events(&mut self) -> Vec<Event<'static>> {
        let up = self.client.connection_state() == ConnectionState::Connected;
        let connects = self.client.statistics().connects.load(Ordering::Relaxed);
        let reconnected = connects != std::mem::replace(&mut self.connects, connects);
        match (std::mem::replace(&mut self.up, up), up) {
            (true, false) => vec![Event::Disconnected],
            (false, true) => vec![Event::Connected],
            (true, true) if reconnected => vec![Event::Disconnected, Event::Connected],
            _ => Vec::new(),
        }
    }
}

/// Has the guard look at what came. Gives what the engine is told of the connection, and the messages it sees.
fn through(
    guard: &mut Guard,
    now_ms: u64,
    events: &[Event<'static>],
    batch: &[Message],
) -> (Vec<Event<'static>>, Vec<bytes::Bytes>) {
    let (mut links, mut clear) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Connected => guard.connect(now_ms),
            _ => guard.disconnect(),
        }
        links.extend(guard.link());
    }
    for message in batch {
        guard.receive(now_ms, &message.payload, &mut clear);
    }
    guard.tick(now_ms, &mut clear);
    links.extend(guard.link());
    (links, clear)
}

struct Sender {
    shared: Arc<Shared>,
    client: Client,
    subjects: Subjects,
}

impl Sender {
    async fn run(self) {
        let mut closing = self.shared.closing.subscribe();
        loop {
            tokio::select! {
                () = self.shared.work.notified() => {}
                _ = closing.wait_for(|closing| *closing) => break,
            }
            let sending = async {
                if let Err(error) = self.send_all().await {
                    // Nothing is lost: what was not sent shows as a gap, and is asked for.
                    tracing::warn!(database = %self.shared.name, %error, "sending failed");
                }
            };
            let mut sending = std::pin::pin!(sending);
            let ends = tokio::select! {
                () = &mut sending => false,
                _ = closing.wait_for(|closing| *closing) => true,
            };
            if ends {
                // What has been taken from the engine must leave, too.
                if tokio::time::timeout(CLOSE_LIMIT, sending).await.is_err() {
                    tracing::warn!(database = %self.shared.name, "NATS does not take what waits to be sent");
                }
                break;
            }
        }
        if tokio::time::timeout(CLOSE_LIMIT, self.leave()).await.is_err() {
            tracing::warn!(database = %self.shared.name, "NATS did not take the last messages");
        }
        self.shared.finish();
    }

    async fn send_all(&self) -> Result<()> {
        loop {
            let (mut messages, frame) = self.shared.outgoing(MESSAGES_AT_ONCE)?;
            messages.extend(frame.map(for_all));
            if let Some(gate) = &self.shared.gate {
                messages = gate.seal(messages.into_iter());
                messages.extend(gate.take_messages());
            }
            if messages.is_empty() {
                return Ok(());
            }
            let failed = |error: async_nats::PublishError| Error::Nats(error.to_string());
            for Outgoing { to, bytes } in messages {
                self.client.publish(self.subjects.of(to), bytes).await.map_err(failed)?;
            }
            self.client.flush().await.map_err(|error| Error::Nats(error.to_string()))?;
        }
    }

    async fn leave(&self) {
        let failed = matches!(*self.shared.status.borrow(), Status::Failed(_));
        if failed || self.client.connection_state() != ConnectionState::Connected {
            return;
        }
        for event in [None, Some(Event::Close)] {
            let sent = match self.shared.handle(event) {
                Ok(_) => self.send_all().await,
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                tracing::warn!(database = %self.shared.name, %error, "leaving failed");
                return;
            }
        }
    }
}
