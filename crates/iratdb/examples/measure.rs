//! What replication costs, as ratios to doing without: `cargo run --release -p iratdb --example measure`.
//!
//! Needs a nats-server; its address is the argument (default `nats://127.0.0.1:4222`). Both sides of a ratio run in turns, so
//! that a busy machine slows both.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints figures")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use iratdb::core::codec::{Body, Entry, Header, encode, put_insert, start_tx};
use iratdb::core::engine::Destination;
use iratdb::core::guard::{Guard, Settings};
use iratdb::core::ids::{Epoch, Writer};
use iratdb::core::secret::Secret;
use iratdb::core::value::ValueRef;
use iratdb::rusqlite::{Connection, params};
use iratdb::{IraTdb, Keys, Options};

#[path = "../src/test_keys.rs"]
mod test_keys;

use test_keys::file;

const DDL: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, state TEXT, n INTEGER)";
const ROWS: i64 = 10_000;
const ROUNDS: usize = 20;
const PER_ROUND: i64 = 5_000;

fn options() -> Options {
    Options::new(format!("measure-{}", std::process::id())).schema(&[DDL])
}

fn fill(c: &Connection) -> iratdb::rusqlite::Result<()> {
    let mut insert = c.prepare_cached("INSERT INTO t VALUES (?1, 'some name', 'ringing', 0)")?;
    (0..ROWS).try_for_each(|id| insert.execute([id]).map(drop))
}

fn update(c: &Connection, n: i64) -> iratdb::rusqlite::Result<usize> {
    c.prepare_cached("UPDATE t SET n = ?2 WHERE id = ?1")?.execute([n * 7919 % ROWS, n])
}

fn select(c: &Connection, n: i64) -> iratdb::rusqlite::Result<i64> {
    c.prepare_cached("SELECT n FROM t WHERE id = ?1")?.query_row([n * 7919 % ROWS], |row| row.get(0))
}

fn plain_update(c: &Connection, n: i64) -> iratdb::rusqlite::Result<()> {
    c.prepare_cached("BEGIN")?.execute(())?;
    update(c, n)?;
    c.prepare_cached("COMMIT")?.execute(()).map(drop)
}

/// Processor time of this thread, where Linux tells it: on a busy machine the clock would measure the others.
fn thread_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Microseconds for one.
fn each<T>(count: i64, mut work: impl FnMut(i64) -> T) -> f64 {
    let (started, used) = (Instant::now(), thread_time());
    for n in 0..count {
        work(n);
    }
    let spent = match (used, thread_time()) {
        (Some(before), Some(after)) => after - before,
        _ => started.elapsed(),
    };
    spent.as_secs_f64() * 1e6 / count as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn line(what: &str, ours: f64, base: f64) {
    println!("{what:<52} {ours:>9.2} µs  / {base:>8.2} µs  = {:>5.2}", ours / base);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::args().nth(1).unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned());
    let plain = Connection::open_in_memory().unwrap();
    plain.execute_batch(DDL).unwrap();
    fill(&plain).unwrap();
    let local = IraTdb::open(options()).await.unwrap();
    local.write(fill).unwrap();
    let (mut base, mut ours, mut base_read, mut our_read) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS as i64 {
        base.push(each(PER_ROUND, |n| plain_update(&plain, n + round).unwrap()));
        ours.push(each(PER_ROUND, |n| local.write(|c| update(c, n + round)).unwrap()));
        base_read.push(each(PER_ROUND, |n| select(&plain, n).unwrap()));
        our_read.push(each(PER_ROUND, |n| local.read(|c| select(c, n)).unwrap()));
    }
    line("commit of one row, captured / plain SQLite", median(&mut ours), median(&mut base));
    line("point read / plain SQLite", median(&mut our_read), median(&mut base_read));

    sealing();
    let (a, b) = pair(&url, Keys::open()).await;
    let (sealed_a, sealed_b) =
        pair(&url, Keys::read_write_from_files(file("write.pem"), file("read.pem")).unwrap()).await;
    latency(&a, &b, &sealed_a, &sealed_b, &url).await;
    println!("open:");
    throughput(&a, &b, median(&mut base)).await;
    println!("sealed and signed:");
    throughput(&sealed_a, &sealed_b, median(&mut base)).await;
    for db in [a, b, sealed_a, sealed_b] {
        db.close().await.unwrap();
    }
}

async fn pair(url: &str, keys: Keys) -> (IraTdb, IraTdb) {
    let a = IraTdb::open(options().keys(keys.clone()).nats(async_nats::connect(url).await.unwrap())).await.unwrap();
    let b = IraTdb::open(options().keys(keys).nats(async_nats::connect(url).await.unwrap())).await.unwrap();
    a.ready().await.unwrap();
    b.ready().await.unwrap();
    a.write(fill).unwrap();
    while b.read(|c| c.query_row("SELECT count(*) FROM t", (), |row| row.get::<_, i64>(0))).unwrap() < ROWS {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (a, b)
}

/// Two guards that know each other.
fn guards() -> (Guard, Guard) {
    let keys = Keys::read_write_from_files(file("write.pem"), file("read.pem")).unwrap();
    let credentials = keys.credentials().unwrap();
    let settings = Settings { alone_after_ms: 300, lease_ms: 2_000, rotate_after_ms: 0 };
    let database = credentials.database("main", "measure");
    let guard = |n: u8| Guard::new(settings, credentials, database, Writer(n.into()), &Secret::new([n; 32])).unwrap();
    let (mut a, mut b) = (guard(1), guard(2));
    a.connect(0);
    a.tick(300, &mut Vec::new());
    b.connect(300);
    while b.sealer().is_none() {
        while let Some(message) = b.poll_message() {
            a.receive(300, &message.bytes, &mut Vec::new());
        }
        while let Some(message) = a.poll_message() {
            b.receive(300, &message.bytes, &mut Vec::new());
        }
    }
    (a, b)
}

/// What sealing and signing, opening and checking cost a frame, on one core.
fn sealing() {
    let (a, mut b) = guards();
    let handshakes = each(20, |_| guards());
    println!("certificates of two processes and a handshake (4 RSA signatures in all): {:.1} ms", handshakes / 1e3);
    for rows in [1, 20, 1_000] {
        let mut tx = start_tx(7);
        let values = [ValueRef::Text(b"some name"), ValueRef::Text(b"ringing"), ValueRef::Integer(5)];
        put_insert(&mut tx, 0, &[1, 2, 3, 4, 5, 6, 7, 8, 9], values.into_iter());
        let entries = vec![Entry::Tx(&tx); rows];
        let header = Header { schema: 1, writer: Writer(1), epoch: Epoch(7) };
        let clear = encode(header, &Body::Frame { sequence: 1, ack: false, entries });
        let mut sealed: Vec<Bytes> = Vec::new();
        let sealer = a.sealer().unwrap();
        let seal = each(3_000, |_| sealed.push(sealer.seal(Destination::All, &clear).unwrap()));
        let mut opened = Vec::new();
        let open = each(3_000, |n| b.receive(300, &sealed[n as usize], &mut opened));
        assert!(opened.len() == 3_000 && opened.iter().all(|bytes| *bytes == clear));
        println!(
            "frame of {rows:>4} one-row transactions, {:>6} bytes: seal and sign {seal:>7.1} µs, open and check {open:>7.1} µs",
            clear.len()
        );
    }
}

async fn latency(a: &IraTdb, b: &IraTdb, sealed_a: &IraTdb, sealed_b: &IraTdb, url: &str) {
    let (publisher, receiver) = (async_nats::connect(url).await.unwrap(), async_nats::connect(url).await.unwrap());
    let mut raw = receiver.subscribe("measure").await.unwrap();
    receiver.flush().await.unwrap();
    let mut changes = b.subscribe("t").unwrap();
    let mut sealed_changes = sealed_b.subscribe("t").unwrap();
    let (mut base, mut ours, mut sealed) = (vec![], vec![], vec![]);
    let update = |db: &IraTdb, n: i64| {
        db.write(|c| c.prepare_cached("UPDATE t SET n = ?2 WHERE id = ?1")?.execute(params![n, -n - 1])).unwrap();
    };
    for n in 0..2_000_i64 {
        tokio::time::sleep(Duration::from_micros(300)).await;
        let started = Instant::now();
        publisher.publish("measure", vec![0_u8; 100].into()).await.unwrap();
        publisher.flush().await.unwrap();
        raw.next().await.unwrap();
        base.push(started.elapsed().as_secs_f64() * 1e6);
        tokio::time::sleep(Duration::from_micros(300)).await;
        let started = Instant::now();
        update(a, n);
        changes.next().await.unwrap();
        ours.push(started.elapsed().as_secs_f64() * 1e6);
        tokio::time::sleep(Duration::from_micros(300)).await;
        let started = Instant::now();
        update(sealed_a, n);
        sealed_changes.next().await.unwrap();
        sealed.push(started.elapsed().as_secs_f64() * 1e6);
    }
    let base = median(&mut base);
    line("commit to change seen elsewhere / raw NATS, p50", median(&mut ours), base);
    line("the same, sealed and signed / raw NATS, p50", median(&mut sealed), base);
}

async fn throughput(a: &IraTdb, b: &IraTdb, plain_us: f64) {
    const COUNT: i64 = 200_000;
    let started = Instant::now();
    let written = each(COUNT, |n| a.write(|c| update(c, n + 1_000_000)).unwrap());
    while b.read(|c| select(c, COUNT - 1)).unwrap() != COUNT - 1 + 1_000_000 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let arrived = started.elapsed();
    line("commit of one row while replicating / plain SQLite", written, plain_us);
    println!("one-row transactions, all seen elsewhere: {:.0} a second", COUNT as f64 / arrived.as_secs_f64());
    println!("{:?}", b.stats());
}
