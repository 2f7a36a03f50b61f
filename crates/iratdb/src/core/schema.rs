//! What is replicated: tables, their keys and columns, as read back from SQLite after the DDL ran.

use super::value::ValueRef;

/// Replicated tables a database may have.
pub const TABLES_MAX: usize = 64;
/// Columns beside the primary key a replicated table may have.
pub const COLUMNS_MAX: usize = 255;
/// Columns a primary key may have.
pub const KEY_COLUMNS_MAX: usize = 16;

/// The replicated tables, in the order of their names: an index into it names a table on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The tables, by name.
    pub tables: Vec<Table>,
    /// Tells schemas apart: frames of another schema are not taken.
    pub hash: u64,
}

/// A replicated table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its primary key, in key order.
    pub key: Vec<Column>,
    /// Its other columns, in declaration order: an index into it names a column on the wire.
    pub columns: Vec<Column>,
    /// Whether rows die with the process that inserted them.
    pub owned: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its place among all columns of the table.
    pub position: usize,
    /// `NOT NULL`.
    pub not_null: bool,
    /// How SQLite stores what is put into it.
    pub storage: Storage,
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

    /// The value as SQLite will give it back. The preupdate hook shows integers that a `REAL` column stores as such.
    pub fn stored<'a>(&self, value: ValueRef<'a>) -> ValueRef<'a> {
        match (self.storage, value) {
            (Storage::Real | Storage::RealOnly, ValueRef::Integer(i)) => ValueRef::Real(i as f64),
            (_, value) => value,
        }
    }
}

impl Schema {
    /// Builds a schema: sorts the tables and computes the hash.
    pub fn new(mut tables: Vec<Table>) -> Self {
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let mut bytes = Vec::new();
        for table in &tables {
            bytes.extend_from_slice(table.name.as_bytes());
            bytes.extend_from_slice(&[0, u8::from(table.owned)]);
            for (in_key, column) in table.key.iter().map(|c| (1, c)).chain(table.columns.iter().map(|c| (0, c))) {
                bytes.extend_from_slice(column.name.as_bytes());
                bytes.extend_from_slice(&[0, in_key, u8::from(column.not_null), column.storage as u8]);
                bytes.extend_from_slice(&(column.position as u32).to_le_bytes());
            }
            bytes.push(0xff);
        }
        let hash = super::digest::hash64(&bytes, 0);
        Self { tables, hash }
    }

    /// A table's index.
    pub fn table_index(&self, name: &str) -> Option<usize> {
        self.tables.binary_search_by(|table| table.name.as_str().cmp(name)).ok()
    }
}
