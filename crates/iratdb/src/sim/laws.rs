//! Rows that show by themselves what went wrong.
//!
//! - `twins`: two rows that are written in the same transactions, and so are always equal.
//! - `mayfly`: rows that are inserted once, deleted once, and never seen again after that.
//! - `lives`: columns written together at the birth of an incarnation, and one computed from them later.

use rusqlite::params;

use super::workload::transaction;
use super::world::{Node, World};
use crate::error::Error;

pub(super) const SCHEMA: [&str; 3] = [
    "CREATE TABLE twins (g INTEGER NOT NULL, side INTEGER NOT NULL, v, w, PRIMARY KEY (g, side)) WITHOUT ROWID",
    "CREATE TABLE mayfly (id TEXT NOT NULL PRIMARY KEY, n INTEGER)",
    "CREATE TABLE lives (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER)",
];

/// Writes to one of the tables.
pub(super) fn write(world: &mut World, index: usize) {
    if !world.running().contains(&index) {
        return;
    }
    let random = &mut world.random;
    let (kind, g, n) = (random.below(12), random.below(5) as i64, random.below(1_000_000_000) as i64);
    let result = match kind {
        0..=1 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO twins VALUES (?1, 0, ?2, 0), (?1, 1, ?2, 0)", [g, n]).map(drop)
        }),
        2..=3 => transaction(world, index, |c| c.execute("UPDATE twins SET v = ?2 WHERE g = ?1", [g, n]).map(drop)),
        4 => transaction(world, index, |c| {
            c.execute("UPDATE twins SET w = ?2, v = v + 1 WHERE g IN (?1, 4)", [g, n]).map(drop)
        }),
        5 => transaction(world, index, |c| c.execute("DELETE FROM twins WHERE g = ?1", [g]).map(drop)),
        6..=7 => transaction(world, index, |c| {
            c.execute("INSERT INTO mayfly VALUES (?1, ?2)", params![format!("m{n}"), g]).map(drop)
        }),
        8 => transaction(world, index, |c| c.execute("UPDATE mayfly SET n = ?1", [n]).map(drop)),
        9 => transaction(world, index, |c| {
            c.execute("DELETE FROM mayfly WHERE id IN (SELECT id FROM mayfly ORDER BY id LIMIT 2)", ()).map(drop)
        }),
        10 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO lives VALUES (?1, ?2, ?2, NULL)", [g, n]).map(drop)
        }),
        _ => transaction(world, index, |c| c.execute("UPDATE lives SET c = a WHERE id = ?1", [g]).map(drop)),
    };
    match result {
        Ok(()) | Err(Error::Sqlite(_)) => {}
        Err(error) => panic!("a write failed: {error}"),
    }
}

/// What must hold at any time.
pub(super) fn check(node: &mut Node) {
    let name = node.name;
    let broken = |node: &Node, sql: &str| {
        let rows = |c: &rusqlite::Connection| -> rusqlite::Result<Vec<String>> {
            c.prepare_cached(sql)?.query_map((), |row| row.get(0))?.collect()
        };
        node.db.read(rows).unwrap()
    };
    if node.engine.is_ready() {
        let torn = broken(
            node,
            "SELECT group_concat(g || ':' || side || '=' || coalesce(v, 'null') || '/' || w, ' ') FROM twins GROUP BY g
             HAVING count(*) <> 2 OR min(v) IS NOT max(v) OR min(w) IS NOT max(w)",
        );
        assert!(torn.is_empty(), "{name}: a transaction shows in part: {torn:?}; {:?}", node.engine.counters());
    }
    let mixed = broken(
        node,
        "SELECT id || ': ' || a || ' ' || b || ' ' || coalesce(c, 'null') FROM lives
         WHERE a IS NOT b OR (c IS NOT NULL AND c <> a)",
    );
    assert!(mixed.is_empty(), "{name}: a row of two incarnations: {mixed:?}");
    let now = broken(node, "SELECT id FROM mayfly").into_iter().collect();
    node.gone.extend(node.mayflies.difference(&now).cloned());
    node.mayflies = now;
    let risen: Vec<_> = node.mayflies.intersection(&node.gone).collect();
    assert!(risen.is_empty(), "{name}: deleted rows are back: {risen:?}");
}
