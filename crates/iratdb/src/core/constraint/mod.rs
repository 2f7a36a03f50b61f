//! UNIQUE beside the primary key, and FOREIGN KEY: which rows are visible.
//!
//! Concurrent writers can each keep a constraint and break it together. All their rows are kept, in the replicated state;
//! which of them a table shows follows from that state alone, so that it does not matter in which order changes arrive.
//!
//! # The rule
//!
//! The *rows* are those that per-row convergence leaves alive ([`super::merge`], [`super::visible`]): one a key at most.
//!
//! - A row *claims*, for each UNIQUE constraint of its table, the values of the constraint's columns, unless one of them is
//!   NULL. The claim is as late as the latest write among those columns (of a key column, the row's birth). Claims of
//!   the same time, which one transaction can make, are ordered by primary key.
//! - Of two rows that claim the same, the one with the later claim *beats* the other.
//! - A row *needs*, for each of its foreign keys without a NULL, a visible row that it refers to. A row may refer to itself.
//!
//! A row is visible if and only if **no visible row beats it and all it needs is visible**. Rows that need each other in a
//! circle and nothing else are visible together. So a hidden row claims nothing and hides its children, and these
//! release what they claim.
//!
//! This leaves a result open only where rows depend on their own hiding: A beats B by one key and B beats A by
//! another, or a row beats its own ancestor. Such a *knot* is cut where it depends on no other knot: of its rows that beat
//! another of its rows, the one with the lowest *rank* is hidden. A row's rank is its latest claim, or its birth if it
//! has none, then its table, then its key. What the cut does not decide is cut again. So, in the two examples,
//! the row whose claim is the latest of all is visible, and the ancestor stays.
//!
//! (In the terms of logic programming: the well-founded model, with undefined components resolved in dependency order.)
//!
//! # How
//!
//! Tables are ordered in strata, parents below children; those that refer to each other in a circle share one. UNIQUE is
//! within a table, so that a stratum can be decided when those below are. SQLite holds the visible rows and is the index for
//! them; the hidden ones are here, with their values, found by what they claim and need. [`Constrained`] stands before
//! the store: what is written to a table with constraints, and may not be visible, is held back until
//! [`Constraints::settle`], at the end of a transaction. There the rows that depend on what changed, and only these, are
//! decided anew by [`solve`].
//!
//! A local transaction has been checked by SQLite and its writes are later than all others, so that it hides nothing by
//! itself; with no hidden rows around there is nothing to do for it. One exception: SQLite lets a row refer to a parent that
//! the row's own insertion replaces (REPLACE on a UNIQUE key). The parent is gone, so that the rule hides the row.

#[cfg(test)]
mod model;
mod parts;
mod region;
mod solve;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;

use self::parts::View;
use super::key::Key;
use super::schema::{Schema, Table};
use super::store::{Lookup, Store, StoreError};
use super::table::{Shown, TableState};
use super::value::{Value, ValueRef};

pub(super) use parts::link;
pub use parts::{Collation, Links, Part, Reference, Target, Unique};

/// A row: its table's index, and its key.
pub type RowId = (usize, Key);

/// Why a row is hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Another row has what it claims.
    Unique {
        /// Index of the constraint.
        unique: usize,
        /// Key of the row that is visible instead.
        by: Key,
    },
    /// What it refers to is not there, or hidden.
    Reference {
        /// Index of the foreign key.
        reference: usize,
        /// Key of the hidden row that it refers to, if there is one.
        parent: Option<Key>,
    },
}

/// A row of a table with constraints became another, or another than it could be.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The row.
    pub row: RowId,
    /// What the table shows of it.
    pub shown: Shown,
    /// If it was hidden: its values and why.
    pub hidden: Option<(Box<[Value]>, Reason)>,
}

/// A row that is written but not decided yet. SQLite does not have it.
#[derive(Debug)]
struct Staged {
    values: Box<[Value]>,
    was_visible: bool,
}

type Index = HashMap<(usize, Key), BTreeSet<Key>, FixedState>;

/// The hidden rows, and what has to be decided anew.
#[derive(Debug, Default)]
pub struct Constraints {
    hidden: HashMap<RowId, Box<[Value]>, FixedState>,
    hidden_in: Vec<usize>,
    /// By UNIQUE constraint and claim: keys of hidden rows.
    claims: Index,
    /// By foreign key and what it names: keys of hidden children.
    children: Index,
    staged: BTreeMap<RowId, Staged>,
    /// By stratum: rows to be decided anew.
    seeds: BTreeMap<usize, BTreeSet<RowId>>,
    changes: Vec<Change>,
}

impl Constraints {
    /// Whether nothing waits to be decided or told.
    pub fn is_settled(&self) -> bool {
        self.seeds.is_empty() && self.staged.is_empty() && self.changes.is_empty()
    }

    /// Hidden rows of a table.
    pub fn hidden_in(&self, table: usize) -> usize {
        self.hidden_in.get(table).copied().unwrap_or(0)
    }

    /// Hidden rows of all tables.
    pub fn hidden(&self) -> usize {
        self.hidden.len()
    }

    /// Whether some row is hidden or waits: only then local changes can have consequences.
    pub fn is_idle(&self) -> bool {
        self.hidden.is_empty() && self.staged.is_empty()
    }

    /// What became of rows since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    fn seed(&mut self, schema: &Schema, table: usize, key: &[u8]) {
        let stratum = schema.tables.get(table).map_or(0, |table| table.links.stratum);
        self.seeds.entry(stratum).or_default().insert((table, key.into()));
    }

    fn index(&mut self, schema: &Schema, row: &RowId, values: &[Value], add: bool) {
        let Some(table) = schema.tables.get(row.0) else { return };
        let view = View { table, key: &row.1, values };
        let edit = |index: &mut Index, at: (usize, Key)| {
            if add {
                index.entry(at).or_default().insert(row.1.clone());
            } else if let Some(keys) = index.get_mut(&at) {
                keys.remove(&row.1);
                if keys.is_empty() {
                    index.remove(&at);
                }
            }
        };
        for number in &table.links.uniques {
            if let Some((claim, _)) = schema.uniques.get(*number).and_then(|unique| unique.claim(view)) {
                edit(&mut self.claims, (*number, claim));
            }
        }
        for number in &table.links.references {
            let reference = schema.references.get(*number);
            if let Some((named, _)) = reference.and_then(|reference| reference.names(&schema.uniques, view)) {
                edit(&mut self.children, (*number, named));
            }
        }
    }

    fn hide(&mut self, schema: &Schema, row: RowId, values: Box<[Value]>) {
        self.index(schema, &row, &values, true);
        self.hidden_in.resize(schema.tables.len(), 0);
        if let Some(count) = self.hidden_in.get_mut(row.0) {
            *count += 1;
        }
        self.hidden.insert(row, values);
    }

    fn unhide(&mut self, schema: &Schema, row: &RowId) -> Option<Box<[Value]>> {
        if self.hidden.is_empty() {
            return None;
        }
        let values = self.hidden.remove(row)?;
        self.index(schema, row, &values, false);
        if let Some(count) = self.hidden_in.get_mut(row.0) {
            *count -= 1;
        }
        Some(values)
    }

    /// Takes the values of a row that is hidden, because a local insert takes its place.
    pub fn replace(
        &mut self,
        schema: &Schema,
        table: &Table,
        index: usize,
        key: &[u8],
        store: &mut impl Store,
    ) -> Result<Option<Box<[Value]>>, StoreError> {
        if !table.links.constrained || self.hidden.is_empty() {
            return Ok(None);
        }
        let Some(values) = self.unhide(schema, &(index, key.into())) else { return Ok(None) };
        self.leaves(schema, View { table, key, values: &values }, index, None, false, store)?;
        Ok(Some(values))
    }

    /// Takes note of a local change: what the row was and is, if it was and is there. SQLite has it already.
    #[allow(clippy::too_many_arguments, reason = "the row, before and after")]
    pub fn changed_here(
        &mut self,
        schema: &Schema,
        table: &Table,
        index: usize,
        key: &[u8],
        before: Option<&[Value]>,
        after: Option<&[Value]>,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let view = |values| View { table, key, values };
        if let Some(values) = before {
            self.leaves(schema, view(values), index, after.map(view), true, store)?;
        }
        for number in &table.links.referenced_by {
            let Some((reference, after)) = schema.references.get(*number).zip(after) else { continue };
            let Some((named, _)) = reference.named(&schema.uniques, view(after)) else { continue };
            let waiting: Vec<Key> = self.children.get(&(*number, named)).into_iter().flatten().cloned().collect();
            waiting.into_iter().for_each(|key| self.seed(schema, reference.table, &key));
        }
        self.seed(schema, index, key);
        Ok(())
    }

    /// A row has a new rank.
    pub fn renamed(&mut self, schema: &Schema, table: usize, key: &[u8]) {
        self.seed(schema, table, key);
    }

    /// Marks what depended on a row as it was.
    fn leaves(
        &mut self,
        schema: &Schema,
        was: View<'_>,
        index: usize,
        is: Option<View<'_>>,
        was_visible: bool,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let links = &was.table.links;
        for number in &links.uniques {
            let Some((claim, values)) = schema.uniques.get(*number).and_then(|unique| unique.claim(was)) else {
                continue;
            };
            let at = (*number, claim);
            let mut others: Vec<Key> = self.claims.get(&at).into_iter().flatten().cloned().collect();
            if !was_visible {
                others.extend(store.find(Lookup::Unique(*number), &values)?);
            }
            others.into_iter().for_each(|key| self.seed(schema, index, &key));
        }
        for number in &links.referenced_by {
            let Some(reference) = schema.references.get(*number) else { continue };
            let Some((named, values)) = reference.named(&schema.uniques, was) else { continue };
            let child_stratum = schema.tables.get(reference.table).map_or(0, |table| table.links.stratum);
            let circle = child_stratum == links.stratum;
            let stays = is.and_then(|is| reference.named(&schema.uniques, is)).is_some_and(|(is, _)| is == named);
            if stays && !circle {
                // If it does not stay visible, the children will be told then.
                continue;
            }
            if circle {
                let hidden: Vec<Key> = self.children.get(&(*number, named)).into_iter().flatten().cloned().collect();
                hidden.into_iter().for_each(|key| self.seed(schema, reference.table, &key));
            }
            if was_visible || circle {
                let visible = store.find(Lookup::Reference(*number), &values)?;
                visible.into_iter().for_each(|key| self.seed(schema, reference.table, &key));
            }
        }
        Ok(())
    }

    /// Decides what is visible, and makes the store show it.
    pub fn settle(&mut self, schema: &Schema, tables: &[TableState], store: &mut impl Store) -> Result<(), StoreError> {
        while let Some((stratum, seeds)) = self.seeds.pop_first() {
            self.settle_stratum(schema, tables, stratum, seeds, store)?;
        }
        debug_assert!(self.staged.is_empty(), "what is staged is a seed");
        Ok(())
    }
}

/// A store whose tables with constraints show only what may be visible.
#[derive(Debug)]
pub struct Constrained<'a, S> {
    schema: &'a Schema,
    constraints: &'a mut Constraints,
    store: &'a mut S,
}

impl<'a, S: Store> Constrained<'a, S> {
    /// Stands before a store.
    pub fn new(schema: &'a Schema, constraints: &'a mut Constraints, store: &'a mut S) -> Self {
        Self { schema, constraints, store }
    }

    /// Writes a row that may be visible afterwards or not.
    fn write(&mut self, table: &Table, row: RowId, new: Box<[Value]>) -> Result<(), StoreError> {
        let Self { schema, constraints, store } = self;
        let (index, key) = (row.0, row.1.clone());
        let is = View { table, key: &key, values: &new };
        if let Some(Staged { values, was_visible }) = constraints.staged.remove(&row) {
            let was = View { table, key: &key, values: &values };
            constraints.leaves(schema, was, index, Some(is), was_visible, *store)?;
            constraints.staged.insert(row, Staged { values: new, was_visible });
            return Ok(());
        }
        if let Some(was) = constraints.unhide(schema, &row) {
            let was = View { table, key: &key, values: &was };
            constraints.leaves(schema, was, index, Some(is), false, *store)?;
            constraints.seed(schema, index, &key);
            constraints.staged.insert(row, Staged { values: new, was_visible: false });
            return Ok(());
        }
        constraints.seed(schema, index, &key);
        let was_visible = match store.row(table, index, &key)? {
            None => false,
            Some(was) => {
                let view = View { table, key: &key, values: &was };
                constraints.leaves(schema, view, index, Some(is), true, *store)?;
                let mut involved = was.iter().zip(&new).zip(&table.links.columns).filter(|(_, involved)| **involved);
                if involved.all(|((was, is), _)| was.as_ref().same(is.as_ref())) {
                    let values: Vec<_> = new.iter().map(Value::as_ref).collect();
                    store.put(table, index, &key, &values)?;
                    constraints.changes.push(Change { row, shown: Shown::Updated, hidden: None });
                    return Ok(());
                }
                store.delete(table, index, &key)?;
                true
            }
        };
        constraints.staged.insert(row, Staged { values: new, was_visible });
        Ok(())
    }
}

impl<S: Store> Store for Constrained<'_, S> {
    fn put(&mut self, table: &Table, index: usize, key: &[u8], values: &[ValueRef<'_>]) -> Result<(), StoreError> {
        if !table.links.constrained {
            return self.store.put(table, index, key, values);
        }
        let stored = table.columns.iter().zip(values).map(|(column, value)| column.stored(*value).to_value());
        self.write(table, (index, key.into()), stored.collect())
    }

    fn set(
        &mut self,
        table: &Table,
        index: usize,
        key: &[u8],
        columns: &[(u8, ValueRef<'_>)],
    ) -> Result<(), StoreError> {
        if !table.links.constrained {
            return self.store.set(table, index, key, columns);
        }
        let row = (index, key.into());
        let over = |values: &mut [Value]| {
            for (column, value) in columns {
                let at = usize::from(*column);
                if let (Some(entry), Some(column)) = (values.get_mut(at), table.columns.get(at)) {
                    *entry = column.stored(*value).to_value();
                }
            }
        };
        let involves = columns.iter().any(|(column, _)| table.links.columns.get(usize::from(*column)) == Some(&true));
        if !involves {
            let constraints = &mut *self.constraints;
            if let Some(staged) = constraints.staged.get_mut(&row) {
                over(&mut staged.values);
            } else if let Some(values) = constraints.hidden.get_mut(&row) {
                over(values);
            } else {
                self.store.set(table, index, key, columns)?;
                self.constraints.changes.push(Change { row, shown: Shown::Updated, hidden: None });
            }
            return Ok(());
        }
        let Some(mut values) = self.row(table, index, key)? else {
            return Err(StoreError(format!("an update of table {} found no row", table.name)));
        };
        over(&mut values);
        self.write(table, row, values.into_boxed_slice())
    }

    fn delete(&mut self, table: &Table, index: usize, key: &[u8]) -> Result<(), StoreError> {
        if !table.links.constrained {
            return self.store.delete(table, index, key);
        }
        let row: RowId = (index, key.into());
        let Self { schema, constraints, store } = self;
        let gone = |row| Change { row, shown: Shown::Deleted, hidden: None };
        if let Some(staged) = constraints.staged.remove(&row) {
            if staged.was_visible {
                // Those that saw it as it was have been marked when it was staged, but for children of the same key.
                let was = View { table, key, values: &staged.values };
                constraints.leaves(schema, was, index, None, true, *store)?;
                constraints.changes.push(gone(row));
            }
        } else if let Some(values) = constraints.unhide(schema, &row) {
            constraints.leaves(schema, View { table, key, values: &values }, index, None, false, *store)?;
        } else {
            let values = store.row(table, index, key)?.unwrap_or_default();
            store.delete(table, index, key)?;
            constraints.leaves(schema, View { table, key, values: &values }, index, None, true, *store)?;
            constraints.changes.push(gone(row));
        }
        Ok(())
    }

    fn row(&mut self, table: &Table, index: usize, key: &[u8]) -> Result<Option<Vec<Value>>, StoreError> {
        if table.links.constrained && !self.constraints.is_idle() {
            let row = (index, key.into());
            let staged = self.constraints.staged.get(&row).map(|staged| &staged.values);
            if let Some(values) = staged.or_else(|| self.constraints.hidden.get(&row)) {
                return Ok(Some(values.to_vec()));
            }
        }
        self.store.row(table, index, key)
    }

    fn find(&mut self, lookup: Lookup, values: &[ValueRef<'_>]) -> Result<Vec<Key>, StoreError> {
        self.store.find(lookup, values)
    }
}
