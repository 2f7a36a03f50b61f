//! Rows that show by themselves what went wrong.
//!
//! - `twins`: two rows that are written in the same transactions, and so are always equal.
//! - `mayfly`: rows that are inserted once, deleted once, and never seen again after that.
//! - `tally` and `steps`: of each process, the number of its last step, and its steps; written in the same transactions.
//! - `chain`: rows in threes; `p` of the first two and `q` of the last two are written together, so that they are equal. What one
//!   transaction wrote of the middle row travels with what another did.
//! - `score` and `marks`: a counter, and a row for each time something was added to it, in the same transaction.
//! - `lives`: columns written together at the birth of an incarnation, and one computed from them later.

use rusqlite::params;

use super::workload::transaction;
use super::world::{Node, World};
use crate::error::{Error, Result};

pub(super) const SCHEMA: [&str; 8] = [
    "CREATE TABLE twins (g INTEGER NOT NULL, side INTEGER NOT NULL, v, w, PRIMARY KEY (g, side)) WITHOUT ROWID",
    "CREATE TABLE mayfly (id TEXT NOT NULL PRIMARY KEY, n INTEGER)",
    "CREATE TABLE lives (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER)",
    "CREATE TABLE tally (name INTEGER PRIMARY KEY, n INTEGER)",
    "CREATE TABLE steps (name INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (name, n)) WITHOUT ROWID",
    "CREATE TABLE chain (id INTEGER PRIMARY KEY, p INTEGER, q INTEGER)",
    "CREATE TABLE score (name INTEGER PRIMARY KEY, n INTEGER NOT NULL)",
    "CREATE TABLE marks (name INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (name, n)) WITHOUT ROWID",
];

/// Writes to one of the tables.
pub(super) fn write(world: &mut World, index: usize) {
    if !world.running().contains(&index) {
        return;
    }
    let Some(name) = world.nodes[index].as_ref().map(|node| node.name) else { return };
    let twins = world.twins;
    let random = &mut world.random;
    let (kind, g, n) = (random.below(21), random.below(twins) as i64, random.below(1_000_000_000) as i64);
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
        10..=11 => transaction(world, index, |c| {
            c.execute("INSERT INTO tally VALUES (?1, 1) ON CONFLICT DO UPDATE SET n = n + 1", [name])?;
            c.execute("INSERT INTO steps SELECT name, n FROM tally WHERE name = ?1", [name]).map(drop)
        }),
        12 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO chain SELECT 3 * ?1 + value, ?2, ?2 FROM json_each('[0, 1, 2]')", [g, n])
                .map(drop)
        }),
        13..=14 => transaction(world, index, |c| {
            c.execute("UPDATE chain SET p = ?2 WHERE id IN (3 * ?1, 3 * ?1 + 1)", [g, n]).map(drop)
        }),
        15..=16 => transaction(world, index, |c| {
            c.execute("UPDATE chain SET q = ?2 WHERE id IN (3 * ?1 + 1, 3 * ?1 + 2)", [g, n]).map(drop)
        }),
        17..=18 => score(world, index, name, n),
        19 => transaction(world, index, |c| {
            c.execute("INSERT OR REPLACE INTO lives VALUES (?1, ?2, ?2, NULL)", [g, n]).map(drop)
        }),
        _ => transaction(world, index, |c| c.execute("UPDATE lives SET c = a WHERE id = ?1", [g]).map(drop)),
    };
    match result {
        Ok(()) | Err(Error::Sqlite(_) | Error::ReadOnly { .. }) => {}
        Err(error) => panic!("a write failed: {error}"),
    }
}

/// Adds to the counter of some process; each has one of its own, which it inserts once.
fn score(world: &mut World, index: usize, name: i64, n: i64) -> Result<()> {
    transaction(world, index, |c| {
        if !c.prepare_cached("SELECT 1 FROM score WHERE name = ?1")?.exists([name])? {
            return c.execute("INSERT INTO score VALUES (?1, 0)", [name]).map(drop);
        }
        let names = c.query_row("SELECT count(*) FROM score", (), |row| row.get::<_, i64>(0))?;
        let some = "SELECT name FROM score ORDER BY name LIMIT 1 OFFSET ?1";
        let to: i64 = c.query_row(some, [n % names], |row| row.get(0))?;
        c.execute("UPDATE score SET n = n + 1 WHERE name = ?1", [to])?;
        c.execute("INSERT INTO marks VALUES (?1, ?2)", [to, n]).map(drop)
    })
}

/// Many transactions, here and there, while others are on their way.
pub(super) fn busy(world: &mut World) {
    for _ in 0..5 + world.random.below(20) {
        let index = world.random.below(world.nodes.len() as u64) as usize;
        write(world, index);
        if world.random.percent(70) {
            world.send_frames(index, 2);
        }
        let (ms, frames) = (world.random.below(12), world.random.percent(80));
        world.advance(ms, frames);
    }
}

fn broken(node: &Node, sql: &str) -> Vec<String> {
    let rows = |c: &rusqlite::Connection| -> rusqlite::Result<Vec<String>> {
        c.prepare_cached(sql)?.query_map((), |row| row.get(0))?.collect()
    };
    node.query(rows)
}

/// Looks whether transactions show whole, whenever something has come to show.
pub(super) fn look(node: &mut Node) {
    let digests = node.engine.tables().iter().zip(1_u64..);
    let digest = digests.fold(0_u64, |sum, (table, n)| sum.wrapping_add(table.digest().wrapping_mul(2 * n + 1)));
    let ready = node.engine.is_ready();
    let before = std::mem::replace(&mut node.looked_at, (digest, ready));
    if before != node.looked_at {
        node.db.publish();
        whole(node);
    }
}

/// Whether transactions show whole, at a node that is ready.
fn whole(node: &Node) {
    if !node.engine.is_ready() {
        return;
    }
    let torn = broken(
        node,
        "SELECT group_concat(g || ':' || side || '=' || coalesce(v, 'null') || '/' || w, ' ') FROM twins GROUP BY g
         HAVING count(*) <> 2 OR min(v) IS NOT max(v) OR min(w) IS NOT max(w)",
    );
    let untold = broken(
        node,
        "SELECT 'tally ' || name || ' ' || n FROM tally
         WHERE n IS NOT (SELECT max(n) FROM steps WHERE steps.name = tally.name)
         UNION ALL SELECT 'steps of ' || name FROM steps WHERE name NOT IN (SELECT name FROM tally)
         UNION ALL SELECT 'score ' || name || ' ' || n FROM score
             WHERE n <> (SELECT count(*) FROM marks WHERE marks.name = score.name)
         UNION ALL SELECT 'marks of ' || name FROM marks WHERE name NOT IN (SELECT name FROM score)
         UNION ALL SELECT 'chain ' || a.id || ': ' || a.p || ' ' || b.p || ' ' || b.q || ' ' || c.q
             FROM chain a LEFT JOIN chain b ON b.id = a.id + 1 LEFT JOIN chain c ON c.id = a.id + 2
             WHERE a.id % 3 = 0 AND (a.p IS NOT b.p OR b.q IS NOT c.q)
         UNION ALL SELECT 'chain of ' || count(*) FROM chain GROUP BY id / 3 HAVING count(*) <> 3
         UNION ALL SELECT id FROM journal WHERE id NOT IN (SELECT id FROM mirror)
         UNION ALL SELECT id FROM mirror WHERE id NOT IN (SELECT id FROM journal)",
    );
    let torn = [torn, untold].concat();
    assert!(torn.is_empty(), "{}: a transaction shows in part: {torn:?}; {}", node.name, node.engine.describe());
}

/// What must hold at any time.
pub(super) fn check(node: &mut Node) {
    whole(node);
    let name = node.name;
    let mixed = broken(
        node,
        "SELECT id || ': ' || a || ' ' || b || ' ' || coalesce(c, 'null') FROM lives
         WHERE a IS NOT b OR (c IS NOT NULL AND c <> a)",
    );
    assert!(mixed.is_empty(), "{name}: a row of two incarnations: {mixed:?}");
    let now = broken(node, "SELECT id FROM mayfly").into_iter().collect();
    node.gone.extend(node.mayflies.difference(&now).cloned());
    node.mayflies = now;
    if node.is_reader() {
        // What the writers have lost, it gives up: a deletion, too.
        return;
    }
    let risen: Vec<_> = node.mayflies.intersection(&node.gone).collect();
    assert!(risen.is_empty(), "{name}: deleted rows are back: {risen:?}");
}
