//! The rule against its implementation: whatever the order, repetition and grouping of changes, tables show what
//! follows from the set of changes, by the definition in [`super`] and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::parts::{Collation, View};
use super::{Constrained, Constraints, Part, Reference, Target, Unique};
use crate::core::codec::{OpReader, put_delete, put_insert, put_update, start_tx};
use crate::core::hlc::Stamp;
use crate::core::ids::Epoch;
use crate::core::key::{Key, key_of};
use crate::core::schema::{Affinity, Column, Merge, Schema, Storage, Table};
use crate::core::store::{Lookup, Store, StoreError};
use crate::core::table::TableState;
use crate::core::value::{Value, ValueRef};

/// A child of the primary key and of a UNIQUE key; and a tree. Names are in the order of the schema.
const CHILD: usize = 2;
const PARENT: usize = 0;
const TREE: usize = 1;
const COLUMNS: [usize; 3] = [2, 2, 3];

fn schema() -> Schema {
    let column = |name: &str, position| Column {
        name: name.to_owned(),
        position,
        not_null: false,
        storage: Storage::Any,
        affinity: Affinity::Blob,
        merge: Merge::Last,
        default: Some(Value::Null),
    };
    let table = |name: &str, columns: usize| Table {
        name: name.to_owned(),
        key: vec![column("id", 0)],
        columns: (0..columns).map(|n| column(&format!("c{n}"), n + 1)).collect(),
        ..Table::default()
    };
    let tables = vec![table("parent", COLUMNS[PARENT]), table("tree", COLUMNS[TREE]), table("zchild", COLUMNS[CHILD])];
    let part = |index| Part { in_key: false, index, collation: Collation::Binary };
    let unique = |table, parts: &[usize]| Unique {
        name: String::new(),
        table,
        parts: parts.iter().map(|index| part(*index)).collect(),
    };
    let reference = |table, column, parent, target| Reference {
        name: String::new(),
        table,
        parts: vec![part(column)],
        parent,
        target,
    };
    Schema::with_constraints(
        1,
        tables,
        vec![unique(PARENT, &[0]), unique(PARENT, &[1]), unique(TREE, &[1]), unique(CHILD, &[1, 2])],
        vec![
            reference(CHILD, 0, PARENT, Target::Key(vec![0])),
            reference(CHILD, 1, PARENT, Target::Unique(0, vec![0])),
            reference(TREE, 0, TREE, Target::Key(vec![0])),
        ],
    )
}

/// Rows in memory, which must never break a constraint among themselves once all is settled.
#[derive(Debug)]
struct Memory {
    schema: Schema,
    rows: BTreeMap<(usize, Key), Vec<Value>>,
}

impl Store for Memory {
    fn put(&mut self, _: &Table, index: usize, key: &[u8], values: &[ValueRef<'_>]) -> Result<(), StoreError> {
        self.rows.insert((index, key.into()), values.iter().map(|value| value.to_value()).collect());
        Ok(())
    }

    fn set(&mut self, _: &Table, index: usize, key: &[u8], columns: &[(u8, ValueRef<'_>)]) -> Result<(), StoreError> {
        let row =
            self.rows.get_mut(&(index, key.into())).ok_or_else(|| StoreError("an update of no row".to_owned()))?;
        for (column, value) in columns {
            row[usize::from(*column)] = value.to_value();
        }
        Ok(())
    }

    fn delete(&mut self, _: &Table, index: usize, key: &[u8]) -> Result<(), StoreError> {
        self.rows.remove(&(index, key.into())).map(drop).ok_or_else(|| StoreError("a delete of no row".to_owned()))
    }

    fn row(&mut self, _: &Table, index: usize, key: &[u8]) -> Result<Option<Vec<Value>>, StoreError> {
        Ok(self.rows.get(&(index, key.into())).cloned())
    }

    fn find(&mut self, lookup: Lookup, values: &[ValueRef<'_>]) -> Result<Vec<Key>, StoreError> {
        let (table, parts) = match lookup {
            Lookup::Unique(number) => (self.schema.uniques[number].table, &self.schema.uniques[number].parts),
            Lookup::Reference(number) => (self.schema.references[number].table, &self.schema.references[number].parts),
        };
        let of_table = self.rows.iter().filter(|((index, _), _)| *index == table);
        let found = of_table.filter(|((_, key), row)| {
            View { table: &self.schema.tables[table], key, values: row }.of(parts).as_deref() == Some(values)
        });
        Ok(found.map(|((_, key), _)| key.clone()).collect())
    }
}

/// What somebody did to a row.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
struct Did {
    at: u64,
    table: usize,
    id: i64,
    what: What,
}

#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum What {
    Insert(Vec<Option<i64>>),
    Update { birth: u64, column: u8, value: Option<i64> },
    Delete,
}

fn stamp(at: u64) -> Stamp {
    Stamp { hlc: at, epoch: Epoch(1 + at % 3) }
}

fn value_of(value: Option<i64>) -> Value {
    value.map_or(Value::Null, Value::Integer)
}

/// Changes of few rows with few values, so that they clash. Some share a transaction, and so a time.
fn history() -> impl Strategy<Value = Vec<Did>> {
    let value = || prop_oneof![1 => Just(None), 6 => (0_i64..4).prop_map(Some)];
    let step = (
        0_u8..10,
        0_usize..3,
        0_i64..4,
        proptest::collection::vec(value(), 3),
        any::<prop::sample::Index>(),
        any::<bool>(),
    );
    proptest::collection::vec(step, 1..24).prop_map(|steps| {
        let mut births: BTreeMap<(usize, i64), Vec<u64>> = BTreeMap::new();
        let mut in_transaction = BTreeSet::new();
        let mut at = 1;
        let mut all = Vec::new();
        for (kind, table, id, values, which, same) in steps {
            if !same || in_transaction.contains(&(table, id)) {
                at += 1;
                in_transaction.clear();
            }
            in_transaction.insert((table, id));
            let known = births.entry((table, id)).or_default();
            let what = match kind {
                0..=4 => {
                    known.push(at);
                    What::Insert(values.into_iter().take(COLUMNS[table]).collect())
                }
                5..=8 if !known.is_empty() => {
                    let column = (kind as usize % COLUMNS[table]) as u8;
                    What::Update { birth: *which.get(known), column, value: values[0] }
                }
                _ => What::Delete,
            };
            if let What::Update { birth, .. } = what
                && birth == at
            {
                continue;
            }
            all.push(Did { at, table, id, what });
        }
        all
    })
}

/// A row as the changes leave it.
#[derive(Debug, Clone)]
struct Candidate {
    table: usize,
    key: Key,
    values: Vec<Value>,
    birth: Stamp,
    clocks: Vec<Stamp>,
}

fn candidates(all: &[&Did]) -> Vec<Candidate> {
    let rows: BTreeSet<(usize, i64)> = all.iter().map(|did| (did.table, did.id)).collect();
    let alive = |(table, id): (usize, i64)| {
        let of_row: Vec<&Did> = all.iter().copied().filter(|did| (did.table, did.id) == (table, id)).collect();
        let died = of_row.iter().filter(|did| did.what == What::Delete).map(|did| stamp(did.at)).max();
        let births = of_row.iter().filter(|did| matches!(did.what, What::Insert(_)));
        let born = births.filter(|did| died.is_none_or(|died| stamp(did.at) > died)).max_by_key(|did| stamp(did.at))?;
        let What::Insert(values) = &born.what else { return None };
        let birth = stamp(born.at);
        let mut row = Candidate {
            table,
            key: key_of(&[Value::Integer(id)]),
            values: values.iter().copied().map(value_of).collect(),
            birth,
            clocks: vec![birth; values.len()],
        };
        for did in &of_row {
            if let What::Update { birth, column, value } = &did.what
                && *birth == born.at
                && stamp(did.at) > row.clocks[usize::from(*column)]
            {
                row.clocks[usize::from(*column)] = stamp(did.at);
                row.values[usize::from(*column)] = value_of(*value);
            }
        }
        Some(row)
    };
    rows.into_iter().filter_map(alive).collect()
}

/// The definition, word by word.
struct Rule<'a> {
    schema: &'a Schema,
    rows: Vec<Candidate>,
    dropped: BTreeSet<usize>,
}

impl Rule<'_> {
    fn values<'r>(&self, row: &'r Candidate, parts: &[Part]) -> Option<Vec<&'r Value>> {
        let values: Vec<_> = parts.iter().map(|part| &row.values[part.index]).collect();
        (!values.iter().any(|value| value.is_null())).then_some(values)
    }

    fn since(row: &Candidate, parts: &[Part]) -> Stamp {
        parts.iter().map(|part| row.clocks[part.index]).max().unwrap()
    }

    fn beats(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.rows[a], &self.rows[b]);
        a.table == b.table
            && a.key != b.key
            && self.schema.uniques.iter().filter(|unique| unique.table == a.table).any(|unique| {
                let claimed = self.values(a, &unique.parts);
                claimed.is_some()
                    && claimed == self.values(b, &unique.parts)
                    && (Self::since(a, &unique.parts), &a.key) > (Self::since(b, &unique.parts), &b.key)
            })
    }

    /// For each foreign key of a row: the rows that would do.
    fn needs(&self, row: usize) -> Vec<Vec<usize>> {
        let child = &self.rows[row];
        let references = self.schema.references.iter().filter(|reference| reference.table == child.table);
        let with_values = references.filter_map(|reference| Some((reference, self.values(child, &reference.parts)?)));
        with_values
            .map(|(reference, values)| {
                let is_parent = |row: &Candidate| {
                    row.table == reference.parent
                        && match &reference.target {
                            Target::Key(_) => row.key == key_of(&[values[0].clone()]),
                            Target::Unique(unique, _) => {
                                self.values(row, &self.schema.uniques[*unique].parts).as_ref() == Some(&values)
                            }
                        }
                };
                (0..self.rows.len()).filter(|at| is_parent(&self.rows[*at])).collect()
            })
            .collect()
    }

    fn allowed(&self, blocking: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut set: BTreeSet<usize> = (0..self.rows.len())
            .filter(|row| !self.dropped.contains(row) && !blocking.iter().any(|other| self.beats(*other, *row)))
            .collect();
        loop {
            let orphan = |row: &usize| self.needs(*row).iter().any(|parents| !parents.iter().any(|p| set.contains(p)));
            let orphans: Vec<usize> = set.iter().copied().filter(orphan).collect();
            if orphans.is_empty() {
                return set;
            }
            set.retain(|row| !orphans.contains(row));
        }
    }

    fn rank(&self, row: usize) -> (Stamp, usize, &Key) {
        let row = &self.rows[row];
        let uniques = self.schema.uniques.iter().filter(|unique| unique.table == row.table);
        let claims = uniques.filter(|unique| self.values(row, &unique.parts).is_some());
        let latest = claims.map(|unique| Self::since(row, &unique.parts)).max().unwrap_or(row.birth);
        (latest, row.table, &row.key)
    }

    fn visible(mut self) -> BTreeMap<(usize, Key), Vec<Value>> {
        loop {
            let mut possible = self.allowed(&BTreeSet::new());
            let mut sure = self.allowed(&possible);
            for _ in 0..=self.rows.len() {
                possible = self.allowed(&sure);
                sure = self.allowed(&possible);
            }
            let open: Vec<usize> = possible.difference(&sure).copied().collect();
            if open.is_empty() {
                let shown = sure.into_iter().map(|at| &self.rows[at]);
                return shown.map(|row| ((row.table, row.key.clone()), row.values.clone())).collect();
            }
            // Who depends on whom, directly and then at any distance.
            let depends = |row: usize| -> BTreeSet<usize> {
                let unmet = self.needs(row).into_iter().filter(|parents| !parents.iter().any(|p| sure.contains(p)));
                let parents = unmet.flatten().filter(|parent| open.contains(parent));
                parents.chain(open.iter().copied().filter(|other| self.beats(*other, row))).collect()
            };
            let mut reach: BTreeMap<usize, BTreeSet<usize>> = open.iter().map(|row| (*row, depends(*row))).collect();
            for _ in 0..open.len() {
                let before = reach.clone();
                for set in reach.values_mut() {
                    let more: Vec<usize> = set.iter().flat_map(|row| before[row].iter().copied()).collect();
                    set.extend(more);
                }
            }
            let in_closed_knot = |row: &usize| reach[row].iter().all(|other| reach[other].contains(row));
            let mut losers = BTreeSet::new();
            for row in open.iter().copied().filter(in_closed_knot) {
                let knot: Vec<usize> = reach[&row].iter().copied().collect();
                let beaters = knot.iter().copied().filter(|a| knot.iter().any(|b| self.beats(*a, *b)));
                losers.extend(beaters.min_by_key(|row| self.rank(*row)));
            }
            assert!(!losers.is_empty());
            self.dropped.extend(losers);
        }
    }
}

struct Replica {
    schema: Schema,
    states: Vec<TableState>,
    constraints: Constraints,
    memory: Memory,
}

impl Replica {
    fn new() -> Self {
        let memory = Memory { schema: schema(), rows: BTreeMap::new() };
        let states = (0..3).map(|_| TableState::new(7)).collect();
        Self { schema: schema(), states, constraints: Constraints::default(), memory }
    }

    fn did(&mut self, did: &Did) {
        let key = key_of(&[Value::Integer(did.id)]);
        let mut bytes = start_tx(did.at);
        let sender = stamp(did.at).epoch;
        match &did.what {
            What::Insert(values) => {
                let values: Vec<Value> = values.iter().copied().map(value_of).collect();
                put_insert(&mut bytes, did.table, &key, values.iter().map(Value::as_ref));
            }
            What::Update { birth, column, value } => {
                let value = value_of(*value);
                let columns = std::iter::once((*column, value.as_ref()));
                put_update(&mut bytes, did.table, &key, sender, stamp(*birth), columns);
            }
            What::Delete => put_delete(&mut bytes, did.table, &key),
        }
        let mut ops = OpReader::tx(&bytes, sender).unwrap();
        while let Some(op) = ops.next().unwrap() {
            let mut store = Constrained::new(&self.schema, &mut self.constraints, &mut self.memory);
            let table = &self.schema.tables[op.table];
            self.states[op.table].merge(table, op.table, op.key, &op.body, 0, &mut store).unwrap();
        }
    }

    fn settle(&mut self) {
        self.constraints.settle(&self.schema, &self.states, &mut self.memory).unwrap();
        drop(self.constraints.take_changes());
    }

    /// What is hidden and what is shown are all rows that live.
    fn nothing_is_lost(&self) {
        let live: usize = self.states.iter().map(TableState::live).sum();
        assert_eq!(live, self.memory.rows.len() + self.constraints.hidden());
    }
}

fn expected(all: &[&Did]) -> BTreeMap<(usize, Key), Vec<Value>> {
    Rule { schema: &schema(), rows: candidates(all), dropped: BTreeSet::new() }.visible()
}

#[test]
fn the_tables_are_where_the_model_takes_them_to_be() {
    let schema = schema();
    let names: Vec<_> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["parent", "tree", "zchild"]);
    assert_eq!(schema.tables[CHILD].links.stratum, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn after_every_change_in_any_order_the_rule_holds(
        all in history(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        settles in any::<u64>(),
    ) {
        let mut replica = Replica::new();
        let mut done: Vec<&Did> = Vec::new();
        let random = order.iter().filter(|_| !all.is_empty()).map(|index| index.get(&all));
        for (n, did) in random.chain(all.iter().rev()).enumerate() {
            replica.did(did);
            if !done.contains(&did) {
                done.push(did);
            }
            if settles >> (n % 64) & 1 == 1 {
                replica.settle();
                replica.nothing_is_lost();
                prop_assert_eq!(&replica.memory.rows, &expected(&done));
            }
        }
        replica.settle();
        prop_assert_eq!(&replica.memory.rows, &expected(&all.iter().collect::<Vec<_>>()));
    }
}
