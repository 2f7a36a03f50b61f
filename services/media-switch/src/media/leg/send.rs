//! What goes to the telephone: one packet every 20 ms, of whatever is to be heard, and the reports beside it.

use audio::comfort_noise::Noise;
use codecs::Encoder;
use rtp::srtp::OVERHEAD_MAX;
use rtp::{HEADER_LEN, dtmf};
use voicebot::message::ToBot as BotMessage;

use super::super::bot_socket::Gone;
use super::super::coding::PACKETS_PER_SECOND;
use super::super::hold_tone::HoldTone;
use super::super::piece::Piece;
use super::super::{Notice, control, quality};
use super::{Leg, Round};

/// Room for a packet toward the telephone: 20 ms of G.711 and G.722, and of Opus at any bit rate that is asked of it.
const PACKET_BYTES: usize = HEADER_LEN + PAYLOAD_BYTES + OVERHEAD_MAX;
const PAYLOAD_BYTES: usize = 400;

/// Time between two packets toward the telephone.
const PACKET_MS: u32 = 1_000 / PACKETS_PER_SECOND;

/// What a far end that takes comfort noise hears when nobody says anything.
const NOISE_DBOV: i8 = -65;

/// What is due next.
struct Next {
    piece: Piece,
    has_audio: bool,
    /// A key takes the place of audio.
    event: Option<dtmf::Packet>,
}

impl Leg {
    /// Sends what is due.
    pub(super) fn send_packet(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
        let Some(path) = &self.path else { return Ok(()) };
        let line = path.to_bot.coding().line();
        let (is_open, is_held, is_sending) = (path.is_open(), path.is_held, path.is_sending);
        let mut next = self.next(round, Piece::silence(line), is_open, is_held);
        if !is_sending {
            next.piece = Piece::silence(line);
        }
        self.push_outbound(round, &mut next.piece)?;
        let Some(path) = &mut self.path else { return Ok(()) };
        let units = path.to_bot.coding().packet_units();
        if !is_sending {
            self.sender.skip(units);
            return Ok(());
        }
        let mut packet = [0; PACKET_BYTES];
        let (head, payload) = packet.split_at_mut(HEADER_LEN);
        let payload = &mut payload[..PAYLOAD_BYTES];
        let coding = path.to_bot.coding();
        let (header, length) = match (next.event, coding.dtmf_payload_type) {
            (Some(event), Some(payload_type)) => {
                path.noise.audio();
                payload[..dtmf::PAYLOAD_LEN].copy_from_slice(&event.payload);
                (self.sender.event(payload_type, &event, units), dtmf::PAYLOAD_LEN)
            }
            _ => {
                let noise = coding.cn_payload_type.filter(|_| !next.has_audio);
                let length = match noise {
                    Some(_) if path.noise.silence(PACKET_MS) => Noise::white(NOISE_DBOV).write(payload),
                    Some(_) => 0,
                    None => {
                        path.noise.audio();
                        encode(&mut path.encoder, &mut next.piece, payload)
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

    /// What the caller hears next: the bot, or the other caller of a bridge, and what is played beside or instead.
    fn next(&mut self, round: &Round<'_, '_>, mut piece: Piece, is_open: bool, is_held: bool) -> Next {
        // Digits wait for the end of a hold, as audio does: what is not sent is not played.
        let event = match is_open {
            true => self.dtmf.event(self.sender.timestamp()),
            false => None,
        };
        // Without a mix the bot's audio waits: what is not heard is not played.
        let is_alone = self.player.as_ref().is_some_and(|player| !player.is_mixed());
        let is_tone = is_open && self.dtmf.is_sounding();
        let mut has_audio = is_tone;
        if let Some(bot) = &mut self.bot {
            let is_heard = is_open && self.bridge.is_none();
            let tick = bot.tick(&mut piece, is_heard && event.is_none() && !is_tone && !is_alone);
            if self.muted.outbound {
                piece.silence_all();
            } else {
                has_audio |= tick.has_audio();
            }
            if !bot.is_missed(round.now) {
                self.hold_tone = None;
            } else if is_heard && !tick.has_audio() {
                self.hold_tone.get_or_insert_with(|| HoldTone::new(piece.rate_hz())).fill(&mut piece);
                has_audio = true;
            }
        }
        if let Some(bridge) = &mut self.bridge {
            // Even what is not heard: it is not to wait.
            let is_said = bridge.fill(&mut piece);
            if is_open {
                has_audio |= is_said;
            } else {
                piece.silence_all();
            }
        }
        let player = match is_held {
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
        Next { piece, has_audio, event }
    }

    /// A bot that hears both sides hears what the caller hears; but not another caller.
    fn push_outbound(&mut self, round: &mut Round<'_, '_>, piece: &mut Piece) -> Result<(), Gone> {
        let Some(path) = &mut self.path else { return Ok(()) };
        if !path.to_bot.hears_both() {
            return Ok(());
        }
        let bot = &mut self.bot;
        let send = |frame| match bot {
            Some(bot) => bot.send_audio(frame, round.now, round.context),
            None => Ok(()),
        };
        match self.bridge {
            Some(_) => path.to_bot.push_outbound(&mut Piece::silence(path.to_bot.coding().line()), send),
            None => path.to_bot.push_outbound(piece, send),
        }
    }

    /// Reports over RTCP, and to bot and cluster, when they are due.
    pub(super) fn report_quality(&mut self, round: &mut Round<'_, '_>) -> Result<(), Gone> {
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
    pub(in crate::media) fn say_goodbye(&mut self) {
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
