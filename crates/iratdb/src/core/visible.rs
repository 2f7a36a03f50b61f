//! What a table shows of a row: a pure function of the row's state.
//!
//! In an owned table each owner has a [`Slot`] of its own for a key. Of those that live, the one born last is visible;
//! the others are hidden, with their values, and the next comes back when it goes. So it does not matter in which order
//! replicas learn of claims and of owners' ends.

use super::digest::{death_part, row_part};
use super::hlc::Stamp;
use super::ids::Epoch;
use super::merge::{Clocks, Slot};

/// The state of a row, small in the common cases.
#[derive(Debug, Clone, PartialEq)]
pub enum RowState {
    /// One slot, alive and visible: its values are in SQLite.
    Live {
        /// When it was inserted.
        birth: Stamp,
        /// Columns changed since.
        clocks: Clocks,
    },
    /// One slot, deleted.
    Dead {
        /// When.
        death: Stamp,
        /// When it was learned of, in seconds of this process.
        seen_s: u32,
    },
    /// Anything else. In an owned table the slots are of different owners.
    Slots(Box<Vec<(Epoch, Slot)>>),
}

impl RowState {
    /// Takes it apart. The owner is `NONE` in a table that is not owned.
    pub fn into_slots(self, owned: bool) -> Vec<(Epoch, Slot)> {
        let owner = |stamp: Stamp| if owned { stamp.epoch } else { Epoch::NONE };
        match self {
            Self::Live { birth, clocks } => vec![(owner(birth), Slot { birth, clocks, ..Slot::EMPTY })],
            Self::Dead { death, seen_s } => {
                vec![(owner(death), Slot { death, death_seen_s: seen_s, ..Slot::EMPTY })]
            }
            Self::Slots(slots) => *slots,
        }
    }

    /// Puts it together again; `None` if nothing is known.
    pub fn from_slots(mut slots: Vec<(Epoch, Slot)>) -> Option<Self> {
        slots.retain(|(_, slot)| !slot.is_empty());
        if slots.len() > 1 {
            return Some(Self::Slots(Box::new(slots)));
        }
        slots.pop().map(|(owner, slot)| Self::from_slot(owner, slot))
    }

    /// A row of one slot.
    pub fn from_slot(owner: Epoch, slot: Slot) -> Self {
        if !slot.pending.is_empty() || slot.hidden.is_some() {
            Self::Slots(Box::new(vec![(owner, slot)]))
        } else if slot.lives() {
            Self::Live { birth: slot.birth, clocks: slot.clocks }
        } else {
            Self::Dead { death: slot.death, seen_s: slot.death_seen_s }
        }
    }

    /// The slot the table shows.
    pub fn visible(&self) -> Option<(Stamp, &Clocks)> {
        match self {
            Self::Live { birth, clocks } => Some((*birth, clocks)),
            Self::Dead { .. } => None,
            Self::Slots(slots) => {
                let (_, slot) = slots.get(visible(slots)?)?;
                Some((slot.birth, &slot.clocks))
            }
        }
    }

    /// The latest write that made the table show what it shows of the row.
    pub fn latest(&self) -> Stamp {
        let of = |birth: Stamp, clocks: &Clocks| clocks.iter().map(|(_, clock)| clock).fold(birth, Stamp::max);
        match (self, self.visible()) {
            (_, Some((birth, clocks))) => of(birth, clocks),
            (Self::Dead { death, .. }, None) => *death,
            (Self::Slots(slots), None) => slots.iter().map(|(_, slot)| slot.death).max().unwrap_or(Stamp::NEVER),
            (Self::Live { birth, .. }, None) => *birth,
        }
    }

    /// Bytes of updates that wait for their incarnation.
    pub fn pending_bytes(&self) -> usize {
        match self {
            Self::Live { .. } | Self::Dead { .. } => 0,
            Self::Slots(slots) => slots.iter().map(|(_, slot)| slot.pending_bytes()).sum(),
        }
    }

    /// Its part of its bucket's digest: of all that lives, shown or hidden.
    pub fn digest(&self, key_hash: u64) -> u64 {
        match self {
            Self::Live { birth, clocks } => row_part(key_hash, *birth, clocks),
            Self::Dead { .. } => 0,
            Self::Slots(slots) => slots
                .iter()
                .filter(|(_, slot)| slot.lives())
                .fold(0, |sum: u64, (_, slot)| sum.wrapping_add(row_part(key_hash, slot.birth, &slot.clocks))),
        }
    }
}

impl RowState {
    /// Its part of its bucket's digest of deletions.
    pub fn death_digest(&self, key_hash: u64) -> u64 {
        match self {
            Self::Live { .. } => 0,
            Self::Dead { death, .. } => death_part(key_hash, *death),
            Self::Slots(slots) => slots
                .iter()
                .filter(|(_, slot)| !slot.death.is_never())
                .fold(0, |sum: u64, (_, slot)| sum.wrapping_add(death_part(key_hash, slot.death))),
        }
    }
}

/// The index of the slot the table shows.
pub fn visible(slots: &[(Epoch, Slot)]) -> Option<usize> {
    let live = slots.iter().enumerate().filter(|(_, (_, slot))| slot.lives());
    live.max_by_key(|(_, (_, slot))| slot.birth).map(|(index, _)| index)
}
