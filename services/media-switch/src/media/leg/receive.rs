//! What comes from the telephone: audio on its way to the bot, keys, RTCP.

use botstream_api::DtmfDigit;
use rtp::{Header, rtcp};
use voicebot::message::{DtmfReceived, LEG_CALLER, Replay, ReplayState, ToBot as BotMessage};

use super::super::Notice;
use super::super::bot_socket::Gone;
use super::super::keys::KeyPress;
use super::{Leg, Round};

/// Packets taken from one socket in one sweep: far more than a call needs, yet a flood on one port can't starve the
/// other calls.
const PACKETS_PER_SWEEP: usize = 64;

/// Larger than any packet we take, so that longer ones show as too long instead of being cut.
const PACKET_BYTES_MAX: usize = 2_048;

impl Leg {
    pub(super) fn receive_rtp(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
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
    pub(in crate::media) fn tell_press(&mut self, press: KeyPress, notices: &mut Vec<Notice>) -> Result<(), Gone> {
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
}
