//! Real messages of the replication, by the project's own encoders.

use iratdb::core::codec::{
    Body, Cursor, Entry, Header, Progress, Tail, Wanted, encode, put_delete, put_insert, put_state_counted, put_state_dead,
    put_state_live, put_update, start_batch, start_tx,
};
use iratdb::core::hlc::Stamp;
use iratdb::core::ids::{Epoch, Writer};
use iratdb::core::key::key_of;
use iratdb::core::merge::Clocks;
use iratdb::core::tail;
use iratdb::core::tally::{Share, Tally};
use iratdb::core::value::{Value, ValueRef};

/// The sender of all.
pub const WRITER: Writer = Writer(2);
/// Its epoch.
pub const EPOCH: Epoch = Epoch(2);
/// Another's.
pub const OTHER: Epoch = Epoch(4);

/// A header for this schema.
pub fn header(schema: u64) -> Header {
    Header { schema, writer: WRITER, epoch: EPOCH }
}

fn row() -> Vec<Value> {
    vec![Value::Null, Value::Integer(-5), Value::Real(0.5), Value::from("text"), Value::Blob(vec![1, 2, 3].into())]
}

/// A row's key.
pub fn key(n: i64) -> Vec<u8> {
    key_of(&[Value::Integer(n)]).into_vec()
}

/// A transaction with every kind of change.
pub fn transaction(hlc: u64) -> Vec<u8> {
    let mut out = start_tx(hlc);
    put_insert(&mut out, 0, &key(1), row().iter().map(Value::as_ref));
    put_insert(&mut out, 1, &key(300), row().iter().map(Value::as_ref));
    let columns = [(0, Value::Integer(i64::MAX)), (3, Value::from("other"))];
    let columns = || columns.iter().map(|(column, value)| (*column, value.as_ref()));
    put_update(&mut out, 0, &key(1), EPOCH, Stamp { hlc, epoch: EPOCH }, columns());
    put_update(&mut out, 0, &key(2), EPOCH, Stamp { hlc: 5, epoch: OTHER }, columns());
    put_delete(&mut out, 1, &key(7));
    // Two that clash, and children of both.
    let same = [Value::Integer(1)].into_iter().chain((0..4).map(|_| Value::Null)).collect::<Vec<_>>();
    for (table, id) in [(2, 1), (2, 2), (3, 1)] {
        put_insert(&mut out, table, &key(id), same.iter().map(Value::as_ref));
    }
    let second = [Value::Integer(2)].into_iter().chain((0..4).map(|_| Value::Null)).collect::<Vec<_>>();
    put_insert(&mut out, 3, &key(2), second.iter().map(Value::as_ref));
    out
}

/// States of rows: a live one with clocks, one as inserted, one with counters and with columns of a newer schema, a dead one.
pub fn states(hlc: u64) -> Vec<u8> {
    let (birth, later) = (Stamp { hlc, epoch: OTHER }, Stamp { hlc: hlc + 1, epoch: EPOCH });
    let mut clocks = Clocks::default();
    clocks.set(1, later);
    clocks.set(3, later);
    let mut out = Vec::new();
    let (values, none) = (row(), tail::Tail::EMPTY);
    put_state_live(&mut out, 0, &key(8), birth, &clocks, (&values, &none));
    put_state_live(&mut out, 0, &key(9), birth, &Clocks::default(), (&values, &none));
    let newer = tail::Tail::new([(5, ValueRef::Integer(5)), (7, ValueRef::Text(b"new"))].into_iter());
    let mut tally = Tally::default();
    tally.join(Share { column: 0, epoch: EPOCH, hlc: hlc + 2, total: -7 });
    put_state_counted(&mut out, 0, &key(10), (birth, &clocks), (&values, &newer), &tally);
    put_state_dead(&mut out, 1, &key(9), birth);
    out
}

/// One of each kind.
pub fn all(schema: u64) -> Vec<Vec<u8>> {
    // Times that a clock near 1,000 s since 1970 takes.
    let hlc = 1_000_000 << 16;
    let (tx, states) = (transaction(hlc), states(hlc));
    let tails = vec![Tail { epoch: OTHER, sequence: 6 }, Tail { epoch: EPOCH, sequence: 1 }];
    let after = key(2);
    let cursor = Cursor { table: 0, bucket: 3, after: Some(&after) };
    let mut batch = start_batch(&tails);
    batch.extend(&states);
    let progress = vec![Progress { epoch: OTHER, settled: 6, top: 7, changes: 8, refused: false }];
    let wanted = |table, rows| Wanted { table, rows: [rows; 4], deaths: [3; 4] };
    let heartbeat = |hello| Body::Heartbeat {
        node: "node-1",
        ready: true,
        incomplete: false,
        hello,
        flushed: true,
        sequence: 4,
        state: 5,
        tables: vec![(0, 7), (1, 8)],
        suspects: vec![OTHER],
        tails: tails.clone(),
        shown: vec![Tail { epoch: OTHER, sequence: 7 }],
    };
    let bodies = [
        heartbeat(true),
        heartbeat(false),
        Body::Frame { sequence: 1, ack: true, entries: vec![Entry::Tx(&tx)] },
        Body::Frame {
            sequence: 2,
            ack: false,
            entries: vec![
                Entry::Batch(&batch),
                Entry::Part { batch: false, hlc, index: 0, count: 2, bytes: &tx[..20] },
                Entry::Part { batch: false, hlc, index: 1, count: 2, bytes: &tx[20..] },
                Entry::Tx(&tx),
            ],
        },
        Body::EpochEnd { tail: Tail { epoch: EPOCH, sequence: 2 } },
        Body::EpochEnd { tail: Tail { epoch: OTHER, sequence: 9 } },
        Body::Nack { epoch: EPOCH, from: 1, to: 2 },
        Body::Gone { epoch: EPOCH, oldest: 9 },
        Body::DigestRequest { token: 1, end: false },
        Body::DigestRequest { token: 2, end: true },
        Body::Digests { token: 1, version: 2, progress, ended: vec![Epoch(8)], buckets: vec![(0, 1, 2, 3), (1, 255, 3, 0)] },
        Body::Fetch { token: 1, cursor, wanted: vec![wanted(0, u64::MAX), wanted(1, 7)] },
        Body::Rows { token: 1, cursor, next: Some(cursor), more: true, states: &states },
        Body::Rows { token: 1, cursor: Cursor { after: None, ..cursor }, next: None, more: false, states: &states },
        Body::AckRequest { sequence: 9 },
        Body::Ack { tail: Tail { epoch: EPOCH, sequence: 9 } },
        Body::Schema { wanted: true, description: b"of a schema" },
    ];
    bodies.iter().map(|body| encode(header(schema), body)).collect()
}

/// A value that can be compared bit by bit.
pub fn same(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.as_ref().same(b.as_ref()))
}

/// Owned copies.
pub fn owned<'a>(values: impl Iterator<Item = ValueRef<'a>>) -> Vec<Value> {
    values.map(ValueRef::to_value).collect()
}
