//! One call's media: the RTP socket toward the telephone, the WebSocket toward the bot, and what is between.
//!
//! Driven by its worker: [`Leg::sweep`] every 5 ms takes what has arrived on both sides, [`Leg::tick`] every
//! 20 ms sends one packet. Nothing here waits, and nothing allocates per packet once the buffers have grown.

use std::net::SocketAddr;
use std::task::Context;
use std::time::{Duration, Instant};

use audio::g711::Law;
use botstream_api::{DtmfDigit, MediaStats, dtmf_digit};
use ipnet::IpNet;
use rtp::{HEADER_LEN, Header, dtmf};
use tokio::net::UdpSocket;
use voicebot::dialect::DialectSession;
use voicebot::message::{
    CallState, CallUpdate, DtmfReceived, DtmfSource, LEG_CALLER, Replay, ReplayState, ToBot as BotMessage,
};

use super::Notice;
use super::bot_link::{BotLink, Loss};
use super::bot_socket::{BotSocket, Gone};
use super::connect::Socket;
use super::hold_tone::HoldTone;
use super::play::Player;
use super::remote::Remote;
use super::to_bot::{Coding, RATE_HZ, ToBot};
use super::verbs::Muted;

/// Length of a packet toward the telephone, and time between two.
const PTIME_SAMPLES: u32 = 160;
const PACKET_BYTES: usize = HEADER_LEN + PTIME_SAMPLES as usize;

/// Packets taken from one socket in one sweep: far more than a call needs, yet a flood on one port can't starve the
/// other calls.
const PACKETS_PER_SWEEP: usize = 64;

/// Larger than any packet we take, so that longer ones show as too long instead of being cut.
const PACKET_BYTES_MAX: usize = 2_048;

/// DTMF toward the telephone: more than ITU-T Q.24 asks receivers to recognise.
const DTMF_TONE_MS: u32 = 100;
const DTMF_PAUSE_MS: u32 = 60;

/// What SDP has settled.
#[derive(Debug, Clone)]
pub(crate) struct Negotiated {
    pub(crate) law: Law,
    /// Payload types toward the far end.
    pub(crate) payload_type: u8,
    pub(crate) dtmf_payload_type: Option<u8>,
    /// What the far end sends, by payload type: the numbers are ours, and it may change between laws (RFC 3264 §6.1).
    pub(crate) receive: Vec<(u8, Law)>,
    pub(crate) dtmf_receive_payload_type: Option<u8>,
    pub(crate) remote: SocketAddr,
    /// Whether the far end wants to hear anything (RFC 3264 §6.1).
    pub(crate) is_sending: bool,
    /// Whether it is to send anything: one on hold may be silent for as long as it likes.
    pub(crate) is_receiving: bool,
    /// Networks RTP may come from besides the signalled address.
    pub(crate) networks: Vec<IpNet>,
}

/// What is there once SDP is settled.
#[derive(Debug)]
struct Path {
    remote: Remote,
    to_bot: ToBot,
    is_sending: bool,
    is_receiving: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Leg {
    rtp: UdpSocket,
    path: Option<Path>,
    sender: rtp::Sender,
    pub(super) dtmf: dtmf::Sender,
    pub(super) bot: Option<BotLink>,
    /// What is played to the caller beside the bot.
    pub(super) player: Option<Player>,
    pub(super) muted: Muted,
    /// What the caller hears while there is no bot.
    hold_tone: Option<HoldTone>,
    /// Set when the call is answered.
    audio_since: Option<Instant>,
    heard_rtp: Instant,
    is_silence_told: bool,
    is_drained_told: bool,
    rtp_sent: u32,
    strangers: u32,
}

/// Everything a leg needs from its worker while it is being driven.
pub(super) struct Round<'a, 'b> {
    pub(super) now: Instant,
    /// The same, in microseconds of the worker's clock.
    pub(super) now_us: u64,
    pub(super) context: &'a mut Context<'b>,
    pub(super) notices: &'a mut Vec<Notice>,
    /// Whether there is room for what bots may have to say.
    pub(super) reads_bots: bool,
    /// Zero: never told as silent.
    pub(super) silence_max: Duration,
}

impl Leg {
    pub(super) fn new(rtp: UdpSocket, sender: rtp::Sender, now: Instant) -> Self {
        Self {
            rtp,
            path: None,
            sender,
            dtmf: dtmf::Sender::new(RATE_HZ, DTMF_TONE_MS, DTMF_PAUSE_MS),
            bot: None,
            player: None,
            muted: Muted::default(),
            hold_tone: None,
            audio_since: None,
            heard_rtp: now,
            is_silence_told: false,
            is_drained_told: false,
            rtp_sent: 0,
            strangers: 0,
        }
    }

    /// Takes what SDP has settled, the first time or anew. The bot is told when the far end holds the call, and when it is
    /// back.
    pub(super) fn negotiate(&mut self, negotiated: Negotiated, now: Instant) -> Result<(), Gone> {
        let coding = Coding {
            law: negotiated.law,
            payload_type: negotiated.payload_type,
            dtmf_payload_type: negotiated.dtmf_payload_type,
            receive: negotiated.receive,
            dtmf_receive_payload_type: negotiated.dtmf_receive_payload_type,
        };
        let mut remote = Remote::new(negotiated.remote, negotiated.networks);
        if let Some(path) = &self.path {
            remote.follow(&path.remote);
        }
        // Whatever was before, time to be heard from starts here.
        self.heard_rtp = now;
        let was_held = self.path.as_ref().map(|path| !path.is_sending);
        let is_held = !negotiated.is_sending;
        let to_bot = match self.path.take() {
            // A re-INVITE that keeps the codec keeps what has been received.
            Some(path) if *path.to_bot.coding() == coding => path.to_bot,
            _ => ToBot::new(coding.clone()),
        };
        self.path =
            Some(Path { remote, to_bot, is_sending: negotiated.is_sending, is_receiving: negotiated.is_receiving });
        if let Some(bot) = &mut self.bot {
            bot.settle(coding.law);
            if self.audio_since.is_some() && was_held.is_some_and(|was_held| was_held != is_held) {
                bot.send(&if is_held { held() } else { answered() })?;
            }
        }
        Ok(())
    }

    /// The bot's WebSocket is open, the first or another one: `start` goes out. [`Notice::BotReady`] follows when the format
    /// is settled.
    pub(super) fn connect(
        &mut self,
        socket: Socket,
        connect_ms: u32,
        session: DialectSession,
        now: Instant,
    ) -> Result<(), Gone> {
        let is_answered = self.is_answered();
        if let Some(bot) = &mut self.bot {
            bot.resume(socket, connect_ms, session, now)?;
            return if is_answered { bot.send(&answered()) } else { Ok(()) };
        }
        let law = self.path.as_ref().map_or(Law::Mu, |path| path.to_bot.coding().law);
        let mut bot = BotLink::begin(socket, connect_ms, session, law, now)?;
        bot.is_deaf = self.muted.inbound;
        self.bot = Some(bot);
        Ok(())
    }

    pub(super) fn is_answered(&self) -> bool {
        self.audio_since.is_some()
    }

    /// The call is answered: audio flows both ways.
    pub(super) fn start_audio(&mut self, now: Instant) -> Result<(), Gone> {
        if self.audio_since.is_none() {
            self.audio_since = Some(now);
            self.heard_rtp = now;
            if let Some(bot) = &mut self.bot {
                bot.send(&answered())?;
            }
        }
        Ok(())
    }

    /// Takes no more audio from the bot; [`Notice::Drained`] follows when what is queued has been played.
    pub(super) fn drain(&mut self) {
        if let Some(bot) = &mut self.bot {
            bot.drain();
        }
        // A loop would never end.
        if let Some(player) = &mut self.player {
            player.finish_round();
        }
    }

    /// The bot's connection has ended: the socket is given back to be closed.
    pub(super) fn lose_bot(&mut self, gone: &Gone, now: Instant) -> (Option<BotSocket>, Loss) {
        let is_answered = self.is_answered();
        let Some(bot) = &mut self.bot else { return (None, Loss::Foreseen) };
        if let Some(path) = &mut self.path {
            path.to_bot.close();
        }
        bot.lose(gone, is_answered, now)
    }

    /// Gives up the bot's socket, if it is open, to be closed on its own time.
    pub(super) fn take_bot(&mut self) -> Option<BotSocket> {
        self.bot.take().and_then(BotLink::into_socket)
    }

    /// Counters since the beginning.
    pub(super) fn stats(&self) -> MediaStats {
        let rtp = self.path.as_ref().map(|path| path.to_bot.stats()).unwrap_or_default();
        let bot = self.bot.as_ref().map(BotLink::counters).unwrap_or_default();
        let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        MediaStats {
            rtp_received: count(rtp.received),
            rtp_sent: self.rtp_sent,
            rtp_lost: count(rtp.lost),
            rtp_late: count(rtp.late),
            rtp_duplicate: count(rtp.duplicate),
            rtp_reordered: count(rtp.reordered),
            // Casts of floats saturate.
            jitter_us: (rtp.jitter_ms(RATE_HZ) * 1_000.0) as u32,
            bot_frames_sent: bot.frames_sent,
            bot_frames_received: bot.frames_received,
            bot_lost_ms: bot.lost_ms,
        }
    }

    /// Whether the far end takes telephone events.
    pub(super) fn takes_events(&self) -> bool {
        self.path.as_ref().is_some_and(|path| path.to_bot.coding().dtmf_payload_type.is_some())
    }

    /// Takes what has arrived on both sides.
    pub(super) fn sweep(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        let is_dtmf_possible = self.takes_events();
        if let Some(bot) = &mut self.bot {
            let is_playing = self.audio_since.is_some() && self.path.is_some();
            bot.sweep(round, is_playing, is_dtmf_possible.then_some(&mut self.dtmf))?;
        }
        if self.bot.as_mut().is_some_and(BotLink::take_clear) {
            self.interrupt(round.notices)?;
        }
        self.receive_rtp(round)
    }

    /// So many packets were not sent in their time: the timestamps go on without them.
    pub(super) fn skip(&mut self, packets: u32) {
        if self.audio_since.is_some() {
            self.sender.skip(packets.saturating_mul(PTIME_SAMPLES));
        }
    }

    /// Sends one packet; due every 20 ms.
    pub(super) fn tick(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        if self.audio_since.is_none() {
            return Ok(());
        }
        self.send_packet(round)?;
        self.end_played(round.notices)?;
        if let Some(bot) = &mut self.bot {
            bot.report_playout(round.now, round.notices)?;
            // On hold nothing will be played any more: the end does not wait for it.
            let is_sending = self.path.as_ref().is_some_and(|path| path.is_sending);
            let is_drained = if is_sending {
                self.dtmf.is_idle() && bot.is_drained() && self.player.is_none() && bot.plays_asked == 0
            } else {
                bot.is_draining()
            };
            if !self.is_drained_told && is_drained {
                self.is_drained_told = true;
                round.notices.push(Notice::Drained);
            }
        }
        let is_expected = self.path.as_ref().is_none_or(|path| path.is_receiving);
        let is_silent = is_expected && round.now.saturating_duration_since(self.heard_rtp) > round.silence_max;
        if is_silent && !round.silence_max.is_zero() && !self.is_silence_told {
            self.is_silence_told = true;
            round.notices.push(Notice::Silent);
        }
        Ok(())
    }

    fn receive_rtp(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        self.open_audio()?;
        let mut packet = [0; PACKET_BYTES_MAX];
        for _ in 0..PACKETS_PER_SWEEP {
            // Anything but a packet, "would block" first of all, ends the sweep.
            let Ok((length, source)) = self.rtp.try_recv_from(&mut packet) else {
                break;
            };
            let Some(path) = &mut self.path else { continue };
            let Ok((header, payload)) = Header::parse(&packet[..length]) else {
                continue;
            };
            if !path.to_bot.knows(&header) || !path.remote.takes(source) {
                self.strangers = self.strangers.saturating_add(1);
                continue;
            }
            self.heard_rtp = round.now;
            self.is_silence_told = false;
            let bot = &mut self.bot;
            path.to_bot.push(round.now_us, &header, &packet[payload], |frame| match bot {
                Some(bot) => bot.send_audio(frame, round.now, round.context),
                None => Ok(()),
            })?;
            // After each packet: the receiver of events keeps few.
            self.tell_presses(round)?;
        }
        if let Some(path) = &mut self.path {
            let bot = &mut self.bot;
            path.to_bot.pop(round.now_us, |frame| match bot {
                Some(bot) => bot.send_audio(frame, round.now, round.context),
                None => Ok(()),
            })?;
        }
        self.tell_presses(round)
    }

    /// The caller's audio flows when the call is answered and the bot has settled the format. One that takes the place of
    /// another hears first what the caller has said meanwhile.
    fn open_audio(&mut self) -> Result<(), Gone> {
        let (Some(path), Some(bot), Some(_answered)) = (&mut self.path, &mut self.bot, self.audio_since) else {
            return Ok(());
        };
        if path.to_bot.is_open() {
            return Ok(());
        }
        let Some(format) = bot.start_audio() else { return Ok(()) };
        let is_replayed = bot.takes_replay();
        path.to_bot.open(format, is_replayed);
        let late_ms = path.to_bot.past_ms();
        if late_ms == 0 || !is_replayed {
            return Ok(());
        }
        bot.send(&BotMessage::Replay(Replay { state: ReplayState::Start, late_ms }))?;
        path.to_bot.replay(|frame| bot.send_late(frame))?;
        bot.send(&BotMessage::Replay(Replay { state: ReplayState::End, late_ms }))
    }

    fn tell_presses(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        let Some(path) = &mut self.path else {
            return Ok(());
        };
        let mut is_pressed = false;
        while let Some(press) = path.to_bot.poll_press(round.now_us) {
            let duration_ms = press.duration_ms(RATE_HZ);
            is_pressed = true;
            round.notices.push(Notice::Digit(DtmfDigit {
                digit: press.digit.to_string(),
                duration_ms,
                source: dtmf_digit::Source::Rfc4733.into(),
            }));
            if let Some(bot) = &mut self.bot {
                bot.send(&BotMessage::Dtmf(DtmfReceived {
                    digit: press.digit,
                    duration_ms,
                    leg: LEG_CALLER.to_owned(),
                    source: DtmfSource::Rfc4733,
                }))?;
            }
        }
        if is_pressed { self.interrupt(round.notices) } else { Ok(()) }
    }

    fn send_packet(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        let Some(path) = &mut self.path else { return Ok(()) };
        let coding = path.to_bot.coding();
        let mut packet = [coding.law.silence(); PACKET_BYTES];
        let (head, payload) = packet.split_at_mut(HEADER_LEN);
        // Digits wait for the end of a hold, as audio does: what is not sent is not played.
        let event = match path.is_sending {
            true => self.dtmf.tick(self.sender.timestamp(), PTIME_SAMPLES),
            false => None,
        };
        // Without a mix the bot's audio waits: what is not heard is not played.
        let is_alone = self.player.as_ref().is_some_and(|player| !player.is_mixed());
        if let Some(bot) = &mut self.bot {
            let tick = bot.tick(payload, path.is_sending && event.is_none() && !is_alone);
            if self.muted.outbound {
                payload.fill(coding.law.silence());
            }
            if !bot.is_missed(round.now) {
                self.hold_tone = None;
            } else if !tick.has_audio() {
                self.hold_tone.get_or_insert_with(|| HoldTone::new(RATE_HZ)).fill(coding.law, payload);
            }
        }
        if let Some(player) = self.player.as_mut().filter(|_| path.is_sending && event.is_none()) {
            let mut samples = [0; PTIME_SAMPLES as usize];
            coding.law.decode_slice(payload, &mut samples);
            player.fill(RATE_HZ, &mut samples);
            coding.law.encode_slice(&samples, payload);
        }
        if !path.is_sending {
            self.sender.skip(PTIME_SAMPLES);
            payload.fill(coding.law.silence());
        }
        if path.to_bot.hears_both() {
            let bot = &mut self.bot;
            path.to_bot.push_outbound(payload, |frame| match bot {
                Some(bot) => bot.send_audio(frame, round.now, round.context),
                None => Ok(()),
            })?;
        }
        if !path.is_sending {
            return Ok(());
        }
        let coding = path.to_bot.coding();
        let (header, length) = match (event, coding.dtmf_payload_type) {
            (Some(event), Some(payload_type)) => {
                payload[..dtmf::PAYLOAD_LEN].copy_from_slice(&event.payload);
                (self.sender.event(payload_type, &event, PTIME_SAMPLES), HEADER_LEN + dtmf::PAYLOAD_LEN)
            }
            _ => (self.sender.audio(coding.payload_type, PTIME_SAMPLES, payload.len()), PACKET_BYTES),
        };
        head.copy_from_slice(&header.to_bytes());
        // A packet the kernel won't take is a packet lost: nobody waits for it.
        if self.rtp.try_send_to(&packet[..length], path.remote.address()).is_ok() {
            self.rtp_sent = self.rtp_sent.wrapping_add(1);
        }
        Ok(())
    }
}

fn held() -> BotMessage {
    BotMessage::Call(CallUpdate { state: CallState::Hold, cause: None })
}

fn answered() -> BotMessage {
    BotMessage::Call(CallUpdate { state: CallState::Answered, cause: None })
}
