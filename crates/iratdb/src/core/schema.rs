//! What is replicated: tables, their keys, columns and constraints, as read back from SQLite after the DDL ran.

use super::constraint::{Links, Reference, Unique, link};
use super::hlc::Stamp;
use super::merge::Clocks;
use super::value::{Value, ValueRef};
use super::version::{describe, hash_of};

/// Replicated tables a database may have.
pub const TABLES_MAX: usize = 64;
/// Columns beside the primary key a replicated table may have.
pub const COLUMNS_MAX: usize = 255;
/// Under this number a row-wise table keeps when a row last changed; greater than that of any column.
pub const ROW_CLOCK: u8 = u8::MAX;
/// Columns a primary key may have.
pub const KEY_COLUMNS_MAX: usize = 16;

/// The replicated tables: parents before the tables that refer to them, then by name. An index into them names a table
/// on the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Whatever can't just be added makes a new one: members of different versions don't talk to each other.
    pub version: u32,
    /// The tables.
    pub tables: Vec<Table>,
    /// UNIQUE constraints and indexes beside primary keys.
    pub uniques: Vec<Unique>,
    /// Foreign keys.
    pub references: Vec<Reference>,
    /// What members of another schema are told of this one: see [`super::version`].
    pub description: Box<[u8]>,
    /// Tells schemas apart.
    pub hash: u64,
}

/// A replicated table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its primary key, in key order.
    pub key: Vec<Column>,
    /// Its other columns, in declaration order: an index into it names a column on the wire.
    pub columns: Vec<Column>,
    /// Whether rows die with the process that inserted them.
    pub owned: bool,
    /// Whether the later UPDATE counts as a whole row, instead of column by column.
    pub row_wise: bool,
    /// What SQLite computes of a row and replicas can't leave out: expressions of generated columns and indexes, sorted.
    pub computed: Vec<String>,
    /// Its place among constraints.
    pub links: Links,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its place among all columns of the table.
    pub position: usize,
    /// `NOT NULL`.
    pub not_null: bool,
    /// How SQLite stores what is put into it.
    pub storage: Storage,
    /// What SQLite converts on the way in.
    pub affinity: Affinity,
    /// What becomes of concurrent updates.
    pub merge: Merge,
    /// What it has in rows of members that don't know it: its DEFAULT, if that is constant, or NULL. `None` if it can't be left out.
    pub default: Option<Value>,
}

/// What a column takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Any value, as it is or as the affinity converts it.
    Any,
    /// `REAL` affinity: integers become reals.
    Real,
    /// Integers only: `INTEGER PRIMARY KEY`, or `INTEGER` of a `STRICT` table.
    IntegerOnly,
    /// `REAL` of a `STRICT` table.
    RealOnly,
    /// `TEXT` of a `STRICT` table.
    TextOnly,
    /// `BLOB` of a `STRICT` table.
    BlobOnly,
}

/// SQLite's column affinities, as far as they differ in what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Affinity {
    /// Nothing is converted.
    Blob,
    /// Numbers become text.
    Text,
    /// Text that looks like a number becomes one, and a real that is an integer becomes one.
    Numeric,
    /// Text that looks like a number becomes a real.
    Real,
}

/// What becomes of concurrent updates of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Merge {
    /// The later counts.
    #[default]
    Last,
    /// All add up.
    Counter,
    /// The greatest value counts.
    Max,
    /// The least value counts.
    Min,
}

impl Column {
    /// Whether SQLite would take the value. What comes from the network is checked before it is applied.
    pub fn accepts(&self, value: ValueRef<'_>) -> bool {
        match (self.storage, value) {
            (_, ValueRef::Null) => !self.not_null,
            (Storage::Any, _) => true,
            (Storage::Real, _) => true,
            (Storage::IntegerOnly, ValueRef::Integer(_))
            | (Storage::RealOnly, ValueRef::Integer(_) | ValueRef::Real(_))
            | (Storage::TextOnly, ValueRef::Text(_))
            | (Storage::BlobOnly, ValueRef::Blob(_)) => true,
            _ => false,
        }
    }

    /// Its value in a row of which nothing was said of it.
    pub fn left_out(&self) -> ValueRef<'_> {
        self.default.as_ref().map_or(ValueRef::Null, Value::as_ref)
    }

    /// The value as SQLite will give it back. The preupdate hook shows integers that a `REAL` column stores as such.
    pub fn stored<'a>(&self, value: ValueRef<'a>) -> ValueRef<'a> {
        match (self.storage, value) {
            (Storage::Real | Storage::RealOnly, ValueRef::Integer(i)) => ValueRef::Real(i as f64),
            (_, value) => value,
        }
    }

    /// Whether SQLite would store it as it is. What a replica sends has been stored already, so it would; only a key
    /// in that form is compared as SQLite compares it.
    pub fn keeps(&self, value: ValueRef<'_>) -> bool {
        match (self.affinity, value) {
            (Affinity::Text, ValueRef::Integer(_) | ValueRef::Real(_)) => false,
            (Affinity::Numeric | Affinity::Real, ValueRef::Text(text)) => !looks_numeric(text),
            (Affinity::Numeric, ValueRef::Real(real)) => !is_small_integer(real),
            _ => true,
        }
    }
}

/// Whether SQLite's numeric affinity turns this real into an integer.
fn is_small_integer(real: f64) -> bool {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    real == real.trunc() && -LIMIT < real && real < LIMIT
}

/// Whether SQLite's numeric affinity turns this text into a number: sign, digits, fraction, exponent, spaces around.
fn looks_numeric(text: &[u8]) -> bool {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r');
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    let mut rest = text.get(start..end).unwrap_or_default();
    let sign = |rest: &mut &[u8]| {
        if let Some((b'+' | b'-', after)) = rest.split_first() {
            *rest = after;
        }
    };
    let digits = |rest: &mut &[u8]| {
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *rest = rest.get(count..).unwrap_or_default();
        count
    };
    sign(&mut rest);
    let mut count = digits(&mut rest);
    if let Some((b'.', after)) = rest.split_first() {
        rest = after;
        count += digits(&mut rest);
    }
    if count == 0 {
        return false;
    }
    if let Some((b'e' | b'E', after)) = rest.split_first() {
        rest = after;
        sign(&mut rest);
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.is_empty()
}

impl Table {
    /// What becomes of concurrent updates of a column. An owned row has one writer, whose last word it is.
    pub fn merge_of(&self, column: u8) -> Merge {
        if !self.links.merges {
            return Merge::Last;
        }
        self.columns.get(usize::from(column)).map(|column| column.merge).unwrap_or_default()
    }

    /// Which clock tells of a column's last change.
    pub fn clock_index(&self, column: u8) -> u8 {
        if self.row_wise && self.merge_of(column) == Merge::Last { ROW_CLOCK } else { column }
    }

    /// The columns that a write of the whole row has left out, because its writer did not know them: they are as by default.
    pub fn left_out(&self, said: impl Fn(u8) -> bool) -> impl Iterator<Item = (u8, ValueRef<'_>)> {
        let of_row = |column: u8| self.clock_index(column) == ROW_CLOCK;
        let columns = (0_u8..).zip(&self.columns).filter(move |(column, _)| of_row(*column) && !said(*column));
        columns.map(|(column, definition)| (column, definition.left_out()))
    }

    /// When a column last changed.
    pub fn clock(&self, column: u8, birth: Stamp, clocks: &Clocks) -> Stamp {
        clocks.get(self.clock_index(column), birth)
    }
}

impl Schema {
    /// Builds a schema without constraints beside primary keys.
    pub fn new(tables: Vec<Table>) -> Self {
        Self::with_constraints(1, tables, Vec::new(), Vec::new())
    }

    /// Builds a schema: sorts the tables and computes the hash. The constraints name tables by their index in `tables`.
    pub fn with_constraints(
        version: u32,
        tables: Vec<Table>,
        uniques: Vec<Unique>,
        references: Vec<Reference>,
    ) -> Self {
        let (tables, uniques, references) = link(tables, uniques, references);
        let description = describe(version, &tables, &uniques, &references).into_boxed_slice();
        let hash = hash_of(&description);
        Self { version, tables, uniques, references, description, hash }
    }

    /// A table's index.
    pub fn table_index(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_like_numbers() {
        for text in ["1", " -1.5e3 ", ".5", "5.", "+7E-2", "99999999999999999999"] {
            assert!(looks_numeric(text.as_bytes()), "{text}");
        }
        for text in ["", " ", "-", ".", "1e", "1 2", "0x10", "1a", "e5", "1e+"] {
            assert!(!looks_numeric(text.as_bytes()), "{text}");
        }
    }
}
