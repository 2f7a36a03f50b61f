//! Bridges: the callers of two calls of this switch hear each other.

use botstream_api::call_unbridged::Reason;
use botstream_api::dtmf_digit::Source;
use botstream_api::{BridgeReply, CallId, DtmfDigit, Error, ErrorCode, UnbridgeReply};

use super::Switchboard;
use crate::core::call::Input;
use crate::media::{BridgeEnd, Command};

impl Switchboard {
    /// `call.bridge`.
    pub(super) async fn bridge(&mut self, tenant: &str, key: usize, other: &CallId) -> Result<BridgeReply, Error> {
        let other_key = self.find(tenant, other).map_err(|error| error.field("other_call_id"))?;
        if key == other_key {
            return Err(Error::invalid("other_call_id", "other_call_id = call_id; a call is bridged with another one"));
        }
        let of_other = |error: Error| Error::new(error.code, format!("{}: {other}", error.message));
        let one_hz = self.free_for_bridge(key)?;
        let other_hz = self.free_for_bridge(other_key).map_err(of_other)?;
        self.join([(key, one_hz), (other_key, other_hz)]).await;
        let call_id = self.calls.get(key).map(|active| active.id.to_string()).unwrap_or_default();
        Ok(BridgeReply { call_id, other_call_id: other.to_string() })
    }

    /// Whether a call can be bridged; the sample rate of its codec.
    pub(super) fn free_for_bridge(&self, key: usize) -> Result<u32, Error> {
        self.answered(key, "bridge")?;
        let wrong = |why: &str| Error::new(ErrorCode::WrongState, format!("bridge: {why}"));
        let active = self.calls.get(key).ok_or_else(|| Error::internal("the call is gone"))?;
        if let Some(other) = &active.doings.bridge {
            return Err(wrong(&format!("the call is bridged with {other} already")));
        }
        let rate_hz = active.sdp.rate_hz().filter(|_| active.call.has_audio());
        rate_hz.ok_or_else(|| wrong("the call's audio does not flow yet"))
    }

    /// Bridges two calls that are free for it.
    pub(super) async fn join(&mut self, calls: [(usize, u32); 2]) {
        let [(one, one_hz), (other, other_hz)] = calls;
        let ids = [one, other].map(|key| self.calls.get(key).map(|active| active.id.clone()));
        let [Some(one_id), Some(other_id)] = ids else { return };
        let [one_end, other_end] = BridgeEnd::pair([one_hz, other_hz]);
        for (key, partner) in [(one, &other_id), (other, &one_id)] {
            if let Some(active) = self.calls.get_mut(key) {
                active.doings.bridge = Some(partner.clone());
            }
        }
        for (key, end, partner) in [(one, one_end, other_id), (other, other_end, one_id)] {
            // The first may have ended over it, and released the second.
            if self.calls.get(key).and_then(|active| active.doings.bridge.as_ref()) != Some(&partner) {
                continue;
            }
            self.feed(key, Input::Bridged { other_call_id: partner.to_string() }).await;
            self.order(key, Command::Bridge(Box::new(end))).await;
        }
    }

    /// `call.unbridge`.
    pub(super) async fn unbridge(&mut self, key: usize) -> Result<UnbridgeReply, Error> {
        let active = self.calls.get_mut(key).ok_or_else(|| Error::internal("the call is gone"))?;
        let call_id = active.id.to_string();
        let Some(other) = active.doings.bridge.take() else {
            return Err(Error::new(ErrorCode::WrongState, "unbridge: the call is in no bridge"));
        };
        self.order(key, Command::Unbridge).await;
        self.feed(key, Input::Unbridged { reason: Reason::Unbridged }).await;
        self.release(&other, Reason::Unbridged).await;
        Ok(UnbridgeReply { call_id, other_call_id: other.to_string() })
    }

    /// A call that is in a bridge ends.
    pub(super) async fn leave_bridge(&mut self, key: usize) {
        if let Some(other) = self.calls.get_mut(key).and_then(|active| active.doings.bridge.take()) {
            self.release(&other, Reason::OtherEnded).await;
        }
    }

    /// Gives a call of a bridge its bot back.
    async fn release(&mut self, call_id: &CallId, reason: Reason) {
        let Some(&key) = self.by_id.get(call_id) else { return };
        if self.calls.get_mut(key).and_then(|active| active.doings.bridge.take()).is_some() {
            self.order(key, Command::Unbridge).await;
            // What is told of one call may end another.
            Box::pin(self.feed(key, Input::Unbridged { reason })).await;
        }
    }

    /// A key that the caller presses is pressed at the other end of the bridge, too. Tones get there by themselves.
    pub(super) async fn relay_key(&mut self, key: usize, pressed: &DtmfDigit) {
        let other = self.calls.get(key).and_then(|active| active.doings.bridge.as_ref());
        let other = other.and_then(|other| self.by_id.get(other)).copied();
        if let (Some(other), Some(digit)) = (other, pressed.digit.chars().next())
            && pressed.source() != Source::Inband
        {
            self.order(other, Command::RelayKey(digit)).await;
        }
    }
}
