//! What readers in a process wait for, and what a read costs: `cargo run --release -p iratdb --example readers`.
//!
//! Compares IraTDB with plain in-memory SQLite behind one lock, in turns within one run. With the address of a nats-server as its
//! argument it also reads while replication applies batches. Costs are processor time where Linux tells it: on a busy machine
//! the clock would measure the others; the latencies are what the clock says, and so show them too.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints figures")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use iratdb::rusqlite::{self, Connection};
use iratdb::{IraTdb, Keys, Options};

const DDL: &str = "CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, name TEXT, n INTEGER)";
const ROWS: i64 = 10_000;
const READERS: i64 = 2;
const ROUNDS: i64 = 15;
const EACH_ROUND: i64 = 4_000;
const SCENARIO: Duration = Duration::from_secs(2);

/// One of the two that are compared.
enum Db {
    Locked(Mutex<Connection>),
    Ira(IraTdb),
}

impl Db {
    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        match self {
            Self::Locked(connection) => query(&connection.lock().unwrap()).unwrap(),
            Self::Ira(db) => db.read(query).unwrap(),
        }
    }

    fn write<T>(&self, change: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        match self {
            Self::Locked(connection) => {
                let connection = connection.lock().unwrap();
                connection.prepare_cached("BEGIN").unwrap().execute(()).unwrap();
                let value = change(&connection).unwrap();
                connection.prepare_cached("COMMIT").unwrap().execute(()).unwrap();
                value
            }
            Self::Ira(db) => db.write(change).unwrap().into_value(),
        }
    }
}

fn key(n: i64) -> String {
    format!("call-{:08}", n % ROWS)
}

fn insert(c: &Connection, n: i64) -> rusqlite::Result<usize> {
    c.prepare_cached("INSERT INTO t VALUES (?1, 'the name of a call', 0)")?.execute([format!("call-{n:08}")])
}

fn update(c: &Connection, n: i64) -> rusqlite::Result<usize> {
    c.prepare_cached("UPDATE t SET n = ?2 WHERE id = ?1")?.execute((key(n * 104_729), n))
}

fn point(c: &Connection, n: i64) -> rusqlite::Result<i64> {
    c.prepare_cached("SELECT n FROM t WHERE id = ?1")?.query_row([key(n * 7919)], |row| row.get(0))
}

/// A hundred rows.
fn range(c: &Connection, n: i64) -> rusqlite::Result<i64> {
    let first = n * 7919 % (ROWS - 100);
    let sql = "SELECT sum(n) FROM t WHERE id >= ?1 AND id < ?2";
    c.prepare_cached(sql)?.query_row([key(first), key(first + 100)], |row| row.get(0))
}

/// Processor time of this thread.
fn thread_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Runs it, and gives the microseconds it took.
fn spent(work: impl FnOnce()) -> f64 {
    let (started, used) = (Instant::now(), thread_time());
    work();
    let spent = match (used, thread_time()) {
        (Some(before), Some(after)) => after - before,
        _ => started.elapsed(),
    };
    spent.as_secs_f64() * 1e6
}

/// Microseconds for one.
fn each<T>(count: i64, mut work: impl FnMut(i64) -> T) -> f64 {
    spent(|| (0..count).for_each(|n| drop(work(n)))) / count as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs both in turns; prints what one costs.
fn compare<T>(what: &str, mut plain: impl FnMut(i64) -> T, mut ours: impl FnMut(i64) -> T) {
    let (mut base, mut measured) = (vec![], vec![]);
    for round in 0..ROUNDS {
        base.push(each(EACH_ROUND, |n| plain(n + round)));
        measured.push(each(EACH_ROUND, |n| ours(n + round)));
    }
    let (base, ours) = (median(base), median(measured));
    println!("{what:<44} {ours:>7.2} µs / {base:>6.2} µs = {:>5.2}", ours / base);
}

fn costs(locked: &Db, ira: &Db) {
    println!("processor time, IraTDB / SQLite, one thread");
    compare("point read", |n| locked.read(|c| point(c, n)), |n| ira.read(|c| point(c, n)));
    compare("100 rows", |n| locked.read(|c| range(c, n)), |n| ira.read(|c| range(c, n)));
    compare("commit of one row", |n| locked.write(|c| update(c, n)), |n| ira.write(|c| update(c, n)));
    let both = |db: &Db, n| {
        db.write(|c| update(c, n));
        db.read(|c| point(c, n));
    };
    compare("commit of one row, then point read", |n| both(locked, n), |n| both(ira, n));
}

/// Runs `work` in a loop, beside a reader; gives what a point read costs.
fn read_beside(db: &Db, beside: &Db) -> f64 {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !over.load(Ordering::Relaxed) {
                n += 1;
                beside.write(|c| update(c, n));
            }
        });
        let cost = each(50_000, |n| db.read(|c| point(c, n)));
        over.store(true, Ordering::Relaxed);
        cost
    })
}

/// A point read in a database that is written all the time, against one in a plain database that nobody else uses, while the same
/// writes go on.
fn cost_under_load(ira: &Db) {
    let alone = Db::Locked(Mutex::new(Connection::open_in_memory().unwrap()));
    alone.write(|c| c.execute_batch(DDL).and_then(|()| (0..ROWS).try_for_each(|n| insert(c, n).map(drop))));
    let (mut base, mut ours) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        base.push(read_beside(&alone, ira));
        ours.push(read_beside(ira, ira));
    }
    let (base, ours) = (median(base), median(ours));
    println!("{:<44} {ours:>7.2} µs / {base:>6.2} µs = {:>5.2}", "point read, another thread commits", ours / base);
}

/// What two threads find that read while something else goes on.
fn scenario(what: &str, name: &str, db: &Db, beside: impl Fn(&AtomicBool, &AtomicU64) + Sync) {
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut latencies: Vec<u64> = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| beside(&over, &done));
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let over = &over;
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    let mut n = reader;
                    while !over.load(Ordering::Relaxed) {
                        n += READERS;
                        let started = Instant::now();
                        if n % 20 < READERS {
                            db.read(|c| range(c, n));
                        } else {
                            db.read(|c| point(c, n));
                        }
                        latencies.push(started.elapsed().as_nanos() as u64);
                    }
                    latencies
                })
            })
            .collect();
        std::thread::sleep(SCENARIO);
        over.store(true, Ordering::Relaxed);
        latencies.extend(readers.into_iter().flat_map(|reader| reader.join().unwrap()));
    });
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize] as f64 / 1e3;
    let a_second = |count: f64| count / SCENARIO.as_secs_f64();
    println!(
        "{what:<22} {name:<12} {:>9.0} {:>8.1} {:>8.1} {:>9.1} {:>10.1} {:>11.0}",
        a_second(latencies.len() as f64),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        a_second(done.load(Ordering::Relaxed) as f64),
    );
}

fn commits(db: &Db, over: &AtomicBool, done: &AtomicU64) {
    while !over.load(Ordering::Relaxed) {
        let n = done.fetch_add(1, Ordering::Relaxed) as i64;
        db.write(|c| update(c, n));
    }
}

/// Transactions of 200 ms, which mostly wait.
fn long_transactions(db: &Db, over: &AtomicBool, done: &AtomicU64) {
    while !over.load(Ordering::Relaxed) {
        db.write(|c| {
            for n in 0..200 {
                update(c, n)?;
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        });
        done.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Resident memory of this process, in bytes.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(f64::NAN) * 4096.0
}

/// Bytes a row, in a process of its own.
async fn memory(kind: &str, rows: i64) {
    let db = open(kind, Options::new("memory")).await;
    let fill = |from, to| db.write(|c| (from..to).try_for_each(|n| insert(c, n).map(drop)));
    fill(0, 1_000);
    let before = resident();
    for n in (1_000..rows).step_by(1_000) {
        fill(n, n + 1_000);
    }
    println!("{kind:<12} {:>5.0} bytes a row of {rows}", (resident() - before) / (rows - 1_000) as f64);
}

async fn open(kind: &str, options: Options) -> Db {
    if kind == "one lock" {
        let connection = Connection::open_in_memory().unwrap();
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(DDL).unwrap();
        Db::Locked(Mutex::new(connection))
    } else {
        Db::Ira(IraTdb::open(options.schema(&[DDL])).await.unwrap())
    }
}

async fn replicated(url: &str) -> (IraTdb, Db) {
    let options = || Options::new(format!("readers-{}", std::process::id())).schema(&[DDL]);
    let connect = async || async_nats::connect(url).await.unwrap();
    let source = IraTdb::open(options().keys(Keys::open()).nats(connect().await)).await.unwrap();
    let copy = IraTdb::open(options().keys(Keys::open()).nats(connect().await)).await.unwrap();
    source.ready().await.unwrap();
    copy.ready().await.unwrap();
    source.write(|c| (0..ROWS).try_for_each(|n| insert(c, n).map(drop))).unwrap();
    while copy.stats().rows < ROWS as usize {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (source, Db::Ira(copy))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, what, kind, rows] = arguments.as_slice()
        && what == "memory"
    {
        return memory(kind, rows.parse().unwrap()).await;
    }
    for kind in ["one lock", "IraTDB"] {
        std::process::Command::new(&arguments[0]).args(["memory", kind, "300000"]).status().unwrap();
    }
    let (locked, ira) = (open("one lock", Options::new("a")).await, open("IraTDB", Options::new("b")).await);
    for db in [&locked, &ira] {
        db.write(|c| (0..ROWS).try_for_each(|n| insert(c, n).map(drop)));
    }
    costs(&locked, &ira);
    cost_under_load(&ira);
    println!(
        "\n{:<35} {:>9} {:>8} {:>8} {:>9} {:>10} {:>11}",
        "2 readers beside", "reads/s", "p50 µs", "p99", "p99.9", "max", "beside/s"
    );
    for _ in 0..2 {
        for (name, db) in [("one lock", &locked), ("IraTDB", &ira)] {
            scenario("nothing", name, db, |_, _| ());
            scenario("commits", name, db, |over, done| commits(db, over, done));
            scenario("200 ms transactions", name, db, |over, done| long_transactions(db, over, done));
        }
    }
    if let Some(url) = arguments.get(1) {
        let (source, copy) = replicated(url).await;
        scenario("replication", "IraTDB", &copy, |over, done| {
            while !over.load(Ordering::Relaxed) {
                let n = done.fetch_add(100, Ordering::Relaxed) as i64;
                source.write(|c| (n..n + 100).try_for_each(|n| update(c, n).map(drop))).unwrap();
            }
        });
        source.close().await.unwrap();
        if let Db::Ira(copy) = copy {
            copy.close().await.unwrap();
        }
    }
}
