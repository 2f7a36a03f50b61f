//! What the core needs of the database that holds the values.

use super::key::Key;
use super::schema::Table;
use super::value::{Value, ValueRef};

/// The database failed. It is in memory and what is written has been checked, so this does not happen in
/// working order; the copy can't be trusted afterwards.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the local copy failed: {0}")]
pub struct StoreError(pub String);

/// What rows are looked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The columns of a UNIQUE constraint.
    Unique(usize),
    /// The child's columns of a foreign key.
    Reference(usize),
}

/// Holds the visible rows. What is written between two calls from outside the core appears at once.
pub trait Store {
    /// Writes a whole row, over the one that is there.
    fn put(&mut self, table: &Table, index: usize, key: &[u8], values: &[ValueRef<'_>]) -> Result<(), StoreError>;
    /// Writes columns of a row that is there.
    fn set(
        &mut self,
        table: &Table,
        index: usize,
        key: &[u8],
        columns: &[(u8, ValueRef<'_>)],
    ) -> Result<(), StoreError>;
    /// Deletes a row.
    fn delete(&mut self, table: &Table, index: usize, key: &[u8]) -> Result<(), StoreError>;
    /// Reads a row's columns beside the key.
    fn row(&mut self, table: &Table, index: usize, key: &[u8]) -> Result<Option<Vec<Value>>, StoreError>;
    /// Keys of the rows in which a constraint's columns have these values, none of them NULL.
    fn find(&mut self, lookup: Lookup, values: &[ValueRef<'_>]) -> Result<Vec<Key>, StoreError>;
}
