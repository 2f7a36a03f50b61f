//! Columns that do not go by the later write: counters, and the greatest or least value.
//!
//! **Counters.** A row's counter is the value it was inserted with plus one total per writer epoch: the sum of what that
//! epoch has added since. An update carries its writer's new total, with its time; per epoch the later total counts. So
//! an update that comes twice, late, or not at all but as part of a row's state adds what it should. SQLite holds the sum.
//!
//! **Max, min.** Of two writes the one with the greater (least) value counts, of equal ones the later: then the
//! column's clock still names the write that its value is from.

use std::cmp::Ordering;

use super::codec::{Tallies, Values};
use super::digest::share_part;
use super::hlc::Stamp;
use super::ids::Epoch;
use super::schema::{Merge, Table};
use super::value::{Value, ValueRef};

/// Epochs that may have added to a row's counters. A process that would be one more is refused.
pub const SHARES_MAX: usize = 1024;

/// What an epoch has added to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The counter.
    pub column: u8,
    /// Who added.
    pub epoch: Epoch,
    /// When it last did.
    pub hlc: u64,
    /// All it has added.
    pub total: i64,
}

/// What has been added to a row's counters since it was inserted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(Vec<Share>);

impl Tally {
    /// The shares, ascending by column and epoch.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Share> + '_ {
        self.0.iter().copied()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many shares there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn find(&self, column: u8, epoch: Epoch) -> Result<usize, usize> {
        self.0.binary_search_by_key(&(column, epoch), |share| (share.column, share.epoch))
    }

    /// What an epoch has added to a counter, if it has.
    pub fn share(&self, column: u8, epoch: Epoch) -> Option<Share> {
        self.find(column, epoch).ok().and_then(|at| self.0.get(at)).copied()
    }

    /// All that was added to a counter.
    pub fn sum(&self, column: u8) -> i64 {
        let shares = self.0.iter().filter(|share| share.column == column);
        shares.fold(0, |sum: i64, share| sum.wrapping_add(share.total))
    }

    /// Joins a share in. What it adds to the counter, if it is news.
    pub fn join(&mut self, share: Share) -> Option<i64> {
        match self.find(share.column, share.epoch) {
            Ok(at) => {
                let known = self.0.get_mut(at).filter(|known| known.hlc < share.hlc)?;
                let more = share.total.wrapping_sub(known.total);
                *known = share;
                Some(more)
            }
            Err(at) => {
                self.0.insert(at, share);
                Some(share.total)
            }
        }
    }

    /// Its part of its bucket's digest.
    pub fn digest(&self, key_hash: u64) -> u64 {
        self.0.iter().fold(0, |sum, share| sum.wrapping_add(share_part(key_hash, share)))
    }
}

/// A row's present values and shares, for columns whose merge depends on them. Empty for other tables.
#[derive(Debug, Default)]
pub struct Special {
    /// The row's values, if it lives.
    pub current: Vec<Value>,
    /// Its counters' shares.
    pub tally: Tally,
}

impl Special {
    /// Joins a write of a max or min column in. Whether it is the one that counts now.
    pub fn reaches(&mut self, merge: Merge, column: u8, value: ValueRef<'_>, clock: Stamp, since: Stamp) -> bool {
        let Some(current) = self.current.get_mut(usize::from(column)) else { return false };
        let better = is_better(merge, (value, clock), (current.as_ref(), since));
        if better {
            *current = value.to_value();
        }
        better
    }

    /// Joins a share in. The counter's new value, if it is another.
    pub fn counts(&mut self, share: Share) -> Option<i64> {
        let more = self.tally.join(share)?;
        let current = self.current.get_mut(usize::from(share.column))?;
        let sum = current.as_i64().unwrap_or(0).wrapping_add(more);
        *current = Value::Integer(sum);
        (more != 0).then_some(sum)
    }

    /// A new incarnation.
    pub fn start(&mut self, table: &Table, values: Values<'_>, tallies: Tallies<'_>) {
        let stored = table.columns.iter().zip(values.of(table)).map(|(column, value)| column.stored(value).to_value());
        self.current = stored.collect();
        self.tally = Tally::default();
        for share in tallies.iter() {
            self.counts(share);
        }
    }

    /// Adds the counters' values to those that go over an inserted row's.
    pub fn sums(&self, table: &Table, over: &mut Vec<(u8, Value)>) {
        let mut counted = None;
        for share in self.tally.iter() {
            if counted.replace(share.column) != Some(share.column)
                && table.merge_of(share.column) == Merge::Counter
                && let Some(sum) = self.current.get(usize::from(share.column))
            {
                over.push((share.column, sum.clone()));
            }
        }
    }
}

/// Whether one write of a max or min column counts more than another.
pub fn is_better(merge: Merge, new: (ValueRef<'_>, Stamp), old: (ValueRef<'_>, Stamp)) -> bool {
    let order = match (new.0, old.0) {
        (ValueRef::Integer(new), ValueRef::Integer(old)) => new.cmp(&old),
        (ValueRef::Real(new), ValueRef::Real(old)) => new.total_cmp(&old),
        _ => Ordering::Equal,
    };
    let order = if merge == Merge::Min { order.reverse() } else { order };
    order.then(new.1.cmp(&old.1)) == Ordering::Greater
}

/// The values of a row without what was added to its counters: as it travels.
pub fn without_shares(table: &Table, values: &mut [Value], tally: &Tally) {
    for (column, definition) in (0_u8..).zip(&table.columns) {
        if definition.merge == Merge::Counter
            && let Some(value) = values.get_mut(usize::from(column))
        {
            *value = Value::Integer(value.as_i64().unwrap_or(0).wrapping_sub(tally.sum(column)));
        }
    }
}
