//! What happens in a schedule.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use super::world::{self, World};
use super::{checks, laws, versions};
use crate::core::engine::{Event, Refused};
use crate::error::{Error, Result};
use crate::options::{Lww, Options, TableOptions};

/// Keys of `owned` below this are fought for; above, each process has its own.
pub(super) const OWN_KEYS: i64 = 1_000;

/// The schema of all schedules: shared, with a key of two columns and no rowid, insert-only, and owned; with constraints that
/// writers break together; with columns that add up; and rows that tell which incarnation they are. There are those of [`laws`], too.
const SCHEMA: [&str; 10] = [
    "CREATE TABLE kv (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL DEFAULT 0, c REAL, loud AS (upper(a)) STORED);
        CREATE INDEX by_b ON kv (b % 7, loud) WHERE b > 0",
    "CREATE TABLE pairs (x TEXT NOT NULL, y INTEGER NOT NULL, v ANY, PRIMARY KEY (x, y)) WITHOUT ROWID",
    "CREATE TABLE journal (id TEXT NOT NULL PRIMARY KEY, blob BLOB)",
    "CREATE TABLE mirror (id TEXT NOT NULL PRIMARY KEY, blob BLOB)",
    "CREATE TABLE owned (id INTEGER PRIMARY KEY, who INTEGER NOT NULL, n INTEGER)",
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, mail TEXT UNIQUE,
        boss INTEGER REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE, note TEXT)",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
        slug INTEGER NOT NULL, quotes TEXT REFERENCES users (mail), UNIQUE (author, slug))",
    "CREATE TABLE counts (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, hi INTEGER NOT NULL, lo REAL NOT NULL)",
    "CREATE TABLE spans (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, CHECK (a <= b))",
    "CREATE TABLE tagged (id INTEGER PRIMARY KEY, tag INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL)",
];

/// How processes with this version of the schema open the database.
pub(super) fn options(version: u8) -> Options {
    let grown = versions::GROWN.iter().filter(|(since, _)| *since <= version).map(|(_, step)| *step);
    let schema: Vec<_> = SCHEMA.into_iter().chain(laws::SCHEMA).chain(grown).collect();
    Options::new("sim")
        .schema(&schema)
        .table("owned", TableOptions::default().owned())
        .table("counts", TableOptions::default().counter("n").max("hi").min("lo"))
        .table("score", TableOptions::default().counter("n"))
        .table("spans", TableOptions::default().lww(Lww::Row))
}

/// What processes have been told is done.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Rows of `counts` that have been inserted, each by the process whose name is its key.
    pub(super) inserted: BTreeSet<i64>,
    /// Processes that had left when the database was gone.
    pub(super) gone: BTreeSet<i64>,
    /// By row and process: what it has added, and the greatest number it has given.
    pub(super) counted: BTreeMap<(i64, i64), (i64, i64)>,
}

pub(super) fn step(world: &mut World) {
    let what = world.random.below(100);
    let index = world.random.below(world.nodes.len() as u64) as usize;
    match what {
        0..=54 => {
            for _ in 0..1 + world.random.below(4) {
                write(world, index);
            }
            if world.random.percent(80) {
                let most = 1 + world.random.below(3) as usize;
                world.send_frames(index, most);
            }
        }
        55..=88 => {
            let ms = if world.random.percent(10) { world.random.below(4_000) } else { world.random.below(120) };
            world.advance(ms, true);
            checks::at_all_times(world);
        }
        89..=91 if world.nodes[index].is_none() => world.start(index),
        92 if world.faults => world.crash(index),
        93 => leave(world, index),
        94 if world.faults => {
            let until_ms = world.now_ms + world.random.below(6_000);
            if let Some(node) = &mut world.nodes[index] {
                node.stalled_until_ms = until_ms;
            }
        }
        95..=96 if world.faults => {
            let group = world.random.below(2) as u8;
            if let Some(node) = &mut world.nodes[index] {
                node.group = group;
            }
        }
        97..=98 if world.faults => toggle_connection(world, index),
        99 => {
            let skew_ms = world.random.below(7_200_000) as i64 - 3_600_000;
            world.set_clock(index, skew_ms);
        }
        _ => world.advance(5, true),
    }
}

pub(super) fn leave(world: &mut World, index: usize) {
    if !world.running().contains(&index) {
        return;
    }
    world.send_frames(index, 1_000);
    world.handle(index, Event::Close);
    world.nodes[index] = None;
    // When the last who has the database leaves, it is gone. Who has not joined yet does not have it.
    if !world.nodes.iter().flatten().any(|node| node.engine.is_ready()) {
        let names: Vec<i64> = world.ledger.counted.keys().map(|(_, who)| *who).collect();
        let alive: BTreeSet<i64> = world.nodes.iter().flatten().map(|node| node.name).collect();
        world.ledger.gone.extend(names.into_iter().filter(|name| !alive.contains(name)));
    }
}

fn toggle_connection(world: &mut World, index: usize) {
    let Some(node) = &mut world.nodes[index] else { return };
    node.connected = !node.connected;
    let event = if node.connected { Event::Connected } else { Event::Disconnected };
    world.handle(index, event);
}

/// Runs a transaction as `IraTdb::write` does.
pub(super) fn transaction(
    world: &mut World,
    index: usize,
    work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> Result<()> {
    let now = world.now_of(index);
    let Some(node) = &mut world.nodes[index] else { return Err(Error::Closed) };
    let ((), changes) = node.db.begin(work)?;
    let text = world.trace.is_some().then(|| format!("{index} writes {}", world::text_of(node.db.schema(), &changes)));
    world.note(|| text.unwrap_or_default());
    let Some(node) = &mut world.nodes[index] else { return Err(Error::Closed) };
    if changes.is_empty() {
        return node.db.commit();
    }
    match node.engine.prepare(now, &changes, &mut node.db)? {
        Ok(prepared) => {
            node.db.commit()?;
            node.engine.commit(prepared, changes, &mut node.db)?;
            node.db.finish_apply()?;
            drop(node.engine.take_seen());
            Ok(())
        }
        Err(Refused::ReadOnly { .. }) => {
            node.db.rollback();
            Err(Error::ReadOnly { database: String::new(), table: None })
        }
        Err(_) => {
            node.db.rollback();
            Err(Error::NotOwner { table: String::new() })
        }
    }
}

fn write(world: &mut World, index: usize) {
    if !world.running().contains(&index) {
        return;
    }
    let Some(name) = world.nodes[index].as_ref().map(|node| node.name) else { return };
    let random = &mut world.random;
    let (id, other, n) = (random.below(12) as i64, random.below(12) as i64, random.below(1_000) as i64);
    let kind = random.below(34);
    let text = format!("t{n}");
    let result = match kind {
        0..=2 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO kv (id, a, b) VALUES (?1, ?2, ?3)", params![id, text, n]).map(drop)
        }),
        3..=4 => {
            transaction(world, index, |c| c.execute("UPDATE kv SET a = ?2 WHERE id = ?1", params![id, text]).map(drop))
        }
        5..=6 => transaction(world, index, |c| {
            c.execute("UPDATE kv SET b = b + 1, c = b WHERE id IN (?1, ?2)", [id, other]).map(drop)
        }),
        7 => transaction(world, index, |c| c.execute("DELETE FROM kv WHERE id = ?1", [id]).map(drop)),
        8 => transaction(world, index, |c| {
            // A key changes; a statement fails in between; a savepoint is undone.
            c.execute("UPDATE OR REPLACE kv SET id = ?2 WHERE id = ?1", [id, other])?;
            let failed = c.execute("INSERT INTO kv (id, b) VALUES (500, 1), (501, NULL)", ());
            assert!(failed.is_err());
            if n % 2 == 0 {
                c.execute_batch(
                    "SAVEPOINT s; DELETE FROM kv; INSERT INTO kv (id) VALUES (77); ROLLBACK TO s; RELEASE s",
                )?;
            }
            Ok(())
        }),
        9 => transaction(world, index, |c| {
            c.execute(
                "INSERT INTO kv (id, a) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET a = excluded.a, b = b + 1",
                params![id, text],
            )?;
            c.execute("DELETE FROM kv WHERE id = ?1", [other]).map(drop)
        }),
        10..=11 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO pairs VALUES (?1, ?2, ?3)", params![format!("x{}", id % 3), other % 4, n])
                .map(drop)
        }),
        12 => transaction(world, index, |c| {
            c.execute("DELETE FROM pairs WHERE y = ?1", [id % 4])?;
            c.execute("UPDATE pairs SET v = NULL WHERE x = 'x1'", ()).map(drop)
        }),
        13..=14 => journal(world, index, name, n),
        15..=16 => fight(world, index, name, id % 4, n),
        20..=29 => people(world, index, id, other, n),
        30..=31 => count(world, index, name, id, n),
        32..=33 => incarnations(world, index, id % 4, other, n),
        _ => own(world, index, name, id, n),
    };
    match result {
        Ok(()) | Err(Error::NotOwner { .. } | Error::ReadOnly { .. } | Error::Sqlite(_)) => {}
        Err(error) => panic!("a write failed: {error}"),
    }
}

/// Rows that are never deleted, in two tables at once.
fn journal(world: &mut World, index: usize, name: i64, n: i64) -> Result<()> {
    let large = n < 5;
    let rows = if large { 12 } else { 1 };
    let blob = vec![7_u8; if large { 60_000 } else { n as usize % 50 }];
    let number = world.random.below(1_000_000_000);
    let ids: Vec<_> = (0..rows).map(|row| format!("{name}-{number}-{row}")).collect();
    transaction(world, index, |c| {
        for id in &ids {
            c.execute("INSERT INTO journal (id, blob) VALUES (?1, ?2)", params![id, blob])?;
            c.execute("INSERT INTO mirror VALUES (?1, ?2)", params![id, blob])?;
        }
        Ok(())
    })?;
    if let Some(node) = &mut world.nodes[index] {
        node.journal.extend(ids.iter().cloned());
    }
    checks::ask(world, index, ids);
    Ok(())
}

/// Owned rows that several processes claim.
fn fight(world: &mut World, index: usize, name: i64, id: i64, n: i64) -> Result<()> {
    match n % 4 {
        0 | 1 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO owned (id, who, n) VALUES (?1, ?2, ?3)", params![id, name, n]).map(drop)
        }),
        2 => transaction(world, index, |c| c.execute("DELETE FROM owned WHERE id = ?1", [id]).map(drop)),
        _ => transaction(world, index, |c| c.execute("UPDATE owned SET n = ?2 WHERE id = ?1", [id, n]).map(drop)),
    }
}

/// Owned rows that only their owner touches.
fn own(world: &mut World, index: usize, name: i64, id: i64, n: i64) -> Result<()> {
    let key = name * OWN_KEYS + id;
    if n % 5 == 0 {
        transaction(world, index, |c| c.execute("DELETE FROM owned WHERE id = ?1", [key]).map(drop))?;
        if let Some(node) = &mut world.nodes[index] {
            node.own.remove(&key);
        }
        return Ok(());
    }
    transaction(world, index, |c| {
        c.execute(
            "INSERT INTO owned (id, who, n) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = excluded.n",
            params![key, name, n],
        )
        .map(drop)
    })?;
    if let Some(node) = &mut world.nodes[index] {
        node.own.insert(key, n);
    }
    Ok(())
}

/// Rows that clash, and refer to each other.
fn people(world: &mut World, index: usize, id: i64, other: i64, n: i64) -> Result<()> {
    let (user, boss, post) = (id % 7, other % 7, id);
    let name = if n % 2 == 0 { format!("N{}", n % 5) } else { format!("n{}", n % 5) };
    let mail = (n % 4 != 0).then(|| format!("m{}", n / 4 % 5));
    let what = world.random.below(12);
    let boss = (n % 3 != 0).then_some(boss);
    transaction(world, index, |c| {
        match what {
            0..=2 => c.execute(
                "INSERT OR REPLACE INTO users (id, name, mail, boss, note)
                 VALUES (?1, ?2, ?3, (SELECT id FROM users WHERE id = ?4), 'new')",
                params![user, name, mail, boss],
            ),
            3 => c.execute("INSERT INTO users (id, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![user, name]),
            4 => c.execute("UPDATE users SET name = ?2 WHERE id = ?1", params![user, name]),
            5 => c.execute("UPDATE users SET mail = ?2, note = 'mail' WHERE id = ?1", params![user, mail]),
            6 => c.execute("UPDATE users SET boss = ?2 WHERE id = ?1", params![user, boss]),
            7 => c.execute("DELETE FROM users WHERE id = ?1", [user]),
            8 => c.execute("UPDATE users SET id = ?2 WHERE id = ?1", params![user, other % 7]),
            9..=10 => c.execute(
                "INSERT OR REPLACE INTO posts SELECT ?1, id, ?3, mail FROM users WHERE id = ?2",
                params![post, user, n % 3],
            ),
            _ => c.execute("UPDATE posts SET slug = ?2, author = ?3 WHERE id = ?1", params![post, n % 3, user]),
        }
        .map(drop)
    })
}

/// Columns that add up, and that keep the most.
fn count(world: &mut World, index: usize, name: i64, id: i64, n: i64) -> Result<()> {
    if world.ledger.inserted.insert(name) {
        transaction(world, index, |c| {
            c.execute("INSERT INTO counts (id, n, hi, lo) VALUES (?1, 0, 0, 0.0)", [name]).map(drop)
        })?;
    }
    let mut counted = None;
    transaction(world, index, |c| {
        let rows: Vec<i64> = c
            .prepare_cached("SELECT id FROM counts ORDER BY id")?
            .query_map((), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let Some(row) = rows.get(id as usize % rows.len().max(1)) else { return Ok(()) };
        // In two statements, one of them undone and done again: it is the difference that counts.
        c.execute("UPDATE counts SET n = n + ?2, hi = ?3, lo = -?3 WHERE id = ?1", [*row, n, n])?;
        c.execute("UPDATE counts SET n = n + 1 WHERE id = ?1", [*row])?;
        counted = Some(*row);
        Ok(())
    })?;
    if let Some(row) = counted {
        let entry = world.ledger.counted.entry((row, name)).or_default();
        *entry = (entry.0 + n + 1, entry.1.max(n));
    }
    Ok(())
}

/// Rows that always tell by each column which insert they are of, and rows that only win as a whole.
fn incarnations(world: &mut World, index: usize, id: i64, other: i64, n: i64) -> Result<()> {
    let tag = world.random.below(1 << 30) as i64;
    transaction(world, index, |c| {
        match n % 6 {
            0 => c.execute("INSERT OR REPLACE INTO tagged VALUES (?1, ?2, ?2 * 1000, ?2 * 1000)", [id, tag]),
            1 => c.execute("UPDATE tagged SET x = tag * 1000 + ?2 WHERE id = ?1", [id, n]),
            2 => c.execute("UPDATE tagged SET y = tag * 1000 + ?2 WHERE id = ?1", [id, n]),
            3 => c.execute("DELETE FROM tagged WHERE id = ?1", [id]),
            4 => c.execute("INSERT OR REPLACE INTO spans (id, a, b) VALUES (?1, ?2, ?2 + 1)", [id, other]),
            _ => c.execute("UPDATE OR IGNORE spans SET a = a + ?2, b = max(b, a + ?2) WHERE id = ?1", [id, other]),
        }?;
        // One of the two, so that merging column by column would cross them.
        c.execute("UPDATE OR IGNORE spans SET b = b - 1 WHERE id = ?1", [other % 4]).map(drop)
    })
}
