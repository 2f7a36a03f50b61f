//! One call's media: the RTP socket toward the telephone, the WebSocket toward the bot, and what is between.
//!
//! Driven by its worker: [`Leg::sweep`] every 5 ms takes what has arrived on both sides, [`Leg::tick`] every
//! 20 ms sends one packet. Nothing here waits, and nothing allocates per packet once the buffers have grown.

mod receive;
mod send;
mod state;

use std::net::SocketAddr;
use std::task::Context;
use std::time::{Duration, Instant};

use audio::comfort_noise;
use audio::g711::Law;
use botstream_api::MediaStats;
use codecs::Encoder;
use ipnet::IpNet;
use tokio::net::UdpSocket;
use voicebot::dialect::DialectSession;
use voicebot::message::CallState;

use super::Notice;
use super::bot_link::{BotLink, Loss};
use super::bot_socket::{BotSocket, Gone};
use super::bridge::FromOther;
use super::coding::{Coding, PACKETS_PER_SECOND};
use super::connect::Socket;
use super::control::Control;
use super::hold_tone::HoldTone;
use super::keys::Keys;
use super::piece::Line;
use super::play::Player;
use super::quality::{self, Quality};
use super::remote::Remote;
use super::secure::{Secure, SrtpKeys};
use super::to_bot::ToBot;
use super::verbs::Muted;

/// How often a far end that takes comfort noise is told of a silence.
const NOISE_INTERVAL_MS: u32 = 200;

/// What SDP has settled.
#[derive(Debug, Clone)]
pub(crate) struct Negotiated {
    pub(crate) coding: Coding,
    pub(crate) remote: SocketAddr,
    /// Whether the far end wants to hear anything (RFC 3264 §6.1).
    pub(crate) is_sending: bool,
    /// Whether it is to send anything: one on hold may be silent for as long as it likes.
    pub(crate) is_receiving: bool,
    /// We hold the call: what is sent is music, if anything, and what comes is not heard.
    pub(crate) is_held: bool,
    /// Networks RTP may come from besides the signalled address.
    pub(crate) networks: Vec<IpNet>,
    /// Where RTCP goes, if anywhere.
    pub(crate) rtcp: Option<SocketAddr>,
    /// RTCP goes over RTP's ports (RFC 5761).
    pub(crate) is_rtcp_muxed: bool,
    /// Set where the stream is SRTP.
    pub(crate) srtp: Option<SrtpKeys>,
}

impl Negotiated {
    /// Plain RTP both ways with this far end.
    #[cfg(test)]
    pub(crate) fn plain(coding: Coding, remote: SocketAddr) -> Self {
        Self {
            coding,
            remote,
            is_sending: true,
            is_receiving: true,
            is_held: false,
            networks: Vec::new(),
            rtcp: None,
            is_rtcp_muxed: false,
            srtp: None,
        }
    }
}

/// What is there once SDP is settled.
#[derive(Debug)]
struct Path {
    remote: Remote,
    to_bot: ToBot,
    /// But for G.711.
    encoder: Option<Encoder>,
    /// When to describe the silence toward a far end that takes comfort noise.
    noise: comfort_noise::Sender,
    is_sending: bool,
    is_receiving: bool,
    /// By us.
    is_held: bool,
}

impl Path {
    /// Whether anything of what the bot, the keys and the clips have to say is sent; on hold, whoever holds, it waits.
    fn is_open(&self) -> bool {
        self.is_sending && !self.is_held
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Leg {
    rtp: UdpSocket,
    path: Option<Path>,
    secure: Option<Secure>,
    control: Control,
    quality: Quality,
    sender: rtp::Sender,
    pub(super) dtmf: Keys,
    pub(super) bot: Option<BotLink>,
    /// What is played to the caller beside the bot.
    pub(super) player: Option<Player>,
    pub(super) muted: Muted,
    /// What the caller hears while we hold the call.
    pub(super) hold_music: Option<Player>,
    /// What the caller hears while there is no bot.
    hold_tone: Option<HoldTone>,
    /// Another call's caller, who is heard in the bot's place.
    bridge: Option<FromOther>,
    /// What the bot has last been told of the call.
    told_state: Option<CallState>,
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
    pub(super) fn new(rtp: UdpSocket, control: Control, sender: rtp::Sender, now: Instant) -> Self {
        Self {
            rtp,
            path: None,
            secure: None,
            control,
            quality: Quality::new(now),
            sender,
            dtmf: Keys::new(),
            bot: None,
            player: None,
            muted: Muted::default(),
            hold_music: None,
            hold_tone: None,
            bridge: None,
            told_state: None,
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
        let coding = negotiated.coding;
        self.control.settle(negotiated.rtcp, &negotiated.networks, negotiated.is_rtcp_muxed);
        let (former, is_secure) = (self.secure.take(), negotiated.srtp.is_some());
        self.secure = negotiated.srtp.and_then(|keys| Secure::new(keys, former));
        let mut remote = Remote::new(negotiated.remote, negotiated.networks);
        if let Some(path) = &self.path {
            remote.follow(&path.remote);
        }
        // Whatever was before, time to be heard from starts here.
        self.heard_rtp = now;
        let to_other = self.path.as_mut().and_then(|path| path.to_bot.bridge(None));
        let (mut to_bot, encoder, noise) = match self.path.take() {
            // A re-INVITE that keeps the codec keeps what has been received.
            Some(path) if *path.to_bot.coding() == coding => (path.to_bot, path.encoder, path.noise),
            _ => (ToBot::new(coding.clone()), coding.encoder(), comfort_noise::Sender::new(NOISE_INTERVAL_MS)),
        };
        // Nothing leaves in the clear that was to be protected.
        let is_sending = negotiated.is_sending && self.secure.is_some() == is_secure;
        let is_receiving = negotiated.is_receiving;
        to_bot.bridge(to_other);
        let path = Path { remote, to_bot, encoder, noise, is_sending, is_receiving, is_held: negotiated.is_held };
        self.path = Some(path);
        self.dtmf.settle(&coding);
        self.bridge = self.bridge.take().map(|bridge| bridge.settle(coding.line()));
        if let Some(bot) = &mut self.bot {
            bot.settle(coding.line());
        }
        self.note_deafness();
        self.tell_state()
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
            return if is_answered { self.tell_answered() } else { Ok(()) };
        }
        // Until SDP is settled: it is before audio flows.
        let line = self.path.as_ref().map_or(Line::Codes(Law::Mu), |path| path.to_bot.coding().line());
        let mut bot = BotLink::begin(socket, connect_ms, session, line, now)?;
        bot.is_deaf = self.is_deaf();
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
            self.quality = Quality::new(now);
            return self.tell_answered();
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

    fn clock_hz(&self) -> u32 {
        self.path.as_ref().map_or(8_000, |path| path.to_bot.coding().clock_hz())
    }

    /// Counters since the beginning.
    pub(super) fn stats(&self) -> MediaStats {
        let rtp = self.path.as_ref().map(|path| path.to_bot.stats()).unwrap_or_default();
        let bot = self.bot.as_ref().map(BotLink::counters).unwrap_or_default();
        let clock_hz = self.clock_hz();
        let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        MediaStats {
            rtp_received: count(rtp.received),
            rtp_sent: self.rtp_sent,
            rtp_lost: count(rtp.lost),
            rtp_late: count(rtp.late),
            rtp_duplicate: count(rtp.duplicate),
            rtp_reordered: count(rtp.reordered),
            // Casts of floats saturate.
            jitter_us: (rtp.jitter_ms(clock_hz) * 1_000.0) as u32,
            bot_frames_sent: bot.frames_sent,
            bot_frames_received: bot.frames_received,
            bot_lost_ms: bot.lost_ms,
            codec: self.path.as_ref().map_or(0, |path| path.to_bot.coding().api_codec().into()),
            mos: self.path.as_ref().map_or(0.0, |path| quality::of_call(path.to_bot.reception().0, &self.control)),
            rtt_ms: self.control.round_trip_ms().unwrap_or_default(),
            remote_lost: self.control.remote().map_or(0, |block| block.cumulative_lost.max(0).unsigned_abs()),
            srtp_refused: self.secure.as_ref().map_or(0, |secure| {
                let refusals = secure.refusals();
                count(refusals.authentication + refusals.replayed + refusals.malformed)
            }),
        }
    }

    /// Whether it is settled how the far end is told of keys.
    pub(super) fn takes_keys(&self) -> bool {
        self.path.is_some()
    }

    /// Takes what has arrived on both sides.
    pub(super) fn sweep(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        if let Some(bot) = &mut self.bot {
            let is_settled = self.path.is_some();
            let is_playing = self.audio_since.is_some() && is_settled;
            bot.sweep(round, is_playing, is_settled.then_some(&mut self.dtmf))?;
        }
        if self.bot.as_mut().is_some_and(BotLink::take_clear) {
            self.interrupt(round.notices)?;
        }
        self.receive_rtp(round)
    }

    /// So many packets were not sent in their time: the timestamps go on without them.
    pub(super) fn skip(&mut self, packets: u32) {
        if self.audio_since.is_some() {
            self.sender.skip(packets.saturating_mul(self.clock_hz() / PACKETS_PER_SECOND));
        }
    }

    /// Sends one packet; due every 20 ms.
    pub(super) fn tick(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        if self.audio_since.is_none() {
            return Ok(());
        }
        self.send_packet(round)?;
        self.end_played(round.notices)?;
        self.report_quality(round)?;
        if let Some(bot) = &mut self.bot {
            bot.report_playout(round.now, round.notices)?;
            // On hold, and in a bridge, nothing will be played any more: the end does not wait for it.
            let is_heard = self.bridge.is_none() && self.path.as_ref().is_some_and(Path::is_open);
            let is_drained = if is_heard {
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
}
