//! An engine, and a store that notices when it is used wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use iratdb::core::constraint::{Collation, Part, Reference, Target, Unique};
use iratdb::core::engine::{Config, Engine, Limits, Now};
use iratdb::core::key::{Key, key_of};
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
        default: Some(Value::Null),
    }
}

/// Four tables of five columns beside the key. The second is owned; the first column of the third is UNIQUE, and that of the fourth refers to
/// the third's key.
pub fn schema() -> Schema {
    let table = |name: &str, owned| Table {
        name: name.to_owned(),
        key: vec![column("id", 0, Storage::Any)],
        columns: (1..6).map(|n| column(&format!("c{n}"), n, Storage::Any)).collect(),
        owned,
        ..Table::default()
    };
    let part = Part { in_key: false, index: 0, collation: Collation::Binary };
    let unique = Unique { name: "v(c1)".to_owned(), table: 2, parts: vec![part] };
    let reference = Reference {
        name: "w(c1) REFERENCES v".to_owned(),
        table: 3,
        parts: vec![part],
        parent: 2,
        target: Target::Key(vec![0]),
    };
    let tables = vec![table("t", false), table("u", true), table("v", false), table("w", false)];
    Schema::with_constraints(1, tables, vec![unique], vec![reference])
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

    /// Fails if what shows breaks a constraint.
    pub fn check(&self) {
        let firsts = |table| self.0.iter().filter(move |((of, _), _)| *of == table).map(|(_, row)| &row[0]);
        let mut held = BTreeSet::new();
        for value in firsts(2).filter(|value| !matches!(value, Value::Null)) {
            assert!(held.insert(key_of(std::slice::from_ref(value))), "{value:?} twice");
        }
        for value in firsts(3).filter(|value| !matches!(value, Value::Null)) {
            let parent = key_of(std::slice::from_ref(value)).into_vec();
            assert!(self.0.contains_key(&(2, parent)), "{value:?} is no parent");
        }
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

    fn find(&mut self, lookup: Lookup, values: &[ValueRef<'_>]) -> Result<Vec<Key>, StoreError> {
        let table = match lookup {
            Lookup::Unique(_) => 2,
            Lookup::Reference(_) => 3,
        };
        let [wanted] = values else { panic!("constraints of one column") };
        let wanted = key_of(&[wanted.to_value()]);
        let found = self.0.iter().filter(|((of, _), row)| *of == table && key_of(&row[..1]) == wanted);
        Ok(found.map(|((_, key), _)| key.as_slice().into()).collect())
    }
}
