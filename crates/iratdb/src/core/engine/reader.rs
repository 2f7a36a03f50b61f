//! What is different in a process that may only read. Nobody takes frames, rows or the ends of others from it, so it can't
//! end an epoch for all, and can't hand on what the writers have lost.

use std::sync::Arc;

use super::{Engine, Made, Maker, Now, Phase};
use crate::core::codec::{Body, BucketSet, Message, OpReader};
use crate::core::constraint::Constrained;
use crate::core::engine::receive::Source;
use crate::core::ids::Epoch;
use crate::core::key::Key;
use crate::core::lease::{MEMBERS_MAX, Members};
use crate::core::snapshot::Place;
use crate::core::store::{Store, StoreError};
use crate::core::table::{Shown, TableState};

/// What is silent for so many leases is over, even if no writer says so.
const LONG_LEASES: u64 = 3;

impl Engine {
    /// Epochs to end here only. If no writer is left that would end them for all, all that are silent: the database is gone
    /// then; what is not owned stays to be looked at, until a writer is there again. Otherwise those that are silent for so
    /// long that the writers must have ended them, or have never known them.
    pub(super) fn left_alone(&mut self, now: Now) -> Vec<Epoch> {
        let alone = self.members.live_writers().next().is_none();
        let long_ago_ms = now.mono_ms.saturating_sub(LONG_LEASES * self.config.lease_ms);
        let mut gone = Vec::new();
        for epoch in self.members.suspects().to_vec() {
            let Some(member) = self.members.get(epoch) else { continue };
            let long_silent = member.heard_at_ms <= long_ago_ms;
            match member.reader {
                false if alone || long_silent => gone.push(epoch),
                true if long_silent => self.members.forget(epoch),
                _ => {}
            }
        }
        self.orphaned |= alone && self.phase == Phase::Ready;
        self.given_up.extend(&gone);
        while self.given_up.len() > MEMBERS_MAX {
            self.given_up.pop_first();
        }
        gone
    }

    /// Whether one speaks that was ended here only, or the first writer after all were gone.
    pub(super) fn must_start_over(&self, message: &Message<'_>) -> bool {
        match message.body {
            Body::Heartbeat { ready, reader: false, .. } if self.config.read_only => {
                let alone = self.phase == Phase::Ready && self.members.live_writers().next().is_none();
                ((self.orphaned || alone) && ready) || self.given_up.contains(&message.header.epoch)
            }
            _ => false,
        }
    }

    /// Forgets everything, and joins again.
    pub(super) fn start_over(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        for index in 0..self.tables.len() {
            for (_, key) in self.all_keys(index) {
                self.forget_row(index, &key, store)?;
            }
        }
        self.settle_constraints(store)?;
        let hash_seed = self.random.next_nonzero();
        self.tables.iter_mut().for_each(|table| *table = TableState::new(hash_seed));
        self.streams.clear();
        self.members = Members::default();
        (self.session, self.resync_with, self.settling) = (None, None, None);
        (self.orphaned, self.yielding) = (false, false);
        self.given_up.clear();
        self.phase = Phase::Listening { until_ms: now.mono_ms + self.config.alone_after_ms, hello_at_ms: now.mono_ms };
        Ok(())
    }

    fn all_keys(&self, index: usize) -> Vec<(usize, Key)> {
        let Some(state) = self.tables.get(index) else { return Vec::new() };
        let buckets = 0..crate::core::digest::BUCKETS;
        buckets.flat_map(|bucket| state.keys(bucket, None)).map(|key| (index, key.clone())).collect()
    }

    /// Forgets a row and shows it no more. [`Engine::settle_constraints`] is to follow.
    fn forget_row(&mut self, index: usize, key: &[u8], store: &mut impl Store) -> Result<(), StoreError> {
        let schema = Arc::clone(&self.config.schema);
        let (Some(table), Some(state)) = (schema.tables.get(index), self.tables.get_mut(index)) else {
            return Ok(());
        };
        let lived = state.get(key).is_some_and(|row| row.visible().is_some());
        state.forget(key);
        if !lived {
            return Ok(());
        }
        Constrained::new(&schema, &mut self.constraints, store).delete(table, index, key)?;
        if table.links.constrained {
            return Ok(());
        }
        // No write did it.
        let made = Made { hlc: 0, maker: Maker::Elsewhere(None, "".into()) };
        self.note(index, key, Shown::Deleted, made, store)
    }

    /// Both were at rest and differ, and this one can't send what it has more: so the donor's rows count.
    pub(super) fn give_up_what_it_lacks(
        &mut self,
        now: Now,
        wanted: &[(u8, BucketSet)],
        from: &Place,
        to: Option<&Place>,
        states: &[u8],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        if !self.yielding {
            return Ok(());
        }
        let lacking = self.what_it_lacks(wanted, from, to, states);
        if lacking.is_empty() {
            return Ok(());
        }
        for (table, key) in lacking {
            self.forget_row(table, &key, store)?;
        }
        self.apply(now, OpReader::states(states), Source::States, store).map(drop)
    }
}
