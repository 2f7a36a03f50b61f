//! Processes with different versions of one schema, restarted one after the other while all write.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::process::{NAME, NATS, Process};
use common::{NatsServer, PATIENCE, connect};
use iratdb::rusqlite::params;
use iratdb::{Error, IraTdb, Keys, Options, SchemaDifference, TableOptions};

const NEWER: &str = "IRATDB_TEST_NEWER";
const IDLE: &str = "IRATDB_TEST_IDLE";

const STEPS: [&str; 3] = [
    "CREATE TABLE shared (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL)",
    "CREATE TABLE journal (id TEXT NOT NULL PRIMARY KEY)",
    "CREATE TABLE owned (id TEXT NOT NULL PRIMARY KEY, n INTEGER)",
];
const NEWER_STEPS: [&str; 4] = [
    "ALTER TABLE shared ADD COLUMN c INTEGER NOT NULL DEFAULT 7",
    "ALTER TABLE journal ADD COLUMN seal TEXT",
    "ALTER TABLE owned ADD COLUMN note TEXT DEFAULT 'none'",
    "CREATE TABLE added (id TEXT NOT NULL PRIMARY KEY)",
];

fn options(name: &str, newer: bool) -> Options {
    let more = if newer { &NEWER_STEPS[..] } else { &[] };
    Options::new("versions")
        .schema(&[&STEPS[..], more].concat())
        .table("owned", TableOptions::default().owned())
        .node(name)
}

/// The other process: this test binary again, with what it is to be in its environment. As a test it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let (Ok(url), Ok(name)) = (std::env::var(NATS), std::env::var(NAME)) else { return };
    let newer = std::env::var(NEWER).is_ok();
    let db = IraTdb::open(options(&name, newer).keys(Keys::open()).nats(connect(&url).await)).await.unwrap();
    db.ready().await.unwrap();
    let (writing, written) = (Arc::new(AtomicBool::new(std::env::var(IDLE).is_err())), Arc::new(Mutex::new(0)));
    let writer = {
        let (db, writing, written, name) = (db.clone(), Arc::clone(&writing), Arc::clone(&written), name.clone());
        std::thread::spawn(move || write_on(&db, newer, &writing, &written, &name))
    };
    println!("\n@ready");
    let mut writer = Some(writer);
    for line in std::io::stdin().lines() {
        let answer = match line.unwrap().as_str() {
            // How many rows of the journal it has written.
            "quiet" => {
                writing.store(false, Ordering::Relaxed);
                writer.take().unwrap().join().unwrap();
                written.lock().unwrap().to_string()
            }
            "written" => written.lock().unwrap().to_string(),
            "close" => {
                db.close().await.unwrap();
                "closed".to_owned()
            }
            "common" => {
                let sql = "SELECT (SELECT group_concat(row) FROM (SELECT id || a || b AS row FROM shared ORDER BY id))
                    || ' ' || (SELECT count(*) FROM journal) || ' ' || (SELECT count(*) FROM owned)";
                db.read(|c| c.query_row(sql, (), |row| row.get(0))).unwrap()
            }
            "newer" => {
                let sql = "SELECT (SELECT group_concat(row) FROM (SELECT id || c AS row FROM shared ORDER BY id))
                    || ' ' || (SELECT count(*) FROM journal WHERE seal = id) || ' ' || (SELECT count(*) FROM added)
                    || ' ' || (SELECT count(*) FROM owned WHERE note = id)";
                db.read(|c| c.query_row(sql, (), |row| row.get(0))).unwrap()
            }
            "wrong" => {
                let sql = "SELECT count(*) FROM journal WHERE seal <> id";
                db.read(|c| c.query_row(sql, (), |row| row.get::<_, i64>(0))).unwrap().to_string()
            }
            "stats" => {
                let stats = db.stats();
                format!("{} {} {}", stats.refused, stats.schema_mismatches, stats.unknown_bytes > 0)
            }
            other => panic!("unknown command {other}"),
        };
        println!("@{answer}");
    }
    std::process::exit(0);
}

fn write_on(db: &IraTdb, newer: bool, writing: &AtomicBool, written: &Mutex<u64>, name: &str) {
    let mut n = 0_i64;
    while writing.load(Ordering::Relaxed) {
        n += 1;
        let id = (n * 7919) % 40;
        db.write(|tx| {
            tx.execute(
                "INSERT INTO shared (id, a, b) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET b = excluded.b",
                params![id, name, n],
            )?;
            tx.execute("INSERT INTO journal (id) VALUES (?1)", [format!("{name}-{n}")])?;
            tx.execute(
                "INSERT INTO owned (id, n) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET n = excluded.n",
                params![format!("{name}-{}", n % 5), n],
            )?;
            if newer {
                tx.execute("UPDATE shared SET c = ?2 WHERE id = ?1", [id / 2, n])?;
                let some = "SELECT id FROM journal WHERE seal IS NULL LIMIT 1";
                tx.execute(&format!("UPDATE journal SET seal = id WHERE id = ({some})"), ())?;
                tx.execute("INSERT INTO added VALUES (?1)", [format!("{name}-{n}")])?;
                tx.execute("UPDATE owned SET note = id WHERE id = ?1", [format!("{name}-{}", n % 5)])?;
            }
            Ok(())
        })
        .unwrap();
        *written.lock().unwrap() += 1;
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until it has written something, so that all versions have, side by side.
fn until_written(process: &mut Process) {
    let started = Instant::now();
    while process.ask("written").parse::<u64>().unwrap() < 20 {
        assert!(started.elapsed() < PATIENCE, "it does not write");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ends it in order; gives how many rows of the journal it has written.
fn close(mut process: Process) -> u64 {
    let written: u64 = process.ask("quiet").parse().unwrap();
    assert_eq!(process.ask("close"), "closed");
    written
}

/// Waits until these give the same answer, and gives it.
fn until_equal(processes: &mut [&mut Process], command: &str) -> String {
    let started = Instant::now();
    loop {
        let mut answers: Vec<_> = processes.iter_mut().map(|process| process.ask(command)).collect();
        answers.dedup();
        if let [answer] = &answers[..] {
            return answer.clone();
        }
        assert!(started.elapsed() < PATIENCE, "{answers:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_rolling_upgrade_and_back_while_all_write() {
    let nats = NatsServer::start();
    let mut names = 0;
    let mut start = |newer: bool| {
        names += 1;
        Process::start(&nats, &format!("p{names}"), if newer { &[NEWER] } else { &[] })
    };
    let mut processes: Vec<_> = (0..3).map(|_| start(false)).collect();
    processes.iter_mut().for_each(until_written);
    let mut written = 0;
    // Up, one after the other; and down, but for one.
    for (place, newer) in [(0, true), (1, true), (2, true), (1, false), (2, false)] {
        let next = start(newer);
        written += close(std::mem::replace(&mut processes[place], next));
        until_written(&mut processes[place]);
    }
    written += processes.iter_mut().map(|process| process.ask("quiet").parse::<u64>().unwrap()).sum::<u64>();
    let [newer, two, three] = &mut processes[..] else { panic!("there are three") };
    let common = until_equal(&mut [newer, two, three], "common");
    assert_eq!(common.split(' ').nth(1), Some(&*written.to_string()), "no row of the journal is lost");
    let all = newer.ask("newer");
    assert_eq!(newer.ask("wrong"), "0");
    // The newer one goes, and the older ones have kept its columns for the next.
    assert_eq!(newer.ask("close"), "closed");
    let started = Instant::now();
    while two.ask("common").split(' ').nth(2) != Some("10") {
        assert!(started.elapsed() < PATIENCE, "owned rows of who has left");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(two.ask("stats"), "0 0 true");
    let mut next = Process::start(&nats, "next", &[NEWER, IDLE]);
    let columns = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (columns(&all), columns(&next.ask("newer")));
    assert!(before[1] != "0" && before[..2] == after[..2], "{all} {after:?}");
    assert_eq!(after[2], "0", "rows of a table that only the newest had are gone with it");
    until_equal(&mut [two, three, &mut next], "common");
    for process in [two, three, &mut next] {
        assert!(process.ask("stats").starts_with("0 0 "));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_does_not_fit_is_refused_in_a_sentence() {
    let nats = NatsServer::start();
    let db = nats.open(options("a", false)).await;
    db.ready().await.unwrap();
    let changed = Options::new("versions")
        .schema(&["CREATE TABLE shared (id INTEGER PRIMARY KEY, a TEXT, b TEXT)", STEPS[1], STEPS[2]])
        .table("owned", TableOptions::default().owned());
    let other = nats.open(changed).await;
    let error = other.ready().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "database versions is open elsewhere with a schema that does not fit: column 2 of table shared beside its key is \
         b INTEGER or NUMERIC NOT NULL there and b TEXT here. Members of one schema version work together if tables, and columns at \
         the end of tables, are all that one has more; another schema gets a new schema_version, and the processes with the old one \
         close the database first"
    );
    other.close().await.unwrap();
    let other = nats.open(options("b", true).schema_version(2)).await;
    let error = other.ready().await.unwrap_err();
    let version = SchemaDifference::Version { ours: 2, theirs: 1 };
    assert!(matches!(error, Error::SchemaMismatch { difference, .. } if *difference == version));
    // When the old ones have closed it, the new one goes on by itself.
    db.close().await.unwrap();
    common::until("the others have gone", || other.is_ready()).await;
    other.close().await.unwrap();
}
