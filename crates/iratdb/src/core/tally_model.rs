//! Counters, extremes and rows that win whole, model against implementation: in any order, with repetition, or by exchanging
//! states.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::codec::{OpReader, put_delete, put_insert, put_update, start_tx};
use super::hlc::Stamp;
use super::ids::Epoch;

use super::model::Replica;
use super::schema::{Affinity, Column, Merge, Schema, Storage, Table};

use super::value::ValueRef;

const N: u8 = 0;
const HI: u8 = 1;
const LO: u8 = 2;
const A: u8 = 3;
const B: u8 = 4;

fn schema(row_wise: bool) -> Schema {
    let column = |name: &str, position, storage, merge| Column {
        name: name.to_owned(),
        position,
        not_null: true,
        storage,
        affinity: Affinity::Numeric,
        merge,
        default: None,
    };
    let columns = vec![
        column("n", 1, Storage::IntegerOnly, Merge::Counter),
        column("hi", 2, Storage::IntegerOnly, Merge::Max),
        column("lo", 3, Storage::IntegerOnly, Merge::Min),
        column("a", 4, Storage::Any, Merge::Last),
        column("b", 5, Storage::Any, Merge::Last),
    ];
    let key = vec![column("id", 0, Storage::IntegerOnly, Merge::Last)];
    Schema::new(vec![Table { name: "t".to_owned(), key, columns, row_wise, ..Table::default() }])
}

/// What a process did to the one row there is, as it travels.
#[derive(Debug, Clone)]
struct Did {
    at: u64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Insert(i64),
    Update { birth: u64, columns: Vec<(u8, i64)> },
    Delete,
}

fn stamp(at: u64) -> Stamp {
    Stamp { hlc: at, epoch: Epoch(1 + at % 3) }
}

/// Each writer's totals grow by what it adds, for each incarnation by itself. Row-wise, an update has all other columns.
fn history(row_wise: bool) -> impl Strategy<Value = Vec<Did>> {
    let step = (0_u8..12, any::<prop::sample::Index>(), -5_i64..6, 0_u8..5);
    proptest::collection::vec(step, 1..20).prop_map(move |steps| {
        let mut births = vec![1];
        let mut totals: BTreeMap<(u64, Epoch), i64> = BTreeMap::new();
        let step = |((kind, which, number, column), at): ((u8, prop::sample::Index, i64, u8), u64)| {
            let what = match kind {
                0 => {
                    births.push(at);
                    What::Insert(number)
                }
                1 => What::Delete,
                _ => {
                    let birth = *which.get(&births);
                    let mut columns = vec![(column, number)];
                    if column == N {
                        let total = totals.entry((birth, stamp(at).epoch)).or_default();
                        *total += number;
                        columns = vec![(N, *total)];
                    }
                    if row_wise {
                        columns.retain(|(column, _)| *column < A);
                        columns.extend([(A, number), (B, number)]);
                    }
                    What::Update { birth, columns }
                }
            };
            Did { at, what }
        };
        let first = Did { at: 1, what: What::Insert(0) };
        std::iter::once(first).chain(steps.into_iter().zip(2..).map(step)).collect()
    })
}

fn expected(all: &[&Did]) -> Option<Vec<i64>> {
    let died = all.iter().filter(|did| matches!(did.what, What::Delete)).map(|did| did.at).max().unwrap_or(0);
    let births = all.iter().filter_map(|did| match did.what {
        What::Insert(number) if did.at > died => Some((did.at, number)),
        _ => None,
    });
    let (born, start) = births.max()?;
    let mut row = vec![start; 5];
    let mut totals: BTreeMap<Epoch, (u64, i64)> = BTreeMap::new();
    let mut since = [born; 5];
    for did in all {
        let What::Update { birth, columns } = &did.what else { continue };
        for (column, number) in columns.iter().filter(|_| *birth == born) {
            let at = usize::from(*column);
            match *column {
                N => {
                    let total = totals.entry(stamp(did.at).epoch).or_default();
                    *total = (*total).max((did.at, *number));
                }
                HI => row[at] = row[at].max(*number),
                LO => row[at] = row[at].min(*number),
                _ if did.at > since[at] => (since[at], row[at]) = (did.at, *number),
                _ => {}
            }
        }
    }
    row[usize::from(N)] += totals.values().map(|(_, total)| total).sum::<i64>();
    Some(row)
}

impl Replica {
    fn act(&mut self, did: &Did) {
        let mut bytes = start_tx(did.at);
        let sender = stamp(did.at).epoch;
        match &did.what {
            What::Insert(number) => {
                put_insert(&mut bytes, 0, &self.key, vec![ValueRef::Integer(*number); 5].into_iter());
            }
            What::Update { birth, columns } => {
                let columns: Vec<_> = columns.iter().map(|(column, n)| (*column, ValueRef::Integer(*n))).collect();
                put_update(&mut bytes, 0, &self.key, sender, stamp(*birth), columns.into_iter());
            }
            What::Delete => put_delete(&mut bytes, 0, &self.key),
        }
        self.merge(OpReader::tx(&bytes, sender).unwrap());
    }

    fn numbers(&self) -> Option<Vec<i64>> {
        self.rows.0.get(&self.key).map(|row| row.iter().map(|value| value.as_i64().unwrap()).collect())
    }
}

fn histories() -> impl Strategy<Value = (bool, Vec<Did>)> {
    any::<bool>().prop_flat_map(|row_wise| history(row_wise).prop_map(move |all| (row_wise, all)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_order_and_repetition_adds_up_the_same(
        (row_wise, all) in histories(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let (mut shuffled, mut in_order) = (Replica::new(schema(row_wise)), Replica::new(schema(row_wise)));
        for index in &order {
            shuffled.act(index.get(&all));
        }
        all.iter().rev().for_each(|did| shuffled.act(did));
        all.iter().for_each(|did| in_order.act(did));
        let expected = expected(&all.iter().collect::<Vec<_>>());
        prop_assert_eq!(shuffled.numbers(), in_order.numbers());
        prop_assert_eq!(in_order.numbers(), expected);
        prop_assert_eq!(shuffled.state.digest(), in_order.state.digest());
    }

    #[test]
    fn states_join_and_equal_digests_mean_equal_rows(
        (row_wise, all) in histories(),
        split in proptest::collection::vec(any::<(bool, bool)>(), 21),
    ) {
        let (mut a, mut b) = (Replica::new(schema(row_wise)), Replica::new(schema(row_wise)));
        let mut known = Vec::new();
        let mut own: BTreeMap<(u64, Epoch), bool> = BTreeMap::new();
        for (did, (to_a, to_b)) in all.iter().zip(split) {
            // An update waits for its row, which a state does not bring: so it goes where its row is, and one writer's go in turn.
            let (mut to_a, mut to_b) = (to_a, to_b);
            if let What::Update { birth, .. } = did.what {
                let has = |replica: &Replica| {
                    replica.state.get(&replica.key).and_then(|state| state.visible()).map(|(b, _)| b) == Some(stamp(birth))
                };
                let side = *own.entry((birth, stamp(did.at).epoch)).or_insert(to_a);
                (to_a, to_b) = (side && has(&a), !side && has(&b));
            }
            if to_a {
                a.act(did);
            }
            if to_b {
                b.act(did);
            }
            if to_a || to_b {
                known.push(did);
            }
        }
        if a.state.digest() == b.state.digest() {
            prop_assert_eq!(a.numbers(), b.numbers());
        }
        for _ in 0..2 {
            a.send_to(&mut b);
            b.send_to(&mut a);
        }
        prop_assert_eq!(a.numbers(), expected(&known));
        prop_assert_eq!(a.numbers(), b.numbers());
        prop_assert_eq!(a.state.digest(), b.state.digest());
    }
}
