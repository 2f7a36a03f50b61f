//! What versions of one schema promise each other, each by itself.

use super::guarded::Kind;
use super::workload::{options, transaction};
use super::world::World;
use crate::core::codec::{Body, Header, Tail, encode};
use crate::core::engine::Event;
use crate::core::version::Difference;
use crate::options::{Lww, Options, TableOptions};

fn write(world: &mut World, index: usize, sql: &str) {
    transaction(world, index, |c| c.execute_batch(sql)).unwrap();
    world.send_frames(index, 100);
    world.advance(20, true);
}

fn text(world: &mut World, index: usize, sql: &str) -> String {
    world.node(index).db.read(|c| c.query_row(sql, (), |row| row.get(0))).unwrap()
}

fn number(world: &mut World, index: usize, sql: &str) -> i64 {
    world.node(index).db.read(|c| c.query_row(sql, (), |row| row.get(0))).unwrap()
}

fn restart(world: &mut World, index: usize, version: u8) {
    world.send_frames(index, 1_000);
    world.handle(index, Event::Close);
    world.nodes[index] = None;
    world.start_version(index, version);
    world.advance(1_500, true);
}

const KV: &str = "SELECT id || ' ' || b || ' ' || d || ' ' || coalesce(e, 'null') FROM kv";

#[test]
fn an_older_members_row_shows_defaults_and_nobody_sends_anything() {
    let mut world = World::quiet_of(&[1, 2]);
    write(&mut world, 0, "INSERT INTO kv (id, b) VALUES (1, 4)");
    assert_eq!(text(&mut world, 1, KV), "1 4 7 null");
    world.advance(5_000, true);
    let counters = world.node(1).engine.counters();
    assert_eq!((counters.frames_sent, counters.commits, counters.refused), (0, 0, 0));
    assert_eq!(world.node(0).engine.sizes().unknown_bytes, 0);
    // Nor with a joiner.
    world.nodes.push(None);
    world.start_version(2, 3);
    world.advance(1_500, true);
    assert_eq!(text(&mut world, 2, "SELECT b || ' ' || d || ' ' || f FROM kv"), "4 7 9.0");
    assert_eq!(world.node(2).engine.counters().frames_sent, 0);
}

#[test]
fn newer_columns_survive_with_older_members_only() {
    let mut world = World::quiet_of(&[1, 2]);
    write(&mut world, 0, "INSERT INTO kv (id, b) VALUES (1, 4)");
    write(&mut world, 1, "UPDATE kv SET e = 'mine' WHERE id = 1; INSERT INTO kv (id, b, d, e) VALUES (2, 5, 6, 'new')");
    assert!(world.node(0).engine.sizes().unknown_bytes > 0);
    // Another older one gets them from the first.
    world.nodes.push(None);
    world.start_version(2, 1);
    world.advance(1_500, true);
    world.crash(1);
    world.advance(3_000, true);
    write(&mut world, 2, "UPDATE kv SET b = b + 10");
    world.crash(0);
    world.advance(3_000, true);
    world.start_version(0, 2);
    world.advance(1_500, true);
    let all = "SELECT group_concat(row, ', ') FROM (SELECT id || ' ' || b || ' ' || d || ' ' || coalesce(e, 'null') AS row FROM kv ORDER BY id)";
    assert_eq!(text(&mut world, 0, all), "1 14 7 mine, 2 15 6 new");
    // A new incarnation has nothing of the one before.
    write(&mut world, 2, "INSERT OR REPLACE INTO kv (id, b) VALUES (2, 1); DELETE FROM kv WHERE id = 1");
    assert_eq!(text(&mut world, 0, KV), "2 1 7 null");
    assert_eq!(world.node(2).engine.sizes().unknown_bytes, 0);
}

#[test]
fn a_batch_after_nats_was_away_has_what_its_sender_does_not_know() {
    let mut world = World::quiet_of(&[1, 2, 3]);
    write(&mut world, 2, "INSERT INTO kv (id, b, d, e, f) VALUES (1, 0, 1, 'e', 2.5)");
    write(&mut world, 2, "INSERT INTO spans (id, a, b, y, z, w) VALUES (1, 0, 1, 8, 'z8', 12)");
    // The newest's row is deleted and back, but at the oldest, which is cut off and updates it meanwhile.
    world.node(0).connected = false;
    world.handle(0, Event::Disconnected);
    write(&mut world, 0, "UPDATE kv SET b = 1; UPDATE spans SET b = 2");
    world.crash(2);
    world.start_version(2, 3);
    world.advance(1_500, true);
    world.node(0).connected = true;
    world.handle(0, Event::Connected);
    world.advance(100, true);
    assert_eq!(text(&mut world, 2, "SELECT b || d || e || f FROM kv"), "11e2.5");
    assert_eq!(text(&mut world, 2, "SELECT b || y || z || w FROM spans"), "28z812");
    assert_eq!(text(&mut world, 1, "SELECT b || y || z FROM spans"), "28z8");
    assert_eq!(world.node(0).engine.counters().refused + world.node(1).engine.counters().refused, 0);
}

#[test]
fn a_row_that_wins_as_a_whole_wins_with_columns_that_its_writer_does_not_know() {
    let mut world = World::quiet_of(&[1, 2]);
    write(&mut world, 0, "INSERT INTO spans (id, a, b) VALUES (1, 0, 1)");
    // At the same time, of each other's not knowing: the later is the older version's.
    world.node(0).group = 1;
    write(&mut world, 1, "UPDATE spans SET y = 6, z = 'z6', b = 100");
    write(&mut world, 0, "UPDATE spans SET b = 50");
    world.node(0).group = 0;
    world.advance(2_000, true);
    for index in 0..2 {
        assert_eq!(number(&mut world, index, "SELECT b FROM spans"), 50);
    }
    assert_eq!(text(&mut world, 1, "SELECT y || z FROM spans"), "5z5");
    // And when it does know of them, it has them.
    write(&mut world, 1, "UPDATE spans SET y = 6, z = 'z6'");
    write(&mut world, 0, "UPDATE spans SET b = 51");
    assert_eq!(text(&mut world, 1, "SELECT b || y || z FROM spans"), "516z6");
}

#[test]
fn hidden_rows_keep_columns_that_are_not_known() {
    let mut world = World::quiet_of(&[1, 2]);
    // Hidden by another owner's claim, and by a constraint.
    write(&mut world, 1, "INSERT INTO owned (id, who, n, m) VALUES (1, 2, 0, 44)");
    write(&mut world, 0, "INSERT OR REPLACE INTO owned (id, who, n) VALUES (1, 1, 0)");
    world.node(0).group = 1;
    write(&mut world, 1, "INSERT INTO users (id, name, rank) VALUES (1, 'same', 55)");
    write(&mut world, 0, "INSERT INTO users (id, name) VALUES (2, 'SAME')");
    world.node(0).group = 0;
    world.advance(100, true);
    assert_eq!(number(&mut world, 0, "SELECT max(id) FROM users"), 2);
    // A joiner has them from the older one only; who wrote them is alive, and cut off.
    world.blocked.extend([(1, 2), (2, 1)]);
    world.nodes.push(None);
    world.start_version(2, 2);
    world.advance(700, true);
    assert!(world.node(2).engine.is_ready());
    write(&mut world, 0, "DELETE FROM users WHERE id = 2; DELETE FROM owned");
    assert_eq!(number(&mut world, 2, "SELECT rank FROM users"), 55);
    assert_eq!(number(&mut world, 2, "SELECT m FROM owned"), 44);
}

#[test]
fn rows_published_again_in_a_new_epoch_keep_their_columns() {
    let mut world = World::quiet_of(&[1, 2]);
    write(&mut world, 1, "INSERT INTO owned (id, who, n, m) VALUES (1, 2, 0, 44)");
    let other = world.node(0);
    let schema = other.db.schema().hash;
    let header = Header { schema, writer: other.engine.writer(), epoch: other.engine.epoch() };
    let tail = Tail { epoch: world.node(1).engine.epoch(), sequence: 1 };
    let end = encode(header, &Body::EpochEnd { tail });
    (0..2).for_each(|index| world.handle(index, Event::Message(&end)));
    world.advance(100, true);
    world.nodes.push(None);
    world.blocked.extend([(1, 2), (2, 1)]);
    world.start_version(2, 2);
    world.advance(700, true);
    assert_eq!(number(&mut world, 2, "SELECT m FROM owned"), 44);
}

#[test]
fn a_joiner_does_not_take_an_older_members_silence_for_no_rows() {
    let mut world = World::quiet_of(&[1, 2]);
    write(&mut world, 1, "INSERT INTO album VALUES ('a', 1); INSERT INTO kv (id) VALUES (1)");
    world.nodes.push(None);
    // It does not hear the newer one until it is ready.
    world.blocked.extend([(1, 2), (2, 1)]);
    world.start_version(2, 2);
    world.advance(800, true);
    assert!(world.node(2).engine.is_ready() && !world.node(2).engine.is_complete());
    assert_eq!(number(&mut world, 2, "SELECT count(*) FROM album"), 0);
    let writer = world.node(2).engine.writer();
    let commit = world.node(1).engine.last_commit();
    // Others write on, so that nobody is ever at rest.
    world.blocked.clear();
    for id in 10..100 {
        write(&mut world, 0, &format!("INSERT INTO kv (id) VALUES ({id})"));
        let has = number(&mut world, 2, "SELECT count(*) FROM album") == 1;
        let said = world.node(1).engine.replicas_of(commit);
        assert!(has || !said.contains(&writer), "it is said to have what it lacks");
        assert!(!said.contains(&world.node(0).engine.writer()), "who has no such table can't keep it");
    }
    assert_eq!(number(&mut world, 2, "SELECT count(*) FROM album"), 1);
    assert!(world.node(2).engine.is_complete());
    assert_eq!(world.node(1).engine.replicas_of(commit), [writer]);
}

#[test]
fn an_older_member_has_commits_to_the_tables_it_knows() {
    let mut world = World::quiet_of(&[1, 2]);
    write(&mut world, 1, "INSERT INTO kv (id) VALUES (1)");
    world.advance(1_000, true);
    let first = world.node(1).engine.last_commit();
    write(&mut world, 1, "INSERT INTO album VALUES ('a', 1); INSERT INTO kv (id) VALUES (2)");
    world.advance(1_000, true);
    let second = world.node(1).engine.last_commit();
    assert_eq!((world.node(1).engine.replicas(first), world.node(1).engine.replicas(second)), (1, 0));
    assert_eq!(number(&mut world, 0, "SELECT count(*) FROM kv"), 2, "the rest of it shows");
    assert_eq!(world.node(0).engine.counters().refused, 0);
}

#[test]
fn rolling_upgrade_and_back() {
    let mut world = World::quiet_of(&[1, 1, 1]);
    write(&mut world, 0, "INSERT INTO kv (id, b) VALUES (1, 1)");
    for index in 0..3 {
        restart(&mut world, index, 2);
        write(&mut world, index, "UPDATE kv SET b = b + 1, d = d + 1");
    }
    assert_eq!(text(&mut world, 0, KV), "1 4 10 null");
    for index in 0..2 {
        restart(&mut world, index, 1);
        write(&mut world, index, "UPDATE kv SET b = b + 1");
    }
    assert_eq!(text(&mut world, 2, KV), "1 6 10 null");
    restart(&mut world, 2, 1);
    restart(&mut world, 0, 2);
    assert_eq!(text(&mut world, 0, KV), "1 6 10 null");
    for node in world.nodes.iter().flatten() {
        assert_eq!((node.engine.counters().refused, node.engine.counters().schema_mismatches), (0, 0));
    }
}

#[test]
fn members_at_rest_compare_the_tables_that_both_have() {
    let mut world = World::quiet_of(&[1, 2]);
    write(&mut world, 1, "INSERT INTO album VALUES ('a', 1)");
    let resyncs = |world: &mut World| [0, 1].map(|index| world.node(index).engine.counters().resyncs);
    let before = resyncs(&mut world);
    world.advance(10_000, true);
    assert_eq!(resyncs(&mut world), before, "what only one has is no difference");
    // One forgets a row: as if it had been lost for good.
    for (index, newer) in [(0, 0), (1, 1)] {
        let id = 1 + newer;
        write(&mut world, 1, &format!("INSERT INTO kv (id, e) VALUES ({id}, 'x')"));
        let node = world.node(index);
        let table = node.db.schema().table_index("kv").unwrap();
        let key = crate::core::key::key_of(&[crate::core::value::Value::Integer(id)]);
        node.engine.lose_for_tests(table, &key, &mut node.db);
        node.db.finish_apply().unwrap();
        world.advance(3_000, true);
        assert_eq!(number(&mut world, index, &format!("SELECT count(*) FROM kv WHERE id = {id}")), 1);
    }
}

/// Starts one with another schema beside one with the usual, and gives what it says.
fn refused(change: impl FnOnce(Options) -> Options) -> Difference {
    let mut world = World::quiet_of(&[2]);
    world.nodes.push(None);
    let options = change(options(2));
    world.start_with(1, Kind::Writer, 2, &options);
    world.advance(2_000, true);
    assert!(!world.node(1).engine.is_ready() && world.node(0).engine.is_ready());
    let difference = world.node(1).engine.mismatch().unwrap().as_ref().clone();
    assert!(world.node(0).engine.counters().schema_mismatches > 0);
    // When the others are gone, it is the first.
    world.handle(0, Event::Close);
    world.nodes[0] = None;
    world.advance(4_000, true);
    assert!(world.node(1).engine.is_ready() && world.node(1).engine.mismatch().is_none());
    difference
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let step = |step: &'static str| move |options: Options| options.more_schema(step);
    for (difference, sentence) in [
        (refused(|options| options.schema_version(7)), "it has schema version 1 there and 7 here"),
        (
            refused(step("ALTER TABLE kv RENAME COLUMN d TO day")),
            "column 4 of table kv beside its key is d INTEGER or NUMERIC NOT NULL DEFAULT 7 there and day INTEGER or NUMERIC NOT NULL DEFAULT 7 here",
        ),
        (
            refused(step("DROP TABLE mayfly; CREATE TABLE mayfly (id INTEGER PRIMARY KEY, n INTEGER)")),
            "table mayfly has PRIMARY KEY (id TEXT NOT NULL) there and (id INTEGER (only) NOT NULL) here",
        ),
        (
            refused(step("ALTER TABLE kv ADD COLUMN at TEXT DEFAULT CURRENT_TIMESTAMP")),
            "column at of table kv is only here, and who does not have it can't leave it out: it needs a constant DEFAULT",
        ),
        (
            refused(step("ALTER TABLE kv ADD COLUMN next AS (d + 1)")),
            "table kv has the generated column next AS (d+1) only here, which can fail with rows of a member that does not compute it",
        ),
        (refused(step("CREATE UNIQUE INDEX one ON kv (d)")), "UNIQUE kv(d) is only here"),
        (
            refused(|options| options.table("kv", TableOptions::default().lww(Lww::Row))),
            "table kv is not owned, lww by column there and not owned, lww by row here",
        ),
        (
            refused(|options| {
                let options = options.more_schema("ALTER TABLE kv ADD COLUMN hits INTEGER NOT NULL DEFAULT 0");
                options.table("kv", TableOptions::default().counter("hits"))
            }),
            "column hits of table kv is only here, and a counter, max or min column can't be added",
        ),
        (
            refused(step("ALTER TABLE kv ADD COLUMN user INTEGER REFERENCES users")),
            "FOREIGN KEY kv(user) REFERENCES users is only here",
        ),
    ] {
        assert_eq!(difference.to_string(), sentence);
    }
}
