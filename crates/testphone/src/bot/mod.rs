//! A bot that says back what it hears: the smallest program on the other side of `botstream.v1`.

mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use voicebot::Format;
use voicebot::message::{CallInfo, MarkReport, Playback};

use crate::Error;

/// Streams at once; a connection over it is closed at once.
const STREAMS_MAX: usize = 10_000;

/// Events that can wait for a user who does not look; further ones are not kept.
const EVENTS_MAX: usize = 4096;

/// How long streams may take to say goodbye when the bot closes.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// What the bot does when the caller presses a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DtmfAnswer {
    /// Nothing.
    Ignore,
    /// Presses the same key on the caller's line.
    SameDigit,
    /// Clears what is queued and says the key's tone for 200 ms.
    #[default]
    ClearAndTone,
}

/// How a bot behaves.
#[derive(Debug, Clone)]
pub struct BotConfig {
    /// Where it listens. Port 0: any free one.
    pub listen: SocketAddr,
    /// The format it asks for; the one that the switch offers when `None`.
    pub format: Option<Format>,
    /// What it does when the caller presses a key.
    pub dtmf: DtmfAnswer,
    /// The bearer token without which it answers 401 (RFC 6750); it asks for none when `None`.
    pub bearer: Option<String>,
}

impl Default for BotConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            format: None,
            dtmf: DtmfAnswer::default(),
            bearer: None,
        }
    }
}

/// What happens in a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct BotEvent {
    /// The stream; empty when it ended before its `start`.
    pub stream_id: String,
    /// What happened.
    pub kind: BotEventKind,
}

/// What happens in a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum BotEventKind {
    /// `start` came.
    Started {
        /// The call.
        call: Box<CallInfo>,
        /// The format in force.
        format: Format,
    },
    /// The caller pressed a key.
    Dtmf {
        /// Which.
        digit: char,
        /// For how long.
        duration_ms: u32,
    },
    /// What the switch says about playing.
    Playback(Playback),
    /// A mark was reached or given up.
    Mark(MarkReport),
    /// A clear was done: this much of the generation before had been heard.
    Cleared {
        /// Audio that was really played.
        played_ms: u64,
        /// Audio that was dropped.
        discarded_ms: u64,
    },
    /// The switch refused something, or sent what this bot does not understand.
    Error {
        /// In a sentence.
        message: String,
    },
    /// The stream is over.
    Ended {
        /// The reason that `stop` gave; `None` when the connection ended without one.
        reason: Option<String>,
        /// Bytes of audio that came in.
        bytes_heard: u64,
        /// Bytes of audio that went out.
        bytes_said: u64,
    },
}

/// An echo bot that listens.
#[derive(Debug)]
pub struct EchoBot {
    addr: SocketAddr,
    events: mpsc::Receiver<BotEvent>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl EchoBot {
    /// Opens the port and starts to listen.
    pub async fn bind(config: BotConfig) -> Result<Self, Error> {
        let refused = |source| Error::Bind { addr: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        let (event_sender, events) = mpsc::channel(EVENTS_MAX);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(listen(listener, config, event_sender, stopped));
        Ok(Self { addr, events, stop, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL for a switch to call.
    pub fn url(&self) -> String {
        format!("ws://{}/", self.addr)
    }

    /// The next event of any stream; `None` when the bot is closed.
    pub async fn event(&mut self) -> Option<BotEvent> {
        self.events.recv().await
    }

    /// Closes every stream and the port; waits at most 2 s.
    pub async fn close(self) {
        self.stop.send_replace(true);
        self.task.await.ok();
    }
}

async fn listen(
    listener: TcpListener,
    config: BotConfig,
    events: mpsc::Sender<BotEvent>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                while streams.try_join_next().is_some() {}
                // A connection that failed while it waited is no fault of the port.
                if let Ok((socket, _)) = accepted && streams.len() < STREAMS_MAX {
                    streams.spawn(stream::serve(socket, config.clone(), events.clone(), stopped.clone()));
                }
            }
            // An error means that the bot was dropped: it ends as if it had been closed.
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    let goodbye = async { while streams.join_next().await.is_some() {} };
    tokio::time::timeout(CLOSE_LIMIT, goodbye).await.ok();
}
