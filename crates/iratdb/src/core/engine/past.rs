//! When deletions can be forgotten before their time: when all live members are past them.
//!
//! From time to time a *checkpoint* is taken of the frames that are here. A member is past it when it shows them all, and when what it
//! had written before that is here, too: what it writes later, it writes knowing of the deletions. When all members are past
//! it, nobody has an older change to a row whose deletion was known here at the checkpoint.
//!
//! Nobody but who was cut off: so deletions are kept their whole time while one that was may still be there.

use std::collections::BTreeMap;

use super::{Engine, Now, Phase};
use crate::core::ids::Epoch;
use crate::core::schema::Table;

/// Deletions in owned tables matter only while a member can be late with what was before: so many leases.
const OWNED_TOMBSTONE_LEASES: u64 = 30;

/// Deletions that count no more: those learned of before these seconds of this process. They are swept a part at a time, but
/// count no more all at once: a transaction that deleted several rows must not be forgotten in part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Forgotten {
    shared_s: u32,
    owned_s: u32,
}

impl Forgotten {
    /// What is forgotten stays forgotten.
    pub(super) fn and(self, more: Self) -> Self {
        Self { shared_s: self.shared_s.max(more.shared_s), owned_s: self.owned_s.max(more.owned_s) }
    }

    pub(super) fn before_s(self, table: &Table) -> u32 {
        if table.owned { self.owned_s } else { self.shared_s }
    }
}

/// The present checkpoint, and what came of those before.
#[derive(Debug, Default)]
pub(super) struct Past {
    checkpoint: Option<Checkpoint>,
    /// All live members are past deletions learned of before this second.
    stable_s: u32,
    /// When a member, or this process, was last cut off.
    cut_off_ms: Option<u64>,
}

#[derive(Debug)]
struct Checkpoint {
    at_s: u32,
    frames: BTreeMap<Epoch, u64>,
    /// Members that show all of that, and the last frame that each had sent when it said so.
    members: BTreeMap<Epoch, u64>,
}

impl Engine {
    /// A member, or this process, may have missed something, and be back later.
    pub(super) fn note_cut_off(&mut self, now_ms: u64) {
        self.past.cut_off_ms = Some(now_ms);
        self.past.checkpoint = None;
    }

    /// Which deletions need not be kept.
    pub(super) fn forgettable(&self, now: Now) -> Forgotten {
        let since = |keep_ms: u64| now.seconds().saturating_sub((keep_ms / 1000) as u32);
        let keep_ms = self.config.tombstone_keep_ms;
        let cut_off = self.past.cut_off_ms.is_some_and(|at_ms| now.mono_ms < at_ms + keep_ms);
        Forgotten {
            shared_s: if cut_off { since(keep_ms) } else { since(keep_ms).max(self.past.stable_s) },
            owned_s: since(OWNED_TOMBSTONE_LEASES * self.config.lease_ms).max(since(keep_ms)),
        }
    }

    /// A member has said how far it is. `flushed` if its frames up to `sequence` hold all that it had written.
    pub(super) fn note_past(&mut self, epoch: Epoch, sequence: u64, flushed: bool) {
        let (Some(checkpoint), Some(member)) = (&mut self.past.checkpoint, self.members.get(epoch)) else { return };
        let shows = |(of, sequence): (&Epoch, &u64)| {
            *of == epoch || member.settled.get(of).is_some_and(|settled| settled >= sequence)
        };
        if flushed && checkpoint.frames.iter().all(shows) {
            checkpoint.members.entry(epoch).or_insert(sequence);
        }
    }

    /// Looks whether all are past the checkpoint, and takes the next.
    pub(super) fn past_tick(&mut self, now: Now) {
        if self.phase != Phase::Ready || self.session.is_some() {
            return;
        }
        let Some(checkpoint) = &self.past.checkpoint else {
            if self.log.is_flushed() && self.held.is_empty() {
                let tops = self.streams.iter().map(|(epoch, stream)| (*epoch, stream.top()));
                let frames = tops.chain([(self.epoch, self.log.sequence())]).filter(|(_, sequence)| *sequence > 0);
                let (at_s, frames) = (now.seconds(), frames.collect());
                self.past.checkpoint = Some(Checkpoint { at_s, frames, members: BTreeMap::new() });
            }
            return;
        };
        let is_past = |epoch: Epoch| {
            let sent = checkpoint.members.get(&epoch);
            sent.is_some_and(|sent| self.streams.get(&epoch).map_or(0, |stream| stream.settled()) >= *sent)
        };
        if self.members.iter().all(|(epoch, member)| member.ready && is_past(epoch)) {
            self.past.stable_s = checkpoint.at_s;
            self.past.checkpoint = None;
        }
    }
}
