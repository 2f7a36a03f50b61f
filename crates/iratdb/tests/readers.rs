//! Readers beside a writer, in one process: who waits for whom, and what is seen.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::channel;
use std::thread::scope;
use std::time::Duration;

use iratdb::rusqlite::Connection;
use iratdb::{Change, Error, IraTdb, Options};

const T: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)";
/// Nothing here takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than there are connections.
const MANY: usize = 40;

fn open() -> IraTdb {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let db = runtime.block_on(IraTdb::open(Options::new("readers").schema(&[T]))).unwrap();
    db.write(|c| c.execute_batch("INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)")).unwrap();
    db
}

fn number(c: &Connection, sql: &str) -> iratdb::rusqlite::Result<i64> {
    c.prepare_cached(sql)?.query_row((), |row| row.get(0))
}

const SUM: &str = "SELECT sum(n) FROM t";

#[test]
fn a_read_does_not_wait_for_a_transaction() {
    let db = open();
    let (in_write, write_begun) = channel();
    let db = &db;
    let (read_over, go_on) = channel();
    scope(|scope| {
        scope.spawn(move || {
            db.write(|c| {
                c.execute("UPDATE t SET n = 7", ())?;
                in_write.send(()).unwrap();
                // Fails if the read below waits for this closure.
                go_on.recv_timeout(PATIENCE).unwrap();
                Ok(())
            })
            .unwrap();
        });
        write_begun.recv_timeout(PATIENCE).unwrap();
        assert_eq!(db.read(|c| number(c, SUM)).unwrap(), 0, "not committed");
        read_over.send(()).unwrap();
    });
    assert_eq!(db.read(|c| number(c, SUM)).unwrap(), 21);
}

#[test]
fn members_stats_and_digests_do_not_wait_for_a_transaction() {
    let db = open();
    let digests = db.digests().unwrap();
    assert_eq!(db.stats().commits, 1);
    let (in_write, write_begun) = channel();
    let db = &db;
    let (told, go_on) = channel();
    scope(|scope| {
        scope.spawn(move || {
            db.write(|c| {
                c.execute("DELETE FROM t WHERE id = 1", ())?;
                // Also from within: what was before.
                assert_eq!(db.stats().commits, 1);
                in_write.send(()).unwrap();
                // Fails if what is asked below waits for this closure.
                go_on.recv_timeout(PATIENCE).unwrap();
                Ok(())
            })
            .unwrap();
        });
        write_begun.recv_timeout(PATIENCE).unwrap();
        assert_eq!((db.stats().commits, db.stats().rows, db.members().len()), (1, 3, 1));
        assert_eq!(db.digests().unwrap(), digests);
        told.send(()).unwrap();
    });
    assert_eq!((db.stats().commits, db.stats().rows), (2, 2));
    assert_eq!(db.digests().unwrap()["t"].rows, 2);
}

#[test]
fn nobody_waits_for_a_read_which_keeps_its_state() {
    let db = open();
    let (in_read, read_begun) = channel();
    let db = &db;
    let (written, go_on) = channel();
    scope(|scope| {
        scope.spawn(move || {
            let (before, rows, after) = db
                .read(|c| {
                    let mut statement = c.prepare("SELECT n FROM t ORDER BY id")?;
                    let mut found = statement.query(())?;
                    let mut rows = vec![found.next()?.unwrap().get::<_, i64>(0)?];
                    let before = number(c, SUM)?;
                    in_read.send(()).unwrap();
                    go_on.recv_timeout(PATIENCE).unwrap();
                    while let Some(row) = found.next()? {
                        rows.push(row.get(0)?);
                    }
                    Ok((before, rows, number(c, SUM)?))
                })
                .unwrap();
            assert_eq!((before, rows, after), (0, vec![0, 0, 0], 0));
        });
        read_begun.recv_timeout(PATIENCE).unwrap();
        for n in 1..=500_i64 {
            db.write(|c| c.execute("UPDATE t SET n = ?1", [n])).unwrap();
            db.write(|c| c.execute("INSERT INTO t VALUES (?1, 0)", [n + 10])).unwrap();
            assert_eq!(db.read(|c| number(c, SUM)).unwrap(), 3 * n + (n - 1) * n, "own commits are seen");
            db.write(|c| c.execute("UPDATE t SET n = ?1", [n])).unwrap();
            assert_eq!(db.read(|c| number(c, SUM)).unwrap(), (3 + n) * n);
        }
        written.send(()).unwrap();
    });
}

/// Writers move amounts between rows of two tables; whoever sees a part of a transaction sees a wrong sum, and whoever sees an
/// older state than before sees the count of transactions go back.
#[test]
fn transactions_are_seen_whole_and_in_order() {
    const ROUNDS: i64 = 400;
    let db = open();
    db.write(|c| c.execute_batch("CREATE TABLE local_t (n INTEGER); INSERT INTO local_t VALUES (0)")).unwrap();
    let committed = AtomicI64::new(0);
    let over = AtomicBool::new(false);
    scope(|scope| {
        let readers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let (mut last, mut reads) = (0, 0);
                    while !over.load(Ordering::Relaxed) || reads == 0 {
                        let at_least = committed.load(Ordering::Acquire);
                        let (count, sum, other) = db
                            .read(|c| {
                                let count = number(c, "SELECT n FROM t WHERE id = 1")?;
                                let sum = number(c, "SELECT sum(n) FROM t WHERE id > 1")?;
                                Ok((count, sum, number(c, "SELECT n FROM local_t")?))
                            })
                            .unwrap();
                        assert_eq!(sum + other, 0, "a part of a transaction");
                        assert!(count >= last, "back in time");
                        assert!(count >= at_least, "a commit that had returned is not seen");
                        last = count;
                        reads += 1;
                    }
                })
            })
            .collect();
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (db, committed) = (&db, &committed);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let result = db.write(|c| {
                            c.execute("UPDATE t SET n = n + ?1 WHERE id = 2", [round])?;
                            // Rows come and go, so that pages do.
                            let id = 1000 + writer * ROUNDS + round;
                            c.execute("INSERT INTO t VALUES (?1, 2)", [id])?;
                            c.execute("DELETE FROM t WHERE id = ?1", [id - 30])?;
                            c.execute("UPDATE local_t SET n = -(SELECT sum(n) FROM t WHERE id > 1)", ())?;
                            if round % 10 == 9 {
                                c.execute("INSERT INTO t VALUES (1, 1)", ())?; // fails
                            }
                            c.execute("UPDATE t SET n = n + 1 WHERE id = 1", ())?;
                            number(c, "SELECT n FROM t WHERE id = 1")
                        });
                        if let Ok(commit) = result {
                            committed.fetch_max(commit.value, Ordering::Release);
                            let seen = db.read(|c| number(c, "SELECT n FROM t WHERE id = 1")).unwrap();
                            assert!(seen >= commit.value, "the own commit is not seen");
                        }
                    }
                })
            })
            .collect();
        // Readers end also when a writer has failed.
        let written: Vec<_> = writers.into_iter().map(|thread| thread.join()).collect();
        over.store(true, Ordering::Relaxed);
        assert!(written.into_iter().chain(readers.into_iter().map(|thread| thread.join())).all(|end| end.is_ok()));
    });
    assert_eq!(db.read(|c| number(c, "SELECT n FROM t WHERE id = 1")).unwrap(), 2 * ROUNDS * 9 / 10);
    let whole = "SELECT count(*) FROM pragma_quick_check WHERE quick_check = 'ok'";
    assert!(db.read(|c| number(c, whole)).is_err(), "not a pragma for the application");
}

#[test]
fn a_panic_in_a_closure_is_its_own() {
    let db = open();
    for n in 0..MANY {
        let read = catch_unwind(AssertUnwindSafe(|| {
            db.read(|c| {
                let mut statement = c.prepare("SELECT n FROM t")?;
                let mut rows = statement.query(())?;
                rows.next()?;
                if n < MANY { panic!("in a read") } else { Ok(()) }
            })
        }));
        assert!(read.is_err());
        let write = catch_unwind(AssertUnwindSafe(|| {
            db.write(|c| {
                c.execute("UPDATE t SET n = n + 1", ())?;
                if n < MANY { panic!("in a transaction") } else { Ok(()) }
            })
        }));
        assert!(write.is_err());
        assert_eq!(db.read(|c| number(c, SUM)).unwrap(), 0);
    }
    db.write(|c| c.execute("UPDATE t SET n = n + 1", ())).unwrap();
    assert_eq!(db.read(|c| number(c, SUM)).unwrap(), 3);
}

#[test]
fn a_database_is_not_used_from_within_its_closures() {
    let (db, other) = (open(), open());
    let is_nested = |result: iratdb::Result<i64>| matches!(result, Err(Error::Nested));
    let reading = || db.read(|c| number(c, SUM));
    let writing = || db.write(|c| c.execute("UPDATE t SET n = 1", ())).map(|commit| commit.value as i64);
    assert!(db.read(|_| Ok(is_nested(reading()))).unwrap());
    assert!(db.read(|_| Ok(is_nested(writing()))).unwrap());
    assert!(db.write(|_| Ok(is_nested(reading()))).unwrap().value);
    assert!(db.write(|_| Ok(is_nested(writing()))).unwrap().value);
    assert!(db.read(|_| Ok(other.read(|_| Ok(is_nested(reading()))))).unwrap().unwrap());
    assert_eq!(db.read(|c| number(c, SUM)).unwrap(), 0);
}

#[test]
fn a_read_changes_nothing() {
    let db = open();
    db.write(|c| c.execute_batch("CREATE TABLE local_t (a); INSERT INTO local_t VALUES (x'00')")).unwrap();
    for sql in [
        "UPDATE t SET n = 1",
        "INSERT INTO local_t VALUES (1)",
        "CREATE TABLE local_u (a)",
        "CREATE TEMP TABLE u (a)",
        "ATTACH ':memory:' AS other",
        "BEGIN",
        "SAVEPOINT s",
        "PRAGMA query_only = 0",
        "PRAGMA locking_mode = NORMAL",
        "PRAGMA cache_size = 1",
        "VACUUM",
    ] {
        assert!(db.read(|c| c.execute_batch(sql)).is_err(), "{sql}");
    }
    assert_eq!(db.read(|c| number(c, SUM)).unwrap(), 0);
}

#[test]
fn tables_that_come_and_go_are_seen() {
    let db = open();
    let columns = || {
        db.read(|c| {
            let mut statement = c.prepare_cached("SELECT * FROM local_t")?;
            let columns = statement.query(())?.next()?.map_or(0, |row| row.as_ref().column_count());
            Ok(columns)
        })
    };
    assert!(columns().is_err());
    db.write(|c| c.execute_batch("CREATE TABLE local_t (a); INSERT INTO local_t VALUES (1)")).unwrap();
    assert_eq!(columns().unwrap(), 1);
    db.write(|c| c.execute_batch("ALTER TABLE local_t ADD b; CREATE INDEX local_i ON local_t (b)")).unwrap();
    assert_eq!(columns().unwrap(), 2);
    db.write(|c| c.execute_batch("DROP TABLE local_t")).unwrap();
    assert!(columns().is_err());
}

#[test]
fn temporary_tables_are_seen_while_they_are_there() {
    let db = open();
    let temporary = || db.read(|c| number(c, "SELECT count(*) FROM u"));
    for _ in 0..2 {
        assert!(temporary().is_err());
        db.write(|c| c.execute_batch("CREATE TEMP TABLE u (a); INSERT INTO u SELECT id FROM t")).unwrap();
        assert_eq!(temporary().unwrap(), 3);
        assert!(db.write(|c| c.execute_batch("DROP TABLE u; SELECT * FROM nothing")).is_err());
        assert_eq!(temporary().unwrap(), 3);
        db.write(|c| c.execute_batch("DROP TABLE u")).unwrap();
    }
    let (in_write, write_begun) = channel();
    let db = &db;
    let (read_over, go_on) = channel();
    scope(|scope| {
        scope.spawn(move || {
            db.write(|_| {
                in_write.send(()).unwrap();
                go_on.recv_timeout(PATIENCE).unwrap();
                Ok(())
            })
            .unwrap();
        });
        write_begun.recv_timeout(PATIENCE).unwrap();
        assert_eq!(db.read(|c| number(c, "SELECT count(*) FROM t")).unwrap(), 3, "again without waiting");
        read_over.send(()).unwrap();
    });
}

#[test]
fn more_readers_than_connections_take_turns() {
    let db = open();
    // As many as there are connections read at the same time; the others come in when they go.
    let (together, begun) = (Barrier::new(32), AtomicI64::new(0));
    scope(|scope| {
        for _ in 0..MANY {
            scope.spawn(|| {
                db.read(|c| {
                    if begun.fetch_add(1, Ordering::SeqCst) < 32 {
                        together.wait();
                    }
                    number(c, SUM)
                })
                .unwrap();
            });
        }
    });
    assert_eq!(begun.load(Ordering::SeqCst), MANY as i64);
}

#[test]
fn a_change_that_is_told_can_be_read() {
    const CHANGES: i64 = 1_000;
    let db = open();
    let mut changes = db.subscribe("t").unwrap();
    scope(|scope| {
        let db = &db;
        scope.spawn(move || {
            for n in 1..=CHANGES {
                db.write(|c| c.execute("UPDATE t SET n = ?1 WHERE id = 1", [n])).unwrap();
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut last = 0;
        while last < CHANGES {
            let Some(Change::Row(change)) = runtime.block_on(changes.next()) else { panic!("a change is missing") };
            last = change.row.as_ref().and_then(|row| row.get(1)?.as_i64()).unwrap();
            assert!(db.read(|c| number(c, "SELECT n FROM t WHERE id = 1")).unwrap() >= last);
        }
    });
}
