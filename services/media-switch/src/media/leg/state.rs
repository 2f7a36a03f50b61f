//! Who hears whom: the caller and the bot, or the caller and another one; and what the bot is told of it.

use voicebot::message::{CallState, CallUpdate, ToBot as BotMessage};

use super::super::bot_socket::Gone;
use super::super::bridge::BridgeEnd;
use super::Leg;

impl Leg {
    /// Whether nobody is to hear what the far end may send.
    fn is_unheard(&self) -> bool {
        self.muted.inbound || self.path.as_ref().is_some_and(|path| path.is_held)
    }

    /// Whether the bot is to hear nothing of it.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_unheard() || self.bridge.is_some()
    }

    /// Something has changed that they depend on.
    pub(in crate::media) fn note_deafness(&mut self) {
        let (is_unheard, is_deaf) = (self.is_unheard(), self.is_deaf());
        if let Some(bot) = &mut self.bot {
            bot.is_deaf = is_deaf;
        }
        if let Some(to_other) = self.path.as_mut().and_then(|path| path.to_bot.other_mut()) {
            to_other.is_deaf = is_unheard;
        }
    }

    /// What the bot is told of the call.
    fn state(&self) -> CallState {
        match &self.path {
            Some(path) if !path.is_open() => CallState::Hold,
            _ if self.bridge.is_some() => CallState::Bridged,
            _ => CallState::Answered,
        }
    }

    /// Tells the bot, if that has changed.
    pub(super) fn tell_state(&mut self) -> Result<(), Gone> {
        let state = self.state();
        if self.audio_since.is_none() || self.told_state == Some(state) {
            return Ok(());
        }
        self.told_state = Some(state);
        match &mut self.bot {
            Some(bot) => bot.send(&BotMessage::Call(CallUpdate { state, cause: None })),
            None => Ok(()),
        }
    }

    /// Audio flows from here on, whatever else there is to be told.
    pub(super) fn tell_answered(&mut self) -> Result<(), Gone> {
        self.told_state = Some(CallState::Answered);
        if let Some(bot) = &mut self.bot {
            bot.send(&BotMessage::Call(CallUpdate { state: CallState::Answered, cause: None }))?;
        }
        self.tell_state()
    }

    /// The caller hears another one, in the bot's place.
    pub(in crate::media) fn bridge(&mut self, end: BridgeEnd) -> Result<(), Gone> {
        let Some(path) = &mut self.path else { return Ok(()) };
        let (to_other, from_other) = end.split(path.to_bot.coding().line());
        path.to_bot.bridge(Some(to_other));
        self.bridge = Some(from_other);
        self.note_deafness();
        self.tell_state()
    }

    /// The caller has the bot again, which hears nothing of what was said meanwhile, whenever it comes.
    pub(in crate::media) fn unbridge(&mut self) -> Result<(), Gone> {
        if self.bridge.take().is_none() {
            return Ok(());
        }
        if let Some(path) = &mut self.path {
            path.to_bot.bridge(None);
            path.to_bot.forget_past();
        }
        self.note_deafness();
        self.tell_state()
    }
}
