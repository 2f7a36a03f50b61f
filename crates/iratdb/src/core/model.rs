//! Model against implementation: whatever the order, repetition and grouping of operations, a table shows what follows
//! from the set of them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::codec::{OpReader, put_state_dead, put_state_live};
use super::hlc::Stamp;
use super::ids::Epoch;
use super::key::{Key, key_of};
use super::merge::Clocks;
use super::schema::{Affinity, Column, Merge, Schema, Storage, Table};
use super::store::{Lookup, Store, StoreError};
use super::table::TableState;
use super::tail::Tail;
use super::value::{Value, ValueRef};
use super::visible::RowState;

/// Rows in memory.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Memory(pub(super) BTreeMap<Key, Vec<Value>>);

impl Store for Memory {
    fn put(&mut self, _: &Table, _: usize, key: &[u8], values: &[ValueRef<'_>]) -> Result<(), StoreError> {
        self.0.insert(key.into(), values.iter().map(|value| value.to_value()).collect());
        Ok(())
    }

    fn set(&mut self, _: &Table, _: usize, key: &[u8], columns: &[(u8, ValueRef<'_>)]) -> Result<(), StoreError> {
        let row = self.0.get_mut(key).ok_or_else(|| StoreError("an update of no row".to_owned()))?;
        for (column, value) in columns {
            row[usize::from(*column)] = value.to_value();
        }
        Ok(())
    }

    fn delete(&mut self, _: &Table, _: usize, key: &[u8]) -> Result<(), StoreError> {
        self.0.remove(key).map(drop).ok_or_else(|| StoreError("a delete of no row".to_owned()))
    }

    fn row(&mut self, _: &Table, _: usize, key: &[u8]) -> Result<Option<Vec<Value>>, StoreError> {
        Ok(self.0.get(key).cloned())
    }

    fn find(&mut self, _: Lookup, _: &[ValueRef<'_>]) -> Result<Vec<Key>, StoreError> {
        Err(StoreError("there is no constraint".to_owned()))
    }
}

fn schema(owned: bool) -> Schema {
    let column = |name: &str, position| Column {
        name: name.to_owned(),
        position,
        not_null: false,
        storage: Storage::Any,
        affinity: Affinity::Blob,
        merge: Merge::Last,
        default: Some(Value::Null),
    };
    let columns = vec![column("a", 1), column("b", 2)];
    Schema::new(vec![Table { name: "t".to_owned(), key: vec![column("id", 0)], columns, owned, ..Table::default() }])
}

/// What somebody did to the one row there is. Times are unique; the writer follows from the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Did {
    Insert { at: u64 },
    Update { birth: u64, at: u64, column: u8 },
    Delete { at: u64 },
}

fn writer(at: u64) -> Epoch {
    Epoch(1 + at % 3)
}

fn stamp(at: u64) -> Stamp {
    Stamp { hlc: at, epoch: writer(at) }
}

/// Operations at distinct times; updates of births before them, which may never have been inserted.
fn history() -> impl Strategy<Value = Vec<Did>> {
    proptest::collection::vec((0_u8..6, 0_usize..8, 0_u8..2), 1..14).prop_map(|choices| {
        let mut births = vec![1];
        let mut all = Vec::new();
        for ((kind, which, column), at) in choices.into_iter().zip((2_u64..).step_by(1)) {
            all.push(match kind {
                0 | 1 => {
                    births.push(at);
                    Did::Insert { at }
                }
                2..=4 => Did::Update { birth: births[which % births.len()], at, column },
                _ => Did::Delete { at },
            });
        }
        all
    })
}

/// In an owned table an update is its owner's.
fn owners_only(all: Vec<Did>) -> Vec<Did> {
    let own = |did: &Did| !matches!(did, Did::Update { birth, at, .. } if writer(*birth) != writer(*at));
    all.into_iter().filter(own).collect()
}

fn insert_value(at: u64) -> Value {
    Value::Integer(at as i64 * 100)
}

/// What the table should show: from the set of operations alone.
fn expected(all: &BTreeSet<Did>, owned: bool) -> Option<Vec<Value>> {
    let owner = |at: u64| if owned { writer(at) } else { Epoch::NONE };
    let died = |birth: u64| {
        all.iter().any(|did| matches!(did, Did::Delete { at } if *at > birth && owner(*at) == owner(birth)))
    };
    let births = all.iter().filter_map(|did| match did {
        Did::Insert { at } if !died(*at) => Some(*at),
        _ => None,
    });
    let latest = births.max()?;
    let value = |of: u8| {
        let updates = all.iter().filter_map(|did| match did {
            Did::Update { birth, at, column } if *birth == latest && *column == of => Some(*at),
            _ => None,
        });
        updates.max().map_or_else(|| insert_value(latest), |at| Value::Integer(at as i64))
    };
    Some(vec![value(0), value(1)])
}

/// A table of one row, with what decides about it.
pub(super) struct Replica {
    pub(super) schema: Schema,
    pub(super) state: TableState,
    pub(super) rows: Memory,
    pub(super) key: Key,
}

impl Replica {
    pub(super) fn new(schema: Schema) -> Self {
        let key = key_of(&[Value::Integer(1)]);
        Self { schema, state: TableState::new(7), rows: Memory::default(), key }
    }

    fn did(&mut self, did: Did) {
        let mut bytes = Vec::new();
        match did {
            Did::Insert { at } => {
                let values = [insert_value(at), insert_value(at)];
                let row = (&values[..], &Tail::EMPTY);
                put_state_live(&mut bytes, 0, &self.key, stamp(at), &Clocks::default(), row);
            }
            Did::Delete { at } => put_state_dead(&mut bytes, 0, &self.key, stamp(at)),
            Did::Update { birth, at, column } => {
                let columns = std::iter::once((column, ValueRef::Integer(at as i64)));
                bytes = super::codec::start_tx(at);
                super::codec::put_update(&mut bytes, 0, &self.key, writer(at), stamp(birth), columns);
                return self.merge(OpReader::tx(&bytes, writer(at)).unwrap());
            }
        }
        self.merge(OpReader::states(&bytes));
    }

    pub(super) fn merge(&mut self, mut ops: OpReader<'_>) {
        while let Some(op) = ops.next().unwrap() {
            self.state.merge(&self.schema.tables[0], 0, op.key, &op.body, 0, &mut self.rows).unwrap();
        }
    }

    /// Sends its state, as a resync does.
    pub(super) fn send_to(&mut self, other: &mut Self) {
        let mut bytes = Vec::new();
        let tables = [std::mem::replace(&mut self.state, TableState::new(7))];
        super::engine::put_row_for_tests(&tables, &self.schema, &self.key, &mut bytes, &mut self.rows);
        let [state] = tables;
        self.state = state;
        other.merge(OpReader::states(&bytes));
    }

    fn end(&mut self, owner: Epoch) {
        self.state.end_owner(&self.schema.tables[0], 0, &self.key, owner, &mut self.rows).unwrap();
    }

    fn shown(&self) -> Option<Vec<Value>> {
        self.rows.0.get(&self.key).cloned()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_order_and_repetition_shows_the_same(
        all in history(),
        owned in any::<bool>(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let all = if owned { owners_only(all) } else { all };
        let mut replica = Replica::new(schema(owned));
        // Some in any order, some several times; then what is left.
        for index in &order {
            if !all.is_empty() {
                replica.did(*index.get(&all));
            }
        }
        for did in all.iter().rev() {
            replica.did(*did);
        }
        let set: BTreeSet<_> = all.iter().copied().collect();
        prop_assert_eq!(replica.shown(), expected(&set, owned));
        prop_assert_eq!(replica.state.live(), usize::from(replica.shown().is_some()));

        let mut in_order = Replica::new(schema(owned));
        all.iter().for_each(|did| in_order.did(*did));
        prop_assert_eq!(in_order.shown(), replica.shown());
        prop_assert_eq!(in_order.state.digest(), replica.state.digest());
    }

    #[test]
    fn exchanging_states_joins_replicas(
        all in history(),
        owned in any::<bool>(),
        split in proptest::collection::vec(any::<(bool, bool)>(), 14),
    ) {
        let all = if owned { owners_only(all) } else { all };
        let (mut a, mut b) = (Replica::new(schema(owned)), Replica::new(schema(owned)));
        // Updates reach both, as frames do in the end; inserts and deletes may reach only one.
        let mut set = BTreeSet::new();
        for (did, (to_a, to_b)) in all.iter().zip(split) {
            let update = matches!(did, Did::Update { .. });
            if to_a || update {
                a.did(*did);
            }
            if to_b || update {
                b.did(*did);
            }
            if to_a || to_b || update {
                set.insert(*did);
            }
        }
        a.send_to(&mut b);
        b.send_to(&mut a);
        prop_assert_eq!(a.shown(), expected(&set, owned));
        prop_assert_eq!(a.shown(), b.shown());
        prop_assert_eq!(a.state.digest(), b.state.digest());
    }

    #[test]
    fn an_owners_end_may_come_at_any_time(all in history(), at in 0_usize..14, ended in 1_u64..4) {
        let all = owners_only(all);
        let ended = Epoch(ended);
        let owner = |did: &Did| match did {
            Did::Insert { at } | Did::Delete { at } => writer(*at),
            Did::Update { birth, .. } => writer(*birth),
        };
        let mut replica = Replica::new(schema(true));
        for (n, did) in all.iter().enumerate() {
            if n == at {
                replica.end(ended);
            }
            // The engine takes nothing of an owner that is over.
            if n < at || owner(did) != ended {
                replica.did(*did);
            }
        }
        replica.end(ended);
        let others: BTreeSet<_> = all.into_iter().filter(|did| owner(did) != ended).collect();
        prop_assert_eq!(replica.shown(), expected(&others, true));
        let forgotten = !matches!(replica.state.get(&replica.key), Some(RowState::Slots(slots)) if slots.iter().any(|(who, _)| *who == ended));
        prop_assert!(forgotten);
    }
}
