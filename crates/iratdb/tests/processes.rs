//! Several real processes, killed with SIGKILL while they write.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;
#[path = "../src/test_keys.rs"]
mod test_keys;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::process::{NAME, NATS, Process};
use common::{NatsServer, PATIENCE, connect, number, until};
use iratdb::rusqlite::params;
use iratdb::{IraTdb, Keys, Options, TableOptions};
use test_keys::file;

/// Set for a child that is to have keys.
const KEYED: &str = "IRATDB_TEST_KEYED";

fn options(name: &str) -> Options {
    Options::new("processes")
        .schema(&[
            "CREATE TABLE shared (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, c INTEGER)",
            "CREATE TABLE owned (id TEXT NOT NULL PRIMARY KEY, who TEXT, n INTEGER)",
        ])
        .table("owned", TableOptions::default().owned())
        .node(name)
}

/// The other process: this test binary again, with the server's address in its environment. As a test it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let (Ok(url), Ok(name)) = (std::env::var(NATS), std::env::var(NAME)) else { return };
    let keys = match std::env::var(KEYED) {
        Ok(_) => Keys::read_write_from_files(file("write.pem"), file("read.pem")).unwrap(),
        Err(_) => Keys::open(),
    };
    let db = IraTdb::open(options(&name).keys(keys).nats(connect(&url).await)).await.unwrap();
    db.ready().await.unwrap();
    let writing = Arc::new(AtomicBool::new(false));
    let writer = {
        let (db, writing, name) = (db.clone(), Arc::clone(&writing), name.clone());
        std::thread::spawn(move || write_on(&db, &writing, &name))
    };
    println!("\n@ready");
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "write" => writing.store(true, Ordering::Relaxed),
            "quiet" => writing.store(false, Ordering::Relaxed),
            "own" => {
                db.write(|tx| {
                    (0..2_500).try_for_each(|n| {
                        tx.execute("INSERT INTO owned VALUES (?1, ?2, 0)", params![format!("{name}-{n}"), name])
                            .map(drop)
                    })
                })
                .unwrap();
            }
            "owners" => {
                let sql = "SELECT group_concat(who) FROM (SELECT DISTINCT who FROM owned ORDER BY who)";
                println!("@{}", db.read(|c| c.query_row(sql, (), |row| row.get::<_, String>(0))).unwrap());
                continue;
            }
            "stats" => {
                let stats = db.stats();
                println!("@{:?} {}", stats.refusals, stats.refused);
                continue;
            }
            "digest" => {
                let digests = db.digests().unwrap();
                println!("@{:?}", digests.values().map(|table| (table.rows, table.hash)).collect::<Vec<_>>());
                continue;
            }
            other => panic!("unknown command {other}"),
        }
        println!("@ok");
    }
    drop(writer);
    std::process::exit(0);
}

fn write_on(db: &IraTdb, writing: &AtomicBool, name: &str) {
    let mut n = 0_i64;
    loop {
        if !writing.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        n += 1;
        let id = (n * 7919) % 200;
        db.write(|tx| {
            match n % 5 {
                0 => tx.execute("DELETE FROM shared WHERE id = ?1", [id])?,
                1 | 2 => tx.execute("INSERT OR REPLACE INTO shared VALUES (?1, ?2, ?3, 0)", params![id, name, n])?,
                3 => tx.execute("UPDATE shared SET b = ?2 WHERE id = ?1", [id, n])?,
                _ => tx.execute("UPDATE shared SET c = ?2 WHERE id = ?1", [id, n])?,
            };
            tx.execute(
                "INSERT INTO owned VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = excluded.n",
                params![format!("{name}-{}", n % 50), name, n],
            )
        })
        .unwrap();
        if n % 16 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn processes_that_are_killed_and_restarted_converge() {
    let nats = NatsServer::start();
    let mut processes: Vec<_> = (0..4).map(|n| Process::start(&nats, &format!("p{n}"), &[])).collect();
    processes.iter_mut().for_each(|process| assert_eq!(process.ask("write"), "ok"));
    for round in 0..4 {
        std::thread::sleep(Duration::from_millis(500));
        let victim = round % processes.len();
        processes[victim].kill();
        std::thread::sleep(Duration::from_millis(200));
        processes[victim] = Process::start(&nats, &format!("r{round}"), &[]);
        assert_eq!(processes[victim].ask("write"), "ok");
    }
    std::thread::sleep(Duration::from_millis(200));
    until_equal(&mut processes, "r0,r1,r2,r3");
}

/// Ends the writing, and waits until all show the same, with owned rows of these processes and no others.
fn until_equal(processes: &mut [Process], names: &str) {
    processes.iter_mut().for_each(|process| assert_eq!(process.ask("quiet"), "ok"));
    let started = Instant::now();
    let mut equal = None;
    loop {
        let digests: Vec<_> = processes.iter_mut().map(|process| process.ask("digest")).collect();
        let owners: Vec<_> = processes.iter_mut().map(|process| process.ask("owners")).collect();
        if digests.windows(2).all(|pair| pair[0] == pair[1]) {
            equal.get_or_insert_with(|| started.elapsed());
            if owners.iter().all(|owners| owners == names) {
                break;
            }
        }
        assert!(started.elapsed() < PATIENCE, "{digests:#?} {owners:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let (equal, alive) = (equal.unwrap_or_default().as_millis(), started.elapsed().as_millis());
    println!("equal {equal} ms after the last write, and no row of the dead after {alive} ms");
}

/// Five processes with keys write the same rows for a minute. Every five seconds one is killed and another takes its place; one is stopped for five
/// seconds, longer than its lease; and the server is killed and restarted twice.
#[test]
fn a_minute_of_hard_times() {
    let mut nats = NatsServer::start();
    let mut processes: Vec<_> = (0..5).map(|n| Process::start(&nats, &format!("p{n}"), &[KEYED])).collect();
    processes.iter_mut().for_each(|process| assert_eq!(process.ask("write"), "ok"));
    let pause = |ms: u64| std::thread::sleep(Duration::from_millis(ms));
    let mut memory_early_bytes = 0;
    for round in 0..12 {
        pause(2_000);
        if round == 2 || round == 8 {
            nats.kill();
            pause(500);
            nats.restart();
        }
        // The last of them is never killed: its memory is what all that happened has left behind. The others have had less time.
        match round {
            1 => memory_early_bytes = processes[4].memory_bytes(),
            4 => processes[4].signal("-STOP"),
            5 => processes[4].signal("-CONT"),
            _ => {}
        }
        pause(2_500);
        let victim = round % 4;
        processes[victim].kill();
        pause(500);
        processes[victim] = Process::start(&nats, &format!("r{round:02}"), &[KEYED]);
        assert_eq!(processes[victim].ask("write"), "ok");
    }
    pause(500);
    until_equal(&mut processes, "p4,r08,r09,r10,r11");
    let memory_bytes: Vec<_> = processes.iter().map(Process::memory_bytes).collect();
    println!("memory {memory_early_bytes} bytes after 8 s, {memory_bytes:?} at the end");
    // The ring of sent frames may fill meanwhile: 16 MiB. Everything else is there from the start.
    let most = memory_early_bytes + (32 << 20);
    assert!(memory_bytes.iter().all(|bytes| *bytes < most), "{memory_early_bytes} {memory_bytes:?}");
    processes.iter_mut().for_each(|process| println!("refusals {}", process.ask("stats")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_a_killed_process_vanish() {
    let nats = NatsServer::start();
    let watcher = nats.open(options("watcher")).await;
    let other = nats.open(options("other")).await;
    watcher.ready().await.unwrap();
    other.ready().await.unwrap();
    let mut process = Process::start(&nats, "doomed", &[]);
    assert_eq!(process.ask("own"), "ok");
    let rows = |db: &IraTdb| number(db, "SELECT count(*) FROM owned");
    until("the rows are there", || rows(&watcher) == 2_500 && rows(&other) == 2_500).await;
    process.kill();
    let killed = Instant::now();
    until("the rows are gone", || rows(&watcher) == 0 && rows(&other) == 0).await;
    println!("owned rows gone after {} ms, lease 2000 ms", killed.elapsed().as_millis());
    assert_eq!(watcher.stats().epochs_ended, 1);
    assert_eq!(watcher.members().len(), 2);
    watcher.close().await.unwrap();
    other.close().await.unwrap();
}
