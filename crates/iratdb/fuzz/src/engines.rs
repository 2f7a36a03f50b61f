//! An engine, and a store that notices when it is used wrongly.

use std::collections::BTreeMap;
use std::sync::Arc;

use iratdb::core::engine::{Config, Engine, Limits, Now};
use iratdb::core::key::Key;
use iratdb::core::schema::{Affinity, Column, Merge, Schema, Storage, Table};
use iratdb::core::store::{Lookup, Store, StoreError};
use iratdb::core::value::{Value, ValueRef};

fn column(name: &str, position: usize, storage: Storage) -> Column {
    Column {
        name: name.to_owned(),
        position,
        not_null: position == 0,
        storage,
        affinity: Affinity::Blob,
        merge: Merge::Last,
    }
}

/// Two tables of five columns beside the key; the second is owned.
pub fn schema() -> Schema {
    let table = |name: &str, owned| Table {
        name: name.to_owned(),
        key: vec![column("id", 0, Storage::Any)],
        columns: (1..6).map(|n| column(&format!("c{n}"), n, Storage::Any)).collect(),
        owned,
        ..Table::default()
    };
    Schema::new(vec![table("t", false), table("u", true)])
}

/// The time.
pub fn now(mono_ms: u64) -> Now {
    Now { mono_ms, wall_ms: 1_000_000 + mono_ms }
}

/// A new engine, always the same.
pub fn engine() -> Engine {
    let config = Config {
        schema: Arc::new(schema()),
        node: "".into(),
        heartbeat_ms: 500,
        lease_ms: 2_000,
        alone_after_ms: 300,
        tombstone_keep_ms: 60_000,
        limits: Limits { resend_bytes_max: 10_000, ..Limits::default() },
        connected: true,
        read_only: false,
        reader: false,
        seed: 5,
    };
    Engine::new(config, now(0))
}

/// Rows in memory.
#[derive(Debug, Default)]
pub struct Rows(BTreeMap<(usize, Vec<u8>), Vec<Value>>);

impl Rows {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Store for Rows {
    fn put(&mut self, table: &Table, index: usize, key: &[u8], values: &[ValueRef<'_>]) -> Result<(), StoreError> {
        assert_eq!(values.len(), table.columns.len());
        self.0.insert((index, key.to_vec()), values.iter().map(|value| value.to_value()).collect());
        Ok(())
    }

    fn set(&mut self, _: &Table, index: usize, key: &[u8], columns: &[(u8, ValueRef<'_>)]) -> Result<(), StoreError> {
        let row = self.0.get_mut(&(index, key.to_vec())).expect("columns of a row that is there");
        for (column, value) in columns {
            row[usize::from(*column)] = value.to_value();
        }
        Ok(())
    }

    fn delete(&mut self, _: &Table, index: usize, key: &[u8]) -> Result<(), StoreError> {
        self.0.remove(&(index, key.to_vec())).expect("a row that is there");
        Ok(())
    }

    fn row(&mut self, _: &Table, index: usize, key: &[u8]) -> Result<Option<Vec<Value>>, StoreError> {
        Ok(self.0.get(&(index, key.to_vec())).cloned())
    }

    fn find(&mut self, _: Lookup, _: &[ValueRef<'_>]) -> Result<Vec<Key>, StoreError> {
        unreachable!("the schema has no constraints")
    }
}
