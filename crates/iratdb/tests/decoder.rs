//! Arbitrary bytes: never a panic, never more memory than a few times their length.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use iratdb::core::codec::{
    Body, Cursor, Entry, Header, Message, OpReader, Progress, SEQUENCE_MAX, Tail, Wanted, decode, encode, put_delete,
    put_insert, put_state_counted, put_state_dead, read_batch, renumber_batch, renumber_tx, start_batch, start_tx,
};
use iratdb::core::engine::{Config, Engine, Event, Limits, Now};
use iratdb::core::hlc::Stamp;
use iratdb::core::ids::{Epoch, Writer};
use iratdb::core::key::Key;
use iratdb::core::merge::Clocks;
use iratdb::core::schema::{Schema, Table};
use iratdb::core::store::{Lookup, Store, StoreError};
use iratdb::core::tally::{Share, Tally};
use iratdb::core::value::{Value, ValueRef};
use proptest::prelude::*;

fn header() -> Header {
    Header { schema: 1, writer: Writer(2), epoch: Epoch(3) }
}

fn samples() -> Vec<Vec<u8>> {
    let mut tx = start_tx(77);
    let values =
        [ValueRef::Null, ValueRef::Integer(-5), ValueRef::Real(0.5), ValueRef::Text(b"text"), ValueRef::Blob(&[1])];
    put_insert(&mut tx, 0, &[1, 2], values.into_iter());
    put_delete(&mut tx, 1, &[1, 4]);
    for id in 0..6 {
        let name = [b"Ab", b"aB", b"cc"][id as usize % 3];
        let parent = if id < 3 { ValueRef::Null } else { ValueRef::Integer(i64::from(id) - 4) };
        let values = [ValueRef::Integer(1), ValueRef::Integer(2), ValueRef::Text(name), parent];
        put_insert(&mut tx, 1, &[1, id], values.into_iter());
    }
    let mut states = Vec::new();
    put_state_dead(&mut states, 0, &[1, 2], Stamp { hlc: 9, epoch: Epoch(4) });
    let mut tally = Tally::default();
    tally.join(Share { column: 0, epoch: Epoch(5), hlc: 12, total: -7 });
    let born = (Stamp { hlc: 11, epoch: Epoch(4) }, &Clocks::default());
    let values = [Value::Integer(3), Value::Integer(4), Value::from("cC"), Value::Null];
    // With columns that the table does not have, and one between them that nobody has said.
    let tail = iratdb::core::tail::Tail::new([(4, ValueRef::Integer(5)), (6, ValueRef::Text(b"new"))].into_iter());
    put_state_counted(&mut states, 1, &[1, 2], born, (&values, &tail), &tally);
    let mut batch = start_batch(&[Tail { epoch: Epoch(5), sequence: 6 }]);
    batch.extend(&states);
    let progress = vec![Progress { epoch: Epoch(5), settled: 6, top: 7, changes: 8, refused: true }];
    let tails = vec![Tail { epoch: Epoch(5), sequence: 6 }];
    let cursor = Cursor { table: 0, bucket: 3, after: Some(&[1, 2]) };
    let bodies = [
        Body::Heartbeat {
            node: "node",
            ready: true,
            incomplete: true,
            hello: true,
            flushed: true,
            sequence: 4,
            state: 5,
            tables: vec![(0, 7), (1, 8)],
            suspects: vec![Epoch(6)],
            tails,
            shown: vec![Tail { epoch: Epoch(8), sequence: 9 }],
        },
        Body::Frame {
            sequence: 1,
            ack: true,
            entries: vec![
                Entry::Tx(&tx),
                Entry::Batch(&batch),
                Entry::Part { batch: false, hlc: 8, index: 0, count: 2, bytes: b"part" },
            ],
        },
        Body::EpochEnd { tail: Tail { epoch: Epoch(3), sequence: 9 } },
        Body::Nack { epoch: Epoch(3), from: 1, to: 2 },
        Body::Gone { epoch: Epoch(3), oldest: 9 },
        Body::DigestRequest { token: 1, end: true },
        Body::Digests { token: 1, version: 2, progress, ended: vec![Epoch(8)], buckets: vec![(0, 1, 2, 3)] },
        Body::Fetch { token: 1, cursor, wanted: vec![Wanted { table: 0, rows: [1, 2, 3, 4], deaths: [5; 4] }] },
        Body::Rows { token: 1, cursor, next: Some(cursor), more: true, states: &states },
        Body::AckRequest { sequence: 9 },
        Body::Ack { tail: Tail { epoch: Epoch(3), sequence: 9 } },
        Body::Schema { wanted: true, description: b"of a schema" },
    ];
    bodies.iter().map(|body| encode(header(), body)).collect()
}

#[test]
fn what_is_encoded_is_decoded() {
    for bytes in samples() {
        let Message { header: decoded, body } = decode(&bytes).unwrap();
        assert_eq!(decoded, header());
        assert_eq!(encode(decoded, &body), bytes);
    }
}

#[test]
fn numbers_of_frames_that_nobody_could_send_are_refused() {
    let tail = |sequence| Tail { epoch: Epoch(3), sequence };
    let progress = |settled, top| Progress { epoch: Epoch(3), settled, top, changes: u64::MAX, refused: false };
    let digests = |progress| Body::Digests {
        token: u64::MAX,
        version: u64::MAX,
        progress: vec![progress],
        ended: Vec::new(),
        buckets: Vec::new(),
    };
    for (number, taken) in [(SEQUENCE_MAX, true), (SEQUENCE_MAX + 1, false), (u64::MAX, false)] {
        for body in [
            Body::Frame { sequence: number, ack: false, entries: Vec::new() },
            Body::EpochEnd { tail: tail(number) },
            Body::Ack { tail: tail(number) },
            Body::AckRequest { sequence: number },
            Body::Nack { epoch: Epoch(3), from: number, to: 1 },
            Body::Nack { epoch: Epoch(3), from: 1, to: number },
            digests(progress(number, 1)),
            digests(progress(1, number)),
        ] {
            assert_eq!(decode(&encode(header(), &body)).is_ok(), taken, "{body:?}");
        }
    }
}

#[test]
fn what_is_cut_off_or_continued_is_refused() {
    for bytes in samples() {
        for length in 0..bytes.len() {
            // A frame without its last entry is a frame.
            if let Ok(Message { body, .. }) = decode(&bytes[..length]) {
                assert!(matches!(body, Body::Frame { .. }), "{body:?}");
            }
        }
        let longer = [bytes, vec![0]].concat();
        assert!(decode(&longer).is_err());
    }
}

fn walk(bytes: &[u8]) {
    let Ok(message) = decode(bytes) else { return };
    let states = |bytes: &[u8]| assert!(OpReader::states(bytes).check().is_ok());
    match &message.body {
        Body::Frame { entries, .. } => {
            for entry in entries {
                match entry {
                    Entry::Tx(bytes) => {
                        assert!(OpReader::tx(bytes, Epoch(1)).unwrap().check().is_ok());
                        assert_eq!(renumber_tx(bytes, Some).unwrap(), *bytes);
                    }
                    Entry::Batch(bytes) => {
                        assert!(read_batch(bytes).is_ok());
                        assert_eq!(renumber_batch(bytes, Some).unwrap(), *bytes);
                    }
                    Entry::Part { .. } => {}
                }
            }
        }
        Body::Rows { states: bytes, .. } => states(bytes),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn arbitrary_bytes(kind in 0_u8..14, body in proptest::collection::vec(any::<u8>(), 0..200), front in any::<bool>()) {
        let mut bytes = if front { [vec![1, 0, kind], vec![7; 24]].concat() } else { Vec::new() };
        bytes.extend(body);
        walk(&bytes);
    }

    #[test]
    fn damaged_messages(which in 0_usize..12, damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = samples().swap_remove(which);
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        walk(&bytes);
    }
}

/// Rows in memory, which fails where SQLite would.
struct Rows {
    schema: Arc<Schema>,
    rows: BTreeMap<(usize, Vec<u8>), Vec<Value>>,
}

impl Store for Rows {
    fn put(&mut self, _: &Table, index: usize, key: &[u8], values: &[ValueRef<'_>]) -> Result<(), StoreError> {
        self.rows.insert((index, key.to_vec()), values.iter().map(|value| value.to_value()).collect());
        Ok(())
    }

    fn set(&mut self, _: &Table, index: usize, key: &[u8], columns: &[(u8, ValueRef<'_>)]) -> Result<(), StoreError> {
        let row = self.rows.get_mut(&(index, key.to_vec())).ok_or_else(|| StoreError("no row".to_owned()))?;
        columns.iter().for_each(|(column, value)| row[usize::from(*column)] = value.to_value());
        Ok(())
    }

    fn delete(&mut self, _: &Table, index: usize, key: &[u8]) -> Result<(), StoreError> {
        self.rows.remove(&(index, key.to_vec())).map(drop).ok_or_else(|| StoreError("no row".to_owned()))
    }

    fn row(&mut self, _: &Table, index: usize, key: &[u8]) -> Result<Option<Vec<Value>>, StoreError> {
        Ok(self.rows.get(&(index, key.to_vec())).cloned())
    }

    fn find(&mut self, lookup: Lookup, values: &[ValueRef<'_>]) -> Result<Vec<Key>, StoreError> {
        let (table, parts) = match lookup {
            Lookup::Unique(number) => (self.schema.uniques[number].table, &self.schema.uniques[number].parts),
            Lookup::Reference(number) => (self.schema.references[number].table, &self.schema.references[number].parts),
        };
        let same = |row: &[Value]| parts.iter().zip(values).all(|(part, value)| row[part.index].as_ref() == *value);
        let found = self.rows.iter().filter(|((index, _), row)| *index == table && same(row));
        Ok(found.map(|((_, key), _)| key.clone().into_boxed_slice()).collect())
    }
}

fn now(mono_ms: u64) -> Now {
    Now { mono_ms, wall_ms: 1_000_000 + mono_ms }
}

/// An engine that has just begun to join, and its rows.
fn engine() -> (Engine, Rows) {
    use iratdb::core::constraint::{Collation, Part, Reference, Target, Unique};
    use iratdb::core::schema::{Affinity, Column, Merge, Storage};

    let column = |name: &str, position, merge| Column {
        name: name.to_owned(),
        position,
        not_null: merge != Merge::Last,
        storage: if merge == Merge::Last { Storage::Any } else { Storage::IntegerOnly },
        affinity: Affinity::Blob,
        merge,
        default: (merge == Merge::Last).then_some(Value::Null),
    };
    let columns = (1..6).map(|n| column(&format!("c{n}"), n, Merge::Last)).collect();
    let key = vec![column("id", 0, Merge::Last)];
    let table = Table { name: "t".to_owned(), key: key.clone(), columns, owned: true, ..Table::default() };
    let merges = [Merge::Counter, Merge::Max, Merge::Last, Merge::Last];
    let columns = (1..).zip(merges).map(|(n, merge)| column(&format!("c{n}"), n, merge)).collect();
    let constrained = Table { name: "u".to_owned(), key, columns, ..Table::default() };
    let part = |index| Part { in_key: false, index, collation: Collation::Binary };
    let unique = Unique { name: String::new(), table: 1, parts: vec![part(2)] };
    let itself =
        |target, index| Reference { name: String::new(), table: 1, parts: vec![part(index)], parent: 1, target };
    let references = vec![itself(Target::Key(vec![0]), 3), itself(Target::Unique(0, vec![0]), 3)];
    let schema = Schema::with_constraints(1, vec![table, constrained], vec![unique], references);
    let schema = Arc::new(schema);
    let store = Rows { schema: schema.clone(), rows: BTreeMap::new() };
    let config = Config {
        schema,
        node: "".into(),
        heartbeat_ms: 500,
        lease_ms: 2_000,
        alone_after_ms: 300,
        tombstone_keep_ms: 60_000,
        limits: Limits { resend_bytes_max: 10_000, resync_bytes_max: 100_000, ..Limits::default() },
        read_only: false,
        connected: true,
        reader: false,
        seed: 5,
    };
    let engine = Engine::new(config, now(0));
    (engine, store)
}

/// Whatever comes in, the engine goes on.
#[test]
fn an_engine_survives_it() {
    let (mut engine, mut store) = engine();
    let schema = store.schema.clone();
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    // From members with the same schema, and with one that fits: a table more, and a column less.
    let mut tables = schema.tables.clone();
    tables.iter_mut().filter(|table| table.name == "t").for_each(|table| table.columns.truncate(4));
    tables.push(Table { name: "a".to_owned(), ..tables[0].clone() });
    let other = Schema::with_constraints(1, tables, schema.uniques.clone(), schema.references.clone());
    let of = |hash: u64| {
        samples().into_iter().map(move |mut bytes| {
            bytes[3..11].copy_from_slice(&hash.to_le_bytes());
            bytes
        })
    };
    let mut good: Vec<_> = of(schema.hash).chain(of(other.hash)).collect();
    let header = Header { schema: other.hash, ..header() };
    good.push(encode(header, &Body::Schema { wanted: true, description: &other.description }));
    for round in 0..50_000 {
        let mut bytes = good[random(good.len())].clone();
        for _ in 0..random(4) {
            let at = random(bytes.len());
            // The schema's hash is left alone, so that most gets past the door.
            if !(3..11).contains(&at) {
                bytes[at] = random(256) as u8;
            }
        }
        engine.handle(now(round), Event::Message(&bytes), &mut store).unwrap();
        engine.handle(now(round), Event::Tick, &mut store).unwrap();
        while let Some(message) = engine.poll_message() {
            assert!(!Bytes::is_empty(&message.bytes));
        }
        assert!(engine.next_frame(&mut store).is_ok());
    }
    let sizes = engine.sizes();
    assert!(sizes.waiting_bytes < 1 << 20, "{sizes:?}");
}

/// Found by the fuzzer: a joiner that knew of a missing frame, which it does not ask for yet, wanted its turn every millisecond.
#[test]
fn a_gap_while_joining_costs_nothing() {
    let (mut engine, mut store) = engine();
    let header = Header { schema: store.schema.hash, ..header() };
    let frame = encode(header, &Body::Frame { sequence: 2, entries: Vec::new(), ack: false });
    engine.handle(now(1), Event::Message(&frame), &mut store).unwrap();
    let (mut at, mut turns) = (1, 0);
    while at < 300 {
        at = at.max(engine.poll_timeout()) + 1;
        engine.handle(now(at), Event::Tick, &mut store).unwrap();
        turns += 1;
    }
    assert!(turns < 10, "{turns} turns in 300 ms");
}
