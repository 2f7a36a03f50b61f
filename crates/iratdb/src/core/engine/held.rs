//! What has arrived and can't be shown yet: transactions that update rows whose insertion has not arrived, and batches of rows that
//! show parts of transactions that have not. A batch, and an update that carries more than its own transaction did (a counter's total, all
//! columns of a row that wins as a whole), also waits its turn among its sender's frames.
//!
//! Shown at once, they would show others in part. What they wait for is on its way, or a resync brings it.
//!
//! A process that shows what is left of a database that is gone holds everything back until the rows of the next are here.

use super::receive::Source;
use super::{Engine, Now, Phase};
use crate::core::codec::{Op, OpBody, OpReader, read_batch};
use crate::core::hlc::Stamp;
use crate::core::ids::Epoch;
use crate::core::schema::Merge;
use crate::core::snapshot::Cut;
use crate::core::store::{Store, StoreError};
use crate::core::visible::RowState;

/// After so long a resync is to bring what is waited for; doubles with each that does not. What nobody has any more, because all who had it
/// are dead, never comes: then what waits for it is forgotten with its epoch's frames.
const WAIT_MS: u64 = 1_500;
/// So often it doubles.
const DOUBLINGS_MAX: u32 = 6;
/// What an entry takes beside its bytes, for the limit.
const OVERHEAD_BYTES: usize = 96;

/// Something held back.
#[derive(Debug)]
pub(super) struct Held {
    epoch: Epoch,
    first: u64,
    batch: bool,
    bytes: Vec<u8>,
    until_ms: u64,
    waits: u32,
}

impl Held {
    /// The frames it came with, of which all have arrived: so the first says enough.
    fn frames(&self) -> Frames {
        Frames { epoch: self.epoch, first: self.first, last: self.first }
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct HeldBack {
    all: Vec<Held>,
    bytes: usize,
}

impl HeldBack {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn timeout_ms(&self) -> Option<u64> {
        self.all.iter().map(|held| held.until_ms).min()
    }
}

/// Where something came from: the frames from `first` to `last` of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frames {
    pub(super) epoch: Epoch,
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Engine {
    /// Shows a transaction or a batch, or holds it back.
    pub(super) fn take_in(
        &mut self,
        now: Now,
        from: Frames,
        batch: bool,
        bytes: &[u8],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        if self.stale.is_none() && self.may_show(from.epoch, from.first, batch, bytes, &self.held.all) {
            return self.show(now, from, batch, bytes, store);
        }
        let Some(stream) = self.streams.get_mut(&from.epoch) else { return Ok(()) };
        stream.hold(from.first);
        if self.held.bytes + bytes.len() + OVERHEAD_BYTES > self.config.limits.held_bytes_max {
            stream.drop_held(from.first, from.last);
            return Ok(());
        }
        self.held.bytes += bytes.len() + OVERHEAD_BYTES;
        let Frames { epoch, first, .. } = from;
        let until_ms = now.mono_ms + WAIT_MS;
        self.held.all.push(Held { epoch, first, batch, bytes: bytes.to_vec(), until_ms, waits: 0 });
        Ok(())
    }

    fn show(
        &mut self,
        now: Now,
        from: Frames,
        batch: bool,
        bytes: &[u8],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let (ops, source) = if batch {
            (read_batch(bytes).map(|(_, states)| states), Source::Batch(from))
        } else {
            (OpReader::tx(bytes, from.epoch), Source::Own(from))
        };
        match ops {
            Ok(ops) => self.apply(now, ops, source, store).map(drop),
            Err(_) => {
                self.counters.malformed += 1;
                Ok(())
            }
        }
    }

    /// Whether something that began with the frame `first` can be shown, and show nothing in part. `held` is what is held back and came
    /// before it.
    fn may_show(&self, epoch: Epoch, first: u64, batch: bool, bytes: &[u8], held: &[Held]) -> bool {
        let in_turn = || {
            let same_frame = |held: &Held| held.epoch == epoch && held.first == first;
            self.streams.get(&epoch).is_some_and(|stream| stream.is_next(first)) && !held.iter().any(same_frame)
        };
        if batch {
            if !in_turn() {
                return false;
            }
            let Ok((after, _)) = read_batch(bytes) else { return true };
            return after.iter().all(|tail| {
                let ours = tail.epoch == self.epoch || self.former.contains(&tail.epoch);
                ours || self.streams.get(&tail.epoch).is_some_and(|stream| stream.shown_in_common() >= tail.sequence)
            });
        }
        let Ok(mut ops) = OpReader::tx(bytes, epoch) else { return true };
        let mut carries_more = false;
        while let Ok(Some(op)) = ops.next() {
            if self.waits(&op) {
                return false;
            }
            carries_more |= self.carries_more(&op);
        }
        !carries_more || in_turn()
    }

    /// Whether an operation carries what earlier transactions did, too.
    fn carries_more(&self, op: &Op<'_>) -> bool {
        let (OpBody::Update { columns, .. }, Some(table)) = (&op.body, self.config.schema.tables.get(op.table)) else {
            return false;
        };
        let is_counter = |(column, _)| table.merge_of(column) == Merge::Counter;
        table.row_wise || (table.links.merges && columns.iter().any(is_counter))
    }

    /// Whether an operation updates an incarnation that has not arrived.
    fn waits(&self, op: &Op<'_>) -> bool {
        let OpBody::Update { birth, .. } = op.body else { return false };
        let (Some(table), Some(state)) = (self.config.schema.tables.get(op.table), self.tables.get(op.table)) else {
            return false;
        };
        let owner = if table.owned { birth.epoch } else { Epoch::NONE };
        if table.owned && (owner == self.epoch || self.members.is_ended(owner)) {
            return false;
        }
        let here = |stamp: Stamp| !table.owned || stamp.epoch == owner;
        let latest = match state.get(op.key) {
            Some(RowState::Live { birth, .. }) if here(*birth) => *birth,
            Some(RowState::Dead { death, .. }) if here(*death) => *death,
            Some(RowState::Slots(slots)) => {
                let slot = slots.iter().find(|(who, _)| *who == owner);
                slot.map_or(Stamp::NEVER, |(_, slot)| slot.birth.max(slot.death))
            }
            _ => Stamp::NEVER,
        };
        latest < birth
    }

    /// Whether what is waited for comes with the first rows.
    pub(super) fn is_joining(&self) -> bool {
        (self.phase != Phase::Ready && self.session.is_some()) || self.stale.is_some()
    }

    /// Shows what waits no longer, and does something about what waits for long.
    pub(super) fn release_held(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        if self.held.all.is_empty() || self.is_joining() {
            return Ok(());
        }
        let mut again = true;
        while std::mem::take(&mut again) {
            for held in std::mem::take(&mut self.held.all) {
                let bytes = held.bytes.len() + OVERHEAD_BYTES;
                if !self.streams.get(&held.epoch).is_some_and(|stream| stream.is_held(held.first)) {
                    // A resync has brought it.
                    self.held.bytes -= bytes;
                    continue;
                }
                if self.may_show(held.epoch, held.first, held.batch, &held.bytes, &self.held.all) {
                    self.show(now, held.frames(), held.batch, &held.bytes, store)?;
                    if let Some(stream) = self.streams.get_mut(&held.epoch) {
                        stream.release(held.first);
                    }
                    self.held.bytes -= bytes;
                    again = true;
                } else if now.mono_ms >= held.until_ms {
                    self.wait_on(now, held);
                } else {
                    self.held.all.push(held);
                }
            }
        }
        Ok(())
    }

    /// Whether rows fetched from a member may show parts of a batch that is held back here, and that the member may have shown out of
    /// turn, during the walk.
    pub(super) fn may_tear(&self, start: &Cut, end: &Cut) -> bool {
        let shown_out_of_turn = |held: &Held| {
            let changes = |cut: &Cut| cut.progress.get(&held.epoch).map(|progress| progress.changes);
            let top = end.progress.get(&held.epoch).map_or(0, |progress| progress.top);
            let came = held.first > end.settled(held.epoch) && held.first <= top;
            held.batch && came && changes(start) != changes(end)
        };
        self.held.all.iter().enumerate().any(|(at, held)| {
            let before = self.held.all.get(..at).unwrap_or_default();
            shown_out_of_turn(held) && !self.may_show(held.epoch, held.first, true, &held.bytes, before)
        })
    }

    /// Shows what is held back and showed at the member whose rows have just been taken: what it waited for, that member had.
    pub(super) fn show_with(&mut self, now: Now, end: &Cut, store: &mut impl Store) -> Result<(), StoreError> {
        let showed = |held: &mut Held| held.first <= end.settled(held.epoch);
        let shown: Vec<_> = self.held.all.extract_if(.., showed).collect();
        for held in shown {
            self.held.bytes -= held.bytes.len() + OVERHEAD_BYTES;
            if self.streams.get(&held.epoch).is_some_and(|stream| stream.is_held(held.first)) {
                self.show(now, held.frames(), held.batch, &held.bytes, store)?;
                if let Some(stream) = self.streams.get_mut(&held.epoch) {
                    stream.release(held.first);
                }
            }
        }
        Ok(())
    }

    fn wait_on(&mut self, now: Now, held: Held) {
        let writer = self.members.get(held.epoch).filter(|member| member.ready).and_then(|member| member.writer);
        match writer {
            Some(writer) => self.resync(now, writer),
            None => self.join_any(now),
        }
        let until_ms = now.mono_ms + (WAIT_MS << held.waits.min(DOUBLINGS_MAX));
        self.held.all.push(Held { until_ms, waits: held.waits + 1, ..held });
    }

    /// Forgets what is held back of epochs whose frames are forgotten.
    pub(super) fn forget_held(&mut self) {
        let streams = &self.streams;
        let gone = self.held.all.extract_if(.., |held| !streams.contains_key(&held.epoch));
        self.held.bytes -= gone.map(|held| held.bytes.len() + OVERHEAD_BYTES).sum::<usize>();
    }
}
