//! What is different in a process that may only read. Nobody takes frames, rows or the ends of others from it, so it can't
//! end an epoch for all, and can't hand on what the writers have lost.

use std::sync::Arc;

use super::held::HeldBack;
use super::past::Past;
use super::{Engine, Made, Maker, Now, Phase};
use crate::core::codec::{Body, Message};
use crate::core::constraint::Constrained;
use crate::core::digest::BUCKETS;
use crate::core::ids::Epoch;
use crate::core::key::Key;
use crate::core::lease::{MEMBERS_MAX, Members};
use crate::core::snapshot::{Place, Session, buckets_from, parts_of};
use crate::core::store::{Store, StoreError};
use crate::core::table::Shown;

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
            if alone || member.heard_at_ms <= long_ago_ms {
                gone.push(epoch);
            }
        }
        self.orphaned |= alone && self.phase == Phase::Ready;
        self.given_up.extend(&gone);
        while self.given_up.len() > MEMBERS_MAX {
            self.given_up.pop_first();
        }
        gone
    }

    /// Whether one speaks that was ended here only, or the first writer after all were gone; or one whose end all have forgotten but
    /// this process: another would have reminded it, and it would be another epoch by now.
    pub(super) fn must_start_over(&mut self, now: Now, message: &Message<'_>) -> bool {
        let (Body::Heartbeat { ready, .. }, epoch) = (&message.body, message.header.epoch) else { return false };
        if !self.config.reader || epoch.is_readers() {
            return false;
        }
        let alone = self.phase == Phase::Ready && self.members.live_writers().next().is_none();
        let outlived = self.members.heard_after_its_end(epoch, now.mono_ms);
        ((self.orphaned || alone) && *ready)
            || self.given_up.contains(&epoch)
            || outlived.is_some_and(|since_ms| now.mono_ms >= since_ms + self.config.lease_ms)
    }

    /// Joins again, as if it had nothing. What it shows goes when the rows of the others are here, all at once.
    pub(super) fn start_over(&mut self, now: Now) {
        self.stale = Some((0..self.tables.len()).flat_map(|index| self.all_keys(index)).collect());
        self.streams.clear();
        self.members = Members::default();
        self.held = HeldBack::default();
        self.past = Past::default();
        self.wanted.clear();
        (self.session, self.resync_with, self.yield_to) = (None, None, None);
        self.orphaned = false;
        self.given_up.clear();
        self.version += 1;
        self.phase = Phase::Listening { until_ms: now.mono_ms + self.config.alone_after_ms, hello_at_ms: now.mono_ms };
    }

    fn all_keys(&self, table: usize) -> Vec<(usize, Key)> {
        (0..BUCKETS).flat_map(|bucket| self.keys_of(table, bucket)).collect()
    }

    fn keys_of(&self, table: usize, bucket: usize) -> Vec<(usize, Key)> {
        let Some(state) = self.tables.get(table) else { return Vec::new() };
        state.keys(bucket, None).into_iter().map(|key| (table, key.clone())).collect()
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

    /// A row is lost here, as if by a bug.
    #[cfg(test)]
    pub(crate) fn lose_for_tests(&mut self, table: usize, key: &[u8], store: &mut impl Store) {
        self.forget_row(table, key, store).unwrap();
        self.settle_constraints(store).unwrap();
    }

    /// The rows of a donor are here and are about to be shown. Forgets what they are to replace: what is left of a database that
    /// is gone; or, if both were at rest and differ, what this one has more, because it can't send it.
    pub(super) fn give_up_what_it_lacks(
        &mut self,
        session: &Session,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let at_rest = session.our_state == self.state();
        let yields = self.yield_to.take_if(|donor| *donor == session.donor).is_some() && at_rest;
        let ours = match self.stale.take() {
            Some(stale) => stale,
            None if yields => {
                let rows =
                    buckets_from(&session.wanted, &Place::default()).into_iter().filter(|(_, _, deaths)| !deaths);
                rows.flat_map(|(table, bucket, _)| self.keys_of(usize::from(table), usize::from(bucket))).collect()
            }
            None => return Ok(()),
        };
        let owned = |table: usize| self.config.schema.tables.get(table).is_some_and(|table| table.owned);
        let theirs = parts_of(&session.rows, |epoch| self.members.is_ended(epoch), owned);
        let mut gave_up = false;
        for (table, key) in ours {
            let part = self.tables.get(table).map_or(0, |state| state.part(&key));
            let row = (table, key);
            if part != theirs.get(&row).copied().unwrap_or(0) {
                self.forget_row(row.0, &row.1, store)?;
                gave_up = true;
            }
        }
        if gave_up && yields {
            // What went was of frames that the donor does not have. If their writer is back one day, they have to be had again.
            for (epoch, stream) in &mut self.streams {
                if stream.top() > session.start.settled(*epoch) {
                    stream.dropped();
                }
            }
        }
        Ok(())
    }
}
