//! Arbitrary bytes: never a panic, never more memory than a few times their length.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use bytes::Bytes;
use iratdb::core::codec::{
    Body, Cursor, Entry, Header, Message, OpReader, Tail, decode, encode, put_delete, put_insert, put_state_dead,
    start_tx,
};
use iratdb::core::hlc::Stamp;
use iratdb::core::ids::{Epoch, Writer};
use iratdb::core::value::ValueRef;
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
    let mut states = Vec::new();
    put_state_dead(&mut states, 0, &[1, 2], Stamp { hlc: 9, epoch: Epoch(4) });
    let tails = vec![Tail { epoch: Epoch(5), sequence: 6 }];
    let cursor = Cursor { table: 0, bucket: 3, after: Some(&[1, 2]) };
    let bodies = [
        Body::Heartbeat {
            node: "node",
            ready: true,
            reader: false,
            hello: true,
            sequence: 4,
            state: 5,
            suspects: vec![Epoch(6)],
            tails: tails.clone(),
        },
        Body::Frame {
            sequence: 1,
            entries: vec![
                Entry::Tx(&tx),
                Entry::States(&states),
                Entry::Part { hlc: 8, index: 0, count: 2, bytes: b"part" },
            ],
        },
        Body::EpochEnd { tail: Tail { epoch: Epoch(3), sequence: 9 } },
        Body::Nack { epoch: Epoch(3), from: 1, to: 2 },
        Body::Gone { epoch: Epoch(3), oldest: 9 },
        Body::DigestRequest { token: 1, flushed: true },
        Body::Digests { token: 1, tails, ended: vec![Epoch(8)], buckets: vec![(0, 1, 2)] },
        Body::Fetch { token: 1, cursor, wanted: vec![(0, [1, 2, 3, 4])] },
        Body::Rows { token: 1, cursor, next: Some(cursor), states: &states },
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
                    Entry::Tx(bytes) => assert!(OpReader::tx(bytes, Epoch(1)).unwrap().check().is_ok()),
                    Entry::States(bytes) => states(bytes),
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
    fn arbitrary_bytes(kind in 0_u8..12, body in proptest::collection::vec(any::<u8>(), 0..200), front in any::<bool>()) {
        let mut bytes = if front { [vec![1, 0, kind], vec![7; 24]].concat() } else { Vec::new() };
        bytes.extend(body);
        walk(&bytes);
    }

    #[test]
    fn damaged_messages(which in 0_usize..9, damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = samples().swap_remove(which);
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        walk(&bytes);
    }
}

/// An engine with a store that keeps nothing.
mod engine {
    use std::sync::Arc;

    use iratdb::core::engine::{Config, Engine, Now};
    use iratdb::core::schema::{Column, Schema, Storage, Table};
    use iratdb::core::store::{Store, StoreError};
    use iratdb::core::value::{Value, ValueRef};

    pub(crate) struct Nothing;

    impl Store for Nothing {
        fn put(&mut self, _: &Table, _: usize, _: &[u8], _: &[ValueRef<'_>]) -> Result<(), StoreError> {
            Ok(())
        }
        fn set(&mut self, _: &Table, _: usize, _: &[u8], _: &[(u8, ValueRef<'_>)]) -> Result<(), StoreError> {
            Ok(())
        }
        fn delete(&mut self, _: &Table, _: usize, _: &[u8]) -> Result<(), StoreError> {
            Ok(())
        }
        fn row(&mut self, _: &Table, _: usize, _: &[u8]) -> Result<Option<Vec<Value>>, StoreError> {
            Ok(None)
        }
    }

    pub(crate) fn schema() -> Arc<Schema> {
        let column =
            |name: &str, position| Column { name: name.to_owned(), position, not_null: false, storage: Storage::Any };
        let columns = (1..6).map(|n| column(&format!("c{n}"), n)).collect();
        Arc::new(Schema::new(vec![Table { name: "t".to_owned(), key: vec![column("id", 0)], columns, owned: true }]))
    }

    pub(crate) fn now(mono_ms: u64) -> Now {
        Now { mono_ms, wall_ms: 1_000_000 + mono_ms }
    }

    pub(crate) fn new() -> Engine {
        let config = Config {
            schema: schema(),
            node: String::new(),
            heartbeat_ms: 500,
            lease_ms: 2_000,
            alone_after_ms: 300,
            tombstone_keep_ms: 60_000,
            resend_bytes_max: 10_000,
            connected: true,
            read_only: false,
            seed: 5,
        };
        Engine::new(config, now(0))
    }
}

/// Whatever comes in, the engine goes on.
#[test]
fn an_engine_survives_it() {
    use engine::{Nothing, now};
    use iratdb::core::engine::Event;

    let (mut engine, schema) = (engine::new(), engine::schema());
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let good: Vec<_> = samples()
        .into_iter()
        .map(|mut bytes| {
            bytes[3..11].copy_from_slice(&schema.hash.to_le_bytes());
            bytes
        })
        .collect();
    for round in 0..50_000 {
        let mut bytes = good[random(good.len())].clone();
        for _ in 0..random(4) {
            let at = random(bytes.len());
            // The schema's hash is left alone, so that most gets past the door.
            if !(3..11).contains(&at) {
                bytes[at] = random(256) as u8;
            }
        }
        engine.handle(now(round), Event::Message(&bytes), &mut Nothing).unwrap();
        engine.handle(now(round), Event::Tick, &mut Nothing).unwrap();
        while let Some(message) = engine.poll_message() {
            assert!(!Bytes::is_empty(&message.bytes));
        }
        assert!(engine.next_frame(&mut Nothing).is_ok());
    }
    let sizes = engine.sizes();
    assert!(sizes.waiting_bytes < 1 << 20, "{sizes:?}");
}

/// Found by the fuzzer: a joiner that knew of a missing frame, which it does not ask for yet, wanted its turn every millisecond.
#[test]
fn a_gap_while_joining_costs_nothing() {
    use engine::{Nothing, now};
    use iratdb::core::engine::Event;

    let mut engine = engine::new();
    let header = Header { schema: engine::schema().hash, ..header() };
    let frame = encode(header, &Body::Frame { sequence: 2, entries: Vec::new() });
    engine.handle(now(1), Event::Message(&frame), &mut Nothing).unwrap();
    let (mut at, mut turns) = (1, 0);
    while at < 300 {
        at = at.max(engine.poll_timeout()) + 1;
        engine.handle(now(at), Event::Tick, &mut Nothing).unwrap();
        turns += 1;
    }
    assert!(turns < 10, "{turns} turns in 300 ms");
}
