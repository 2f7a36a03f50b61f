//! What a call does with its bot: commands in, events out, around the socket and the playout.
//!
//! The playout outlives the socket: what a bot has said is played when it has asked for the end and gone, and goes on for
//! a moment when its connection is lost, so that one that is back at once makes no gap.

use std::task::Context;
use std::time::{Duration, Instant};

use audio::playout::Tick;
use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use voicebot::dialect::{Dialect, DialectSession, Incoming, Received};
use voicebot::message::{After, ErrorInfo, ToBot};
use voicebot::{Command, Format, close_code};

use super::Notice;
use super::bot_reports::Allowance;
use super::bot_socket::{BotSocket, Gone, Message};
use super::connect::Socket;
use super::from_bot::{FromBot, Refused};
use super::keys::Keys;
use super::leg::Round;
use super::piece::{Line, Piece};
use super::silence::Silence;

/// Messages taken from one bot in one sweep; what is left waits in its socket.
const MESSAGES_PER_SWEEP: usize = 64;

/// Time a bot has to `accept`, perhaps with another format, before it is taken for ready with the one offered. A bot that
/// sends anything is ready at once, and so is one whose dialect knows no `accept`.
const ACCEPT_WINDOW: Duration = Duration::from_millis(100);

/// A bot whose connection is lost may be back within this time as if nothing had happened; then what it had queued is
/// thrown away, and the caller is told by a tone that there is nobody.
const PATIENCE: Duration = Duration::from_millis(200);

/// The API's code for a verb that can't be done as things are.
const WRONG_STATE: (u16, &str) = (4090, "WRONG_STATE");

/// The API's code for a verb this switch does not have.
const NOT_IMPLEMENTED: (u16, &str) = (4000, "INVALID_ARGUMENT");

/// Frames and losses of one stream.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counters {
    pub(super) frames_sent: u32,
    pub(super) frames_received: u32,
    pub(super) lost_ms: u32,
}

/// What the end of a connection means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The bot had asked for the end of the call: it comes when all is said.
    Foreseen,
    /// A close is this dialect's way to ask for the end when all is said.
    Hangup,
    /// The bot is gone.
    Gone,
}

/// See the module.
#[derive(Debug)]
pub(super) struct BotLink {
    /// `None` while there is no connection.
    socket: Option<BotSocket>,
    pub(super) from_bot: FromBot,
    line: Line,
    began: Instant,
    connect_ms: u32,
    /// The bot has accepted, or shown by sending something that it takes the call as offered.
    has_spoken: bool,
    is_ready_told: bool,
    /// The bot has asked for the end of the call after its last words.
    wants_end: bool,
    /// When the connection was lost; nobody is there since.
    lost: Option<Instant>,
    /// What the bot had queued when it was lost is thrown away.
    is_cut: bool,
    overflows: u32,
    /// The bot gets silence in the place of what the caller says.
    pub(super) is_deaf: bool,
    silence: Silence,
    /// `play`s of the bot's that have not been answered yet.
    pub(super) plays_asked: u32,
    has_cleared: bool,
    pub(super) told: Allowance,
    /// Of the connections before.
    past: Counters,
}

impl BotLink {
    pub(super) fn begin(
        socket: Socket,
        connect_ms: u32,
        session: DialectSession,
        line: Line,
        now: Instant,
    ) -> Result<Self, Gone> {
        let from_bot = FromBot::new(line, session.playout());
        let socket = BotSocket::begin(socket, session, now)?;
        Ok(Self {
            socket: Some(socket),
            from_bot,
            line,
            began: now,
            connect_ms,
            has_spoken: false,
            is_ready_told: false,
            wants_end: false,
            lost: None,
            is_cut: false,
            overflows: 0,
            is_deaf: false,
            silence: Silence::default(),
            plays_asked: 0,
            has_cleared: false,
            told: Allowance::new(now),
            past: Counters::default(),
        })
    }

    /// Another connection takes the place of the one that was lost.
    pub(super) fn resume(
        &mut self,
        socket: Socket,
        connect_ms: u32,
        session: DialectSession,
        now: Instant,
    ) -> Result<(), Gone> {
        // Only our own protocol can take up what another connection began.
        if session.dialect() != Dialect::Botstream && !self.is_cut {
            self.from_bot.clear();
        }
        // As this connection's start says it, whatever another one had accepted.
        self.from_bot.settle(self.line, session.playout());
        self.socket = Some(BotSocket::begin(socket, session, now)?);
        self.began = now;
        self.connect_ms = connect_ms;
        self.has_spoken = false;
        self.is_ready_told = false;
        self.lost = None;
        self.is_cut = false;
        Ok(())
    }

    /// SDP has settled the telephone's codec.
    pub(super) fn settle(&mut self, line: Line) {
        self.line = line;
        if let Some(socket) = &self.socket {
            self.from_bot.settle(line, socket.session.playout());
        }
    }

    /// The format of the caller's audio, fixed from here on, once the bot is ready for it.
    pub(super) fn start_audio(&mut self) -> Option<Format> {
        let socket = self.socket.as_mut().filter(|_| self.is_ready_told)?;
        Some(socket.session.start_audio())
    }

    /// Whether this connection can be told that audio is late.
    pub(super) fn takes_replay(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.session.dialect() == Dialect::Botstream)
    }

    pub(super) fn counters(&self) -> Counters {
        let now = self.socket.as_ref().map(BotSocket::counters).unwrap_or_default();
        Counters {
            frames_sent: self.past.frames_sent.wrapping_add(now.frames_sent),
            frames_received: self.from_bot.frames_received,
            lost_ms: self.past.lost_ms.saturating_add(now.lost_ms),
        }
    }

    pub(super) fn send(&mut self, message: &ToBot) -> Result<(), Gone> {
        match &mut self.socket {
            Some(socket) => socket.send(message),
            None => Ok(()),
        }
    }

    pub(super) fn send_audio(&mut self, frame: Bytes, now: Instant, context: &mut Context<'_>) -> Result<(), Gone> {
        let is_deaf = self.is_deaf;
        match &mut self.socket {
            Some(socket) if is_deaf => {
                let frame = self.silence.in_place_of(&frame, socket.session.format());
                socket.send_audio(frame, now, context)
            }
            Some(socket) => socket.send_audio(frame, now, context),
            None => Ok(()),
        }
    }

    /// Sends a frame of caller audio that is late, and is not to be dropped for it.
    pub(super) fn send_late(&mut self, frame: Bytes) -> Result<(), Gone> {
        let is_deaf = self.is_deaf;
        match &mut self.socket {
            Some(socket) if is_deaf => socket.send_late(self.silence.in_place_of(&frame, socket.session.format())),
            Some(socket) => socket.send_late(frame),
            None => Ok(()),
        }
    }

    /// The connection is over: gives back the socket to be closed, and says what that means.
    pub(super) fn lose(&mut self, gone: &Gone, is_answered: bool, now: Instant) -> (Option<BotSocket>, Loss) {
        self.past = self.counters();
        let socket = self.socket.take();
        let asks_by_close = socket.as_ref().is_some_and(|socket| {
            socket.session.dialect().properties().on_close == Some(After::Drained)
                && (is_answered || !self.from_bot.is_empty())
        });
        let loss = match gone {
            Gone::Closed | Gone::Broken(_) if self.wants_end => Loss::Foreseen,
            Gone::Closed if asks_by_close => {
                self.wants_end = true;
                Loss::Hangup
            }
            _ => {
                self.lost = Some(now);
                Loss::Gone
            }
        };
        (socket, loss)
    }

    /// Whether the caller has been alone for so long that he is to hear it.
    pub(super) fn is_missed(&self, now: Instant) -> bool {
        self.lost.is_some_and(|lost| now.saturating_duration_since(lost) >= PATIENCE)
    }

    /// Gives up the socket, if it is open.
    pub(super) fn into_socket(self) -> Option<BotSocket> {
        self.socket
    }

    /// Whether the bot has sent `clear` since this was last asked.
    pub(super) fn take_clear(&mut self) -> bool {
        std::mem::take(&mut self.has_cleared)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.from_bot.is_draining()
    }

    pub(super) fn drain(&mut self) {
        self.from_bot.drain();
    }

    pub(super) fn is_drained(&self) -> bool {
        self.from_bot.is_drained()
    }

    /// The next 20 ms for the caller.
    pub(super) fn tick(&mut self, out: &mut Piece, is_sent: bool) -> Tick {
        self.from_bot.tick(out, is_sent)
    }

    /// Takes what the bot has sent. `dtmf` is there when it is settled how the far end is told of keys.
    pub(super) fn sweep(
        &mut self,
        round: &mut Round<'_, '_>,
        is_answered: bool,
        dtmf: Option<&mut Keys>,
    ) -> Result<(), Gone> {
        if let Some(socket) = &mut self.socket {
            socket.pump(round.now, round.context)?;
            let is_settled = socket.session.dialect() != Dialect::Botstream;
            self.receive(round, dtmf)?;
            if is_settled || self.has_spoken || round.now.saturating_duration_since(self.began) >= ACCEPT_WINDOW {
                self.tell_ready(round.notices);
            }
        } else if self.is_missed(round.now) && !self.is_cut {
            self.is_cut = true;
            self.from_bot.clear();
        }
        if is_answered && let Err(refused) = self.from_bot.convert() {
            self.refuse(refused)?;
        }
        Ok(())
    }

    fn receive(&mut self, round: &mut Round<'_, '_>, mut dtmf: Option<&mut Keys>) -> Result<(), Gone> {
        if !round.reads_bots {
            return Ok(());
        }
        for _ in 0..MESSAGES_PER_SWEEP {
            let Some(socket) = &mut self.socket else { break };
            let received = match socket.poll(round.now, round.context)? {
                None => break,
                Some(Message::Control) => continue,
                Some(Message::Binary(frame)) => {
                    socket.session.start_audio();
                    socket.session.receive_binary(frame)
                }
                Some(Message::Text(text)) => socket.session.receive_text(&text),
            };
            self.has_spoken = true;
            match received {
                Ok(received) => self.act_on(received, round.notices, dtmf.as_deref_mut())?,
                Err(error) => self.refuse(Refused::Protocol(error))?,
            }
        }
        Ok(())
    }

    fn act_on(
        &mut self,
        received: Received,
        notices: &mut Vec<Notice>,
        mut dtmf: Option<&mut Keys>,
    ) -> Result<(), Gone> {
        for incoming in received {
            match incoming {
                Incoming::Command(command) => self.act(command, notices, dtmf.as_deref_mut())?,
                Incoming::Audio { format, bytes } => {
                    self.tell_ready(notices);
                    if let Err(refused) = self.from_bot.push(format, bytes) {
                        self.refuse(refused)?;
                    }
                }
                Incoming::Reply(frames) => {
                    for frame in frames {
                        self.reply(frame.into())?;
                    }
                }
                Incoming::Status => {
                    let status = self.from_bot.status();
                    if let Some(socket) = &mut self.socket {
                        socket.send_status(status)?;
                    }
                }
                // A bot that is ready has its call answered.
                Incoming::Answer => self.tell_ready(notices),
                Incoming::Unknown { kind } => tracing::debug!(kind, "a bot's message of a kind that its dialect lacks"),
            }
        }
        Ok(())
    }

    fn reply(&mut self, frame: Utf8Bytes) -> Result<(), Gone> {
        match &mut self.socket {
            Some(socket) => socket.send_text(frame),
            None => Ok(()),
        }
    }

    /// Once a connection, and before anything else that this bot has to say to the control side.
    fn tell_ready(&mut self, notices: &mut Vec<Notice>) {
        if let Some(socket) = &self.socket
            && !std::mem::replace(&mut self.is_ready_told, true)
        {
            notices.push(Notice::BotReady { connect_ms: self.connect_ms, format: socket.session.format() });
        }
    }

    fn act(&mut self, command: Command, notices: &mut Vec<Notice>, dtmf: Option<&mut Keys>) -> Result<(), Gone> {
        let done = match command {
            Command::Accepted { format: _, playout } => {
                self.from_bot.settle(self.line, playout);
                Ok(())
            }
            Command::Mark { id } => self.from_bot.mark(id),
            Command::EndOfUtterance => self.from_bot.end_of_utterance(),
            Command::Clear => {
                self.has_cleared = true;
                self.from_bot.clear();
                Ok(())
            }
            Command::Pause => {
                self.from_bot.pause();
                Ok(())
            }
            Command::Resume => {
                self.from_bot.resume();
                Ok(())
            }
            Command::Dtmf(send) => {
                return match dtmf.map(|sender| sender.queue(&send.digits)) {
                    Some(Ok(())) => Ok(()),
                    Some(Err(error)) => self.tell_error(WRONG_STATE, &format!("dtmf: {error}")),
                    None => self.tell_error(WRONG_STATE, "dtmf: the call's media is not settled yet"),
                };
            }
            Command::Hangup(hangup) => {
                self.tell_ready(notices);
                self.wants_end |= hangup.after == After::Drained;
                notices.push(Notice::BotHangup { is_drained: hangup.after == After::Drained, cause: hangup.cause });
                Ok(())
            }
            Command::Ping { id } => return self.send(&ToBot::Pong { id }),
            Command::Play(_) | Command::PlayStop | Command::Mute(_) | Command::Set { .. } => {
                self.plays_asked += u32::from(matches!(command, Command::Play(_)));
                notices.push(Notice::BotVerb(command));
                Ok(())
            }
            Command::Transfer(_) => return self.tell_missing("transfer"),
            Command::Record(_) => return self.tell_missing("record"),
        };
        done.or_else(|refused| self.refuse(refused))
    }

    fn tell_missing(&mut self, verb: &str) -> Result<(), Gone> {
        self.tell_error(NOT_IMPLEMENTED, &format!("{verb}: not one of the features named in start"))
    }

    fn tell_error(&mut self, (code, name): (u16, &str), sentence: &str) -> Result<(), Gone> {
        self.send(&ToBot::Error(ErrorInfo { code, name: name.to_owned(), message: sentence.to_owned(), fatal: false }))
    }

    fn refuse(&mut self, refused: Refused) -> Result<(), Gone> {
        match refused {
            Refused::Protocol(error) => {
                self.send(&error.to_message())?;
                if error.fatal() {
                    return Err(Gone::Refused { code: error.code(), reason: error.to_string() });
                }
                Ok(())
            }
            Refused::Overflow(sentence) => {
                self.tell_error((close_code::OVERFLOW, "OVERFLOW"), &sentence)?;
                self.overflows += 1;
                if self.overflows > voicebot::limits::REFUSED_MAX {
                    let reason = format!("the bot has gone on sending against {} refusals", self.overflows);
                    return Err(Gone::Refused { code: close_code::OVERFLOW, reason });
                }
                Ok(())
            }
        }
    }
}

/// Counters on the bus are 32 bits wide.
pub(super) fn small(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
