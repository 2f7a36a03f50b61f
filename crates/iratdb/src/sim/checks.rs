//! What must hold.

use std::collections::{BTreeMap, BTreeSet};

use super::laws;
use super::workload::OWN_KEYS;
use super::world::{Node, World};

fn journal_of(node: &Node) -> BTreeSet<String> {
    let ids = |c: &rusqlite::Connection| {
        c.prepare_cached("SELECT id FROM journal")?.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<_>>()
    };
    node.query(ids)
}

fn shown(node: &Node) -> usize {
    let tables = node.db.schema().tables.iter();
    let count = |name: &str| {
        let sql = format!("SELECT count(*) FROM {name}");
        node.query(|c| c.prepare_cached(&sql)?.query_row((), |row| row.get::<_, i64>(0))) as usize
    };
    tables.map(|table| count(&table.name)).sum()
}

/// At any time.
pub(super) fn at_all_times(world: &mut World) {
    for node in world.nodes.iter_mut().flatten() {
        node.db.publish();
        let live: usize = node.engine.tables().iter().map(|table| table.live()).sum();
        let rows = live - node.engine.constraints().hidden();
        assert_eq!(rows, shown(node), "{}: what lives is what the tables show", node.name);
        constraints_hold(node);
        let now = journal_of(node);
        // A reader gives up what the writers have lost.
        let kept = now.is_superset(&node.journal) || node.is_reader();
        assert!(kept, "{}: a row that nobody deleted is gone", node.name);
        node.journal = now;
        laws::check(node);
    }
    acknowledged(world);
}

/// Asks the others to acknowledge a node's last commit, which inserted these rows of `journal`, now and then.
pub(super) fn ask(world: &mut World, index: usize, ids: Vec<String>) {
    if !world.random.percent(40) {
        return;
    }
    let now = world.now_of(index);
    let Some(node) = &mut world.nodes[index] else { return };
    let commit = node.engine.last_commit();
    node.engine.await_replicas(now, commit, 2_000);
    node.asked.push((commit, ids));
    world.flush_messages(index);
}

/// Who is said to have a commit has it. As what a node has had it never loses (see above), and all show the same in the end, what
/// was acknowledged is not lost while one of those lives.
fn acknowledged(world: &World) {
    for node in world.nodes.iter().flatten() {
        for (commit, ids) in &node.asked {
            for writer in node.engine.replicas_of(*commit) {
                let other = world.nodes.iter().flatten().find(|other| other.engine.writer() == writer);
                let Some(other) = other else { continue };
                let missing: Vec<_> = ids.iter().filter(|id| !other.journal.contains(*id)).collect();
                assert!(
                    missing.is_empty(),
                    "{} is said to have commit {commit} of {}, and lacks {missing:?}",
                    other.name,
                    node.name
                );
            }
        }
    }
}

fn describe(nodes: &[&Node]) -> String {
    nodes.iter().map(|node| format!("\n{}: {}", node.name, node.engine.describe())).collect()
}

/// After everything has calmed down.
pub(super) fn converged(world: &World) {
    let nodes: Vec<&Node> = world.nodes.iter().flatten().collect();
    let Some(first) = nodes.first() else { return };
    let digests = first.db.digests().unwrap();
    for node in &nodes {
        assert!(node.engine.is_ready(), "{} is not ready: {}", node.name, node.engine.describe());
        for (commit, _) in &node.asked {
            let replicas = node.engine.replicas(*commit);
            // Readers don't count.
            let others = nodes.iter().filter(|other| !other.is_reader() && other.name != node.name).count();
            assert_eq!(
                replicas,
                others,
                "commit {commit} of {} is not acknowledged by all: {}",
                node.name,
                describe(&nodes)
            );
        }
        assert_eq!(
            node.db.digests().unwrap(),
            digests,
            "{} and {} differ: {}",
            first.name,
            node.name,
            describe(&nodes)
        );
        let counters = node.engine.counters();
        assert_eq!((counters.malformed, counters.refused), (0, 0), "{}: {counters:?}", node.name);
        if let Some(guarded) = &node.guarded {
            guarded.check(node.name);
        }
        let sizes = node.engine.sizes();
        assert_eq!((sizes.queue_bytes, sizes.dirty_keys, sizes.outbox_bytes), (0, 0, 0), "{}: {sizes:?}", node.name);
        let members: Vec<_> = node.engine.members().iter().collect();
        assert_eq!(members.len(), nodes.len() - 1, "{}: {members:?}", node.name);
    }
    counters_add_up(world, first);
    let owned: BTreeMap<i64, (i64, i64)> = first
        .db
        .read(|c| {
            c.prepare("SELECT id, who, n FROM owned")?
                .query_map((), |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
                .collect()
        })
        .unwrap();
    let alive: BTreeSet<i64> = nodes.iter().map(|node| node.name).collect();
    for (id, (who, _)) in &owned {
        assert!(alive.contains(who), "row {id} of {who}, who is dead");
    }
    let journal = journal_of(first);
    for node in &nodes {
        assert!(journal.is_superset(&node.journal) || node.is_reader(), "rows that {} had are lost", node.name);
        let name = node.name;
        let own: BTreeMap<i64, i64> = owned
            .iter()
            .filter(|(id, (who, _))| **id >= OWN_KEYS && *who == name)
            .map(|(id, (_, n))| (*id, *n))
            .collect();
        assert_eq!(own, node.own, "{name}'s own rows");
    }
}

/// What concurrent writers break together is not visible; and no row is of two writes that do not belong together.
fn constraints_hold(node: &Node) {
    for (what, sql) in [
        ("two users of one name", "SELECT count(*) - count(DISTINCT lower(name)) FROM users WHERE name IS NOT NULL"),
        ("two users of one mail", "SELECT count(*) - count(DISTINCT mail) FROM users WHERE mail IS NOT NULL"),
        ("a boss who is not there", "SELECT count(*) FROM users WHERE +boss NOT IN (SELECT id FROM users)"),
        ("an author who is not there", "SELECT count(*) FROM posts WHERE author NOT IN (SELECT id FROM users)"),
        (
            "a mail that nobody has",
            "SELECT count(*) FROM posts WHERE NOT EXISTS (SELECT 1 FROM users WHERE mail = quotes) AND quotes IS NOT NULL",
        ),
        ("two posts of one slug", "SELECT count(*) - count(DISTINCT author * 1000 + slug) FROM posts"),
        ("a span that ends before it starts", "SELECT count(*) FROM spans WHERE a > b"),
        ("a row of two incarnations", "SELECT count(*) FROM tagged WHERE x / 1000 <> tag OR y / 1000 <> tag"),
    ] {
        let wrong: i64 = node.query(|c| c.prepare_cached(sql)?.query_row((), |row| row.get(0)));
        assert_eq!(wrong, 0, "{}: {what}", node.name);
    }
}

/// A counter is the sum of what processes were told they had added. Those that died may not have sent their last, and those that left
/// before the database was gone are gone with it.
fn counters_add_up(world: &World, node: &Node) {
    let alive: BTreeSet<i64> = world.nodes.iter().flatten().map(|node| node.name).collect();
    let rows: Vec<(i64, i64, i64, f64)> = node
        .db
        .read(|c| {
            c.prepare("SELECT id, n, hi, lo FROM counts")?
                .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                .collect()
        })
        .unwrap();
    for (id, n, hi, lo) in rows {
        let of_row = world.ledger.counted.iter().filter(|((row, _), _)| *row == id);
        let (mut least, mut most, mut high_least, mut high_most) = (0, 0, 0, 0);
        for ((_, who), (added, high)) in of_row {
            most += added;
            high_most = high_most.max(*high);
            if alive.contains(who) || !(world.faults || world.ledger.gone.contains(who)) {
                least += added;
                high_least = high_least.max(*high);
            }
        }
        assert!((least..=most).contains(&n), "counter {id} is {n}, not {least} to {most}");
        assert!((high_least..=high_most).contains(&hi), "row {id} has {hi}, not {high_least} to {high_most}");
        assert_eq!(lo, -(hi as f64), "row {id}");
    }
}
