//! The replication state of one table's rows, beside the values that SQLite holds.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::capture::Changed;
use super::codec::OpBody;
use super::digest::{BUCKETS, bucket_of, hash64};
use super::hlc::Stamp;
use super::ids::Epoch;
use super::key::Key;
use super::merge::Slot;
use super::schema::{Merge, Table};
use super::show::Row;
use super::store::{Store, StoreError};
use super::tally::{Share, Special, Tally, without_shares};
use super::value::Value;
use super::visible::{RowState, visible};

/// One bucket of rows.
#[derive(Debug)]
pub struct Bucket {
    /// Sum of the live rows' parts.
    pub digest: u64,
    /// Sum of the deletions' parts.
    pub deaths: u64,
    rows: HashMap<Key, RowState, FixedState>,
}

/// A table's rows.
#[derive(Debug)]
pub struct TableState {
    buckets: Vec<Bucket>,
    /// What was added to rows' counters since they were inserted.
    tallies: HashMap<Key, Tally, FixedState>,
    digest: u64,
    live: usize,
    pending_bytes: usize,
}

/// What a merge did to the visible table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Nothing.
    Same,
    /// A row appeared.
    Inserted,
    /// A row is another.
    Updated,
    /// A row is gone.
    Deleted,
}

impl TableState {
    /// No rows. The seed keeps senders from choosing keys that collide in the hash maps.
    pub fn new(seed: u64) -> Self {
        let bucket = |_| Bucket { digest: 0, deaths: 0, rows: HashMap::with_hasher(FixedState::with_seed(seed)) };
        let tallies = HashMap::with_hasher(FixedState::with_seed(seed));
        Self { buckets: (0..BUCKETS).map(bucket).collect(), tallies, digest: 0, live: 0, pending_bytes: 0 }
    }

    /// Sum of all live rows' parts.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Visible rows.
    pub fn live(&self) -> usize {
        self.live
    }

    /// Bytes of updates that wait for their incarnation.
    pub fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// The buckets' digests: of rows, and of deletions.
    pub fn bucket_digests(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.buckets.iter().map(|bucket| (bucket.digest, bucket.deaths))
    }

    /// A row's state.
    pub fn get(&self, key: &[u8]) -> Option<&RowState> {
        self.buckets.get(bucket_of(hash64(key, 0)))?.rows.get(key)
    }

    /// A row's part of its bucket's digest.
    pub fn part(&self, key: &[u8]) -> u64 {
        let hash = hash64(key, 0);
        let tally = self.tallies.get(key).map_or(0, |tally| tally.digest(hash));
        self.get(key).map_or(0, |state| state.digest(hash)).wrapping_add(tally)
    }

    /// What was added to a row's counters.
    pub fn tally(&self, key: &[u8]) -> Option<&Tally> {
        self.tallies.get(key)
    }

    /// A row's values as they travel: counters as they were at its birth.
    pub fn at_birth(&self, table: &Table, key: &[u8], mut values: Vec<Value>) -> Vec<Value> {
        if let Some(tally) = self.tallies.get(key) {
            without_shares(table, &mut values, tally);
        }
        values
    }

    /// Replaces what was added to a row's counters, keeping digests.
    fn set_tally(&mut self, key: &[u8], before: u64, tally: Tally) {
        let hash = hash64(key, 0);
        let delta = tally.digest(hash).wrapping_sub(before);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(hash)) {
            bucket.digest = bucket.digest.wrapping_add(delta);
            self.digest = self.digest.wrapping_add(delta);
        }
        if !tally.is_empty() {
            self.tallies.insert(key.into(), tally);
        }
    }

    fn take_tally(&mut self, key: &[u8]) -> (u64, Tally) {
        let tally = if self.tallies.is_empty() { None } else { self.tallies.remove(key) };
        let tally = tally.unwrap_or_default();
        (tally.digest(hash64(key, 0)), tally)
    }

    fn drop_tally(&mut self, key: &[u8]) {
        let (before, tally) = self.take_tally(key);
        if !tally.is_empty() {
            self.set_tally(key, before, Tally::default());
        }
    }

    /// A bucket's keys above `after`, ascending.
    pub fn keys(&self, bucket: usize, after: Option<&[u8]>) -> Vec<&Key> {
        let rows = self.buckets.get(bucket).into_iter().flat_map(|bucket| bucket.rows.keys());
        let mut keys: Vec<_> = rows.filter(|key| after.is_none_or(|after| &***key > after)).collect();
        keys.sort_unstable();
        keys
    }

    /// Replaces a row's state by what `change` makes of it, keeping digests and counts.
    fn edit<R>(&mut self, key: &[u8], change: impl FnOnce(Option<RowState>) -> (Option<RowState>, R)) -> Option<R> {
        let hash = hash64(key, 0);
        let bucket = self.buckets.get_mut(bucket_of(hash))?;
        let (delta, visible_before, visible_after, result);
        let (mut deaths_before, mut deaths_after) = (0_u64, 0_u64);
        let (mut pending_before, mut pending_after) = (0, 0);
        if let Some(state) = bucket.rows.get_mut(key) {
            let before = state.digest(hash);
            deaths_before = state.death_digest(hash);
            visible_before = state.visible().is_some();
            pending_before = state.pending_bytes();
            let old = std::mem::replace(state, RowState::Dead { death: Stamp::NEVER, seen_s: 0 });
            let (new, r) = change(Some(old));
            result = r;
            match new {
                Some(new) => {
                    delta = new.digest(hash).wrapping_sub(before);
                    deaths_after = new.death_digest(hash);
                    visible_after = new.visible().is_some();
                    pending_after = new.pending_bytes();
                    *state = new;
                }
                None => {
                    delta = 0_u64.wrapping_sub(before);
                    visible_after = false;
                    bucket.rows.remove(key);
                }
            }
        } else {
            visible_before = false;
            let (new, r) = change(None);
            result = r;
            let Some(new) = new else { return Some(result) };
            delta = new.digest(hash);
            deaths_after = new.death_digest(hash);
            visible_after = new.visible().is_some();
            pending_after = new.pending_bytes();
            bucket.rows.insert(key.into(), new);
        }
        bucket.digest = bucket.digest.wrapping_add(delta);
        bucket.deaths = bucket.deaths.wrapping_add(deaths_after).wrapping_sub(deaths_before);
        self.digest = self.digest.wrapping_add(delta);
        self.live = self.live + usize::from(visible_after) - usize::from(visible_before);
        self.pending_bytes = self.pending_bytes + pending_after - pending_before;
        Some(result)
    }

    /// Joins an operation into a row and makes the table show what it then should.
    pub fn merge(
        &mut self,
        table: &Table,
        index: usize,
        key: &[u8],
        op: &OpBody<'_>,
        now_s: u32,
        store: &mut impl Store,
    ) -> Result<Shown, StoreError> {
        let owner = if table.owned { op.owner() } else { Epoch::NONE };
        let mut special = Special::default();
        let mut tally_before = 0;
        if table.links.merges {
            (tally_before, special.tally) = self.take_tally(key);
            if self.get(key).is_some_and(|state| state.visible().is_some()) {
                special.current = store.row(table, index, key)?.unwrap_or_default();
            }
        }
        let special_ref = &mut special;
        let outcome = self.edit(key, |state| {
            let same_owner = |stamp: &Stamp| !table.owned || stamp.epoch == owner;
            let single = match &state {
                None => true,
                Some(RowState::Live { birth, .. }) => same_owner(birth),
                Some(RowState::Dead { death, .. }) => same_owner(death),
                Some(RowState::Slots(_)) => false,
            };
            if single {
                let mut slot = match state {
                    Some(RowState::Live { birth, clocks }) => Slot { birth, clocks, ..Slot::EMPTY },
                    Some(RowState::Dead { death, seen_s }) => Slot { death, death_seen_s: seen_s, ..Slot::EMPTY },
                    _ => Slot::EMPTY,
                };
                let lived = slot.lives();
                let effect = slot.merge(table, op, now_s, special_ref);
                let shown = Row { table, index, key }.show(op, effect, lived, store);
                let state = (!slot.is_empty()).then(|| RowState::from_slot(owner, slot));
                (state, shown)
            } else {
                let mut slots = state.map(|state| state.into_slots(table.owned)).unwrap_or_default();
                let shown = Row { table, index, key }.merge_among(&mut slots, owner, op, now_s, special_ref, store);
                (RowState::from_slots(slots), shown)
            }
        });
        if table.links.merges {
            let lives = self.get(key).is_some_and(|state| state.visible().is_some());
            self.set_tally(key, tally_before, if lives { special.tally } else { Tally::default() });
        }
        outcome.unwrap_or(Ok(Shown::Same))
    }

    /// Takes note of a local insert; the table shows it already. `before` holds the values of the row of another owner
    /// that it took the place of.
    pub fn inserted_here(&mut self, table: &Table, key: &[u8], birth: Stamp, before: Option<Box<[Value]>>) {
        self.drop_tally(key);
        self.edit(key, |state| {
            if !table.owned {
                return (Some(RowState::Live { birth, clocks: Default::default() }), ());
            }
            let mut slots = state.map(|state| state.into_slots(true)).unwrap_or_default();
            if let Some((owner, slot)) = visible(&slots).and_then(|shown| slots.get_mut(shown))
                && *owner != birth.epoch
            {
                slot.hidden = before;
            }
            slots.retain(|(owner, _)| *owner != birth.epoch);
            slots.push((birth.epoch, Slot { birth, ..Slot::EMPTY }));
            (RowState::from_slots(slots), ())
        });
    }

    /// All that an epoch has added to a counter, with what this change adds.
    pub fn total_with(&self, key: &[u8], changed: &Changed, epoch: Epoch) -> i64 {
        let known = self.tallies.get(key).and_then(|tally| tally.share(changed.column, epoch));
        let (before, after) = (changed.before.as_i64().unwrap_or(0), changed.after.as_i64().unwrap_or(0));
        known.map_or(0, |share| share.total).wrapping_add(after.wrapping_sub(before))
    }

    /// Takes note of a local update of the visible row.
    pub fn updated_here(&mut self, table: &Table, key: &[u8], columns: &[Changed], clock: Stamp) {
        if table.links.merges {
            let counts = columns.iter().filter(|changed| table.merge_of(changed.column) == Merge::Counter);
            let shares: Vec<Share> = counts
                .map(|changed| Share {
                    column: changed.column,
                    epoch: clock.epoch,
                    hlc: clock.hlc,
                    total: self.total_with(key, changed, clock.epoch),
                })
                .collect();
            let (before, mut tally) = self.take_tally(key);
            for share in shares {
                tally.join(share);
            }
            self.set_tally(key, before, tally);
        }
        let numbers = columns.iter().map(|changed| changed.column);
        let columns = numbers.filter(|column| table.merge_of(*column) != Merge::Counter);
        self.edit(key, |state| {
            let state = state.map(|mut state| {
                let clocks = match &mut state {
                    RowState::Live { clocks, .. } => Some(clocks),
                    RowState::Dead { .. } => None,
                    RowState::Slots(slots) => {
                        let shown = visible(slots);
                        shown.and_then(|shown| slots.get_mut(shown)).map(|(_, slot)| &mut slot.clocks)
                    }
                };
                if let Some(clocks) = clocks {
                    columns.for_each(|column| clocks.set(table.clock_index(column), clock));
                }
                state
            });
            (state, ())
        });
    }

    /// Takes note of a local delete of the visible row, and shows the one that was hidden by it, if any.
    pub fn deleted_here(
        &mut self,
        table: &Table,
        index: usize,
        key: &[u8],
        death: Stamp,
        now_s: u32,
        store: &mut impl Store,
    ) -> Result<Shown, StoreError> {
        self.drop_tally(key);
        let outcome = self.edit(key, |state| {
            if !table.owned {
                return (Some(RowState::Dead { death, seen_s: now_s }), Ok(Shown::Same));
            }
            let mut slots = state.map(|state| state.into_slots(true)).unwrap_or_default();
            for (owner, slot) in &mut slots {
                if *owner == death.epoch {
                    *slot = Slot { death, death_seen_s: now_s, ..Slot::EMPTY };
                }
            }
            let revealed = Row { table, index, key }.reveal(&mut slots, store);
            let shown = revealed.map(|revealed| if revealed { Shown::Inserted } else { Shown::Same });
            (RowState::from_slots(slots), shown)
        });
        outcome.unwrap_or(Ok(Shown::Same))
    }

    /// Forgets a row.
    pub fn forget(&mut self, key: &[u8]) {
        self.drop_tally(key);
        self.edit(key, |_| (None, ()));
    }

    /// Forgets a row's deletion if it was learned of before this second, as [`TableState::sweep`] will: rows of one transaction
    /// are forgotten at one moment, wherever their buckets are.
    pub fn forget_death(&mut self, key: &[u8], before_s: u32) {
        if matches!(self.get(key), Some(RowState::Dead { seen_s, .. }) if *seen_s < before_s) {
            self.forget(key);
        }
    }

    /// Keys of rows with a slot of this owner, ascending within each bucket.
    pub fn keys_of_owner(&self, owner: Epoch) -> Vec<Key> {
        let has = |state: &RowState| match state {
            RowState::Live { birth, .. } => birth.epoch == owner,
            RowState::Dead { death, .. } => death.epoch == owner,
            RowState::Slots(slots) => slots.iter().any(|(who, _)| *who == owner),
        };
        let mut keys = Vec::new();
        for bucket in &self.buckets {
            let start = keys.len();
            keys.extend(bucket.rows.iter().filter(|(_, state)| has(state)).map(|(key, _)| key.clone()));
            if let Some(added) = keys.get_mut(start..) {
                added.sort_unstable();
            }
        }
        keys
    }

    /// Forgets an owner's row of this key.
    pub fn end_owner(
        &mut self,
        table: &Table,
        index: usize,
        key: &[u8],
        owner: Epoch,
        store: &mut impl Store,
    ) -> Result<Shown, StoreError> {
        let outcome = self.edit(key, |state| {
            let mut slots = state.map(|state| state.into_slots(true)).unwrap_or_default();
            let was_shown = visible(&slots).and_then(|shown| slots.get(shown)).map(|(who, _)| *who);
            slots.retain(|(who, _)| *who != owner);
            let shown = if was_shown != Some(owner) {
                Ok(Shown::Same)
            } else {
                match (Row { table, index, key }).reveal(&mut slots, store) {
                    Ok(true) => Ok(Shown::Updated),
                    Ok(false) => store.delete(table, index, key).map(|()| Shown::Deleted),
                    Err(error) => Err(error),
                }
            };
            (RowState::from_slots(slots), shown)
        });
        outcome.unwrap_or(Ok(Shown::Same))
    }

    /// Hands an owner's row to the same process's next epoch: a new incarnation with the same values. The table shows the same.
    pub fn rename_owner(&mut self, key: &[u8], owner: Epoch, birth: Stamp) {
        self.edit(key, |state| {
            let mut slots = state.map(|state| state.into_slots(true)).unwrap_or_default();
            for (who, slot) in &mut slots {
                if *who == owner && slot.lives() && slot.hidden.is_none() {
                    *who = birth.epoch;
                    *slot = Slot { birth, ..Slot::EMPTY };
                }
            }
            slots.retain(|(who, _)| *who != owner);
            (RowState::from_slots(slots), ())
        });
    }

    /// Forgets deletions, and updates waiting in vain, learned of before this second, in one bucket.
    pub fn sweep(&mut self, bucket: usize, before_s: u32) {
        let Some(bucket) = self.buckets.get_mut(bucket) else { return };
        let pending_bytes = &mut self.pending_bytes;
        let deaths = &mut bucket.deaths;
        bucket.rows.retain(|key, state| match state {
            RowState::Live { .. } => true,
            RowState::Dead { seen_s, .. } => {
                let keep = *seen_s >= before_s;
                if !keep {
                    *deaths = deaths.wrapping_sub(state.death_digest(hash64(key, 0)));
                }
                keep
            }
            RowState::Slots(_) => {
                let before = state.death_digest(hash64(key, 0));
                *deaths = deaths.wrapping_sub(before);
                let RowState::Slots(slots) = state else { return true };
                *pending_bytes -= slots.iter().map(|(_, slot)| slot.pending_bytes()).sum::<usize>();
                for (_, slot) in slots.iter_mut() {
                    slot.pending.retain(|pending| pending.seen_s >= before_s);
                }
                slots.retain(|(_, slot)| slot.lives() || !slot.pending.is_empty() || slot.death_seen_s >= before_s);
                *pending_bytes += slots.iter().map(|(_, slot)| slot.pending_bytes()).sum::<usize>();
                let keep = !slots.is_empty();
                *deaths = deaths.wrapping_add(state.death_digest(hash64(key, 0)));
                keep
            }
        });
    }

    /// Forgets all updates that wait for their incarnation.
    pub fn drop_pending(&mut self) {
        self.pending_bytes = 0;
        for bucket in &mut self.buckets {
            bucket.rows.retain(|_, state| match state {
                RowState::Live { .. } | RowState::Dead { .. } => true,
                RowState::Slots(slots) => {
                    slots.iter_mut().for_each(|(_, slot)| slot.pending.clear());
                    slots.retain(|(_, slot)| !slot.is_empty());
                    !slots.is_empty()
                }
            });
        }
    }
}
