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
use voicebot::SwitchSession;
use voicebot::message::{CallState, CallUpdate, DtmfReceived, DtmfSource, LEG_CALLER, ToBot as BotMessage};

use super::Notice;
use super::bot_link::{BotLink, Counters};
use super::bot_socket::Gone;
use super::connect::Socket;
use super::remote::Remote;
use super::to_bot::{Coding, RATE_HZ, ToBot};

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
    bot: Option<BotLink>,
    /// Of the bot that is gone.
    bot_counters: Counters,
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
            bot_counters: Counters::default(),
            audio_since: None,
            heard_rtp: now,
            is_silence_told: false,
            is_drained_told: false,
            rtp_sent: 0,
            strangers: 0,
        }
    }

    /// Takes what SDP has settled, the first time or anew.
    pub(super) fn negotiate(&mut self, negotiated: Negotiated, now: Instant) {
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
        let to_bot = match self.path.take() {
            // A re-INVITE that keeps the codec keeps what has been received.
            Some(path) if *path.to_bot.coding() == coding => path.to_bot,
            _ => ToBot::new(coding.clone()),
        };
        self.path =
            Some(Path { remote, to_bot, is_sending: negotiated.is_sending, is_receiving: negotiated.is_receiving });
        if let Some(bot) = &mut self.bot {
            bot.settle(coding.law);
        }
    }

    /// The bot's WebSocket is open: `start` goes out. [`Notice::BotReady`] follows when the format is settled.
    pub(super) fn connect(
        &mut self,
        socket: Socket,
        connect_ms: u32,
        session: SwitchSession,
        now: Instant,
    ) -> Result<(), Gone> {
        let law = self.path.as_ref().map_or(Law::Mu, |path| path.to_bot.coding().law);
        self.bot = Some(BotLink::begin(socket, connect_ms, session, law, now)?);
        Ok(())
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
    }

    /// The bot's connection has ended: it is given back to be closed, and its counters stay; `None` when the call goes on
    /// without it until all it has said is played.
    pub(super) fn lose_bot(&mut self, gone: &Gone) -> Option<BotLink> {
        if self.bot.as_mut().is_some_and(|bot| bot.outlives(gone)) {
            return None;
        }
        let bot = self.bot.take()?;
        self.bot_counters = bot.counters();
        Some(bot)
    }

    /// Gives up the bot's socket, if it is open, to be closed on its own time.
    pub(super) fn take_bot(&mut self) -> Option<BotLink> {
        self.bot.take().filter(|bot| !bot.is_gone())
    }

    /// Counters since the beginning.
    pub(super) fn stats(&self) -> MediaStats {
        let rtp = self.path.as_ref().map(|path| path.to_bot.stats()).unwrap_or_default();
        let bot = self.bot.as_ref().map_or(self.bot_counters, BotLink::counters);
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

    /// Takes what has arrived on both sides.
    pub(super) fn sweep(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        if let Some(bot) = &mut self.bot {
            let is_dtmf_possible =
                self.path.as_ref().is_some_and(|path| path.to_bot.coding().dtmf_payload_type.is_some());
            let is_playing = self.audio_since.is_some() && self.path.is_some();
            bot.sweep(round, is_playing, is_dtmf_possible.then_some(&mut self.dtmf))?;
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
        self.send_packet();
        if let Some(bot) = &mut self.bot {
            bot.report_playout(round.now, round.notices)?;
            // On hold nothing will be played any more: the end does not wait for it.
            let is_sending = self.path.as_ref().is_some_and(|path| path.is_sending);
            let is_drained = if is_sending { self.dtmf.is_idle() && bot.is_drained() } else { bot.is_draining() };
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
        self.open_audio();
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

    /// The caller's audio flows from the answer on. The answer waits for the bot, so its format is settled by then.
    fn open_audio(&mut self) {
        if let (Some(path), Some(bot), Some(_answered)) = (&mut self.path, &mut self.bot, self.audio_since)
            && !path.to_bot.is_open()
        {
            path.to_bot.open(bot.start_audio());
        }
    }

    fn tell_presses(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        let Some(path) = &mut self.path else {
            return Ok(());
        };
        while let Some(press) = path.to_bot.poll_press(round.now_us) {
            let duration_ms = press.duration_ms(RATE_HZ);
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
        Ok(())
    }

    fn send_packet(&mut self) {
        let Some(path) = &self.path else { return };
        let coding = path.to_bot.coding();
        let mut packet = [coding.law.silence(); PACKET_BYTES];
        let (head, payload) = packet.split_at_mut(HEADER_LEN);
        // Digits wait for the end of a hold, as audio does: what is not sent is not played.
        let event = match path.is_sending {
            true => self.dtmf.tick(self.sender.timestamp(), PTIME_SAMPLES),
            false => None,
        };
        if let Some(bot) = &mut self.bot {
            bot.tick(payload, path.is_sending && event.is_none());
        }
        if !path.is_sending {
            self.sender.skip(PTIME_SAMPLES);
            return;
        }
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
    }
}

fn answered() -> BotMessage {
    BotMessage::Call(CallUpdate { state: CallState::Answered, cause: None })
}
