//! One bot's WebSocket, driven by the worker's sweep: it is polled, never awaited.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as WsMessage, Utf8Bytes};
use voicebot::close_code;
use voicebot::dialect::{DialectSession, Frame, QueueStatus};
use voicebot::message::{Stop, ToBot};

use super::bot_link::Counters;
use super::connect::Socket;

/// Caller audio kept for a bot that reads too slowly; the oldest is dropped, so that live audio stays live.
const BACKLOG_MS_MAX: usize = 500;

/// Bytes taken from a bot in one sweep: 13 MB/s, many times what the greediest format needs.
const BYTES_PER_SWEEP: usize = 64 << 10;

/// A ping goes out this often; once audio flows, more often: its pong says how far the bot has read.
const PING_EVERY: Duration = Duration::from_secs(5);
const PING_EVERY_IN_AUDIO: Duration = Duration::from_millis(500);

/// A bot that has not read a ping for so long reads too slowly: audio waits on our side, where the oldest can be dropped,
/// and not in the network's buffers, where it would be seconds late.
const BEHIND_AFTER: Duration = Duration::from_millis(500);

/// A bot that has sent nothing at all for so long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// Time a bot has to answer a close.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// How a bot's WebSocket ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// The bot closed it in order.
    Closed,
    /// It broke; a sentence says how.
    Broken(String),
    /// It sends nothing that can be used; it is told by this close code.
    Refused { code: u16, reason: String },
}

/// What the bot sent.
#[derive(Debug)]
pub(super) enum Message {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// A ping or pong, dealt with here.
    Control,
}

/// See the module.
#[derive(Debug)]
pub(super) struct BotSocket {
    socket: Socket,
    pub(super) session: DialectSession,
    text: String,
    /// Where audio that goes as text is written, again and again.
    memory: BytesMut,
    /// Whole frames of audio that the socket would not take yet. They are wrapped when they go: they are numbered then.
    backlog: VecDeque<Bytes>,
    heard: Instant,
    pinged: Instant,
    /// Since when a ping has been waiting for its pong.
    unanswered: Option<Instant>,
    /// A bot whose library answers no pings can't be measured by them.
    has_ponged: bool,
    is_in_audio: bool,
    frames_sent: u32,
    lost_ms: u32,
}

impl BotSocket {
    /// Takes an open WebSocket and sends what the dialect begins with, before anything else can be sent.
    pub(super) fn begin(socket: Socket, mut session: DialectSession, now: Instant) -> Result<Self, Gone> {
        let start = session.start_frames();
        let mut bot = Self {
            socket,
            session,
            text: String::new(),
            memory: BytesMut::new(),
            backlog: VecDeque::new(),
            heard: now,
            pinged: now,
            unanswered: None,
            has_ponged: false,
            is_in_audio: false,
            frames_sent: 0,
            lost_ms: 0,
        };
        for frame in start {
            bot.write(WsMessage::text(frame))?;
        }
        Ok(bot)
    }

    /// The next message, if one is there.
    pub(super) fn poll(&mut self, now: Instant, context: &mut Context<'_>) -> Result<Option<Message>, Gone> {
        let Poll::Ready(next) = Pin::new(&mut self.socket).poll_next(context) else {
            return if now.saturating_duration_since(self.heard) > DEAD_AFTER {
                Err(Gone::Broken(format!("the bot has been silent for {} s, pings too", DEAD_AFTER.as_secs())))
            } else {
                Ok(None)
            };
        };
        self.heard = now;
        match next {
            Some(Ok(WsMessage::Text(text))) => Ok(Some(Message::Text(text))),
            Some(Ok(WsMessage::Binary(bytes))) => Ok(Some(Message::Binary(bytes))),
            Some(Ok(WsMessage::Close(frame))) => Err(closed(frame.as_ref())),
            Some(Ok(WsMessage::Pong(_))) => {
                self.has_ponged = true;
                self.unanswered = None;
                Ok(Some(Message::Control))
            }
            Some(Ok(WsMessage::Ping(_) | WsMessage::Frame(_))) => Ok(Some(Message::Control)),
            Some(Err(WsError::ConnectionClosed)) | None => Err(Gone::Closed),
            Some(Err(error)) => Err(Gone::Broken(error.to_string())),
        }
    }

    /// Sends what has waited, and a ping when it is time.
    pub(super) fn pump(&mut self, now: Instant, context: &mut Context<'_>) -> Result<(), Gone> {
        self.socket.get_mut().left = BYTES_PER_SWEEP;
        let ping_every = if self.is_in_audio { PING_EVERY_IN_AUDIO } else { PING_EVERY };
        if now.saturating_duration_since(self.pinged) > ping_every && self.unanswered.is_none() {
            self.pinged = now;
            self.unanswered = Some(now);
            self.write(WsMessage::Ping(Bytes::new()))?;
        }
        if self.is_behind(now) {
            return Ok(());
        }
        while self.is_writable(context)? {
            let Some(frame) = self.backlog.pop_front() else {
                break;
            };
            self.send_late(frame)?;
        }
        Ok(())
    }

    /// Sends one frame of caller audio, or keeps it while the socket is blocked.
    pub(super) fn send_audio(&mut self, frame: Bytes, now: Instant, context: &mut Context<'_>) -> Result<(), Gone> {
        self.is_in_audio = true;
        if self.backlog.is_empty() && !self.is_behind(now) && self.is_writable(context)? {
            return self.send_late(frame);
        }
        let frame_ms = self.session.format().frame_ms();
        if (self.backlog.len() + 1) * frame_ms as usize > BACKLOG_MS_MAX {
            self.backlog.pop_front();
            self.session.lose_audio(1);
            self.lost_ms = self.lost_ms.saturating_add(frame_ms);
        }
        self.backlog.push_back(frame);
        Ok(())
    }

    /// Sends an event, unless the bot has said that it does not want its kind.
    pub(super) fn send(&mut self, event: &ToBot) -> Result<(), Gone> {
        let mut text = std::mem::take(&mut self.text);
        let is_wanted = self.session.write_event(event, &mut text);
        let result = if is_wanted { self.write(WsMessage::text(text.as_str())) } else { Ok(()) };
        self.text = text;
        result
    }

    /// Sends how the playout stands, if the dialect has a word for it.
    pub(super) fn send_status(&mut self, status: QueueStatus) -> Result<(), Gone> {
        let mut text = std::mem::take(&mut self.text);
        let has_word = self.session.write_status(status, &mut text);
        let result = if has_word { self.write(WsMessage::text(text.as_str())) } else { Ok(()) };
        self.text = text;
        result
    }

    /// Sends a text frame as it is.
    pub(super) fn send_text(&mut self, text: Utf8Bytes) -> Result<(), Gone> {
        self.write(WsMessage::Text(text))
    }

    /// Sends one frame of caller audio whatever waits: the library buffers what the socket won't take.
    pub(super) fn send_late(&mut self, frame: Bytes) -> Result<(), Gone> {
        let message = match self.session.wrap_audio(frame, &mut self.memory) {
            Frame::Binary(bytes) => WsMessage::Binary(bytes),
            // Text frames are always UTF-8.
            Frame::Text(text) => match Utf8Bytes::try_from(text) {
                Ok(text) => WsMessage::Text(text),
                Err(_) => return Ok(()),
            },
        };
        self.write(message)?;
        self.frames_sent = self.frames_sent.wrapping_add(1);
        Ok(())
    }

    pub(super) fn counters(&self) -> Counters {
        Counters { frames_sent: self.frames_sent, frames_received: 0, lost_ms: self.lost_ms }
    }

    /// Says `stop` and closes.
    pub(super) async fn stop(mut self, stop: Stop) {
        if self.send(&ToBot::Stop(stop)).is_ok() {
            self.close(close_code::DONE).await;
        }
    }

    /// Answers the bot's close, or tells it by a close code why it is cut off.
    pub(super) async fn part(self, gone: Gone) {
        match gone {
            Gone::Closed => self.close(close_code::DONE).await,
            Gone::Refused { code, .. } => self.close(code).await,
            Gone::Broken(_) => {}
        }
    }

    /// Closes with `code`; ends by itself when the bot has answered or its time is up.
    pub(super) async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        // After the bot's own close this is refused, and only the answer to it is still to be sent.
        if let Err(gone) = self.write(WsMessage::Close(Some(frame))) {
            tracing::debug!(?gone, "closing a bot's WebSocket");
        }
        self.finish().await;
    }

    /// Sends what is to be sent and reads to the end.
    async fn finish(mut self) {
        self.socket.get_mut().left = usize::MAX;
        let parting = async {
            if self.socket.flush().await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        if tokio::time::timeout(CLOSE_LIMIT, parting).await.is_err() {
            tracing::debug!("a bot did not answer the close of its WebSocket");
        }
    }

    fn is_behind(&self, now: Instant) -> bool {
        let is_late = |since| now.saturating_duration_since(since) > BEHIND_AFTER;
        self.has_ponged && self.unanswered.is_some_and(is_late)
    }

    fn is_writable(&mut self, context: &mut Context<'_>) -> Result<bool, Gone> {
        match Pin::new(&mut self.socket).poll_ready(context) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Ready(Err(error)) => Err(broken(&error)),
        }
    }

    /// Writes into the socket; what it won't take now is buffered by the library up to its limit.
    fn write(&mut self, message: WsMessage) -> Result<(), Gone> {
        Pin::new(&mut self.socket).start_send(message).map_err(|error| broken(&error))
    }
}

fn broken(error: &WsError) -> Gone {
    match error {
        WsError::WriteBufferFull(_) => Gone::Broken("the bot does not read what it is sent".to_owned()),
        // The reading side tells how the bot closed; a write that comes just after says no more.
        WsError::ConnectionClosed | WsError::AlreadyClosed => Gone::Closed,
        other => Gone::Broken(other.to_string()),
    }
}

/// Going away (1001) is what a bot's framework sends when its handler returns; no status (1005) is a bare close.
fn closed(frame: Option<&CloseFrame>) -> Gone {
    match frame {
        None => Gone::Closed,
        Some(frame) => match u16::from(frame.code) {
            1000 | 1001 | 1005 => Gone::Closed,
            code => Gone::Broken(format!("the bot closed with code {code} {}", frame.reason)),
        },
    }
}
