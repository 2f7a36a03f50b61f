//! Local transactions.

use super::{Engine, FORMER_MAX, Made, Maker, Now, Phase};
use crate::core::capture::{Changed, LocalChange, LocalKind};
use crate::core::codec::{ROW_BYTES_MAX, TX_BYTES_MAX, put_delete, put_insert, put_update, start_tx};
use crate::core::constraint::Constrained;
use crate::core::hlc::{Stamp, is_too_far_ahead};
use crate::core::schema::{Merge, Table};
use crate::core::store::{Store, StoreError};
use crate::core::streams::Stream;
use crate::core::table::Shown;
use crate::core::tail::Tail;
use crate::core::tally::SHARES_MAX;
use crate::core::value::Value;

/// Why a transaction can't be replicated, and so must be rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It touches another process's row of an owned table.
    NotOwner {
        /// The table's index.
        table: usize,
    },
    /// This member only reads.
    ReadOnly {
        /// The table's index.
        table: usize,
    },
    /// A row is larger than a replica takes.
    RowTooLarge {
        /// The table's index.
        table: usize,
        /// Its bytes.
        bytes: usize,
    },
    /// A counter, max or min column was given something else than a number of its kind.
    NotANumber {
        /// The table's index.
        table: usize,
        /// The column's.
        column: u8,
    },
    /// So many processes have added to a row's counters that there is no room for one more.
    TooManyCounting {
        /// The table's index.
        table: usize,
    },
    /// This process's clock went back so far that its stamps, which never go back, would be refused by others whose clocks are right.
    ClockWentBack,
    /// The transaction is larger than a replica takes.
    TransactionTooLarge {
        /// Its bytes.
        bytes: usize,
    },
}

/// A transaction that may be committed.
#[derive(Debug)]
pub struct Prepared {
    now: Now,
    stamp: Stamp,
    bytes: Vec<u8>,
}

impl Engine {
    /// Checks and encodes a transaction before SQLite commits it.
    pub fn prepare(
        &mut self,
        now: Now,
        changes: &[LocalChange],
        store: &mut impl Store,
    ) -> Result<Result<Prepared, Refused>, StoreError> {
        if (self.config.read_only || self.config.reader)
            && let Some(change) = changes.first()
        {
            return Ok(Err(Refused::ReadOnly { table: change.table }));
        }
        let stamp = Stamp { hlc: self.clock.tick(now.wall_ms), epoch: self.epoch };
        if !changes.is_empty() && is_too_far_ahead(stamp.hlc, now.wall_ms) {
            return Ok(Err(Refused::ClockWentBack));
        }
        let mut bytes = start_tx(stamp.hlc);
        for change in changes {
            let table = change.table;
            let Some(definition) = self.config.schema.tables.get(table) else { continue };
            let touches = !matches!(change.kind, LocalKind::Insert { .. });
            let birth = if touches { self.visible_birth(table, &change.key) } else { stamp };
            if touches && definition.owned && birth.epoch != self.epoch {
                return Ok(Err(Refused::NotOwner { table }));
            }
            if let Some(column) = not_a_number(definition, &change.kind) {
                return Ok(Err(Refused::NotANumber { table, column }));
            }
            let start = bytes.len();
            match &change.kind {
                LocalKind::Insert { values, .. } => {
                    put_insert(&mut bytes, table, &change.key, values.iter().map(Value::as_ref));
                }
                LocalKind::Update(columns) => {
                    let news = columns.iter().map(|changed| (changed.column, changed.after.as_ref()));
                    if !definition.row_wise && !definition.links.merges {
                        put_update(&mut bytes, table, &change.key, self.epoch, birth, news);
                    } else {
                        let Some(news) = self.merged_news(change, columns, store)? else {
                            return Ok(Err(Refused::TooManyCounting { table }));
                        };
                        let news = news.iter().map(|(column, value)| (*column, value.as_ref()));
                        put_update(&mut bytes, table, &change.key, self.epoch, birth, news);
                    }
                    // The whole row must fit a message, too; read it only if this column could be what bursts it.
                    let share = ROW_BYTES_MAX / (definition.columns.len() + definition.key.len() + 1);
                    let tail_bytes = self.tail(table, &change.key).map_or(0, Tail::value_bytes);
                    if tail_bytes > 0 || columns.iter().any(|changed| changed.after.as_ref().size() > share) {
                        let row = store.row(definition, table, &change.key)?.unwrap_or_default();
                        let of_row = row.iter().map(|value| value.as_ref().size()).sum::<usize>();
                        let row_bytes = of_row + tail_bytes + change.key.len();
                        if row_bytes > ROW_BYTES_MAX {
                            return Ok(Err(Refused::RowTooLarge { table, bytes: row_bytes }));
                        }
                    }
                }
                LocalKind::Delete { .. } => put_delete(&mut bytes, table, &change.key),
            }
            if bytes.len() - start > ROW_BYTES_MAX {
                return Ok(Err(Refused::RowTooLarge { table, bytes: bytes.len() - start }));
            }
            if bytes.len() > TX_BYTES_MAX {
                return Ok(Err(Refused::TransactionTooLarge { bytes: bytes.len() }));
            }
        }
        Ok(Ok(Prepared { now, stamp, bytes }))
    }

    /// What an update carries where that is not just what changed: all columns of a row that wins as a whole, and this
    /// epoch's totals of counters. `None` if too many epochs have added to them.
    fn merged_news(
        &self,
        change: &LocalChange,
        columns: &[Changed],
        store: &mut impl Store,
    ) -> Result<Option<Vec<(u8, Value)>>, StoreError> {
        let index = change.table;
        let (Some(table), Some(state)) = (self.config.schema.tables.get(index), self.tables.get(index)) else {
            return Ok(Some(Vec::new()));
        };
        let mut news: Vec<(u8, Value)> = Vec::new();
        if table.row_wise && columns.iter().any(|changed| table.merge_of(changed.column) == Merge::Last) {
            let row = store.row(table, index, &change.key)?.unwrap_or_default();
            news.extend((0_u8..).zip(row).filter(|(column, _)| table.merge_of(*column) == Merge::Last));
            // What is not known here is of the row that wins, too.
            let tail = self.tail(index, &change.key).into_iter().flat_map(Tail::iter);
            news.extend(tail.map(|(column, value)| (column, value.clone())));
        }
        for changed in columns {
            match table.merge_of(changed.column) {
                Merge::Last if table.row_wise => {}
                Merge::Counter => {
                    let tally = state.tally(&change.key).filter(|tally| tally.len() >= SHARES_MAX);
                    if tally.is_some_and(|tally| tally.share(changed.column, self.epoch).is_none()) {
                        return Ok(None);
                    }
                    news.push((changed.column, Value::Integer(state.total_with(&change.key, changed, self.epoch))));
                }
                _ => news.push((changed.column, changed.after.clone())),
            }
        }
        news.sort_by_key(|(column, _)| *column);
        Ok(Some(news))
    }

    /// What a row has beyond the columns known here.
    fn tail(&self, table: usize, key: &[u8]) -> Option<&Tail> {
        let state = self.tables.get(table).filter(|state| state.tail_bytes() > 0)?;
        state.get(key)?.tail()
    }

    pub(super) fn visible_birth(&self, table: usize, key: &[u8]) -> Stamp {
        let state = self.tables.get(table).and_then(|table| table.get(key));
        state.and_then(|state| state.visible()).map_or(Stamp::NEVER, |(birth, _)| birth)
    }

    /// Takes note of a transaction that SQLite has committed, and queues it for the others.
    pub fn commit(
        &mut self,
        prepared: Prepared,
        changes: Vec<LocalChange>,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let Prepared { now, stamp, bytes } = prepared;
        self.counters.commits += 1;
        let away = !self.connected;
        if self.config.connected && self.phase != Phase::Closed {
            if self.connected {
                self.log.push(stamp.hlc, bytes, self.epoch);
            } else {
                self.log.push_marked();
                changes.iter().for_each(|change| self.log.mark(change.table, &change.key));
            }
            for change in &changes {
                if let Some(first @ None) = self.first_commits.get_mut(change.table) {
                    *first = Some(self.log.committed());
                }
            }
        }
        let parents_went = changes.iter().any(|change| self.parent_went(change));
        for change in changes {
            self.free(&change, parents_went, store)?;
            let (index, key) = (change.table, &*change.key);
            let (Some(state), Some(table)) = (self.tables.get_mut(index), self.config.schema.tables.get(index)) else {
                continue;
            };
            // Rows that come and go while NATS is away leave nothing behind, or that would grow for as long as it is.
            let unheard_of = match &change.kind {
                _ if !self.config.connected => true,
                _ if !away => false,
                LocalKind::Insert { .. } if state.get(key).is_none() => self.unheard_of.insert((index, key.into())),
                LocalKind::Insert { .. } | LocalKind::Update(_) => false,
                LocalKind::Delete { .. } => self.unheard_of.remove(&(index, key.into())),
            };
            let (shown, revealed) = match change.kind {
                LocalKind::Insert { values: _, before } => {
                    let hidden = self.constraints.replace(&self.config.schema, table, index, key, store)?;
                    let shown = if hidden.is_none() && state.get(key).is_some_and(|row| row.visible().is_some()) {
                        Shown::Updated
                    } else {
                        Shown::Inserted
                    };
                    state.inserted_here(table, key, stamp, before.or(hidden));
                    (shown, Shown::Same)
                }
                LocalKind::Update(columns) => {
                    state.updated_here(table, key, &columns, stamp);
                    (Shown::Updated, Shown::Same)
                }
                LocalKind::Delete { .. } if unheard_of => {
                    state.forget(key);
                    self.log.unmark(index, key);
                    (Shown::Deleted, Shown::Same)
                }
                LocalKind::Delete { .. } => {
                    let mut constrained = Constrained::new(&self.config.schema, &mut self.constraints, store);
                    let revealed = state.deleted_here(table, index, key, stamp, now.seconds(), &mut constrained)?;
                    // With constraints, it is not decided yet.
                    (Shown::Deleted, if table.links.constrained { Shown::Same } else { revealed })
                }
            };
            self.note(index, key, shown, Made { hlc: stamp.hlc, maker: Maker::Here }, store)?;
            let birth = if revealed == Shown::Same { Stamp::NEVER } else { self.visible_birth(index, key) };
            let made = Made { hlc: birth.hlc, maker: self.maker(birth.epoch) };
            self.note(index, key, revealed, made, store)?;
        }
        self.settle_constraints(store)
    }

    /// Whether a row went that others may refer to. SQLite checks that nobody does, but for what REPLACE deletes: a row may
    /// refer to one that its own insertion replaced.
    fn parent_went(&self, change: &LocalChange) -> bool {
        let Some(table) = self.config.schema.tables.get(change.table) else { return false };
        let went = match &change.kind {
            LocalKind::Delete { .. } => true,
            LocalKind::Insert { before, .. } => before.is_some(),
            LocalKind::Update(columns) => {
                columns.iter().any(|changed| table.links.columns.get(usize::from(changed.column)) == Some(&true))
            }
        };
        went && !table.links.referenced_by.is_empty()
    }

    /// Marks rows that a local change may bring back: those hidden by what the row was, and those that need what it is.
    fn free(&mut self, change: &LocalChange, parents_went: bool, store: &mut impl Store) -> Result<(), StoreError> {
        let (index, key) = (change.table, &*change.key);
        let Some(table) = self.config.schema.tables.get(index) else { return Ok(()) };
        if !table.links.constrained || (self.constraints.is_idle() && !parents_went) {
            return Ok(());
        }
        let updated;
        let (before, after) = match &change.kind {
            LocalKind::Insert { before, values } => (before.as_deref(), Some(&**values)),
            LocalKind::Delete { before } => (before.as_deref(), None),
            LocalKind::Update(columns) => {
                let after = store.row(table, index, key)?.unwrap_or_default();
                let mut before = after.clone();
                for changed in columns {
                    if let Some(value) = before.get_mut(usize::from(changed.column)) {
                        *value = changed.before.clone();
                    }
                }
                updated = (before, after);
                (Some(&*updated.0), Some(&*updated.1))
            }
        };
        let schema = &self.config.schema;
        self.constraints.changed_here(schema, table, index, key, before, after, store)
    }

    /// Takes a new epoch, because the others have ended the one there was, and publishes its rows again.
    pub(super) fn restart_epoch(&mut self, now: Now) {
        let old = self.epoch;
        let new = self.random.epoch(self.config.reader);
        self.counters.epochs_restarted += 1;
        let sequence = self.log.sequence();
        if !self.config.reader {
            self.farewell = Some((old, sequence));
        }
        self.former.push(old);
        if self.former.len() > FORMER_MAX {
            self.former.remove(0);
        }
        // What the former epoch sent is here, and whoever lacks some of it can have it from here.
        self.streams.insert(old, Stream::starting_after(sequence));
        self.version += 1;
        self.note_cut_off(now.mono_ms);
        self.log.restart(old, new);
        self.epoch = new;
        for (index, (table, state)) in self.config.schema.tables.iter().zip(&mut self.tables).enumerate() {
            if !table.owned {
                continue;
            }
            for key in state.keys_of_owner(old) {
                let birth = Stamp { hlc: self.clock.tick(now.wall_ms), epoch: new };
                state.rename_owner(&key, old, birth);
                if table.links.constrained && !self.constraints.is_idle() {
                    self.constraints.renamed(&self.config.schema, index, &key);
                }
                self.log.mark(index, &key);
            }
        }
        self.members.end(old, now.mono_ms);
        self.heartbeat_due = true;
        self.hello_soon(now);
    }
}

/// A counter, max or min column that was given something else than a number of its kind.
fn not_a_number(table: &Table, kind: &LocalKind) -> Option<u8> {
    let bad = |column: u8, value: &Value| {
        let definition = table.columns.get(usize::from(column));
        definition.is_some_and(|column| column.merge != Merge::Last && !column.accepts(value.as_ref()))
    };
    match kind {
        LocalKind::Insert { values, .. } => {
            (0_u8..).zip(values).find(|(column, value)| bad(*column, value)).map(|(column, _)| column)
        }
        LocalKind::Update(columns) => {
            columns.iter().find(|changed| bad(changed.column, &changed.after)).map(|changed| changed.column)
        }
        LocalKind::Delete { .. } => None,
    }
}
