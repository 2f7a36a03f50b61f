//! The media engine: threads that carry audio between RTP and the bots' WebSockets.
//!
//! One thread a core, each call pinned to one for its life, so that the media path shares no lock
//! and no counter between calls. The control side sends [`Command`]s and gets [`Notice`]s, both
//! over bounded channels; nothing of a call's audio is ever touched from another thread.

mod bot_frames;
mod bot_link;
mod bot_reports;
mod bot_socket;
mod bridge;
mod coding;
mod connect;
mod control;
mod from_bot;
mod handshake;
mod hold_tone;
mod keys;
mod leg;
mod metered;
mod pair;
mod past;
mod piece;
mod play;
mod ports;
mod priority;
mod quality;
mod quiet;
mod remote;
mod ring;
mod secure;
mod silence;
mod to_bot;
mod verbs;
mod worker;

#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod no_allocation_tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use botstream_api::{
    DtmfDigit, DtmfSendReply, Error, MediaStats, PlaybackStarted, QosSample, StreamCleared, StreamFlow, StreamMark,
};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use voicebot::message::ErrorInfo;

use crate::clips::Clip;
pub(crate) use bridge::BridgeEnd;
pub(crate) use coding::Coding;
#[cfg(test)]
pub(crate) use coding::OPUS_RATE_HZ;
pub(crate) use connect::{BotTarget, BotTls, Credential};
pub(crate) use keys::{KeyPress, KeyWay};
pub(crate) use leg::Negotiated;
pub(crate) use play::{PlayEnd, PlayOrder};
pub(crate) use ports::RtpPorts;
pub(crate) use secure::SrtpKeys;

/// Commands waiting for one worker; a switch that far behind takes no more calls.
const COMMANDS_MAX: usize = 4_096;

/// Notices waiting for the control side.
const NOTICES_MAX: usize = 16_384;

/// A call's media: which worker has it, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MediaId {
    worker: usize,
    number: u64,
}

/// An order to a call's media.
#[derive(Debug)]
pub(crate) enum Command {
    /// Takes a bound RTP socket, and RTCP's; nothing flows yet.
    Open { socket: std::net::UdpSocket, rtcp: std::net::UdpSocket },
    /// Says what SDP has settled, also anew after a re-INVITE.
    Negotiate(Box<Negotiated>),
    /// Opens the bot's WebSocket and sends `start`.
    Connect(Box<BotTarget>),
    /// The caller has pressed a key, by another way than its media.
    Key(KeyPress),
    /// Lets audio flow: the call is answered.
    StartAudio,
    /// Takes no more audio from the bot, and tells when what it sent has been played.
    Drain,
    /// Plays a clip to the caller, in the place of whatever clip is played.
    Play(Box<PlayOrder>),
    /// What is heard while we hold the call, from its beginning.
    HoldMusic(Option<Arc<Clip>>),
    /// Ends the clip of this name.
    StopPlay { play_id: String },
    /// Makes silence of what the caller says, or of what the bot says.
    Mute { inbound: bool, outbound: bool },
    /// The caller hears the one at the other end, and is heard there; the bot waits.
    Bridge(Box<BridgeEnd>),
    /// The caller has the bot again.
    Unbridge,
    /// The caller at the other end of the bridge has pressed this key.
    RelayKey(char),
    /// Presses keys toward the telephone.
    SendDtmf { call_id: String, digits: String, answer: oneshot::Sender<Result<DtmfSendReply, Error>> },
    /// What has become of a verb of the bot's: nothing to be told, or why not. `is_play`: the verb was `play`.
    AnswerBot { is_play: bool, refused: Option<ErrorInfo> },
    /// Ends everything: `stop` to the bot, sockets closed.
    Close { stop_reason: &'static str, class: &'static str },
    /// Breaks the loop.
    #[cfg(test)]
    Panic,
}

/// What a call's media has to say.
#[derive(Debug)]
pub(crate) enum Notice {
    /// The bot's WebSocket is open, `start` is sent, and the format is settled.
    BotReady {
        connect_ms: u32,
        format: voicebot::Format,
    },
    /// It could not be opened, or broke.
    BotFailed {
        reason: String,
        /// We have cut it off for what it sent: no use in calling it again.
        is_refused: bool,
    },
    /// The bot closed it in order.
    BotClosed,
    /// The bot wants to hang up.
    BotHangup {
        is_drained: bool,
        cause: Option<String>,
    },
    /// The bot wants something that is the control side's to do.
    BotVerb(voicebot::Command),
    /// A clip is being heard.
    PlayStarted(PlaybackStarted),
    /// A clip is over.
    PlayFinished(PlayEnd),
    Digit(DtmfDigit),
    /// How well the call is heard.
    Qos(QosSample),
    Cleared(StreamCleared),
    Mark(StreamMark),
    Flow(StreamFlow),
    Drained,
    /// No RTP for the configured time.
    Silent,
    /// The media is closed, with its counters: the answer to [`Command::Close`], and the last notice.
    Closed(MediaStats),
    /// The media of this call panicked and is gone.
    Failed {
        reason: String,
    },
    /// The loop itself panicked: the media of all this worker's calls is gone, not only that of the call named.
    WorkerFailed,
}

/// How the engine is set up.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Threads; 0 is one a core.
    pub(crate) workers: usize,
    /// Scheduling priority of the threads, -20 (first) to 19; normal where the system does not allow it.
    pub(crate) nice: i32,
    /// Address that RTP sockets are bound to.
    pub(crate) rtp_ip: IpAddr,
    pub(crate) rtp_ports: RtpPorts,
    /// A call that hears no RTP for this long is told as silent; zero never.
    pub(crate) silence_max: Duration,
    pub(crate) bot_tls: BotTls,
    /// Time allowed for opening a bot's WebSocket.
    pub(crate) connect_timeout: Duration,
}

/// Why the engine refuses a call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaError {
    #[error("no free RTP port: {0}")]
    NoPort(std::io::Error),
    #[error("the media worker is too busy to take another order")]
    Busy,
}

/// The control side's handle on all workers.
#[derive(Debug)]
pub(crate) struct MediaEngine {
    workers: Vec<mpsc::Sender<(u64, Command)>>,
    /// Calls on each worker.
    loads: Vec<usize>,
    ports: ports::PortFinder,
    next_number: u64,
}

impl MediaId {
    /// Whether both are carried by the same worker.
    pub(crate) fn shares_worker(self, other: Self) -> bool {
        self.worker == other.worker
    }
}

impl MediaEngine {
    /// Starts the threads. Their notices come out of the receiver.
    pub(crate) fn start(options: Options) -> std::io::Result<(Self, mpsc::Receiver<(MediaId, Notice)>)> {
        let count = match options.workers {
            0 => thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let (notices, notices_out) = mpsc::channel(NOTICES_MAX);
        let mut workers = Vec::with_capacity(count);
        for index in 0..count {
            let (commands, commands_out) = mpsc::channel(COMMANDS_MAX);
            let worker = worker::Setup {
                index,
                nice: options.nice,
                silence_max: options.silence_max,
                connect_timeout: options.connect_timeout,
                bot_tls: options.bot_tls.clone(),
                notices: notices.clone(),
            };
            let runtime = Builder::new_current_thread().enable_all().build()?;
            thread::Builder::new().name(format!("media-{index}")).spawn(move || worker.run(&runtime, commands_out))?;
            workers.push(commands);
        }
        let engine = Self {
            loads: vec![0; workers.len()],
            workers,
            ports: ports::PortFinder::new(options.rtp_ip, options.rtp_ports),
            next_number: 0,
        };
        Ok((engine, notices_out))
    }

    /// Binds sockets for RTP and RTCP and gives them to the worker with the fewest calls. Returns RTP's address, and RTCP's port.
    pub(crate) fn open(&mut self) -> Result<(MediaId, SocketAddr, u16), MediaError> {
        let ports::Bound { rtp: (socket, address), rtcp: (rtcp, rtcp_address) } =
            self.ports.bind().map_err(MediaError::NoPort)?;
        let worker = self.loads.iter().enumerate().min_by_key(|(_, load)| **load).map_or(0, |(index, _)| index);
        self.next_number += 1;
        let id = MediaId { worker, number: self.next_number };
        self.send(id, Command::Open { socket, rtcp })?;
        self.loads[worker] += 1;
        Ok((id, address, rtcp_address.port()))
    }

    /// Gives an order to a call's media.
    pub(crate) fn send(&self, id: MediaId, command: Command) -> Result<(), MediaError> {
        self.workers[id.worker].try_send((id.number, command)).map_err(|_| MediaError::Busy)
    }

    /// Ends a call's media. Also the way to give back what [`open`](Self::open) gave.
    pub(crate) async fn close(&mut self, id: MediaId, stop_reason: &'static str, class: &'static str) {
        self.loads[id.worker] = self.loads[id.worker].saturating_sub(1);
        // Waits: an order to close must not be lost, and the worker never waits for the control side.
        let command = Command::Close { stop_reason, class };
        if self.workers[id.worker].send((id.number, command)).await.is_err() {
            tracing::error!(worker = id.worker, "a media worker is gone");
        }
    }
}
