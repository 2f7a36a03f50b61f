//! What a local transaction changed: a set of dirty rows, not a log.
//!
//! The preupdate hook also reports rows of statements that fail later and of savepoints that are rolled back. If there were
//! none, the values it showed are used; otherwise the dirty rows are read again and compared with what they were.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::key::Key;
use super::store::StoreError;
use super::value::{Value, ValueRef};

/// Bytes of values that a transaction's dirty set may hold: beyond, the transaction is refused.
pub const CAPTURE_BYTES_MAX: usize = 4 * super::codec::TX_BYTES_MAX;

/// Up to this many dirty rows are found by looking at each.
const LINEAR_MAX: usize = 8;

/// Rows for which memory is kept from one transaction to the next.
const KEPT_MAX: usize = 1_024;

/// A row's change by a local transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalChange {
    /// The table's index.
    pub table: usize,
    /// The row.
    pub key: Key,
    /// What happened.
    pub kind: LocalKind,
}

/// What happened to a row.
#[derive(Debug, Clone, PartialEq)]
pub enum LocalKind {
    /// A new incarnation.
    Insert {
        /// Its values.
        values: Box<[Value]>,
        /// The values of the row it took the place of.
        before: Option<Box<[Value]>>,
    },
    /// Columns, ascending, that have become another.
    Update(Vec<Changed>),
    /// It is gone.
    Delete {
        /// What it was.
        before: Option<Box<[Value]>>,
    },
}

/// A column's change.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Which.
    pub column: u8,
    /// Its value before the transaction.
    pub before: Value,
    /// Its value now.
    pub after: Value,
}

/// How sure the transaction is of what the hook showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Every reported change was kept.
    Exact,
    /// Every reported change was kept, some of them as REPLACE.
    ExactWithReplace,
    /// Some may have been undone: look again.
    Unsure,
}

#[derive(Debug)]
enum Now {
    Changed(Vec<Changed>),
    Whole(Box<[Value]>),
    Gone,
}

#[derive(Debug)]
struct Dirty {
    table: usize,
    key: Key,
    existed: bool,
    replaced: bool,
    before: Option<Box<[Value]>>,
    now: Now,
}

/// Tells statements of one transaction apart that have changed rows: how many rows SQLite had counted when it began.
pub type Statement = u64;

/// The dirty rows of the transaction that is open.
#[derive(Debug, Default)]
pub struct DirtySet {
    rows: Vec<Dirty>,
    index: HashMap<(usize, Key), usize, FixedState>,
    /// The row that the last event deleted, and the statement that did.
    last_deleted: Option<(usize, Statement)>,
    statement: Option<Statement>,
    events: u64,
    replacements: u64,
    bytes: usize,
}

impl DirtySet {
    /// Forgets everything, for the next transaction.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.index.clear();
        if self.rows.capacity() > KEPT_MAX {
            self.rows = Vec::new();
            self.index = HashMap::default();
        }
        self.last_deleted = None;
        self.statement = None;
        self.events = 0;
        self.replacements = 0;
        self.bytes = 0;
    }

    /// Whether no replicated row was touched.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of values held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts a row change that the hook reports, of any table; with the statement, if it is not a trigger that makes it.
    pub fn count_event(&mut self, statement: Option<Statement>) {
        self.events += 1;
        self.statement = statement;
    }

    /// Compares the hook's reports with SQLite's own count of rows changed by statements that succeeded: a failed
    /// statement's rows are reported but not counted. REPLACE reports the row it deletes, and does not count it: a statement, not a
    /// trigger of it, that deletes a row and next inserts it is one. Others that delete and insert count both.
    pub fn certainty(&self, rows_counted: u64, savepoints: bool) -> Certainty {
        if savepoints {
            Certainty::Unsure
        } else if self.events == rows_counted {
            Certainty::Exact
        } else if self.events - self.replacements == rows_counted {
            Certainty::ExactWithReplace
        } else {
            Certainty::Unsure
        }
    }

    fn find(&self, table: usize, key: &[u8]) -> Option<usize> {
        if self.rows.len() <= LINEAR_MAX {
            return self.rows.iter().position(|row| row.table == table && *row.key == *key);
        }
        self.index.get(&(table, key.into())).copied()
    }

    fn add(&mut self, row: Dirty) -> usize {
        let at = self.rows.len();
        if at == LINEAR_MAX {
            self.index = self.rows.iter().enumerate().map(|(i, row)| ((row.table, row.key.clone()), i)).collect();
        }
        if at >= LINEAR_MAX {
            self.index.insert((row.table, row.key.clone()), at);
        }
        self.bytes += row.key.len() + size_of::<Dirty>();
        self.rows.push(row);
        at
    }

    fn charge(&mut self, values: &[Value]) {
        self.bytes += values.iter().map(|value| value.as_ref().size()).sum::<usize>();
    }

    /// A row was inserted.
    pub fn insert(&mut self, table: usize, key: &[u8], values: Box<[Value]>) {
        self.charge(&values);
        match self.find(table, key) {
            Some(at) => {
                if let Some(deleted) = self.last_deleted.take()
                    && self.statement.is_some_and(|statement| deleted == (at, statement))
                {
                    self.replacements += 1;
                }
                if let Some(row) = self.rows.get_mut(at) {
                    row.replaced |= row.existed;
                    row.now = Now::Whole(values);
                }
            }
            None => {
                self.last_deleted = None;
                let now = Now::Whole(values);
                self.add(Dirty { table, key: key.into(), existed: false, replaced: false, before: None, now });
            }
        }
    }

    /// Columns of a row were changed; each with the value before and after.
    pub fn update<'a>(
        &mut self,
        table: usize,
        key: &[u8],
        changed: impl Iterator<Item = (u8, ValueRef<'a>, ValueRef<'a>)>,
    ) {
        self.last_deleted = None;
        let at = self.find(table, key).unwrap_or_else(|| {
            let now = Now::Changed(Vec::new());
            self.add(Dirty { table, key: key.into(), existed: true, replaced: false, before: None, now })
        });
        let Some(row) = self.rows.get_mut(at) else { return };
        for (column, before, after) in changed {
            self.bytes += before.size() + after.size();
            match &mut row.now {
                Now::Whole(values) => {
                    if let Some(value) = values.get_mut(usize::from(column)) {
                        *value = after.to_value();
                    }
                }
                Now::Changed(columns) => match columns.binary_search_by_key(&column, |changed| changed.column) {
                    Ok(i) => {
                        if let Some(entry) = columns.get_mut(i) {
                            entry.after = after.to_value();
                        }
                    }
                    Err(i) => {
                        let changed = Changed { column, before: before.to_value(), after: after.to_value() };
                        columns.insert(i, changed);
                    }
                },
                // A savepoint brought the row back after a delete: its values will be read again.
                Now::Gone => {}
            }
        }
    }

    /// A row was deleted; its values before.
    pub fn delete(&mut self, table: usize, key: &[u8], mut values: Box<[Value]>) {
        self.charge(&values);
        let at = self.find(table, key).unwrap_or_else(|| {
            let now = Now::Changed(Vec::new());
            self.add(Dirty { table, key: key.into(), existed: true, replaced: false, before: None, now })
        });
        self.last_deleted = self.statement.map(|statement| (at, statement));
        let Some(row) = self.rows.get_mut(at) else { return };
        if row.existed && row.before.is_none() {
            if let Now::Changed(columns) = &row.now {
                for Changed { column, before, .. } in columns {
                    if let Some(value) = values.get_mut(usize::from(*column)) {
                        *value = before.clone();
                    }
                }
            }
            row.before = Some(values);
        }
        row.now = Now::Gone;
    }

    /// The transaction's changes, and the set is empty again. `read` reads a row as it is now.
    pub fn finish(
        &mut self,
        certainty: Certainty,
        mut read: impl FnMut(usize, &[u8]) -> Result<Option<Vec<Value>>, StoreError>,
    ) -> Result<Vec<LocalChange>, StoreError> {
        let mut changes = Vec::with_capacity(self.rows.len());
        for row in self.rows.drain(..) {
            let kind = if certainty == Certainty::Unsure {
                look_again(&row, read(row.table, &row.key)?)
            } else {
                as_shown(row.existed, row.before, row.now)
            };
            if let Some(kind) = kind {
                changes.push(LocalChange { table: row.table, key: row.key, kind });
            }
        }
        self.clear();
        Ok(changes)
    }
}

fn as_shown(existed: bool, before: Option<Box<[Value]>>, now: Now) -> Option<LocalKind> {
    match now {
        Now::Whole(values) => Some(LocalKind::Insert { values, before }),
        Now::Gone => existed.then_some(LocalKind::Delete { before }),
        Now::Changed(mut columns) => {
            columns.retain(|changed| !changed.before.as_ref().same(changed.after.as_ref()));
            (!columns.is_empty()).then_some(LocalKind::Update(columns))
        }
    }
}

fn look_again(row: &Dirty, values: Option<Vec<Value>>) -> Option<LocalKind> {
    let Some(values) = values else {
        return row.existed.then(|| LocalKind::Delete { before: row.before.clone() });
    };
    if !row.existed {
        return Some(LocalKind::Insert { values: values.into_boxed_slice(), before: None });
    }
    let changed = |was: &Value, is: &Value, column: u8| {
        let differs = !was.as_ref().same(is.as_ref());
        differs.then(|| Changed { column, before: was.clone(), after: is.clone() })
    };
    let news: Vec<Changed> = match (&row.now, &row.before) {
        (_, Some(before)) => {
            before.iter().zip(&values).zip(0_u8..).filter_map(|((was, is), column)| changed(was, is, column)).collect()
        }
        (Now::Changed(columns), None) => columns
            .iter()
            .filter_map(|was| changed(&was.before, values.get(usize::from(was.column))?, was.column))
            .collect(),
        // Not reached: a row that was there is gone, or new, only after a delete that showed what it was.
        (_, None) => Vec::new(),
    };
    if news.is_empty() {
        None
    } else if row.replaced {
        Some(LocalKind::Insert { values: values.into_boxed_slice(), before: row.before.clone() })
    } else {
        Some(LocalKind::Update(news))
    }
}
