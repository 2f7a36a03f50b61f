//! What a call does with its bot: commands in, events out, around the socket and the playout.

use std::task::Context;
use std::time::{Duration, Instant};

use audio::g711::Law;
use audio::playout::{self, PlayoutEvent, Tick};
use botstream_api::{StreamCleared, StreamFlow, StreamMark, stream_flow, stream_mark};
use bytes::Bytes;
use rtp::dtmf;
use voicebot::message::{
    After, Cleared, ErrorInfo, Flow, FlowState, MarkReport, MarkState, Playback, PlaybackState, Stop, ToBot,
};
use voicebot::{Command, Format, SwitchSession, close_code};

use super::Notice;
use super::bot_socket::{BotSocket, Gone, Incoming};
use super::connect::Socket;
use super::from_bot::{FromBot, Refused};
use super::leg::Round;

/// Messages taken from one bot in one sweep; what is left waits in its socket.
const MESSAGES_PER_SWEEP: usize = 64;

/// Time a bot has to `accept`, perhaps with another format, before it is taken for ready with the one offered. A bot that
/// sends anything is ready at once.
const ACCEPT_WINDOW: Duration = Duration::from_millis(100);

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

/// See the module.
#[derive(Debug)]
pub(super) struct BotLink {
    socket: BotSocket,
    from_bot: FromBot,
    law: Law,
    began: Instant,
    connect_ms: u32,
    /// The bot has accepted, or shown by sending something that it takes the call as offered.
    has_spoken: bool,
    is_ready_told: bool,
    /// The bot has asked for the end of the call after its last words.
    wants_end: bool,
    /// Its socket is closed; what it has said is played to the end.
    is_gone: bool,
    overflows: u32,
    told: Allowance,
}

/// How much one bot's marks and clears may tell the cluster, so that they don't crowd out other calls' events. The bot
/// itself is told everything.
#[derive(Debug)]
struct Allowance {
    left: f64,
    refilled: Instant,
}

impl Allowance {
    const PER_SECOND: f64 = 50.0;
    const BURST: f64 = 200.0;

    fn take(&mut self, now: Instant) -> bool {
        let earned = now.saturating_duration_since(self.refilled).as_secs_f64() * Self::PER_SECOND;
        self.left = (self.left + earned).min(Self::BURST);
        self.refilled = now;
        let is_granted = self.left >= 1.0;
        if is_granted {
            self.left -= 1.0;
        }
        is_granted
    }
}

impl BotLink {
    pub(super) fn begin(
        socket: Socket,
        connect_ms: u32,
        session: SwitchSession,
        law: Law,
        now: Instant,
    ) -> Result<Self, Gone> {
        let from_bot = FromBot::new(law, session.format(), session.playout());
        let socket = BotSocket::begin(socket, session, now)?;
        Ok(Self {
            socket,
            from_bot,
            law,
            began: now,
            connect_ms,
            has_spoken: false,
            is_ready_told: false,
            wants_end: false,
            is_gone: false,
            overflows: 0,
            told: Allowance { left: Allowance::BURST, refilled: now },
        })
    }

    /// SDP has settled the telephone's codec.
    pub(super) fn settle(&mut self, law: Law) {
        self.law = law;
        self.from_bot.settle(law, self.socket.session.format(), self.socket.session.playout());
    }

    /// The format of the caller's audio, fixed from here on.
    pub(super) fn start_audio(&mut self) -> Format {
        self.socket.session.start_audio()
    }

    pub(super) fn counters(&self) -> Counters {
        Counters {
            frames_sent: self.socket.frames_sent,
            frames_received: self.from_bot.frames_received,
            lost_ms: self.socket.lost_ms,
        }
    }

    pub(super) fn send(&mut self, message: &ToBot) -> Result<(), Gone> {
        if self.is_gone { Ok(()) } else { self.socket.send(message) }
    }

    pub(super) fn send_audio(&mut self, frame: Bytes, now: Instant, context: &mut Context<'_>) -> Result<(), Gone> {
        if self.is_gone { Ok(()) } else { self.socket.send_audio(frame, now, context) }
    }

    /// Whether the call goes on without the socket: the bot closed it after asking for the end when all is said.
    pub(super) fn outlives(&mut self, gone: &Gone) -> bool {
        self.is_gone = *gone == Gone::Closed && self.wants_end;
        self.is_gone
    }

    pub(super) fn is_gone(&self) -> bool {
        self.is_gone
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
    pub(super) fn tick(&mut self, out: &mut [u8], is_sent: bool) -> Tick {
        self.from_bot.tick(out, is_sent)
    }

    /// Says `stop`, closes the socket, and is gone.
    pub(super) async fn close(self, stop: Stop) {
        self.socket.stop(ToBot::Stop(stop)).await;
    }

    /// Answers the bot's close, or tells it by a close code why it is cut off.
    pub(super) async fn part(self, gone: Gone) {
        match gone {
            Gone::Closed => self.socket.close(close_code::DONE).await,
            Gone::Refused { code, .. } => self.socket.close(code).await,
            Gone::Broken(_) => {}
        }
    }

    /// Takes what the bot has sent. `dtmf` is there when the far end takes telephone events.
    pub(super) fn sweep(
        &mut self,
        round: &mut Round<'_, '_>,
        is_answered: bool,
        dtmf: Option<&mut dtmf::Sender>,
    ) -> Result<(), Gone> {
        if !self.is_gone {
            self.socket.pump(round.now, round.context)?;
            self.receive(round, dtmf)?;
        }
        if self.has_spoken || round.now.saturating_duration_since(self.began) >= ACCEPT_WINDOW {
            self.tell_ready(round.notices);
        }
        if is_answered && let Err(refused) = self.from_bot.convert(&mut self.socket.session) {
            self.refuse(refused)?;
        }
        Ok(())
    }

    fn receive(&mut self, round: &mut Round<'_, '_>, mut dtmf: Option<&mut dtmf::Sender>) -> Result<(), Gone> {
        if !round.reads_bots {
            return Ok(());
        }
        for _ in 0..MESSAGES_PER_SWEEP {
            match self.socket.poll(round.now, round.context)? {
                None => break,
                Some(Incoming::Control) => {}
                Some(Incoming::Binary(frame)) => {
                    self.has_spoken = true;
                    self.socket.session.start_audio();
                    self.tell_ready(round.notices);
                    if let Err(refused) = self.from_bot.push(frame) {
                        self.refuse(refused)?;
                    }
                }
                Some(Incoming::Text(text)) => {
                    self.has_spoken = true;
                    match self.socket.session.receive_text(&text) {
                        Ok(command) => self.act(command, round.notices, dtmf.as_deref_mut())?,
                        Err(error) => self.refuse(Refused::Protocol(error))?,
                    }
                }
            }
        }
        Ok(())
    }

    /// Once, and before anything else that this bot has to say to the control side.
    fn tell_ready(&mut self, notices: &mut Vec<Notice>) {
        if !std::mem::replace(&mut self.is_ready_told, true) {
            let format = self.socket.session.format();
            notices.push(Notice::BotReady { connect_ms: self.connect_ms, format });
        }
    }

    /// Tells the bot, and of some of it the cluster, what the ring has done.
    pub(super) fn report_playout(&mut self, now: Instant, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        while let Some(event) = self.from_bot.poll_event() {
            match event {
                PlayoutEvent::Mark(mark) => self.report_mark(mark, now, notices)?,
                PlayoutEvent::Cleared(cleared) => self.report_cleared(&cleared, now, notices)?,
                PlayoutEvent::Playback(playback) => {
                    let state = match playback.state {
                        playout::PlaybackState::Started => PlaybackState::Started,
                        playout::PlaybackState::Underrun => PlaybackState::Underrun,
                        playout::PlaybackState::Drained => PlaybackState::Drained,
                        playout::PlaybackState::Progress => PlaybackState::Progress,
                    };
                    self.send(&ToBot::Playback(Playback {
                        state,
                        generation: playback.generation,
                        pos_ms: playback.pos_ms,
                        queued_ms: playback.queued_ms,
                    }))?;
                }
                PlayoutEvent::Flow { state, queued_ms } => {
                    let (state, told) = match state {
                        playout::FlowState::Xoff => (FlowState::Xoff, stream_flow::State::Xoff),
                        playout::FlowState::Xon => (FlowState::Xon, stream_flow::State::Xon),
                    };
                    self.send(&ToBot::Flow(Flow { state, queued_ms }))?;
                    notices.push(Notice::Flow(StreamFlow {
                        stream_id: String::new(),
                        state: told.into(),
                        queued_ms: small(queued_ms),
                    }));
                }
            }
        }
        Ok(())
    }

    fn report_mark(&mut self, mark: playout::Mark, now: Instant, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        let (state, told) = match mark.state {
            playout::MarkState::Played => (MarkState::Played, stream_mark::State::Played),
            playout::MarkState::Cleared => (MarkState::Cleared, stream_mark::State::Cleared),
            playout::MarkState::Dropped => (MarkState::Dropped, stream_mark::State::Dropped),
        };
        if self.told.take(now) {
            notices.push(Notice::Mark(StreamMark {
                stream_id: String::new(),
                id: mark.id.to_string(),
                state: told.into(),
                r#gen: mark.generation,
                pos_ms: small(mark.pos_ms),
            }));
        }
        self.send(&ToBot::Mark(MarkReport {
            id: mark.id.into(),
            state,
            generation: mark.generation,
            pos_ms: mark.pos_ms,
        }))
    }

    fn report_cleared(
        &mut self,
        cleared: &playout::Cleared,
        now: Instant,
        notices: &mut Vec<Notice>,
    ) -> Result<(), Gone> {
        let generation = cleared.generation;
        let marks: Vec<String> = cleared.marks.iter().map(ToString::to_string).collect();
        if self.told.take(now) {
            notices.push(Notice::Cleared(StreamCleared {
                stream_id: String::new(),
                r#gen: generation,
                played_ms: small(cleared.played_ms),
                discarded_ms: small(cleared.discarded_ms),
                marks: marks.clone(),
            }));
        }
        self.send(&ToBot::Cleared(Cleared {
            generation,
            played_ms: cleared.played_ms,
            played_samples: cleared.played_samples,
            discarded_ms: cleared.discarded_ms,
            marks,
        }))
    }

    fn act(
        &mut self,
        command: Command,
        notices: &mut Vec<Notice>,
        dtmf: Option<&mut dtmf::Sender>,
    ) -> Result<(), Gone> {
        let done = match command {
            Command::Accepted { format, playout } => {
                self.from_bot.settle(self.law, format, playout);
                Ok(())
            }
            Command::Mark { id } => self.from_bot.mark(id),
            Command::EndOfUtterance => self.from_bot.end_of_utterance(),
            Command::Clear => {
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
                    None => self.tell_error(WRONG_STATE, "dtmf: the far end takes no telephone events (RFC 4733)"),
                };
            }
            Command::Hangup(hangup) => {
                self.tell_ready(notices);
                self.wants_end |= hangup.after == After::Drained;
                notices.push(Notice::BotHangup { is_drained: hangup.after == After::Drained, cause: hangup.cause });
                Ok(())
            }
            Command::Ping { id } => return self.socket.send(&ToBot::Pong { id }),
            Command::Play(_) => return self.tell_missing("play"),
            Command::Transfer(_) => return self.tell_missing("transfer"),
            Command::Record(_) => return self.tell_missing("record"),
            Command::Mute(_) => return self.tell_missing("mute"),
            Command::Set { .. } => return self.tell_missing("set"),
        };
        done.or_else(|refused| self.refuse(refused))
    }

    fn tell_missing(&mut self, verb: &str) -> Result<(), Gone> {
        self.tell_error(NOT_IMPLEMENTED, &format!("{verb}: not one of the features named in start"))
    }

    fn tell_error(&mut self, (code, name): (u16, &str), sentence: &str) -> Result<(), Gone> {
        self.socket.send(&ToBot::Error(ErrorInfo {
            code,
            name: name.to_owned(),
            message: sentence.to_owned(),
            fatal: false,
        }))
    }

    fn refuse(&mut self, refused: Refused) -> Result<(), Gone> {
        match refused {
            Refused::Protocol(error) => {
                self.socket.send(&error.to_message())?;
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
fn small(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
