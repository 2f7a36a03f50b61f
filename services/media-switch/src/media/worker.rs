//! One media thread: an event loop that drives its calls by a 5 ms tick.
//!
//! All calls are swept each tick; each sends its packet in one of four ticks, so that the sends are spread over
//! the 20 ms frame. Sockets are polled without a waker: between ticks the runtime's driver notes which are ready,
//! and one that is not costs no system call.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use botstream_api::{DtmfSendReply, MediaStats};
use tokio::net::UdpSocket;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::{AbortHandle, LocalSet};
use tokio::time::{MissedTickBehavior, interval};
use voicebot::message::Stop;

use super::bot_link::Loss;
use super::bot_socket::Gone;
use super::connect::{self, BotTarget, BotTls, Socket};
use super::control::Control;
use super::leg::{Leg, Round};
use super::{Command, MediaId, Notice, priority};

const SWEEP: Duration = Duration::from_millis(5);

/// Sweeps between two packets of a call.
const SLOTS: u64 = 4;

/// A loop that is behind sends what it has missed in a burst, up to this long: more than a caller's jitter buffer could
/// use. What is older is made up for in timestamps; its audio waits in the playout and is not lost.
const CATCH_UP_MAX: Duration = Duration::from_millis(500);

/// Notices that wait for the control side; past it the bots are not read any further.
const PENDING_MAX: usize = 4_096;

/// Sweeps between two warnings of the same: a second.
const SWEEPS_PER_WARNING: u64 = 200;

/// Attempts to open a WebSocket whose outcome has not been taken yet.
const OPENED_MAX: usize = 1_024;

/// What a worker is started with.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) index: usize,
    /// Scheduling priority that is asked for.
    pub(super) nice: i32,
    pub(super) silence_max: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) bot_tls: BotTls,
    pub(super) notices: mpsc::Sender<(MediaId, Notice)>,
}

/// The outcome of an attempt to open a bot's WebSocket.
type Opened = (u64, Box<BotTarget>, Result<(Socket, u32), String>);

struct Entry {
    leg: Leg,
    slot: u64,
    /// The attempt to open the bot's WebSocket ends with the call.
    connecting: Option<AbortHandle>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(connecting) = &self.connecting {
            connecting.abort();
        }
    }
}

struct Worker<'a> {
    setup: &'a Setup,
    legs: HashMap<u64, Entry>,
    /// Notices that the control side had no room for yet.
    pending: Vec<(MediaId, Notice)>,
    opened: mpsc::Sender<Opened>,
    began: Instant,
    sweeps: u64,
    next_slot: u64,
}

impl Setup {
    /// The thread's whole life: until the control side is gone. A fault in the loop itself costs the calls of this thread, and
    /// the loop begins anew.
    pub(super) fn run(self, runtime: &Runtime, mut commands: mpsc::Receiver<(u64, Command)>) {
        priority::raise(self.nice);
        let mut pending = Vec::new();
        loop {
            // One sweep does the I/O of every call: tokio's fairness budget for one task would cut it short.
            let looping = tokio::task::coop::unconstrained(self.drive(&mut commands, pending));
            let outcome = catch_unwind(AssertUnwindSafe(|| LocalSet::new().block_on(runtime, looping)));
            if outcome.is_ok() {
                return;
            }
            pending = vec![(MediaId { worker: self.index, number: 0 }, Notice::WorkerFailed)];
        }
    }

    async fn drive(&self, commands: &mut mpsc::Receiver<(u64, Command)>, pending: Vec<(MediaId, Notice)>) {
        let (opened, mut opened_out) = mpsc::channel(OPENED_MAX);
        let mut worker = Worker {
            setup: self,
            legs: HashMap::new(),
            pending,
            opened,
            began: Instant::now(),
            sweeps: 0,
            next_slot: 0,
        };
        let mut ticks = interval(SWEEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            if worker.legs.is_empty() && worker.pending.is_empty() {
                // An idle worker sleeps.
                tokio::select! {
                    command = commands.recv() => match command {
                        Some((number, command)) => worker.obey(number, command),
                        None => return,
                    },
                    Some((number, target, outcome)) = opened_out.recv() => worker.take_opened(number, &target, outcome),
                }
                ticks.reset_immediately();
            }
            let due = ticks.tick().await;
            let behind = due.elapsed();
            if behind > CATCH_UP_MAX {
                worker.skip(behind);
                ticks.reset_immediately();
            }
            loop {
                match commands.try_recv() {
                    Ok((number, command)) => worker.obey(number, command),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                }
            }
            while let Ok((number, target, outcome)) = opened_out.try_recv() {
                worker.take_opened(number, &target, outcome);
            }
            worker.sweep();
            worker.tell();
            // Behind its time the loop would never wait, and the driver never learn what is ready.
            tokio::task::yield_now().await;
        }
    }
}

impl Worker<'_> {
    /// Time has passed in which nothing was sent.
    fn skip(&mut self, behind: Duration) {
        let packets = behind.as_millis() / (SWEEP.as_millis() * u128::from(SLOTS));
        let packets = u32::try_from(packets).unwrap_or(u32::MAX);
        tracing::warn!(worker = self.setup.index, behind_ms = behind.as_millis(), "the media loop was held up");
        for entry in self.legs.values_mut() {
            entry.leg.skip(packets);
        }
    }

    fn obey(&mut self, number: u64, command: Command) {
        let now = Instant::now();
        let outcome = match command {
            Command::Open { socket, rtcp } => {
                self.open(number, socket, rtcp, now);
                return;
            }
            Command::Close { stop_reason, class } => {
                self.close(number, stop_reason, class);
                return;
            }
            Command::Connect(target) => {
                self.connect(number, target);
                return;
            }
            Command::Negotiate(negotiated) => self.with(number, |leg| leg.negotiate(*negotiated, now)),
            Command::Key(press) => self.with_notices(number, |leg, notices| leg.tell_press(press, notices)),
            Command::StartAudio => self.with(number, |leg| leg.start_audio(now)),
            Command::Drain => self.with(number, |leg| {
                leg.drain();
                Ok(())
            }),
            Command::Play(order) => self.with_notices(number, |leg, notices| leg.play(*order, notices)),
            Command::HoldMusic(clip) => self.with(number, |leg| {
                leg.set_hold_music(clip);
                Ok(())
            }),
            Command::StopPlay { play_id } => self.with_notices(number, |leg, notices| leg.stop_play(&play_id, notices)),
            Command::Mute { inbound, outbound } => self.with(number, |leg| {
                leg.mute(inbound, outbound);
                Ok(())
            }),
            Command::Bridge(end) => self.with(number, |leg| leg.bridge(*end)),
            Command::Unbridge => self.with(number, Leg::unbridge),
            Command::RelayKey(digit) => self.with(number, |leg| {
                leg.relay_key(digit);
                Ok(())
            }),
            Command::SendDtmf { call_id, digits, answer } => self.with(number, |leg| {
                let reply = leg.send_dtmf(&digits).map(|()| DtmfSendReply { call_id });
                // Whoever asked may have given up.
                let _is_heard = answer.send(reply);
                Ok(())
            }),
            Command::AnswerBot { is_play, refused } => self.with(number, |leg| leg.answer_bot(is_play, refused)),
            #[cfg(test)]
            Command::Panic => panic!("a fault in the loop, by order of a test"),
        };
        if let Err(gone) = outcome {
            self.lose_bot(number, gone);
        }
    }

    fn with(&mut self, number: u64, act: impl FnOnce(&mut Leg) -> Result<(), Gone>) -> Result<(), Gone> {
        match self.legs.get_mut(&number) {
            Some(entry) => act(&mut entry.leg),
            // It broke down, and the order crossed the notice of it.
            None => Ok(()),
        }
    }

    fn with_notices(
        &mut self,
        number: u64,
        act: impl FnOnce(&mut Leg, &mut Vec<Notice>) -> Result<(), Gone>,
    ) -> Result<(), Gone> {
        let mut notices = Vec::new();
        let outcome = self.with(number, |leg| act(leg, &mut notices));
        for notice in notices {
            self.notify(number, notice);
        }
        outcome
    }

    fn open(&mut self, number: u64, socket: std::net::UdpSocket, rtcp: std::net::UdpSocket, now: Instant) {
        let sockets = UdpSocket::from_std(socket).and_then(|rtp| Ok((rtp, UdpSocket::from_std(rtcp)?)));
        let (rtp, rtcp) = match sockets {
            Ok(sockets) => sockets,
            Err(error) => {
                self.notify(number, Notice::Failed { reason: format!("RTP socket: {error}") });
                return;
            }
        };
        // RFC 3550 §5.1: all three start at random. The sequence number below 2^15, so that no loss of the first packets leaves SRTP's
        // roll-over counter in doubt (RFC 3711 §3.3.1).
        let sender = rtp::Sender::new(rand::random(), rand::random::<u16>() >> 1, rand::random());
        let control = Control::new(Some(rtcp), self.clock_us(now), sender.ssrc(), rand::random());
        self.next_slot = (self.next_slot + 1) % SLOTS;
        let leg = Leg::new(rtp, control, sender, now);
        self.legs.insert(number, Entry { leg, slot: self.next_slot, connecting: None });
    }

    /// This worker's clock.
    fn clock_us(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_micros() as u64
    }

    fn connect(&mut self, number: u64, target: Box<BotTarget>) {
        let (opened, tls, limit) = (self.opened.clone(), self.setup.bot_tls.clone(), self.setup.connect_timeout);
        let attempt = tokio::task::spawn_local(async move {
            let outcome = connect::connect(&target, &tls, limit).await;
            // The loop is gone with the process.
            let _is_taken = opened.send((number, target, outcome)).await;
        });
        if let Some(entry) = self.legs.get_mut(&number) {
            entry.connecting = Some(attempt.abort_handle());
        }
    }

    fn take_opened(&mut self, number: u64, target: &BotTarget, outcome: Result<(Socket, u32), String>) {
        let (socket, connect_ms) = match outcome {
            Ok(opened) => opened,
            Err(reason) => {
                self.notify(number, Notice::BotFailed { reason, is_refused: false });
                return;
            }
        };
        let Some(entry) = self.legs.get(&number) else {
            // The call ended meanwhile. The bot has been told nothing of it, and is let go in order.
            tokio::task::spawn_local(connect::let_go(socket));
            return;
        };
        let session = target.session(entry.leg.is_answered());
        if let Err(gone) = self.with(number, |leg| leg.connect(socket, connect_ms, session, Instant::now())) {
            self.lose_bot(number, gone);
        }
    }

    fn close(&mut self, number: u64, stop_reason: &'static str, class: &'static str) {
        let Some(mut entry) = self.legs.remove(&number) else {
            // It broke down before.
            self.notify(number, Notice::Closed(MediaStats::default()));
            return;
        };
        if let Some(end) = entry.leg.abandon_play() {
            self.notify(number, Notice::PlayFinished(end));
        }
        entry.leg.say_goodbye();
        self.notify(number, Notice::Closed(entry.leg.stats()));
        if let Some(bot) = entry.leg.take_bot() {
            let stop = Stop { reason: stop_reason.to_owned(), cause: Some(class.to_owned()) };
            tokio::task::spawn_local(bot.stop(stop));
        }
    }

    fn sweep(&mut self) {
        let now = Instant::now();
        let now_us = self.clock_us(now);
        self.sweeps += 1;
        let slot = self.sweeps % SLOTS;
        let reads_bots = self.pending.len() <= PENDING_MAX;
        if !reads_bots && self.sweeps.is_multiple_of(SWEEPS_PER_WARNING) {
            // Audio goes on; what the bots say waits in their sockets.
            tracing::warn!(worker = self.setup.index, "the control side does not keep up");
        }
        let mut context = Context::from_waker(Waker::noop());
        let mut notices = Vec::new();
        let mut lost = Vec::new();
        for (&number, entry) in &mut self.legs {
            let mut round = Round {
                now,
                now_us,
                context: &mut context,
                notices: &mut notices,
                reads_bots,
                silence_max: self.setup.silence_max,
            };
            // A fault in one call's media ends that call, not all of this thread's.
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                entry.leg.sweep(&mut round)?;
                if entry.slot == slot { entry.leg.tick(&mut round) } else { Ok(()) }
            }));
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(gone)) => lost.push((number, Ok(gone))),
                Err(_panic) => lost.push((number, Err(()))),
            }
            let id = MediaId { worker: self.setup.index, number };
            self.pending.extend(notices.drain(..).map(|notice| (id, notice)));
        }
        for (number, how) in lost {
            match how {
                Ok(gone) => self.lose_bot(number, gone),
                Err(()) => {
                    self.legs.remove(&number);
                    self.notify(number, Notice::Failed { reason: "a panic, logged above".to_owned() });
                }
            }
        }
    }

    /// The bot is gone; the control side decides what becomes of the call.
    fn lose_bot(&mut self, number: u64, gone: Gone) {
        let Some(entry) = self.legs.get_mut(&number) else { return };
        let (socket, loss) = entry.leg.lose_bot(&gone, Instant::now());
        match (loss, &gone) {
            (Loss::Foreseen, _) => {}
            (Loss::Hangup, _) => self.notify(number, Notice::BotHangup { is_drained: true, cause: None }),
            (Loss::Gone, Gone::Closed) => self.notify(number, Notice::BotClosed),
            (Loss::Gone, Gone::Broken(reason)) => {
                self.notify(number, Notice::BotFailed { reason: reason.clone(), is_refused: false });
            }
            (Loss::Gone, Gone::Refused { reason, .. }) => {
                self.notify(number, Notice::BotFailed { reason: reason.clone(), is_refused: true });
            }
        }
        if let Some(socket) = socket {
            tokio::task::spawn_local(socket.part(gone));
        }
    }

    fn notify(&mut self, number: u64, notice: Notice) {
        self.pending.push((MediaId { worker: self.setup.index, number }, notice));
    }

    /// Hands over what the control side has room for, in order.
    fn tell(&mut self) {
        let mut waiting = std::mem::take(&mut self.pending).into_iter();
        for told in waiting.by_ref() {
            match self.setup.notices.try_send(told) {
                Ok(()) => {}
                Err(TrySendError::Full(told)) => {
                    self.pending.push(told);
                    break;
                }
                // The process is ending.
                Err(TrySendError::Closed(_)) => return,
            }
        }
        self.pending.extend(waiting);
    }
}
