//! What must hold.

use std::collections::{BTreeMap, BTreeSet};

use super::laws;
use super::workload::OWN_KEYS;
use super::world::{Node, World};

fn journal_of(node: &Node) -> BTreeSet<String> {
    let ids = |c: &rusqlite::Connection| {
        c.prepare_cached("SELECT id FROM journal")?.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<_>>()
    };
    node.db.read(ids).unwrap()
}

fn shown(node: &Node) -> usize {
    let tables = node.db.schema().tables.iter();
    let count = |name: &str| {
        let sql = format!("SELECT count(*) FROM {name}");
        node.db.read(|c| c.prepare_cached(&sql)?.query_row((), |row| row.get::<_, i64>(0))).unwrap() as usize
    };
    tables.map(|table| count(&table.name)).sum()
}

/// At any time.
pub(super) fn at_all_times(world: &mut World) {
    for node in world.nodes.iter_mut().flatten() {
        let rows: usize = node.engine.tables().iter().map(|table| table.live()).sum();
        assert_eq!(rows, shown(node), "{}: what lives is what the tables show", node.name);
        let now = journal_of(node);
        assert!(now.is_superset(&node.journal), "{}: a row that nobody deleted is gone", node.name);
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
            assert_eq!(
                replicas,
                nodes.len() - 1,
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
        let sizes = node.engine.sizes();
        assert_eq!((sizes.queue_bytes, sizes.dirty_keys, sizes.outbox_bytes), (0, 0, 0), "{}: {sizes:?}", node.name);
        let members: Vec<_> = node.engine.members().iter().collect();
        assert_eq!(members.len(), nodes.len() - 1, "{}: {members:?}", node.name);
    }
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
        assert!(journal.is_superset(&node.journal), "rows that {} had are lost", node.name);
        let name = node.name;
        let own: BTreeMap<i64, i64> = owned
            .iter()
            .filter(|(id, (who, _))| **id >= OWN_KEYS && *who == name)
            .map(|(id, (_, n))| (*id, *n))
            .collect();
        assert_eq!(own, node.own, "{name}'s own rows");
    }
}
