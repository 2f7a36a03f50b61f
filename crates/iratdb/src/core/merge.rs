//! Convergence of one row: a join of states, so that the order, number and loss of messages does not matter.
//!
//! INSERT starts an *incarnation*, named by its stamp, the birth. UPDATE names the incarnation it saw and carries the
//! columns it changed; per column the later stamp wins. DELETE ends all incarnations born before it, whatever was
//! updated meanwhile. The latest incarnation counts, if it is later than the latest deletion. Updates of an
//! incarnation that has not arrived yet wait for it.
//!
//! What does not go by the later write, counters and the like, is in [`super::tally`].
//!
//! In a table that is not owned a row has one [`Slot`]; in an owned table it has one per owner, see [`super::visible`].

use super::codec::{ClockList, ColumnValues, OpBody, Tallies, Values};
use super::hlc::Stamp;
use super::schema::{Merge, ROW_CLOCK, Table};
use super::tally::{Share, Special, is_better};
use super::value::{Value, ValueRef};

/// When columns changed since the row was inserted; ascending by column. Mostly empty, then it takes one word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clocks(Option<Box<[(u8, Stamp)]>>);

impl Clocks {
    /// The columns and clocks.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u8, Stamp)> + '_ {
        self.0.as_deref().unwrap_or_default().iter().copied()
    }

    /// How many columns have a clock of their own.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |clocks| clocks.len())
    }

    /// Whether no column changed since the birth.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// A column's clock; the birth's if it did not change since.
    pub fn get(&self, column: u8, birth: Stamp) -> Stamp {
        let clocks = self.0.as_deref().unwrap_or_default();
        clocks
            .binary_search_by_key(&column, |(c, _)| *c)
            .ok()
            .and_then(|i| clocks.get(i))
            .map_or(birth, |(_, clock)| *clock)
    }

    /// Sets a column's clock.
    pub fn set(&mut self, column: u8, clock: Stamp) {
        let clocks = self.0.as_deref_mut().unwrap_or_default();
        match clocks.binary_search_by_key(&column, |(c, _)| *c) {
            Ok(i) => {
                if let Some(entry) = clocks.get_mut(i) {
                    entry.1 = clock;
                }
            }
            Err(i) => {
                let (before, after) = clocks.split_at(i);
                self.0 = Some([before, &[(column, clock)], after].concat().into_boxed_slice());
            }
        }
    }

    pub(super) fn from_list(list: ClockList<'_>, birth: Stamp) -> Self {
        let clocks: Vec<_> = list.iter().filter(|(_, clock)| *clock > birth).collect();
        Self((!clocks.is_empty()).then(|| clocks.into_boxed_slice()))
    }
}

/// What a waiting update, and each of its columns, takes beside the values, for limits.
const PENDING_OVERHEAD_BYTES: usize = 64;

/// Updates of an incarnation that has not arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The incarnation.
    pub birth: Stamp,
    /// When the first of them came, in seconds of this process.
    pub seen_s: u32,
    /// Columns, ascending, with clock and value; a counter once for each epoch that adds to it.
    pub columns: Vec<(u8, Stamp, Value)>,
}

/// What is known of a row, or of one owner's row of that key.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The latest incarnation.
    pub birth: Stamp,
    /// The latest deletion.
    pub death: Stamp,
    /// When it was learned of, in seconds of this process: others' clocks do not tell how long they may need it.
    pub death_seen_s: u32,
    /// The incarnation's columns that changed.
    pub clocks: Clocks,
    /// The incarnation's values, if it lives but is not what the table shows.
    pub hidden: Option<Box<[Value]>>,
    /// Updates ahead of their incarnation, ascending by birth.
    pub pending: Vec<Pending>,
}

/// What a merge did to a slot, and so what is to be done to its values.
#[derive(Debug, PartialEq)]
pub enum SlotEffect<'a> {
    /// Nothing new, or nothing that shows.
    None,
    /// A new incarnation: all values are the operation's, then these columns go over them.
    Born(Vec<(u8, Value)>),
    /// These columns changed.
    Changed(Vec<(u8, ValueRef<'a>)>),
    /// The incarnation is over.
    Died,
}

impl Slot {
    /// Nothing is known.
    pub const EMPTY: Self = Self {
        birth: Stamp::NEVER,
        death: Stamp::NEVER,
        death_seen_s: 0,
        clocks: Clocks(None),
        hidden: None,
        pending: Vec::new(),
    };

    /// Whether there is a row.
    pub fn lives(&self) -> bool {
        self.birth > self.death
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.birth.is_never() && self.death.is_never() && self.pending.is_empty()
    }

    /// Bytes of the updates that wait.
    pub fn pending_bytes(&self) -> usize {
        let of = |(_, _, value): &(u8, Stamp, Value)| value.as_ref().size() + PENDING_OVERHEAD_BYTES;
        // One without columns takes something, too.
        self.pending.iter().map(|pending| PENDING_OVERHEAD_BYTES + pending.columns.iter().map(of).sum::<usize>()).sum()
    }

    /// Joins an operation in, at this second of this process.
    pub fn merge<'a>(&mut self, table: &Table, op: &OpBody<'a>, now_s: u32, special: &mut Special) -> SlotEffect<'a> {
        match *op {
            OpBody::Put { birth, clocks, values, tallies } => {
                if birth < self.birth || birth <= self.death {
                    SlotEffect::None
                } else if birth == self.birth {
                    let mut changed = Vec::new();
                    if table.row_wise {
                        let clocks = Clocks::from_list(clocks, birth);
                        let all = (0_u8..).zip(values.iter()).filter(|(column, _)| !is_counter(table, *column));
                        let news = all.map(|(column, value)| (column, table.clock(column, birth, &clocks), value));
                        self.change(table, news, special, &mut changed);
                    } else {
                        let news = clocks.iter().filter_map(|(column, clock)| {
                            let value = values.iter().nth(usize::from(column))?;
                            Some((column, clock, value)).filter(|_| !is_counter(table, column))
                        });
                        self.change(table, news, special, &mut changed);
                    }
                    tallies.iter().for_each(|share| count(share, special, &mut changed));
                    effect_of(changed)
                } else {
                    self.be_born(table, birth, (clocks, values, tallies), special)
                }
            }
            OpBody::Update { birth, clock, columns } => {
                if birth < self.birth || birth <= self.death {
                    SlotEffect::None
                } else if birth == self.birth {
                    let mut changed = Vec::new();
                    let news = columns.iter().map(|(column, value)| (column, clock, value));
                    self.change(table, news, special, &mut changed);
                    effect_of(changed)
                } else {
                    self.wait(table, birth, clock, columns, now_s);
                    SlotEffect::None
                }
            }
            OpBody::Delete { clock } => {
                if clock <= self.death {
                    return SlotEffect::None;
                }
                let lived = self.lives();
                self.death = clock;
                self.death_seen_s = now_s;
                self.pending.retain(|pending| pending.birth > clock);
                if lived && !self.lives() {
                    self.birth = Stamp::NEVER;
                    self.clocks = Clocks::default();
                    self.hidden = None;
                    SlotEffect::Died
                } else {
                    SlotEffect::None
                }
            }
        }
    }

    fn be_born<'a>(
        &mut self,
        table: &Table,
        birth: Stamp,
        (clocks, values, tallies): (ClockList<'_>, Values<'_>, Tallies<'_>),
        special: &mut Special,
    ) -> SlotEffect<'a> {
        self.birth = birth;
        self.clocks = Clocks::from_list(clocks, birth);
        if table.links.merges {
            special.start(table, values, tallies);
        }
        let of_row = self.clocks.get(ROW_CLOCK, birth);
        let mut over = Vec::new();
        let waiting = std::mem::take(&mut self.pending);
        for pending in waiting {
            if pending.birth > birth {
                self.pending.push(pending);
            } else if pending.birth == birth {
                for (column, clock, value) in pending.columns {
                    let at = table.clock_index(column);
                    let since = if at == ROW_CLOCK { of_row } else { self.clocks.get(at, birth) };
                    let counts = match table.merge_of(column) {
                        Merge::Last => clock > since,
                        Merge::Counter => {
                            special.counts(share_of(column, clock, value.as_ref()));
                            false
                        }
                        merge => special.reaches(merge, column, value.as_ref(), clock, since),
                    };
                    if counts {
                        self.clocks.set(at, clock);
                        over.push((column, value));
                    }
                }
            }
        }
        special.sums(table, &mut over);
        SlotEffect::Born(over)
    }

    fn change<'a>(
        &mut self,
        table: &Table,
        news: impl Iterator<Item = (u8, Stamp, ValueRef<'a>)>,
        special: &mut Special,
        changed: &mut Vec<(u8, ValueRef<'a>)>,
    ) {
        let of_row = self.clocks.get(ROW_CLOCK, self.birth);
        for (column, clock, value) in news {
            let at = table.clock_index(column);
            let since = if at == ROW_CLOCK { of_row } else { self.clocks.get(at, self.birth) };
            let counts = match table.merge_of(column) {
                Merge::Last => clock > since,
                Merge::Counter => {
                    count(share_of(column, clock, value), special, changed);
                    false
                }
                merge => special.reaches(merge, column, value, clock, since),
            };
            if counts {
                self.clocks.set(at, clock);
                changed.push((column, value));
            }
        }
    }

    fn wait(&mut self, table: &Table, birth: Stamp, clock: Stamp, news: ColumnValues<'_>, now_s: u32) {
        let at = match self.pending.binary_search_by_key(&birth, |pending| pending.birth) {
            Ok(at) => at,
            Err(at) => {
                self.pending.insert(at, Pending { birth, seen_s: now_s, columns: Vec::new() });
                at
            }
        };
        let Some(pending) = self.pending.get_mut(at) else { return };
        for (column, value) in news.iter() {
            let merge = table.merge_of(column);
            let same = |(c, known, _): &&mut (u8, Stamp, Value)| {
                *c == column && (merge != Merge::Counter || known.epoch == clock.epoch)
            };
            match pending.columns.iter_mut().find(same) {
                Some(entry) => {
                    let counts = match merge {
                        Merge::Last | Merge::Counter => clock > entry.1,
                        merge => is_better(merge, (value, clock), (entry.2.as_ref(), entry.1)),
                    };
                    if counts {
                        *entry = (column, clock, value.to_value());
                    }
                }
                None => {
                    let after = pending.columns.partition_point(|(c, _, _)| *c <= column);
                    pending.columns.insert(after, (column, clock, value.to_value()));
                }
            }
        }
    }
}

fn is_counter(table: &Table, column: u8) -> bool {
    table.merge_of(column) == Merge::Counter
}

fn share_of(column: u8, clock: Stamp, value: ValueRef<'_>) -> Share {
    let total = if let ValueRef::Integer(total) = value { total } else { 0 };
    Share { column, epoch: clock.epoch, hlc: clock.hlc, total }
}

/// Joins a share in, and takes note of the counter's new value.
fn count(share: Share, special: &mut Special, changed: &mut Vec<(u8, ValueRef<'_>)>) {
    let Some(sum) = special.counts(share) else { return };
    match changed.iter_mut().find(|(column, _)| *column == share.column) {
        Some((_, value)) => *value = ValueRef::Integer(sum),
        None => changed.push((share.column, ValueRef::Integer(sum))),
    }
}

fn effect_of(changed: Vec<(u8, ValueRef<'_>)>) -> SlotEffect<'_> {
    if changed.is_empty() { SlotEffect::None } else { SlotEffect::Changed(changed) }
}
