//! What the control side asks of a leg beside its bot: clips, mute, keys.

use std::sync::Arc;

use botstream_api::playback_finished::Reason;
use botstream_api::{Error, ErrorCode};
use voicebot::message::{ErrorInfo, PlayReport, PlayState, ToBot};

use super::Notice;
use super::bot_link::BotLink;
use super::bot_socket::Gone;
use super::leg::Leg;
use super::play::{PlayEnd, PlayOrder, Player};
use crate::clips::Clip;

/// Whose audio is silence for the other.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Muted {
    /// What the caller says; keys are told all the same.
    pub(super) inbound: bool,
    /// What the bot says. It is played all the same, as far as marks and positions go.
    pub(super) outbound: bool,
}

impl Leg {
    /// Plays a clip, in the place of the one that is played.
    pub(super) fn play(&mut self, order: PlayOrder, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        self.finish_play(Reason::Replaced, notices)?;
        let play_id = order.play_id.clone();
        let mut player = Player::new(order);
        if self.bot.as_ref().is_some_and(BotLink::is_draining) {
            // It was asked for before the end was: it is played, but not for ever.
            player.finish_round();
        }
        notices.push(Notice::PlayStarted(player.started()));
        self.player = Some(player);
        self.tell_bot(PlayReport { state: PlayState::Started, play_id, reason: None, played_ms: 0 })
    }

    pub(super) fn stop_play(&mut self, play_id: &str, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        if self.player.as_ref().is_some_and(|player| player.id() == play_id) {
            self.finish_play(Reason::Stopped, notices)?;
        }
        Ok(())
    }

    /// A key, or the bot's clear.
    pub(super) fn interrupt(&mut self, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        if self.player.as_ref().is_some_and(Player::is_interruptible) {
            self.finish_play(Reason::Interrupted, notices)?;
        }
        Ok(())
    }

    /// Tells of a clip that has been played to its end.
    pub(super) fn end_played(&mut self, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        if self.player.as_ref().is_some_and(Player::is_over) {
            self.finish_play(Reason::Completed, notices)?;
        }
        Ok(())
    }

    /// The call is over: what was played of it.
    pub(super) fn abandon_play(&mut self) -> Option<PlayEnd> {
        self.player.take().map(|player| player.end(Reason::Ended))
    }

    pub(super) fn mute(&mut self, inbound: bool, outbound: bool) {
        self.muted = Muted { inbound, outbound };
        self.note_deafness();
    }

    /// What is heard while we hold the call, from its beginning, again and again.
    pub(super) fn set_hold_music(&mut self, clip: Option<Arc<Clip>>) {
        self.hold_music = clip.map(Player::music);
    }

    pub(super) fn send_dtmf(&mut self, digits: &str) -> Result<(), Error> {
        if !self.takes_keys() {
            return Err(Error::new(ErrorCode::WrongState, "dtmf_send: the call's media is not settled yet"));
        }
        self.dtmf.queue(digits).map_err(|error| Error::invalid("digits", format!("digits: {error}")))
    }

    /// A key of the caller at the other end of the bridge. Past what can wait it is lost, as with a telephone.
    pub(super) fn relay_key(&mut self, digit: char) {
        if self.takes_keys() {
            let _is_pressed = self.dtmf.queue(digit.encode_utf8(&mut [0; 4]));
        }
    }

    /// What has become of a verb of the bot's.
    pub(super) fn answer_bot(&mut self, is_play: bool, refused: Option<ErrorInfo>) -> Result<(), Gone> {
        let Some(bot) = &mut self.bot else { return Ok(()) };
        if is_play {
            bot.plays_asked = bot.plays_asked.saturating_sub(1);
        }
        refused.map_or(Ok(()), |error| bot.send(&ToBot::Error(error)))
    }

    fn finish_play(&mut self, reason: Reason, notices: &mut Vec<Notice>) -> Result<(), Gone> {
        let Some(player) = self.player.take() else { return Ok(()) };
        let end = player.end(reason);
        notices.push(Notice::PlayFinished(end.clone()));
        self.tell_bot(PlayReport {
            state: PlayState::Finished,
            play_id: end.play_id,
            reason: Some(reason.as_str_name().to_owned()),
            played_ms: end.played_ms.into(),
        })
    }

    fn tell_bot(&mut self, report: PlayReport) -> Result<(), Gone> {
        match &mut self.bot {
            Some(bot) => bot.send(&ToBot::Play(report)),
            None => Ok(()),
        }
    }
}
