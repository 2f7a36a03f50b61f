//! One call's media: the RTP socket toward the telephone, the WebSocket toward the bot, and what is between.
//!
//! Driven by its worker: [`Leg::sweep`] every 5 ms takes what has arrived on both sides, [`Leg::tick`] every
//! 20 ms sends one packet. Nothing here waits, and nothing allocates per packet once the buffers have grown.

use std::net::SocketAddr;
use std::task::Context;
use std::time::{Duration, Instant};

use audio::comfort_noise::{self, Noise};
use audio::g711::Law;
use botstream_api::{DtmfDigit, MediaStats};
use codecs::Encoder;
use ipnet::IpNet;
use rtp::srtp::OVERHEAD_MAX;
use rtp::{HEADER_LEN, Header, dtmf, rtcp};
use tokio::net::UdpSocket;
use voicebot::dialect::DialectSession;
use voicebot::message::{CallState, CallUpdate, DtmfReceived, LEG_CALLER, Replay, ReplayState, ToBot as BotMessage};

use super::Notice;
use super::bot_link::{BotLink, Loss};
use super::bot_socket::{BotSocket, Gone};
use super::coding::{Coding, PACKETS_PER_SECOND};
use super::connect::Socket;
use super::control::{self, Control};
use super::hold_tone::HoldTone;
use super::keys::{KeyPress, Keys};
use super::piece::{Line, Piece};
use super::play::Player;
use super::quality::{self, Quality};
use super::remote::Remote;
use super::secure::{Secure, SrtpKeys};
use super::to_bot::ToBot;
use super::verbs::Muted;

/// Room for a packet toward the telephone: 20 ms of G.711 and G.722, and of Opus at any bit rate that is asked of it.
const PACKET_BYTES: usize = HEADER_LEN + PAYLOAD_BYTES + OVERHEAD_MAX;
const PAYLOAD_BYTES: usize = 400;

/// Time between two packets toward the telephone.
const PACKET_MS: u32 = 1_000 / PACKETS_PER_SECOND;

/// Packets taken from one socket in one sweep: far more than a call needs, yet a flood on one port can't starve the
/// other calls.
const PACKETS_PER_SWEEP: usize = 64;

/// Larger than any packet we take, so that longer ones show as too long instead of being cut.
const PACKET_BYTES_MAX: usize = 2_048;

/// What a far end that takes comfort noise hears when nobody says anything, and how often it is told.
const NOISE_DBOV: i8 = -65;
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
        let was_held = self.path.as_ref().map(|path| !path.is_open());
        let (to_bot, encoder, noise) = match self.path.take() {
            // A re-INVITE that keeps the codec keeps what has been received.
            Some(path) if *path.to_bot.coding() == coding => (path.to_bot, path.encoder, path.noise),
            _ => (ToBot::new(coding.clone()), coding.encoder(), comfort_noise::Sender::new(NOISE_INTERVAL_MS)),
        };
        // Nothing leaves in the clear that was to be protected.
        let is_sending = negotiated.is_sending && self.secure.is_some() == is_secure;
        let is_receiving = negotiated.is_receiving;
        let path = Path { remote, to_bot, encoder, noise, is_sending, is_receiving, is_held: negotiated.is_held };
        let is_held = !path.is_open();
        self.path = Some(path);
        self.dtmf.settle(&coding);
        let is_deaf = self.is_deaf();
        if let Some(bot) = &mut self.bot {
            bot.settle(coding.line());
            bot.is_deaf = is_deaf;
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
        // Until SDP is settled: it is before audio flows.
        let line = self.path.as_ref().map_or(Line::Codes(Law::Mu), |path| path.to_bot.coding().line());
        let mut bot = BotLink::begin(socket, connect_ms, session, line, now)?;
        bot.is_deaf = self.is_deaf();
        self.bot = Some(bot);
        Ok(())
    }

    /// Whether the bot is to hear nothing of what the far end may send.
    pub(super) fn is_deaf(&self) -> bool {
        self.muted.inbound || self.path.as_ref().is_some_and(|path| path.is_held)
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
            // On hold nothing will be played any more: the end does not wait for it.
            let is_open = self.path.as_ref().is_some_and(Path::is_open);
            let is_drained = if is_open {
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
            let is_report = self.control.is_muxed() && rtcp::is_rtcp(&packet[..length]);
            let opened = match &mut self.secure {
                Some(secure) if is_report => secure.unprotect_rtcp(&mut packet[..length]),
                Some(secure) => secure.unprotect_rtp(&mut packet[..length]),
                None => Some(length),
            };
            let Some(length) = opened else {
                self.strangers = self.strangers.saturating_add(1);
                continue;
            };
            if is_report {
                if path.remote.takes(source) {
                    self.control.receive(round.now_us, &packet[..length]);
                }
                continue;
            }
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
        self.control.sweep(round.now_us, &mut self.secure);
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
        while let Some(press) = self.path.as_mut().and_then(|path| path.to_bot.poll_press(round.now_us)) {
            self.tell_press(press, round.notices)?;
        }
        Ok(())
    }

    /// The caller has pressed a key; one that comes in two ways counts once.
    pub(super) fn tell_press(&mut self, press: KeyPress, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        let KeyPress { digit, duration_ms, way } = press;
        if !self.path.as_mut().is_some_and(|path| path.to_bot.takes_keys_by(way)) {
            return Ok(());
        }
        let source = way.source().into();
        notices.push(Notice::Digit(DtmfDigit { digit: digit.to_string(), duration_ms, source }));
        if let Some(bot) = &mut self.bot {
            let (leg, source) = (LEG_CALLER.to_owned(), way.bot_source());
            bot.send(&BotMessage::Dtmf(DtmfReceived { digit, duration_ms, leg, source }))?;
        }
        self.interrupt(notices)
    }

    fn send_packet(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        let Some(path) = &mut self.path else { return Ok(()) };
        let units = path.to_bot.coding().packet_units();
        let mut piece = Piece::silence(path.to_bot.coding().line());
        // Digits wait for the end of a hold, as audio does: what is not sent is not played.
        let is_open = path.is_open();
        let event = match is_open {
            true => self.dtmf.event(self.sender.timestamp()),
            false => None,
        };
        // Without a mix the bot's audio waits: what is not heard is not played.
        let is_alone = self.player.as_ref().is_some_and(|player| !player.is_mixed());
        let is_tone = is_open && self.dtmf.is_sounding();
        let mut has_audio = is_tone;
        if let Some(bot) = &mut self.bot {
            let tick = bot.tick(&mut piece, is_open && event.is_none() && !is_tone && !is_alone);
            if self.muted.outbound {
                piece = Piece::silence(path.to_bot.coding().line());
            } else {
                has_audio |= tick.has_audio();
            }
            if !bot.is_missed(round.now) {
                self.hold_tone = None;
            } else if is_open && !tick.has_audio() {
                self.hold_tone.get_or_insert_with(|| HoldTone::new(piece.rate_hz())).fill(&mut piece);
                has_audio = true;
            }
        }
        let player = match path.is_held {
            true => self.hold_music.as_mut(),
            false => self.player.as_mut().filter(|_| is_open && event.is_none() && !is_tone),
        };
        if let Some(player) = player {
            let rate_hz = piece.rate_hz();
            piece.change(|samples| player.fill(rate_hz, samples));
            has_audio = true;
        }
        if is_tone {
            self.dtmf.fill(&mut piece);
        }
        if !path.is_sending {
            self.sender.skip(units);
            piece = Piece::silence(path.to_bot.coding().line());
        }
        if path.to_bot.hears_both() {
            let bot = &mut self.bot;
            path.to_bot.push_outbound(&mut piece, |frame| match bot {
                Some(bot) => bot.send_audio(frame, round.now, round.context),
                None => Ok(()),
            })?;
        }
        if !path.is_sending {
            return Ok(());
        }
        let mut packet = [0; PACKET_BYTES];
        let (head, payload) = packet.split_at_mut(HEADER_LEN);
        let payload = &mut payload[..PAYLOAD_BYTES];
        let coding = path.to_bot.coding();
        let (header, length) = match (event, coding.dtmf_payload_type) {
            (Some(event), Some(payload_type)) => {
                path.noise.audio();
                payload[..dtmf::PAYLOAD_LEN].copy_from_slice(&event.payload);
                (self.sender.event(payload_type, &event, units), dtmf::PAYLOAD_LEN)
            }
            _ => {
                let noise = coding.cn_payload_type.filter(|_| !has_audio);
                let length = match noise {
                    Some(_) if path.noise.silence(PACKET_MS) => Noise::white(NOISE_DBOV).write(payload),
                    Some(_) => 0,
                    None => {
                        path.noise.audio();
                        encode(&mut path.encoder, &mut piece, payload)
                    }
                };
                if length == 0 {
                    // Nothing is sent in this packet's time.
                    self.sender.skip(units);
                    return Ok(());
                }
                (self.sender.audio(noise.unwrap_or(coding.payload_type), units, length), length)
            }
        };
        head.copy_from_slice(&header.to_bytes());
        let length = match &mut self.secure {
            Some(secure) => secure.protect_rtp(&mut packet, HEADER_LEN + length),
            None => Some(HEADER_LEN + length),
        };
        // Nothing leaves in the clear for want of a key.
        let Some(length) = length else { return Ok(()) };
        // A packet the kernel won't take is a packet lost: nobody waits for it.
        if self.rtp.try_send_to(&packet[..length], path.remote.address()).is_ok() {
            self.rtp_sent = self.rtp_sent.wrapping_add(1);
        }
        Ok(())
    }
}

impl Leg {
    /// Reports over RTCP, and to bot and cluster, when they are due.
    fn report_quality(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        let Some(path) = &mut self.path else { return Ok(()) };
        let media = control::Media {
            rtp: &self.rtp,
            rtp_remote: path.remote.address(),
            sender: &self.sender,
            jitter: path.to_bot.jitter(),
            secure: &mut self.secure,
        };
        if let Some(percent) = self.control.tick(round.now_us, media)
            && let Some(encoder) = &mut path.encoder
        {
            encoder.set_loss_percent(percent);
        }
        let (jitter, coding) = path.to_bot.reception();
        let Some(sample) = self.quality.tick(round.now, jitter, coding, &self.control, self.secure.is_some()) else {
            return Ok(());
        };
        round.notices.push(Notice::Qos(sample));
        match &mut self.bot {
            Some(bot) => bot.send(&BotMessage::Qos(quality::for_bot(&sample))),
            None => Ok(()),
        }
    }

    /// Takes leave of the far end's RTCP.
    pub(super) fn say_goodbye(&mut self) {
        let Some(path) = &mut self.path else { return };
        self.control.say_goodbye(control::Media {
            rtp: &self.rtp,
            rtp_remote: path.remote.address(),
            sender: &self.sender,
            jitter: path.to_bot.jitter(),
            secure: &mut self.secure,
        });
    }
}

/// The piece as a payload; returns its length, 0 when nothing is to be sent.
fn encode(encoder: &mut Option<Encoder>, piece: &mut Piece, payload: &mut [u8]) -> usize {
    match encoder {
        Some(encoder) => encoder.encode(piece.samples(), payload).ok().flatten().unwrap_or(0),
        None => {
            let codes = piece.codes();
            payload[..codes.len()].copy_from_slice(codes);
            codes.len()
        }
    }
}

fn held() -> BotMessage {
    BotMessage::Call(CallUpdate { state: CallState::Hold, cause: None })
}

fn answered() -> BotMessage {
    BotMessage::Call(CallUpdate { state: CallState::Answered, cause: None })
}
