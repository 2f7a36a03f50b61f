//! How many calls a trunk may have at once, and how many it may be sent a second.
//!
//! Invariants, over all trunk-managers and whichever of them dies: no channel is granted that a call may still have, and of any
//! `max_cps` + 1 calls the first and the last leave at least a second apart. What is granted is written to the trunk's [`Ledger`] by
//! compare-and-swap before it is told, so that two trunk-managers cannot both grant the last channel. What is up is read from the
//! database `calls`, which every trunk-manager follows: [`Lines`].

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::core::object::Key;

/// Longest wait for one's turn. Who would have to wait longer is refused.
pub(crate) const WAIT_MAX_MS: i64 = 1_000;

/// How long after its turn the INVITE may leave the cluster. After that the last hop refuses it.
pub(crate) const SEND_WITHIN_MS: i64 = 100;

/// What an interval between two turns is longer for than the rate asks: an INVITE that leaves at the end of its time must not come
/// within the same second as too many that leave at the beginning of theirs. And a quarter more, for clocks that differ and networks.
const MARGIN_MS: i64 = SEND_WITHIN_MS + SEND_WITHIN_MS / 4;

/// How long the channel of a call that has ended is kept: its BYE is on the way, and may be lost once.
pub(crate) const LINGER_MS: i64 = 1_000;

/// How long the channel of a call is kept whose switch has died. The trunk does not know yet that there is nobody any more.
pub(crate) const LOST_MS: i64 = 30_000;

/// How long a channel is kept for a call that never shows in `calls`.
pub(crate) const BEGIN_MAX_MS: i64 = 10_000;

/// Longest time that something granted can be in a ledger: a call that has ended is remembered for so long.
const GRANTED_MAX_MS: i64 = WAIT_MAX_MS + BEGIN_MAX_MS;

/// The limits of one trunk; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) channels: u32,
    pub(crate) cps: u32,
}

impl Limits {
    pub(crate) fn are_none(self) -> bool {
        self.channels == 0 && self.cps == 0
    }

    fn interval_us(self) -> i64 {
        match self.cps {
            0 => 0,
            cps => ((1_000 + MARGIN_MS) * 1_000).div_euclid(i64::from(cps)) + 1,
        }
    }
}

/// What has been granted on one trunk: what must outlive the trunk-manager that granted it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// When it is the next call's turn, µs since 1970.
    #[serde(default)]
    next_us: i64,
    /// Calls that were granted a channel lately, and when it was their turn, ms since 1970.
    #[serde(default)]
    granted: BTreeMap<String, i64>,
}

/// Why nothing was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// All channels are taken.
    Channels,
    /// Too many are waiting for their turn. In so many ms it is worth asking again.
    Rate { retry_after_ms: u32 },
}

impl Ledger {
    /// Grants a call a channel and a turn: the ledger as it is then, and when it is its turn, ms since 1970.
    pub(crate) fn grant(
        &self,
        limits: Limits,
        lines: &Lines,
        trunk: &Key,
        call_id: &str,
        now_ms: i64,
    ) -> Result<(Self, i64), Refused> {
        if limits.channels > 0 && lines.taken(trunk, self, now_ms) >= limits.channels as usize {
            return Err(Refused::Channels);
        }
        let (now_us, wait_max_us) = (now_ms * 1_000, WAIT_MAX_MS * 1_000);
        let interval_us = limits.interval_us();
        // Nobody writes a later turn than this; a clock that was ahead may have. Even then a whole interval is waited.
        let turn_us = self.next_us.min(now_us + wait_max_us + interval_us).max(now_us);
        if interval_us > 0 && turn_us > now_us + wait_max_us {
            let retry_after_ms = (turn_us - now_us - wait_max_us).div_euclid(1_000) + 1;
            return Err(Refused::Rate { retry_after_ms: u32::try_from(retry_after_ms).unwrap_or(u32::MAX) });
        }
        let turn_us = if interval_us > 0 { turn_us } else { now_us };
        // Up, so that it is never a fraction too early.
        let turn_ms = (turn_us + 999).div_euclid(1_000);
        let mut next = self.clone();
        next.next_us = turn_us + interval_us;
        next.granted.retain(|call_id, at_ms| *at_ms + BEGIN_MAX_MS > now_ms && !lines.is_over(call_id, now_ms));
        if limits.channels > 0 {
            next.granted.insert(call_id.to_owned(), turn_ms);
        }
        Ok((next, turn_ms))
    }
}

/// How a call came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Its switch has ended it.
    Ended,
    /// Its switch is not there any more.
    Lost,
    /// It has never been begun: no switch has taken it.
    NotBegun,
}

#[derive(Debug, Clone, Copy)]
struct Over {
    /// Its channel is kept until then.
    held_until_ms: i64,
    /// What was granted may be in a ledger until then.
    forget_at_ms: i64,
}

/// The calls of every trunk, as `calls` has them, and those that have ended lately.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    trunks: BTreeMap<Key, BTreeSet<String>>,
    of_call: BTreeMap<String, Key>,
    over: BTreeMap<String, (Key, Over)>,
}

impl Lines {
    /// A call is there.
    pub(crate) fn up(&mut self, call_id: &str, trunk: Key) {
        self.over.remove(call_id);
        match self.of_call.entry(call_id.to_owned()) {
            Entry::Occupied(known) if *known.get() == trunk => return,
            Entry::Occupied(mut known) => {
                let before = known.insert(trunk.clone());
                take_out(&mut self.trunks, &before, call_id);
            }
            Entry::Vacant(place) => {
                place.insert(trunk.clone());
            }
        }
        self.trunks.entry(trunk).or_default().insert(call_id.to_owned());
    }

    /// A call that was there is not any more.
    pub(crate) fn gone(&mut self, call_id: &str, how: Gone, now_ms: i64) {
        let Some(trunk) = self.of_call.remove(call_id) else { return };
        take_out(&mut self.trunks, &trunk, call_id);
        self.note_over(call_id, trunk, how, now_ms);
    }

    /// A call that was granted a channel is not begun. One that is there stays.
    pub(crate) fn not_begun(&mut self, call_id: &str, trunk: Key, now_ms: i64) {
        if !self.of_call.contains_key(call_id) && !self.over.contains_key(call_id) {
            self.note_over(call_id, trunk, Gone::NotBegun, now_ms);
        }
    }

    fn note_over(&mut self, call_id: &str, trunk: Key, how: Gone, now_ms: i64) {
        let held_ms = match how {
            Gone::Ended => LINGER_MS,
            Gone::Lost => LOST_MS,
            Gone::NotBegun => 0,
        };
        let over = Over { held_until_ms: now_ms + held_ms, forget_at_ms: now_ms + held_ms.max(GRANTED_MAX_MS) };
        self.over.insert(call_id.to_owned(), (trunk, over));
    }

    /// All calls that there are, after changes were missed.
    pub(crate) fn set(&mut self, calls: impl Iterator<Item = (String, Key)>, now_ms: i64) {
        let mut missing: BTreeSet<String> = self.of_call.keys().cloned().collect();
        for (call_id, trunk) in calls {
            missing.remove(&call_id);
            self.up(&call_id, trunk);
        }
        for call_id in missing {
            // Nobody saw how: the worse is assumed.
            self.gone(&call_id, Gone::Lost, now_ms);
        }
    }

    /// Forgets what is over for good.
    pub(crate) fn forget(&mut self, now_ms: i64) {
        self.over.retain(|_, (_, over)| over.forget_at_ms > now_ms);
    }

    /// Whether a call has been there, and its channel is free again.
    fn is_over(&self, call_id: &str, now_ms: i64) -> bool {
        self.over.get(call_id).is_some_and(|(_, over)| over.held_until_ms <= now_ms)
    }

    /// Channels of a trunk that are taken: by calls, by those that have just ended, and by those that are about to begin.
    fn taken(&self, trunk: &Key, ledger: &Ledger, now_ms: i64) -> usize {
        let up = self.trunks.get(trunk);
        let parting = self.over.values().filter(|(of, over)| of == trunk && over.held_until_ms > now_ms).count();
        let about_to_begin = ledger.granted.iter().filter(|(call_id, at_ms)| {
            **at_ms + BEGIN_MAX_MS > now_ms
                && !self.over.contains_key(*call_id)
                && !up.is_some_and(|up| up.contains(*call_id))
        });
        up.map_or(0, BTreeSet::len) + parting + about_to_begin.count()
    }
}

fn take_out(trunks: &mut BTreeMap<Key, BTreeSet<String>>, trunk: &Key, call_id: &str) {
    if let Some(calls) = trunks.get_mut(trunk) {
        calls.remove(call_id);
        if calls.is_empty() {
            trunks.remove(trunk);
        }
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
