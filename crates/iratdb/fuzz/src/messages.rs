//! Real messages of the replication, by the project's own encoders.

use iratdb::core::codec::{
    Body, Cursor, Entry, Header, Tail, encode, put_delete, put_insert, put_state_dead, put_state_live, put_update,
    start_tx,
};
use iratdb::core::hlc::Stamp;
use iratdb::core::ids::{Epoch, Writer};
use iratdb::core::key::key_of;
use iratdb::core::merge::Clocks;
use iratdb::core::value::{Value, ValueRef};

/// The sender of all.
pub const WRITER: Writer = Writer(2);
/// Its epoch.
pub const EPOCH: Epoch = Epoch(3);
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
    put_update(&mut out, 0, &key(1), EPOCH, Stamp { hlc, epoch: EPOCH }, &columns);
    put_update(&mut out, 0, &key(2), EPOCH, Stamp { hlc: 5, epoch: OTHER }, &columns);
    put_delete(&mut out, 1, &key(7));
    out
}

/// States of rows: a live one with clocks, one as inserted, a dead one.
pub fn states(hlc: u64) -> Vec<u8> {
    let (birth, later) = (Stamp { hlc, epoch: OTHER }, Stamp { hlc: hlc + 1, epoch: EPOCH });
    let mut clocks = Clocks::default();
    clocks.set(1, later);
    clocks.set(3, later);
    let mut out = Vec::new();
    put_state_live(&mut out, 0, &key(8), birth, &clocks, &row());
    put_state_live(&mut out, 0, &key(9), birth, &Clocks::default(), &row());
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
    let heartbeat = |hello, reader| Body::Heartbeat {
        node: "node-1",
        ready: true,
        reader,
        hello,
        sequence: 4,
        state: 5,
        suspects: vec![OTHER],
        tails: tails.clone(),
    };
    let bodies = [
        heartbeat(true, false),
        heartbeat(false, true),
        Body::Frame { sequence: 1, entries: vec![Entry::Tx(&tx)] },
        Body::Frame {
            sequence: 2,
            entries: vec![
                Entry::States(&states),
                Entry::Part { hlc, index: 0, count: 2, bytes: &tx[..20] },
                Entry::Part { hlc, index: 1, count: 2, bytes: &tx[20..] },
                Entry::Tx(&tx),
            ],
        },
        Body::EpochEnd { tail: Tail { epoch: EPOCH, sequence: 2 } },
        Body::EpochEnd { tail: Tail { epoch: OTHER, sequence: 9 } },
        Body::Nack { epoch: EPOCH, from: 1, to: 2 },
        Body::Gone { epoch: EPOCH, oldest: 9 },
        Body::DigestRequest { token: 1, flushed: true },
        Body::Digests { token: 1, tails, ended: vec![Epoch(8)], buckets: vec![(0, 1, 2), (1, 255, 3)] },
        Body::Fetch { token: 1, cursor, wanted: vec![(0, [u64::MAX; 4]), (1, [1, 2, 3, 4])] },
        Body::Rows { token: 1, cursor, next: Some(cursor), states: &states },
        Body::Rows { token: 1, cursor: Cursor { after: None, ..cursor }, next: None, states: &states },
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
