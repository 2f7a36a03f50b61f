//! Model against implementation for replicas that know different numbers of a table's columns: whatever the order, repetition and grouping
//! of operations, and whoever hands states on, all hold the same row, by all columns.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::codec::{OpReader, put_insert, put_state_dead, put_update, start_tx};
use super::hlc::Stamp;
use super::ids::Epoch;
use super::key::{Key, key_of};
use super::model::Memory;
use super::schema::{Affinity, Column, Merge, Schema, Storage, Table};
use super::table::TableState;
use super::value::{Value, ValueRef};

/// Columns that the newest member knows.
const COLUMNS: u8 = 4;

/// What a column has of which nobody has said anything.
fn default_of(column: u8) -> i64 {
    -1 - i64::from(column)
}

#[derive(Debug, Clone, Copy)]
struct Kind {
    owned: bool,
    row_wise: bool,
}

fn schema(columns: u8, kind: Kind) -> Schema {
    let column = |name: String, position: usize, default| Column {
        name,
        position,
        not_null: false,
        storage: Storage::Any,
        affinity: Affinity::Blob,
        merge: Merge::Last,
        default,
    };
    let columns = (0..columns)
        .map(|n| column(format!("c{n}"), usize::from(n) + 1, Some(Value::Integer(default_of(n)))))
        .collect();
    let (key, Kind { owned, row_wise }) = (vec![column("id".to_owned(), 0, None)], kind);
    Schema::new(vec![Table { name: "t".to_owned(), key, columns, owned, row_wise, ..Table::default() }])
}

/// What somebody did to the one row there is. Times are unique; the writer follows from the time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Did {
    /// With so many columns.
    Insert {
        at: u64,
        columns: u8,
    },
    /// These columns.
    Update {
        birth: u64,
        at: u64,
        columns: BTreeSet<u8>,
    },
    Delete {
        at: u64,
    },
}

fn writer(at: u64) -> Epoch {
    Epoch(1 + at % 3)
}

fn stamp(at: u64) -> Stamp {
    Stamp { hlc: at, epoch: writer(at) }
}

fn value(at: u64, column: u8) -> i64 {
    at as i64 * 10 + i64::from(column)
}

fn history(kind: Kind) -> impl Strategy<Value = Vec<Did>> {
    let choice = (0_u8..8, 0_usize..8, 1_u8..=COLUMNS, 0_u8..16);
    proptest::collection::vec(choice, 1..14).prop_map(move |choices| {
        let mut births = vec![1];
        let mut all = Vec::new();
        for ((what, which, known, more), at) in choices.into_iter().zip(2_u64..) {
            all.push(match what {
                0 | 1 => {
                    births.push(at);
                    Did::Insert { at, columns: known }
                }
                2..=6 => {
                    let birth = births[which % births.len()];
                    // A row that wins as a whole has all columns its writer knows, and some that it does not.
                    let prefix = if kind.row_wise { known } else { 0 };
                    let said = |column: &u8| *column < prefix || more >> column & 1 == 1;
                    let mut columns: BTreeSet<u8> = (0..COLUMNS).filter(said).collect();
                    columns.insert(0);
                    Did::Update { birth, at, columns }
                }
                _ => Did::Delete { at },
            });
        }
        let own = |did: &Did| !matches!(did, Did::Update { birth, at, .. } if writer(*birth) != writer(*at));
        all.retain(|did| !kind.owned || own(did));
        all
    })
}

/// The row, by all columns: from the set of operations alone.
fn expected(all: &BTreeSet<Did>, kind: Kind) -> Option<Vec<i64>> {
    let owner = |at: u64| if kind.owned { writer(at) } else { Epoch::NONE };
    let died = |birth: u64| {
        all.iter().any(|did| matches!(did, Did::Delete { at } if *at > birth && owner(*at) == owner(birth)))
    };
    let births = all.iter().filter_map(|did| match did {
        Did::Insert { at, columns } if !died(*at) => Some((*at, *columns)),
        _ => None,
    });
    let (latest, columns) = births.max()?;
    let mut said: BTreeMap<u8, u64> = (0..columns).map(|column| (column, latest)).collect();
    let mut updates: Vec<(u64, &BTreeSet<u8>)> = all
        .iter()
        .filter_map(|did| match did {
            Did::Update { birth, at, columns } if *birth == latest => Some((*at, columns)),
            _ => None,
        })
        .collect();
    updates.sort_unstable();
    for (at, columns) in updates {
        if kind.row_wise {
            said.clear();
        }
        said.extend(columns.iter().map(|column| (*column, at)));
    }
    let of = |column| said.get(&column).map_or_else(|| default_of(column), |at| value(*at, column));
    Some((0..COLUMNS).map(of).collect())
}

struct Replica {
    schema: Schema,
    state: TableState,
    rows: Memory,
    key: Key,
}

impl Replica {
    fn new(columns: u8, kind: Kind) -> Self {
        let key = key_of(&[Value::Integer(1)]);
        Self { schema: schema(columns, kind), state: TableState::new(7), rows: Memory::default(), key }
    }

    fn did(&mut self, did: &Did) {
        let mut bytes = Vec::new();
        match did {
            Did::Insert { at, columns } => {
                bytes = start_tx(*at);
                let values: Vec<_> = (0..*columns).map(|column| ValueRef::Integer(value(*at, column))).collect();
                put_insert(&mut bytes, 0, &self.key, values.into_iter());
                self.merge(OpReader::tx(&bytes, writer(*at)).unwrap());
            }
            Did::Update { birth, at, columns } => {
                bytes = start_tx(*at);
                let news: Vec<_> = columns.iter().map(|c| (*c, ValueRef::Integer(value(*at, *c)))).collect();
                put_update(&mut bytes, 0, &self.key, writer(*at), stamp(*birth), news.into_iter());
                self.merge(OpReader::tx(&bytes, writer(*at)).unwrap());
            }
            Did::Delete { at } => {
                put_state_dead(&mut bytes, 0, &self.key, stamp(*at));
                self.merge(OpReader::states(&bytes));
            }
        }
    }

    fn merge(&mut self, mut ops: OpReader<'_>) {
        while let Some(op) = ops.next().unwrap() {
            self.state.merge(&self.schema.tables[0], 0, op.key, &op.body, 0, &mut self.rows).unwrap();
        }
    }

    /// Sends its state, as a resync does.
    fn send_to(&mut self, other: &mut Self) {
        let mut bytes = Vec::new();
        let tables = [std::mem::replace(&mut self.state, TableState::new(7))];
        super::engine::put_row_for_tests(&tables, &self.schema, &self.key, &mut bytes, &mut self.rows);
        let [state] = tables;
        self.state = state;
        other.merge(OpReader::states(&bytes));
    }

    /// The row by all columns, those that it does not know as who knows them would show them.
    fn holds(&self) -> Option<Vec<i64>> {
        let mut all: Vec<i64> = self.rows.0.get(&self.key)?.iter().map(|value| value.as_i64().unwrap()).collect();
        let tail = self.state.get(&self.key).and_then(|state| state.tail());
        for column in all.len() as u8..COLUMNS {
            let said = tail.and_then(|tail| tail.iter().find(|(of, _)| *of == column));
            all.push(said.map_or_else(|| default_of(column), |(_, value)| value.as_i64().unwrap()));
        }
        Some(all)
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    (any::<bool>(), any::<bool>()).prop_map(|(owned, row_wise)| Kind { owned, row_wise })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_order_and_repetition_holds_the_same(
        (kind, all) in kinds().prop_flat_map(|kind| (Just(kind), history(kind))),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let set: BTreeSet<_> = all.iter().cloned().collect();
        let mut in_order = Replica::new(COLUMNS, kind);
        all.iter().for_each(|did| in_order.did(did));
        prop_assert_eq!(in_order.holds(), expected(&set, kind));
        for columns in 1..=COLUMNS {
            let mut replica = Replica::new(columns, kind);
            for index in order.iter().filter(|_| !all.is_empty()) {
                replica.did(index.get(&all));
            }
            all.iter().rev().for_each(|did| replica.did(did));
            prop_assert_eq!(replica.holds(), in_order.holds());
            prop_assert_eq!(replica.state.digest(), in_order.state.digest());
            let has_tail = replica.state.get(&replica.key).is_some_and(|state| state.tail_bytes() > 0);
            prop_assert_eq!(replica.state.tail_bytes() > 0, has_tail);
        }
    }

    #[test]
    fn what_is_handed_on_by_who_does_not_know_it_arrives(
        (kind, all) in kinds().prop_flat_map(|kind| (Just(kind), history(kind))),
        split in proptest::collection::vec((any::<bool>(), any::<bool>()), 14),
        widths in (1_u8..=COLUMNS, 1_u8..=COLUMNS, 1_u8..=COLUMNS, 1_u8..=COLUMNS),
    ) {
        let (mut a, mut b) = (Replica::new(widths.0, kind), Replica::new(widths.1, kind));
        let mut set = BTreeSet::new();
        for (did, (to_a, to_b)) in all.iter().zip(split) {
            let update = matches!(did, Did::Update { .. });
            if to_a || update {
                a.did(did);
            }
            if to_b || update {
                b.did(did);
            }
            if to_a || to_b || update {
                set.insert(did.clone());
            }
        }
        // Through another, to a joiner, and back.
        let (mut between, mut joiner) = (Replica::new(widths.2, kind), Replica::new(widths.3, kind));
        a.send_to(&mut between);
        between.send_to(&mut joiner);
        joiner.send_to(&mut b);
        b.send_to(&mut a);
        // Updates that wait in vain are not handed on.
        prop_assert_eq!(a.holds(), expected(&set, kind));
        prop_assert_eq!(a.holds(), b.holds());
        prop_assert_eq!(a.state.digest(), b.state.digest());
        b.send_to(&mut joiner);
        joiner.send_to(&mut between);
        prop_assert_eq!(joiner.holds(), a.holds());
        prop_assert_eq!(between.holds(), a.holds());
    }
}
