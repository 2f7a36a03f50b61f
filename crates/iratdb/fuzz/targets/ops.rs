//! What a frame carries: the changes of a transaction, or states of rows; and the keys in them.
#![no_main]

use iratdb::core::codec::{
    OpBody, OpReader, put_delete, put_insert, put_state_counted, put_state_dead_since, put_state_live, put_update, start_tx,
};
use iratdb::core::key::{is_key_of, key_of, key_values};
use iratdb::core::merge::Clocks;
use iratdb::core::tail::Tail;
use iratdb::core::tally::Tally;
use iratdb::core::value::Value;
use iratdb_fuzz::messages::{EPOCH, owned, same, states, transaction};
use iratdb_fuzz::{engines, write_seeds};
use libfuzzer_sys::fuzz_target;

const TX: u8 = 0;
const STATES: u8 = 1;

fn seeds() -> Vec<Vec<u8>> {
    let kind = |kind: u8, bytes: Vec<u8>| [vec![kind], bytes].concat();
    vec![kind(TX, transaction(7)), kind(STATES, states(7)), kind(TX, start_tx(1))]
}

fuzz_target!(init: write_seeds(seeds()), |input: &[u8]| {
    match input.split_first() {
        Some((&TX, bytes)) => {
            let Ok(reader) = OpReader::tx(bytes, EPOCH) else { return };
            let Some(again) = rewrite(reader, Some(bytes)) else { return };
            // An update of the sender's own row has a long form, too, which is not written: what is written is read as the same.
            let reader = OpReader::tx(&again, EPOCH).expect("what was written can be read");
            assert_eq!(rewrite(reader, Some(&again)).as_ref(), Some(&again));
        }
        Some((&STATES, bytes)) => {
            let Some(again) = rewrite(OpReader::states(bytes), None) else { return };
            assert_eq!(rewrite(OpReader::states(&again), None).as_ref(), Some(&again));
        }
        _ => {}
    }
});

/// Reads all and writes it again: `None` if it can't be read.
fn rewrite(mut reader: OpReader<'_>, tx: Option<&[u8]>) -> Option<Vec<u8>> {
    let checked = reader.check();
    let schema = engines::schema();
    let mut out = match tx.and_then(|bytes| bytes.first_chunk()) {
        Some(hlc) => start_tx(u64::from_le_bytes(*hlc)),
        None => Vec::new(),
    };
    loop {
        let op = match reader.next() {
            Ok(Some(op)) => op,
            Ok(None) => break,
            Err(error) => {
                assert_eq!(checked, Err(error));
                return None;
            }
        };
        check_key(&schema, op.table, op.key);
        // Walks over what is in it.
        std::hint::black_box((op.body.hlc_max(), op.body.owner()));
        match op.body {
            OpBody::Put { birth, clocks, values, tallies } => {
                assert_eq!(values.iter().count(), values.len());
                // What a sender's own table has is said without a gap; after that come columns of a newer schema.
                let known = owned(values.iter().map_while(|value| value));
                let newer = (0_u8..=u8::MAX).zip(values.iter()).skip(known.len());
                let tail = Tail::new(newer.filter_map(|(column, value)| Some((column, value?))));
                let mut tally = Tally::default();
                for share in tallies.iter() {
                    tally.join(share);
                }
                let mut own = Clocks::default();
                clocks.iter().for_each(|(column, clock)| own.set(column, clock));
                if tx.is_some() && known.len() == values.len() {
                    put_insert(&mut out, op.table, op.key, known.iter().map(Value::as_ref));
                } else if tx.is_some() {
                    // Read by who has a newer schema; written by nobody.
                    return None;
                } else if tally.is_empty() {
                    put_state_live(&mut out, op.table, op.key, birth, &own, (&known, &tail));
                } else {
                    put_state_counted(&mut out, op.table, op.key, (birth, &own), (&known, &tail), &tally);
                }
            }
            OpBody::Update { birth, clock, columns } => {
                assert_eq!(clock.epoch, EPOCH);
                let columns: Vec<_> = columns.iter().map(|(column, value)| (column, value.to_value())).collect();
                assert!(columns.is_sorted_by(|a, b| a.0 < b.0));
                let columns = columns.iter().map(|(column, value)| (*column, value.as_ref()));
                put_update(&mut out, op.table, op.key, EPOCH, birth, columns);
            }
            OpBody::Delete { .. } if tx.is_some() => put_delete(&mut out, op.table, op.key),
            OpBody::Delete { clock } => put_state_dead_since(&mut out, op.table, op.key, clock, op.age_s),
        }
    }
    assert_eq!(checked, Ok(()));
    Some(out)
}

/// Equal keys have equal bytes.
fn check_key(schema: &iratdb::core::schema::Schema, table: usize, key: &[u8]) {
    let Some(table) = schema.tables.get(table) else { return };
    if is_key_of(table, key) {
        let values = owned(key_values(table, key));
        assert_eq!(&*key_of(&values), key);
        let again = key_of(&values);
        assert!(same(&owned(key_values(table, &again)), &values));
    }
}
