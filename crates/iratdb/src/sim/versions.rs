//! Processes with different versions of one schema: the first is that of [`workload`] and [`laws`]; the second has more columns and tables,
//! the third more still. In every fourth schedule all three run together, and processes are restarted as others: the rolling upgrade, and
//! back.
//!
//! Beside that all versions hold the same at the end, of all columns that any of them knows, rows show by themselves what went wrong:
//!
//! - `journal` has columns that are written together, once, after the row was inserted; and never taken back.
//! - `spans`, whose rows win as a whole, have columns that fit each other.
//! - `twins` have a column that is written in both in one transaction.
//! - `album`, a table of the newer ones, has rows that are never deleted; and `zoo` refers to an older table.

use std::collections::BTreeSet;

use rusqlite::params;

use super::workload::{leave, transaction};
use super::world::{Node, World};
use super::{checks, laws};
use crate::core::digest::{BUCKETS, hash64};
use crate::core::key::key_of;
use crate::core::value::{Value, ValueRef};
use crate::error::{Error, Result};

/// The newest version.
pub(super) const NEWEST: u8 = 3;

/// The steps by which the schema grows: one needs this version, or a later one.
pub(super) const GROWN: [(u8, &str); 14] = [
    (2, "ALTER TABLE kv ADD COLUMN d INTEGER NOT NULL DEFAULT 7"),
    (2, "ALTER TABLE kv ADD COLUMN e TEXT"),
    (2, "ALTER TABLE spans ADD COLUMN y INTEGER NOT NULL DEFAULT 5"),
    (2, "ALTER TABLE spans ADD COLUMN z TEXT DEFAULT 'z5'"),
    (2, "ALTER TABLE owned ADD COLUMN m INTEGER DEFAULT -1"),
    (2, "ALTER TABLE users ADD COLUMN rank INTEGER DEFAULT 3"),
    (2, "ALTER TABLE counts ADD COLUMN label TEXT DEFAULT 'none'"),
    (2, "ALTER TABLE twins ADD COLUMN u INTEGER NOT NULL DEFAULT 0"),
    (2, "ALTER TABLE journal ADD COLUMN seal TEXT DEFAULT 'open'"),
    (2, "ALTER TABLE journal ADD COLUMN note TEXT"),
    (2, "CREATE TABLE album (id TEXT NOT NULL PRIMARY KEY, n INTEGER)"),
    (2, "CREATE TABLE zoo (id INTEGER PRIMARY KEY, keeper INTEGER REFERENCES users ON DELETE CASCADE, n INTEGER)"),
    (3, "ALTER TABLE kv ADD COLUMN f REAL DEFAULT 9"),
    (3, "ALTER TABLE spans ADD COLUMN w INTEGER DEFAULT 11"),
];

/// Whether a schedule has several versions.
pub(super) fn is_mixed(seed: u64) -> bool {
    seed % 4 == 3
}

/// What a process of this name runs in a schedule with several versions.
pub(super) fn version_of(seed: u64, name: i64) -> u8 {
    let bytes = [seed.to_le_bytes(), name.to_le_bytes()].concat();
    1 + (hash64(&bytes, 0) % u64::from(NEWEST)) as u8
}

/// What happens in such a schedule beside the rest.
pub(super) fn step(world: &mut World) {
    let index = world.random.below(world.nodes.len() as u64) as usize;
    match world.random.below(10) {
        0..=1 => {
            if world.random.percent(70) {
                leave(world, index);
            } else if world.faults {
                world.crash(index);
            }
            if world.nodes[index].is_none() {
                world.start(index);
                let ms = world.random.below(600);
                world.advance(ms, true);
                checks::at_all_times(world);
            }
        }
        _ => {
            for _ in 0..1 + world.random.below(3) {
                write(world, index);
            }
            world.send_frames(index, 2);
        }
    }
}

/// Writes to what only newer versions have.
fn write(world: &mut World, index: usize) {
    let Some((name, version)) = world.nodes[index].as_ref().map(|node| (node.name, node.version)) else { return };
    if version < 2 || !world.running().contains(&index) {
        return;
    }
    let twins = world.twins;
    let random = &mut world.random;
    let (kind, id, n) = (random.below(16), random.below(12) as i64, random.below(1_000_000_000) as i64);
    let g = n % twins as i64;
    let newest = version == NEWEST;
    let result = match kind {
        0..=1 => {
            let column = ["d", "f"][usize::from(newest && n % 2 == 0)];
            let sql = format!("UPDATE kv SET {column} = ?2 WHERE id = ?1");
            transaction(world, index, |c| c.execute(&sql, [id, n]).map(drop))
        }
        2 => transaction(world, index, |c| c.execute("UPDATE kv SET e = a, b = b + 1 WHERE id = ?1", [id]).map(drop)),
        3 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO kv (id, b, d, e) VALUES (?1, 1, ?2, 'whole')", [id, n]).map(drop)
        }),
        4..=5 => transaction(world, index, |c| {
            let w = if newest { ", w = w + 1" } else { "" };
            let sql = format!("UPDATE spans SET y = ?2, z = 'z' || ?2{w}, b = b + 1 WHERE id = ?1");
            c.execute(&sql, [id % 4, n]).map(drop)
        }),
        6 => transaction(world, index, |c| {
            let (columns, values) = if newest { (", w", ", ?2") } else { ("", "") };
            let sql = format!(
                "INSERT OR REPLACE INTO spans (id, a, b, y, z{columns}) VALUES (?1, 1, 2, ?2, 'z' || ?2{values})"
            );
            c.execute(&sql, [id % 4, n]).map(drop)
        }),
        7 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO owned (id, who, n, m) VALUES (?1, ?2, ?3, ?3)", [id % 4, name, n])
                .map(drop)
        }),
        8 => transaction(world, index, |c| c.execute("UPDATE owned SET m = ?2 WHERE who = ?1", [name, n]).map(drop)),
        9 => transaction(world, index, |c| {
            c.execute("UPDATE users SET rank = ?2 WHERE id = ?1", [id % 7, n])?;
            c.execute("UPDATE counts SET label = 'l' || ?1", [n]).map(drop)
        }),
        10..=11 => transaction(world, index, |c| c.execute("UPDATE twins SET u = ?2 WHERE g = ?1", [g, n]).map(drop)),
        12..=13 => transaction(world, index, |c| {
            let some = "SELECT id FROM journal WHERE note IS NULL ORDER BY id LIMIT 1 OFFSET ?1";
            let sql = format!("UPDATE journal SET seal = 'sealed ' || id, note = id WHERE id = ({some})");
            c.execute(&sql, [n % 5]).map(drop)
        }),
        14 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO zoo SELECT ?1, id, ?2 FROM users WHERE id = ?3", [id, n, n % 7]).map(drop)
        }),
        _ => album(world, index, name, n),
    };
    match result {
        Ok(()) | Err(Error::NotOwner { .. } | Error::ReadOnly { .. } | Error::Sqlite(_)) => {}
        Err(error) => panic!("a write failed: {error}"),
    }
}

/// Rows of a newer table that are never deleted, with one of an older table.
fn album(world: &mut World, index: usize, name: i64, n: i64) -> Result<()> {
    let (id, both) = (format!("{name}-{n}"), format!("{name}-{n}-album"));
    transaction(world, index, |c| {
        c.execute("INSERT INTO album VALUES (?1, ?2)", params![id, n])?;
        c.execute("INSERT INTO journal (id, seal, note) VALUES (?1, 'sealed ' || ?1, ?1)", [&both])?;
        c.execute("INSERT INTO mirror VALUES (?1, NULL)", [&both]).map(drop)
    })?;
    let ids = vec![format!("{ALBUM}{id}"), both];
    if let Some(node) = &mut world.nodes[index] {
        node.journal.extend(ids.iter().cloned());
    }
    checks::ask(world, index, ids);
    Ok(())
}

/// What rows of `album` are called among those of `journal`.
const ALBUM: &str = "album ";

/// Of these rows those that a version has.
pub(super) fn kept_by(ids: &BTreeSet<String>, version: u8) -> BTreeSet<String> {
    ids.iter().filter(|id| version > 1 || !id.starts_with(ALBUM)).cloned().collect()
}

/// Rows of `album`.
pub(super) fn album_of(node: &Node) -> BTreeSet<String> {
    if node.version < 2 {
        return BTreeSet::new();
    }
    let ids = |c: &rusqlite::Connection| {
        let mut statement = c.prepare_cached("SELECT id FROM album")?;
        let ids = statement.query_map((), |row| Ok(format!("{ALBUM}{}", row.get::<_, String>(0)?)))?;
        ids.collect::<rusqlite::Result<_>>()
    };
    node.query(ids)
}

/// Rows of `journal` that have been sealed, as far as is known here, or kept for others.
fn sealed(node: &Node) -> BTreeSet<String> {
    if node.version > 1 {
        let ids = |c: &rusqlite::Connection| {
            let mut statement = c.prepare_cached("SELECT id FROM journal WHERE note IS NOT NULL")?;
            let ids = statement.query_map((), |row| row.get(0))?;
            ids.collect::<rusqlite::Result<_>>()
        };
        return node.query(ids);
    }
    let index = node.db.schema().table_index("journal").unwrap();
    let known = node.db.schema().tables[index].columns.len() as u8;
    let state = &node.engine.tables()[index];
    let mut sealed = BTreeSet::new();
    for id in checks::ids_of(node, "journal") {
        let key = key_of(&[Value::from(&*id)]);
        let Some(tail) = state.get(&key).and_then(|row| row.tail()) else { continue };
        let of = |column: u8| tail.iter().find(|(of, _)| *of == known + column).map(|(_, value)| value.clone());
        match (of(0), of(1)) {
            (_, None | Some(Value::Null)) => {}
            (seal, note) => {
                assert_eq!(note, Some(Value::from(&*id)), "{}", node.name);
                assert_eq!(seal, Some(Value::from(&*format!("sealed {id}"))), "{}", node.name);
                sealed.insert(id);
            }
        }
    }
    sealed
}

/// At any time, at a node.
pub(super) fn check(node: &mut Node) {
    let now = sealed(node);
    assert!(now.is_superset(&node.sealed) || node.is_reader(), "{}: what was sealed is not", node.name);
    node.sealed = now;
    if node.version < 2 {
        return;
    }
    let wrong = laws::broken(
        node,
        "SELECT 'span ' || id FROM spans WHERE z <> 'z' || y
             UNION ALL SELECT 'journal ' || id FROM journal
                 WHERE (seal, note) IS NOT ('open', NULL) AND (seal, note) IS NOT ('sealed ' || id, id)
             UNION ALL SELECT 'a keeper who is not there' FROM zoo WHERE keeper NOT IN (SELECT id FROM users)",
    );
    assert!(wrong.is_empty(), "{}: {wrong:?}", node.name);
}

/// Transactions that show in part, at a node that is ready.
pub(super) fn torn(node: &Node) -> Vec<String> {
    if node.version < 2 {
        return Vec::new();
    }
    laws::broken(node, "SELECT 'u of twins ' || g FROM twins GROUP BY g HAVING min(u) IS NOT max(u)")
}

/// In the end: all hold the same, of all columns that any of them knows.
pub(super) fn converged(nodes: &[&Node]) {
    let Some(newest) = nodes.iter().max_by_key(|node| node.version) else { return };
    for node in nodes {
        assert_eq!(node.engine.counters().schema_mismatches, 0, "{}", node.name);
        assert!(node.engine.is_complete(), "{} lacks rows of newer tables", node.name);
        let everywhere = nodes.iter().map(|other| &other.sealed).fold(BTreeSet::new(), |all, some| &all | some);
        assert!(node.sealed == everywhere || nodes.iter().any(|node| node.is_reader()), "{} and others", node.name);
        same_rows(node, newest);
    }
}

/// An older node's rows, with what it keeps of columns that it does not know, are those of a newer one.
fn same_rows(older: &Node, newer: &Node) {
    for (at, table) in older.db.schema().tables.iter().enumerate() {
        let there = newer.db.schema().table_index(&table.name).unwrap();
        let wide = &newer.db.schema().tables[there];
        let (ours, theirs) = (&older.engine.tables()[at], &newer.engine.tables()[there]);
        assert_eq!(ours.digest(), theirs.digest(), "table {} of {} and {}", table.name, older.name, newer.name);
        for key in (0..BUCKETS).flat_map(|bucket| ours.keys(bucket, None)) {
            let (one, other) =
                (older.db.read_row(table, at, key).unwrap(), newer.db.read_row(wide, there, key).unwrap());
            let Some(mut row) = one else {
                assert!(other.is_none(), "a row of {} is only at {}", table.name, newer.name);
                continue;
            };
            let tail = ours.get(key).and_then(|row| row.tail());
            for (column, definition) in (0_u8..).zip(&wide.columns).skip(row.len()) {
                let kept = tail.and_then(|tail| tail.iter().find(|(of, _)| *of == column));
                row.push(kept.map_or_else(|| definition.left_out().to_value(), |(_, value)| value.clone()));
            }
            let other = other.unwrap_or_else(|| panic!("a row of {} is only at {}", table.name, older.name));
            let same = |(a, b): (&Value, &Value)| ValueRef::same(a.as_ref(), b.as_ref());
            let equal = row.len() == other.len() && row.iter().zip(&other).all(same);
            assert!(equal, "{}: {row:?} at {}, {other:?} at {}", table.name, older.name, newer.name);
        }
    }
}
